-- What contacts cost and what came of them, by day, as sums that may be added up.
-- Costs are measured times, priced by the assumption set; revenue is attributed: paid orders of the same customer within the
-- attribution window after the contact, each order to the last contact before it (or the one that the shop recorded).
-- Sums are rounded to the sixth decimal: added in another order they differ in the last digits.
-- grain: one row per local day of the contact, site, queue, channel and value tier
-- owner: team:data
with orders as (
    select
        o.order_key,
        o.customer_key,
        o.contact_key,
        o.ordered_at,
        o.amount,
        coalesce(o.margin_amount, o.amount * a.margin_rate) as margin_amount,
        a.attribution_s,
    from core.orders as o
    cross join settings.costs as a
    where o.status = 'paid' and o.currency = a.currency
),

candidates as (
    select
        o.order_key,
        o.amount,
        o.margin_amount,
        c.contact_key,
        c.arrived_at,
        0 as distance,
    from orders as o
    inner join core.contacts as c on o.contact_key = c.contact_key
    union all
    select
        o.order_key,
        o.amount,
        o.margin_amount,
        c.contact_key,
        c.arrived_at,
        1 as distance,
    from orders as o
    inner join core.contacts as c
        on
            o.customer_key = c.customer_key
            and c.arrived_at <= o.ordered_at
            and epoch_us(o.ordered_at) - epoch_us(c.arrived_at) <= o.attribution_s * 1e6
),

ranked as (
    select
        *,
        row_number() over (partition by order_key order by distance, arrived_at desc, contact_key) as nearness,
    from candidates
),

attributed as (
    select
        contact_key,
        count(*) as order_count,
        sum(amount) as revenue_amount,
        sum(margin_amount) as margin_amount,
    from ranked
    where nearness = 1
    group by contact_key
),

actions as (
    select
        o.contact_key,
        sum(s.cost_amount) as cost_amount,
    from core.action_outcomes as o
    inner join settings.actions as s on o.action = s.action
    where o.is_accepted and o.contact_key is not null
    group by o.contact_key
)

select
    c.business_date, -- Local date of the contact
    c.site, -- Site
    c.last_queue as queue, -- Last queue of the contact
    c.channel, -- Channel
    c.value_tier_at_arrival as tier, -- Value tier that the router was told; null: none
    a.currency, -- Currency of the amounts
    cast(sum(case when c.is_answered then 1 else 0 end) as bigint) as handled_count, -- Contacts that an agent answered
    round(sum(c.handle_s + coalesce(c.ring_s, 0)), 6) as agent_s, -- Agents' ring, talk, hold and wrap-up; measured [unit: s]
    round(sum(c.handle_s + coalesce(c.ring_s, 0)) / 3600 * max(a.agent_hour_amount), 6) as agent_cost_amount, -- Agents' time at the loaded hourly cost; measured time, assumed price
    sum(case when c.channel = 'voice' then epoch_us(c.ended_at) - epoch_us(c.arrived_at) else 0 end) / 6e7 * max(a.telecom_minute_amount)
        as telecom_cost_amount, -- Line time of voice contacts; measured time, assumed price
    sum(case when c.is_answered then 1 else 0 end) * max(a.fixed_contact_amount) as fixed_cost_amount, -- What handled contacts bear of rent, licences and management; measured count, assumed price
    round(coalesce(sum(x.cost_amount), 0), 6) as action_cost_amount, -- Actions that customers took; measured count, assumed price
    cast(coalesce(sum(t.order_count), 0) as bigint) as attributed_order_count, -- Orders attributed
    round(coalesce(sum(t.revenue_amount), 0), 6) as attributed_revenue_amount, -- Their amount; attributed
    round(coalesce(sum(t.margin_amount), 0), 6) as attributed_margin_amount, -- Their margin, at the assumed rate where the shop states none; attributed
    max(a.assumption_set) as assumption_set, -- Name of the costs and windows assumed
from core.contacts as c
cross join settings.costs as a
left join attributed as t on c.contact_key = t.contact_key
left join actions as x on c.contact_key = x.contact_key
group by c.business_date, c.site, c.last_queue, c.channel, c.value_tier_at_arrival, a.currency
