-- What queue_log tells of each channel in each queue, gathered in one pass; visits and contacts are made of it.
-- grain: one row per channel and queue, and one per channel for what was logged without a queue
-- owner: team:data
with call_events as (
    select
        callid,
        queue,
        event_at,
        agent,
        event,
        data,
        position_in,
        position_out,
        wait_s,
        talk_s,
        ring_s,
        caller_number,
        transferred_to,
        -- What an event says of the visit, so that its name is compared once and not in each sum.
        case
            when event = 'ENTERQUEUE' then 1
            when event = 'CONNECT' then 2
            when event in ('RINGNOANSWER', 'RINGCANCELED') then 3
            when event = 'COMPLETECALLER' then 10
            when event = 'COMPLETEAGENT' then 11
            when event = 'ABANDON' then 20
            when event in ('BLINDTRANSFER', 'TRANSFER') then 12
            when event = 'ATTENDEDTRANSFER' then 13
            when event = 'EXITWITHTIMEOUT' then 21
            when event = 'EXITWITHKEY' then 22
            when event = 'EXITEMPTY' then 23
            when event = 'WITHDRAW' then 24
            when event in ('SYSCOMPAT', 'AGENTDUMP') then 20
            when event = 'SCORE' then 4
            when event = 'DID' then 5
            when event in ('FULL', 'JOINEMPTY', 'JOINUNAVAIL', 'CLOSED', 'DIVERT_CA_RATIO', 'DIVERT_HOLDTIME') then 6
            when event in ('AGENTLOGIN', 'AGENTLOGOFF', 'AGENTCALLBACKLOGIN', 'AGENTCALLBACKLOGOFF') then 7
            else 8
        end as kind,
    from staging.asterisk_queue_log
    where callid is not null
)

select
    callid, -- Uniqueid of the caller's channel
    queue, -- Queue; null: logged without one
    min(event_at) as first_event_at, -- First event
    max(event_at) as last_event_at, -- Last event
    sum(case when kind = 1 then 1 else 0 end) as entry_count, -- How often it entered the queue
    min(case when kind = 1 then event_at end) as logged_entered_at, -- When it first entered
    min(case when kind = 2 then event_at end) as logged_answered_at, -- When an agent answered
    max(case when kind >= 10 then event_at end) as ended_at, -- When the visit ended
    max(case when kind = 2 then wait_s end) as connect_wait_s, -- Wait, as the answer has it [unit: s]
    max(case when kind >= 10 then wait_s end) as end_wait_s, -- Wait, as the end has it [unit: s]
    max(talk_s) as talk_s, -- Talk [unit: s]
    max(case when kind = 2 then ring_s end) as ring_s, -- Ring of the answered attempt [unit: s]
    max(case when kind = 2 then agent end) as connect_agent, -- Agent of the answer [pii]
    max(case when kind >= 10 then agent end) as end_agent, -- Agent of the end [pii]
    min(position_in) as position_in, -- Position on joining
    max(position_out) as position_out, -- Position on leaving
    max(transferred_to) as transferred_to, -- Extension of a blind transfer
    max(case when kind = 11 then 1 else 0 end) as is_complete_agent, -- 1: the agent hung up
    max(case when kind = 10 then 1 else 0 end) as is_complete_caller, -- 1: the caller hung up
    max(case when kind = 12 then 1 else 0 end) as is_blind, -- 1: transferred blindly
    max(case when kind = 13 then 1 else 0 end) as is_attended, -- 1: transferred after a word
    max(case
        when kind = 20 then 'abandoned'
        when kind = 21 then 'timed_out'
        when kind = 22 then 'exited_by_key'
        when kind = 23 then 'exited_empty'
        when kind = 24 then 'withdrawn'
    end) as unanswered_outcome, -- How it ended without an answer
    max(caller_number) as caller_number, -- Caller's number [pii]
    max(case when kind = 4 then split_part(data, '|', 1) end) as tier, -- Value tier that the router was told
    max(case when kind = 4 then try_cast(split_part(data, '|', 2) as double) end) as priority, -- Priority that the router was told
    max(case when kind = 5 then split_part(data, '|', 1) end) as did, -- Number that was dialled
    max(case when kind = 7 then 1 else 0 end) as is_agent_login, -- 1: an agent who logs in or out
    max(case when kind not in (3, 7, 8) then 1 else 0 end) as is_call, -- 1: a customer's call
from call_events
group by callid, queue
