-- Which customers have which e-mail addresses, as their newest record says.
-- grain: one row per customer and address
-- owner: team:data
with ranked as (
    select
        customer_id,
        email,
        row_number() over (
            partition by customer_id
            order by updated_at desc nulls last, phone, name, email, segment, region, joined_at, left_at
        ) as age,
    from staging.customers
),

written as (
    select
        customer_id,
        trim(unnest(string_split(email, ';'))) as email,
    from ranked
    where age = 1 and email is not null
)

select
    k.customer_key, -- Pseudonym of the customer
    n.email_token, -- Pseudonym of the address
from written as w
inner join staging.numbers as n on w.email = n.number
inner join staging.customer_keys as k on w.customer_id = k.customer_id
where n.email_token is not null
group by k.customer_key, n.email_token
