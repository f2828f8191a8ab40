-- Whose number or e-mail address it is: the customer who has it, if it is one customer's alone.
-- grain: one row per written form of a number or address
-- owner: team:data
-- changes: number
with number_customers as (
    select
        caller_token,
        min(customer_key) as customer_key,
        count(*) as customer_count,
    from staging.customer_numbers
    group by caller_token
),

email_customers as (
    select
        email_token,
        min(customer_key) as customer_key,
        count(*) as customer_count,
    from staging.customer_emails
    group by email_token
)

select
    n.number, -- As written [pii]
    n.caller_token, -- Pseudonym of the number; null: anonymous or internal, or an address
    case when o.customer_count = 1 then o.customer_key end as customer_key, -- The number's one owner; null: none, or several
    coalesce(o.customer_count, 0) as customer_count, -- How many customers have the number
    n.email_token, -- Pseudonym of the address; null: it is none
    case when e.customer_count = 1 then e.customer_key end as email_customer_key, -- The address's one owner; null: none, or several
    coalesce(e.customer_count, 0) as email_customer_count, -- How many customers have the address
from staging.numbers as n
left join number_customers as o on n.caller_token = o.caller_token
left join email_customers as e on n.email_token = e.email_token
