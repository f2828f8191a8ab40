-- purpose: share of callers who hung up while waiting
-- definition: B / O (abandonment_all); (B - B_s) / (O - B_s) (abandonment_short_excluded); (B - B_s) / O (abandonment_short_not_counted); 0 to 1
-- source: B abandoned, B_s short abandons, O offered = all who entered the queue (blocked callers never entered)
create or replace macro kpi_abandonment(from_date, to_date, "by" := 'queue', variant := 'abandonment_all') as table
with parts as (
    select
        group_value,
        case variant
            when 'abandonment_all' then abandoned_count
            when 'abandonment_short_excluded' then abandoned_count - short_abandoned_count
            when 'abandonment_short_not_counted' then abandoned_count - short_abandoned_count
            else error(concat('unknown variant := ', variant, '; see the comment of kpi_abandonment'))
        end as numerator,
        case variant
            when 'abandonment_short_excluded' then offered_count - short_abandoned_count
            else offered_count
        end as denominator
    from kpi_queue_sums(from_date, to_date, "by")
)

select
    group_value,
    cast(numerator as double) as numerator,
    cast(denominator as double) as denominator,
    numerator / nullif(cast(denominator as double), 0) as value,
    denominator as n
from parts;

comment on macro table kpi_abandonment is
    'Abandonment, 0 to 1. Variants: abandonment_all (default), abandonment_short_excluded, abandonment_short_not_counted';
