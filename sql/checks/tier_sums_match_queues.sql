-- The figures of a queue's tiers, those of no tier included, are the queue's: nobody is served outside of them.
-- Durations may differ by a ten-thousandth second: a queue's day adds half hours, each of which was rounded.
-- severity: fail
-- owner: team:data
-- part: business_date
with signed as (
    select
        business_date,
        site,
        queue,
        channel,
        service_level_variant,
        coalesce(offered_count, 0) as offered_count,
        coalesce(answered_count, 0) as answered_count,
        coalesce(answered_in_sl_count, 0) as answered_in_sl_count,
        coalesce(abandoned_count, 0) as abandoned_count,
        coalesce(abandoned_in_sl_count, 0) as abandoned_in_sl_count,
        coalesce(short_abandoned_count, 0) as short_abandoned_count,
        coalesce(timed_out_count, 0) as timed_out_count,
        coalesce(exited_by_key_count, 0) as exited_by_key_count,
        coalesce(exited_empty_count, 0) as exited_empty_count,
        coalesce(withdrawn_count, 0) as withdrawn_count,
        coalesce(open_count, 0) as open_count,
        coalesce(blocked_count, 0) as blocked_count,
        coalesce(diverted_count, 0) as diverted_count,
        coalesce(held_count, 0) as held_count,
        coalesce(transferred_count, 0) as transferred_count,
        coalesce(talk_known_count, 0) as talk_known_count,
        coalesce(hold_known_count, 0) as hold_known_count,
        coalesce(wrap_known_count, 0) as wrap_known_count,
        coalesce(ring_known_count, 0) as ring_known_count,
        coalesce(handled_known_count, 0) as handled_known_count,
        coalesce(answered_wait_s, 0) as answered_wait_s,
        coalesce(abandoned_wait_s, 0) as abandoned_wait_s,
        coalesce(wait_s, 0) as wait_s,
        coalesce(ring_s, 0) as ring_s,
        coalesce(talk_s, 0) as talk_s,
        coalesce(hold_s, 0) as hold_s,
        coalesce(wrap_s, 0) as wrap_s,
        max_wait_s as tiers_max_wait_s,
        cast(null as double) as queue_max_wait_s
    from kpi.tier_service_day

    union all

    select
        business_date,
        site,
        queue,
        channel,
        service_level_variant,
        -coalesce(offered_count, 0) as offered_count,
        -coalesce(answered_count, 0) as answered_count,
        -coalesce(answered_in_sl_count, 0) as answered_in_sl_count,
        -coalesce(abandoned_count, 0) as abandoned_count,
        -coalesce(abandoned_in_sl_count, 0) as abandoned_in_sl_count,
        -coalesce(short_abandoned_count, 0) as short_abandoned_count,
        -coalesce(timed_out_count, 0) as timed_out_count,
        -coalesce(exited_by_key_count, 0) as exited_by_key_count,
        -coalesce(exited_empty_count, 0) as exited_empty_count,
        -coalesce(withdrawn_count, 0) as withdrawn_count,
        -coalesce(open_count, 0) as open_count,
        -coalesce(blocked_count, 0) as blocked_count,
        -coalesce(diverted_count, 0) as diverted_count,
        -coalesce(held_count, 0) as held_count,
        -coalesce(transferred_count, 0) as transferred_count,
        -coalesce(talk_known_count, 0) as talk_known_count,
        -coalesce(hold_known_count, 0) as hold_known_count,
        -coalesce(wrap_known_count, 0) as wrap_known_count,
        -coalesce(ring_known_count, 0) as ring_known_count,
        -coalesce(handled_known_count, 0) as handled_known_count,
        -coalesce(answered_wait_s, 0) as answered_wait_s,
        -coalesce(abandoned_wait_s, 0) as abandoned_wait_s,
        -coalesce(wait_s, 0) as wait_s,
        -coalesce(ring_s, 0) as ring_s,
        -coalesce(talk_s, 0) as talk_s,
        -coalesce(hold_s, 0) as hold_s,
        -coalesce(wrap_s, 0) as wrap_s,
        cast(null as double) as tiers_max_wait_s,
        max_wait_s as queue_max_wait_s
    from kpi.queue_day
)

select
    business_date, -- day
    site, -- site
    queue, -- queue
    channel, -- channel
    service_level_variant, -- agreed variant of the service level
    sum(offered_count) as offered_difference_count, -- offered: tiers less queue
    sum(answered_count) as answered_difference_count, -- answered: tiers less queue
    sum(abandoned_count) as abandoned_difference_count, -- abandoned: tiers less queue
    sum(wait_s) as wait_difference_s, -- wait: tiers less queue
    sum(talk_s) as talk_difference_s, -- talk: tiers less queue
from signed
group by business_date, site, queue, channel, service_level_variant
having sum(offered_count) <> 0
    or sum(answered_count) <> 0
    or sum(answered_in_sl_count) <> 0
    or sum(abandoned_count) <> 0
    or sum(abandoned_in_sl_count) <> 0
    or sum(short_abandoned_count) <> 0
    or sum(timed_out_count) <> 0
    or sum(exited_by_key_count) <> 0
    or sum(exited_empty_count) <> 0
    or sum(withdrawn_count) <> 0
    or sum(open_count) <> 0
    or sum(blocked_count) <> 0
    or sum(diverted_count) <> 0
    or sum(held_count) <> 0
    or sum(transferred_count) <> 0
    or sum(talk_known_count) <> 0
    or sum(hold_known_count) <> 0
    or sum(wrap_known_count) <> 0
    or sum(ring_known_count) <> 0
    or sum(handled_known_count) <> 0
    or abs(sum(answered_wait_s)) > 0.0001 + 0.000000001 * sum(abs(answered_wait_s))
    or abs(sum(abandoned_wait_s)) > 0.0001 + 0.000000001 * sum(abs(abandoned_wait_s))
    or abs(sum(wait_s)) > 0.0001 + 0.000000001 * sum(abs(wait_s))
    or abs(sum(ring_s)) > 0.0001 + 0.000000001 * sum(abs(ring_s))
    or abs(sum(talk_s)) > 0.0001 + 0.000000001 * sum(abs(talk_s))
    or abs(sum(hold_s)) > 0.0001 + 0.000000001 * sum(abs(hold_s))
    or abs(sum(wrap_s)) > 0.0001 + 0.000000001 * sum(abs(wrap_s))
    or abs(coalesce(max(tiers_max_wait_s), 0) - coalesce(max(queue_max_wait_s), 0)) > 0.000001
