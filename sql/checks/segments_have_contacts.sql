-- Every stretch of a timeline belongs to a contact that is there.
-- severity: fail
-- owner: team:data
-- part: contact_key
select
    segments.contact_key, -- the contact that is missing
    segments.segment_seq, -- place in the timeline
    segments.kind, -- kind
from core.segments as segments
left join core.contacts as contacts on contacts.contact_key = segments.contact_key
where contacts.contact_key is null
