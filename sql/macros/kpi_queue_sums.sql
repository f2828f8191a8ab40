-- purpose: the sums behind every queue figure, for analysts who want more than one ratio of them
-- definition: additive counts and seconds of queue visits over whole business dates, both ends included; max_wait_s is a maximum
-- source: kpi.queue_day; kpi.queue_interval when `by` is interval, kpi.tier_service_day when it is tier
-- `by`: total, queue, channel, site, tier, business_date (YYYY-MM-DD) or interval (its start, UTC, ISO 8601).
create or replace macro kpi_queue_sums(from_date, to_date, "by" := 'queue') as table
with visit_sums as (
    select
        cast(null as timestamptz) as interval_started_at,
        cast(null as varchar) as tier,
        *
    from kpi.queue_day
    where "by" not in ('interval', 'tier') and business_date between from_date and to_date
    union all by name
    select
        cast(null as varchar) as tier,
        *
    from kpi.queue_interval
    where "by" = 'interval' and business_date between from_date and to_date
    union all by name
    select
        cast(null as timestamptz) as interval_started_at,
        *
    from kpi.tier_service_day
    where "by" = 'tier' and business_date between from_date and to_date
),

grouped as (
    select
        case "by"
            when 'total' then 'total'
            when 'queue' then queue
            when 'channel' then channel
            when 'site' then site
            when 'tier' then tier
            when 'business_date' then strftime(business_date, '%Y-%m-%d')
            when 'interval' then strftime(interval_started_at at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ')
            else error(concat('unknown by := ', "by", '; queue figures know total, queue, channel, site, tier, business_date, interval'))
        end as group_value,
        *
    from visit_sums
)

select
    group_value,
    cast(sum(offered_count) as bigint) as offered_count,
    cast(sum(answered_count) as bigint) as answered_count,
    cast(sum(answered_in_sl_count) as bigint) as answered_in_sl_count,
    cast(sum(abandoned_count) as bigint) as abandoned_count,
    cast(sum(abandoned_in_sl_count) as bigint) as abandoned_in_sl_count,
    cast(sum(short_abandoned_count) as bigint) as short_abandoned_count,
    cast(sum(timed_out_count) as bigint) as timed_out_count,
    cast(sum(exited_by_key_count) as bigint) as exited_by_key_count,
    cast(sum(exited_empty_count) as bigint) as exited_empty_count,
    cast(sum(withdrawn_count) as bigint) as withdrawn_count,
    cast(sum(open_count) as bigint) as open_count,
    cast(sum(blocked_count) as bigint) as blocked_count,
    cast(sum(diverted_count) as bigint) as diverted_count,
    cast(sum(held_count) as bigint) as held_count,
    cast(sum(transferred_count) as bigint) as transferred_count,
    cast(sum(talk_known_count) as bigint) as talk_known_count,
    cast(sum(hold_known_count) as bigint) as hold_known_count,
    cast(sum(wrap_known_count) as bigint) as wrap_known_count,
    cast(sum(ring_known_count) as bigint) as ring_known_count,
    cast(sum(handled_known_count) as bigint) as handled_known_count,
    cast(sum(answered_wait_s) as double) as answered_wait_s,
    cast(sum(abandoned_wait_s) as double) as abandoned_wait_s,
    cast(sum(wait_s) as double) as wait_s,
    cast(sum(ring_s) as double) as ring_s,
    cast(sum(talk_s) as double) as talk_s,
    cast(sum(hold_s) as double) as hold_s,
    cast(sum(wrap_s) as double) as wrap_s,
    cast(sum(handle_s) as double) as handle_s,
    cast(max(max_wait_s) as double) as max_wait_s,
    cast(sum(sl_as_agreed_numerator(
        service_level_variant := service_level_variant,
        abandoned_in_sl_count := abandoned_in_sl_count,
        answered_in_sl_count := answered_in_sl_count,
        short_abandoned_count := short_abandoned_count
    )) as bigint) as sl_as_agreed_numerator,
    cast(sum(sl_as_agreed_denominator(
        service_level_variant := service_level_variant,
        abandoned_count := abandoned_count,
        abandoned_in_sl_count := abandoned_in_sl_count,
        answered_count := answered_count,
        exited_by_key_count := exited_by_key_count,
        exited_empty_count := exited_empty_count,
        short_abandoned_count := short_abandoned_count,
        timed_out_count := timed_out_count,
        withdrawn_count := withdrawn_count
    )) as bigint) as sl_as_agreed_denominator
from grouped
group by group_value;

comment on macro table kpi_queue_sums is
    'Sums of queue visits by total, queue, channel, site, tier, business_date or interval: the numerators and denominators of the queue figures';
