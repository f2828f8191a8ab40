-- Calls of custom sources in canonical columns. A visit that was exported before and after it ended is one: the later state counts.
-- grain: one row per visit of a contact, or per contact without a visit
-- owner: team:data
-- changes: source_contact_id
with distinct_rows as (
    select
        source, source_contact_id, arrived_at, channel, direction, caller_number, customer_id, dialled_number, site, ivr_s,
        queue, entered_at, wait_s, answered_at, agent, ring_s, talk_s, hold_s, wrap_s, ended_at, outcome, transfer_type,
        transferred_to, priority,
        min(segment_id) as segment_id,
    from raw.calls
    group by
        source, source_contact_id, arrived_at, channel, direction, caller_number, customer_id, dialled_number, site, ivr_s,
        queue, entered_at, wait_s, answered_at, agent, ring_s, talk_s, hold_s, wrap_s, ended_at, outcome, transfer_type,
        transferred_to, priority
),

states as (
    select
        *,
        row_number() over (
            partition by source, source_contact_id, queue, entered_at
            order by
                case when outcome is null or outcome = 'open' then 1 else 0 end,
                ended_at desc nulls last, answered_at desc nulls last, talk_s desc nulls last, wait_s desc nulls last,
                arrived_at, outcome, agent, transfer_type, transferred_to, ring_s, hold_s, wrap_s, ivr_s, channel,
                direction, caller_number, customer_id, dialled_number, site, priority
        ) as state_number,
    from distinct_rows
)

select
    source, -- Source in callwright.toml
    source_contact_id, -- The source's id of the contact
    -- A menu's clock that runs behind says that the caller queued before he called; he called when he was first seen.
    least(arrived_at, coalesce(entered_at, arrived_at)) as arrived_at, -- First sign of the contact
    coalesce(channel, 'voice') as channel, -- Channel
    coalesce(direction, 'inbound') as direction, -- inbound or outbound
    caller_number, -- Caller's number as written [pii]
    customer_id, -- The CRM's id of the customer [pii]
    dialled_number, -- Number dialled
    site, -- Site
    case when ivr_s >= 0 then ivr_s end as ivr_s, -- Time in the menu; null where the source had a negative one [unit: s]
    queue, -- Queue
    entered_at, -- When the caller entered the queue; null: he did not
    coalesce(wait_s, (epoch_us(answered_at) - epoch_us(entered_at)) / 1e6) as wait_s, -- Wait [unit: s]
    answered_at, -- When an agent answered
    agent, -- Agent [pii]
    ring_s, -- Ring time of the answered attempt [unit: s]
    case when outcome = 'answered' or outcome is null then talk_s end as talk_s, -- Talk time, of answered calls [unit: s]
    case when outcome = 'answered' or outcome is null then hold_s end as hold_s, -- Time on hold, of answered calls [unit: s]
    wrap_s, -- Wrap-up time [unit: s]
    ended_at, -- End of the visit or contact
    outcome, -- Outcome as the source states it
    transfer_type, -- blind or attended
    transferred_to, -- Where to
    priority, -- Priority in the queue
    nullif(concat_ws(
        ';',
        case when ivr_s < 0 then 'ivr_s_negative' end,
        case when entered_at < arrived_at then 'entered_before_arrived' end,
        case when outcome <> 'answered' and coalesce(talk_s, 0) + coalesce(hold_s, 0) > 0 then 'talk_without_answer' end
    ), '') as repairs, -- Repairs that were applied, separated by semicolons
    segment_id, -- Lake segment that the row was first read from
from states
where state_number = 1
