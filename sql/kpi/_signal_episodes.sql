-- Stretches of time in which a watched figure was outside its limits in the direction that is bad for it.
-- A series alerts when a point is [alerts] sigmas from what was to be expected, or, of a metric that has a bad direction, the
-- last five points together are. Outside is beyond three, or two while five together are. Three points within end a stretch,
-- and so does midnight where hours are watched. Of series that hold each other (a queue and its site, an hour and its day)
-- the first that is raised is kept, the others are counted with it.
-- grain: one row per series, direction and stretch
-- owner: team:data
with points as (
    select
        p.*,
        row_number() over (partition by p.series_key order by p.business_date, p.local_hour) as point_number,
        case
            when not p.is_usual then 0
            when p.good_direction = 'neither' then sign(p.deviation) * cast(abs(p.deviation) > 3 as bigint)
            when p.deviation > 3 or (p.deviation > 2 and p.sustained_deviation >= a.sigmas) then cast(p.good_direction = 'down' as bigint)
            when p.deviation < -3 or (p.deviation < -2 and p.sustained_deviation <= -a.sigmas) then -cast(p.good_direction = 'up' as bigint)
            else 0
        end as side,
        a.sigmas,
    from kpi.signals as p
    cross join settings.alerts as a
),

outside as (
    select
        *,
        abs(deviation) >= sigmas or (good_direction <> 'neither' and abs(sustained_deviation) >= sigmas) as is_raised,
        case
            when series = 'hour' and lag(business_date) over side_of_series < business_date then 1
            when point_number - lag(point_number) over side_of_series <= 3 then 0
            else 1
        end as is_first,
    from points
    where side <> 0
    window side_of_series as (partition by series_key, side order by point_number)
),

numbered as (
    select
        *,
        sum(is_first) over (
            partition by series_key, side order by point_number rows between unbounded preceding and current row
        ) as episode_number,
    from outside
),

ends as (
    select
        series_key,
        max(point_number) as last_number,
    from points
    group by series_key
),

episodes as (
    select
        n.series_key,
        n.side,
        n.metric,
        n.series,
        n.site,
        n.channel,
        n.queue,
        n.tier,
        n.unit,
        min(n.business_date) filter (where n.is_raised) as raised_date,
        min(n.business_date) as from_date,
        max(n.business_date) as to_date,
        arg_min(n.local_hour, n.point_number) as from_hour,
        arg_max(n.local_hour, n.point_number) + 1 as to_hour,
        count(*) as point_count,
        arg_min(abs(n.deviation), n.point_number) filter (where n.is_raised) / case when n.tier is null then 1 else 1.4 end as raised_deviation,
        max(abs(n.deviation)) * n.side as deviation,
        arg_max(n.business_date, abs(n.deviation)) as worst_date,
        arg_max(n.value, abs(n.deviation)) as value,
        arg_max(n.expected_value, abs(n.deviation)) as expected_value,
        arg_max(n.n, abs(n.deviation)) as n,
        max(n.point_number) + 3 > e.last_number as is_open,
    from numbered as n
    inner join ends as e on n.series_key = e.series_key
    group by
        n.series_key, n.side, n.episode_number, n.metric, n.series, n.site, n.channel, n.queue, n.tier, n.unit, e.last_number
    having bool_or(n.is_raised)
),

-- The same thing seen in several series: the dates meet, or nearly, and one holds the other. The first to be raised stands,
-- of one day the one that was furthest off on it (a tier alone where it was 1.4 times as far off as what holds it): what
-- comes later does not change which.
nested as (
    select
        a.series_key,
        a.from_date,
        a.side,
        b.series_key as other_key,
        b.from_date as other_from_date,
        row(b.raised_date, -b.raised_deviation, b.series_key) < row(a.raised_date, -a.raised_deviation, a.series_key) as is_weaker,
    from episodes as a
    inner join episodes as b
        on
            (a.metric = b.metric or a.metric in ('contacts', 'offered') and b.metric in ('contacts', 'offered'))
            and a.side = b.side
            and a.from_date <= b.to_date + 5
            and b.from_date <= a.to_date + 5
            and a.series_key <> b.series_key
            and coalesce(a.site, b.site, '') = coalesce(b.site, a.site, '')
            and coalesce(a.channel, b.channel, '') = coalesce(b.channel, a.channel, '')
            and coalesce(a.queue, b.queue, '') = coalesce(b.queue, a.queue, '')
            and coalesce(a.tier, b.tier, '') = coalesce(b.tier, a.tier, '')
)

select
    e.series_key, -- The series
    e.side, -- 1: above the limits, -1: below
    e.metric, -- Metric of meta.metrics
    e.series, -- What is watched
    e.site, -- Site
    e.channel, -- Channel
    e.queue, -- Queue
    e.tier, -- Value tier
    e.unit, -- Unit
    e.raised_date, -- Local day whose figure raised it
    e.from_date, -- First local day outside the limits
    e.to_date, -- Last local day outside the limits
    e.from_hour, -- First hour outside, of a series by hours
    e.to_hour, -- Hour at which the last one ended
    e.worst_date, -- Local day that was furthest off
    e.value, -- What was seen there
    e.expected_value, -- What was to be expected there
    e.deviation, -- Standard deviations between them
    e.n, -- How many cases it rests on
    e.point_count, -- Points outside the limits
    e.is_open, -- Whether fewer than three points have been within since
    coalesce(n.also_count, 0) as also_count, -- Series that saw the same
from episodes as e
left join (
    select
        series_key,
        from_date,
        side,
        count(*) as also_count,
        bool_or(is_weaker) as is_weaker,
    from nested
    group by series_key, from_date, side
) as n
    on e.series_key = n.series_key and e.from_date = n.from_date and e.side = n.side
where not coalesce(n.is_weaker, false)
