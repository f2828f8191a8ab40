-- A made-up centre of 60 days: four queues, about 6,000 callers, reproducible without a seed (hash of the row number).
-- Core rows first, then the kpi tables summed from them, so that a test can count on core and compare.
insert into meta.centre values ('Harbour Insurance', 'Europe/London', 'GB', 'GBP', 30, 'sl_short_abandons_excluded');
insert into meta.targets values
    ('*', '*', date '2000-01-01', null, 1, 20, '<=', 0.80, 5, 'queue', 'arrival', 'sl_short_abandons_excluded'),
    ('claims', '*', date '2026-01-01', null, 2, 30, '<=', 0.70, 5, 'queue', 'arrival', 'sl_short_abandons_excluded');
insert into meta.publish values
    ('20261122T141500Z', timestamptz '2026-11-22 14:15:07+00', timestamptz '2026-11-22 14:12:00+00', '1', 'r1', 48, 0);

insert into core.queue_visits
with numbers as (
    select range as i, hash(range) as h, hash(range * 7 + 3) as g, hash(range * 13 + 5) as k from range(6400)
),

placed as (
    select
        i,
        case when h % 100 < 42 then 'claims' when h % 100 < 74 then 'new business' when h % 100 < 93 then 'renewals'
            else 'complaints' end as queue,
        date '2026-09-24' + cast(floor(60 * sqrt((i + 0.5) / 6400.0)) as integer) as business_date,
        8 * 3600 + (g % 36000) as second_of_day,
        (k % 1000) / 1000.0 as u,
        (hash(i * 17 + 1) % 1000) / 1000.0 as w
    from numbers
),

waited as (
    select *, round(-(case queue when 'complaints' then 30 when 'claims' then 16 else 9 end) * ln(1 - u), 1) as wait_s
    from placed
)

select
    'v' || i, 'c' || i, 'Leeds', queue, 'voice',
    (business_date + to_seconds(cast(second_of_day as bigint))) at time zone 'Europe/London',
    business_date, wait_s,
    case when w < 0.86 then 90 + (i * 37) % 300 end, case when w < 0.86 then (i * 11) % 25 end,
    case when w < 0.86 then 20 + (i * 7) % 40 end, case when w < 0.86 then 4 + i % 5 end,
    case when w < 0.86 then 'answered' when w < 0.95 then 'abandoned' when w < 0.975 then 'timed_out'
        when w < 0.99 then 'exited_by_key' else 'exited_empty' end,
    case when w < 0.86 then 'agent ' || (i % 12) end,
    wait_s <= case queue when 'claims' then 30 else 20 end, wait_s <= 5 and w >= 0.86 and w < 0.95,
    case queue when 'claims' then 30 else 20 end
from waited;

insert into kpi.queue_interval
select
    time_bucket(interval 30 minutes, entered_at), business_date, site, queue, channel,
    'sl_short_abandons_excluded', count(*), count(*) filter (outcome = 'answered'), count(*) filter (outcome = 'answered' and is_within_sl),
    count(*) filter (outcome = 'abandoned'), count(*) filter (outcome = 'abandoned' and is_within_sl),
    count(*) filter (is_short_abandon), count(*) filter (outcome = 'timed_out'),
    count(*) filter (outcome = 'exited_by_key'), count(*) filter (outcome = 'exited_empty'), 0, 0, 0, 0,
    sum(wait_s) filter (outcome = 'answered'), sum(wait_s) filter (outcome = 'abandoned'), sum(wait_s), max(wait_s),
    sum(ring_s), sum(talk_s), sum(hold_s), count(*) filter (hold_s > 0), sum(wrap_s), 0,
    sum(talk_s + hold_s + wrap_s), count(talk_s), count(hold_s), count(wrap_s),
    count(*) filter (outcome = 'answered' and ring_s is not null), count(coalesce(talk_s, hold_s, wrap_s))
from core.queue_visits
group by all;

