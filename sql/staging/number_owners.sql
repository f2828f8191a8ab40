-- Whose number it is: the customer who has it, if it is one customer's alone.
-- grain: one row per written form of a number
-- owner: team:data
with owners as (
    select
        caller_token,
        min(customer_key) as customer_key,
        count(*) as customer_count,
    from staging.customer_numbers
    group by caller_token
)

select
    n.number, -- As written [pii]
    n.caller_token, -- Pseudonym of the number; null: anonymous or internal
    case when o.customer_count = 1 then o.customer_key end as customer_key, -- Its one owner; null: none, or several
    coalesce(o.customer_count, 0) as customer_count, -- How many customers have it
from staging.numbers as n
left join owners as o on n.caller_token = o.caller_token
