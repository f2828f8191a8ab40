-- purpose: average handle time, seconds
-- definition: (talk + hold + wrap) / answered visits
-- source: metrics.md, Speed and handling; kpi.agent_day when `by` is agent
create or replace macro kpi_aht(from_date, to_date, "by" := 'queue') as table
with handled as (
    select group_value, talk_s, hold_s, wrap_s, answered_count
    from kpi_queue_sums(from_date, to_date, case "by" when 'agent' then 'total' else "by" end)
    where "by" <> 'agent'
    union all
    select group_value, talk_s, hold_s, wrap_s, answered_count
    from kpi_agent_sums(from_date, to_date, 'agent')
    where "by" = 'agent'
),

-- Where none of the three is known, as of a call that still goes on, the time is not known either, and not 0.
timed as (
    select
        group_value,
        case
            when coalesce(talk_s, hold_s, wrap_s) is not null
                then coalesce(talk_s, 0) + coalesce(hold_s, 0) + coalesce(wrap_s, 0)
        end as handle_s,
        answered_count
    from handled
)

select
    group_value,
    handle_s as numerator,
    cast(answered_count as double) as denominator,
    handle_s / nullif(cast(answered_count as double), 0) as value,
    answered_count as n
from timed;

comment on macro table kpi_aht is
    'Average handle time in seconds: (talk + hold + wrap) / answered visits; by agent too';
