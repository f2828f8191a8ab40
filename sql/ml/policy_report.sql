-- Whether the propensities that versions of the policy record are those they act by: every estimate from logged decisions
-- divides by them. 1 / propensity, averaged over decisions, is the number of actions that could have been chosen; over the
-- decisions for one action and divided by all, the share of contacts for which it could.
-- Decisions without a choice (propensity 1) and those of a hold-out tell nothing of it and are left out.
-- expected_value: the eight weeks before, whatever the version; of doing nothing exactly 1, for it is always possible.
-- deviation: by the standard error, or by how much the weeks before moved (mean moving range / 1.128) where that is more.
-- Source: inverse propensity weighting, Horvitz and Thompson 1952.
-- grain: one row per week, version and action, and one for all actions of the version
-- owner: team:data
with decisions as (
    select
        coalesce(version, 'unknown') as version,
        cast(date_trunc('week', business_date) as date) as week_date,
        action,
        propensity,
    from core.action_outcomes
    where propensity > 0 and propensity < 1 and (arm is null or arm not in ('holdout', 'control', 'excluded'))
),

weeks as (
    select
        week_date,
        version,
        count(*) as decision_count,
    from decisions
    group by week_date, version
),

summed as (
    select
        d.week_date,
        d.version,
        w.decision_count,
        d.action,
        count(*) as chosen_count,
        sum(d.propensity) as propensity_sum,
        sum(1 / d.propensity) as weight_sum,
        sum(1 / d.propensity ** 2) as square_sum,
    from decisions as d
    inner join weeks as w on d.week_date = w.week_date and d.version = w.version
    group by grouping sets ((d.week_date, d.version, w.decision_count, d.action), (d.week_date, d.version, w.decision_count))
),

estimated as (
    select
        *,
        coalesce(action, 'all') as subject,
        weight_sum / decision_count as estimate,
        sqrt(greatest(square_sum / decision_count - (weight_sum / decision_count) ** 2, 0) / decision_count) as standard_error,
    from summed
    where decision_count >= 30
),

moved as (
    select
        *,
        abs(estimate - lag(estimate) over (partition by subject order by week_date, version)) as moving_range,
    from estimated
),

before as (
    select
        *,
        sum(weight_sum) over past as past_weight_sum,
        sum(decision_count) over past as past_decision_count,
        count(*) over past as past_count,
        avg(moving_range) over past / 1.128 as past_width,
    from moved
    window past as (
        partition by subject
        order by week_date range between interval 56 days preceding and interval 7 days preceding
    )
),

judged as (
    select
        *,
        case
            when subject = 'none' then 1
            when past_count >= 4 then past_weight_sum / past_decision_count
        end as expected_value,
        greatest(standard_error, coalesce(past_width, 0)) as width,
    from before
)

select
    week_date, -- Monday of the local week
    version, -- Version of the policy
    subject as action, -- Action; all: the number of choices
    decision_count, -- Decisions with a choice in that week
    chosen_count, -- Of them, those for this action
    propensity_sum / chosen_count as propensity_mean_rate, -- Mean propensity that was recorded with it
    estimate as value, -- Share of contacts for which it could be chosen, by the recorded propensities; of all the number of choices
    expected_value, -- What it should be; null: too little is known of the weeks before
    (estimate - expected_value) / nullif(width, 0) as deviation, -- Standard deviations from it
    abs((estimate - expected_value) / nullif(width, 0)) <= 3 as is_consistent, -- Whether the difference is within chance; null: not known
from judged
