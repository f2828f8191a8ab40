-- Contacts of Amazon Connect in canonical columns: the records of a transfer or callback are visits of one contact.
-- grain: one row per visit of a contact, or per contact without a visit
-- owner: team:data
-- changes: source_contact_id
with records as (
    select
        r.*,
        l.root_id,
        l.visit_number as record_number,
        l.is_visit,
        l.queued_at,
        l.next_method,
        l.next_queue,
        l.is_transferred,
        l.is_next_missing,
    from staging.amazon_connect_contacts as r
    inner join staging._amazon_records as l on r.contact_id = l.contact_id
),

contacts as (
    -- min_by passes over nulls: the first record that says something counts.
    select
        root_id,
        least(
            min(initiated_at), min(case when is_visit then least(queued_at, coalesce(agent_connected_at, queued_at)) end)
        ) as arrived_at,
        min(initiated_at) as initiated_at,
        max(disconnected_at) as disconnected_at,
        bool_and(disconnected_at is not null) as is_over,
        bool_or(is_visit) as has_visit,
        bool_or(is_by_email) as is_by_email,
        min_by(channel, record_number) as channel,
        min_by(subtype, record_number) as subtype,
        min_by(initiation_method, record_number) as initiation_method,
        min_by(stated_direction, record_number) as stated_direction,
        min_by(customer_number, record_number) as customer_number,
        min_by(customer_id, record_number) as customer_id,
        min_by(system_number, record_number) as system_number,
        min_by(agent, case when agent_connected_at is not null then record_number end) as agent,
        min(connected_at) as connected_at,
        min(agent_connected_at) as agent_connected_at,
        round(sum(talk_s), 6) as talk_s,
        round(sum(hold_s), 6) as hold_s,
        round(sum(wrap_s), 6) as wrap_s,
        max_by(disconnect_reason, row(disconnected_at, contact_id)) as disconnect_reason,
        max_by(transferred_to_address, row(disconnected_at, contact_id)) as transferred_to,
    from records
    group by root_id
),

directed as (
    select
        *,
        case
            when stated_direction in ('INBOUND', 'OUTBOUND') then lower(stated_direction)
            when initiation_method in ('OUTBOUND', 'EXTERNAL_OUTBOUND', 'AGENT_REPLY', 'FLOW', 'CAMPAIGN_PREVIEW')
                then 'outbound'
            -- By the interface a centre dials, and a customer opens a chat.
            when initiation_method = 'API' and channel = 'VOICE' then 'outbound'
            -- A callback was asked for by the customer.
            else 'inbound'
        end as direction,
    from contacts
),

described as (
    select
        *,
        case
            when subtype = 'connect:SMS' then 'sms'
            when channel = 'EMAIL' or (channel = 'TASK' and is_by_email) then 'email'
            when channel = 'TASK' or (channel = 'CHAT' and subtype in ('connect:WhatsApp', 'connect:Apple'))
                then 'messaging'
            when channel = 'CHAT' then 'chat'
            when initiation_method = 'CALLBACK' then 'callback'
            when direction = 'inbound' and not has_visit and agent_connected_at is null then 'ivr'
            else 'voice'
        end as contact_channel,
        direction = 'inbound' and channel in ('VOICE', 'CHAT') as has_flow,
        case when direction = 'inbound' then agent_connected_at
            when channel = 'VOICE' then connected_at
            else coalesce(connected_at, agent_connected_at)
        end as answered_at,
    from directed
),

visits as (
    select
        *,
        least(queued_at, coalesce(agent_connected_at, queued_at)) as entered_at,
        row_number() over (partition by root_id order by queued_at, contact_id) as visit_number,
        case
            when agent_connected_at is not null then 'answered'
            when next_method = 'CALLBACK' then 'callback'
            when is_transferred then 'withdrawn'
            when disconnected_at is null then 'open'
            -- It went on to a record that is not here yet.
            when is_next_missing and coalesce(disconnect_reason, '') <> 'CUSTOMER_DISCONNECT' then 'withdrawn'
            else 'abandoned'
        end as outcome,
    from records
    where is_visit
),

ended as (
    select
        *,
        case
            when outcome = 'answered' then coalesce(transfer_completed_at, wrap_started_at, disconnected_at)
            when outcome <> 'open' then coalesce(dequeued_at, entered_at + to_seconds(queue_s), disconnected_at)
        end as stated_end_at,
        coalesce(agent_connected_at, dequeued_at, disconnected_at) as waited_until_at,
    from visits
)

