-- One call of a source is one contact, whatever files it came in.
-- severity: fail
-- table: core.contacts
-- owner: team:data
-- part: contact_key
select
    source, -- source
    source_contact_id, -- the source's id of the contact
    count(*) as contact_count, -- contacts made of it
    min(contact_key) as first_contact_key, -- one of them
    max(contact_key) as last_contact_key, -- another
from core.contacts
group by source, source_contact_id
having count(*) > 1
