-- Contact records of Amazon Connect, each contact id once: of several deliveries the last update counts.
-- grain: one row per contact id
-- owner: team:data
with deliveries as (
    select
        *,
        row_number() over (
            partition by contact_id
            order by
                updated_at desc nulls last,
                -- Two deliveries of one instant: the one that says more, then anything but the order of arrival.
                disconnected_at desc nulls last, agent_connected_at desc nulls last, wrap_s desc nulls last,
                talk_s desc nulls last, hold_s desc nulls last, dequeued_at desc nulls last, queue_s desc nulls last,
                enqueued_at desc nulls last, wrap_started_at desc nulls last, transfer_completed_at desc nulls last,
                connected_at desc nulls last, initiated_at, initial_contact_id, previous_contact_id, next_contact_id,
                channel, subtype, stated_direction, initiation_method, disconnect_reason, queue, queue_arn, agent,
                agent_arn, customer_id, customer_endpoint_type, customer_address, system_endpoint_type, system_address,
                transferred_to_address, priority, segment_id
        ) as delivery_number,
    from raw.amazon_connect_contacts
)

select
    contact_id, -- The record's id; each transfer and callback has its own
    initial_contact_id, -- First record of the customer's contact; null: this one
    previous_contact_id, -- Record it came from
    next_contact_id, -- Record it went on to
    channel, -- VOICE, CHAT, TASK or EMAIL
    subtype, -- Finer channel, such as connect:SMS
    stated_direction, -- Direction as the record states it; older records do not
    initiation_method, -- How it began
    disconnect_reason, -- Who or what ended it; older records do not say
    coalesce(queue, regexp_extract(queue_arn, '/queue/(.+)$', 1)) as queue, -- Queue by name, else by id: an agent's own queue has no name
    coalesce(agent, regexp_extract(agent_arn, '/(agent/.+)$', 1)) as agent, -- Agent by user name, else by id [pii]
    customer_id, -- The CRM's id of the customer [pii]
    case
        when coalesce(customer_endpoint_type, 'TELEPHONE_NUMBER') = 'TELEPHONE_NUMBER' then customer_address
    end as customer_number, -- Customer's number; null: no telephone [pii]
    coalesce(customer_endpoint_type, '') = 'EMAIL_ADDRESS' as is_by_email, -- Whether the customer's end is an e-mail address
    case
        when coalesce(system_endpoint_type, 'TELEPHONE_NUMBER') = 'TELEPHONE_NUMBER' then system_address
    end as system_number, -- The centre's number
    transferred_to_address, -- Where it was transferred to outside the centre [pii]
    initiated_at, -- Arrival, dialling, or begin of the transfer
    connected_at, -- When the customer was connected
    enqueued_at, -- When it entered its queue
    dequeued_at, -- When it left its queue
    agent_connected_at, -- When an agent was connected
    wrap_started_at, -- When the agent's wrap-up began
    transfer_completed_at, -- When the agent left a transfer that nobody had yet taken
    disconnected_at, -- When the customer's end was disconnected
    updated_at, -- Last update of the record
    cast(queue_s as double) as queue_s, -- Time in the queue [unit: s]
    cast(talk_s as double) as talk_s, -- Time with the agent [unit: s]
    cast(hold_s as double) as hold_s, -- Time on hold [unit: s]
    cast(wrap_s as double) as wrap_s, -- Wrap-up time [unit: s]
    priority, -- Priority in the queue
    segment_id, -- Lake segment that the record was first read from
from deliveries
where delivery_number = 1
