-- Attempts to reach an agent: each time a phone rang for a waiting contact.
-- grain: one row per agent and attempt
-- owner: team:data
with many as (
    select
        callid,
        queue,
    from core._asterisk_visit_events
    group by callid, queue
),

logged as (
    select
        q.callid,
        q.queue,
        1 as visit_number,
        q.agent,
        q.event,
        q.event_at,
        q.ring_s,
    from staging.asterisk_queue_log as q
    left join many as m on q.callid = m.callid and q.queue = m.queue
    where m.callid is null and q.callid is not null and q.queue is not null
    union all
    select
        callid,
        queue,
        visit_number,
        agent,
        event,
        event_at,
        ring_s,
    from core._asterisk_visit_events
),

rings as (
    select
        callid,
        queue,
        visit_number,
        agent,
        event_at as ended_at,
        ring_s,
        case event when 'CONNECT' then 'answered' when 'RINGNOANSWER' then 'no_answer' else 'canceled' end as outcome,
    from logged
    where event in ('CONNECT', 'RINGNOANSWER', 'RINGCANCELED') and agent is not null
),

-- The key of a visit as core.queue_visits makes it.
keys as (
    select
        md5(concat_ws('|', namespace, source_contact_id)) as contact_key,
        source_call_id,
        queue,
        visit_number,
    from core._visits
    where namespace = 'asterisk' and outcome not in ('full', 'join_empty', 'closed', 'diverted')
)

select
    md5(concat_ws('|', k.contact_key, k.source_call_id, k.queue, cast(k.visit_number as varchar))) as visit_key, -- Visit for which it rang
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
