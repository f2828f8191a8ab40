-- purpose: what the contacts brought less what they cost, an amount
-- definition: attributed income - agent cost - telecom cost; basis margin (default) counts the margin of attributed orders, basis revenue their full amount
-- source: metrics.md, Money; retained and recovered value join when models publish them
-- An order is attributed to the contact before it within the attribution window: associated, not shown to be caused.
create or replace macro kpi_contribution(from_date, to_date, "by" := 'queue', basis := 'margin') as table
with parts as (
    select
        group_value,
        case basis
            when 'margin' then coalesce(attributed_margin_amount, 0)
            when 'revenue' then coalesce(attributed_revenue_amount, 0)
            else error(concat('unknown basis := ', basis, '; there are margin and revenue'))
        end
        - agent_cost_amount - coalesce(telecom_cost_amount, 0) as contribution_amount,
        handled_count
    from kpi_money_sums(from_date, to_date, "by")
)

select
    group_value,
    contribution_amount as numerator,
    cast(null as double) as denominator,
    contribution_amount as value,
    handled_count as n
from parts;

comment on macro table kpi_contribution is
    'Contribution, an amount in the centre''s currency: attributed margin (or revenue) less agent and telecom cost; a sum, so it has no denominator; n is handled contacts';
