-- Attempts to reach an agent: each time a phone rang for a waiting contact.
-- grain: one row per agent and attempt
-- owner: team:data
with rings as (
    select
        callid,
        queue,
        visit_number,
        agent,
        event_at as ended_at,
        ring_s,
        case event when 'CONNECT' then 'answered' when 'RINGNOANSWER' then 'no_answer' else 'canceled' end as outcome,
    from core._asterisk_visit_events
    where event in ('CONNECT', 'RINGNOANSWER', 'RINGCANCELED') and agent is not null
),

keys as (
    select
        visit_key,
        contact_key,
        source_call_id,
        queue,
        row_number() over (partition by source_call_id, queue order by visit_seq) as visit_number,
    from core.queue_visits
    where outcome not in ('full', 'join_empty', 'closed', 'diverted') and source = 'asterisk_queue_log'
)

select
    k.visit_key, -- Visit for which it rang
    k.contact_key, -- Contact
    r.queue, -- Queue
    r.agent, -- Agent whose phone rang
    r.ended_at - to_seconds(coalesce(r.ring_s, 0)) as started_at, -- When it began to ring
    r.ended_at, -- When it was answered or stopped
    r.ring_s, -- How long it rang; null: not logged [unit: s]
    r.outcome, -- answered, no_answer or canceled
from rings as r
inner join keys as k
    on r.callid = k.source_call_id and r.queue = k.queue and r.visit_number = k.visit_number
