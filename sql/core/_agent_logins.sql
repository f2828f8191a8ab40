-- When agents were logged in and when they were paused, whatever the queue: states on several queues at once count once.
-- A state without a logged end is known to have lasted until the log ends.
-- grain: one row per stretch of one agent's state
-- owner: team:data
-- materialized: view
with log_end as (
    select max(event_at) as ended_at from staging.asterisk_queue_log
),

-- Of those that begin at once the longest holds the others: what is left has one order.
stretches as (
    select
        s.agent,
        s.state,
        s.started_at,
        max(coalesce(s.ended_at, greatest(e.ended_at, s.started_at))) as ended_at,
    from core.agent_switches as s
    cross join log_end as e
    group by s.agent, s.state, s.started_at
),

ordered as (
    select
        *,
        max(ended_at) over (
            partition by agent, state order by started_at rows between unbounded preceding and 1 preceding
        ) as covered_until_at,
    from stretches
),

islands as (
    select
        *,
        sum(case when covered_until_at is null or started_at > covered_until_at then 1 else 0 end) over (
            partition by agent, state order by started_at rows unbounded preceding
        ) as island_number,
    from ordered
)

select
    agent, -- Agent
    state, -- logged_in or paused
    min(started_at) as started_at, -- Begin
    max(ended_at) as ended_at, -- End, or that of the log
from islands
group by agent, state, island_number
