-- What queue_log writes for an agent beside his one name: the agents source says, else the channel that answered tells which
-- member has which interface. An interface that answered for two members is nobody's, and stays what it is.
-- grain: one row per written form that is another than the agent's name
-- owner: team:data
with answered as (
    select
        agent,
        regexp_replace(channel, '-[0-9a-fA-F]+(;[12])?$', '') as interface,
    from core._asterisk_legs
    where channel is not null and agent is not null
    group by agent, regexp_replace(channel, '-[0-9a-fA-F]+(;[12])?$', '')
),

owned as (
    select
        interface,
        max(agent) as member,
    from answered
    where regexp_replace(agent, '^(Local/[^/]+)(/[a-z]*)?$', '\1') <> interface
    group by interface
    having count(distinct agent) = 1
),

forms as (
    select interface as written, member from owned
    union all
    -- The options of a Local channel are in the interface, not in the channel's name.
    select concat(interface, '/n') as written, member from owned where interface like 'Local/%'
),

linked as (
    select
        f.written,
        coalesce(n.agent, f.member) as agent,
    from forms as f
    left join staging.agent_names as s on f.written = s.written
    left join staging.agent_names as n on f.member = n.written
    where s.written is null
)

select
    written, -- Interface, id or other name as the log has it [pii]
    agent, -- The agent's one name [pii]
from linked
where written <> agent
union all
select
    written,
    agent,
from staging.agent_names
where written <> agent
