-- Customer contacts on any channel, from the first sign of them to the last: one row however often they were transferred.
-- grain: one row per contact
-- owner: team:data
-- window: contact_key
with several as (
    -- Most contacts visit one queue: only the visits of the others are summed.
    select contact_key
    from core.queue_visits
    where visit_seq = 2
),

visits as (
    select
        v.contact_key,
        count(*) as queue_visit_count,
        -- Who was refused did not wait: a refusal neither begins nor ends the wait.
        min(case when wait_s is not null then entered_at end) as first_entered_at,
        max(case when visit_seq = 1 then queue end) as first_queue,
        max_by(queue, visit_seq) as last_queue,
        max_by(outcome, visit_seq) as last_outcome,
        max(case when outcome = 'answered' then 1 else 0 end) as is_answered,
        max_by(is_short_abandon, visit_seq) as is_last_short_abandon,
        round(sum(wait_s), 6) as queue_wait_s,
        max(case when wait_s is not null then coalesce(answered_at, left_at) end) as last_waited_at,
        round(sum(ring_s), 6) as ring_s,
        round(sum(talk_s), 6) as talk_s,
        round(sum(hold_s), 6) as hold_s,
        round(sum(wrap_s), 6) as wrap_s,
        cast(sum(case when transfer_type is not null then 1 else 0 end) as bigint) as transfer_count,
        min_by(agent, case when agent is not null then visit_seq end) as first_agent,
        max_by(agent, case when agent is not null then visit_seq end) as last_agent,
        max(site) as site,
        max(left_at) as left_at,
        nullif(concat_ws(
            ';',
            max(case when repairs like '%entry_from_wait%' then 'entry_from_wait' end),
            max(case when repairs like '%callid_changed%' then 'callid_changed' end),
            max(case when repairs like '%closed_by_restart%' then 'closed_by_restart' end),
            max(case when repairs like '%talk_cut%' then 'talk_cut' end)
        ), '') as repairs,
    from core.queue_visits as v
    inner join several as s on v.contact_key = s.contact_key
    group by v.contact_key
    union all
    select
        v.contact_key,
        1 as queue_visit_count,
        v.entered_at as first_entered_at,
        v.queue as first_queue,
        v.queue as last_queue,
        v.outcome as last_outcome,
        case when v.outcome = 'answered' then 1 else 0 end as is_answered,
        v.is_short_abandon as is_last_short_abandon,
        v.wait_s as queue_wait_s,
        coalesce(v.answered_at, v.left_at) as last_waited_at,
        v.ring_s,
        v.talk_s,
        v.hold_s,
        v.wrap_s,
        case when v.transfer_type is not null then 1 else 0 end as transfer_count,
        v.agent as first_agent,
        v.agent as last_agent,
        v.site,
        v.left_at,
        v.repairs,
    from core.queue_visits as v
    left join several as s on v.contact_key = s.contact_key
    where s.contact_key is null
),

-- The same person: the customer where known, else the number. Told by 16 bytes, for many texts are slow to sort.
people as (
    select
        contact_key,
        arrived_at,
        md5_number(coalesce(customer_key, caller_token)) as person,
    from core._journeys
    where coalesce(customer_key, caller_token) is not null
),

repeats as (
    select
        contact_key,
        lag(contact_key) over (partition by person order by arrived_at, contact_key) as previous_contact_key,
        lag(arrived_at) over (partition by person order by arrived_at, contact_key) as previous_arrived_at,
    from people
),

