-- purpose: average speed of answer, seconds
-- definition: sum of the wait of answered visits / answered visits
-- source: metrics.md, Speed and handling
create or replace macro kpi_asa(from_date, to_date, "by" := 'queue') as table
select
    group_value,
    answered_wait_s as numerator,
    cast(answered_count as double) as denominator,
    answered_wait_s / nullif(cast(answered_count as double), 0) as value,
    answered_count as n
from kpi_queue_sums(from_date, to_date, "by");

comment on macro table kpi_asa is
    'Average speed of answer in seconds: wait of answered visits / answered visits';
