-- Planned shifts of agents and what they hold: work, breaks, training, time off.
-- grain: one row per agent of the roster, activity and stretch of time
-- owner: team:data
select
    coalesce(n.agent, s.agent_id) as agent, -- The agent's one name, as in core.queue_visits
    s.agent_id, -- The roster's id
    s.activity, -- work, break, training or off
    s.starts_at as started_at, -- Planned begin
    s.ends_at as ended_at, -- Planned end
    cast(timezone(getvariable('timezone'), s.starts_at) as date) as business_date, -- Local date of the begin
    (epoch_us(s.ends_at) - epoch_us(s.starts_at)) / 1e6 as planned_s, -- Length [unit: s]
from staging.schedules as s
left join staging.agent_names as n on s.agent_id = n.written
