-- Who left after a training cut-off. A label is mature (its whole horizon lies before the data's end) or absent.
-- no_purchase: a customer who paid within the two horizons before and pays nothing within the horizon after has left.
-- cancellation: a customer who had not left, and whose left_at falls within the horizon after, has left.
-- grain: customer_key, as_of_at
-- owner: team:data
with mature_moments as (
    select
        moments.customer_key,
        moments.as_of_at,
        churn.label,
        churn.horizon_s,
    from features.moments as moments
    inner join settings.churn as churn
        on date_diff('second', moments.as_of_at, cast(getvariable('as_of_at') as timestamptz))
            >= churn.horizon_s
    where moments.purpose = 'train'
),

purchases as (
    select
        mature_moments.customer_key,
        mature_moments.as_of_at,
        bool_or(
            orders.ordered_at < mature_moments.as_of_at
            and date_diff('second', orders.ordered_at, mature_moments.as_of_at) <= 2 * mature_moments.horizon_s
        ) as was_active,
        bool_or(
            orders.ordered_at >= mature_moments.as_of_at
            and date_diff('second', mature_moments.as_of_at, orders.ordered_at) < mature_moments.horizon_s
        ) as came_back,
    from mature_moments
    inner join core.orders as orders on orders.customer_key = mature_moments.customer_key
    where mature_moments.label = 'no_purchase' and orders.status = 'paid'
    group by mature_moments.customer_key, mature_moments.as_of_at
),

ranked_records as (
    select
        customer_key,
        joined_at,
        left_at,
        row_number() over (partition by customer_key order by valid_from desc nulls last) as age_rank,
    from core.customers
),

-- A customer who joined later is no customer yet, though the record may be older.
contracts as (
    select
        mature_moments.customer_key,
        mature_moments.as_of_at,
        mature_moments.horizon_s,
        ranked_records.left_at,
    from mature_moments
    inner join ranked_records on ranked_records.customer_key = mature_moments.customer_key
    where
        mature_moments.label = 'cancellation'
        and ranked_records.age_rank = 1
        and (ranked_records.joined_at is null or ranked_records.joined_at < mature_moments.as_of_at)
),

labels as (
    select customer_key, as_of_at, not came_back as is_churned, 'no_purchase' as label
    from purchases
    where was_active
    union all
    select
        customer_key,
        as_of_at,
        left_at is not null and date_diff('second', as_of_at, left_at) < horizon_s as is_churned,
        'cancellation' as label,
    from contracts
    where left_at is null or left_at >= as_of_at
)

select
    labels.customer_key as customer_key, -- pseudonym of the customer
    labels.as_of_at as as_of_at, -- the cut-off; the label looks at the horizon after it
    labels.is_churned as is_churned, -- the customer left within the horizon
    labels.label as label, -- no_purchase (stopped buying) or cancellation (recorded leaving)
from labels
