-- Planned shifts and what they hold, each distinct row once.
-- grain: one row per agent, activity and stretch of time
-- owner: team:data
select
    agent_id, -- The roster's id of the agent
    starts_at, -- Begin
    ends_at, -- End
    activity, -- work, break, training or off
    min(segment_id) as segment_id, -- Lake segment that the row was first read from
from raw.schedules
group by agent_id, starts_at, ends_at, activity
