-- Alerts of November 2026, one of each kind and one that no page knows, with what they rest on: to be loaded beside other rows.
-- Daily series ...a1: 10 offered a day where 10 are expected and 4 to 18 are within chance; 40 on the 10th, 30 on the 11th of
-- November, none on the 5th of October, which is no usual day. Hourly series ...a2: 90 % from 8 to 12, 20 % at 9 on the 17th.
insert into meta.alerts
    (alert_key, kind, identity, raised_date, from_date, to_date, from_hour, to_hour, metric, series_key, site, queue, subject,
    unit, value, expected_value, deviation, n, point_count, also_count, is_open, text_en, text_zh)
values
    ('00000000-0000-0000-0000-000000000001', 'outside_limits', 'a1', '2026-11-10', '2026-11-10', '2026-11-11', null, null,
    'offered', '00000000-0000-0000-0000-0000000000a1', 'leeds', 'sales', 'sales', 'count', 40, 10, 6.0, 40, 2, 3, false,
    'Offered, sales: 40 where 10 was to be expected', '进入队列数，sales：40，预期 10'),
    ('00000000-0000-0000-0000-000000000002', 'outside_limits', 'a2', '2026-11-17', '2026-11-17', '2026-11-17', 9, 10,
    'sl_as_agreed', '00000000-0000-0000-0000-0000000000a2', 'leeds', null, 'leeds voice', 'share', 0.2, 0.9, -4.6, 20, 1, 0, true,
    'Service level, leeds voice, 09:00 to 10:00: 20.0 %', '服务水平，leeds voice，09:00–10:00：20.0 %'),
    ('00000000-0000-0000-0000-000000000003', 'missing', 'a3', '2026-11-03', '2026-11-03', '2026-11-03', null, null,
    'offered', '00000000-0000-0000-0000-0000000000a3', 'leeds', 'chat', 'chat', 'count', 0, 22, -7.0, 0, 1, 0, false,
    'Offered, chat: none. Was *everything* delivered?', '进入队列数，chat：没有记录。'),
    ('00000000-0000-0000-0000-000000000004', 'contribution_fell', '2026-10', '2026-11-01', '2026-10-01', '2026-10-31', null, null,
    'contribution', null, null, null, '2026-10', 'amount', -500, 800, -9.5, 31, 1, 0, false,
    'Contribution fell in 2026-10: 800 → -500', '2026-10 贡献利润下降'),
    ('00000000-0000-0000-0000-000000000005', 'harmful_campaign', 'spring|called', '2026-11-05', '2026-10-01', '2026-11-05', null,
    null, null, null, null, null, 'spring called', 'per_customer', 0.2, 0.5, -5.5, 400, 1, 0, false,
    'Campaign spring: customers called bought less', '外呼活动 spring：被呼叫客户购买较少'),
    ('00000000-0000-0000-0000-000000000006', 'wrong_propensities', 'policy-2', '2026-11-08', '2026-11-02', '2026-11-15', null,
    null, null, null, null, null, 'policy-2', 'choices', 2.4, 3.2, -6.5, 800, 2, 0, false,
    'Policy version policy-2 does not act by its propensities', '策略版本 policy-2 的倾向概率有误'),
    ('00000000-0000-0000-0000-000000000007', 'new_topic', 'en|t1', '2026-11-15', '2026-11-09', '2026-11-15', null, null, null, null,
    null, null, 'double charge', 'share', 0.2, 0.01, 5.0, 20, 1, 0, false,
    'New topic in comments: double charge', '评论中出现新话题：double charge'),
    ('00000000-0000-0000-0000-000000000008', 'moon_phase', 'm', '2026-11-20', '2026-11-20', '2026-11-20', null, null, null, null,
    null, null, 'moon', 'turns', null, null, null, null, 1, 0, false, 'The moon is full', '满月'),
    ('00000000-0000-0000-0000-000000000009', 'outside_limits', 'a9', '2026-03-01', '2026-03-01', '2026-03-01', null, null,
    'aht', '00000000-0000-0000-0000-0000000000a9', 'leeds', null, 'leeds voice', 's', 500, 300, 5.0, 60, 1, 0, false,
    'Handle time, leeds voice: 8:20', '处理时长，leeds voice：8:20');

