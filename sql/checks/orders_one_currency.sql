-- Every order is in the centre's currency: amounts of two currencies cannot be added.
-- severity: fail
-- table: core.orders
-- owner: team:data
select
    orders.order_key, -- order
    orders.currency, -- its currency
    centre.currency as centre_currency, -- the centre's
from core.orders as orders
left join settings.centre as centre on true
where orders.currency is distinct from centre.currency
