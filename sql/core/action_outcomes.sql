-- What came of the actions that agents were shown.
-- grain: one row per source, contact or customer, action and moment
-- owner: team:data
with contacts as (
    select
        source_contact_id,
        min(contact_key) as contact_key,
        count(*) as contact_count,
    from core.contacts
    where source_contact_id in (select contact_id from staging.action_outcomes where contact_id is not null)
    group by source_contact_id
),

linked as (
    select
        s.*,
        k.customer_key,
        case when c.contact_count = 1 then c.contact_key end as contact_key,
    from staging.action_outcomes as s
    left join staging.customer_keys as k on s.customer_id = k.customer_id
    left join contacts as c on s.contact_id = c.source_contact_id
)

select
    cast(md5_number(concat_ws(
        '|', 'action', l.source, coalesce(l.contact_id, ''), coalesce(l.customer_key, ''), l.action, epoch_us(l.shown_at)
    )) as uuid) as action_outcome_key, -- Key of the outcome
    l.source, -- Source
    l.contact_key, -- Contact in which it was shown; null: none, or not known to us
    coalesce(l.customer_key, c.customer_key) as customer_key, -- Pseudonym of the customer; null: not known
    l.action, -- Action of callwright.toml
    l.shown_at, -- When it was shown
    cast(timezone(getvariable('timezone'), l.shown_at) as date) as business_date, -- Local date
    l.propensity, -- Probability with which it was chosen
    l.arm, -- treated or held out
    l.is_accepted, -- Whether the customer accepted; null: not known yet
    l.revenue_amount, -- What it brought, in `currency`; null: not stated
    l.currency, -- Currency
    l.version, -- Version of the scores that chose it
from linked as l
left join core.contacts as c on l.contact_key = c.contact_key
