-- purpose: the sums behind every survey figure of agents, for one kind of survey
-- definition: additive counts of surveys about an agent over whole business dates, both ends included; those that name no agent stand under null
-- source: core.surveys; survey_kind is csat, nps or ces
-- `by`: total, agent, business_date.
create or replace macro kpi_agent_survey_sums(from_date, to_date, "by" := 'agent', survey_kind := 'csat') as table
with grouped as (
    select
        case "by"
            when 'total' then 'total'
            when 'agent' then agent
            when 'business_date' then strftime(business_date, '%Y-%m-%d')
            else error(concat('unknown by := ', "by", '; survey figures of agents know total, agent, business_date'))
        end as group_value,
        surveys.*
    from core.surveys
    where business_date between from_date and to_date and surveys.kind = survey_kind
)

select
    group_value,
    count(*) as sent_count,
    count(score) as answered_count,
    count(*) filter (is_top_two) as top_two_count,
    count(*) filter (is_bottom_two) as bottom_two_count,
    count(*) filter (is_promoter) as promoter_count,
    count(*) filter (is_detractor) as detractor_count,
    cast(sum(score) as double) as score_sum
from grouped
group by group_value;

comment on macro table kpi_agent_survey_sums is
    'Sums of surveys of one kind (csat, nps, ces) by total, agent or business_date';
