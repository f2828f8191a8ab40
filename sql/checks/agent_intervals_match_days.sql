-- The half hours of an agent's day add up to the day: logged in, paused, rings and answers. Ring, talk, hold and wrap-up are
-- cut at midnight here and counted whole with their begin there, so they are compared over all days at once.
-- Where the clock is put back at midnight, midnight comes twice, and what lies between is of either day: both are left aside.
-- severity: fail
-- owner: team:data
with signed as (
    select
        business_date,
        agent,
        coalesce(offered_count, 0) as offered_count,
        coalesce(answered_count, 0) as answered_count,
        coalesce(ring_no_answer_count, 0) as ring_no_answer_count,
        coalesce(transferred_count, 0) as transferred_count,
        coalesce(logged_in_s, 0) as logged_in_s,
        coalesce(paused_s, 0) as paused_s,
        coalesce(ring_s, 0) as ring_s,
        coalesce(talk_s, 0) as talk_s,
        coalesce(hold_s, 0) as hold_s,
        coalesce(wrap_s, 0) as wrap_s
    from kpi.agent_interval

    union all

    select
        business_date,
        agent,
        -coalesce(offered_count, 0) as offered_count,
        -coalesce(answered_count, 0) as answered_count,
        -coalesce(ring_no_answer_count, 0) as ring_no_answer_count,
        -coalesce(transferred_count, 0) as transferred_count,
        -coalesce(logged_in_s, 0) as logged_in_s,
        -coalesce(paused_s, 0) as paused_s,
        -coalesce(ring_s, 0) as ring_s,
        -coalesce(talk_s, 0) as talk_s,
        -coalesce(hold_s, 0) as hold_s,
        -coalesce(wrap_s, 0) as wrap_s
    from kpi.agent_day
),

by_day as (
    select
        business_date,
        agent,
        sum(offered_count) as offered_count,
        sum(answered_count) as answered_count,
        sum(ring_no_answer_count) as ring_no_answer_count,
        sum(transferred_count) as transferred_count,
        sum(logged_in_s) as logged_in_s,
        sum(paused_s) as paused_s,
        sum(ring_s) as ring_s,
        sum(talk_s) as talk_s,
        sum(hold_s) as hold_s,
        sum(wrap_s) as wrap_s,
        sum(abs(ring_s) + abs(talk_s) + abs(hold_s) + abs(wrap_s)) as busy_s
    from signed
    group by business_date, agent
),

-- Midnight came twice where an hour before its second time is of the same day.
differing as (
    select
        business_date,
        agent,
        offered_count,
        answered_count,
        ring_no_answer_count,
        transferred_count,
        logged_in_s,
        paused_s,
        cast(timezone(getvariable('timezone'), timezone(getvariable('timezone'), cast(business_date as timestamp))
            - to_hours(1)) as date) = business_date as is_twice_begun,
        cast(timezone(getvariable('timezone'), timezone(getvariable('timezone'), cast(business_date + 1 as timestamp))
            - to_hours(1)) as date) = business_date + 1 as is_before_such
    from by_day
    where offered_count <> 0
        or answered_count <> 0
        or ring_no_answer_count <> 0
        or transferred_count <> 0
        or abs(logged_in_s) > 0.001
        or abs(paused_s) > 0.001
)

select
    business_date, -- day, null = all days together
    agent, -- agent
    offered_count as offered_difference_count, -- offered: half hours less day
    answered_count as answered_difference_count, -- answered: half hours less day
    logged_in_s as logged_in_difference_s, -- logged in: half hours less day
    paused_s as paused_difference_s, -- paused: half hours less day
    cast(null as double) as busy_difference_s, -- ring, talk, hold and wrap-up: half hours less days
from differing
where offered_count <> 0
    or answered_count <> 0
    or ring_no_answer_count <> 0
    or transferred_count <> 0
    or not (coalesce(is_twice_begun, false) or coalesce(is_before_such, false))
union all
select
    cast(null as date) as business_date,
    agent,
    sum(offered_count) as offered_difference_count,
    sum(answered_count) as answered_difference_count,
    sum(logged_in_s) as logged_in_difference_s,
    sum(paused_s) as paused_difference_s,
    sum(ring_s) + sum(talk_s) + sum(hold_s) + sum(wrap_s) as busy_difference_s
from by_day
group by agent
having abs(sum(ring_s)) > 0.001 + 0.000001 * sum(busy_s)
    or abs(sum(talk_s)) > 0.001 + 0.000001 * sum(busy_s)
    or abs(sum(hold_s)) > 0.001 + 0.000001 * sum(busy_s)
    or abs(sum(wrap_s)) > 0.001 + 0.000001 * sum(busy_s)
