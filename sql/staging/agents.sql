-- Agents as the roster names them, each once; rows of one agent that differ are one, and are counted.
-- grain: one row per agent
-- owner: team:data
with distinct_rows as (
    select
        agent_id, name, interface, site, team, skills, hourly_cost,
        min(segment_id) as segment_id,
    from raw.agents
    group by agent_id, name, interface, site, team, skills, hourly_cost
),

ranked as (
    select
        *,
        -- A roster has no dates, so none of several rows is the newest: the fullest counts, then the dearest.
        row_number() over (
            partition by agent_id
            order by
                case when name is null then 0 else 1 end + case when interface is null then 0 else 1 end
                + case when site is null then 0 else 1 end + case when team is null then 0 else 1 end
                + case when skills is null then 0 else 1 end + case when hourly_cost is null then 0 else 1 end desc,
                hourly_cost desc nulls last, name nulls last, interface nulls last, site nulls last, team nulls last,
                skills nulls last
        ) as state_number,
        count(*) over (partition by agent_id) as state_count,
    from distinct_rows
)

select
    agent_id, -- The roster's id
    name, -- Name, as queue logs may have it [pii]
    interface, -- Interfaces, separated by semicolons [pii]
    site, -- Site
    team, -- Team
    skills, -- Skills, as written
    hourly_cost as hourly_cost_amount, -- Cost of an hour in `currency`
    getvariable('currency') as currency, -- The centre's currency: a roster names none
    state_count, -- How many rows that differ the rosters have of him
    segment_id, -- Lake segment that the row was first read from
from ranked
where state_number = 1
