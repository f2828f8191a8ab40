-- How sources write an agent: by name, id or interface, each with the one name of that agent, as the agents source says.
-- What two agents share is nobody's and left out; agents of one name go by their id.
-- grain: one row per written form
-- owner: team:data
with agents as (
    select
        agent_id,
        max(nullif(trim(name), '')) as name,
    from raw.agents
    group by agent_id
),

name_owners as (
    select
        name,
        count(*) as agent_count,
    from agents
    group by name
),

called as (
    select
        a.agent_id,
        case when o.agent_count = 1 then a.name else a.agent_id end as agent,
    from agents as a
    left join name_owners as o on a.name = o.name
),

interfaces as (
    select
        agent_id,
        trim(unnest(string_split(interface, ';'))) as interface,
    from raw.agents
),

forms as (
    select agent_id, agent_id as written from raw.agents
    union
    select agent_id, trim(name) as written from raw.agents
    union
    -- Asterisk drops the quotes of a member's name.
    select agent_id, replace(trim(name), '"', '') as written from raw.agents
    union
    select agent_id, interface as written from interfaces
    union
    -- The options of a Local channel are no part of who answers it.
    select agent_id, regexp_replace(interface, '^(Local/[^/]+)(/[a-z]*)?$', '\1') as written from interfaces
    union
    select agent_id, regexp_replace(interface, '^(Local/[^/]+)(/[a-z]*)?$', '\1/n') as written from interfaces
)

select
    f.written, -- Name, id or interface as written [pii]
    max(c.agent) as agent, -- The agent's one name [pii]
from forms as f
inner join called as c on f.agent_id = c.agent_id
where f.written <> ''
group by f.written
having count(distinct c.agent) = 1
