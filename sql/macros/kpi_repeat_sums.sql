-- purpose: the sums behind every figure of repeated contacts, for one window
-- definition: additive counts of inbound contacts over whole business dates, both ends included; window_length is 10min, 24h, 7d or 30d; immature contacts stand apart
-- source: kpi.repeat_day; contacts of unknown people are in neither resolvable nor repeated
-- `by`: total, queue, channel, site, business_date.
create or replace macro kpi_repeat_sums(from_date, to_date, "by" := 'queue', window_length := '7d') as table
with grouped as (
    select
        case "by"
            when 'total' then 'total'
            when 'queue' then queue
            when 'channel' then channel
            when 'site' then site
            when 'business_date' then strftime(business_date, '%Y-%m-%d')
            else error(concat('unknown by := ', "by", '; repeat figures know total, queue, channel, site, business_date'))
        end as group_value,
        *
    from kpi.repeat_day
    where business_date between from_date and to_date
        and window_name = case
            when window_length in ('10min', '24h', '7d', '30d') then window_length
            else error(concat('unknown window_length := ', window_length, '; there are 10min, 24h, 7d, 30d'))
        end
)

select
    group_value,
    cast(sum(resolvable_count) as bigint) as resolvable_count,
    cast(sum(repeated_count) as bigint) as repeated_count,
    cast(sum(immature_count) as bigint) as immature_count,
    cast(sum(identified_count) as bigint) as identified_count,
    cast(sum(contact_count) as bigint) as contact_count
from grouped
group by group_value;

comment on macro table kpi_repeat_sums is
    'The sums behind every figure of repeated contacts, for one window, by total, queue, channel, site, business_date';
