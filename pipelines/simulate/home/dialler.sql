-- Outbound calls: entries of campaign lists, and callbacks to those who asked for one.
select
    call as source_contact_id,
    dialled as arrived_at,
    case kind when 'callback' then 'callback' else 'voice' end as channel,
    'outbound' as direction,
    phone as caller_number,
    site,
    case when result = 'spoken' then talk_seconds end as talk_s,
    ended as ended_at,
    case result when 'spoken' then 'answered' else 'failed' end as outcome
from input
