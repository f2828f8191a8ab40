-- Agents' figures by day, as sums that may be added up. Time is cut at local midnight; a state on several queues counts once.
-- Sums of seconds are rounded to the microsecond: added in another order they differ in the last digits.
-- grain: one row per local day and agent
-- owner: team:data
-- window: business_date onwards
with days as (
    select
        agent,
        state,
        started_at,
        ended_at,
        cast(unnest(generate_series(
            cast(timezone(getvariable('timezone'), started_at) as date),
            cast(timezone(getvariable('timezone'), ended_at) as date),
            interval 1 day
        )) as date) as business_date,
    from core._agent_logins
),

state_days as (
    select
        business_date,
        agent,
        sum(case when state = 'logged_in' then duration_us end) / 1e6 as logged_in_s,
        sum(case when state = 'paused' then duration_us end) / 1e6 as paused_s,
    from (
        select
            business_date,
            agent,
            state,
            epoch_us(least(ended_at, timezone(getvariable('timezone'), cast(business_date + 1 as timestamp))))
            - epoch_us(greatest(started_at, timezone(getvariable('timezone'), cast(business_date as timestamp)))) as duration_us,
        from days
        -- A day that begins as the state ends has nothing of it.
        where ended_at = started_at or ended_at > timezone(getvariable('timezone'), cast(business_date as timestamp))
    ) as pieces
    group by business_date, agent
),

rings as (
    select
        cast(timezone(getvariable('timezone'), started_at) as date) as business_date,
        agent,
        count(*) as offered_count,
        sum(case when outcome = 'no_answer' then 1 else 0 end) as ring_no_answer_count,
        round(sum(ring_s), 6) as ring_s,
    from core.ring_attempts
    group by cast(timezone(getvariable('timezone'), started_at) as date), agent
),

calls as (
    select
        cast(timezone(getvariable('timezone'), answered_at) as date) as business_date,
        agent,
        max(site) as site,
        count(*) as answered_count,
        round(sum(talk_s), 6) as talk_s,
        round(sum(hold_s), 6) as hold_s,
        round(sum(wrap_s), 6) as wrap_s,
        sum(case when transfer_type is not null then 1 else 0 end) as transferred_count,
    from core.queue_visits
    where agent is not null and answered_at is not null
    group by cast(timezone(getvariable('timezone'), answered_at) as date), agent
),

keys as (
    select business_date, agent from state_days
    union
    select business_date, agent from rings
    union
    select business_date, agent from calls
)

select
    k.business_date, -- Local date
    c.site, -- Site
    k.agent, -- Agent
    cast(coalesce(r.offered_count, c.answered_count, 0) as bigint) as offered_count, -- Times a contact rang at the agent; one contact can several times
    cast(coalesce(c.answered_count, 0) as bigint) as answered_count, -- Contacts answered
    cast(coalesce(r.ring_no_answer_count, 0) as bigint) as ring_no_answer_count, -- Rings that the agent did not answer
    r.ring_s, -- Time ringing [unit: s]
    c.talk_s, -- Talk [unit: s]
    c.hold_s, -- Time on hold; null: no source says [unit: s]
    c.wrap_s, -- Wrap-up; null: no source says [unit: s]
    s.logged_in_s, -- Logged in, on any queue; null: no log-in was logged [unit: s]
    s.paused_s, -- Paused, on any queue [unit: s]
    cast(coalesce(c.transferred_count, 0) as bigint) as transferred_count, -- Contacts that the agent transferred
from keys as k
left join state_days as s on k.business_date = s.business_date and k.agent = s.agent
left join rings as r on k.business_date = r.business_date and k.agent = r.agent
left join calls as c on k.business_date = c.business_date and k.agent = c.agent
