-- Stays of Genesys Cloud conversations in a queue, with the agent who answered: his own time only, not that of whom he transfers to.
-- grain: one row per stay of a conversation in a queue
-- owner: team:data
with stays as (
    select
        *,
        coalesce(interact_at, started_at) as entered_at,
        row_number() over (
            partition by conversation_id order by coalesce(interact_at, started_at), ended_at, queue, session_id
        ) as stay_number,
        lead(coalesce(interact_at, started_at)) over (
            partition by conversation_id, queue, media
            order by coalesce(interact_at, started_at), ended_at, session_id
        ) as next_entered_at,
    from staging._genesys_sessions
    where purpose = 'acd'
),

-- The queue's session ends as the agent's begins to interact, milliseconds apart; 10 s leave room for slow clocks.
candidates as (
    select
        s.stay_number,
        a.*,
        row_number() over (
            partition by a.conversation_id, a.participant_id, a.session_id, a.interact_at
            order by case when a.queue_id = s.queue_id then 0 else 1 end, s.entered_at desc, s.stay_number desc
        ) as stay_rank,
    from stays as s
    inner join staging._genesys_sessions as a
        on
            s.conversation_id = a.conversation_id
            and s.media is not distinct from a.media
            and coalesce(s.queue_id, a.queue_id, '') = coalesce(a.queue_id, s.queue_id, '')
            and a.interact_at >= s.entered_at
            and a.interact_at < coalesce(s.next_entered_at, timestamptz '2300-01-01 00:00:00+00')
            and a.interact_at <= coalesce(s.ended_at + to_seconds(10), a.interact_at)
    where a.purpose = 'agent' and not s.has_abandoned and not s.has_flowed_out
),

answers as (
    select
        *,
        row_number() over (
            partition by conversation_id, stay_number order by interact_at, session_id, participant_id
        ) as answer_number,
    from candidates
    where stay_rank = 1
),

-- What an agent says to the customer in a callback, he says in a call of his own.
callback_talks as (
    select
        a.conversation_id,
        a.stay_number,
        round(sum(v.talk_s), 6) as talk_s,
        round(sum(v.hold_s), 6) as hold_s,
        round(sum(v.wrap_s), 6) as wrap_s,
    from answers as a
    inner join staging._genesys_sessions as v
        on
            a.conversation_id = v.conversation_id
            and a.participant_id = v.participant_id
            and v.started_at >= a.started_at
            and v.started_at <= coalesce(a.ended_at, v.started_at)
    where a.media = 'callback' and v.media = 'voice' and a.answer_number = 1
    group by a.conversation_id, a.stay_number
),

answered as (
    select
        s.conversation_id,
        s.conversation_ended_at,
        s.stay_number,
        s.channel,
        s.queue,
        s.entered_at,
        s.ended_at as queue_ended_at,
        s.disconnect,
        s.flow_out,
        s.has_abandoned,
        s.has_flowed_out,
        a.interact_at as answered_at,
        a.agent,
        a.participant_id,
        a.ended_at as agent_ended_at,
        a.ring_s,
        case when c.conversation_id is null then a.talk_s else c.talk_s end as talk_s,
        case when c.conversation_id is null then a.hold_s else c.hold_s end as hold_s,
        greatest(a.wrap_s, c.wrap_s) as wrap_s,
        s.is_end_missing or coalesce(a.is_end_missing, false) as is_end_missing,
        s.is_reversed or coalesce(a.is_reversed, false) as is_reversed,
        lead(s.channel) over (partition by s.conversation_id order by s.stay_number) as next_channel,
        case
            when a.is_consult or a.disconnect in ('consultTransfer', 'conferenceTransfer') then 'attended'
            when a.is_blind or a.disconnect in ('transfer', 'forwardTransfer', 'dndTransfer') then 'blind'
        end as transfer_type,
    from stays as s
    left join answers as a
        on s.conversation_id = a.conversation_id and s.stay_number = a.stay_number and a.answer_number = 1
    left join callback_talks as c on s.conversation_id = c.conversation_id and s.stay_number = c.stay_number
),

