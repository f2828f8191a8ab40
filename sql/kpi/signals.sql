-- Every watched figure beside what was to be expected of it, and whether it differs by more than chance.
-- A day is measured by its weekday in the eight weeks before it, an hour by that weekday's hour.
-- Nothing later is known, so that a signal stays.
-- deviation: distance from the expected value on a scale on which chance has the same width everywhere (shares: arcsine;
-- counts: square root; times: logarithm x square root of n), divided by how much such distances moved from one point to
-- the next in the eight weeks before (mean moving range / 1.128), or by what chance alone allows, whichever is wider.
-- Source: XmR and p' charts (Wheeler 1993; Laney 2002); Anscombe's transforms.
-- grain: one row per local day, metric, kind of series and its dimensions
-- owner: team:data
with data_end as (
    select max(business_date) as last_date from core.contacts
),

-- A day of which nothing is told has no row in the sums: of counts it is a day of zero, once it is over.
counted_series as (
    select
        metric,
        series,
        site,
        channel,
        queue,
        tier,
        unit,
        good_direction,
        unnest(generate_series(
            cast(min(business_date) as timestamp), cast((select last_date from data_end) as timestamp) - interval 1 day, interval 1 day
        )) as midnight,
    from kpi._watched
    where unit = 'count'
    group by metric, series, site, channel, queue, tier, unit, good_direction
),

points as (
    select
        w.business_date,
        w.metric,
        w.series,
        w.site,
        w.channel,
        w.queue,
        w.tier,
        w.local_hour,
        w.unit,
        w.good_direction,
        w.numerator,
        w.denominator,
    from kpi._watched as w
    cross join data_end as e
    where w.series <> 'centre' and (w.denominator > 0 or (w.unit = 'count' and w.business_date < e.last_date))
    union all
    select
        cast(z.midnight as date) as business_date,
        z.metric,
        z.series,
        z.site,
        z.channel,
        z.queue,
        z.tier,
        cast(null as bigint) as local_hour,
        z.unit,
        z.good_direction,
        0.0 as numerator,
        cast(null as double) as denominator,
    from counted_series as z
    anti join kpi._watched as w
        on z.metric = w.metric
        and z.series = w.series
        and z.site is not distinct from w.site
        and z.channel is not distinct from w.channel
        and z.queue is not distinct from w.queue
        and z.tier is not distinct from w.tier
        and cast(z.midnight as date) = w.business_date
),

unusual as (
    select site, unnest(generate_series(cast(from_date as timestamp), cast(to_date as timestamp), interval 1 day)) as midnight
    from settings.annotations
    where not is_usual
),

told as (
    select
        p.*,
        cast(md5(concat_ws(
            '|', p.metric, p.series, coalesce(p.site, '-'), coalesce(p.channel, '-'), coalesce(p.queue, '-'), coalesce(p.tier, '-')
        )) as uuid) as series_key,
        not exists (
            select 1
            from unusual as u
            where u.midnight = p.business_date and (u.site is null or p.site is null or u.site = p.site)
        ) as is_usual,
    from points as p
),

-- What the weeks before let one expect: the sums of this weekday's.
summed as (
    select
        *,
        case when is_usual then numerator end as usual_numerator,
        case when is_usual then denominator end as usual_denominator,
    from told
),

before as (
    select
        *,
        sum(usual_numerator) over weeks as base_numerator,
        case unit when 'count' then count(usual_numerator) over weeks else sum(usual_denominator) over weeks end as base_n,
        count(usual_numerator) over weeks as week_count,
    from summed
    window weeks as (
        partition by series_key, local_hour, isodow(business_date)
        order by business_date range between interval 56 days preceding and interval 1 day preceding
    )
),

scored as (
    select
        *,
        case unit
            when 'share' then 2 * (asin(sqrt((numerator + 0.375) / (denominator + 0.75))) - asin(sqrt((base_numerator + 0.375) / (base_n + 0.75))))
                / sqrt(1 / (denominator + 0.5) + 1 / (base_n + 0.5))
            when 'count' then 2 * (sqrt(numerator + 0.375) - sqrt(base_numerator / base_n + 0.375)) / sqrt(1 + 1 / base_n)
            when 's' then ln((numerator / denominator) / (base_numerator / base_n)) / sqrt(1 / denominator + 1 / base_n)
        end as distance,
        case unit when 's' then 0 else 1 end as chance_width,
    from before
    where week_count >= 4 and (unit = 'count' or base_n >= 10) and (unit <> 's' or (numerator > 0 and base_numerator > 0 and denominator >= 10))
),

moved as (
    select
        *,
        case when is_usual then abs(distance - lag(distance) over (partition by series_key order by business_date, local_hour)) end as moving_range,
    from scored
),

judged as (
    select
        *,
        greatest(chance_width, avg(moving_range) over weeks / 1.128) as width,
        count(moving_range) over weeks as point_count,
    from moved
    window weeks as (
        partition by series_key
        order by business_date range between interval 56 days preceding and interval 1 day preceding
    )
),

bounded as (
    select
        *,
        case unit
            when 'share' then asin(sqrt((base_numerator + 0.375) / (base_n + 0.75)))
            when 'count' then sqrt(base_numerator / base_n + 0.375)
            else ln(base_numerator / base_n)
        end as middle,
        3 * width * case unit
            when 'share' then sqrt(1 / (denominator + 0.5) + 1 / (base_n + 0.5)) / 2
            when 'count' then sqrt(1 + 1 / base_n) / 2
            else sqrt(1 / denominator + 1 / base_n)
        end as reach,
    from judged
    where point_count >= 15 and width > 0
)

select
    series_key, -- The series: metric, kind and dimensions
    business_date, -- Local date
    metric, -- Metric of meta.metrics
    series, -- What is watched: site (and channel), queue, tier (of a queue) or hour (of a site and channel)
    site, -- Site
    channel, -- Channel
    queue, -- Queue; null: all of the site and channel
    tier, -- Value tier; null: all
    local_hour, -- Hour of the local clock; null: the whole day
    unit, -- Unit of the value: share, count or s
    good_direction, -- up, down or neither
    numerator / coalesce(denominator, 1) as value, -- What was seen
    cast(coalesce(denominator, numerator) as bigint) as n, -- How many it rests on
    base_numerator / base_n as expected_value, -- What the weeks before let one expect
    case unit
        when 'share' then sin(greatest(middle - reach, 0)) ** 2
        when 'count' then greatest(greatest(middle - reach, 0) ** 2 - 0.375, 0)
        else exp(middle - reach)
    end as low_limit, -- Below it the value differs by more than chance: three standard deviations
    case unit
        when 'share' then sin(least(middle + reach, pi() / 2)) ** 2
        when 'count' then (middle + reach) ** 2 - 0.375
        else exp(middle + reach)
    end as high_limit, -- Above it the value differs by more than chance
    round(distance / width, 6) as deviation, -- Standard deviations from the expected value, below it negative
    round(sum(case when is_usual then distance / width end) over last_five / sqrt(5), 6) as sustained_deviation, -- The same of the last five points together
    is_usual, -- Whether the day is no stated exception; of such days no alert is raised
from bounded
window last_five as (
    partition by series_key
    order by business_date, local_hour rows between 4 preceding and current row
)
