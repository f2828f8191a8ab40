-- What was known of a customer at a moment: purchases, contacts, surveys, contract. Training and scoring read this one file.
-- Every source row used lies strictly before as_of_at. The two legal gates alone are read from the newest record:
-- an objection counts from the moment it is known, for every use of the data.
-- grain: customer_key, as_of_at
-- owner: team:data
with orders_before as (
    select
        moments.customer_key,
        moments.as_of_at,
        orders.business_date,
        orders.status,
        cast(date_diff('second', orders.ordered_at, moments.as_of_at) as double) as age_s,
        case
            when orders.currency is null or orders.currency = getvariable('currency') then orders.amount
        end as home_amount,
    from features.moments as moments
    inner join core.orders as orders
        on orders.customer_key = moments.customer_key
        and orders.ordered_at < moments.as_of_at
),

order_sums as (
    select
        customer_key,
        as_of_at,
        count(*) filter (where status = 'paid') as order_count,
        count(distinct case when status = 'paid' then business_date end) as order_day_count,
        count(*) filter (where status = 'paid' and age_s <= 7776000) as order_90d_count,
        count(*) filter (where status = 'paid' and age_s <= 31536000) as order_365d_count,
        count(*) filter (where status = 'returned') as returned_order_count,
        -- Decimals: a sum of doubles depends on the order of its rows, and with it would the models.
        cast(sum(cast(home_amount as decimal(18, 4))) filter (where status = 'paid') as double) as order_amount,
        cast(sum(cast(home_amount as decimal(18, 4))) filter (where status = 'paid' and age_s <= 31536000) as double) as order_365d_amount,
        cast(sum(cast(home_amount as decimal(18, 4))) filter (where status = 'paid') as double)
            / nullif(count(home_amount) filter (where status = 'paid'), 0) as mean_order_amount,
        min(age_s) filter (where status = 'paid') as order_recency_s,
        max(age_s) filter (where status = 'paid') as order_age_s,
        max(age_s) as first_order_age_s,
    from orders_before
    group by customer_key, as_of_at
),

order_rhythms as (
    select
        customer_key,
        as_of_at,
        (order_age_s - order_recency_s) / nullif(order_day_count - 1, 0) as order_gap_s,
    from order_sums
),

-- A contact that is still going on at the moment is not used: its end is not known yet.
contacts_before as (
    select
        moments.customer_key,
        moments.as_of_at,
        contacts.queue_wait_s,
        contacts.outcome,
        contacts.transfer_count,
        contacts.repeat_of,
        cast(date_diff('second', contacts.arrived_at, moments.as_of_at) as double) as age_s,
    from features.moments as moments
    inner join core.contacts as contacts
        on contacts.customer_key = moments.customer_key
        and contacts.arrived_at < moments.as_of_at
        and coalesce(contacts.ended_at, contacts.arrived_at) < moments.as_of_at
    where coalesce(contacts.direction, 'inbound') <> 'outbound'
),

contact_sums as (
    select
        customer_key,
        as_of_at,
        count(*) filter (where age_s <= 7776000) as contact_90d_count,
        count(*) filter (where age_s <= 31536000) as contact_365d_count,
        min(age_s) as contact_recency_s,
        max(age_s) as first_contact_age_s,
        cast(sum(cast(queue_wait_s as decimal(18, 6))) filter (where age_s <= 31536000) as double)
            / nullif(count(queue_wait_s) filter (where age_s <= 31536000), 0) as mean_wait_365d_s,
        count(*) filter (where age_s <= 31536000 and outcome = 'abandoned') as abandoned_365d_count,
        cast(sum(transfer_count) filter (where age_s <= 31536000) as bigint) as transfer_365d_count,
        count(*) filter (where age_s <= 31536000 and repeat_of is not null) as repeat_365d_count,
    from contacts_before
    group by customer_key, as_of_at
),

survey_sums as (
    select
        moments.customer_key,
        moments.as_of_at,
        count(*) as survey_365d_count,
        cast(sum(cast((surveys.score - surveys.scale_min) / nullif(surveys.scale_max - surveys.scale_min, 0)
            as decimal(18, 9))) filter (where surveys.kind = 'csat') as double)
            / nullif(count(surveys.score / nullif(surveys.scale_max - surveys.scale_min, 0)) filter (where surveys.kind = 'csat'), 0)
            as mean_csat_365d_rate,
        cast(sum(cast((surveys.score - surveys.scale_min) / nullif(surveys.scale_max - surveys.scale_min, 0)
            as decimal(18, 9))) filter (where surveys.kind = 'nps') as double)
            / nullif(count(surveys.score / nullif(surveys.scale_max - surveys.scale_min, 0)) filter (where surveys.kind = 'nps'), 0)
            as mean_nps_365d_rate,
    from features.moments as moments
    inner join core.surveys as surveys
        on surveys.customer_key = moments.customer_key
        and surveys.answered_at < moments.as_of_at
        and date_diff('second', surveys.answered_at, moments.as_of_at) <= 31536000
    group by moments.customer_key, moments.as_of_at
),

-- The customer record as it was valid at the moment.
profiles as (
    select
        moments.customer_key,
        moments.as_of_at,
        max(customers.segment) as segment,
        max(customers.contract_end_at) as contract_end_at,
    from features.moments as moments
    inner join core.customers as customers
        on customers.customer_key = moments.customer_key
        and (customers.valid_from is null or customers.valid_from < moments.as_of_at)
        and (customers.valid_to is null or customers.valid_to >= moments.as_of_at)
    group by moments.customer_key, moments.as_of_at
),

