-- purpose: first contact resolution
-- definition: 1 - repeated / resolvable within a window (10min, 24h, 7d, 30d), 0 to 1; contacts younger than the window are immature and stand apart
-- source: metrics.md, Resolution and experience; kpi.repeat_day
-- resolvable_count holds mature contacts only (kpi.repeat_day keeps immature_count apart); contacts of unknown customers are in neither.
create or replace macro kpi_fcr(from_date, to_date, "by" := 'queue', window_length := '7d') as table
with repeat_days as (
    select
        case "by"
            when 'total' then 'total'
            when 'queue' then queue
            when 'channel' then channel
            when 'site' then site
            when 'business_date' then strftime(business_date, '%Y-%m-%d')
            else error(concat('unknown by := ', "by", '; repeat figures know total, queue, channel, site, business_date'))
        end as group_value,
        resolvable_count,
        repeated_count
    from kpi.repeat_day
    where
        business_date between from_date and to_date
        and window_name = case
            when window_length in ('10min', '24h', '7d', '30d') then window_length
            else error(concat('unknown window_length := ', window_length, '; there are 10min, 24h, 7d, 30d'))
        end
),

sums as (
    select
        group_value,
        cast(sum(resolvable_count) as bigint) as resolvable_count,
        cast(sum(repeated_count) as bigint) as repeated_count
    from repeat_days
    group by group_value
)

select
    group_value,
    cast(resolvable_count - repeated_count as double) as numerator,
    cast(resolvable_count as double) as denominator,
    (resolvable_count - repeated_count) / nullif(cast(resolvable_count as double), 0) as value,
    resolvable_count as n
from sums;

comment on macro table kpi_fcr is
    'First contact resolution, 0 to 1: 1 - repeated / resolvable within window_length (10min, 24h, 7d default, 30d)';
