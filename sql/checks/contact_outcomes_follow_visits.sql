-- A contact that visited queues is answered if, and only if, one of its visits was.
-- severity: fail
-- owner: team:data
-- part: contact_key
with visits as (
    select
        contact_key,
        sum(case when outcome = 'answered' then 1 else 0 end) as answered_count
    from core.queue_visits
    group by contact_key
)

select
    contacts.contact_key, -- contact
    contacts.outcome, -- outcome of the contact
    visits.answered_count, -- visits that were answered
from core.contacts as contacts
inner join visits on visits.contact_key = contacts.contact_key
where (contacts.outcome = 'answered') <> (visits.answered_count > 0)
