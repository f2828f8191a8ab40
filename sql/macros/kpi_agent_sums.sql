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
        *
    from kpi.agent_day
    where business_date between from_date and to_date
)

select
    group_value,
    cast(sum(offered_count) as bigint) as offered_count,
    cast(sum(answered_count) as bigint) as answered_count,
    cast(sum(rung_count) as bigint) as rung_count,
    cast(sum(ring_no_answer_count) as bigint) as ring_no_answer_count,
    cast(sum(transferred_count) as bigint) as transferred_count,
    -- Of an agent's answers it is not told which were timed: all count, under the names that the figures of queues divide by.
    cast(sum(answered_count) as bigint) as talk_known_count,
    cast(sum(answered_count) as bigint) as wrap_known_count,
    cast(sum(answered_count) as bigint) as handled_known_count,
    cast(sum(ring_s) as double) as ring_s,
    cast(sum(talk_s) as double) as talk_s,
    cast(sum(hold_s) as double) as hold_s,
    cast(sum(wrap_s) as double) as wrap_s,
    cast(sum(handle_s) as double) as handle_s,
    cast(sum(logged_in_s) as double) as logged_in_s,
    cast(sum(paused_s) as double) as paused_s,
    cast(sum(agent_day_count) as bigint) as agent_day_count,
    cast(sum(observed_agent_day_count) as bigint) as observed_agent_day_count,
    cast(sum(observed_answered_count) as bigint) as observed_answered_count,
    cast(sum(observed_busy_s) as double) as observed_busy_s,
    cast(sum(observed_available_s) as double) as observed_available_s
from agent_days
group by group_value;

comment on macro table kpi_agent_sums is
    'Sums of agent days by total, agent, site or business_date: the numerators and denominators of the agent figures';
