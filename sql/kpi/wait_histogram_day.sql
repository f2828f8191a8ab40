-- How long visits waited, by day and how the wait ended: percentiles can be read from it, which sums do not give.
-- Bins hold their lower bound: one second wide below two minutes, 5 seconds below ten, a minute from there on. Visits that
-- were refused, and those whose wait is not known, are not here. Each bin lies in one of the ten bands.
-- grain: one row per local day of entering, site, queue, channel, outcome and bin of waits
-- owner: team:data
-- window: business_date
with waited as (
    select
        business_date,
        site,
        queue,
        channel,
        case when outcome in ('answered', 'abandoned') then outcome else 'flowed_out' end as outcome,
        case
            when wait_s < 120 then floor(wait_s)
            when wait_s < 600 then floor(wait_s / 5) * 5
            else floor(wait_s / 60) * 60
        end as wait_from_s,
    from core.queue_visits
    where
        wait_s is not null
        and outcome in ('answered', 'abandoned', 'timed_out', 'exited_by_key', 'exited_empty', 'withdrawn')
),

counted as (
    select
        business_date,
        site,
        queue,
        channel,
        outcome,
        wait_from_s,
        count(*) as visit_count,
    from waited
    group by business_date, site, queue, channel, outcome, wait_from_s
)

select
    business_date, -- Local date of entering
    site, -- Site
    queue, -- Queue
    channel, -- Channel
    outcome, -- answered, abandoned or flowed_out
    cast(wait_from_s as double) as wait_from_s, -- The bin begins here, this wait included [unit: s]
    cast(wait_from_s + case when wait_from_s < 120 then 1 when wait_from_s < 600 then 5 else 60 end as double) as wait_to_s, -- And ends before this [unit: s]
    case
        when wait_from_s < 5 then '0-5 s'
        when wait_from_s < 10 then '5-10 s'
        when wait_from_s < 15 then '10-15 s'
        when wait_from_s < 20 then '15-20 s'
        when wait_from_s < 30 then '20-30 s'
        when wait_from_s < 45 then '30-45 s'
        when wait_from_s < 60 then '45-60 s'
        when wait_from_s < 120 then '60-120 s'
        when wait_from_s < 300 then '120-300 s'
        else '300 s and more'
    end as band, -- One of ten bands of waits, its lower bound included
    cast(visit_count as bigint) as visit_count, -- Visits
from counted
