-- Scores of the past, each version as it was.
-- grain: one row per customer and version of the scores
-- owner: team:data
select
    customer_key, -- Pseudonym of the customer
    version, -- Version of the scores
    scored_at, -- When they were made
    tier, -- Value tier
    action, -- Next best action
    arm, -- policy or holdout
    churn_probability, -- Probability of leaving within the horizon
    expected_value_amount, -- Expected spend within the value horizon, modelled
    currency, -- Currency of amounts
    source, -- model, rule or default
    model_version, -- Versions of the models or rules behind it
from ml._score_history
