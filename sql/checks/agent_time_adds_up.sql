-- What agents did adds up however it was cut: their days together hold every ring, answer, second of talk, hold and wrap-up,
-- and every second logged in or paused, once.
-- severity: fail
-- owner: team:data
with signed as (
    select
        agent,
        answered_count,
        transferred_count,
        coalesce(rung_count, 0) as rung_count,
        coalesce(ring_no_answer_count, 0) as ring_no_answer_count,
        coalesce(ring_s, 0) as ring_s,
        coalesce(talk_s, 0) as talk_s,
        coalesce(hold_s, 0) as hold_s,
        coalesce(wrap_s, 0) as wrap_s,
        coalesce(logged_in_s, 0) as logged_in_s,
        coalesce(paused_s, 0) as paused_s
    from kpi.agent_day
    union all
    select
        agent,
        -1 as answered_count,
        case when transfer_type is not null then -1 else 0 end as transferred_count,
        0 as rung_count,
        0 as ring_no_answer_count,
        0 as ring_s,
        -coalesce(talk_s, 0) as talk_s,
        -coalesce(hold_s, 0) as hold_s,
        -coalesce(wrap_s, 0) as wrap_s,
        0 as logged_in_s,
        0 as paused_s
    from core.queue_visits
    where agent is not null and answered_at is not null
    union all
    select
        agent,
        0 as answered_count,
        0 as transferred_count,
        -1 as rung_count,
        case when outcome = 'no_answer' then -1 else 0 end as ring_no_answer_count,
        -coalesce(ring_s, 0) as ring_s,
        0 as talk_s,
        0 as hold_s,
        0 as wrap_s,
        0 as logged_in_s,
        0 as paused_s
    from core.ring_attempts
    where agent is not null
    union all
    select
        agent,
        0 as answered_count,
        0 as transferred_count,
        0 as rung_count,
        0 as ring_no_answer_count,
        0 as ring_s,
        0 as talk_s,
        0 as hold_s,
        0 as wrap_s,
        case when state = 'logged_in' then (epoch_us(started_at) - epoch_us(ended_at)) / 1e6 else 0 end as logged_in_s,
        case when state = 'paused' then (epoch_us(started_at) - epoch_us(ended_at)) / 1e6 else 0 end as paused_s
    from core._agent_logins
)

select
    agent, -- agent
    sum(answered_count) as answered_difference_count, -- answered: days less visits
    sum(transferred_count) as transferred_difference_count, -- transferred: days less visits
    sum(rung_count) as rung_difference_count, -- rings: days less rings
    sum(ring_no_answer_count) as ring_no_answer_difference_count, -- not answered: days less rings
    sum(ring_s) as ring_difference_s, -- ring: days less rings
    sum(talk_s) as talk_difference_s, -- talk: days less visits
    sum(hold_s) as hold_difference_s, -- hold: days less visits
    sum(wrap_s) as wrap_difference_s, -- wrap-up: days less visits
    sum(logged_in_s) as logged_in_difference_s, -- logged in: days less log-ins
    sum(paused_s) as paused_difference_s -- paused: days less pauses
from signed
group by agent
having sum(answered_count) <> 0
    or sum(transferred_count) <> 0
    or sum(rung_count) <> 0
    or sum(ring_no_answer_count) <> 0
    or abs(sum(ring_s)) > 0.001 + 0.000001 * sum(abs(ring_s))
    or abs(sum(talk_s)) > 0.001 + 0.000001 * sum(abs(talk_s))
    or abs(sum(hold_s)) > 0.001 + 0.000001 * sum(abs(hold_s))
    or abs(sum(wrap_s)) > 0.001 + 0.000001 * sum(abs(wrap_s))
    or abs(sum(logged_in_s)) > 0.001 + 0.000001 * sum(abs(logged_in_s))
    or abs(sum(paused_s)) > 0.001 + 0.000001 * sum(abs(paused_s))
