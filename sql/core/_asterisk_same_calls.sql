-- Calls that are one contact though neither their ids nor CEL or CDR say so: those of core._asterisk_moved.
-- grain: one row per call, which is a linkedid, or a callid where no CEL or CDR tells of it
-- owner: team:data
-- changes: seen_at
with members as (
    select
        callid as contact_callid,
        entry_callid as callid,
    from core._asterisk_moved
    union
    select
        callid as contact_callid,
        callid,
    from core._asterisk_moved
),

first_events as (
    select
        m.contact_callid,
        m.callid,
        min(c.first_event_at) as first_event_at,
    from members as m
    inner join core._asterisk_calls as c on m.callid = c.callid
    group by m.contact_callid, m.callid
),

numbered as (
    select
        f.contact_callid,
        f.callid,
        f.first_event_at,
        u.linkedid,
        coalesce(u.linkedid, f.callid) as call_id,
        row_number() over (
            partition by f.contact_callid
            order by
                case when u.linkedid is null then 1 else 0 end,
                case when f.callid = f.contact_callid then 0 else 1 end,
                f.first_event_at, f.callid
        ) as linked_seq,
        row_number() over (partition by f.contact_callid order by f.first_event_at, f.callid) as event_seq,
        count(u.linkedid) over (partition by f.contact_callid) as linked_count,
    from first_events as f
    left join staging.asterisk_channels as u on f.callid = u.uniqueid
),

-- The customer's linkedid, else another's; without any the callid that was logged first, which names the contact.
targets as (
    select
        contact_callid,
        call_id as contact_call_id,
    from numbered
    where case when linked_count > 0 then linked_seq = 1 else event_seq = 1 end
),

mapped as (
    select
        n.call_id,
        min(t.contact_call_id) as contact_call_id,
        min(n.first_event_at) as seen_at,
    from numbered as n
    inner join targets as t on n.contact_callid = t.contact_callid
    group by n.call_id
)

select
    m.call_id, -- Linkedid or callid
    m.contact_call_id, -- The one that its contact goes by; may be itself
    m.seen_at, -- When it was first logged
from mapped as m
-- Only what ends somewhere: a call that is another's stays so.
left join mapped as o on m.contact_call_id = o.call_id and o.contact_call_id <> o.call_id
where o.call_id is null
