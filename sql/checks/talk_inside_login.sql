-- Agents talk while they are logged in; agents who never log in (fixed members of a queue) are left aside.
-- severity: warn
-- table: core.agent_states
-- owner: team:data
with stretches as (
    -- The furthest end of all log-ins that began by now: a talk is inside one if it ends no later.
    select
        agent,
        queue,
        state,
        started_at,
        ended_at,
        max(
            case when state = 'logged_in' then coalesce(ended_at, timestamptz '9999-12-31 00:00:00+00') end
        ) over (
            partition by agent
            order by started_at, case when state = 'logged_in' then 0 else 1 end
            rows between unbounded preceding and current row
        ) as login_until_at,
        sum(case when state = 'logged_in' then 1 else 0 end) over (partition by agent) as login_count
    from core.agent_states
)

select
    agent, -- agent
    queue, -- queue
    started_at, -- begin of the talk
    ended_at, -- end of the talk
    login_until_at, -- how far the agent's log-ins reach, null = not logged in yet
from stretches
where state = 'talking'
    and login_count > 0
    and (login_until_at is null or login_until_at < coalesce(ended_at, started_at))
