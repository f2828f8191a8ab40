-- At least half of the contacts have a known customer, or figures by customer speak of a minority.
-- severity: warn
-- table: core.contacts
-- owner: team:data
with contacts as (
    select
        count(*) as contact_count,
        count(customer_key) as identified_count
    from core.contacts
)

select
    contact_count, -- contacts
    identified_count, -- contacts whose customer is known
    round(identified_count * 1.0 / nullif(contact_count, 0), 4) as identified_rate, -- their share
from contacts
where identified_count * 2 < contact_count
