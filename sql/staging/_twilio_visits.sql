-- Visits of Twilio tasks to queues: each queue that was entered, and each further worker who took the task by a transfer.
-- grain: one row per visit
-- owner: team:data
with entered as (
    select task_sid, event_at as entered_at, queue, event_sid, false as is_reckoned
    from staging.twilio_taskrouter
    where event_type = 'task-queue.entered'
    union all
    -- A workspace may filter that event out; what the other events say of the queue has to do.
    select t.task_sid, t.queue_entered_at as entered_at, t.queue, cast(null as varchar) as event_sid, true as is_reckoned
    from staging._twilio_tasks as t
    left join staging.twilio_taskrouter as e on t.task_sid = e.task_sid and e.event_type = 'task-queue.entered'
    where e.task_sid is null and t.queue is not null
),

entries as (
    select
        *,
        row_number() over (partition by task_sid order by entered_at, queue, event_sid) as entry_number,
    from entered
),

reservations as (
    select
        task_sid,
        reservation_sid,
        min(event_at) as offered_at,
        min(case when event_type = 'reservation.accepted' then event_at end) as accepted_at,
        min(case when event_type = 'reservation.wrapup' then event_at end) as wrapup_at,
        min(case when event_type = 'reservation.completed' then event_at end) as completed_at,
        bool_or(event_type = 'reservation.created') as has_offer,
        min(agent) as agent,
        min(queue) as queue,
    from staging.twilio_taskrouter
    where event_type like 'reservation.%'
    group by task_sid, reservation_sid
),

accepted as (
    select
        r.task_sid,
        r.reservation_sid,
        -- The entry before the offer, of its own queue if it can be: both may bear the same second.
        coalesce(
            max(case when e.entered_at <= r.offered_at and e.queue = r.queue then e.entry_number end),
            max(case when e.entered_at <= r.offered_at then e.entry_number end),
            min(e.entry_number)
        ) as entry_number,
    from reservations as r
    left join entries as e on r.task_sid = e.task_sid
    where r.accepted_at is not null
    group by r.task_sid, r.reservation_sid
),

numbered as (
    select
        r.*,
        a.entry_number,
        row_number() over (
            partition by r.task_sid, a.entry_number order by r.accepted_at, r.reservation_sid
        ) as answer_number,
        lag(r.accepted_at) over (partition by r.task_sid order by r.accepted_at, r.reservation_sid) as previous_accepted_at,
    from reservations as r
    inner join accepted as a on r.task_sid = a.task_sid and r.reservation_sid = a.reservation_sid
),

-- The second worker of one entry came by a transfer: the wait for him began with it.
transferred as (
    select n.task_sid, n.reservation_sid, max(t.event_at) as transfer_at
    from numbered as n
    inner join staging.twilio_taskrouter as t
        on
            n.task_sid = t.task_sid
            and t.event_type = 'task.transfer-initiated'
            and t.event_at between n.previous_accepted_at and n.offered_at
    where n.answer_number > 1
    group by n.task_sid, n.reservation_sid
),

visits as (
    select
        e.task_sid, e.queue,
        -- Clocks of several senders: nobody is answered before he is there.
        least(e.entered_at, coalesce(n.accepted_at, e.entered_at)) as entered_at,
        e.entry_number, coalesce(n.answer_number, 1) as answer_number,
        e.is_reckoned or coalesce(n.accepted_at < e.entered_at, false) as is_reckoned,
        n.reservation_sid, n.offered_at, n.has_offer, n.accepted_at, n.wrapup_at, n.completed_at, n.agent,
    from entries as e
    left join numbered as n
        on e.task_sid = n.task_sid and e.entry_number = n.entry_number and n.answer_number = 1
    union all
    select
        n.task_sid, coalesce(n.queue, e.queue) as queue, coalesce(t.transfer_at, n.offered_at) as entered_at,
        n.entry_number, n.answer_number, t.transfer_at is null as is_reckoned,
        n.reservation_sid, n.offered_at, n.has_offer, n.accepted_at, n.wrapup_at, n.completed_at, n.agent,
    from numbered as n
    inner join entries as e on n.task_sid = e.task_sid and n.entry_number = e.entry_number
    left join transferred as t on n.task_sid = t.task_sid and n.reservation_sid = t.reservation_sid
    where n.answer_number > 1
)

select
    task_sid, -- The task
    row_number() over (
        partition by task_sid order by entered_at, entry_number, answer_number
    ) as visit_number, -- Which visit of the task, from 1
    queue, -- Queue
    entered_at, -- When it was entered
    lead(entered_at) over (partition by task_sid order by entered_at, entry_number, answer_number) as next_entered_at, -- When the next was entered
    lead(queue) over (partition by task_sid order by entered_at, entry_number, answer_number) as next_queue, -- The next queue
    is_reckoned, -- Whether entered_at is reckoned: no event tells of it, or one later than the answer
    reservation_sid, -- The offer that was accepted
    case when has_offer then offered_at end as offered_at, -- When it was offered
    accepted_at, -- When it was accepted
    wrapup_at, -- When the worker's wrap-up began
    completed_at, -- When the worker was done
    agent, -- Worker who accepted [pii]
from visits
