-- What agents did: stretches of being logged in, paused, ringing, talking, wrapping up.
-- grain: one row per stretch of one agent's state, per queue where the state is one queue's
-- owner: team:data
-- materialized: view
select
    agent, -- Agent
    queue, -- Queue; null: all queues
    state, -- logged_in, paused, ringing, talking or wrap_up
    reason, -- Reason of a pause, whole, as typed
    started_at, -- Begin
    ended_at, -- End; null: still going on
    is_open, -- No end was logged: still going on, or cut off by a restart
from core.agent_switches
union all
select
    agent,
    queue,
    'ringing' as state,
    cast(null as varchar) as reason,
    started_at,
    ended_at,
    false as is_open,
from core.ring_attempts
where ring_s > 0
union all
select
    agent,
    queue,
    'talking' as state,
    cast(null as varchar) as reason,
    answered_at as started_at,
    coalesce(left_at, answered_at + to_seconds(talk_s)) as ended_at,
    left_at is null and talk_s is null or coalesce(repairs like '%closed_by_restart%', false) as is_open,
from core.queue_visits
where agent is not null and answered_at is not null
union all
select
    agent,
    queue,
    'wrap_up' as state,
    cast(null as varchar) as reason,
    left_at as started_at,
    left_at + to_seconds(wrap_s) as ended_at,
    false as is_open,
from core.queue_visits
where agent is not null and wrap_s > 0 and left_at is not null
