-- What a customer spent in the horizon after a training cut-off: the truth that value estimates are measured against.
-- grain: customer_key, as_of_at
-- owner: team:data
with mature_moments as (
    select
        moments.customer_key,
        moments.as_of_at,
        churn.horizon_s,
    from features.moments as moments
    inner join settings.churn as churn
        on date_diff('second', moments.as_of_at, cast(getvariable('as_of_at') as timestamptz))
            >= churn.horizon_s
    where moments.purpose = 'train'
)

select
    mature_moments.customer_key as customer_key, -- pseudonym of the customer
    mature_moments.as_of_at as as_of_at, -- the cut-off
    count(orders.order_key) as next_order_count, -- paid orders within the horizon after the cut-off
    round(coalesce(cast(sum(cast(orders.amount as decimal(18, 4))) as double), 0.0), 4) as next_order_amount, -- paid within the horizon, in the centre's currency
from mature_moments
left join core.orders as orders
    on orders.customer_key = mature_moments.customer_key
    and orders.status = 'paid'
    and orders.ordered_at >= mature_moments.as_of_at
    and date_diff('second', mature_moments.as_of_at, orders.ordered_at) < mature_moments.horizon_s
    and coalesce(orders.currency, getvariable('currency')) = getvariable('currency')
group by mature_moments.customer_key, mature_moments.as_of_at
