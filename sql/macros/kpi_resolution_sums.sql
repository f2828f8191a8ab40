-- purpose: what was spent, and how much of it resolved something
-- definition: cost and handled contacts of the money figures beside the resolvable and repeated contacts of the 7-day window; over whole business dates, both ends included
-- source: kpi.money_day, kpi.repeat_day
-- `by`: total, queue, channel, site, business_date.
create or replace macro kpi_resolution_sums(from_date, to_date, "by" := 'queue') as table
select
    money.group_value as group_value,
    money.handled_count as handled_count,
    money.agent_cost_amount as agent_cost_amount,
    money.telecom_cost_amount as telecom_cost_amount,
    money.fixed_cost_amount as fixed_cost_amount,
    money.action_cost_amount as action_cost_amount,
    repeats.resolvable_count as resolvable_count,
    repeats.repeated_count as repeated_count
from kpi_money_sums(from_date, to_date, "by") as money
left join kpi_repeat_sums(from_date, to_date, "by", '7d') as repeats
    on money.group_value is not distinct from repeats.group_value;

comment on macro table kpi_resolution_sums is
    'Cost beside resolvable and repeated contacts, by total, queue, channel, site or business_date';
