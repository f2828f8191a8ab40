-- The service-level target that held for each queue, channel and day: the last one in callwright.toml that matches.
-- grain: one row per queue, channel and business date with visits
-- owner: team:data
with days as (
    select
        queue,
        channel,
        cast(timezone(getvariable('timezone'), entered_at) as date) as business_date,
    from core._visits
    group by queue, channel, cast(timezone(getvariable('timezone'), entered_at) as date)
),

ranked as (
    select
        d.queue,
        d.channel,
        d.business_date,
        t.sl_threshold_s,
        t.sl_comparator,
        t.sl_target_rate,
        t.short_abandon_s,
        row_number() over (partition by d.queue, d.channel, d.business_date order by t.rank desc) as nearness,
    from days as d
    inner join settings.targets as t
        on
            t.queue in ('*', d.queue)
            and t.channel in ('*', d.channel)
            and t.valid_from <= d.business_date
            and (t.valid_to is null or t.valid_to > d.business_date)
)

select
    queue, -- Queue
    channel, -- Channel
    business_date, -- Local day
    sl_threshold_s, -- Threshold [unit: s]
    sl_comparator, -- <= or <
    sl_target_rate, -- Share that should be answered in time
    short_abandon_s, -- An abandon up to this wait is short [unit: s]
from ranked
where nearness = 1
