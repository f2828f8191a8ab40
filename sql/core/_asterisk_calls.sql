-- What queue_log tells of each channel in each queue, gathered in one pass; visits and contacts are made of it.
-- grain: one row per channel and queue, and one per channel for what was logged without a queue
-- owner: team:data
-- window: first_event_at, last_event_at
-- key: callid
with call_events as (
    select
        callid,
        queue,
        event_at,
        agent,
        position_in,
        position_out,
        wait_s,
        talk_s,
        ring_s,
        caller_number,
        transferred_to,
        -- One bit a meaning, so that names are compared once, and one sum tells all that happened. Each sum costs
        -- memory for every call at once.
        cast(case
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
            when event in (
                'SCORE', 'DID', 'FULL', 'JOINEMPTY', 'JOINUNAVAIL', 'CLOSED', 'DIVERT_CA_RATIO', 'DIVERT_HOLDTIME'
            ) then 2048
            when event in ('AGENTLOGIN', 'AGENTLOGOFF', 'AGENTCALLBACKLOGIN', 'AGENTCALLBACKLOGOFF') then 4096
            else 0
        end as smallint) as meaning,
    from staging.asterisk_queue_log
    where callid is not null
)

select
    callid, -- Uniqueid of the caller's channel
    queue, -- Queue; null: logged without one
    bit_or(meaning) as meanings, -- What happened, a bit each: 1 entered, 2 answered, 4 caller hung up, 8 agent hung up, 16 blind and 32 attended transfer, 64 abandoned, 128 left by key, 256 left as no agent was there, 512 timed out, 1024 withdrawn, 2048 else a customer's call, 4096 an agent's log-in
    min(event_at) as first_event_at, -- First event
    max(event_at) as last_event_at, -- Last event
    count(case when meaning = 1 then 1 end) as entry_count, -- How often it entered the queue
    min(case when meaning = 1 then event_at end) as logged_entered_at, -- When it first entered
    min(case when meaning = 2 then event_at end) as logged_answered_at, -- When an agent answered
    max(case when meaning between 4 and 1024 then event_at end) as ended_at, -- When the visit ended
    min(wait_s) as wait_s, -- Wait, as the answer and the end both have it [unit: s]
    max(talk_s) as talk_s, -- Talk [unit: s]
    max(case when meaning = 2 then ring_s end) as ring_s, -- Ring of the answered attempt [unit: s]
    max(case when meaning = 2 then agent end) as connect_agent, -- Agent of the answer [pii]
    max(case when meaning between 4 and 1024 then agent end) as end_agent, -- Agent of the end [pii]
    min(try_cast(position_in as integer)) as position_in, -- Position on joining
    max(try_cast(position_out as integer)) as position_out, -- Position on leaving
    max(transferred_to) as transferred_to, -- Extension of a blind transfer
    max(caller_number) as caller_number, -- Caller's number [pii]
from call_events
group by callid, queue
