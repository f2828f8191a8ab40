-- purpose: what one handled contact costs
-- definition: (agent seconds x loaded rate + telecom) / handled contacts, in the currency of kpi.money_day; null where currencies mix
-- source: metrics.md, Money
create or replace macro kpi_cost_per_contact(from_date, to_date, "by" := 'queue') as table
select
    group_value,
    agent_cost_amount + coalesce(telecom_cost_amount, 0) as numerator,
    cast(handled_count as double) as denominator,
    (agent_cost_amount + coalesce(telecom_cost_amount, 0)) / nullif(cast(handled_count as double), 0) as value,
    handled_count as n
from kpi_money_sums(from_date, to_date, "by");

comment on macro table kpi_cost_per_contact is
    'Cost per handled contact in the centre''s currency; modelled from measured time and the assumed rates of the assumption set';
