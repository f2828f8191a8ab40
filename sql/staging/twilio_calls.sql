-- Tasks of Twilio TaskRouter in canonical columns: a task is a contact, and each queue that it entered is a visit.
-- grain: one row per visit of a contact, or per contact without a visit
-- owner: team:data
-- changes: source_contact_id
with transfers as (
    select
        i.task_sid,
        i.transfer_reservation_sid,
        max_by(i.transfer_mode, row(i.event_at, i.event_sid)) as transfer_mode,
        max_by(i.transfer_to, row(i.event_at, i.event_sid)) as transfer_to,
        max(i.event_at) as transfer_at,
    from staging.twilio_taskrouter as i
    left join staging.twilio_taskrouter as f
        on
            i.task_sid = f.task_sid
            and f.event_type in ('task.transfer-failed', 'task.transfer-canceled')
            and i.transfer_sid = f.transfer_sid
    where i.event_type = 'task.transfer-initiated' and f.task_sid is null
    group by i.task_sid, i.transfer_reservation_sid
),

visits as (
    select
        v.*,
        t.created_at,
        t.ended_at as task_ended_at,
        t.canceled_at,
        t.is_timed_out,
        t.wrapup_at as task_wrapup_at,
        x.transfer_at,
        x.transfer_mode,
        x.transfer_to,
        case
            when coalesce(v.next_entered_at, t.ended_at) is not null
                then greatest(coalesce(v.next_entered_at, t.ended_at), v.entered_at)
        end as given_up_at,
    from staging._twilio_visits as v
    inner join staging._twilio_tasks as t on v.task_sid = t.task_sid
    left join transfers as x on v.task_sid = x.task_sid and v.reservation_sid = x.transfer_reservation_sid
    -- An agent who dials creates a task; nobody waits in its queue.
    where t.direction = 'inbound'
),

-- TaskRouter says by an event of its own that a task waited too long in a queue or workflow.
timeouts as (
    select
        v.task_sid,
        v.visit_number,
        count(*) as timeout_count,
    from visits as v
    inner join staging.twilio_taskrouter as e
        on
            v.task_sid = e.task_sid
            and e.event_type in ('task-queue.timeout', 'workflow.timeout')
            -- At the instant of a move it is the queue before that ran out; a named queue may be told of a moment late.
            and (
                (
                    e.event_at > v.entered_at
                    and e.event_at <= coalesce(v.given_up_at, e.event_at)
                    and (v.next_entered_at is not null or e.event_type = 'workflow.timeout' or coalesce(e.queue, v.queue) = v.queue)
                )
                or (
                    e.queue = v.queue and e.event_type = 'task-queue.timeout'
                    and e.event_at between v.entered_at and v.given_up_at + to_seconds(1)
                )
            )
    where v.accepted_at is null
    group by v.task_sid, v.visit_number
),

ended as (
    select
        v.*,
        case
            when v.accepted_at is not null then 'answered'
            when v.given_up_at is null then 'open'
            when o.timeout_count > 0 or (v.next_entered_at is null and v.is_timed_out) then 'timed_out'
            when v.next_entered_at is null and v.canceled_at = v.task_ended_at then 'abandoned'
            -- Moved to another queue, or ended by the centre without a worker.
            else 'withdrawn'
        end as outcome,
        -- The worker's own events; the task's only where they are filtered out and nobody else took it.
        coalesce(
            v.wrapup_at, v.completed_at,
            case when v.next_entered_at is null then coalesce(v.task_wrapup_at, v.task_ended_at) else v.transfer_at end
        ) as talked_until_at,
    from visits as v
    left join timeouts as o on v.task_sid = o.task_sid and v.visit_number = o.visit_number
),

answers as (
    select
        v.task_sid,
        min(v.accepted_at) as accepted_at,
        min_by(v.agent, v.accepted_at) as agent,
        round(sum(
            greatest(epoch_us(coalesce(v.wrapup_at, v.completed_at, t.ended_at)) - epoch_us(v.accepted_at), 0) / 1e6
        ), 6) as talk_s,
        round(sum((epoch_us(v.completed_at) - epoch_us(v.wrapup_at)) / 1e6), 6) as wrap_s,
        bool_or(coalesce(v.wrapup_at, v.completed_at, t.ended_at) is not null) as has_talk,
    from staging._twilio_visits as v
    inner join staging._twilio_tasks as t on v.task_sid = t.task_sid
    where v.accepted_at is not null
    group by v.task_sid
),