insert into kpi.queue_day
select
    business_date, site, queue, channel, service_level_variant, sum(offered_count), sum(answered_count), sum(answered_in_sl_count),
    sum(abandoned_count), sum(abandoned_in_sl_count), sum(short_abandoned_count), sum(timed_out_count),
    sum(exited_by_key_count), sum(exited_empty_count), 0, 0, 0, 0, sum(answered_wait_s), sum(abandoned_wait_s), sum(wait_s),
    max(max_wait_s), sum(ring_s), sum(talk_s), sum(hold_s), sum(held_count), sum(wrap_s), 0,
    sum(handle_s), sum(talk_known_count), sum(hold_known_count), sum(wrap_known_count), sum(ring_known_count),
    sum(handled_known_count)
from kpi.queue_interval
group by business_date, site, queue, channel, service_level_variant;
update kpi.queue_day set blocked_count = 3 where queue = 'complaints' and business_date = date '2026-11-20';

insert into core.surveys
select
    's' || kind || visit_key, contact_key, queue, channel, agent, business_date, kind, entered_at, score,
    kind = 'csat' and score >= 4, kind = 'csat' and score <= 2, kind = 'nps' and score >= 9, kind = 'nps' and score <= 6
from (
    select
        *,
        case kind when 'csat' then 1 + least(4, hash(visit_key) % 9) else least(10, 3 + hash(visit_key || 'n') % 12) end
            as score
    from core.queue_visits
    cross join (select unnest(['csat', 'nps']) as kind)
    where outcome = 'answered' and hash(visit_key || kind) % 100 < case kind when 'csat' then 22 else 9 end
);

-- Two agents to find: one of many bad answers, and a guest of six good ones.
update core.surveys set score = 1, is_top_two = false, is_bottom_two = true
where kind = 'csat' and agent = 'agent 3' and hash(survey_key || 'bad') % 3 = 0;
update core.surveys set agent = 'guest'
where survey_key in (
    select survey_key from core.surveys
    where kind = 'csat' and is_top_two and agent <> 'agent 3' and business_date between '2026-11-18' and '2026-11-20'
    order by survey_key limit 6
);

insert into kpi.agent_day (business_date, site, agent, answered_count, rung_count, ring_no_answer_count, transferred_count)
select business_date, site, agent, count(*), count(*) + 2, 2, count(*) filter (hash(visit_key || 't') % 20 = 0)
from core.queue_visits
where outcome = 'answered'
group by business_date, site, agent;

insert into kpi.experience_day
select
    business_date, 'Leeds', queue, channel, kind, count(*) * 4, count(*), sum(score), count(*) filter (is_top_two),
    count(*) filter (is_bottom_two), count(*) filter (is_promoter), count(*) filter (is_detractor)
from core.surveys
group by all;

insert into kpi.repeat_day
select
    business_date, site, queue, channel, '7d',
    case when business_date <= date '2026-11-15' then sum(answered_count) else 0 end,
    case when business_date <= date '2026-11-15' then cast(round(0.17 * sum(answered_count)) as bigint) else 0 end,
    case when business_date > date '2026-11-15' then sum(answered_count) else 0 end,
    sum(answered_count), sum(answered_count)
from kpi.queue_day
group by business_date, site, queue, channel;

insert into kpi.money_day
select
    business_date, site, queue, channel, null, 'GBP', answered_count, talk_s + hold_s + wrap_s,
    (talk_s + hold_s + wrap_s) / 3600 * 25, (talk_s + hold_s) / 60 * 0.02, 0, 0, answered_count // 9,
    case queue when 'new business' then 260 when 'renewals' then 180 else 4 end * (answered_count // 9),
    case queue when 'new business' then 78 when 'renewals' then 66 else 1 end * (answered_count // 9),
    'centre-5f3a91c2'
from kpi.queue_day;

insert into ml.customer_scores (customer_key, tier, priority, source, model_version, version)
select
    'k' || range,
    case when range < 110 then 'A' when range < 420 then 'B' when range < 1080 then 'C' else 'D' end,
    case when range < 110 then 80 when range < 420 then 40 when range < 1080 then 10 else 0 end,
    case when range % 11 = 0 then 'rule' else 'model' end, case when range % 11 = 0 then null else 'value-3' end, '7'
from range(2200);
insert into ml.tier_mix
select tier, source, model_version, max(priority), count(*) from ml.customer_scores group by tier, source, model_version;
