-- Sessions of Genesys Cloud conversations, taken out of their record, with one name for each queue and agent.
-- grain: one row per session of a participant; a queue's session that changes its queue is several
-- owner: team:data
with unpacked as (
    select
        conversation_id,
        started_at as conversation_started_at,
        ended_at as conversation_ended_at,
        unnest(from_json(sessions, '[{
            "participant_id": "VARCHAR", "name": "VARCHAR", "purpose": "VARCHAR", "user_id": "VARCHAR",
            "session_id": "VARCHAR", "media": "VARCHAR", "direction": "VARCHAR", "message_type": "VARCHAR",
            "from_address": "VARCHAR", "to_address": "VARCHAR", "callback_number": "VARCHAR", "flow_out": "VARCHAR",
            "campaign_id": "VARCHAR", "queue_id": "VARCHAR", "started_at": "TIMESTAMPTZ", "ended_at": "TIMESTAMPTZ", "interact_at": "TIMESTAMPTZ",
            "disconnect": "VARCHAR", "ring_s": "DOUBLE", "talk_s": "DOUBLE", "hold_s": "DOUBLE", "wrap_s": "DOUBLE",
            "ivr_s": "DOUBLE", "is_reversed": "BOOLEAN", "has_abandoned": "BOOLEAN", "has_flowed_out": "BOOLEAN",
            "is_blind": "BOOLEAN", "is_consult": "BOOLEAN"
        }]')) as s,
    from staging.genesys_conversations
),

-- A queue's or agent's name stands in some records only, and may change: its latest one is its name everywhere.
named as (
    select
        case when s.purpose = 'acd' then s.queue_id else s.user_id end as id,
        s.name as name,
        row_number() over (
            partition by case when s.purpose = 'acd' then s.queue_id else s.user_id end
            order by conversation_started_at desc, s.name
        ) as name_number,
    from unpacked
    where
        s.name is not null
        and case when s.purpose = 'acd' then s.queue_id when s.purpose in ('agent', 'user') then s.user_id end is not null
),

-- Two people of one name stay two: each then goes by his id.
names as (
    select
        id,
        case when count(*) over (partition by name) = 1 then name else id end as name,
    from named
    where name_number = 1
)

select
    u.conversation_id, -- The platform's id of the conversation
    u.conversation_started_at, -- Start of the conversation
    u.conversation_ended_at, -- Its end; null while it is open
    u.s.participant_id as participant_id, -- The platform's id of the participant
    u.s.session_id as session_id, -- The platform's id of the session
    u.s.purpose as purpose, -- customer, external, acd, agent, user, ivr and the like
    u.s.media as media, -- mediaType as written
    case u.s.media
        when 'voice' then 'voice'
        when 'callback' then 'callback'
        when 'chat' then 'chat'
        when 'email' then 'email'
        when 'video' then 'video'
        when 'message' then case when lower(u.s.message_type) = 'sms' then 'sms' else 'messaging' end
        when 'internalmessage' then 'messaging'
    end as channel, -- Channel; null: something shared beside the contact, or not known
    case
        when u.s.direction in ('inbound', 'outbound') then u.s.direction
        when u.s.campaign_id is not null then 'outbound'
    end as direction, -- inbound or outbound; a campaign's session that does not say is outbound
    u.s.queue_id as queue_id, -- The platform's id of the queue
    coalesce(q.name, u.s.queue_id, case when u.s.purpose = 'acd' then u.s.name end) as queue, -- Queue by its latest name, else its id
    case
        when u.s.purpose in ('agent', 'user') then coalesce(a.name, u.s.user_id, u.s.name, u.s.participant_id)
    end as agent, -- Agent by his latest name, else his id [pii]
    case when u.s.purpose not in ('acd', 'agent', 'user') then u.s.name end as flow, -- Name of a flow
    u.s.from_address as from_address, -- Who called or wrote [pii]
    u.s.to_address as to_address, -- Whom he called or wrote to [pii]
    u.s.callback_number as callback_number, -- Number to call back [pii]
    u.s.started_at as started_at, -- Start of its first segment
    case
        when u.s.ended_at is not null then u.s.ended_at
        when u.conversation_ended_at is not null then greatest(u.conversation_ended_at, u.s.started_at)
    end as ended_at, -- End, without wrap-up; null while it goes on
    u.s.ended_at is null and u.conversation_ended_at is not null as is_end_missing, -- Whether the end is that of the conversation
    u.s.interact_at as interact_at, -- First interacting
    u.s.disconnect as disconnect, -- disconnectType of the last segment that has one, without wrap-up
    lower(u.s.flow_out) as flow_out, -- flowOutType
    u.s.ring_s as ring_s, -- Alerting [unit: s]
    u.s.talk_s as talk_s, -- Interacting, less hold; null while it goes on [unit: s]
    u.s.hold_s as hold_s, -- On hold [unit: s]
    u.s.wrap_s as wrap_s, -- Wrap-up [unit: s]
    u.s.ivr_s as ivr_s, -- In a menu [unit: s]
    u.s.is_reversed as is_reversed, -- Whether a segment ended before it began, and was given no length
    u.s.has_abandoned as has_abandoned, -- Whether the platform counted it as abandoned
    u.s.has_flowed_out as has_flowed_out, -- Whether the platform counted it as flowed out
    u.s.is_blind as is_blind, -- Whether the platform counted a blind transfer
    u.s.is_consult as is_consult, -- Whether the platform counted a consult transfer
from unpacked as u
left join names as q on u.s.queue_id = q.id
left join names as a on u.s.user_id = a.id
where u.s.started_at is not null
