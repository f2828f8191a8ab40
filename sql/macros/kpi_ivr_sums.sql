-- purpose: the sums behind every figure of the IVR
-- definition: additive counts and seconds of contacts that the IVR answered, over whole business dates, both ends included
-- source: kpi.ivr_day
-- `by`: total, node, channel, site, business_date.
create or replace macro kpi_ivr_sums(from_date, to_date, "by" := 'total') as table
with grouped as (
    select
        case "by"
            when 'total' then 'total'
            when 'node' then node
            when 'channel' then channel
            when 'site' then site
            when 'business_date' then strftime(business_date, '%Y-%m-%d')
            else error(concat('unknown by := ', "by", '; IVR figures know total, node, channel, site, business_date'))
        end as group_value,
        *
    from kpi.ivr_day
    where business_date between from_date and to_date
)

select
    group_value,
    cast(sum(ivr_contact_count) as bigint) as ivr_contact_count,
    cast(sum(contained_count) as bigint) as contained_count,
    cast(sum(abandoned_count) as bigint) as abandoned_count,
    cast(sum(to_queue_count) as bigint) as to_queue_count,
    cast(sum(ivr_known_count) as bigint) as ivr_known_count,
    cast(sum(ivr_s) as double) as ivr_s
from grouped
group by group_value;

comment on macro table kpi_ivr_sums is
    'The sums behind every figure of the IVR, by total, node, channel, site, business_date';
