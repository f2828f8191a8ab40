-- Every customer id that any source mentions; what has to be given a pseudonym.
-- grain: one row per customer id
-- owner: team:data
with mentions as (
    select customer_id from staging.customers
    union all
    select customer_id from staging.orders
    union all
    select customer_id from staging.surveys
    union all
    select customer_id from staging.calls
    union all
    select customer_id from staging.cases
    union all
    select customer_id from staging.campaign_attempts
    union all
    select customer_id from staging.action_outcomes
)

select
    customer_id, -- The CRM's id [pii]
from mentions
where customer_id is not null
group by customer_id
