-- What somebody should look at: figures that left their limits, days of which nothing came, months in which profit fell,
-- campaigns that did harm, policies whose log is not to be trusted, new topics in comments. The same facts give the same alerts.
-- kind: outside_limits, missing (a count of none), contribution_fell (from one month to the next, by more than three standard
-- deviations), harmful_campaign (customers called bought less than those held out, with all of the 95 % interval, or, as
-- long as the days of some have not passed and it is looked at again and again, by more than three standard errors),
-- wrong_propensities (a version of the policy does not act by the propensities that it records), new_topic (of comments, new
-- or rising).
-- grain: one row per alert
-- owner: team:data
with labels as (
    select distinct
        metric,
        label_en,
        label_zh,
    from kpi._watched
),

of_series as (
    select
        s.*,
        case when s.unit = 'count' and s.value = 0 then 'missing' else 'outside_limits' end as kind,
        cast(s.series_key as varchar) as identity,
        concat_ws(' ', coalesce(s.queue, concat_ws(' ', s.site, s.channel)), case when s.tier is not null then concat('tier ', s.tier) end) as subject,
        case
            when s.from_hour is not null then printf(', %02d:00 to %02d:00', s.from_hour, s.to_hour)
            when s.to_date > s.from_date then concat(', ', strftime(s.worst_date, '%Y-%m-%d'))
            else ''
        end as moment,
        case
            when s.unit = 'share' then printf('%.1f%%', 100 * s.value)
            when s.unit = 's' then printf('%d:%02d', cast(round(s.value) as bigint) // 60, cast(round(s.value) as bigint) % 60)
            when s.value = round(s.value) or s.value >= 100 then printf('%,d', cast(round(s.value) as bigint))
            else printf('%.1f', s.value)
        end as seen,
        case
            when s.unit = 'share' then printf('%.1f%%', 100 * s.expected_value)
            when s.unit = 's' then printf('%d:%02d', cast(round(s.expected_value) as bigint) // 60, cast(round(s.expected_value) as bigint) % 60)
            when s.expected_value = round(s.expected_value) or s.expected_value >= 100 then printf('%,d', cast(round(s.expected_value) as bigint))
            else printf('%.1f', s.expected_value)
        end as expected,
        l.label_en,
        l.label_zh,
    from kpi._signal_episodes as s
    inner join labels as l on s.metric = l.metric
),

raised as (
    select
        kind,
        identity,
        raised_date,
        from_date,
        to_date,
        from_hour,
        to_hour,
        metric,
        site,
        channel,
        queue,
        tier,
        subject,
        series_key,
        unit,
        value,
        expected_value,
        deviation,
        n,
        point_count,
        also_count,
        is_open,
        case kind
            when 'missing' then concat(label_en, ', ', subject, ': none, where ', expected, ' were to be expected. Was everything delivered?')
            else concat(label_en, ', ', subject, moment, ': ', seen, ' where ', expected, ' was to be expected')
        end as text_en,
        case kind
            when 'missing' then concat(label_zh, '，', subject, '：没有记录，预期 ', expected, '。数据是否齐全？')
            else concat(label_zh, '，', subject, replace(replace(moment, ', ', '，'), ' to ', '–'), '：', seen, '，预期 ', expected)
        end as text_zh,
    from of_series
    union all
    select
        kind,
        identity,
        raised_date,
        from_date,
        to_date,
        cast(null as bigint) as from_hour,
        cast(null as bigint) as to_hour,
        metric,
        cast(null as varchar) as site,
        cast(null as varchar) as channel,
        cast(null as varchar) as queue,
        cast(null as varchar) as tier,
        subject,
        cast(null as uuid) as series_key,
        unit,
        value,
        expected_value,
        deviation,
        n,
        point_count,
        0 as also_count,
        is_open,
        text_en,
        text_zh,
    from meta._findings
)

select
    cast(md5(concat_ws('|', case when series_key is null then kind else 'series' end, identity, cast(from_date as varchar), case when deviation < 0 then 'below' else 'above' end)) as uuid) as alert_key, -- Key: the same alert again has the same
    kind, -- See above
    identity, -- What it is about, as a key: series, month, campaign|arm, version, or language|topic
    raised_date, -- Local day whose figure raised it
    from_date, -- First local day that it is about
    to_date, -- Last local day that it is about
    cast(from_hour as bigint) as from_hour, -- First hour of the local clock; null: whole days
    cast(to_hour as bigint) as to_hour, -- Hour at which the last one ended
    metric, -- Metric of meta.metrics; null: none
    series_key, -- Its points in kpi.signals; null: none
    site, -- Site
    channel, -- Channel
    queue, -- Queue
    tier, -- Value tier
    subject, -- What it is about, in short: queue, site and channel, month, campaign, version, words of a topic
    unit, -- Unit of the value: of a metric, per_customer (orders) or choices (of an action)
    value, -- What was seen, at its worst
    expected_value, -- What was to be expected then: by the weeks or the month before, or by the hold-out
    deviation, -- Standard deviations between them
    cast(n as bigint) as n, -- How many cases it rests on
    cast(point_count as bigint) as point_count, -- Points (days, hours, weeks) outside the limits
    cast(coalesce(also_count, 0) as bigint) as also_count, -- Other series that saw the same
    is_open, -- Whether it is still going on
    text_en, -- In a sentence, English
    text_zh, -- In a sentence, Chinese
from raised
