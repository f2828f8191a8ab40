-- Calls that Asterisk saw and that are customers' contacts: queue_log, CEL and CDR put together by linkedid.
-- A call that queue_log does not know is a contact if it came into a context from which others reach Queue() (or one that
-- callwright.toml names), and no agent's log-in.
-- grain: one row per contact
-- owner: team:data
-- window: seen_from_at, seen_to_at
with logged as (
    select
        callid,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at,
        min(logged_entered_at) as entered_at,
        max(caller_number) as caller_number,
        bit_or(meanings) as meanings,
        sum(case when queue is not null then greatest(entry_count, 1) else 0 end) as visit_count,
    from core._asterisk_calls
    group by callid
),

-- What the router and the dialplan wrote beside it.
notes as (
    select
        callid,
        max(case when event = 'SCORE' then split_part(data, '|', 1) end) as tier,
        max(case when event = 'SCORE' then try_cast(split_part(data, '|', 2) as double) end) as priority,
        max(case when event = 'DID' then split_part(data, '|', 1) end) as did,
    from staging.asterisk_queue_log
    where callid is not null and event in ('SCORE', 'DID')
    group by callid
),

-- What was logged of a waiting call before it changed its id: the caller there is not the customer.
transferring as (
    select entry_callid as callid from core._asterisk_moved group by entry_callid
),

-- Channels that CEL or CDR put into a call, and those that give their id to one; all others in queue_log are their call.
linked as (
    select
        uniqueid as callid,
        linkedid,
        is_agent_login,
    from staging.asterisk_channels
    union
    select
        c.linkedid as callid,
        c.linkedid,
        false as is_agent_login,
    from staging.asterisk_channels as c
    left join staging.asterisk_channels as u on c.linkedid = u.uniqueid
    where c.linkedid is not null and u.uniqueid is null
),

contact_callids as (
    select
        coalesce(s.contact_call_id, c.linkedid) as linked_id,
        l.callid,
        l.first_event_at,
        l.last_event_at,
        l.entered_at,
        case when t.callid is null then l.caller_number end as caller_number,
        l.visit_count,
        n.tier,
        n.priority,
        n.did,
    from logged as l
    left join linked as c on l.callid = c.callid
    left join core._asterisk_same_calls as s on coalesce(c.linkedid, l.callid) = s.call_id
    left join transferring as t on l.callid = t.callid
    left join notes as n on l.callid = n.callid
    where (l.meanings & 4095) > 0 and (l.meanings & 4096) = 0 and coalesce(not c.is_agent_login, true)
),

numbered as (
    select
        *,
        row_number() over (partition by linked_id order by first_event_at, callid) as callid_seq,
    from contact_callids
    where linked_id is not null
),

from_log as (
    select
        linked_id,
        max(case when callid_seq = 1 then callid end) as first_callid,
        min(first_event_at) as first_event_at,
        max(last_event_at) as last_event_at,
        min(entered_at) as entered_at,
        -- Of the first call that has one: a consulted transfer brings the agent's extension into the contact.
        min_by(caller_number, case when caller_number is not null then callid_seq end) as caller_number,
        sum(visit_count) as visit_count,
        max(tier) as tier,
        max(priority) as priority,
        max(did) as did,
    from numbered
    group by linked_id
    union all
    select
        linked_id,
        callid as first_callid,
        first_event_at,
        last_event_at,
        entered_at,
        caller_number,
        visit_count,
        tier,
        priority,
        did,
    from contact_callids
    where linked_id is null
),

refused as (
    select
        coalesce(s.contact_call_id, c.linkedid, b.callid) as linked_id,
        count(*) as visit_count,
    from core._asterisk_blocked as b
    left join staging.asterisk_channels as c on b.callid = c.uniqueid
    left join core._asterisk_same_calls as s on coalesce(c.linkedid, b.callid) = s.call_id
    group by coalesce(s.contact_call_id, c.linkedid, b.callid)
),

calls_on_channels as (
    select
        coalesce(s.contact_call_id, c.linkedid) as linked_id,
        min(c.started_at) as started_at,
        max(c.ended_at) as ended_at,
        min(c.seen_from_at) as seen_from_at,
        max(c.seen_to_at) as seen_to_at,
        min(case when i.context is not null then c.exten end) as dialled_number,
        coalesce(max(case when i.context is not null then c.caller_number end), max(c.caller_number)) as caller_number,
        min(case when c.ran_queue then c.uniqueid end) as queue_callid,
        max(case when c.is_agent_login then 1 else 0 end) as is_agent_login,
        max(case when i.context is not null then 1 else 0 end) as is_inbound,
        min(c.source) as source,
    from staging.asterisk_channels as c
    left join core._asterisk_same_calls as s on c.linkedid = s.call_id
    left join core._asterisk_contexts as i on c.context = i.context
    group by coalesce(s.contact_call_id, c.linkedid)
)

select
    cast(md5_number(concat_ws('|', 'asterisk', coalesce(l.first_callid, c.queue_callid, c.linked_id))) as uuid) as contact_key, -- Key of the contact
    case when l.first_callid is not null then 'asterisk_queue_log' else c.source end as source, -- Source that knows the contact best
    coalesce(l.first_callid, c.queue_callid, c.linked_id) as source_contact_id, -- First callid in queue_log, else the channel that ran Queue(), else the linkedid
    c.linked_id, -- Linkedid of the call; null: no CEL or CDR tells of it
    coalesce(l.did, c.dialled_number) as dialled_number, -- Number or extension dialled
    coalesce(l.caller_number, c.caller_number) as caller_number, -- Caller's number [pii]
    -- A CEL or CDR in another zone than the settings say must not move a contact: queue_log is in UTC whatever happens.
    case
        when l.first_callid is null then c.started_at
        when c.started_at < l.first_event_at and epoch_us(l.first_event_at) - epoch_us(c.started_at) < 3600 * 1e6 then c.started_at
        else l.first_event_at
    end as arrived_at, -- First sign of the contact
    case
        when l.first_callid is null then c.ended_at
        when c.ended_at > l.last_event_at and epoch_us(c.ended_at) - epoch_us(l.last_event_at) < 14400 * 1e6 then c.ended_at
        else l.last_event_at
    end as ended_at, -- Last sign of the contact
    l.entered_at, -- First time in a queue
    -- Who ran Queue() and is neither in the log nor among the refused: the log does not reach that far. Without any log
    -- nothing is known of anybody's end.
    case
        when c.queue_callid is not null and l.entered_at is null or not g.has_entries then 'open'
        else 'abandoned_in_ivr'
    end as outcome_without_visit, -- Outcome if it came to no queue
    cast(coalesce(l.visit_count, 0) + coalesce(r.visit_count, 0) as bigint) as visit_count, -- How many visits to queues it has at most, refusals included
    l.tier, -- Value tier that the router was told
    l.priority, -- Priority that the router was told
    least(l.first_event_at, c.seen_from_at) as seen_from_at, -- First sign of any part of it, by whatever clock
    greatest(l.last_event_at, c.seen_to_at) as seen_to_at, -- Last sign of any part of it
from from_log as l
full join calls_on_channels as c on l.linked_id = c.linked_id
left join refused as r on coalesce(l.linked_id, c.linked_id, l.first_callid) = r.linked_id
cross join core._asterisk_log as g
where l.first_callid is not null or (c.is_inbound = 1 and c.is_agent_login = 0)
