-- Customers under their pseudonyms, with the history of what was known when.
-- grain: one row per customer and period in which its record stood unchanged
-- owner: team:data
with states as (
    select
        k.customer_key,
        c.updated_at,
        c.segment,
        c.region,
        c.language,
        c.joined_at,
        c.left_at,
        c.contract_end_at,
        c.birth_year,
        c.marketing_opt_out,
        c.profiling_objection,
        -- Rows of one moment cannot be put in order; the stricter wish wins.
        row_number() over (
            partition by k.customer_key, c.updated_at
            order by
                c.profiling_objection desc, c.marketing_opt_out desc, c.left_at, c.segment, c.region, c.language,
                c.joined_at, c.contract_end_at, c.birth_year
        ) as state_number,
    from staging.customers as c
    inner join staging.customer_keys as k on c.customer_id = k.customer_id
),

periods as (
    select
        *,
        row_number() over (partition by customer_key order by updated_at nulls first) as period_number,
        lead(updated_at) over (partition by customer_key order by updated_at nulls first) as next_updated_at,
    from states
    where state_number = 1
)

select
    customer_key, -- Pseudonym of the customer
    -- The first record says what was so before it was written, too: nobody exported the earlier one.
    case
        when period_number > 1 then updated_at
        when least(updated_at, joined_at) < coalesce(next_updated_at, timestamptz '2300-01-01 00:00:00+00')
            then least(updated_at, joined_at)
        else timestamptz '1900-01-01 00:00:00+00'
    end as valid_from, -- From when this was so; 1900: since ever
    next_updated_at as valid_to, -- Until when, not included; null: now
    segment, -- Segment
    region, -- Region
    language, -- Language
    joined_at, -- Customer since
    left_at, -- Customer until; null: still
    contract_end_at, -- End of the contract
    birth_year, -- Year of birth; for audits of fairness only
    marketing_opt_out, -- Wants no marketing: a hard gate
    profiling_objection, -- Objects to profiling: a hard gate
from periods
