-- purpose: the sums behind every outbound figure
-- definition: additive counts of attempts over whole business dates, both ends included; amount is null where no attempt states one
-- source: kpi.campaign_day
-- `by`: total, campaign, arm, hour, business_date.
create or replace macro kpi_campaign_sums(from_date, to_date, "by" := 'total') as table
with grouped as (
    select
        case "by"
            when 'total' then 'total'
            when 'campaign' then campaign_id
            when 'arm' then arm
            when 'hour' then lpad(cast(local_hour as varchar), 2, '0')
            when 'business_date' then strftime(business_date, '%Y-%m-%d')
            else error(concat('unknown by := ', "by", '; outbound figures know total, campaign, arm, hour, business_date'))
        end as group_value,
        *
    from kpi.campaign_day
    where business_date between from_date and to_date
)

select
    group_value,
    cast(sum(attempt_count) as bigint) as attempt_count,
    cast(sum(connected_count) as bigint) as connected_count,
    cast(sum(right_party_count) as bigint) as right_party_count,
    cast(sum(sold_count) as bigint) as sold_count,
    cast(sum(refused_count) as bigint) as refused_count,
    cast(sum(callback_count) as bigint) as callback_count,
    cast(sum(opted_out_count) as bigint) as opted_out_count,
    cast(sum(no_answer_count) as bigint) as no_answer_count,
    cast(sum(person_first_attempt_count) as bigint) as person_first_attempt_count,
    cast(sum(person_first_connected_count) as bigint) as person_first_connected_count,
    cast(sum(attempts_to_contact_count) as bigint) as attempts_to_contact_count,
    cast(sum(amount) as double) as amount
from grouped
group by group_value;

comment on macro table kpi_campaign_sums is
    'The sums behind every outbound figure, by total, campaign, arm, hour, business_date';
