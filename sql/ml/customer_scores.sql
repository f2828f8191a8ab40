-- The current scores: what the live router is told, and why.
-- grain: one row per customer
-- owner: team:data
select
    customer_key, -- Pseudonym of the customer
    tier, -- Value tier; null: nothing is known of the customer's value
    cast(priority as bigint) as priority, -- 0 to 100
    head_start_s, -- Seconds of waiting that the caller is given [unit: s]
    queue, -- Queue hint; null: none
    action, -- Next best action; none: do nothing
    propensity, -- Probability with which the policy chose the action
    arm, -- policy or holdout; null: in no arm, for the customer objects to profiling
    churn_probability, -- Probability of leaving within the horizon; null: not known
    expected_value_amount, -- Expected spend within the value horizon, modelled; null: not known
    currency, -- Currency of amounts
    reasons, -- Reason codes, at most three, the strongest first
    source, -- model, rule (the documented rule instead of a model) or default (too little is known)
    model_version, -- Versions of the models or rules behind it
    version, -- Version of the scores
    scored_at, -- When they were made
    expires_at, -- From when the router treats the customer by default
from ml._scores
