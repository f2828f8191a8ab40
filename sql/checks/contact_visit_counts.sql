-- A contact counts as many visits to queues as it has, and its wait in queues is theirs together.
-- severity: fail
-- owner: team:data
-- part: contact_key
with visits as (
    select
        contact_key,
        count(*) as visit_count,
        sum(coalesce(wait_s, 0)) as wait_s
    from core.queue_visits
    group by contact_key
)

select
    contacts.contact_key, -- contact
    contacts.queue_visit_count, -- visits as the contact counts them
    coalesce(visits.visit_count, 0) as visit_count, -- visits there are
    contacts.queue_wait_s, -- wait as the contact has it
    visits.wait_s, -- wait of the visits together
from core.contacts as contacts
left join visits on visits.contact_key = contacts.contact_key
where contacts.queue_visit_count is distinct from coalesce(visits.visit_count, 0)
    or abs(coalesce(contacts.queue_wait_s, 0) - coalesce(visits.wait_s, 0)) > 0.000001
