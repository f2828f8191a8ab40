-- Who is behind each contact, and by what that is known: the source's own customer id, else the number, else the address.
-- grain: one row per contact
-- owner: team:data
-- materialized: view
with written as (
    select
        j.contact_key,
        j.source,
        j.channel,
        j.arrived_at,
        k.customer_key as id_customer_key,
        -- An address is a person's where people write; 1001@pbx.example.org on the telephone is an extension.
        case when j.channel in ('email', 'chat', 'messaging', 'social', 'video') then n.email_token end as email_token,
        n.email_customer_key,
        n.caller_token,
        n.customer_key as number_customer_key,
    from core._journeys as j
    left join staging.customer_keys as k on j.customer_id = k.customer_id
    left join staging.number_owners as n on j.caller_number = n.number
)

select
    contact_key, -- Key of the contact
    source, -- Source that knows the contact best
    channel, -- Channel
    arrived_at, -- First sign of the contact
    coalesce(id_customer_key, case when email_token is null then number_customer_key else email_customer_key end)
        as customer_key, -- Pseudonym of the customer; null: not known
    coalesce(email_token, caller_token) as caller_token, -- Pseudonym of the number or address; null: anonymous or internal
    case
        when id_customer_key is not null then 'crm_id'
        when email_token is null and number_customer_key is not null then 'number'
        when email_token is not null and email_customer_key is not null then 'email'
    end as identified_by, -- crm_id, number or email; null: the customer is not known
from written
