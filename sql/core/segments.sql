-- The timeline of each contact, cut where its state changes; for drawing one call.
-- grain: one row per stretch of a contact
-- owner: team:data
-- materialized: view
with stretches as (
    select
        contact_key,
        'ivr' as kind,
        cast(null as varchar) as queue,
        cast(null as varchar) as agent,
        arrived_at as started_at,
        case
            when ivr_s is not null then arrived_at + to_seconds(ivr_s)
            when queue_visit_count = 0 then ended_at
        end as ended_at,
        1 as segment_seq,
    from core.contacts
    where ivr_s > 0 or queue_visit_count = 0
    union all
    select
        contact_key,
        'queue' as kind,
        queue,
        cast(null as varchar) as agent,
        entered_at as started_at,
        greatest(coalesce(answered_at - to_seconds(coalesce(ring_s, 0)), left_at), entered_at) as ended_at,
        visit_seq * 10 + 2 as segment_seq,
    from core.queue_visits
    where outcome not in ('full', 'join_empty', 'closed', 'diverted')
    union all
    select
        contact_key,
        'ring' as kind,
        queue,
        agent,
        greatest(answered_at - to_seconds(ring_s), entered_at) as started_at,
        answered_at as ended_at,
        visit_seq * 10 + 3 as segment_seq,
    from core.queue_visits
    where answered_at is not null and ring_s > 0
    union all
    select
        contact_key,
        'talk' as kind,
        queue,
        agent,
        answered_at as started_at,
        coalesce(left_at, answered_at + to_seconds(talk_s + coalesce(hold_s, 0))) as ended_at,
        visit_seq * 10 + 4 as segment_seq,
    from core.queue_visits
    where answered_at is not null
    union all
    select
        contact_key,
        'transfer' as kind,
        queue,
        agent,
        left_at as started_at,
        left_at as ended_at,
        visit_seq * 10 + 5 as segment_seq,
    from core.queue_visits
    where transfer_type is not null and left_at is not null
    union all
    select
        contact_key,
        'wrap_up' as kind,
        queue,
        agent,
        left_at as started_at,
        left_at + to_seconds(wrap_s) as ended_at,
        visit_seq * 10 + 6 as segment_seq,
    from core.queue_visits
    where wrap_s > 0 and left_at is not null
)

select
    contact_key, -- Contact
    cast(segment_seq as bigint) as segment_seq, -- Order within the contact; numbers are left out where a visit lacks a part
    kind, -- ivr, queue, ring, talk, transfer (a moment) or wrap_up
    queue, -- Queue
    agent, -- Agent
    started_at, -- Begin
    ended_at, -- End; null: not logged
    (epoch_us(ended_at) - epoch_us(started_at)) / 1e6 as duration_s, -- Length; null: end not logged [unit: s]
from stretches
