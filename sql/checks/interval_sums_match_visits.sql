-- The sums of a queue's intervals are those of its visits: no visit is dropped or counted twice on the way.
-- Durations may differ by a billionth part: adding in another order rounds otherwise.
-- All time is compared at once, because which interval owns a visit is the centre's setting.
-- severity: fail
-- owner: team:data
with signed as (
    select
        site,
        queue,
        channel,
        service_level_variant,
        case when outcome in ('full', 'join_empty', 'closed', 'diverted') then 0 else 1 end as offered_count,
        case when outcome = 'answered' then 1 else 0 end as answered_count,
        case when outcome = 'abandoned' then 1 else 0 end as abandoned_count,
        case when outcome = 'timed_out' then 1 else 0 end as timed_out_count,
        case when outcome = 'exited_by_key' then 1 else 0 end as exited_by_key_count,
        case when outcome = 'exited_empty' then 1 else 0 end as exited_empty_count,
        case when outcome = 'withdrawn' then 1 else 0 end as withdrawn_count,
        case when outcome = 'open' then 1 else 0 end as open_count,
        case when outcome in ('full', 'join_empty', 'closed') then 1 else 0 end as blocked_count,
        case when outcome = 'diverted' then 1 else 0 end as diverted_count,
        case when is_short_abandon then 1 else 0 end as short_abandoned_count,
        case when outcome = 'answered' and talk_s is not null then 1 else 0 end as talk_known_count,
        case when outcome = 'answered' and hold_s is not null then 1 else 0 end as hold_known_count,
        case when outcome = 'answered' and wrap_s is not null then 1 else 0 end as wrap_known_count,
        case when outcome = 'answered' and ring_s is not null then 1 else 0 end as ring_known_count,
        case when outcome = 'answered' and coalesce(talk_s, hold_s, wrap_s) is not null then 1 else 0 end as handled_known_count,
        case when outcome = 'answered' then coalesce(wait_s, 0) else 0 end as answered_wait_s,
        case when outcome = 'abandoned' then coalesce(wait_s, 0) else 0 end as abandoned_wait_s,
        coalesce(talk_s, 0) as talk_s,
        coalesce(hold_s, 0) as hold_s
    from core.queue_visits

    union all

    select
        site,
        queue,
        channel,
        service_level_variant,
        -coalesce(offered_count, 0) as offered_count,
        -coalesce(answered_count, 0) as answered_count,
        -coalesce(abandoned_count, 0) as abandoned_count,
        -coalesce(timed_out_count, 0) as timed_out_count,
        -coalesce(exited_by_key_count, 0) as exited_by_key_count,
        -coalesce(exited_empty_count, 0) as exited_empty_count,
        -coalesce(withdrawn_count, 0) as withdrawn_count,
        -coalesce(open_count, 0) as open_count,
        -coalesce(blocked_count, 0) as blocked_count,
        -coalesce(diverted_count, 0) as diverted_count,
        -coalesce(short_abandoned_count, 0) as short_abandoned_count,
        -coalesce(talk_known_count, 0) as talk_known_count,
        -coalesce(hold_known_count, 0) as hold_known_count,
        -coalesce(wrap_known_count, 0) as wrap_known_count,
        -coalesce(ring_known_count, 0) as ring_known_count,
        -coalesce(handled_known_count, 0) as handled_known_count,
        -coalesce(answered_wait_s, 0) as answered_wait_s,
        -coalesce(abandoned_wait_s, 0) as abandoned_wait_s,
        -coalesce(talk_s, 0) as talk_s,
        -coalesce(hold_s, 0) as hold_s
    from kpi.queue_interval
)

select
    site, -- site
    queue, -- queue
    channel, -- channel
    service_level_variant, -- agreed variant of the service level
    sum(offered_count) as offered_difference_count, -- offered: visits less intervals
    sum(answered_count) as answered_difference_count, -- answered: visits less intervals
    sum(abandoned_count) as abandoned_difference_count, -- abandoned: visits less intervals
    sum(timed_out_count) as timed_out_difference_count, -- timed out: visits less intervals
    sum(exited_by_key_count) as exited_by_key_difference_count, -- exited by key: visits less intervals
    sum(exited_empty_count) as exited_empty_difference_count, -- exited empty: visits less intervals
    sum(withdrawn_count) as withdrawn_difference_count, -- withdrawn: visits less intervals
    sum(open_count) as open_difference_count, -- open: visits less intervals
    sum(blocked_count) as blocked_difference_count, -- blocked: visits less intervals
    sum(diverted_count) as diverted_difference_count, -- diverted: visits less intervals
    sum(short_abandoned_count) as short_abandoned_difference_count, -- short abandoned: visits less intervals
    sum(handled_known_count) as handled_known_difference_count, -- visits of known handling: visits less intervals
    sum(answered_wait_s) as answered_wait_difference_s, -- answered wait: visits less intervals
    sum(abandoned_wait_s) as abandoned_wait_difference_s, -- abandoned wait: visits less intervals
    sum(talk_s) as talk_difference_s, -- talk: visits less intervals
    sum(hold_s) as hold_difference_s, -- hold: visits less intervals
from signed
group by site, queue, channel, service_level_variant
having sum(offered_count) <> 0
    or sum(answered_count) <> 0
    or sum(abandoned_count) <> 0
    or sum(timed_out_count) <> 0
    or sum(exited_by_key_count) <> 0
    or sum(exited_empty_count) <> 0
    or sum(withdrawn_count) <> 0
    or sum(open_count) <> 0
    or sum(blocked_count) <> 0
    or sum(diverted_count) <> 0
    or sum(short_abandoned_count) <> 0
    or sum(talk_known_count) <> 0
    or sum(hold_known_count) <> 0
    or sum(wrap_known_count) <> 0
    or sum(ring_known_count) <> 0
    or sum(handled_known_count) <> 0
    or abs(sum(answered_wait_s)) > 0.000001 + 0.000000001 * sum(abs(answered_wait_s))
    or abs(sum(abandoned_wait_s)) > 0.000001 + 0.000000001 * sum(abs(abandoned_wait_s))
    or abs(sum(talk_s)) > 0.000001 + 0.000000001 * sum(abs(talk_s))
    or abs(sum(hold_s)) > 0.000001 + 0.000000001 * sum(abs(hold_s))
