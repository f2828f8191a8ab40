-- purpose: why the contribution of one period differs from that of another
-- definition: volume: more or fewer handled contacts at the prior contribution per contact; mix: other groups than before, at their prior contribution; margin, agent cost, other cost (telecom, fixed share, actions): each group's change per contact, at its present contacts; unhandled: groups without a handled contact
-- source: metrics.md, Money; a group that is new is compared with the prior mean of all; the steps add up exactly
-- `by`: queue, channel, site, tier: what the groups of the mix are.
create or replace macro kpi_contribution_bridge(prior_from_date, prior_to_date, from_date, to_date, "by" := 'queue') as table
with periods as (
    select
        1 as period,
        *
    from kpi_money_sums(prior_from_date, prior_to_date, "by")
    union all
    select
        2 as period,
        *
    from kpi_money_sums(from_date, to_date, "by")
),

groups as (
    select
        group_value,
        coalesce(sum(handled_count) filter (where period = 1), 0) as n1,
        coalesce(sum(handled_count) filter (where period = 2), 0) as n2,
        coalesce(sum(coalesce(attributed_margin_amount, 0)) filter (where period = 1), 0) as margin1,
        coalesce(sum(coalesce(attributed_margin_amount, 0)) filter (where period = 2), 0) as margin2,
        coalesce(sum(agent_cost_amount) filter (where period = 1), 0) as agent1,
        coalesce(sum(agent_cost_amount) filter (where period = 2), 0) as agent2,
        coalesce(sum(
            coalesce(telecom_cost_amount, 0) + coalesce(fixed_cost_amount, 0) + coalesce(action_cost_amount, 0)
        ) filter (where period = 1), 0) as other1,
        coalesce(sum(
            coalesce(telecom_cost_amount, 0) + coalesce(fixed_cost_amount, 0) + coalesce(action_cost_amount, 0)
        ) filter (where period = 2), 0) as other2,
        count(*) filter (where handled_count > 0 and agent_cost_amount is null) as unknown_count
    from periods
    group by group_value
),

-- Of all groups with handled contacts together, per contact.
means as (
    select
        sum(n1) as all_n1,
        sum(n2) as all_n2,
        coalesce(sum(margin1) filter (where n1 > 0) / nullif(sum(n1), 0), 0) as margin,
        coalesce(sum(agent1) filter (where n1 > 0) / nullif(sum(n1), 0), 0) as agent,
        coalesce(sum(other1) filter (where n1 > 0) / nullif(sum(n1), 0), 0) as other
    from groups
),

per_contact as (
    select
        g.*,
        m.all_n1,
        m.all_n2,
        m.margin - m.agent - m.other as all_c1,
        case when n1 > 0 then margin1 / n1 else m.margin end as margin_rate,
        case when n1 > 0 then agent1 / n1 else m.agent end as agent_rate,
        case when n1 > 0 then other1 / n1 else m.other end as other_rate
    from groups as g
    cross join means as m
),

steps as (
    select
        sum(margin1 - agent1 - other1) as prior,
        max((all_n2 - all_n1) * all_c1) as volume,
        sum((n2 - coalesce(all_n2 * n1 / nullif(all_n1, 0), 0)) * (margin_rate - agent_rate - other_rate)) as mix,
        sum(case when n2 > 0 then margin2 - n2 * margin_rate else 0 end) as margin,
        -sum(case when n2 > 0 then agent2 - n2 * agent_rate else 0 end) as agent_cost,
        -sum(case when n2 > 0 then other2 - n2 * other_rate else 0 end) as other_cost,
        sum(case when n2 = 0 then margin2 - agent2 - other2 else 0 end)
        - sum(case when n1 = 0 then margin1 - agent1 - other1 else 0 end) as unhandled,
        sum(margin2 - agent2 - other2) as current,
        sum(unknown_count) as unknown_count
    from per_contact
)

select
    step_number,
    step,
    -- Several currencies in a group: nothing can be said.
    case when unknown_count = 0 then case step
        when 'prior' then prior
        when 'volume' then volume
        when 'mix' then mix
        when 'margin' then margin
        when 'agent cost' then agent_cost
        when 'other cost' then other_cost
        when 'unhandled' then unhandled
        else current
    end end as amount
from steps
cross join (
    values (1, 'prior'), (2, 'volume'), (3, 'mix'), (4, 'margin'), (5, 'agent cost'), (6, 'other cost'),
    (7, 'unhandled'), (8, 'current')
) as named (step_number, step)
order by step_number;

comment on macro table kpi_contribution_bridge is
    'The steps from the contribution of one period to that of another: volume, mix, margin, agent cost, other cost; they add up exactly';
