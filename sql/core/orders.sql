-- Orders of customers.
-- grain: one row per order
-- owner: team:data
with contacts as (
    select
        source_contact_id,
        min(contact_key) as contact_key,
        count(*) as contact_count,
    from core.contacts
    where source_contact_id in (select contact_id from staging.orders where contact_id is not null)
    group by source_contact_id
)

select
    cast(md5_number(concat_ws('|', 'order', o.order_id)) as uuid) as order_key, -- Key of the order
    o.order_id, -- The shop's id
    k.customer_key, -- Pseudonym of the customer
    o.ordered_at, -- When it was placed
    cast(timezone(getvariable('timezone'), o.ordered_at) as date) as business_date, -- Local date
    o.amount, -- Amount in `currency`
    o.currency, -- Currency
    o.margin as margin_amount, -- Margin in `currency`; null: not stated
    o.channel, -- Channel of the order
    case when c.contact_count = 1 then c.contact_key end as contact_key, -- Contact that led to it, where the shop recorded it
    o.campaign_id, -- Campaign
    o.status, -- paid, cancelled or returned
from staging.orders as o
inner join staging.customer_keys as k on o.customer_id = k.customer_id
left join contacts as c on o.contact_id = c.source_contact_id
