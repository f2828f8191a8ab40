-- Every ring at an agent's place belongs to a visit that is there, and to the same contact.
-- severity: fail
-- owner: team:data
-- part: contact_key
select
    rings.visit_key, -- the visit
    rings.contact_key, -- contact of the ring
    visits.contact_key as visit_contact_key, -- contact of the visit, null where there is no visit
    rings.agent, -- agent
    rings.started_at, -- when
from core.ring_attempts as rings
left join core.queue_visits as visits on visits.visit_key = rings.visit_key
where visits.contact_key is distinct from rings.contact_key
