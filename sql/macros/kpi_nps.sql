-- purpose: net promoter score
-- definition: 100 x (promoters - detractors) / answers, in points from -100 to 100
-- source: metrics.md, Resolution and experience
create or replace macro kpi_nps(from_date, to_date, "by" := 'queue') as table
select
    group_value,
    cast(promoter_count - detractor_count as double) as numerator,
    cast(answered_count as double) as denominator,
    100 * (promoter_count - detractor_count) / nullif(cast(answered_count as double), 0) as value,
    answered_count as n
from kpi_experience_sums(from_date, to_date, "by", 'nps');

comment on macro table kpi_nps is
    'NPS in points, -100 to 100: promoters (9-10) less detractors (0-6) of 100 answers';