ranked_records as (
    select
        customer_key,
        joined_at,
        left_at,
        marketing_opt_out,
        profiling_objection,
        row_number() over (partition by customer_key order by valid_from desc nulls last) as age_rank,
    from core.customers
),

-- Dated facts and legal gates, from the newest record, closed or not.
newest_records as (
    select customer_key, joined_at, left_at, marketing_opt_out, profiling_objection
    from ranked_records
    where age_rank = 1
)

select
    moments.customer_key as customer_key, -- pseudonym of the customer
    moments.as_of_at as as_of_at, -- the moment this row describes; only earlier rows were used
    moments.purpose as purpose, -- score or train
    greatest(
        case
            when newest_records.joined_at < moments.as_of_at
                then cast(date_diff('second', newest_records.joined_at, moments.as_of_at) as double)
            else 0.0
        end,
        coalesce(order_sums.first_order_age_s, 0.0),
        coalesce(contact_sums.first_contact_age_s, 0.0)
    ) as tenure_s, -- time since the customer joined or was first seen [unit: s]
    coalesce(order_sums.order_count, 0) as order_count, -- paid orders so far
    coalesce(order_sums.order_day_count, 0) as order_day_count, -- business days with a paid order
    coalesce(order_sums.order_90d_count, 0) as order_90d_count, -- paid orders in the last 90 days
    coalesce(order_sums.order_365d_count, 0) as order_365d_count, -- paid orders in the last 365 days
    coalesce(order_sums.returned_order_count, 0) as returned_order_count, -- orders that were returned
    round(coalesce(order_sums.order_amount, 0.0), 4) as order_amount, -- paid so far, in the centre's currency
    round(coalesce(order_sums.order_365d_amount, 0.0), 4) as order_365d_amount, -- paid in the last 365 days, in the centre's currency
    round(order_sums.mean_order_amount, 4) as mean_order_amount, -- mean paid order in the centre's currency, null before the first
    order_sums.order_recency_s as order_recency_s, -- time since the last paid order [unit: s]
    order_sums.order_age_s as order_age_s, -- time since the first paid order [unit: s]
    round(order_rhythms.order_gap_s, 3) as order_gap_s, -- mean time between days with a paid order, null before the second [unit: s]
    round(
        order_rhythms.order_gap_s / nullif(order_rhythms.order_gap_s + order_sums.order_recency_s, 0), 9
    ) as order_rhythm_rate, -- own gap / (own gap + time since the last order): 0.5 is on time, near 0 long overdue
    coalesce(contact_sums.contact_90d_count, 0) as contact_90d_count, -- contacts in the last 90 days
    coalesce(contact_sums.contact_365d_count, 0) as contact_365d_count, -- contacts in the last 365 days
    contact_sums.contact_recency_s as contact_recency_s, -- time since the last contact [unit: s]
    round(contact_sums.mean_wait_365d_s, 6) as mean_wait_365d_s, -- mean wait in queues, last 365 days [unit: s]
    coalesce(contact_sums.abandoned_365d_count, 0) as abandoned_365d_count, -- contacts abandoned in a queue, last 365 days
    coalesce(contact_sums.transfer_365d_count, 0) as transfer_365d_count, -- transfers suffered, last 365 days
    coalesce(contact_sums.repeat_365d_count, 0) as repeat_365d_count, -- contacts that repeated an earlier one, last 365 days
    coalesce(survey_sums.survey_365d_count, 0) as survey_365d_count, -- surveys answered, last 365 days
    round(survey_sums.mean_csat_365d_rate, 9) as mean_csat_365d_rate, -- mean satisfaction, 0 lowest to 1 highest on its scale, last 365 days
    round(survey_sums.mean_nps_365d_rate, 9) as mean_nps_365d_rate, -- mean recommendation, 0 lowest to 1 highest on its scale, last 365 days
    cast(date_diff('second', moments.as_of_at, profiles.contract_end_at) as double)
        as contract_remaining_s, -- time until the contract ends, negative when over, null without one [unit: s]
    coalesce(newest_records.left_at < moments.as_of_at, false) as has_left, -- a leaving before the moment is recorded
    profiles.segment as segment, -- segment of the customer record valid then
    coalesce(newest_records.marketing_opt_out, false) as marketing_opt_out, -- wants no offers, newest record
    coalesce(newest_records.profiling_objection, false) as profiling_objection, -- objects to being profiled, newest record
from features.moments as moments
left join order_sums
    on order_sums.customer_key = moments.customer_key
    and order_sums.as_of_at = moments.as_of_at
left join order_rhythms
    on order_rhythms.customer_key = moments.customer_key
    and order_rhythms.as_of_at = moments.as_of_at
left join contact_sums
    on contact_sums.customer_key = moments.customer_key
    and contact_sums.as_of_at = moments.as_of_at
left join survey_sums
    on survey_sums.customer_key = moments.customer_key
    and survey_sums.as_of_at = moments.as_of_at
left join profiles
    on profiles.customer_key = moments.customer_key
    and profiles.as_of_at = moments.as_of_at
left join newest_records
    on newest_records.customer_key = moments.customer_key
