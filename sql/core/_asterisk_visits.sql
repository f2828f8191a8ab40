-- Visits of calls to queues, as queue_log tells them.
-- A transferred call stays answered; a visit whose ENTERQUEUE was not logged begins when its wait says that it began.
-- grain: one row per visit of a channel to a queue
-- owner: team:data
with gathered as (
    select
        callid,
        queue,
        visit_number,
        min(case when event = 'ENTERQUEUE' then event_at end) as logged_entered_at,
        min(case when event = 'CONNECT' then event_at end) as logged_answered_at,
        max(case when is_end = 1 then event_at end) as ended_at,
        max(case when event = 'CONNECT' then wait_s end) as connect_wait_s,
        max(case when is_end = 1 then wait_s end) as end_wait_s,
        max(talk_s) as talk_s,
        max(case when event = 'CONNECT' then ring_s end) as ring_s,
        max(case when event = 'CONNECT' then agent end) as connect_agent,
        max(case when is_end = 1 then agent end) as end_agent,
        min(position_in) as position_in,
        max(position_out) as position_out,
        max(transferred_to) as transferred_to,
        max(case when event = 'COMPLETEAGENT' then 1 else 0 end) as is_complete_agent,
        max(case when event = 'COMPLETECALLER' then 1 else 0 end) as is_complete_caller,
        max(case when event in ('BLINDTRANSFER', 'TRANSFER') then 1 else 0 end) as is_blind,
        max(case when event = 'ATTENDEDTRANSFER' then 1 else 0 end) as is_attended,
        max(case
            when event in ('ABANDON', 'SYSCOMPAT', 'AGENTDUMP') then 'abandoned'
            when event = 'EXITWITHTIMEOUT' then 'timed_out'
            when event = 'EXITWITHKEY' then 'exited_by_key'
            when event = 'EXITEMPTY' then 'exited_empty'
            when event = 'WITHDRAW' then 'withdrawn'
        end) as unanswered_outcome,
    from core._asterisk_visit_events
    group by callid, queue, visit_number
),

judged as (
    select
        *,
        is_complete_agent + is_complete_caller + is_blind + is_attended > 0 or logged_answered_at is not null as is_answered,
        coalesce(connect_wait_s, end_wait_s) as logged_wait_s,
    from gathered
),

timed as (
    select
        *,
        case when is_answered then coalesce(
            logged_answered_at, ended_at - to_seconds(talk_s), logged_entered_at + to_seconds(logged_wait_s)
        ) end as answered_at,
    from judged
)

select
    callid, -- Uniqueid of the caller's channel
    queue, -- Queue
    visit_number, -- Which visit of this channel to this queue
    coalesce(logged_entered_at, coalesce(answered_at, ended_at) - to_seconds(logged_wait_s)) as entered_at, -- When the caller entered the queue
    answered_at, -- When an agent answered
    ended_at as left_at, -- When the visit ended; null: not logged
    case
        when is_answered or ended_at is not null
            then coalesce(logged_wait_s, date_diff('second', logged_entered_at, coalesce(answered_at, ended_at)))
    end as wait_s, -- Wait until the answer or the exit [unit: s]
    case when is_answered then ring_s end as ring_s, -- Ring of the answered attempt [unit: s]
    case when is_answered then talk_s end as talk_s, -- Talk [unit: s]
    case when is_answered then 'answered' else coalesce(unanswered_outcome, 'open') end as outcome, -- How the visit ended
    case when is_answered then coalesce(connect_agent, end_agent) end as agent, -- Agent who answered [pii]
    case
        when is_blind + is_attended > 0 then 'transfer'
        when is_complete_agent = 1 then 'agent'
        when is_complete_caller = 1 then 'caller'
        when is_answered then null
        when unanswered_outcome in ('abandoned', 'exited_by_key') then 'caller'
        when unanswered_outcome is not null then 'system'
    end as ended_by, -- Who ended it
    case when is_attended = 1 then 'attended' when is_blind = 1 then 'blind' end as transfer_type, -- blind or attended
    transferred_to, -- Extension of a blind transfer
    position_in, -- Position on joining
    position_out, -- Position on leaving
    case when logged_entered_at is null then 'entry_from_wait' end as repairs, -- Repairs that were applied
from timed
-- Rings or a wrap-up without an entry, an answer or an exit tell of no visit.
where coalesce(logged_entered_at, coalesce(answered_at, ended_at) - to_seconds(logged_wait_s)) is not null
