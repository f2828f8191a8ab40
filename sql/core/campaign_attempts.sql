-- Attempts of outbound campaigns to reach somebody. A sale here is what the dialler says; orders are in core.orders alone.
-- grain: one row per source and attempt
-- owner: team:data
select
    cast(md5_number(concat_ws('|', 'attempt', a.source, a.attempt_id)) as uuid) as attempt_key, -- Key of the attempt
    a.source, -- Source
    a.attempt_id, -- The dialler's id
    a.campaign_id, -- Campaign
    coalesce(k.customer_key, o.customer_key) as customer_key, -- Pseudonym of the customer; null: not known
    o.caller_token, -- Pseudonym of the number dialled; null: none stated, or none
    a.dialled_at, -- When it was dialled
    cast(timezone(getvariable('timezone'), a.dialled_at) as date) as business_date, -- Local date
    a.arm, -- Arm of an experiment, as the list names it
    a.is_connected, -- Whether somebody answered; null: not stated
    a.is_right_party, -- Whether it was the person meant; null: not stated
    a.outcome, -- sold, refused, callback, opted_out or no_answer; null: not stated
    coalesce(n.agent, a.agent) as agent, -- Agent
    a.amount, -- What the dialler says was sold, in `currency`; the shop's order says what was paid
    a.currency, -- Currency
    a.propensity, -- Probability with which the arm was given
from staging.campaign_attempts as a
left join staging.customer_keys as k on a.customer_id = k.customer_id
left join staging.number_owners as o on a.phone = o.number
left join staging.agent_names as n on a.agent = n.written
