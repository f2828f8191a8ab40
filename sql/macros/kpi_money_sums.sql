-- purpose: the sums behind every money figure
-- definition: additive amounts over whole business dates, both ends included; amounts are null where a group mixes currencies
-- source: kpi.money_day and ml.retained_day; cost is measured time x an assumed rate, revenue and margin are attributed, retained value is modelled, assumption_sets names the assumptions
-- `by`: total, queue, channel, site, tier, business_date, month (YYYY-MM).
create or replace macro kpi_money_sums(from_date, to_date, "by" := 'queue') as table
with both_days as (
    select
        *,
        cast(null as bigint) as offered_action_count,
        cast(null as bigint) as modelled_action_count,
        cast(null as double) as retained_value_amount
    from kpi.money_day
    where business_date between from_date and to_date
    union all by name
    -- An offer costs and brings nothing but what it keeps: a group of offers alone is not unknown.
    select
        *,
        0 as handled_count,
        0 as agent_cost_amount
    from ml.retained_day
    where business_date between from_date and to_date
),

money_days as (
    select
        case "by"
            when 'total' then 'total'
            when 'queue' then queue
            when 'channel' then channel
            when 'site' then site
            when 'tier' then tier
            when 'business_date' then strftime(business_date, '%Y-%m-%d')
            when 'month' then strftime(business_date, '%Y-%m')
            else error(concat('unknown by := ', "by", '; money figures know total, queue, channel, site, tier, business_date, month'))
        end as group_value,
        *
    from both_days
)

select
    group_value,
    cast(sum(handled_count) as bigint) as handled_count,
    cast(sum(attributed_order_count) as bigint) as attributed_order_count,
    cast(sum(agent_s) as double) as agent_s,
    case when count(distinct currency) <= 1 then cast(sum(agent_cost_amount) as double) end as agent_cost_amount,
    case when count(distinct currency) <= 1 then cast(sum(telecom_cost_amount) as double) end as telecom_cost_amount,
    case when count(distinct currency) <= 1 then cast(sum(fixed_cost_amount) as double) end as fixed_cost_amount,
    case when count(distinct currency) <= 1 then cast(sum(action_cost_amount) as double) end as action_cost_amount,
    cast(sum(offered_action_count) as bigint) as offered_action_count,
    cast(sum(modelled_action_count) as bigint) as modelled_action_count,
    case when count(distinct currency) <= 1 then cast(sum(retained_value_amount) as double) end as retained_value_amount,
    case when count(distinct currency) <= 1 then cast(sum(attributed_revenue_amount) as double) end as attributed_revenue_amount,
    case when count(distinct currency) <= 1 then cast(sum(attributed_margin_amount) as double) end as attributed_margin_amount,
    case when count(distinct currency) <= 1 then min(currency) end as currency,
    string_agg(distinct assumption_set, ', ') as assumption_sets
from money_days
group by group_value;

comment on macro table kpi_money_sums is
    'Sums of money by total, queue, channel, site, tier, business_date or month, with currency and the names of the assumption sets';
