-- Cases: what customers wanted solved, and whether it was.
-- grain: one row per case
-- owner: team:data
with contacts as (
    select
        source_contact_id,
        min(contact_key) as contact_key,
        count(*) as contact_count,
    from core.contacts
    where source_contact_id in (select contact_id from staging.cases where contact_id is not null)
    group by source_contact_id
)

select
    cast(md5_number(concat_ws('|', 'case', s.case_id)) as uuid) as case_key, -- Key of the case
    s.case_id, -- The CRM's id
    k.customer_key, -- Pseudonym of the customer
    case when c.contact_count = 1 then c.contact_key end as contact_key, -- Contact that opened it, where the CRM recorded it
    s.opened_at, -- When it was opened
    cast(timezone(getvariable('timezone'), s.opened_at) as date) as business_date, -- Local date of opening
    s.closed_at, -- When it was closed; null: it was not
    (epoch_us(s.closed_at) - epoch_us(s.opened_at)) / 1e6 as open_s, -- From opening to closing; null: not closed [unit: s]
    s.status, -- open, solved or unsolved; null: closed, and the CRM does not say how
    s.status = 'solved' as is_solved, -- Whether it was solved; false while it is open; null: not known
    s.reason, -- What it is about, as the CRM classes it
from staging.cases as s
inner join staging.customer_keys as k on s.customer_id = k.customer_id
left join contacts as c on s.contact_id = c.source_contact_id
