-- purpose: customer satisfaction
-- definition: answers in the top two boxes / answers, 0 to 1
-- source: metrics.md, Resolution and experience
create or replace macro kpi_csat(from_date, to_date, "by" := 'queue') as table
select
    group_value,
    cast(top_two_count as double) as numerator,
    cast(answered_count as double) as denominator,
    (top_two_count) / nullif(cast(answered_count as double), 0) as value,
    answered_count as n
from kpi_experience_sums(from_date, to_date, "by", 'csat');

comment on macro table kpi_csat is
    'CSAT, 0 to 1: top-two-box share of the answered satisfaction surveys';
