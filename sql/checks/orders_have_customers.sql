-- Every order belongs to a customer that is there. Exports of different days leave some without.
-- severity: warn
-- owner: team:data
select
    orders.order_key, -- order
    orders.customer_key, -- the customer that is missing
    orders.ordered_at, -- when
from core.orders as orders
where not exists (
    select 1
    from core.customers as customers
    where customers.customer_key = orders.customer_key
)
