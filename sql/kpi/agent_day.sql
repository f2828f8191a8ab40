-- Agents' figures by day, as sums that may be added up. Time is cut at local midnight; rings and answers count on the day on
-- which they began; a state on several queues counts once. Of an agent without a log-in it is not known when he was available:
-- the observed figures leave his day out.
-- Sums of seconds are rounded to the microsecond: added in another order they differ in the last digits.
-- grain: one row per local day and agent
-- owner: team:data
-- window: business_date onwards
with days as (
    select
        business_date,
        max(site) as site,
        agent,
        sum(offered_count) as offered_count,
        sum(answered_count) as answered_count,
        sum(rung_count) as rung_count,
        sum(ring_no_answer_count) as ring_no_answer_count,
        round(sum(ring_s), 6) as ring_s,
        round(sum(talk_s), 6) as talk_s,
        round(sum(hold_s), 6) as hold_s,
        round(sum(wrap_s), 6) as wrap_s,
        round(sum(logged_in_s), 6) as logged_in_s,
        round(sum(paused_s), 6) as paused_s,
        sum(transferred_count) as transferred_count,
    from kpi.agent_interval
    group by business_date, agent
),

handled as (
    select
        *,
        case
            when coalesce(talk_s, hold_s, wrap_s) is not null
                then round(coalesce(talk_s, 0) + coalesce(hold_s, 0) + coalesce(wrap_s, 0), 6)
        end as handle_s,
        coalesce(logged_in_s, 0) > 0 as is_observed,
    from days
),

timed as (
    select
        *,
        round(coalesce(ring_s, 0) + coalesce(handle_s, 0), 6) as busy_s,
    from handled
)

select
    business_date, -- Local date
    site, -- Site: by the agents' list, else of the contacts answered
    agent, -- Agent
    cast(offered_count as bigint) as offered_count, -- Times a contact rang at the agent; one contact can several times
    cast(answered_count as bigint) as answered_count, -- Contacts answered
    cast(rung_count as bigint) as rung_count, -- Of these, logged as rings; null: no ring was logged
    cast(ring_no_answer_count as bigint) as ring_no_answer_count, -- Rings that the agent did not answer; null: no ring was logged
    ring_s, -- Time ringing [unit: s]
    talk_s, -- Talk [unit: s]
    hold_s, -- Time on hold, taken to follow the talk; null: no source says [unit: s]
    wrap_s, -- Wrap-up; null: no source says [unit: s]
    handle_s, -- Talk, hold and wrap-up; null: none of them is known [unit: s]
    logged_in_s, -- Logged in, on any queue; null: no log-in was logged [unit: s]
    paused_s, -- Paused, on any queue [unit: s]
    cast(transferred_count as bigint) as transferred_count, -- Contacts that the agent transferred
    cast(1 as bigint) as agent_day_count, -- 1
    cast(case when is_observed then 1 else 0 end as bigint) as observed_agent_day_count, -- 1 where a log-in was logged
    cast(case when is_observed then answered_count else 0 end as bigint) as observed_answered_count, -- Contacts answered where a log-in was logged
    case when is_observed then busy_s else 0 end as observed_busy_s, -- Ring and handling where a log-in was logged [unit: s]
    case
        when is_observed then greatest(0, round(logged_in_s - coalesce(paused_s, 0) - busy_s, 6)) else 0
    end as observed_available_s, -- Logged in, not paused and not busy [unit: s]
from timed
