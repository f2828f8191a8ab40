-- Visits of calls to queues, as queue_log tells them.
-- A transferred call stays answered; a visit whose ENTERQUEUE was not logged begins when its wait says that it began.
-- grain: one row per visit of a channel to a queue
-- owner: team:data
-- materialized: view
with visits_of_many as (
    select
        callid,
        queue,
        visit_number,
        bit_or(cast(case
            when event = 'ENTERQUEUE' then 1
            when event = 'CONNECT' then 2
            when event = 'COMPLETECALLER' then 4
            when event = 'COMPLETEAGENT' then 8
            when event in ('BLINDTRANSFER', 'TRANSFER') then 16
            when event = 'ATTENDEDTRANSFER' then 32
            when event in ('ABANDON', 'SYSCOMPAT', 'AGENTDUMP') then 64
            when event = 'EXITWITHKEY' then 128
            when event = 'EXITEMPTY' then 256
            when event = 'EXITWITHTIMEOUT' then 512
            when event = 'WITHDRAW' then 1024
            else 0
        end as smallint)) as meanings,
        min(case when event = 'ENTERQUEUE' then event_at end) as logged_entered_at,
        min(case when event = 'CONNECT' then event_at end) as logged_answered_at,
        max(case when is_end then event_at end) as ended_at,
        min(wait_s) as wait_s,
        max(talk_s) as talk_s,
        max(case when event = 'CONNECT' then ring_s end) as ring_s,
        max(case when event = 'CONNECT' then agent end) as connect_agent,
        max(case when is_end then agent end) as end_agent,
        min(position_in) as position_in,
        max(position_out) as position_out,
        max(transferred_to) as transferred_to,
        max(event_at) as last_event_at,
        max(case when is_moved then 1 else 0 end) as is_moved,
    from core._asterisk_visit_events
    group by callid, queue, visit_number
),

moved as (
    select entry_callid as callid, queue from core._asterisk_moved
    union
    select callid, queue from core._asterisk_moved
),

-- What had no end was cut off by the next restart; what was logged again after one lived on. Calls with an end and calls
-- without are read apart, so that the many are not kept to be joined with restarts.
gathered as (
    select
        c.callid, c.queue, 1 as visit_number, c.meanings, c.logged_entered_at, c.logged_answered_at, c.ended_at, c.wait_s,
        c.talk_s, c.ring_s, c.connect_agent, c.end_agent, c.position_in, c.position_out, c.transferred_to, 0 as is_moved,
        cast(null as timestamptz) as restarted_at,
    from core._asterisk_calls as c
    left join moved as m on c.callid = m.callid and c.queue = m.queue
    where c.entry_count <= 1 and c.queue is not null and m.callid is null and c.ended_at is not null
    union all
    select
        c.callid, c.queue, 1 as visit_number, c.meanings, c.logged_entered_at, c.logged_answered_at, c.ended_at, c.wait_s,
        c.talk_s, c.ring_s, c.connect_agent, c.end_agent, c.position_in, c.position_out, c.transferred_to, 0 as is_moved,
        r.restarted_at,
    from core._asterisk_calls as c
    left join moved as m on c.callid = m.callid and c.queue = m.queue
    left join core._asterisk_restarts as r
        on c.last_event_at < r.restarted_at and (r.since_at is null or c.last_event_at >= r.since_at)
    where c.entry_count <= 1 and c.queue is not null and m.callid is null and c.ended_at is null
    union all
    select
        c.callid, c.queue, c.visit_number, c.meanings, c.logged_entered_at, c.logged_answered_at, c.ended_at, c.wait_s,
        c.talk_s, c.ring_s, c.connect_agent, c.end_agent, c.position_in, c.position_out, c.transferred_to, c.is_moved,
        case when c.ended_at is null then r.restarted_at end as restarted_at,
    from visits_of_many as c
    left join core._asterisk_restarts as r
        on c.last_event_at < r.restarted_at and (r.since_at is null or c.last_event_at >= r.since_at)
),

judged as (
    select
        *,
        (meanings & 62) > 0 as is_answered,
        (meanings & 48) > 0 as is_transferred,
        -- Of several ends the last name by the alphabet, as good as any.
        case
            when (meanings & 1024) > 0 then 'withdrawn'
            when (meanings & 512) > 0 then 'timed_out'
            when (meanings & 256) > 0 then 'exited_empty'
            when (meanings & 128) > 0 then 'exited_by_key'
            when (meanings & 64) > 0 then 'abandoned'
        end as unanswered_outcome,
        wait_s as logged_wait_s,
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
    coalesce(ended_at, restarted_at) as left_at, -- When the visit ended; null: not logged
    case
        when is_answered or ended_at is not null
            then coalesce(logged_wait_s, (epoch_us(coalesce(answered_at, ended_at)) - epoch_us(logged_entered_at)) / 1e6)
    end as wait_s, -- Wait until the answer or the exit [unit: s]
    case when is_answered then ring_s end as ring_s, -- Ring of the answered attempt [unit: s]
    case when is_answered then talk_s end as talk_s, -- Talk [unit: s]
    case when is_answered then 'answered' else coalesce(unanswered_outcome, 'open') end as outcome, -- How the visit ended
    case when is_answered then coalesce(connect_agent, end_agent) end as agent, -- Agent who answered [pii]
    case
        when is_transferred then 'transfer'
        when (meanings & 8) > 0 then 'agent'
        when (meanings & 4) > 0 then 'caller'
        when is_answered then null
        when unanswered_outcome in ('abandoned', 'exited_by_key') then 'caller'
        when unanswered_outcome is not null then 'system'
    end as ended_by, -- Who ended it
    case when (meanings & 32) > 0 then 'attended' when (meanings & 16) > 0 then 'blind' end as transfer_type, -- blind or attended
    transferred_to, -- Extension of a blind transfer
    cast(position_in as bigint) as position_in, -- Position on joining
    cast(position_out as bigint) as position_out, -- Position on leaving
    case when logged_entered_at is null or is_moved = 1 or restarted_at is not null then nullif(concat_ws(
        ';',
        case when logged_entered_at is null then 'entry_from_wait' end,
        case when is_moved = 1 then 'callid_changed' end,
        case when restarted_at is not null then 'closed_by_restart' end
    ), '') end as repairs, -- Repairs that were applied
from timed
-- Rings or a wrap-up without an entry, an answer or an exit tell of no visit.
where coalesce(logged_entered_at, coalesce(answered_at, ended_at) - to_seconds(logged_wait_s)) is not null
