-- Visits that queue_log begins under one channel's id and goes on with under another's: an attended transfer of a waiting
-- call puts the customer's channel into the place of the transferring one.
-- Told for sure by the queue and the wait: the rest, which no entry belongs to, says that it began when the entry, which no
-- end belongs to, was logged. Where several fit, the linkedid of CEL or CDR decides; else they stay apart.
-- grain: one row per such visit
-- owner: team:data
-- changes: entered_at, last_event_at
with entries as (
    select
        callid as entry_callid,
        queue,
        logged_entered_at as entered_at,
        position_in,
    from core._asterisk_calls
    where entry_count = 1 and (meanings & 2046) = 0 and queue is not null
),

rests as (
    select
        q.callid,
        q.queue,
        q.event_at,
        q.position_in,
        s.logged_entered_at,
        q.event_at - to_seconds(q.wait_s + coalesce(q.talk_s, 0)) as entered_at,
    from staging.asterisk_queue_log as q
    inner join core._asterisk_loose_ends as s on q.callid = s.callid and q.queue = s.queue
    where q.wait_s is not null
),

pairs as (
    select
        e.entry_callid,
        e.queue,
        e.entered_at,
        r.callid,
        min(r.event_at) as first_event_at,
        max(r.event_at) as last_event_at,
    from entries as e
    inner join rests as r
        on
            e.queue = r.queue
            and e.entry_callid <> r.callid
            and r.entered_at between e.entered_at - to_seconds(1) and e.entered_at + to_seconds(1)
    where
        coalesce(e.position_in = r.position_in, true)
        and (r.logged_entered_at is null or abs(epoch_us(r.logged_entered_at) - epoch_us(r.entered_at)) > 1e6)
    group by e.entry_callid, e.queue, e.entered_at, r.callid
),

judged as (
    select
        p.*,
        coalesce(a.linkedid = b.linkedid, false) as is_linked,
        count(*) over (partition by p.entry_callid, p.queue) as rest_count,
        count(*) over (partition by p.callid, p.queue, p.first_event_at) as entry_count,
        sum(case when a.linkedid = b.linkedid then 1 else 0 end) over (partition by p.entry_callid, p.queue) as linked_rest_count,
        sum(case when a.linkedid = b.linkedid then 1 else 0 end) over (
            partition by p.callid, p.queue, p.first_event_at
        ) as linked_entry_count,
    from pairs as p
    left join staging.asterisk_channels as a on p.entry_callid = a.uniqueid
    left join staging.asterisk_channels as b on p.callid = b.uniqueid
),

sure as (
    select *
    from judged
    where
        rest_count = 1 and entry_count = 1
        or is_linked and linked_rest_count = 1 and linked_entry_count = 1
),

-- One more of the same channel in the same queue could not be told from it.
counted as (
    select
        *,
        count(*) over (partition by callid, queue) as moved_count,
    from sure
)

select
    c.entry_callid, -- Uniqueid that the entry was logged under
    c.queue, -- Queue
    c.entered_at, -- When it entered
    c.callid, -- Uniqueid of the customer's channel, which all else was logged under
    c.last_event_at, -- Last event that the visit is known by
from counted as c
left join counted as m on c.callid = m.entry_callid
where c.moved_count = 1 and m.entry_callid is null
