-- Money adds up: each day's handled contacts and agents' seconds are those of its contacts, their cost is that time and count
-- at the assumed rates, and no more orders are attributed, nor for more, than were paid.
-- severity: fail
-- owner: team:data
with signed as (
    select
        business_date,
        handled_count,
        coalesce(agent_s, 0) as agent_s,
        coalesce(agent_cost_amount, 0) - coalesce(agent_s, 0) / 3600 * c.agent_hour_amount
            + coalesce(fixed_cost_amount, 0) - handled_count * c.fixed_contact_amount as cost_difference_amount
    from kpi.money_day
    cross join settings.costs as c
    union all
    select
        business_date,
        case when is_answered then -1 else 0 end as handled_count,
        -coalesce(handle_s + coalesce(ring_s, 0), 0) as agent_s,
        0 as cost_difference_amount
    from core.contacts
),

orders as (
    select
        count(*) as order_count,
        coalesce(sum(amount), 0) as amount
    from core.orders
    where status = 'paid'
),

attributed as (
    select
        coalesce(sum(attributed_order_count), 0) as order_count,
        coalesce(sum(attributed_revenue_amount), 0) as amount
    from kpi.money_day
)

select
    business_date, -- day; null: of all days
    sum(handled_count) as handled_difference_count, -- handled: day less contacts
    sum(agent_s) as agent_difference_s, -- agents' seconds: day less contacts
    sum(cost_difference_amount) as cost_difference_amount, -- cost: day less time and count at the rates
    cast(null as bigint) as order_excess_count -- attributed orders beyond those there are
from signed
group by business_date
having sum(handled_count) <> 0
    or abs(sum(agent_s)) > 0.001 + 0.000001 * sum(abs(agent_s))
    or sum(abs(cost_difference_amount)) > 0.01 + 0.000001 * sum(abs(agent_s))
union all
select
    cast(null as date) as business_date,
    cast(null as bigint) as handled_difference_count,
    cast(null as double) as agent_difference_s,
    cast(null as double) as cost_difference_amount,
    cast(a.order_count - o.order_count as bigint) as order_excess_count
from attributed as a
cross join orders as o
where a.order_count > o.order_count
    or a.amount > o.amount + 0.01 + 0.000000001 * o.amount
