-- Calls that the hosted menu served by itself; those that it passed on are the telephone systems' to tell.
select
    session as source_contact_id,
    began as arrived_at,
    'voice' as channel,
    'inbound' as direction,
    caller as caller_number,
    dialled as dialled_number,
    site,
    ended as ended_at,
    'contained_in_ivr' as outcome
from input
where result = 'served'
