-- Customers as the CRM exported them, each distinct row once: the history of what was known.
-- grain: one row per customer and state of its record
-- owner: team:data
select
    customer_id, -- The CRM's id [pii]
    name, -- Name [pii]
    phone, -- Phone numbers, separated by semicolons [pii]
    lower(trim(email)) as email, -- E-mail address [pii]
    segment, -- Segment
    region, -- Region
    language, -- Language
    joined_at, -- Customer since
    left_at, -- Customer until
    contract_end_at, -- End of the contract
    birth_year, -- Year of birth; for audits only, never a feature
    coalesce(marketing_opt_out, false) as marketing_opt_out, -- Wants no marketing
    coalesce(profiling_objection, false) as profiling_objection, -- Objects to profiling
    updated_at, -- When the CRM changed the record
    min(segment_id) as segment_id, -- Lake segment that the row was first read from
from raw.customers
group by
    customer_id, name, phone, lower(trim(email)), segment, region, language, joined_at, left_at, contract_end_at,
    birth_year, coalesce(marketing_opt_out, false), coalesce(profiling_objection, false), updated_at
