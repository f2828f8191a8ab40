-- Agents talk while they are logged in to the queue, or to all queues; whoever never logs in to a queue is a fixed
-- member of it and is left aside.
-- severity: warn
-- table: core.agent_states
-- owner: team:data
-- part: talks onwards
with logins as (
    select
        agent,
        queue,
        state,
        started_at,
        ended_at,
        case
            when state = 'logged_in' then coalesce(ended_at, timestamptz '9999-12-31 00:00:00+00')
        end as login_ended_at,
        case when state = 'logged_in' then 0 else 1 end as login_first,
    from core.agent_states
    where state in ('logged_in', 'talking')
),

stretches as (
    -- The furthest end of the log-ins that began by now: a talk is inside one of them if it ends no later.
    select
        agent,
        queue,
        state,
        started_at,
        ended_at,
        max(case when queue is null then login_ended_at end) over (
            partition by agent
            order by started_at, login_first
            rows between unbounded preceding and current row
        ) as all_until_at,
        max(case when queue is not null then login_ended_at end) over (
            partition by agent, queue
            order by started_at, login_first
            rows between unbounded preceding and current row
        ) as queue_until_at,
        max(case when queue is null then login_ended_at end) over (partition by agent) as last_all_until_at,
        max(case when queue is not null then login_ended_at end) over (partition by agent, queue)
            as last_queue_until_at,
    from logins
)

select
    agent, -- agent
    queue, -- queue
    started_at, -- begin of the talk
    ended_at, -- end of the talk
    greatest(all_until_at, queue_until_at) as login_until_at, -- how far the log-ins reach; null: not logged in yet
from stretches
where state = 'talking'
    and coalesce(last_all_until_at, last_queue_until_at) is not null
    and coalesce(greatest(all_until_at, queue_until_at) < coalesce(ended_at, started_at), true)