-- Where a transfer or a flow led: a queue rather than the agent whom it found, the latest of what began until shortly after.
targets as (
    select
        v.conversation_id,
        v.stay_number,
        case
            when t.purpose = 'acd' then t.queue
            when t.purpose in ('agent', 'user') then t.agent
            else coalesce(t.flow, t.purpose)
        end as transferred_to,
        row_number() over (
            partition by v.conversation_id, v.stay_number
            order by case when t.purpose = 'acd' then 0 else 1 end, t.started_at desc, t.queue, t.agent, t.flow, t.purpose
        ) as target_number,
    from answered as v
    inner join staging._genesys_sessions as t
        on
            v.conversation_id = t.conversation_id
            and t.started_at > coalesce(v.answered_at, v.entered_at)
            and t.started_at <= coalesce(v.agent_ended_at, v.queue_ended_at) + to_seconds(5)
            and coalesce(t.participant_id, '') <> coalesce(v.participant_id, '-')
    where
        t.purpose not in ('customer', 'dialer', 'campaign')
        and (v.transfer_type is not null or (v.answered_at is null and t.purpose <> 'agent'))
)

select
    v.conversation_id, -- The platform's id of the conversation
    v.channel, -- Channel
    coalesce(v.queue, 'unknown') as queue, -- Queue by its latest name, else its id
    v.entered_at, -- When the customer entered the queue
    v.answered_at, -- When an agent answered
    coalesce(v.agent_ended_at, case when v.answered_at is null then v.queue_ended_at end) as ended_at, -- End of the visit, without wrap-up
    v.agent, -- Agent who answered [pii]
    case
        when coalesce(v.answered_at, v.queue_ended_at) is not null
            then (epoch_us(least(v.queue_ended_at, v.answered_at)) - epoch_us(v.entered_at)) / 1e6
    end as wait_s, -- Wait; the platform's tAcd [unit: s]
    v.ring_s, -- Ring of the agent who answered [unit: s]
    v.talk_s, -- His talk [unit: s]
    -- Hold and wrap-up are segments: where there is none there was none, in channels that know the thing.
    coalesce(v.hold_s, case when v.channel in ('voice', 'callback', 'video') and v.talk_s is not null then 0 end) as hold_s, -- On hold [unit: s]
    coalesce(v.wrap_s, case when v.answered_at is not null and v.conversation_ended_at is not null then 0 end) as wrap_s, -- Wrap-up [unit: s]
    case
        when v.answered_at is not null then 'answered'
        when v.queue_ended_at is null then 'open'
        when v.has_abandoned then 'abandoned'
        when v.flow_out = 'callback' or (v.channel <> 'callback' and v.next_channel = 'callback') then 'callback'
        when v.disconnect in ('timeout', 'inactivity', 'sessionExpired', 'noAnswerTransfer') then 'timed_out'
        when v.disconnect = 'notAvailableTransfer' then 'exited_empty'
        when not v.has_flowed_out and v.disconnect in ('peer', 'endpoint', 'client') then 'abandoned'
        else 'withdrawn'
    end as outcome, -- How it ended; withdrawn: a flow took the customer out of the queue
    v.transfer_type, -- blind or attended
    case
        when
            v.transfer_type is not null
            or (not v.has_abandoned and (v.has_flowed_out or v.disconnect not in ('peer', 'endpoint', 'client')))
            then t.transferred_to
    end as transferred_to, -- Queue, agent or flow that it was passed on to
    v.is_end_missing, -- Whether an end is that of the conversation
    v.is_reversed, -- Whether a segment ended before it began
from answered as v
left join targets as t on v.conversation_id = t.conversation_id and v.stay_number = t.stay_number and t.target_number = 1
