-- Every visit to a queue belongs to a contact that is there.
-- severity: fail
-- owner: team:data
-- part: contact_key
select
    visits.visit_key, -- visit
    visits.contact_key, -- the contact that is missing
    visits.queue, -- queue
    visits.entered_at, -- when
from core.queue_visits as visits
left join core.contacts as contacts on contacts.contact_key = visits.contact_key
where contacts.contact_key is null
