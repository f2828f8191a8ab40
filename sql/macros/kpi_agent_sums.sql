-- purpose: the sums behind every agent figure
-- definition: additive counts and seconds of agents over whole business dates, both ends included
-- source: kpi.agent_day; observed_* count only agent-days whose logged-in time is known, available_s = logged in - paused - busy, never below 0
-- `by`: total, agent, site, business_date.
create or replace macro kpi_agent_sums(from_date, to_date, "by" := 'agent') as table
with agent_days as (
    select
        case "by"
            when 'total' then 'total'
            when 'agent' then agent
            when 'site' then site
            when 'business_date' then strftime(business_date, '%Y-%m-%d')
            else error(concat('unknown by := ', "by", '; agent figures know total, agent, site, business_date'))
        end as group_value,
        *,
        case
            when coalesce(talk_s, hold_s, wrap_s) is not null then coalesce(talk_s, 0) + coalesce(hold_s, 0) + coalesce(wrap_s, 0)
        end as handle_s,
        coalesce(ring_s, 0) + coalesce(handle_s, 0) as busy_s,
        coalesce(logged_in_s, 0) > 0 as is_observed
    from kpi.agent_day
    where business_date between from_date and to_date
)

select
    group_value,
    cast(sum(offered_count) as bigint) as offered_count,
    cast(sum(answered_count) as bigint) as answered_count,
    cast(sum(ring_no_answer_count) as bigint) as ring_no_answer_count,
    cast(sum(transferred_count) as bigint) as transferred_count,
    cast(sum(ring_s) as double) as ring_s,
    cast(sum(talk_s) as double) as talk_s,
    cast(sum(hold_s) as double) as hold_s,
    cast(sum(wrap_s) as double) as wrap_s,
    cast(sum(handle_s) as double) as handle_s,
    cast(sum(logged_in_s) as double) as logged_in_s,
    cast(sum(paused_s) as double) as paused_s,
    cast(count(*) as bigint) as agent_day_count,
    cast(sum(case when is_observed then 1 else 0 end) as bigint) as observed_agent_day_count,
    cast(sum(case when is_observed then answered_count else 0 end) as bigint) as observed_answered_count,
    cast(sum(case when is_observed then busy_s else 0 end) as double) as observed_busy_s,
    cast(sum(case when is_observed then greatest(0, logged_in_s - coalesce(paused_s, 0) - busy_s) else 0 end) as double)
        as observed_available_s
from agent_days
group by group_value;

comment on macro table kpi_agent_sums is
    'Sums of agent days by total, agent, site or business_date: the numerators and denominators of the agent figures';