without_visit as (
    select
        t.*,
        a.accepted_at,
        a.agent,
        case when a.has_talk then a.talk_s end as talk_s,
        a.wrap_s,
    from staging._twilio_tasks as t
    left join answers as a on t.task_sid = a.task_sid
    left join staging._twilio_visits as v on t.task_sid = v.task_sid and t.direction = 'inbound'
    where v.task_sid is null
)

select
    'twilio_taskrouter' as source, -- Source
    v.task_sid as source_contact_id, -- The task
    least(v.created_at, min(v.entered_at) over (partition by v.task_sid)) as arrived_at, -- When the task was created
    coalesce(t.channel, 'voice') as channel, -- Channel
    t.direction, -- inbound or outbound
    t.customer_number as caller_number, -- Customer's number [pii]
    t.customer_id, -- The CRM's id of the customer [pii]
    t.centre_number as dialled_number, -- The centre's number
    cast(null as varchar) as site, -- Site; the events do not say
    cast(null as double) as ivr_s, -- In flows before the queue; a task begins after them [unit: s]
    v.queue, -- Queue
    v.entered_at, -- When it entered the queue
    case
        when v.outcome = 'answered' then (epoch_us(v.accepted_at) - epoch_us(v.entered_at)) / 1e6
        when v.outcome <> 'open' then (epoch_us(v.given_up_at) - epoch_us(v.entered_at)) / 1e6
    end as wait_s, -- Wait since it entered this queue [unit: s]
    v.accepted_at as answered_at, -- When a worker accepted
    v.agent, -- Worker who accepted [pii]
    case when v.offered_at <= v.accepted_at then (epoch_us(v.accepted_at) - epoch_us(v.offered_at)) / 1e6 end as ring_s, -- From the offer to its acceptance [unit: s]
    case
        when v.talked_until_at >= v.accepted_at then (epoch_us(v.talked_until_at) - epoch_us(v.accepted_at)) / 1e6
    end as talk_s, -- From the acceptance to wrap-up or end [unit: s]
    cast(null as double) as hold_s, -- On hold; the events do not say [unit: s]
    case
        when v.accepted_at is not null and v.completed_at >= v.wrapup_at
            then (epoch_us(v.completed_at) - epoch_us(v.wrapup_at)) / 1e6
    end as wrap_s, -- Wrap-up; null where the workspace has none [unit: s]
    case
        when v.outcome = 'answered' and v.talked_until_at >= v.accepted_at then v.talked_until_at
        when v.outcome not in ('answered', 'open') then v.given_up_at
    end as ended_at, -- End of the visit
    v.outcome, -- How the visit or contact ended
    case
        when v.accepted_at is null or v.transfer_at is null then null
        when v.transfer_mode = 'COLD' then 'blind'
        else 'attended'
    end as transfer_type, -- blind or attended
    case when v.transfer_at is not null then coalesce(v.next_queue, v.transfer_to) end as transferred_to, -- Queue, else id of the worker or queue
    t.priority, -- Priority
    nullif(concat_ws(
        ';',
        case when t.channel is null then 'channel_assumed' end,
        case when v.is_reckoned then 'entered_at_reckoned' end
    ), '') as repairs, -- Repairs that were applied, separated by semicolons
from ended as v
inner join staging._twilio_tasks as t on v.task_sid = t.task_sid
union all
select
    'twilio_taskrouter' as source,
    task_sid as source_contact_id,
    created_at as arrived_at,
    coalesce(channel, 'voice') as channel,
    direction,
    customer_number as caller_number,
    customer_id,
    centre_number as dialled_number,
    cast(null as varchar) as site,
    cast(null as double) as ivr_s,
    cast(null as varchar) as queue,
    cast(null as timestamptz) as entered_at,
    cast(null as double) as wait_s,
    accepted_at as answered_at,
    agent,
    cast(null as double) as ring_s,
    talk_s,
    cast(null as double) as hold_s,
    wrap_s,
    case when ended_at >= coalesce(accepted_at, created_at) then ended_at end as ended_at,
    case
        when accepted_at is not null then 'answered'
        when ended_at is null then 'open'
        when direction = 'outbound' or rejected_at is not null then 'failed'
        when canceled_at = ended_at then 'abandoned'
        else 'withdrawn'
    end as outcome,
    cast(null as varchar) as transfer_type,
    cast(null as varchar) as transferred_to,
    priority,
    case when channel is null then 'channel_assumed' end as repairs,
from without_visit
