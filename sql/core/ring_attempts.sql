-- Attempts to reach an agent: each time a phone rang for a waiting contact.
-- grain: one row per agent and attempt
-- owner: team:data
-- window: contact_key
with many as (
    select
        callid,
        queue,
    from core._asterisk_visit_events
    group by callid, queue
    union
    select callid, queue from core._asterisk_moved
),

visits as (
    select
        visit_key,
        contact_key,
        source_call_id,
        queue,
    from core.queue_visits
    where source = 'asterisk_queue_log' and outcome not in ('full', 'join_empty', 'closed', 'diverted')
),

rings as (
    select
        v.visit_key,
        v.contact_key,
        q.queue,
        q.agent,
        q.event,
        q.event_at,
        q.ring_s,
    from staging.asterisk_queue_log as q
    left join many as m on q.callid = m.callid and q.queue = m.queue
    inner join visits as v on q.callid = v.source_call_id and q.queue = v.queue
    where m.callid is null
    union all
    -- Of several visits of one channel to one queue the key tells which: core.queue_visits makes it so.
    select
        v.visit_key,
        v.contact_key,
        e.queue,
        e.agent,
        e.event,
        e.event_at,
        e.ring_s,
    from core._asterisk_visit_events as e
    inner join visits as v
        on
            e.callid = v.source_call_id
            and e.queue = v.queue
            and cast(md5_number(concat_ws('|', v.contact_key, e.callid, e.queue, e.visit_number)) as uuid) = v.visit_key
)

select
    visit_key, -- Visit for which it rang
    contact_key, -- Contact
    queue, -- Queue
    coalesce(n.agent, r.agent) as agent, -- Agent whose phone rang
    event_at - to_seconds(coalesce(ring_s, 0)) as started_at, -- When it began to ring
    event_at as ended_at, -- When it was answered or stopped
    ring_s, -- How long it rang; null: not logged [unit: s]
    case event when 'CONNECT' then 'answered' when 'RINGNOANSWER' then 'no_answer' else 'canceled' end as outcome, -- answered, no_answer or canceled
from rings as r
left join core._asterisk_agents as n on r.agent = n.written
where event in ('CONNECT', 'RINGNOANSWER', 'RINGCANCELED') and r.agent is not null
