-- Log-ins and pauses of agents, from the events that begin and end them.
-- PAUSEALL counts once, not once more per queue; PAUSE and UNPAUSE of one second take turns from the state before.
-- grain: one row per stretch of one agent's state, per queue where the state is one queue's
-- owner: team:data
-- window: agent
with logged as (
    select
        q.event_at,
        coalesce(n.agent, q.agent) as agent,
        q.queue,
        q.event,
        q.data,
    from staging.asterisk_queue_log as q
    left join core._asterisk_agents as n on q.agent = n.written
    where
        q.agent is not null
        and q.event in (
            'PAUSE', 'UNPAUSE', 'PAUSEALL', 'UNPAUSEALL', 'ADDMEMBER', 'REMOVEMEMBER', 'AGENTLOGIN', 'AGENTLOGOFF',
            'AGENTCALLBACKLOGIN', 'AGENTCALLBACKLOGOFF'
        )
),

switches as (
    select
        event_at,
        agent,
        queue,
        'logged_in' as state,
        case when event in ('ADDMEMBER', 'AGENTLOGIN', 'AGENTCALLBACKLOGIN') then 1 else 0 end as is_begin,
        cast(null as varchar) as reason,
        false as is_one_queue,
    from logged
    where event not in ('PAUSE', 'UNPAUSE', 'PAUSEALL', 'UNPAUSEALL')
    union all
    -- Who leaves is paused no longer; who is added paused, is.
    select
        event_at,
        agent,
        queue,
        'paused' as state,
        case when event in ('PAUSE', 'PAUSEALL', 'ADDMEMBER') then 1 else 0 end as is_begin,
        case when event in ('PAUSE', 'PAUSEALL') then nullif(data, '') end as reason,
        event in ('PAUSE', 'UNPAUSE') as is_one_queue,
    from logged
    where event not in ('ADDMEMBER', 'AGENTLOGIN', 'AGENTCALLBACKLOGIN') or (event = 'ADDMEMBER' and data like 'PAUSED%')
    union all
    -- UNPAUSEALL ends the pause of a single queue, too.
    select
        l.event_at,
        l.agent,
        p.queue,
        'paused' as state,
        0 as is_begin,
        cast(null as varchar) as reason,
        false as is_one_queue,
    from logged as l
    inner join (
        select agent, queue from logged where event = 'PAUSE' and queue is not null group by agent, queue
    ) as p on l.agent = p.agent
    where l.event = 'UNPAUSEALL'
),

-- A PAUSEALL is followed by one PAUSE per queue in the same second: the same thing said again.
all_queues as (
    select
        event_at,
        agent,
    from logged
    where event = 'PAUSEALL'
    group by event_at, agent
),

said_once as (
    select s.*
    from switches as s
    left join all_queues as a
        on s.event_at = a.event_at and s.agent = a.agent and s.is_begin = 1 and s.is_one_queue
    where a.agent is null
),

seconds as (
    select
        agent,
        queue,
        state,
        event_at,
        max(is_begin) as has_begin,
        min(is_begin) as has_no_end,
        max(reason) as reason,
    from said_once
    group by agent, queue, state, event_at
),

-- Begin and end in one second: who was in the state before ended it and began anew, else it was a stretch of no length.
turns as (
    select
        *,
        case when has_begin = 1 and has_no_end = 0 then null else has_begin end as settled,
        last_value(case when has_begin = 1 and has_no_end = 0 then null else has_begin end ignore nulls) over (
            partition by agent, queue, state order by event_at rows between unbounded preceding and 1 preceding
        ) as settled_before,
    from seconds
),

begun as (
    select
        agent,
        queue,
        state,
        reason,
        event_at as started_at,
        lead(event_at) over (partition by agent, queue, state order by event_at) as next_event_at,
        coalesce(settled, settled_before, 0) as is_begin,
    from turns
),

-- In how many queues an agent is logged in after each log-in and log-out: who has left the last one is paused no longer.
changes as (
    select
        agent,
        started_at as event_at,
        is_begin - lag(is_begin, 1, 0) over (partition by agent, queue order by started_at) as change,
    from begun
    where state = 'logged_in'
),

left_all as (
    select
        agent,
        event_at,
    from (
        select
            agent,
            event_at,
            sum(change) as change,
            sum(sum(change)) over (partition by agent order by event_at rows unbounded preceding) as queue_count,
        from changes
        group by agent, event_at
    ) as counted
    where queue_count = 0 and change < 0
),

-- Each pause of all queues with the next time that its agent has left the last one.
leaving as (
    select
        agent,
        event_at,
        is_pause,
        min(case when is_pause = 0 then event_at end) over (
            partition by agent order by event_at, is_pause desc rows between current row and unbounded following
        ) as left_at,
    from (
        select agent, started_at as event_at, 1 as is_pause
        from begun
        where state = 'paused' and queue is null and is_begin = 1
        union all
        select agent, event_at, 0 as is_pause
        from left_all
    ) as marks
),

ended as (
    select
        b.agent,
        b.queue,
        b.state,
        b.reason,
        b.started_at,
        case when b.next_event_at is null or l.left_at < b.next_event_at then coalesce(l.left_at, b.next_event_at) else b.next_event_at end
            as next_event_at,
    from begun as b
    left join leaving as l
        on b.agent = l.agent and b.started_at = l.event_at and b.state = 'paused' and b.queue is null and l.is_pause = 1
    where b.is_begin = 1
),

switched as (
    select
        b.agent,
        b.queue,
        b.state,
        b.reason,
        b.started_at,
        b.next_event_at,
        min(r.restarted_at) as restarted_at,
    from ended as b
    left join core._asterisk_restarts as r
        on b.started_at < r.restarted_at and (b.next_event_at is null or r.restarted_at < b.next_event_at)
    group by b.agent, b.queue, b.state, b.reason, b.started_at, b.next_event_at
)

select
    agent, -- Agent
    queue, -- Queue; null: all queues
    state, -- logged_in or paused
    reason, -- Reason of a pause, whole, as typed
    started_at, -- Begin
    coalesce(restarted_at, next_event_at) as ended_at, -- End; null: still going on
    restarted_at is not null or next_event_at is null as is_open, -- No end was logged: still going on, or cut off by a restart
from switched
