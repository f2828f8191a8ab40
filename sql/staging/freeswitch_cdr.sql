-- FreeSWITCH's records, times as instants: each leg once, however often and in how many formats it was written, and each event once.
-- grain: one row per leg of a call (by its uuid) or per distinct callcenter event
-- owner: team:data
with zone as (
    select timezone from settings.sources where source = 'freeswitch_cdr'
),

keyed as (
    select
        *,
        case
            when record = 'cdr' then concat_ws('|', 'cdr', uuid)
            else concat_ws(
                '|', 'event', action, epoch_us(event_at), coalesce(queue, ''), coalesce(agent, ''), coalesce(member_uuid, ''),
                member_session_uuid
            )
        end as record_id,
    from raw.freeswitch_cdr
),

ranked as (
    select
        *,
        min(segment_id) over (partition by record_id) as first_segment_id,
        -- JSON and XML say more than CSV; of two states of one record the longer is the later. The rest only makes it
        -- the same record whatever the order of the files.
        row_number() over (
            partition by record_id
            order by
                case layout when 'json' then 1 when 'xml' then 2 when 'csv_example' then 3 when 'csv_asterisk' then 4 else 5 end,
                ended_at desc nulls last, duration_s desc nulls last, billsec_s desc nulls last, cause nulls last, side nulls last,
                hold_s desc nulls last, event_at, start_local, answered_at, answer_local, bridged_at, originator_uuid, bleg_uuid,
                direction, caller_number, dialled_number, hangup_cause, last_app, queue, agent, member_uuid, member_session_uuid,
                joined_at, called_at, queue_answered_at, terminated_at, canceled_at, left_at, cancel_reason, transferred_at,
                transfer_type, transferred_to
        ) as record_number,
    from keyed
)

select
    r.record, -- cdr: a leg of a call; event: of a visit to a queue
    r.layout, -- Format that it was read from
    r.action, -- CC-Action of an event
    r.uuid, -- The leg's id
    r.originator_uuid, -- The a-leg's id, on a b-leg
    r.bleg_uuid, -- The b-leg's id, on an a-leg; CSV only
    coalesce(r.event_at, timezone(z.timezone, r.start_local)) as started_at, -- Start of the leg, or time of the event
    -- From the start and the lengths: in the hour that the clocks repeat, a local time of its own could be either.
    case
        when r.event_at is not null then r.answered_at
        when r.answer_local is not null
            then timezone(z.timezone, r.start_local) + to_seconds(r.duration_s - coalesce(r.billsec_s, 0))
    end as answered_at, -- Answer, by the dialplan or a person
    r.bridged_at, -- When it was first joined to another leg
    case
        when r.record = 'cdr'
            then coalesce(r.ended_at, coalesce(r.event_at, timezone(z.timezone, r.start_local)) + to_seconds(r.duration_s))
    end as ended_at, -- End of the leg
    r.duration_s, -- Length [unit: s]
    coalesce(r.billsec_s, (epoch_us(r.ended_at) - epoch_us(r.answered_at)) / 1e6) as billed_s, -- Length from the answer [unit: s]
    r.hold_s, -- Time on hold [unit: s]
    r.direction, -- inbound or outbound
    r.caller_number, -- Caller's number [pii]
    r.dialled_number, -- Number dialled
    r.hangup_cause, -- Why the leg, or the attempt of an event, ended
    r.last_app, -- Last application run
    r.side, -- member: the caller's side of a queue; agent: a leg to an agent
    r.queue, -- Queue
    r.agent, -- Agent [pii]
    r.member_uuid, -- Id of the visit
    r.member_session_uuid, -- Id of the caller's leg
    r.joined_at, -- When the caller entered the queue
    r.called_at, -- When the agent was called
    r.queue_answered_at, -- When the agent answered
    r.terminated_at, -- When their talk ended
    r.canceled_at, -- When the caller left unanswered
    r.left_at, -- When the caller left the queue, by an event
    r.cause, -- How the visit ended: answered or terminated, cancel
    r.cancel_reason, -- Why it was cancelled
    r.transferred_at, -- Last transfer
    r.transfer_type, -- blind or attended
    r.transferred_to, -- Where to
    r.first_segment_id as segment_id, -- Lake segment that the record was first read from
from ranked as r
cross join zone as z
where r.record_number = 1
