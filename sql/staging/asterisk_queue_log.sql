-- Events of Asterisk's queue_log, each distinct line once, with the parameters taken apart as app_queue.c writes them.
-- grain: one row per distinct line of queue_log
-- owner: team:data
-- window: event_at
-- sliced: yes
with distinct_lines as (
    -- Where what was read tells that no line can be in it twice, there is nothing to compare: it takes a fifth of the time.
    select
        event_at,
        callid,
        queue,
        agent,
        event,
        data,
        segment_id,
    from raw.asterisk_queue_log
    where
        event_at >= getvariable('window_start')
        and event_at <= getvariable('window_end')
        and getvariable('window_repeats') = 'no'
    union all
    select
        event_at,
        callid,
        queue,
        agent,
        event,
        data,
        min(segment_id) as segment_id,
    from raw.asterisk_queue_log
    where
        event_at >= getvariable('window_start')
        and event_at <= getvariable('window_end')
        and coalesce(getvariable('window_repeats'), 'yes') = 'yes'
    group by event_at, callid, queue, agent, event, data
),

apart as (
    select
        *,
        string_split(data, '|') as p,
    from distinct_lines
)

select
    event_at, -- When it was written, whole seconds
    case when callid not in ('NONE', 'REALTIME', 'MANAGER', 'CLI', '') then callid end as callid, -- Uniqueid of the caller's channel; null for events of no call
    case when queue not in ('NONE', '') then queue end as queue, -- Queue; null for events of all queues
    case when agent not in ('NONE', '') then agent end as agent, -- Member name, or interface where Asterisk logs that [pii]
    event, -- Event name as written
    case
        when event not in (
            'ENTERQUEUE', 'CONNECT', 'COMPLETEAGENT', 'COMPLETECALLER', 'ABANDON', 'EXITWITHTIMEOUT', 'RINGNOANSWER',
            'RINGCANCELED'
        ) then data
    end as data, -- The parameters as written, with their pipes; null where the columns below hold them all
    try_cast(case
        when event = 'ENTERQUEUE' then p[3]
        when event in ('COMPLETEAGENT', 'COMPLETECALLER') then p[3]
        when event in ('ABANDON', 'EXITWITHTIMEOUT', 'EXITEMPTY', 'WITHDRAW') then p[2]
        when event = 'EXITWITHKEY' then p[3]
    end as bigint) as position_in, -- Position in the queue on joining
    try_cast(case
        when event in ('ABANDON', 'EXITWITHTIMEOUT', 'EXITEMPTY', 'WITHDRAW') then p[1]
        when event = 'EXITWITHKEY' then p[2]
    end as bigint) as position_out, -- Position in the queue on leaving unanswered
    try_cast(case
        when event in ('CONNECT', 'COMPLETEAGENT', 'COMPLETECALLER') then p[1]
        when event in ('ABANDON', 'EXITWITHTIMEOUT', 'EXITEMPTY', 'WITHDRAW') then p[3]
        when event in ('BLINDTRANSFER', 'TRANSFER') then p[3]
        when event = 'EXITWITHKEY' then p[4]
        when event = 'ATTENDEDTRANSFER' and data like 'LINK|%' then p[4]
        when event = 'ATTENDEDTRANSFER' then p[3]
    end as double) as wait_s, -- Waiting time up to the answer or the exit [unit: s]
    try_cast(case
        when event in ('COMPLETEAGENT', 'COMPLETECALLER') then p[2]
        when event in ('BLINDTRANSFER', 'TRANSFER') then p[4]
        when event = 'ATTENDEDTRANSFER' and data like 'LINK|%' then p[5]
        when event = 'ATTENDEDTRANSFER' then p[4]
    end as double) as talk_s, -- Time from the answer to the end or the transfer [unit: s]
    case
        when event = 'CONNECT' then try_cast(p[3] as double)
        when event in ('RINGNOANSWER', 'RINGCANCELED') then try_cast(p[1] as double) / 1000
    end as ring_s, -- How long the member's phone rang; CONNECT logs seconds, the others milliseconds [unit: s]
    case when event = 'ENTERQUEUE' then nullif(p[2], '') end as caller_number, -- Caller's number as presented [pii]
    case when event in ('BLINDTRANSFER', 'TRANSFER') then nullif(p[1], '') end as transferred_to, -- Extension of a blind transfer
    segment_id, -- Lake segment that the line was first read from
from apart
