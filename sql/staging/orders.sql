-- Orders, each once: of several states of one order the furthest one counts (returned, then cancelled, then paid).
-- grain: one row per order
-- owner: team:data
with distinct_rows as (
    select
        order_id,
        customer_id,
        ordered_at,
        amount,
        coalesce(upper(currency), getvariable('currency')) as currency,
        margin,
        channel,
        contact_id,
        campaign_id,
        coalesce(status, 'paid') as status,
        min(segment_id) as segment_id,
    from raw.orders
    group by
        order_id, customer_id, ordered_at, amount, coalesce(upper(currency), getvariable('currency')), margin, channel,
        contact_id, campaign_id, coalesce(status, 'paid')
),

ranked as (
    select
        *,
        row_number() over (
            partition by order_id
            order by
                case status when 'returned' then 1 when 'cancelled' then 2 else 3 end,
                ordered_at desc, amount desc, customer_id, currency, margin, channel, contact_id, campaign_id
        ) as state_number,
    from distinct_rows
)

select
    order_id, -- The shop's id of the order
    customer_id, -- The CRM's id of the customer [pii]
    ordered_at, -- When it was placed
    amount, -- Amount in `currency`
    currency, -- Currency; the centre's where the row has none
    margin, -- Margin in `currency`
    channel, -- Channel of the order
    contact_id, -- The source's id of the contact that led to it, where known
    campaign_id, -- Campaign
    status, -- paid, cancelled or returned
    segment_id, -- Lake segment that the row was first read from
from ranked
where state_number = 1
