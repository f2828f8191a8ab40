-- Money adds up: each day's handled contacts and agents' seconds are those of its contacts, and no order brings its amount
-- to more than one contact.
-- severity: fail
-- owner: team:data
with signed as (
    select
        business_date,
        handled_count,
        coalesce(agent_s, 0) as agent_s,
        attributed_order_count
    from kpi.money_day
    union all
    select
        business_date,
        case when is_answered then -1 else 0 end as handled_count,
        -coalesce(handle_s + coalesce(ring_s, 0), 0) as agent_s,
        0 as attributed_order_count
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
    cast(null as bigint) as order_excess_count -- attributed orders beyond those there are
from signed
group by business_date
having sum(handled_count) <> 0
    or abs(sum(agent_s)) > 0.001 + 0.000001 * sum(abs(agent_s))
union all
select
    cast(null as date) as business_date,
    cast(null as bigint) as handled_difference_count,
    cast(null as double) as agent_difference_s,
    cast(a.order_count - o.order_count as bigint) as order_excess_count
from attributed as a
cross join orders as o
where a.order_count > o.order_count
    or a.amount > o.amount + 0.01 + 0.000000001 * o.amount
