-- purpose: any metric by its name, in the one shape of the kpi_ macros
-- definition: the metric's own macro with its default variant
-- source: the kpi_<metric> macros
create or replace macro kpi(metric, from_date, to_date, "by" := 'queue') as table
select group_value, numerator, denominator, value, n
from kpi_service_level(from_date, to_date, "by")
where metric = 'service_level'
union all
select group_value, numerator, denominator, value, n
from kpi_abandonment(from_date, to_date, "by")
where metric = 'abandonment'
union all
select group_value, numerator, denominator, value, n
from kpi_asa(from_date, to_date, "by")
where metric = 'asa'
union all
select group_value, numerator, denominator, value, n
from kpi_aht(from_date, to_date, "by")
where metric = 'aht'
union all
select group_value, numerator, denominator, value, n
from kpi_occupancy(from_date, to_date, "by")
where metric = 'occupancy'
union all
select group_value, numerator, denominator, value, n
from kpi_fcr(from_date, to_date, "by")
where metric = 'fcr'
union all
select group_value, numerator, denominator, value, n
from kpi_csat(from_date, to_date, "by")
where metric = 'csat'
union all
select group_value, numerator, denominator, value, n
from kpi_dsat(from_date, to_date, "by")
where metric = 'dsat'
union all
select group_value, numerator, denominator, value, n
from kpi_nps(from_date, to_date, "by")
where metric = 'nps'
union all
select group_value, numerator, denominator, value, n
from kpi_cost_per_contact(from_date, to_date, "by")
where metric = 'cost_per_contact'
union all
select group_value, numerator, denominator, value, n
from kpi_contribution(from_date, to_date, "by")
where metric = 'contribution'
union all
select error(concat('unknown metric ', metric, '; there are service_level, abandonment, asa, aht, occupancy, fcr, csat, dsat, nps, cost_per_contact, contribution')), null, null, null, null
where metric not in ('service_level', 'abandonment', 'asa', 'aht', 'occupancy', 'fcr', 'csat', 'dsat', 'nps', 'cost_per_contact', 'contribution');

comment on macro table kpi is
    'Any metric by name: service_level, abandonment, asa, aht, occupancy, fcr, csat, dsat, nps, cost_per_contact, contribution';
