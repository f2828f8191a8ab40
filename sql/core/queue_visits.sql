-- Visits of contacts to queues, from entering to the answer or the exit, with what came of them.
-- grain: one row per visit of a contact to a queue
-- owner: team:data
-- window: contact_key
with numbered as (
    -- Only visits of contacts with several have to be put in order.
    select
        contact_key,
        source_call_id,
        queue,
        visit_number,
        row_number() over (
            partition by contact_key order by entered_at, left_at, queue, source_call_id, visit_number
        ) as visit_seq,
    from core._visits
    where has_several
),

placed as (
    select
        v.*,
        coalesce(n.visit_seq, 1) as visit_seq,
        cast(timezone(getvariable('timezone'), v.entered_at) as date) as entered_date,
        q.site as queue_site,
    from core._visits as v
    left join numbered as n
        on
            v.contact_key = n.contact_key
            and v.source_call_id = n.source_call_id
            and v.queue = n.queue
            and v.visit_number = n.visit_number
    left join settings.queues as q on v.queue = q.queue
),

-- Where no target's clock runs from the arrival, nobody's is asked.
arrivals as (
    select
        contact_key,
        arrived_at,
    from core._journeys
    where exists (select 1 from settings.targets where sl_clock_start = 'arrival')
),

judged as (
    select
        p.*,
        t.sl_threshold_s,
        t.sl_comparator,
        t.short_abandon_s,
        t.service_level_variant,
        -- Where the clock runs from the arrival: all the time since then, of which talk in an earlier queue is a part.
        p.wait_s + coalesce((epoch_us(p.entered_at) - epoch_us(j.arrived_at)) / 1e6, 0) as judged_wait_s,
        case t.interval_ownership
            when 'event' then coalesce(p.answered_at, p.left_at, p.entered_at)
            when 'disconnect' then coalesce(p.left_at, p.answered_at, p.entered_at)
            else p.entered_at
        end as counted_at,
    from placed as p
    left join core._targets as t
        on
            p.queue = t.queue
            and p.channel = t.channel
            and p.entered_date >= t.from_date
            and (t.to_date is null or p.entered_date < t.to_date)
    left join arrivals as j on t.sl_clock_start = 'arrival' and p.contact_key = j.contact_key
)

select
    cast(md5_number(concat_ws('|', p.contact_key, p.source_call_id, p.queue, p.visit_number)) as uuid) as visit_key, -- Key of the visit
    p.contact_key, -- Key of the contact
    p.source, -- Source that knows the contact best
    p.source_call_id, -- The source's id of the call at this visit; Asterisk: the callid of its ENTERQUEUE
    coalesce(p.site, p.queue_site) as site, -- Site
    p.queue, -- Queue
    p.channel, -- Channel
    p.direction, -- inbound or outbound
    p.visit_seq, -- Which visit of the contact, from 1
    p.entered_at, -- When the customer entered the queue (or was refused)
    p.answered_at, -- When an agent answered; null: nobody did
    p.left_at, -- When the visit ended, or a restart of the switch cut it off; null: not known
    time_bucket(to_minutes(30), p.counted_at) as interval_started_at, -- Half hour in which the visit counts, by the interval ownership that holds
    cast(timezone(getvariable('timezone'), p.counted_at) as date) as business_date, -- Local date on which it counts: of entering, unless another interval ownership holds
    cast(p.wait_s as double) as wait_s, -- Wait until the answer or the exit; null: open, or never in the queue [unit: s]
    cast(p.ring_s as double) as ring_s, -- Ring of the answered attempt [unit: s]
    cast(p.talk_s as double) as talk_s, -- Talk; null: not logged, or not answered [unit: s]
    cast(p.hold_s as double) as hold_s, -- On hold during the talk; null: the source does not say [unit: s]
    cast(p.wrap_s as double) as wrap_s, -- Wrap-up; null: the source does not say [unit: s]
    p.talk_source, -- Who says how long the talk was: logged (the source itself), cel or cdr (cut at the end of the agent's leg); null: no talk is known
    p.outcome, -- answered, abandoned, timed_out, exited_by_key, exited_empty, withdrawn, open; refused: full, join_empty, closed, diverted
    p.agent, -- Agent who answered
    p.ended_by, -- agent, caller, transfer or system; null: not known
    p.transfer_type, -- blind or attended; null: not transferred
    -- A long number is somebody's, not an extension.
    case when not regexp_matches(p.transferred_to, '[0-9]{7}') then p.transferred_to end as transferred_to, -- Extension or queue it was transferred to; null: not known, or an outside number
    p.position_in, -- Position in the queue on joining
    p.position_out, -- Position in the queue on leaving unanswered
    cast(p.priority as bigint) as priority, -- Priority that the router gave
    p.tier, -- Value tier that the router was told
    case
        when p.outcome not in ('answered', 'abandoned') or p.wait_s is null then null
        when p.sl_comparator = '<' then p.judged_wait_s < p.sl_threshold_s
        else p.judged_wait_s <= p.sl_threshold_s
    end as is_within_sl, -- Answered or abandoned within the threshold of its queue and day
    coalesce(p.outcome = 'abandoned' and p.wait_s <= p.short_abandon_s, false) as is_short_abandon, -- Abandoned no later than the short-abandon threshold
    p.sl_threshold_s, -- The threshold that held [unit: s]
    p.service_level_variant, -- The variant of the service level that was agreed
    p.repairs, -- Repairs that were applied, separated by semicolons
from judged as p
