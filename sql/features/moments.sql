-- The moments at which each customer is described: the scoring moment, and past cut-offs for training.
-- Cut-offs lie one horizon apart, so that the label window of one ends where the next one begins.
-- grain: customer_key, as_of_at
-- owner: team:data
with sightings as (
    select customer_key, joined_at as seen_at, true as is_listed from core.customers
    union all
    select customer_key, valid_from as seen_at, true as is_listed from core.customers
    union all
    select customer_key, ordered_at as seen_at, false as is_listed from core.orders
    union all
    select customer_key, arrived_at as seen_at, false as is_listed from core.contacts
),

known_customers as (
    select
        customer_key,
        min(seen_at) as known_at,
        bool_or(is_listed) as is_listed,
    from sightings
    where customer_key is not null
    group by customer_key
),

-- At most 24 cut-offs: a values list runs on every engine, a series function does not.
steps(step_count) as (
    values
        (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12),
        (13), (14), (15), (16), (17), (18), (19), (20), (21), (22), (23), (24)
),

all_moments as (
    select cast(getvariable('as_of_at') as timestamptz) as as_of_at, 'score' as purpose
    union all
    -- Seconds, not days: a day of local time can have 23 or 25 hours.
    select
        cast(getvariable('as_of_at') as timestamptz)
            - steps.step_count * cast(churn.horizon_s as bigint) * interval '1 second' as as_of_at,
        'train' as purpose,
    from settings.churn as churn
    inner join steps on steps.step_count <= churn.cutoff_count
)

select
    known_customers.customer_key as customer_key, -- pseudonym of the customer
    all_moments.as_of_at as as_of_at, -- the moment; only what lies strictly before it may be used
    all_moments.purpose as purpose, -- score (now) or train (a past cut-off)
from known_customers
inner join all_moments
    on known_customers.known_at < all_moments.as_of_at
    or (known_customers.is_listed and all_moments.purpose = 'score')
