-- A quarter of an hour that a reader can count by hand: one day, two queues, nothing before it.
-- sales: 40 entered = 30 answered (24 within 20 s, waiting 600 s in all) + 6 abandoned (2 short) + 4 timed out; 8 refused.
-- vip:    4 entered =  4 answered (1 within 10 s).
insert into meta.centre values ('Harbour & <Sons>', 'Asia/Shanghai', 'CN', 'CNY', 30, 'sl_short_abandons_excluded');
insert into meta.targets values
    ('*', '*', date '2000-01-01', null, 1, 20, '<=', 0.80, 5, 'queue', 'arrival', 'sl_short_abandons_excluded'),
    ('vip', 'voice', date '2026-01-01', date '2027-01-01', 2, 10, '<=', 0.90, 5, 'queue', 'arrival', 'sl_short_abandons_excluded'),
    ('vip', 'voice', date '2027-01-01', null, 3, 10, '<=', 0.99, 5, 'queue', 'arrival', 'sl_short_abandons_excluded');
insert into meta.publish values
    ('20261122T141500Z', timestamptz '2026-11-22 14:15:07+00', timestamptz '2026-11-22 14:12:00+00', '1', 'r1', 47, 1);
insert into kpi.queue_interval values
    (timestamptz '2026-11-22 01:00:00+00', date '2026-11-22', 'leeds', 'sales', 'voice',
        'sl_short_abandons_excluded', 40, 30, 24, 6, 3, 2, 4, 0, 0, 0, 0, 8, 0, 600, 60, 900, 45, 90, 3000, 300, 5, 600, 2, 3900, 30, 30, 30, 30, 30),
    (timestamptz '2026-11-22 01:30:00+00', date '2026-11-22', 'leeds', 'vip', 'voice',
        'sl_short_abandons_excluded', 4, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 80, 0, 80, 30, 12, 400, 0, 0, 100, 0, 500, 4, 4, 4, 4, 4);
insert into kpi.queue_day select * exclude (interval_started_at) from kpi.queue_interval;
insert into kpi.experience_day values
    (date '2026-11-22', 'leeds', 'sales', 'voice', 'csat', 80, 40, 160, 30, 6, 0, 0),
    (date '2026-11-22', 'leeds', 'sales', 'voice', 'nps', 20, 10, 80, 0, 0, 5, 3);
insert into kpi.repeat_day values
    (date '2026-11-22', 'leeds', 'sales', 'voice', '7d', 0, 0, 30, 30, 34),
    (date '2026-11-22', 'leeds', 'sales', 'voice', '24h', 0, 0, 30, 30, 34);
insert into kpi.money_day values
    (date '2026-11-22', 'leeds', 'sales', 'voice', null, 'CNY', 30, 3900, 60, 15, 0, 0, 2, 400, 120, 'default-0a1b2c3d'),
    (date '2026-11-22', 'leeds', 'vip', 'voice', null, 'CNY', 4, 500, 8, 2, 0, 0, 0, 0, 0, 'default-0a1b2c3d');
insert into ml.customer_scores (customer_key, tier, priority, source, model_version, version) values
    ('k1', 'A', 80, 'model', 'value-1', '1'), ('k2', 'B', 40, 'rule', null, '1'), ('k3', 'B', 40, 'rule', null, '1');
insert into ml.tier_mix
select tier, source, model_version, max(priority), count(*) from ml.customer_scores group by tier, source, model_version;
-- The same 40 answers by agent: <Ann> 24 of 32 in the top two boxes and 6 in the bottom two, bo 6 of 6, 2 of nobody 0.
insert into core.surveys (survey_key, agent, business_date, kind, score, is_top_two, is_bottom_two)
select
    's' || range,
    case when range < 32 then '<Ann>' when range < 38 then 'bo' end,
    date '2026-11-22', 'csat',
    case when range < 24 or range between 32 and 37 then 5 when range < 30 then 1 else 3 end,
    range < 24 or range between 32 and 37, range between 24 and 29
from range(40);
insert into kpi.agent_day (business_date, site, agent, answered_count, rung_count, ring_no_answer_count, transferred_count)
values (date '2026-11-22', 'leeds', '<Ann>', 30, 40, 4, 3), (date '2026-11-22', 'leeds', 'bo', 4, 4, 0, 0);
