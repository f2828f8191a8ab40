-- Which customers have which numbers, as their newest record says.
-- grain: one row per customer and number
-- owner: team:data
with ranked as (
    select
        customer_id,
        phone,
        row_number() over (
            partition by customer_id
            order by updated_at desc nulls last, phone, name, email, segment, region, joined_at, left_at
        ) as age,
    from staging.customers
),

written as (
    select
        customer_id,
        trim(unnest(string_split(phone, ';'))) as number,
    from ranked
    where age = 1 and phone is not null
)

select
    k.customer_key, -- Pseudonym of the customer
    n.caller_token, -- Pseudonym of the number
from written as w
inner join staging.numbers as n on w.number = n.number
inner join staging.customer_keys as k on w.customer_id = k.customer_id
where n.caller_token is not null
group by k.customer_key, n.caller_token
