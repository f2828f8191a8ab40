-- Events of the few channels that entered one queue more than once, each given to its visit: the n-th time; and of the
-- visits that went on under another channel's id, given to the channel that entered.
-- What all others tell is in core._asterisk_calls: they have but one visit to each queue.
-- grain: one row per event of such a channel in such a queue
-- owner: team:data
-- changes: event_at
with several as (
    select callid, queue from core._asterisk_calls where entry_count > 1 and queue is not null
    union
    select entry_callid as callid, queue from core._asterisk_moved
    union
    select callid, queue from core._asterisk_moved
),

call_events as (
    select
        q.event_at,
        coalesce(m.entry_callid, q.callid) as callid,
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
        m.entry_callid is not null as is_moved,
    from staging.asterisk_queue_log as q
    inner join several as t on q.callid = t.callid and q.queue = t.queue
    -- What says when its wait began goes where that fits; a ring that says nothing, where it lies.
    left join core._asterisk_moved as m
        on
            q.callid = m.callid
            and q.queue = m.queue
            and q.event <> 'ENTERQUEUE'
            and case
                when q.wait_s is null then q.event_at between m.entered_at and m.last_event_at
                else abs(
                    epoch_us(q.event_at) / 1e6 - q.wait_s - coalesce(q.talk_s, 0) - epoch_us(m.entered_at) / 1e6
                ) <= 1
            end
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
        max(case when e.event = 'CONNECT' then e.event_at end) as answered_at,
    from call_events as e
    group by e.callid, e.queue, e.event_at
),

-- The log has whole seconds: whether, within one, the exit or the entry came first follows from who was inside before.
-- As many entries as ends in one second leave it as it was; an end too many says no more than one.
seconds_before as (
    select
        callid,
        queue,
        event_at,
        entry_count,
        coalesce(sum(entry_count) over (
            partition by callid, queue order by event_at rows between unbounded preceding and 1 preceding
        ), 0) as entries_before_count,
        max(case when entry_count > 0 then event_at end) over (
            partition by callid, queue order by event_at rows between unbounded preceding and 1 preceding
        ) as entered_before_at,
        max(answered_at) over (
            partition by callid, queue order by event_at rows between unbounded preceding and 1 preceding
        ) as answered_before_at,
        coalesce(last_value(case when entry_count <> end_count then entry_count > end_count end ignore nulls) over (
            partition by callid, queue order by event_at rows between unbounded preceding and 1 preceding
        ), false) as was_inside,
    from seconds
),

-- Of several ends in one second that comes first which tells of as long a stay as there was (one that tells nothing may be
-- it), else the longest; of equal ones that which fits whether the visit had been answered. Each entry comes after the end
-- of the visit before.
ranked as (
    select
        e.*,
        s.entry_count,
        s.entries_before_count,
        s.was_inside,
        -- Who has just come in or who was inside before: whose entry is nearer to the begin of the wait that the answer tells.
        s.was_inside and coalesce(
            abs((epoch_us(e.event_at) - epoch_us(s.entered_before_at)) / 1e6 - e.wait_s) <= e.wait_s, true
        ) as is_of_before,
        row_number() over (
            partition by e.callid, e.queue, e.event_at, case when e.event = 'ENTERQUEUE' then 1 when e.is_end then 2 else 3 end
            order by
                case
                    when e.event = 'ENTERQUEUE' then e.position_in
                    when s.was_inside then coalesce(abs(
                        (epoch_us(e.event_at) - epoch_us(s.entered_before_at)) / 1e6 - e.wait_s - coalesce(e.talk_s, 0)
                    ), 1.5)
                    else -e.wait_s - coalesce(e.talk_s, 0)
                end,
                case
                    when coalesce(s.answered_before_at >= s.entered_before_at, false) = (e.talk_s is not null) then 0
                    else 1
                end,
                e.event
        ) as second_seq,
    from call_events as e
    inner join seconds_before as s on e.callid = s.callid and e.queue = s.queue and e.event_at = s.event_at
),

numbered as (
    select
        *,
        cast(greatest(entries_before_count + case
            when event = 'ENTERQUEUE' then second_seq
            when is_end then least(case when was_inside then second_seq - 1 else second_seq end, entry_count)
            when case when event = 'CONNECT' then is_of_before else was_inside end then 0
            else entry_count
        end, 1) as integer) as visit_number,
    from ranked
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
    is_moved, -- Whether it was logged under another channel's id than the entry
from numbered