insert into kpi.signals
    (series_key, business_date, metric, series, site, channel, queue, local_hour, unit, good_direction, value, n, expected_value,
    low_limit, high_limit, deviation, sustained_deviation, is_usual)
select
    '00000000-0000-0000-0000-0000000000a1', cast(day as date), 'offered', 'queue', 'leeds', 'voice', 'sales', null, 'count', 'neither',
    case cast(day as date) when '2026-11-10' then 40 when '2026-11-11' then 30 when '2026-10-05' then 0 else 10 end, 10, 10, 4, 18,
    case cast(day as date) when '2026-11-10' then 6.0 when '2026-11-11' then 4.5 when '2026-10-05' then -4.0 else 0 end, 0,
    cast(day as date) <> '2026-10-05'
from (select unnest(generate_series(timestamp '2026-09-01', timestamp '2026-11-21', interval 1 day)) as day)
union all
select
    '00000000-0000-0000-0000-0000000000a2', date '2026-11-15' + cast(d as integer), 'sl_as_agreed', 'hour', 'leeds', 'voice', null, h, 'share',
    'up', case when d = 2 and h = 9 then 0.2 else 0.9 end, 20, 0.9, 0.6, 1.0, case when d = 2 and h = 9 then -4.6 else 0 end, 0, true
from range(5) as days (d)
cross join range(8, 12) as hours (h);

insert into kpi.month_changes values
    ('2026-09-01', 'contribution', 'amount', 'up', 800, 900, 30, -0.5),
    ('2026-10-01', 'contribution', 'amount', 'up', -500, 800, 31, -9.5),
    ('2026-09-01', 'csat', 'share', 'up', 0.8, 0.7, 100, 1.6),
    ('2026-10-01', 'csat', 'share', 'up', 0.85, 0.8, 100, 0.9);

insert into kpi.campaign_uplift
    (campaign_id, arm, first_date, customer_count, holdout_customer_count, orders_uplift, orders_uplift_low, orders_uplift_high, verdict)
values
    ('spring', 'called', '2026-10-01', 400, 300, -0.3, -0.4, -0.2, 'harmful'),
    ('autumn', 'called', '2026-10-10', 400, 0, null, null, null, 'not_measurable');

insert into ml.policy_report (week_date, version, action, decision_count, value, expected_value, deviation, is_consistent)
values
    ('2026-10-19', 'policy-1', 'all', 400, 3.3, null, null, null),
    ('2026-10-26', 'policy-1', 'all', 400, 3.2, 3.2, 0.1, true),
    ('2026-11-02', 'policy-2', 'all', 400, 2.4, 3.2, -6.5, false),
    ('2026-11-09', 'policy-2', 'all', 400, 2.5, 3.2, -5.0, false),
    ('2026-11-16', 'policy-1', 'all', 400, 3.1, 3.2, -0.3, true);

insert into ml.voice_topics
    (language, topic, label, week_date, comment_count, all_comment_count, comment_rate, expected_comment_rate, status)
values
    ('en', 't1', 'double charge', '2026-10-26', 0, 20, 0, null, 'too few'),
    ('en', 't1', 'double charge', '2026-11-02', 1, 100, 0.01, 0.01, 'usual'),
    ('en', 't1', 'double charge', '2026-11-09', 20, 100, 0.2, 0.01, 'new'),
    ('zh', 't1', '另一个', '2026-11-09', 9, 10, 0.9, 0.01, 'new');

insert into meta.annotations values
    ('2026-10-05', '2026-10-06', 'leeds', 'stated', 'Public holiday', '公共假日', false),
    ('2026-10-25', '2026-10-25', null, 'clock_change', 'The clocks change', '时钟调整', true),
    ('2026-10-07', '2026-10-07', 'chengdu', 'stated', 'Elsewhere', '别处', false);
