-- Tasks of Twilio TaskRouter as their events tell of them: begin, end, and whom they are of.
-- grain: one row per task
-- owner: team:data
with summed as (
    select
        task_sid,
        min(case when event_type = 'task.created' then event_at end) as created_at,
        min(task_created_at) as stated_created_at,
        min(event_at) as first_event_at,
        min(case when event_type = 'task.wrapup' then event_at end) as wrapup_at,
        min(case when event_type = 'task.completed' then event_at end) as completed_at,
        min(case when event_type = 'task.canceled' then event_at end) as canceled_at,
        min(case when event_type in ('task.deleted', 'task.system-deleted') then event_at end) as deleted_at,
        min(case when event_type = 'workflow.rejected' then event_at end) as rejected_at,
        max(case when event_type = 'task.canceled' then reason end) as canceled_reason,
        -- min_by passes over nulls: attributes may be changed, and the first to be said is the customer's.
        min_by(task_channel, row(event_at, task_channel)) as task_channel,
        min_by(channel_type, row(event_at, channel_type)) as channel_type,
        min_by(customer_number, row(event_at, customer_number)) as customer_number,
        min_by(centre_number, row(event_at, centre_number)) as centre_number,
        min_by(direction, row(event_at, direction)) as direction,
        min_by(customer_id, row(event_at, customer_id)) as customer_id,
        min_by(queue, row(event_at, queue)) as queue,
        min_by(queue_entered_at, row(event_at, queue_entered_at)) as queue_entered_at,
        min_by(priority, row(event_at, priority)) as priority,
        bool_or(has_call) as has_call,
    from staging.twilio_taskrouter
    group by task_sid
)

select
    task_sid, -- The task
    coalesce(created_at, stated_created_at, first_event_at) as created_at, -- When it was created
    queue, -- First queue that an event names
    coalesce(queue_entered_at, created_at, stated_created_at, first_event_at) as queue_entered_at, -- When it entered it, as far as events other than the entering say
    wrapup_at, -- When it went into wrap-up
    completed_at, -- When it was completed
    canceled_at, -- When it was canceled
    rejected_at, -- When its workflow refused it
    least(completed_at, canceled_at, deleted_at, rejected_at) as ended_at, -- When it ended; null: it has not
    coalesce(canceled_reason ilike '%ttl%' or canceled_reason ilike '%time%out%' or canceled_reason ilike '%timed out%', false)
        as is_timed_out, -- Whether it was canceled because its time ran out
    coalesce(direction, 'inbound') as direction, -- inbound or outbound
    case
        when channel_type = 'sms' or task_channel = 'sms' then 'sms'
        when channel_type in ('whatsapp', 'messenger', 'facebook', 'line', 'rbm', 'wechat', 'instagram', 'telegram')
            then 'messaging'
        when channel_type = 'web' then 'chat'
        when task_channel in ('voice', 'chat', 'video', 'email', 'fax', 'messaging', 'social', 'callback')
            then task_channel
        when has_call then 'voice'
    end as channel, -- Canonical channel; null: neither the task channel nor the attributes tell
    -- An address such as whatsapp:+44… holds a number; client:… and sip:… do not.
    case
        when regexp_matches(customer_number, '^((whatsapp|sms|tel|rcs):)?[+0-9() .-]+$')
            then regexp_replace(customer_number, '^[a-z]+:', '')
    end as customer_number, -- Customer's number [pii]
    case
        when regexp_matches(centre_number, '^((whatsapp|sms|tel|rcs):)?[+0-9() .-]+$')
            then regexp_replace(centre_number, '^[a-z]+:', '')
    end as centre_number, -- The centre's number
    customer_id, -- The CRM's id of the customer [pii]
    priority, -- Priority
from summed
