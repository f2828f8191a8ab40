-- Events of calls in queues, each given to its visit: the n-th time that a channel entered a queue.
-- grain: one row per event of a call in a queue
-- owner: team:data
with call_events as (
    select
        event_at,
        callid,
        queue,
        agent,
        event,
        position_in,
        position_out,
        wait_s,
        talk_s,
        ring_s,
        bridged_callid,
        transferred_to,
        case when event in (
            'COMPLETEAGENT', 'COMPLETECALLER', 'ABANDON', 'EXITWITHTIMEOUT', 'EXITEMPTY', 'EXITWITHKEY', 'WITHDRAW',
            'BLINDTRANSFER', 'ATTENDEDTRANSFER', 'TRANSFER', 'SYSCOMPAT', 'AGENTDUMP'
        ) then 1 else 0 end as is_end,
    from staging.asterisk_queue_log
    where
        callid is not null
        and queue is not null
        and event in (
            'ENTERQUEUE', 'CONNECT', 'RINGNOANSWER', 'RINGCANCELED', 'COMPLETEAGENT', 'COMPLETECALLER', 'ABANDON',
            'EXITWITHTIMEOUT', 'EXITEMPTY', 'EXITWITHKEY', 'WITHDRAW', 'BLINDTRANSFER', 'ATTENDEDTRANSFER', 'TRANSFER',
            'SYSCOMPAT', 'AGENTDUMP', 'WRAPUPSTART'
        )
),

-- Few calls enter one queue twice; only they need their events counted through in order.
entered_twice as (
    select
        callid,
        queue,
    from call_events
    where event = 'ENTERQUEUE'
    group by callid, queue
    having count(*) > 1
),

seconds as (
    select
        e.callid,
        e.queue,
        e.event_at,
        sum(case when e.event = 'ENTERQUEUE' then 1 else 0 end) as entry_count,
        sum(e.is_end) as end_count,
    from call_events as e
    inner join entered_twice as t on e.callid = t.callid and e.queue = t.queue
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
        1 as visit_number,
    from call_events as e
    left join entered_twice as t on e.callid = t.callid and e.queue = t.queue
    where t.callid is null
    union all
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
    bridged_callid, -- Uniqueid of the member's channel
    transferred_to, -- Extension
    is_end, -- 1: the visit ends with this event
from numbered
