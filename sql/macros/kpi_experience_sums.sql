-- purpose: the sums behind every survey figure, for one kind of survey
-- definition: additive counts of surveys over whole business dates, both ends included; response rate = answered_count / sent_count
-- source: kpi.experience_day; survey_kind is csat, nps or ces
-- `by`: total, queue, channel, site, business_date.
create or replace macro kpi_experience_sums(from_date, to_date, "by" := 'queue', survey_kind := 'csat') as table
with survey_days as (
    select
        case "by"
            when 'total' then 'total'
            when 'queue' then queue
            when 'channel' then channel
            when 'site' then site
            when 'business_date' then strftime(business_date, '%Y-%m-%d')
            else error(concat('unknown by := ', "by", '; survey figures know total, queue, channel, site, business_date'))
        end as group_value,
        experience_day.*
    from kpi.experience_day
    where business_date between from_date and to_date and experience_day.kind = survey_kind
)

select
    group_value,
    cast(sum(sent_count) as bigint) as sent_count,
    cast(sum(answered_count) as bigint) as answered_count,
    cast(sum(top_two_count) as bigint) as top_two_count,
    cast(sum(bottom_two_count) as bigint) as bottom_two_count,
    cast(sum(promoter_count) as bigint) as promoter_count,
    cast(sum(detractor_count) as bigint) as detractor_count,
    cast(sum(score_sum) as double) as score_sum
from survey_days
group by group_value;

comment on macro table kpi_experience_sums is
    'Sums of surveys of one kind (csat, nps, ces) by total, queue, channel, site or business_date';
