-- Alerts that are no watched series: months in which profit fell, campaigns that did harm, policies whose log is not to be
-- trusted, topics that are new in what customers write. meta.alerts says which is raised when.
-- grain: one row per finding
-- owner: team:data
with of_months as (
    select
        m.*,
        strftime(m.month_date, '%Y-%m') as month,
        case when c.value > c.prior_value then 'rose' when c.value < c.prior_value then 'fell' end as csat_move,
        printf('%.1f%% → %.1f%%', 100 * c.prior_value, 100 * c.value) as csat_text,
        printf('%,d → %,d %s', cast(round(m.prior_value) as bigint), cast(round(m.value) as bigint), a.currency) as amount_text,
    from kpi.month_changes as m
    cross join settings.costs as a
    left join kpi.month_changes as c on m.month_date = c.month_date and c.metric = 'csat'
    where m.metric = 'contribution' and m.deviation <= -3
),

of_policies as (
    select
        p.version,
        min(p.week_date) as from_date,
        max(p.week_date) + 6 as to_date,
        max_by(p.action, abs(p.deviation)) as action,
        max_by(p.value, abs(p.deviation)) as value,
        max_by(p.expected_value, abs(p.deviation)) as expected_value,
        max_by(p.deviation, abs(p.deviation)) as deviation,
        cast(sum(p.decision_count) filter (where p.action = 'all') as bigint) as n,
        count(*) as point_count,
        max(p.week_date) = (select max(week_date) from ml.policy_report) as is_open,
    from ml.policy_report as p
    where not p.is_consistent
    group by p.version
    having max(abs(p.deviation)) >= (select sigmas from settings.alerts)
),

of_topics as (
    select
        language,
        topic,
        min(week_date) as from_date,
        max(week_date) + 6 as to_date,
        arg_min(label, p_value) as label,
        arg_min(status, p_value) as status,
        arg_min(comment_rate, p_value) as value,
        arg_min(expected_comment_rate, p_value) as expected_value,
        arg_min(2 * (asin(sqrt(comment_rate)) - asin(sqrt(expected_comment_rate))) * sqrt(all_comment_count), p_value) as deviation,
        cast(sum(comment_count) as bigint) as n,
        count(*) as point_count,
        max(week_date) = (select max(week_date) from ml.voice_topics) as is_open,
    from ml.voice_topics
    where status in ('new', 'rising')
    group by language, topic
)

select
    'contribution_fell' as kind, -- Kind, see meta.alerts
    month as identity, -- What makes it one alert
    cast(month_date + interval 1 month as date) as raised_date, -- Local day whose figure raised it
    month_date as from_date, -- First local day
    cast(month_date + interval 1 month as date) - 1 as to_date, -- Last local day
    metric, -- Metric of meta.metrics
    month as subject, -- Month, campaign or version
    unit, -- Unit of the value
    value, -- What was seen
    prior_value as expected_value, -- What was to be expected
    deviation, -- Standard deviations between them
    cast(n as bigint) as n, -- Cases
    cast(1 as bigint) as point_count, -- Points outside
    false as is_open, -- Whether it is still going on
    concat('Contribution fell in ', month, ': ', amount_text, case when csat_move is not null then concat(', while CSAT ', csat_move, ': ', csat_text) else '' end) as text_en, -- In a sentence, English
    concat(month, ' 贡献利润下降：', amount_text, case csat_move when 'rose' then concat('，而满意度上升：', csat_text) when 'fell' then concat('，满意度也下降：', csat_text) else '' end) as text_zh, -- In a sentence, Chinese
from of_months
union all
select
    'harmful_campaign' as kind,
    concat(campaign_id, '|', arm) as identity,
    measured_date as raised_date,
    first_date as from_date,
    measured_date as to_date,
    cast(null as varchar) as metric,
    concat_ws(' ', campaign_id, arm) as subject,
    'per_customer' as unit,
    orders_per_customer as value,
    holdout_orders_per_customer as expected_value,
    deviation,
    customer_count as n,
    cast(1 as bigint) as point_count,
    false as is_open,
    printf('Campaign %s: customers called bought less than those held out, %.2f instead of %.2f orders each. Stop or narrow it.', campaign_id, orders_per_customer, holdout_orders_per_customer) as text_en,
    printf('外呼活动 %s：被呼叫客户的购买少于对照组，每人 %.2f 单，对照组 %.2f 单。请停止或缩小范围。', campaign_id, orders_per_customer, holdout_orders_per_customer) as text_zh,
from kpi.campaign_uplift
where verdict = 'harmful' and (immature_count = 0 or deviation <= -3)
union all
select
    'wrong_propensities' as kind,
    version as identity,
    from_date + 6 as raised_date,
    from_date,
    to_date,
    cast(null as varchar) as metric,
    version as subject,
    'choices' as unit,
    value,
    expected_value,
    deviation,
    n,
    point_count,
    is_open,
    printf('Policy version %s does not act by the propensities it records: 1 / propensity averages to %.2f%s, not to %.2f. No estimate from its log holds.', version, value, case action when 'all' then '' else concat(' for ', action) end, expected_value) as text_en,
    printf('策略版本 %s 记录的倾向概率与实际不符：1/概率 的均值为 %.2f%s，应为 %.2f。其日志不能用于估计。', version, value, case action when 'all' then '' else concat('（', action, '）') end, expected_value) as text_zh,
from of_policies
union all
select
    'new_topic' as kind,
    concat(language, '|', topic) as identity,
    from_date + 6 as raised_date,
    from_date,
    to_date,
    cast(null as varchar) as metric,
    label as subject,
    'share' as unit,
    value,
    expected_value,
    deviation,
    n,
    point_count,
    is_open,
    printf('%s topic in comments: %s (%s), %.1f%% of a week, before %.1f%%', case status when 'new' then 'New' else 'Rising' end, label, language, 100 * value, 100 * expected_value) as text_en,
    printf('评论中出现%s话题：%s（%s），占一周评论的 %.1f%%，此前 %.1f%%', case status when 'new' then '新' else '上升' end, label, language, 100 * value, 100 * expected_value) as text_zh,
from of_topics