joined as (
    select
        j.contact_key,
        j.source,
        j.source_contact_id,
        j.linked_id,
        coalesce(j.site, v.site) as site,
        j.channel,
        j.direction,
        j.customer_key,
        j.caller_token,
        j.identified_by,
        j.dialled_number,
        j.arrived_at,
        greatest(coalesce(j.ended_at, v.left_at), coalesce(v.left_at, j.ended_at)) as ended_at,
        epoch_us(timezone(getvariable('timezone'), j.arrived_at)) as local_us,
        cast(timezone(getvariable('timezone'), j.arrived_at) as date) as business_date,
        v.first_queue,
        v.last_queue,
        coalesce(v.queue_visit_count, 0) as queue_visit_count,
        v.queue_wait_s,
        case
            when v.queue_wait_s is not null then (epoch_us(v.last_waited_at) - epoch_us(v.first_entered_at)) / 1e6
        end as elapsed_wait_s,
        j.ivr_s,
        v.ring_s,
        coalesce(v.talk_s, j.talk_s) as talk_s,
        v.hold_s,
        v.wrap_s,
        case
            when v.contact_key is null then j.outcome_without_visit
            when v.is_answered = 1 then 'answered'
            when v.last_outcome in ('full', 'join_empty', 'closed') then 'blocked'
            when v.last_outcome = 'diverted' then 'callback'
            when j.stated_outcome is not null then j.stated_outcome
            else v.last_outcome
        end as outcome,
        coalesce(v.is_last_short_abandon, false) as is_last_short_abandon,
        coalesce(v.transfer_count, 0) as transfer_count,
        v.first_agent,
        v.last_agent,
        case
            when epoch_us(j.arrived_at) - epoch_us(r.previous_arrived_at) <= 2592000 * 1e6 then r.previous_contact_key
        end as repeat_of,
        j.tier,
        nullif(concat_ws(';', j.repairs, v.repairs), '') as repairs,
    from core._journeys as j
    left join visits as v on j.contact_key = v.contact_key
    left join repeats as r on j.contact_key = r.contact_key
),

-- Hours are told of the queues and channels that callwright.toml names, and of all others as `*`.
hours_queues as (select queue from settings.business_hours group by queue),

hours_channels as (select channel from settings.business_hours group by channel),

-- The weekday by counting: 1 January 1970, day 0, was the fourth day of its week.
placed as (
    select
        j.*,
        h.weekday_number is not null as is_in_business_hours,
    from joined as j
    left join hours_queues as q on j.first_queue = q.queue
    left join hours_channels as c on j.channel = c.channel
    left join settings.business_hours as h
        on
            coalesce(q.queue, '*') = h.queue
            and coalesce(c.channel, '*') = h.channel
            and j.business_date >= h.valid_from
            and (h.valid_to is null or j.business_date < h.valid_to)
            and (j.local_us // 86400000000 + 3) % 7 + 1 = h.weekday_number
            and j.local_us % 86400000000 >= h.opens_s * 1000000
            and j.local_us % 86400000000 < h.closes_s * 1000000
)

select
    contact_key, -- Key of the contact
    source, -- Source that knows the contact best
    source_contact_id, -- The source's own id; Asterisk: first callid in queue_log, else the channel that ran Queue(), else the linkedid
    linked_id, -- Asterisk's linkedid; null elsewhere
    site, -- Site; null: the centre has but one, or it is not known
    channel, -- voice, ivr, callback, sms, email, chat, messaging, video, fax or social
    direction, -- inbound or outbound
    customer_key, -- Pseudonym of the customer; null: not known
    caller_token, -- Pseudonym of the caller's number or the writer's address; null: anonymous or internal
    identified_by, -- crm_id, number or email; null: the customer is not known
    case when direction = 'inbound' then dialled_number end as dialled_number, -- Number or extension that the caller dialled; null for outbound contacts, whose number is the customer's
    arrived_at, -- First sign of the contact
    ended_at, -- Last sign of the contact
    business_date, -- Local date of arrival
    is_in_business_hours, -- Whether the centre was open when the contact arrived: [business_hours] of its first queue, by the local clock
    first_queue, -- First queue visited
    last_queue, -- Last queue visited
    queue_visit_count, -- How many queues it visited, refusals included
    queue_wait_s, -- Sum of the waits of its visits [unit: s]
    elapsed_wait_s, -- From entering the first queue to the end of the last wait [unit: s]
    ivr_s, -- From arrival to the first queue [unit: s]
    ring_s, -- Ring of the answered attempts [unit: s]
    talk_s, -- Talk [unit: s]
    hold_s, -- On hold [unit: s]
    wrap_s, -- Wrap-up [unit: s]
    coalesce(talk_s, 0) + coalesce(hold_s, 0) + coalesce(wrap_s, 0) as handle_s, -- Talk, hold and wrap-up, as far as logged [unit: s]
    outcome, -- answered if any visit was, else that of the last visit
    outcome = 'answered' as is_answered, -- Whether an agent answered
    outcome = 'abandoned' and is_last_short_abandon as is_short_abandon, -- Abandoned within the short-abandon threshold
    transfer_count, -- How many visits ended in a transfer
    first_agent, -- First agent who answered
    last_agent, -- Last agent who answered
    repeat_of, -- The same customer's or number's previous contact within 30 days
    tier as value_tier_at_arrival, -- Value tier that the router was told
    repairs, -- Repairs that were applied, separated by semicolons
from placed
