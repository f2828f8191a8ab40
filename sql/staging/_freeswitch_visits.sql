-- Visits to FreeSWITCH's queues, from the CDR variables of mod_callcenter and from its events: whichever came, or both.
-- The variables of a CDR know only the last visit of a call; earlier ones are known where the events are.
-- grain: one row per visit of a member to a queue
-- owner: team:data
with cdr_visits as (
    select
        coalesce(member_session_uuid, uuid) as contact_id,
        coalesce(member_uuid, concat_ws('|', queue, epoch_us(joined_at))) as visit_id,
        max(queue) as queue,
        min(joined_at) as joined_at,
        -- Variables outlive the visit that set them: after an answered visit a cancelled one still has an answer and an agent.
        max(case when coalesce(cause, 'answered') = 'answered' and queue_answered_at >= joined_at then queue_answered_at end)
            as answered_at,
        max(case when cause = 'answered' and bridged_at >= joined_at then bridged_at end) as bridged_at,
        max(case when coalesce(cause, 'answered') = 'answered' and queue_answered_at >= joined_at then terminated_at end)
            as terminated_at,
        max(case when coalesce(cause, 'cancel') = 'cancel' and canceled_at >= joined_at then canceled_at end) as canceled_at,
        max(ended_at) as call_ended_at,
        max(case when coalesce(cause, 'answered') = 'answered' then agent end) as agent,
        max(hold_s) as hold_s,
        max(cause) as cause,
        max(case when cause = 'cancel' then cancel_reason end) as cancel_reason,
        max(transferred_at) as transferred_at,
        max(transfer_type) as transfer_type,
        max(transferred_to) as transferred_to,
    from staging.freeswitch_cdr
    where record = 'cdr' and side = 'member' and queue is not null and joined_at is not null
    group by coalesce(member_session_uuid, uuid), coalesce(member_uuid, concat_ws('|', queue, epoch_us(joined_at)))
),

events as (
    select
        *,
        action in ('bridge-agent-start', 'bridge-agent-end') or coalesce(cause, '') = 'terminated' as has_answer,
    from staging.freeswitch_cdr
    where record = 'event' and queue is not null
),

event_visits as (
    select
        member_session_uuid as contact_id,
        coalesce(member_uuid, concat_ws('|', queue, epoch_us(joined_at))) as visit_id,
        max(queue) as queue,
        coalesce(min(joined_at), min(started_at)) as joined_at,
        count(joined_at) = 0 as is_joined_unknown,
        max(case when has_answer then queue_answered_at end) as answered_at,
        max(case when has_answer then called_at end) as called_at,
        max(case when has_answer then agent end) as agent,
        coalesce(max(case when has_answer then terminated_at end), max(left_at)) as left_at,
        case when max(case when has_answer then 1 end) = 1 then 'answered' else max(cause) end as cause,
        max(case when cause = 'cancel' then cancel_reason end) as cancel_reason,
        max(caller_number) as caller_number,
        max(dialled_number) as dialled_number,
    from events
    group by member_session_uuid, coalesce(member_uuid, concat_ws('|', queue, epoch_us(joined_at)))
),

-- Of the legs to several agents the one that answered.
agent_legs as (
    select
        member_session_uuid as contact_id,
        member_uuid as visit_id,
        min((epoch_us(answered_at) - epoch_us(started_at)) / 1e6) as ring_s,
    from staging.freeswitch_cdr
    where record = 'cdr' and side = 'agent' and answered_at >= started_at
    group by member_session_uuid, member_uuid
),

-- Both of one visit are one visit: the CDR's facts first, the events' where it has none.
visits as (
    select
        coalesce(c.contact_id, e.contact_id) as contact_id,
        coalesce(c.visit_id, e.visit_id) as visit_id,
        coalesce(c.queue, e.queue) as queue,
        coalesce(c.joined_at, e.joined_at) as joined_at,
        c.contact_id is null and e.is_joined_unknown as is_joined_unknown,
        coalesce(c.cause, e.cause, case
            when c.answered_at is not null then 'answered' when c.canceled_at is not null then 'cancel'
        end) as cause,
        coalesce(c.cancel_reason, e.cancel_reason) as cancel_reason,
        coalesce(c.answered_at, e.answered_at) as agent_answered_at,
        coalesce(c.answered_at, e.answered_at, c.bridged_at) as answered_at,
        coalesce(c.terminated_at, c.canceled_at, e.left_at, c.call_ended_at) as left_at,
        c.call_ended_at,
        coalesce(c.agent, e.agent) as agent,
        (epoch_us(e.answered_at) - epoch_us(e.called_at)) / 1e6 as ring_s,
        c.hold_s,
        c.transferred_at,
        c.transfer_type,
        c.transferred_to,
        e.caller_number,
        e.dialled_number,
    from cdr_visits as c
    full outer join event_visits as e on c.contact_id = e.contact_id and c.visit_id = e.visit_id
),

judged as (
    select
        *,
        case
            when cause is null then 'open'
            when cause = 'answered' and answered_at >= joined_at then 'answered'
            when cause = 'answered' then 'open'
            when cancel_reason = 'TIMEOUT' then 'timed_out'
            when cancel_reason = 'NO_AGENT_TIMEOUT' then 'exited_empty'
            when cancel_reason = 'EXIT_WITH_KEY' then 'exited_by_key'
            -- NONE, BREAK_OUT, or nothing: the caller hung up.
            else 'abandoned'
        end as outcome,
    from visits
)

select
    j.contact_id, -- Id of the caller's leg
    j.visit_id, -- mod_callcenter's id of the visit
    j.queue, -- Queue
    j.joined_at, -- When the caller entered the queue
    case when j.outcome = 'answered' then j.answered_at end as answered_at, -- When the agent answered
    case
        when j.outcome = 'open' then null
        when j.left_at >= case when j.outcome = 'answered' then j.answered_at else j.joined_at end then j.left_at
        when j.call_ended_at >= case when j.outcome = 'answered' then j.answered_at else j.joined_at end then j.call_ended_at
    end as left_at, -- When talk or wait ended
    j.outcome, -- How the visit ended
    case when j.outcome = 'answered' then j.agent end as agent, -- Agent who answered [pii]
    case when j.outcome = 'answered' then coalesce(j.ring_s, a.ring_s) end as ring_s, -- Ring of the answered attempt [unit: s]
    j.hold_s, -- Time on hold of the whole call; null where only events are known [unit: s]
    -- The dialplan's own transfers, before the queue, look the same but for their time.
    coalesce(
        j.outcome = 'answered' and j.transferred_at >= j.answered_at and j.transferred_at <= j.left_at + interval 2 seconds, false
    ) as is_transferred, -- Whether the talk ended in a transfer
    j.transfer_type, -- blind or attended
    j.transferred_to, -- Where to
    j.caller_number, -- Caller's number, by an event [pii]
    j.dialled_number, -- Number dialled, by an event
    nullif(concat_ws(
        ';',
        case when j.outcome = 'answered' and j.agent_answered_at is null then 'answer_time_from_bridge' end,
        case when j.cause = 'answered' and j.outcome = 'open' then 'answer_time_unknown' end,
        case when j.is_joined_unknown then 'entered_at_first_event' end
    ), '') as repairs, -- Repairs that were applied, separated by semicolons
from judged as j
left join agent_legs as a on j.contact_id = a.contact_id and j.visit_id = a.visit_id