select
    'amazon_connect_contacts' as source, -- Source
    c.root_id as source_contact_id, -- Id of the contact's first record
    c.arrived_at, -- First sign of the contact
    c.contact_channel as channel, -- Channel of its first record
    c.direction, -- inbound or outbound
    c.customer_number as caller_number, -- Customer's number [pii]
    c.customer_id, -- The CRM's id of the customer [pii]
    c.system_number as dialled_number, -- The centre's number
    cast(null as varchar) as site, -- Site; the records do not say
    case when v.visit_number = 1 and c.has_flow then (epoch_us(v.entered_at) - epoch_us(c.arrived_at)) / 1e6 end as ivr_s, -- In flows before the first queue [unit: s]
    coalesce(v.queue, 'unknown') as queue, -- Queue
    v.entered_at, -- When it entered the queue
    case
        when v.outcome = 'open' then null
        when v.queue_s is not null or v.waited_until_at is null then v.queue_s
        else greatest(epoch_us(v.waited_until_at) - epoch_us(v.entered_at), 0) / 1e6
    end as wait_s, -- Wait in the queue [unit: s]
    v.agent_connected_at as answered_at, -- When an agent was connected
    case when v.outcome = 'answered' then v.agent end as agent, -- Agent who answered [pii]
    cast(null as double) as ring_s, -- Ring; the records do not say [unit: s]
    case when v.outcome = 'answered' then v.talk_s end as talk_s, -- With the agent [unit: s]
    case when v.outcome = 'answered' and v.channel = 'VOICE' then v.hold_s end as hold_s, -- On hold; only a call has it [unit: s]
    case when v.outcome = 'answered' then v.wrap_s end as wrap_s, -- Wrap-up [unit: s]
    case
        when v.stated_end_at is not null
            then greatest(v.stated_end_at, v.entered_at, coalesce(v.agent_connected_at, v.entered_at))
    end as ended_at, -- End of the visit
    v.outcome, -- How the visit or contact ended
    case
        when v.outcome = 'answered' and v.is_transferred
            then case when v.transfer_completed_at is not null then 'blind' else 'attended' end
    end as transfer_type, -- blind or attended
    case when v.is_transferred then coalesce(v.transferred_to_address, v.next_queue) end as transferred_to, -- Queue or number it was transferred to [pii]
    v.priority, -- Priority in the queue
    nullif(concat_ws(
        ';',
        case when v.queue is null then 'queue_unknown' end,
        case when v.enqueued_at is null then 'entered_at_from_duration' end,
        case when v.queued_at > v.agent_connected_at then 'entered_after_answered' end,
        case when c.arrived_at < c.initiated_at then 'entered_before_arrived' end
    ), '') as repairs, -- Repairs that were applied, separated by semicolons
from ended as v
inner join described as c on v.root_id = c.root_id
union all
select
    'amazon_connect_contacts' as source,
    root_id as source_contact_id,
    arrived_at,
    contact_channel as channel,
    direction,
    customer_number as caller_number,
    customer_id,
    system_number as dialled_number,
    cast(null as varchar) as site,
    case
        when has_flow and agent_connected_at is null and is_over
            then greatest(epoch_us(disconnected_at) - epoch_us(arrived_at), 0) / 1e6
    end as ivr_s,
    cast(null as varchar) as queue,
    cast(null as timestamptz) as entered_at,
    cast(null as double) as wait_s,
    answered_at,
    agent,
    cast(null as double) as ring_s,
    case when answered_at is not null then talk_s end as talk_s,
    case when answered_at is not null and channel = 'VOICE' then hold_s end as hold_s,
    wrap_s,
    case when is_over then greatest(disconnected_at, arrived_at, coalesce(answered_at, arrived_at)) end as ended_at,
    -- Records before 2020 do not say who hung up: then neither do we.
    case
        when answered_at is not null then 'answered'
        when not is_over then 'open'
        when direction = 'outbound' and channel = 'VOICE' then 'failed'
        when disconnect_reason like 'TELECOM_%' or disconnect_reason like '%\_NOT\_ESTABLISHED' escape '\'
            or disconnect_reason in ('CUSTOMER_NEVER_ARRIVED', 'SYSTEM_ERROR') then 'failed'
        when disconnect_reason in ('CUSTOMER_DISCONNECT', 'IDLE_DISCONNECT') then 'abandoned_in_ivr'
        when disconnect_reason = 'CONTACT_FLOW_DISCONNECT' then 'contained_in_ivr'
    end as outcome,
    cast(null as varchar) as transfer_type,
    transferred_to,
    cast(null as double) as priority,
    cast(null as varchar) as repairs,
from described
where not has_visit
