-- purpose: the sums behind every figure of planned time
-- definition: additive seconds of agents' planned days, both ends included; agents whose log-ins no source logs are not in it
-- source: kpi.schedule_day
-- `by`: total, agent, business_date.
create or replace macro kpi_schedule_sums(from_date, to_date, "by" := 'agent') as table
with grouped as (
    select
        case "by"
            when 'total' then 'total'
            when 'agent' then agent
            when 'business_date' then strftime(business_date, '%Y-%m-%d')
            else error(concat('unknown by := ', "by", '; schedule figures know total, agent, business_date'))
        end as group_value,
        *
    from kpi.schedule_day
    where business_date between from_date and to_date
)

select
    group_value,
    cast(sum(agent_day_count) as bigint) as agent_day_count,
    cast(sum(planned_s) as double) as planned_s,
    cast(sum(planned_work_s) as double) as planned_work_s,
    cast(sum(adherent_s) as double) as adherent_s,
    cast(sum(available_s) as double) as available_s
from grouped
group by group_value;

comment on macro table kpi_schedule_sums is
    'Sums of planned time and what was done in it, by total, agent or business_date';
