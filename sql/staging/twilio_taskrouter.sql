-- Events of Twilio TaskRouter, each event once, however often and in whichever form it was delivered.
-- grain: one row per event
-- owner: team:data
with deliveries as (
    select
        *,
        row_number() over (
            -- Events without a Sid of their own are known by what they tell.
            partition by coalesce(
                event_sid,
                concat_ws('|', event_type, task_sid, reservation_sid, transfer_sid, epoch_us(event_at), queue, worker_sid)
            )
            order by
                event_at, event_type, task_sid, reservation_sid, transfer_sid, queue, queue_sid, worker, worker_sid,
                task_channel, completed_reason, canceled_reason, transfer_mode, transfer_to, transfer_reservation_sid,
                queue_entered_at, task_created_at, caller, called, outbound_to, direction, channel_type, call_sid,
                customer_id, priority, segment_id
        ) as delivery_number,
    from raw.twilio_taskrouter
)

select
    event_sid, -- The event's id; null: it was delivered without one
    event_type, -- What happened
    event_at, -- When
    task_sid, -- The task: one customer contact
    reservation_sid, -- The offer of the task to a worker
    transfer_sid, -- The transfer
    coalesce(worker, worker_sid) as agent, -- Worker by name, else by id [pii]
    coalesce(queue, queue_sid) as queue, -- Queue by name, else by id
    lower(task_channel) as task_channel, -- Channel as the centre named it
    coalesce(canceled_reason, completed_reason) as reason, -- Why the task ended
    upper(transfer_mode) as transfer_mode, -- COLD or WARM
    transfer_to, -- Id of the worker or queue of a transfer
    transfer_reservation_sid, -- The offer from which the transfer was begun
    queue_entered_at, -- When the task entered its queue, as the event states it
    task_created_at, -- When the task was created, as the event states it
    case
        when direction ilike 'outbound%' then coalesce(outbound_to, called) else caller
    end as customer_number, -- Customer's number or address [pii]
    case when direction ilike 'outbound%' then caller else called end as centre_number, -- The centre's number
    case when direction ilike 'outbound%' then 'outbound' when direction is not null then 'inbound' end as direction, -- inbound or outbound; null: the task does not say
    lower(channel_type) as channel_type, -- Finer channel of a chat
    call_sid is not null as has_call, -- Whether the task is of a call
    customer_id, -- The CRM's id of the customer [pii]
    priority, -- Priority of the task
    segment_id, -- Lake segment that the row was first read from
from deliveries
where delivery_number = 1
