-- Events of the few channels that entered one queue more than once, each given to its visit: the n-th time.
-- What all others tell is in core._asterisk_calls: they have but one visit to each queue.
-- grain: one row per event of such a channel in such a queue
-- owner: team:data
with entered_twice as (
    select
        callid,
        queue,
    from core._asterisk_calls
    where entry_count > 1 and queue is not null
),

call_events as (
    select
        q.event_at,
        q.callid,
        q.queue,
        q.agent,
        q.event,
        q.position_in,
        q.position_out,
        q.wait_s,
        q.talk_s,
        q.ring_s,
        q.transferred_to,
        case when q.event in (
            'COMPLETEAGENT', 'COMPLETECALLER', 'ABANDON', 'EXITWITHTIMEOUT', 'EXITEMPTY', 'EXITWITHKEY', 'WITHDRAW',
            'BLINDTRANSFER', 'ATTENDEDTRANSFER', 'TRANSFER', 'SYSCOMPAT', 'AGENTDUMP'
        ) then true else false end as is_end,
    from staging.asterisk_queue_log as q
    inner join entered_twice as t on q.callid = t.callid and q.queue = t.queue
    where
        q.event in (
            'ENTERQUEUE', 'CONNECT', 'RINGNOANSWER', 'RINGCANCELED', 'COMPLETEAGENT', 'COMPLETECALLER', 'ABANDON',
            'EXITWITHTIMEOUT', 'EXITEMPTY', 'EXITWITHKEY', 'WITHDRAW', 'BLINDTRANSFER', 'ATTENDEDTRANSFER', 'TRANSFER',
            'SYSCOMPAT', 'AGENTDUMP', 'WRAPUPSTART'
        )
),

seconds as (
    select
        e.callid,
        e.queue,
        e.event_at,
        sum(case when e.event = 'ENTERQUEUE' then 1 else 0 end) as entry_count,
        sum(case when e.is_end then 1 else 0 end) as end_count,
    from call_events as e
    group by e.callid, e.queue, e.event_at
),

-- The log has whole seconds: whether, within one, the exit or the entry came first follows from who was inside before.
seconds_before as (
    select
        callid,
        queue,
        event_at,
        entry_count,
        coalesce(sum(entry_count) over (
            partition by callid, queue order by event_at rows between unbounded preceding and 1 preceding
        ), 0) as entries_before_count,
        coalesce(sum(entry_count - end_count) over (
            partition by callid, queue order by event_at rows between unbounded preceding and 1 preceding
        ), 0) as inside_before_count,
    from seconds
),

numbered as (
    select
        e.*,
        cast(greatest(s.entries_before_count + case
            when e.event = 'ENTERQUEUE' then row_number() over (
                partition by e.callid, e.queue, e.event_at, e.event order by e.position_in
            )
            when s.inside_before_count > 0 then 0
            else s.entry_count
        end, 1) as integer) as visit_number,
    from call_events as e
    inner join seconds_before as s on e.callid = s.callid and e.queue = s.queue and e.event_at = s.event_at
)

select
    callid, -- Uniqueid of the caller's channel
    queue, -- Queue
    visit_number, -- Which visit of this channel to this queue
    event_at, -- When
    event, -- Event name
    agent, -- Member [pii]
    position_in, -- Position on joining
    position_out, -- Position on leaving
    wait_s, -- Wait so far [unit: s]
    talk_s, -- Talk [unit: s]
    ring_s, -- Ring [unit: s]
    transferred_to, -- Extension
    is_end, -- Whether the visit ends with this event
from numbered
