-- Conversations of Genesys Cloud in the canonical columns of calls; calls among colleagues are no contacts.
-- grain: one row per visit of a contact to a queue, or per contact without a visit
-- owner: team:data
-- changes: source_contact_id
with customers as (
    select
        *,
        row_number() over (
            partition by conversation_id
            order by
                case when purpose = 'customer' then 0 else 1 end, case when channel is null then 1 else 0 end,
                started_at, session_id
        ) as customer_number,
    from staging._genesys_sessions
    where purpose in ('customer', 'external')
),

-- Colleagues, who are no contact without a customer, a flow or a queue.
sides as (
    select
        conversation_id,
        max(case when purpose in ('agent', 'user', 'group', 'station', 'voicemail') then 0 else 1 end) as has_outside,
        max(case when purpose in ('ivr', 'botflow', 'workflow') then 1 else 0 end) as has_flow,
        max(case when purpose in ('ivr', 'botflow') and disconnect = 'peer' then 1 else 0 end) as has_hung_up_in_flow,
        max(case when is_reversed then 1 else 0 end) as has_reversed,
        min(case when purpose = 'acd' then coalesce(interact_at, started_at) end) as entered_at,
        min(channel) as channel,
    from staging._genesys_sessions
    group by conversation_id
),

-- Before the first queue: a survey after the talk is no menu.
menus as (
    select
        m.conversation_id,
        round(sum(coalesce(
            m.ivr_s, case when m.purpose = 'botflow' then (epoch_us(m.ended_at) - epoch_us(m.started_at)) / 1e6 end
        )), 6) as ivr_s,
    from staging._genesys_sessions as m
    inner join sides as s on m.conversation_id = s.conversation_id
    where m.purpose in ('ivr', 'botflow', 'workflow') and m.started_at <= coalesce(s.entered_at, m.started_at)
    group by m.conversation_id
),

-- Who handled what came to no queue: a direct call, or one that he made.
handlers as (
    select
        *,
        row_number() over (
            partition by conversation_id
            order by case when interact_at is null then 1 else 0 end, coalesce(interact_at, started_at), session_id
        ) as handler_number,
    from staging._genesys_sessions
    where purpose in ('agent', 'user')
),

contacts as (
    select
        c.conversation_id,
        least(c.started_at, s.entered_at) as arrived_at,
        s.entered_at < c.started_at as is_arrival_late,
        c.ended_at,
        coalesce(p.channel, s.channel) as channel,
        coalesce(
            case when c.direction in ('inbound', 'outbound') then c.direction end, p.direction, 'inbound'
        ) as direction,
        coalesce(c.direction, '') not in ('inbound', 'outbound') and p.direction is null as is_direction_missing,
        p.from_address,
        p.to_address,
        p.callback_number,
        p.interact_at as customer_interact_at,
        p.disconnect as customer_disconnect,
        c.is_self_served,
        coalesce(s.has_flow, 0) = 1 as has_flow,
        coalesce(s.has_hung_up_in_flow, 0) = 1 as has_hung_up_in_flow,
        coalesce(s.has_reversed, 0) = 1 as has_reversed,
        m.ivr_s,
    from staging.genesys_conversations as c
    left join sides as s on c.conversation_id = s.conversation_id
    left join menus as m on c.conversation_id = m.conversation_id
    left join customers as p on c.conversation_id = p.conversation_id and p.customer_number = 1
    where coalesce(s.has_outside, 1) = 1
),

without_visit as (
    select
        c.conversation_id,
        h.agent,
        case
            when c.ended_at is null and h.interact_at is null then 'open'
            when h.interact_at is not null and (c.direction = 'inbound' or c.customer_interact_at is not null) then 'answered'
            when c.direction = 'outbound' then 'failed'
            when c.customer_disconnect = 'spam' then 'blocked'
            when c.is_self_served then 'contained_in_ivr'
            when c.has_flow and (c.has_hung_up_in_flow or c.customer_disconnect in ('endpoint', 'client'))
                then 'abandoned_in_ivr'
            when c.has_flow then 'contained_in_ivr'
            when c.customer_disconnect in ('endpoint', 'client') then 'abandoned'
            else 'failed'
        end as outcome,
        greatest(h.interact_at, case when c.direction = 'outbound' then c.customer_interact_at end) as answered_at,
        h.ring_s,
        h.talk_s,
        h.hold_s,
        h.wrap_s,
    from contacts as c
    left join handlers as h on c.conversation_id = h.conversation_id and h.handler_number = 1
)

select
    'genesys_conversations' as source, -- Source
    c.conversation_id as source_contact_id, -- The platform's id of the conversation
    c.arrived_at, -- First sign of the contact
    coalesce(v.channel, c.channel, 'voice') as channel, -- Channel
    c.direction, -- inbound or outbound
    case
        when c.direction = 'inbound' then coalesce(c.from_address, c.callback_number)
        else coalesce(c.callback_number, c.to_address)
    end as caller_number, -- The customer's number or address, whoever called [pii]
    cast(null as varchar) as customer_id, -- The CRM's id of the customer; the platform knows only its own [pii]
    c.to_address as dialled_number, -- Number or address dialled
    cast(null as varchar) as site, -- Site
    c.ivr_s, -- Time in the menu, before the first queue [unit: s]
    v.queue, -- Queue by its latest name, else its id
    v.entered_at, -- When the customer entered the queue; null: he did not
    v.wait_s, -- Wait [unit: s]
    case
        when v.conversation_id is not null then v.answered_at
        when n.outcome = 'answered' then n.answered_at
    end as answered_at, -- When an agent answered
    case when v.conversation_id is null then n.agent else v.agent end as agent, -- Agent [pii]
    case when v.conversation_id is not null then v.ring_s when n.outcome = 'answered' then n.ring_s end as ring_s, -- Ring of the agent who answered [unit: s]
    case when v.conversation_id is not null then v.talk_s when n.outcome = 'answered' then n.talk_s end as talk_s, -- Talk [unit: s]
    case when v.conversation_id is not null then v.hold_s when n.outcome = 'answered' then n.hold_s end as hold_s, -- On hold [unit: s]
    case when v.conversation_id is not null then v.wrap_s when n.outcome = 'answered' then n.wrap_s end as wrap_s, -- Wrap-up [unit: s]
    case when v.conversation_id is null then c.ended_at else v.ended_at end as ended_at, -- End of the visit or contact, without wrap-up; null while it goes on
    case when v.conversation_id is null then n.outcome else v.outcome end as outcome, -- Outcome
    v.transfer_type, -- blind or attended
    v.transferred_to, -- Where to
    cast(null as double) as priority, -- Priority; conversation details do not say
    nullif(concat_ws(
        ';',
        case when coalesce(v.channel, c.channel) is null then 'channel_not_stated' end,
        case when c.is_direction_missing then 'direction_not_stated' end,
        case when v.is_end_missing then 'end_from_conversation' end,
        case when c.is_arrival_late then 'entered_before_arrived' end,
        case when coalesce(v.is_reversed, c.has_reversed) then 'segment_reversed' end
    ), '') as repairs, -- Repairs that were applied, separated by semicolons
from contacts as c
left join staging._genesys_visits as v on c.conversation_id = v.conversation_id
left join without_visit as n on c.conversation_id = n.conversation_id
