-- Attempts of outbound campaigns, each once: a row that says how an attempt ended replaces one that does not.
-- grain: one row per source and attempt
-- owner: team:data
with distinct_rows as (
    select
        source, attempt_id, campaign_id, customer_id, phone, dialled_at, arm, connected as is_connected,
        right_party as is_right_party, outcome, agent, amount, propensity,
        min(segment_id) as segment_id,
    from raw.campaign_attempts
    group by
        source, attempt_id, campaign_id, customer_id, phone, dialled_at, arm, connected, right_party, outcome, agent,
        amount, propensity
),

ranked as (
    select
        *,
        row_number() over (
            partition by source, attempt_id
            order by
                case outcome
                    when 'opted_out' then 1 when 'sold' then 2 when 'refused' then 3 when 'callback' then 4
                    when 'no_answer' then 5 else 6
                end,
                is_right_party desc nulls last, is_connected desc nulls last, dialled_at desc, amount desc nulls last,
                campaign_id, customer_id nulls last, phone nulls last, agent nulls last, arm nulls last,
                propensity nulls last
        ) as state_number,
    from distinct_rows
)

select
    source, -- Source
    attempt_id, -- The dialler's id of the attempt
    campaign_id, -- Campaign
    customer_id, -- The CRM's id of the customer [pii]
    phone, -- Number dialled, as written [pii]
    dialled_at, -- When it was dialled
    arm, -- Arm of an experiment: treated or held out
    is_connected, -- Whether somebody answered
    is_right_party, -- Whether it was the person meant
    outcome, -- sold, refused, callback, opted_out or no_answer
    agent, -- Agent [pii]
    amount, -- What was sold, in `currency`
    getvariable('currency') as currency, -- The centre's currency: the list names none
    propensity, -- Probability with which the arm was given
    segment_id, -- Lake segment that the row was first read from
from ranked
where state_number = 1
