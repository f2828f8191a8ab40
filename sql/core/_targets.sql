-- The service-level target that holds for each queue and channel, by stretches of days: the last one in callwright.toml
-- that matches.
-- grain: one row per queue, channel and stretch of days in which one target holds
-- owner: team:data
with queues as (
    select
        queue,
        'voice' as channel,
    from core._asterisk_calls
    where queue is not null
    union
    select
        queue,
        'voice' as channel,
    from core._asterisk_blocked
    union
    select
        queue,
        channel,
    from staging.calls
    where queue is not null
),

matches as (
    select
        q.queue,
        q.channel,
        t.valid_from,
        t.valid_to,
        t.sl_threshold_s,
        t.sl_comparator,
        t.sl_target_rate,
        t.short_abandon_s,
        t.sl_clock_start,
        t.interval_ownership,
        t.service_level_variant,
        t.rank,
    from queues as q
    inner join settings.targets as t on t.queue in ('*', q.queue) and t.channel in ('*', q.channel)
),

changes as (
    select
        queue,
        channel,
        valid_from as from_date,
    from matches
    union
    select
        queue,
        channel,
        valid_to as from_date,
    from matches
    where valid_to is not null
),

stretches as (
    select
        queue,
        channel,
        from_date,
        lead(from_date) over (partition by queue, channel order by from_date) as to_date,
    from changes
),

ranked as (
    select
        s.queue,
        s.channel,
        s.from_date,
        s.to_date,
        m.sl_threshold_s,
        m.sl_comparator,
        m.sl_target_rate,
        m.short_abandon_s,
        m.sl_clock_start,
        m.interval_ownership,
        m.service_level_variant,
        row_number() over (partition by s.queue, s.channel, s.from_date order by m.rank desc) as nearness,
    from stretches as s
    inner join matches as m
        on
            s.queue = m.queue
            and s.channel = m.channel
            and m.valid_from <= s.from_date
            and (m.valid_to is null or m.valid_to > s.from_date)
)

select
    queue, -- Queue
    channel, -- Channel
    from_date, -- First local day
    to_date, -- The day after the last; null: for ever
    sl_threshold_s, -- Threshold [unit: s]
    sl_comparator, -- <= or <
    sl_target_rate, -- Share that should be answered in time
    short_abandon_s, -- An abandon up to this wait is short [unit: s]
    sl_clock_start, -- Where the clock of the service level starts: queue (on entering it) or arrival (of the contact)
    interval_ownership, -- Which interval a visit counts in: arrival, event or disconnect
    service_level_variant, -- The variant of the service level that is agreed
from ranked
where nearness = 1
