-- The value that actions are modelled to have kept, by day, as sums that may be added up: of each action that was offered,
-- the assumed effect on leaving x the probability of leaving x the expected spend of the customer's last score before it,
-- at the assumed margin. Where there was no score yet, nothing is modelled; an offer that repeats itself within the churn
-- horizon keeps nothing more, and an action that is to add value, not to keep customers, keeps nothing. Whoever was held
-- out was offered nothing.
-- grain: one row per local day, site, queue, channel and value tier of the contact, and currency
-- owner: team:data
with offers as (
    select
        o.action_outcome_key,
        o.customer_key,
        o.action,
        o.shown_at,
        c.site,
        c.last_queue as queue,
        c.channel,
        c.value_tier_at_arrival as tier,
        coalesce(c.business_date, o.business_date) as business_date,
        lag(o.shown_at) over (
            partition by o.customer_key, o.action order by o.shown_at, o.action_outcome_key
        ) as offered_before_at,
    from core.action_outcomes as o
    left join core.contacts as c on o.contact_key = c.contact_key
    where o.arm is null or o.arm not in ('holdout', 'control', 'excluded')
),

-- Offers and scores of a customer on one line of time: cost follows their number, not offers times scores.
moments as (
    select
        customer_key,
        shown_at as happened_at,
        1 as is_offer,
        action_outcome_key,
        cast(null as varchar) as version,
    from offers
    union all
    select
        customer_key,
        scored_at as happened_at,
        0 as is_offer,
        cast(null as uuid) as action_outcome_key,
        version,
    from ml.customer_score_history
),

scored as (
    select
        action_outcome_key,
        is_offer,
        last_value(version ignore nulls) over (
            partition by customer_key order by happened_at, is_offer, version rows between unbounded preceding and current row
        ) as version,
    from moments
    where customer_key is not null
)

select
    o.business_date, -- Local date of the contact, else of the offer
    o.site, -- Site
    o.queue, -- Last queue of the contact
    o.channel, -- Channel
    o.tier, -- Value tier that the router was told; null: none
    coalesce(h.currency, max(a.currency)) as currency, -- Currency of the amounts
    count(*) as offered_action_count, -- Actions offered
    cast(sum(case when h.churn_probability * s.expected_effect_rate is not null then 1 else 0 end) as bigint) as modelled_action_count, -- Of these, to customers with a score, of actions with an assumed effect on leaving
    round(sum(case
        when o.offered_before_at is null or epoch_us(o.shown_at) - epoch_us(o.offered_before_at) > c.horizon_s * 1e6
            then s.expected_effect_rate * h.churn_probability * h.expected_value_amount * a.margin_rate
        when h.churn_probability * s.expected_effect_rate is not null then 0
    end), 6) as retained_value_amount, -- Kept, modelled; null: no score before the offers
    max(a.assumption_set) as assumption_set, -- Name of the costs, windows and effects assumed
from offers as o
cross join settings.costs as a
cross join settings.churn as c
left join settings.actions as s on o.action = s.action and s.effect_on = 'churn'
left join scored as k on o.action_outcome_key = k.action_outcome_key and k.is_offer = 1
left join ml.customer_score_history as h on o.customer_key = h.customer_key and k.version = h.version
group by o.business_date, o.site, o.queue, o.channel, o.tier, h.currency
