-- The day's sums of a queue are those of its intervals, on days of 23, 24 and 25 hours alike.
-- severity: fail
-- owner: team:data
with of_intervals as (
    select
        business_date,
        coalesce(site, '') as site,
        queue,
        channel,
        sum(offered_count) as offered_count,
        sum(answered_count) as answered_count,
        sum(answered_in_sl_count) as answered_in_sl_count,
        sum(abandoned_count) as abandoned_count,
        sum(abandoned_in_sl_count) as abandoned_in_sl_count,
        sum(short_abandoned_count) as short_abandoned_count,
        sum(timed_out_count) as timed_out_count,
        sum(exited_by_key_count) as exited_by_key_count,
        sum(exited_empty_count) as exited_empty_count,
        sum(withdrawn_count) as withdrawn_count,
        sum(open_count) as open_count,
        sum(blocked_count) as blocked_count,
        sum(held_count) as held_count,
        sum(transferred_count) as transferred_count,
        sum(answered_wait_s) as answered_wait_s,
        sum(abandoned_wait_s) as abandoned_wait_s,
        sum(wait_s) as wait_s,
        sum(ring_s) as ring_s,
        sum(talk_s) as talk_s,
        sum(hold_s) as hold_s,
        sum(wrap_s) as wrap_s,
        max(max_wait_s) as max_wait_s
    from kpi.queue_interval
    group by business_date, coalesce(site, ''), queue, channel
),

of_days as (
    select
        business_date,
        coalesce(site, '') as site,
        queue,
        channel,
        sum(offered_count) as offered_count,
        sum(answered_count) as answered_count,
        sum(answered_in_sl_count) as answered_in_sl_count,
        sum(abandoned_count) as abandoned_count,
        sum(abandoned_in_sl_count) as abandoned_in_sl_count,
        sum(short_abandoned_count) as short_abandoned_count,
        sum(timed_out_count) as timed_out_count,
        sum(exited_by_key_count) as exited_by_key_count,
        sum(exited_empty_count) as exited_empty_count,
        sum(withdrawn_count) as withdrawn_count,
        sum(open_count) as open_count,
        sum(blocked_count) as blocked_count,
        sum(held_count) as held_count,
        sum(transferred_count) as transferred_count,
        sum(answered_wait_s) as answered_wait_s,
        sum(abandoned_wait_s) as abandoned_wait_s,
        sum(wait_s) as wait_s,
        sum(ring_s) as ring_s,
        sum(talk_s) as talk_s,
        sum(hold_s) as hold_s,
        sum(wrap_s) as wrap_s,
        max(max_wait_s) as max_wait_s
    from kpi.queue_day
    group by business_date, coalesce(site, ''), queue, channel
)

select
    coalesce(of_days.business_date, of_intervals.business_date) as business_date, -- day
    coalesce(of_days.site, of_intervals.site) as site, -- site
    coalesce(of_days.queue, of_intervals.queue) as queue, -- queue
    coalesce(of_days.channel, of_intervals.channel) as channel, -- channel
    of_days.offered_count as day_offered_count, -- offered by the day's row
    of_intervals.offered_count as interval_offered_count, -- offered by the intervals
    of_days.wait_s as day_wait_s, -- wait by the day's row
    of_intervals.wait_s as interval_wait_s, -- wait by the intervals
from of_days
full outer join of_intervals
    on of_intervals.business_date = of_days.business_date
    and of_intervals.site = of_days.site
    and of_intervals.queue = of_days.queue
    and of_intervals.channel = of_days.channel
where of_days.queue is null
    or of_intervals.queue is null
    or of_days.offered_count is distinct from of_intervals.offered_count
    or of_days.answered_count is distinct from of_intervals.answered_count
    or of_days.answered_in_sl_count is distinct from of_intervals.answered_in_sl_count
    or of_days.abandoned_count is distinct from of_intervals.abandoned_count
    or of_days.abandoned_in_sl_count is distinct from of_intervals.abandoned_in_sl_count
    or of_days.short_abandoned_count is distinct from of_intervals.short_abandoned_count
    or of_days.timed_out_count is distinct from of_intervals.timed_out_count
    or of_days.exited_by_key_count is distinct from of_intervals.exited_by_key_count
    or of_days.exited_empty_count is distinct from of_intervals.exited_empty_count
    or of_days.withdrawn_count is distinct from of_intervals.withdrawn_count
    or of_days.open_count is distinct from of_intervals.open_count
    or of_days.blocked_count is distinct from of_intervals.blocked_count
    or of_days.held_count is distinct from of_intervals.held_count
    or of_days.transferred_count is distinct from of_intervals.transferred_count
    or abs(coalesce(of_days.answered_wait_s, 0) - coalesce(of_intervals.answered_wait_s, 0)) > 0.000001
    or abs(coalesce(of_days.abandoned_wait_s, 0) - coalesce(of_intervals.abandoned_wait_s, 0)) > 0.000001
    or abs(coalesce(of_days.wait_s, 0) - coalesce(of_intervals.wait_s, 0)) > 0.000001
    or abs(coalesce(of_days.ring_s, 0) - coalesce(of_intervals.ring_s, 0)) > 0.000001
    or abs(coalesce(of_days.talk_s, 0) - coalesce(of_intervals.talk_s, 0)) > 0.000001
    or abs(coalesce(of_days.hold_s, 0) - coalesce(of_intervals.hold_s, 0)) > 0.000001
    or abs(coalesce(of_days.wrap_s, 0) - coalesce(of_intervals.wrap_s, 0)) > 0.000001
    or abs(coalesce(of_days.max_wait_s, 0) - coalesce(of_intervals.max_wait_s, 0)) > 0.000001
