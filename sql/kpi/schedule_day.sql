-- Planned time of agents beside what they did in it, by day, as sums that may be added up: what adherence and shrinkage are
-- made of. Only what is past by the end of the log, and only of agents whose log-ins are logged.
-- grain: one row per local day and agent
-- owner: team:data
with log_end as (
    select max(event_at) as ended_at from staging.asterisk_queue_log
),

planned as (
    select
        s.agent,
        s.business_date,
        s.activity,
        s.started_at,
        least(s.ended_at, e.ended_at) as ended_at,
    from core.schedules as s
    cross join log_end as e
    where s.activity <> 'off' and s.started_at < least(s.ended_at, e.ended_at)
),

states as (
    select s.*
    from core._agent_logins as s
    inner join (select distinct agent from planned) as p on s.agent = p.agent
),

-- Available is logged in and not paused: the pauses within log-ins are taken off again.
pieces as (
    select
        agent,
        started_at,
        ended_at,
        1 as sign,
    from states
    where state = 'logged_in'
    union all
    select
        l.agent,
        greatest(l.started_at, p.started_at) as started_at,
        least(l.ended_at, p.ended_at) as ended_at,
        -1 as sign,
    from states as l
    inner join states as p on l.agent = p.agent and l.started_at < p.ended_at and p.started_at < l.ended_at
    where l.state = 'logged_in' and p.state = 'paused'
),

available as (
    select
        p.agent,
        p.business_date,
        p.activity,
        p.started_at,
        p.ended_at,
        epoch_us(p.ended_at) - epoch_us(p.started_at) as planned_us,
        coalesce(sum(
            x.sign * (epoch_us(least(p.ended_at, x.ended_at)) - epoch_us(greatest(p.started_at, x.started_at)))
        ), 0) as available_us,
    from planned as p
    inner join (select distinct agent from states) as a on p.agent = a.agent
    left join pieces as x on p.agent = x.agent and x.started_at < p.ended_at and p.started_at < x.ended_at
    group by p.agent, p.business_date, p.activity, p.started_at, p.ended_at
)

select
    business_date, -- Local date on which the planned stretch begins
    agent, -- Agent
    cast(1 as bigint) as agent_day_count, -- 1
    sum(planned_us) / 1e6 as planned_s, -- Planned and paid: work, breaks and training, as far as past [unit: s]
    sum(case when activity = 'work' then planned_us else 0 end) / 1e6 as planned_work_s, -- Planned work [unit: s]
    sum(case when activity = 'work' then available_us else planned_us - available_us end) / 1e6 as adherent_s, -- In the planned state: logged in and not paused while at work, else not so [unit: s]
    sum(available_us) / 1e6 as available_s, -- Logged in and not paused within the planned time [unit: s]
from available
group by business_date, agent
