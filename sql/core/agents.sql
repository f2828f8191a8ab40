-- Agents as the roster has them, under the name that contacts, visits and states have them by.
-- grain: one row per agent of the roster
-- owner: team:data
select
    coalesce(n.agent, a.agent_id) as agent, -- The agent's one name, as in core.queue_visits
    a.agent_id, -- The roster's id
    a.site, -- Site
    a.team, -- Team
    a.skills, -- Skills, as the roster writes them
    a.hourly_cost_amount, -- Cost of an hour in `currency`; null: not stated
    a.currency, -- Currency
    a.state_count > 1 as has_conflict, -- The rosters contradict each other about him; the fullest row was taken
from staging.agents as a
left join staging.agent_names as n on a.agent_id = n.written
