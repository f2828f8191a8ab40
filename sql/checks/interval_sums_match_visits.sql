-- The sums of a queue's intervals are those of its visits: no visit is dropped or counted twice on the way.
-- All time is compared at once, because which interval owns a visit is the centre's setting.
-- severity: fail
-- owner: team:data
with of_visits as (
    select
        coalesce(site, '') as site,
        queue,
        channel,
        sum(case when outcome not in ('full', 'join_empty', 'closed', 'diverted') then 1 else 0 end) as offered_count,
        sum(case when outcome = 'answered' then 1 else 0 end) as answered_count,
        sum(case when outcome = 'abandoned' then 1 else 0 end) as abandoned_count,
        sum(case when outcome = 'timed_out' then 1 else 0 end) as timed_out_count,
        sum(case when outcome = 'exited_by_key' then 1 else 0 end) as exited_by_key_count,
        sum(case when outcome = 'exited_empty' then 1 else 0 end) as exited_empty_count,
        sum(case when outcome = 'withdrawn' then 1 else 0 end) as withdrawn_count,
        sum(case when outcome = 'open' then 1 else 0 end) as open_count,
        sum(case when is_short_abandon then 1 else 0 end) as short_abandoned_count,
        sum(case when outcome in ('full', 'join_empty', 'closed', 'diverted') then 1 else 0 end) as blocked_count,
        sum(case when outcome = 'answered' then coalesce(wait_s, 0) else 0 end) as answered_wait_s,
        sum(case when outcome = 'abandoned' then coalesce(wait_s, 0) else 0 end) as abandoned_wait_s,
        sum(coalesce(talk_s, 0)) as talk_s,
        sum(coalesce(hold_s, 0)) as hold_s
    from core.queue_visits
    group by coalesce(site, ''), queue, channel
),

of_intervals as (
    select
        coalesce(site, '') as site,
        queue,
        channel,
        sum(offered_count) as offered_count,
        sum(answered_count) as answered_count,
        sum(abandoned_count) as abandoned_count,
        sum(timed_out_count) as timed_out_count,
        sum(exited_by_key_count) as exited_by_key_count,
        sum(exited_empty_count) as exited_empty_count,
        sum(withdrawn_count) as withdrawn_count,
        sum(open_count) as open_count,
        sum(short_abandoned_count) as short_abandoned_count,
        sum(blocked_count) as blocked_count,
        sum(answered_wait_s) as answered_wait_s,
        sum(abandoned_wait_s) as abandoned_wait_s,
        sum(talk_s) as talk_s,
        sum(hold_s) as hold_s
    from kpi.queue_interval
    group by coalesce(site, ''), queue, channel
)

select
    coalesce(of_visits.site, of_intervals.site) as site, -- site
    coalesce(of_visits.queue, of_intervals.queue) as queue, -- queue
    coalesce(of_visits.channel, of_intervals.channel) as channel, -- channel
    of_visits.offered_count as visit_offered_count, -- offered by the visits
    of_intervals.offered_count as interval_offered_count, -- offered by the intervals
    of_visits.answered_count as visit_answered_count, -- answered by the visits
    of_intervals.answered_count as interval_answered_count, -- answered by the intervals
    of_visits.answered_wait_s as visit_answered_wait_s, -- wait of the answered by the visits
    of_intervals.answered_wait_s as interval_answered_wait_s, -- wait of the answered by the intervals
from of_visits
full outer join of_intervals
    on of_intervals.site = of_visits.site
    and of_intervals.queue = of_visits.queue
    and of_intervals.channel = of_visits.channel
where of_visits.queue is null
    or of_intervals.queue is null
    or of_visits.offered_count is distinct from of_intervals.offered_count
    or of_visits.answered_count is distinct from of_intervals.answered_count
    or of_visits.abandoned_count is distinct from of_intervals.abandoned_count
    or of_visits.timed_out_count is distinct from of_intervals.timed_out_count
    or of_visits.exited_by_key_count is distinct from of_intervals.exited_by_key_count
    or of_visits.exited_empty_count is distinct from of_intervals.exited_empty_count
    or of_visits.withdrawn_count is distinct from of_intervals.withdrawn_count
    or of_visits.open_count is distinct from of_intervals.open_count
    or of_visits.short_abandoned_count is distinct from of_intervals.short_abandoned_count
    or of_visits.blocked_count is distinct from of_intervals.blocked_count
    or abs(of_visits.answered_wait_s - coalesce(of_intervals.answered_wait_s, 0)) > 0.000001
    or abs(of_visits.abandoned_wait_s - coalesce(of_intervals.abandoned_wait_s, 0)) > 0.000001
    or abs(of_visits.talk_s - coalesce(of_intervals.talk_s, 0)) > 0.000001
    or abs(of_visits.hold_s - coalesce(of_intervals.hold_s, 0)) > 0.000001
