-- purpose: customer dissatisfaction
-- definition: answers in the bottom two boxes / answers, 0 to 1; not 1 - CSAT
-- source: metrics.md, Resolution and experience
create or replace macro kpi_dsat(from_date, to_date, "by" := 'queue') as table
select
    group_value,
    cast(bottom_two_count as double) as numerator,
    cast(answered_count as double) as denominator,
    (bottom_two_count) / nullif(cast(answered_count as double), 0) as value,
    answered_count as n
from kpi_experience_sums(from_date, to_date, "by", 'csat');

comment on macro table kpi_dsat is
    'DSAT, 0 to 1: bottom-two-box share of the answered satisfaction surveys';
