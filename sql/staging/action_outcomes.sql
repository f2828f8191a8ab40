-- What came of the actions that agents were shown, each once: an answer replaces the same showing without one.
-- grain: one row per source, contact, customer, action and moment
-- owner: team:data
with distinct_rows as (
    select
        source, contact_id, customer_id, action, shown_at, propensity, arm, accepted as is_accepted, revenue, version,
        min(segment_id) as segment_id,
    from raw.action_outcomes
    group by source, contact_id, customer_id, action, shown_at, propensity, arm, accepted, revenue, version
),

ranked as (
    select
        *,
        row_number() over (
            partition by source, contact_id, customer_id, action, shown_at
            order by
                is_accepted desc nulls last, revenue desc nulls last, version desc nulls last, arm nulls last,
                propensity nulls last
        ) as state_number,
    from distinct_rows
)

select
    source, -- Source
    contact_id, -- The source's id of the contact
    customer_id, -- The CRM's id of the customer [pii]
    action, -- Action of callwright.toml
    shown_at, -- When it was shown
    propensity, -- Probability with which it was chosen
    arm, -- treated or held out
    is_accepted, -- Whether the customer accepted; null: not known yet
    revenue as revenue_amount, -- What it brought, in `currency`
    getvariable('currency') as currency, -- The centre's currency: the record names none
    version, -- Version of the scores that chose it
    segment_id, -- Lake segment that the row was first read from
from ranked
where state_number = 1
