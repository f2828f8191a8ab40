-- In every half hour and day of a queue what was offered is what was answered, abandoned, flowed out or is open.
-- meta.ledger says so of the visits; this is the truth of the figures that are shown.
-- severity: fail
-- owner: team:data
-- part: business_date
with sums as (
    select
        'half hour' as period,
        interval_started_at,
        business_date,
        site,
        queue,
        channel,
        service_level_variant,
        offered_count,
        answered_count + abandoned_count + timed_out_count + exited_by_key_count + exited_empty_count + withdrawn_count
            + open_count as accounted_count
    from kpi.queue_interval

    union all

    select
        'day' as period,
        cast(null as timestamptz) as interval_started_at,
        business_date,
        site,
        queue,
        channel,
        service_level_variant,
        offered_count,
        answered_count + abandoned_count + timed_out_count + exited_by_key_count + exited_empty_count + withdrawn_count
            + open_count as accounted_count
    from kpi.queue_day
)

select
    period, -- half hour or day
    interval_started_at, -- begin of the half hour, null = the day
    business_date, -- day
    site, -- site
    queue, -- queue
    channel, -- channel
    service_level_variant, -- agreed variant of the service level
    offered_count, -- offered
    accounted_count, -- visits whose fate is known
from sums
where offered_count is distinct from accounted_count
