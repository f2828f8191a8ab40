-- What changed from one month to the next in the whole centre, and whether by more than chance.
-- A month counts once it is whole and what comes of its contacts has been waited for: [costs] attribution_days.
-- deviation: of an amount the difference of the mean days, by the spread of the days within both months (Welch); of a
-- share the difference of its arcsine, by what chance allows.
-- grain: one row per month and metric
-- owner: team:data
with data_end as (
    select max(c.business_date) - cast(max(a.attribution_s) / 86400 as integer) as last_date
    from core.contacts as c
    cross join settings.costs as a
),

months as (
    select
        w.metric,
        w.unit,
        w.good_direction,
        cast(date_trunc('month', w.business_date) as date) as month_date,
        sum(w.numerator) as numerator,
        sum(w.denominator) as denominator,
        avg(w.numerator) as day_mean,
        var_samp(w.numerator) / count(*) as day_variance,
        count(*) as day_count,
    from kpi._watched as w
    cross join data_end as e
    where
        w.series = 'centre'
        and cast(date_trunc('month', w.business_date) + interval 1 month as date) <= e.last_date + 1
    group by w.metric, w.unit, w.good_direction, date_trunc('month', w.business_date)
),

paired as (
    select
        *,
        lag(month_date) over before as prior_month_date,
        lag(numerator) over before as prior_numerator,
        lag(denominator) over before as prior_denominator,
        lag(day_mean) over before as prior_day_mean,
        lag(day_variance) over before as prior_day_variance,
    from months
    where day_count >= 15
    window before as (partition by metric order by month_date)
)

select
    month_date, -- First local day of the month
    metric, -- Metric of meta.metrics
    unit, -- Unit of the value: share, or amount in the centre's currency
    good_direction, -- up, down or neither
    numerator / coalesce(denominator, 1) as value, -- The month's value
    prior_numerator / coalesce(prior_denominator, 1) as prior_value, -- The month's before
    cast(coalesce(denominator, day_count) as bigint) as n, -- Cases; of an amount days
    case
        when denominator is null and day_variance + prior_day_variance > 0 then (day_mean - prior_day_mean) / sqrt(day_variance + prior_day_variance)
        when denominator is not null then 2 * (asin(sqrt((numerator + 0.375) / (denominator + 0.75))) - asin(sqrt((prior_numerator + 0.375) / (prior_denominator + 0.75))))
            / sqrt(1 / (denominator + 0.5) + 1 / (prior_denominator + 0.5))
    end as deviation, -- Standard deviations by which it changed, of a fall negative
from paired
where prior_month_date = cast(month_date - interval 1 month as date) and coalesce(denominator, 1) > 0 and coalesce(prior_denominator, 1) > 0
