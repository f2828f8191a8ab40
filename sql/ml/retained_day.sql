-- The value that actions are modelled to have kept, by day, as sums that may be added up: of each action that was offered,
-- the assumed effect on leaving x the probability of leaving x the expected spend of the customer's last score before it,
-- at the assumed margin. Where there was no score yet, nothing is modelled. Whoever was held out was offered nothing.
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
    from core.action_outcomes as o
    left join core.contacts as c on o.contact_key = c.contact_key
    where o.arm is null or o.arm not in ('holdout', 'control', 'excluded')
),

ranked as (
    select
        o.action_outcome_key,
        h.churn_probability,
        h.expected_value_amount,
        h.currency,
        row_number() over (partition by o.action_outcome_key order by h.scored_at desc, h.version desc) as nearness,
    from offers as o
    inner join ml.customer_score_history as h on o.customer_key = h.customer_key and h.scored_at <= o.shown_at
)

select
    o.business_date, -- Local date of the contact, else of the offer
    o.site, -- Site
    o.queue, -- Last queue of the contact
    o.channel, -- Channel
    o.tier, -- Value tier that the router was told; null: none
    coalesce(h.currency, max(a.currency)) as currency, -- Currency of the amounts
    count(*) as offered_action_count, -- Actions offered
    cast(sum(case when h.churn_probability is not null then 1 else 0 end) as bigint) as modelled_action_count, -- Of these, to customers with a score
    round(sum(s.expected_effect_rate * h.churn_probability * h.expected_value_amount * a.margin_rate), 6) as retained_value_amount, -- Kept, modelled; null: no score before the offers
    max(a.assumption_set) as assumption_set, -- Name of the costs and windows assumed
from offers as o
inner join settings.actions as s on o.action = s.action
cross join settings.costs as a
left join ranked as h on o.action_outcome_key = h.action_outcome_key and h.nearness = 1
group by o.business_date, o.site, o.queue, o.channel, o.tier, h.currency
