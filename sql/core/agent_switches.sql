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
),

-- A PAUSEALL is followed by one PAUSE per queue in the same second: the same thing said again.
all_queues as (
    select
        event_at,
        agent,
        is_begin,
    from switches
    where state = 'paused' and not is_one_queue
    group by event_at, agent, is_begin
),

said_once as (
    select s.*
    from switches as s
    left join all_queues as a
        on s.event_at = a.event_at and s.agent = a.agent and s.is_begin = a.is_begin and s.is_one_queue
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

switched as (
    select
        b.agent,
        b.queue,
        b.state,
        b.reason,
        b.started_at,
        b.next_event_at,
        min(r.restarted_at) as restarted_at,
    from begun as b
    left join core._asterisk_restarts as r
        on b.started_at < r.restarted_at and (b.next_event_at is null or r.restarted_at < b.next_event_at)
    where b.is_begin = 1
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
