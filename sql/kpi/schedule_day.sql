-- Planned time of agents beside what they did in it, by day, as sums that may be added up: what adherence and shrinkage are
-- made of. Only what the log tells of, from its first day to its last event, and only of agents whose log-ins are logged.
-- grain: one row per local day and agent
-- owner: team:data
with log as (
    select
        cast(timezone(getvariable('timezone'), min(event_at)) as date) as first_date,
        max(event_at) as ended_at,
    from staging.asterisk_queue_log
),

planned as (
    select
        s.agent,
        s.business_date,
        s.activity,
        s.started_at,
        least(s.ended_at, l.ended_at) as ended_at,
    from core.schedules as s
    cross join log as l
    where
        s.activity <> 'off'
        and s.started_at < least(s.ended_at, l.ended_at)
        and (l.first_date is null or s.business_date >= l.first_date)
),

-- Cut at days of UTC, so that a day's plans meet that day's states alone, however long the history is.
planned_days as (
    select
        agent,
        business_date,
        activity,
        epoch_us(started_at) as from_us,
        epoch_us(ended_at) as to_us,
        unnest(generate_series(epoch_us(started_at) // 86400000000, (epoch_us(ended_at) - 1) // 86400000000)) as day_number,
    from planned
),

state_days as (
    select
        agent,
        state,
        day_number,
        greatest(from_us, day_number * 86400000000) as from_us,
        least(to_us, (day_number + 1) * 86400000000) as to_us,
    from (
        select
            agent,
            state,
            epoch_us(started_at) as from_us,
            epoch_us(ended_at) as to_us,
            unnest(generate_series(epoch_us(started_at) // 86400000000, (epoch_us(ended_at) - 1) // 86400000000)) as day_number,
        from core._agent_logins
        where ended_at > started_at
    ) as spread
),

-- Available is logged in and not paused: the pauses within log-ins are taken off again.
pieces as (
    select
        agent,
        day_number,
        from_us,
        to_us,
        1 as sign,
    from state_days
    where state = 'logged_in'
    union all
    select
        l.agent,
        l.day_number,
        greatest(l.from_us, p.from_us) as from_us,
        least(l.to_us, p.to_us) as to_us,
        -1 as sign,
    from state_days as l
    inner join state_days as p
        on l.agent = p.agent and l.day_number = p.day_number and l.from_us < p.to_us and p.from_us < l.to_us
    where l.state = 'logged_in' and p.state = 'paused'
),

available as (
    select
        p.agent,
        p.business_date,
        p.activity,
        p.to_us - p.from_us as planned_us,
        coalesce(sum(x.sign * (least(p.to_us, x.to_us) - greatest(p.from_us, x.from_us))), 0) as available_us,
    from planned_days as p
    inner join (select agent from core._agent_logins group by agent) as a on p.agent = a.agent
    left join pieces as x
        on p.agent = x.agent and p.day_number = x.day_number and x.from_us < p.to_us and p.from_us < x.to_us
    group by p.agent, p.business_date, p.activity, p.from_us, p.to_us
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
