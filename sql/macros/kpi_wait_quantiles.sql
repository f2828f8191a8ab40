-- purpose: the wait that a share of the visits did not exceed
-- definition: the upper edge of the bucket in which the visit stands that closes the share, of all visits whose wait is known, over whole business dates, both ends included
-- source: kpi.wait_histogram_day; exact to a second up to two minutes, to 5 s up to ten, to 60 s above
-- `by`: total, queue, channel, site, business_date. `share`: 0 to 1.
create or replace macro kpi_wait_quantiles(from_date, to_date, "by" := 'queue', share := 0.5) as table
with grouped as (
    select
        case "by"
            when 'total' then 'total'
            when 'queue' then queue
            when 'channel' then channel
            when 'site' then site
            when 'business_date' then strftime(business_date, '%Y-%m-%d')
            else error(concat('unknown by := ', "by", '; wait figures know total, queue, channel, site, business_date'))
        end as group_value,
        wait_to_s,
        sum(visit_count) as visit_count
    from kpi.wait_histogram_day
    where business_date between from_date and to_date
    group by group_value, wait_to_s
),

running as (
    select
        group_value,
        wait_to_s,
        sum(visit_count) over (partition by group_value order by wait_to_s) as until_count,
        sum(visit_count) over (partition by group_value) as visit_count
    from grouped
)

select
    group_value,
    cast(min(case when until_count >= cast(share as double) * visit_count then wait_to_s end) as double) as wait_s,
    cast(max(visit_count) as bigint) as visit_count
from running
group by group_value;

comment on macro table kpi_wait_quantiles is
    'The wait that a share of the visits did not exceed, by total, queue, channel, site or business_date';
