-- What was known of each customer when the current scores were made; see models/features for units and as-of rules.
-- grain: one row per customer
-- owner: team:data
select
    customer_key, -- pseudonym of the customer
    as_of_at, -- the moment this row describes; only earlier rows were used
    tenure_s, -- time since the customer joined or was first seen [unit: s]
    order_count, -- paid orders so far
    order_day_count, -- business days with a paid order
    order_90d_count, -- paid orders in the last 90 days
    order_365d_count, -- paid orders in the last 365 days
    returned_order_count, -- orders that were returned
    order_amount, -- paid so far, in the centre's currency
    order_365d_amount, -- paid in the last 365 days, in the centre's currency
    getvariable('currency') as currency, -- currency of the amounts
    mean_order_amount, -- mean paid order in the centre's currency, null before the first
    order_recency_s, -- time since the last paid order [unit: s]
    order_age_s, -- time since the first paid order [unit: s]
    order_gap_s, -- mean time between days with a paid order, null before the second [unit: s]
    order_rhythm_rate, -- own gap / (own gap + time since the last order): 0.5 is on time, near 0 long overdue
    contact_90d_count, -- contacts in the last 90 days
    contact_365d_count, -- contacts in the last 365 days
    contact_recency_s, -- time since the last contact [unit: s]
    mean_wait_365d_s, -- mean wait in queues, last 365 days [unit: s]
    abandoned_365d_count, -- contacts abandoned in a queue, last 365 days
    transfer_365d_count, -- transfers suffered, last 365 days
    repeat_365d_count, -- contacts that repeated an earlier one, last 365 days
    survey_365d_count, -- surveys answered, last 365 days
    mean_csat_365d_rate, -- mean satisfaction, 0 lowest to 1 highest on its scale, last 365 days
    mean_nps_365d_rate, -- mean recommendation, 0 lowest to 1 highest on its scale, last 365 days
    contract_remaining_s, -- time until the contract ends, negative when over, null without one [unit: s]
    has_left, -- a leaving before the moment is recorded
    segment, -- segment of the customer record valid then
    marketing_opt_out, -- wants no offers, newest record
    profiling_objection, -- objects to being profiled, newest record
from features.customer_features
where purpose = 'score'
