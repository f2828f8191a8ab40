-- What a campaign changed: what customers of each arm bought within [campaigns] uplift_days of their first attempt, beside
-- those of its list who were held out. By the arm they were drawn into, whether or not anybody reached them.
-- Paid orders of known customers only; customers whose days have not passed yet are left out and counted.
-- grain: one row per campaign and arm that is no hold-out
-- owner: team:data
with data_end as (
    select max(ordered_at) as through_at from core.orders
),

listed as (
    select
        a.campaign_id,
        a.customer_key,
        min(a.arm) as arm,
        min(a.dialled_at) as first_at,
        min(a.business_date) as first_date,
    from core.campaign_attempts as a
    where a.customer_key is not null and a.arm is not null
    group by a.campaign_id, a.customer_key
    having count(distinct a.arm) = 1
),

timed as (
    select
        l.*,
        c.uplift_s,
        epoch_us(e.through_at) - epoch_us(l.first_at) >= c.uplift_s * 1e6 as is_mature,
    from listed as l
    cross join settings.campaigns as c
    cross join data_end as e
),

bought as (
    select
        t.campaign_id,
        t.customer_key,
        count(o.order_key) as order_count,
        sum(coalesce(o.margin_amount, o.amount * s.margin_rate)) as margin_amount,
    from timed as t
    inner join core.orders as o
        on
            t.customer_key = o.customer_key
            and o.ordered_at >= t.first_at
            and epoch_us(o.ordered_at) - epoch_us(t.first_at) <= t.uplift_s * 1e6
    inner join settings.costs as s on o.currency = s.currency
    where o.status = 'paid' and t.is_mature
    group by t.campaign_id, t.customer_key
),

arms as (
    select
        t.campaign_id,
        t.arm,
        t.arm in ('holdout', 'control') as is_holdout,
        min(t.first_date) as first_date,
        count(*) filter (where not t.is_mature) as immature_count,
        count(*) filter (where t.is_mature) as customer_count,
        max(t.first_date) filter (where t.is_mature) + cast(max(t.uplift_s) / 86400 as integer) as measured_date,
        avg(coalesce(b.order_count, 0)) filter (where t.is_mature) as order_mean,
        var_samp(coalesce(b.order_count, 0)) filter (where t.is_mature) as order_variance,
        avg(coalesce(b.margin_amount, 0)) filter (where t.is_mature) as margin_mean,
        var_samp(coalesce(b.margin_amount, 0)) filter (where t.is_mature) as margin_variance,
    from timed as t
    left join bought as b on t.campaign_id = b.campaign_id and t.customer_key = b.customer_key
    group by t.campaign_id, t.arm
),

holdouts as (
    select * from arms where is_holdout
),

compared as (
    select
        t.campaign_id,
        t.arm,
        t.first_date,
        greatest(t.measured_date, h.measured_date) as measured_date,
        t.customer_count,
        coalesce(h.customer_count, 0) as holdout_customer_count,
        t.immature_count + coalesce(h.immature_count, 0) as immature_count,
        t.order_mean,
        h.order_mean as holdout_order_mean,
        t.margin_mean,
        h.margin_mean as holdout_margin_mean,
        t.order_mean - h.order_mean as order_uplift,
        sqrt(t.order_variance / t.customer_count + h.order_variance / h.customer_count) as order_error,
        t.margin_mean - h.margin_mean as margin_uplift,
        sqrt(t.margin_variance / t.customer_count + h.margin_variance / h.customer_count) as margin_error,
        least(t.customer_count, coalesce(h.customer_count, 0)) >= m.minimum_n as is_enough,
        m.currency,
    from arms as t
    left join holdouts as h on t.campaign_id = h.campaign_id
    cross join settings.centre as m
    where not t.is_holdout
)

select
    campaign_id, -- Campaign
    arm, -- Arm of the list
    first_date, -- Local day of the first attempt
    measured_date, -- Local day by which the last customer's days had passed; null: nobody's have
    customer_count, -- Customers of the arm whose days have passed
    holdout_customer_count, -- Customers held out whose days have passed
    immature_count, -- Customers of both whose days have not passed
    order_mean as orders_per_customer, -- Orders a customer of the arm [unit: per_customer]
    holdout_order_mean as holdout_orders_per_customer, -- Orders a customer held out; null: nobody was [unit: per_customer]
    case when is_enough then order_uplift end as orders_uplift, -- Difference of the two; null: not measurable [unit: per_customer]
    case when is_enough then order_uplift - 1.96 * order_error end as orders_uplift_low, -- Lower end of its 95 % interval [unit: per_customer]
    case when is_enough then order_uplift + 1.96 * order_error end as orders_uplift_high, -- Upper end of its 95 % interval [unit: per_customer]
    case when is_enough then margin_uplift end as margin_uplift_amount, -- Difference of the margin a customer
    case when is_enough then margin_uplift - 1.96 * margin_error end as margin_uplift_low_amount, -- Lower end of its 95 % interval
    case when is_enough then margin_uplift + 1.96 * margin_error end as margin_uplift_high_amount, -- Upper end of its 95 % interval
    currency, -- Currency of amounts: the centre's
    case when is_enough and order_error > 0 then order_uplift / order_error end as deviation, -- Standard errors by which orders differ
    case
        when not is_enough then 'not_measurable'
        when order_uplift + 1.96 * order_error < 0 then 'harmful'
        when order_uplift - 1.96 * order_error > 0 then 'useful'
        else 'unclear'
    end as verdict, -- harmful, useful, unclear, or not_measurable: no hold-out, or fewer than the centre's minimum_n in an arm
from compared
