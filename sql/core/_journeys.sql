-- Contacts of all sources in one shape, before their visits are joined, and who is behind each: the source's own customer
-- id, else the customer who has the number, else the one who has the address.
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
),

united as (
    select
        contact_key,
        source,
        source_contact_id,
        linked_id,
        cast(null as varchar) as site,
        'voice' as channel,
        'inbound' as direction,
        caller_number,
        cast(null as varchar) as customer_id,
        dialled_number,
        arrived_at,
        ended_at,
        case when entered_at > arrived_at then (epoch_us(entered_at) - epoch_us(arrived_at)) / 1e6 end as ivr_s,
        outcome_without_visit,
        cast(null as varchar) as stated_outcome,
        cast(null as double) as talk_s,
        tier,
        cast(null as varchar) as repairs,
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
),

-- An address is a person's where people write; 1001@pbx.example.org on the telephone is an extension.
known as (
    select
        u.*,
        k.customer_key as id_customer_key,
        case when u.channel in ('email', 'chat', 'messaging', 'social', 'video') then n.email_token end as email_token,
        n.email_customer_key,
        n.caller_token as number_token,
        n.customer_key as number_customer_key,
    from united as u
    left join staging.customer_keys as k on u.customer_id = k.customer_id
    left join staging.number_owners as n on u.caller_number = n.number
)

select
    contact_key, -- Key of the contact
    source, -- Source that knows the contact best
    source_contact_id, -- The source's id of the contact
    linked_id, -- Asterisk's linkedid
    site, -- Site
    channel, -- Channel
    direction, -- Direction
    caller_number, -- Caller's number [pii]
    coalesce(id_customer_key, case when email_token is null then number_customer_key else email_customer_key end)
        as customer_key, -- Pseudonym of the customer; null: not known
    coalesce(email_token, number_token) as caller_token, -- Pseudonym of the number or address; null: anonymous or internal
    case
        when id_customer_key is not null then 'crm_id'
        when email_token is null and number_customer_key is not null then 'number'
        when email_token is not null and email_customer_key is not null then 'email'
    end as identified_by, -- crm_id, number or email; null: the customer is not known
    dialled_number, -- Number dialled
    arrived_at, -- First sign of the contact
    ended_at, -- Last sign of the contact
    ivr_s, -- Before the first queue [unit: s]
    outcome_without_visit, -- Outcome if it came to no queue
    stated_outcome, -- callback or failed, where the source says so of the last visit
    talk_s, -- Talk outside any visit [unit: s]
    tier, -- Value tier that the router was told
    repairs, -- Repairs that were applied
from known
