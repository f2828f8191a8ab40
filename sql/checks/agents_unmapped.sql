-- Where agents answer under their names, one who logs in under an interface that never answers is one agent counted as two.
-- Name his interface in the agents source, or let CEL or CDR in, which link the two.
-- severity: warn
-- owner: team:data
with members as (
    select agent from core.ring_attempts group by agent
),

named as (
    select count(*) as named_count from members where agent not like '%/%'
),

interfaces as (
    select
        agent,
        count(*) as login_count
    from core.agent_states
    where state in ('logged_in', 'paused') and agent like '%/%'
    group by agent
)

select
    interfaces.agent, -- interface that no name belongs to
    interfaces.login_count, -- log-ins and pauses under it
from interfaces
cross join named
left join members on interfaces.agent = members.agent
where members.agent is null and named.named_count > 0
