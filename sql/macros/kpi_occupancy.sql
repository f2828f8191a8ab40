-- purpose: share of an agent's on-queue time that is busy
-- definition: (talk + hold + wrap + ring) / (that + available), concurrency ignored; agent-days without a known log-in stand apart; 0 to 1
-- source: metrics.md, Speed and handling; available = logged in - paused - busy, never below 0
create or replace macro kpi_occupancy(from_date, to_date, "by" := 'agent') as table
select
    group_value,
    observed_busy_s as numerator,
    observed_busy_s + observed_available_s as denominator,
    observed_busy_s / nullif(observed_busy_s + observed_available_s, 0) as value,
    observed_agent_day_count as n
from kpi_agent_sums(from_date, to_date, "by");

comment on macro table kpi_occupancy is
    'Occupancy, 0 to 1: busy / (busy + available) seconds by total, agent, site or business_date; n is agent-days with a known log-in';
