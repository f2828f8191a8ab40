-- Each interval or day, site, queue, channel, agreed service level and agent has one row in the sums, or it would be counted twice.
-- severity: fail
-- owner: team:data
with repeated as (
    select
        'kpi.queue_interval' as table_name,
        interval_started_at,
        business_date,
        site,
        queue,
        channel,
        service_level_variant,
        cast(null as varchar) as agent,
        count(*) as row_count
    from kpi.queue_interval
    group by interval_started_at, business_date, site, queue, channel, service_level_variant
    having count(*) > 1

    union all

    select
        'kpi.queue_day' as table_name,
        cast(null as timestamptz) as interval_started_at,
        business_date,
        site,
        queue,
        channel,
        service_level_variant,
        cast(null as varchar) as agent,
        count(*) as row_count
    from kpi.queue_day
    group by business_date, site, queue, channel, service_level_variant
    having count(*) > 1

    union all

    select
        'kpi.agent_day' as table_name,
        cast(null as timestamptz) as interval_started_at,
        business_date,
        site,
        cast(null as varchar) as queue,
        cast(null as varchar) as channel,
        cast(null as varchar) as service_level_variant,
        agent,
        count(*) as row_count
    from kpi.agent_day
    group by business_date, site, agent
    having count(*) > 1
)

select
    table_name, -- table
    interval_started_at, -- interval, where there is one
    business_date, -- day
    site, -- site
    queue, -- queue, where there is one
    channel, -- channel, where there is one
    service_level_variant, -- agreed variant of the service level, where there is one
    agent, -- agent, where there is one
    row_count, -- rows with these keys
from repeated
