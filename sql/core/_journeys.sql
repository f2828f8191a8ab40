-- Contacts of all sources in one shape, before visits and customers are joined.
-- grain: one row per contact
-- owner: team:data
-- materialized: view
with in_order as (
    select
        *,
        row_number() over (
            partition by source, source_contact_id
            order by coalesce(entered_at, arrived_at), channel, direction, site, outcome, queue
        ) as call_seq,
        row_number() over (
            partition by source, source_contact_id
            order by entered_at desc nulls last, ended_at desc nulls last, outcome, queue
        ) as from_last,
    from staging.calls
),

custom as (
    select
        source,
        source_contact_id,
        min(site) as site,
        -- A call that becomes a callback came in as a call.
        max(case when call_seq = 1 then channel end) as channel,
        max(case when call_seq = 1 then direction end) as direction,
        min(caller_number) as caller_number,
        min(customer_id) as customer_id,
        min(dialled_number) as dialled_number,
        min(arrived_at) as arrived_at,
        max(ended_at) as ended_at,
        max(ivr_s) as ivr_s,
        -- One row without a visit tells the outcome itself; of several the last visit's counts.
        max(case when entered_at is null then outcome end) as outcome,
        round(sum(case when entered_at is null then talk_s end), 6) as talk_s,
        -- What the last visit came to, where visits have no such word.
        max(case when from_last = 1 and outcome in ('callback', 'failed') then outcome end) as stated_outcome,
        max(repairs) as repairs,
    from in_order
    group by source, source_contact_id
)

select
    contact_key, -- Key of the contact
    source, -- Source that knows the contact best
    source_contact_id, -- The source's id of the contact
    linked_id, -- Asterisk's linkedid
    cast(null as varchar) as site, -- Site
    'voice' as channel, -- Channel
    'inbound' as direction, -- Direction
    caller_number, -- Caller's number [pii]
    cast(null as varchar) as customer_id, -- The CRM's id [pii]
    dialled_number, -- Number dialled
    arrived_at, -- First sign of the contact
    ended_at, -- Last sign of the contact
    case when entered_at > arrived_at then (epoch_us(entered_at) - epoch_us(arrived_at)) / 1e6 end as ivr_s, -- Before the first queue [unit: s]
    outcome_without_visit, -- Outcome if it came to no queue
    cast(null as varchar) as stated_outcome, -- callback or failed, where the source says so of the last visit
    cast(null as double) as talk_s, -- Talk outside any visit [unit: s]
    tier, -- Value tier that the router was told
    cast(null as varchar) as repairs, -- Repairs that were applied
from core._asterisk_journeys
union all
select
    cast(md5_number(concat_ws('|', source, source_contact_id)) as uuid) as contact_key,
    source,
    source_contact_id,
    cast(null as varchar) as linked_id,
    site,
    channel,
    direction,
    caller_number,
    customer_id,
    dialled_number,
    arrived_at,
    ended_at,
    ivr_s,
    coalesce(outcome, 'open') as outcome_without_visit,
    stated_outcome,
    talk_s,
    cast(null as varchar) as tier,
    repairs,
from custom
