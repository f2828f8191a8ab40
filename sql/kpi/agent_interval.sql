-- Agents' figures by half hour, as sums that may be added up. Time is cut at the edges of half hours and at local midnight;
-- rings and answers count where they began. A state on several queues counts once.
-- grain: one row per half hour, local day and agent
-- owner: team:data
-- window: business_date onwards
-- What took an agent's time, in microseconds: whole numbers add up to the same sum in any order.
with parts as (
    select
        state as part,
        agent,
        cast(null as varchar) as site,
        cast(null as boolean) as is_marked,
        epoch_us(started_at) as from_us,
        epoch_us(ended_at) - epoch_us(started_at) as part_us,
    from core._agent_logins
    union all
    select
        'ring' as part,
        agent,
        cast(null as varchar) as site,
        outcome = 'no_answer' as is_marked,
        epoch_us(started_at) as from_us,
        cast(round(ring_s * 1e6) as bigint) as part_us,
    from core.ring_attempts
    union all
    select
        'talk' as part,
        agent,
        site,
        transfer_type is not null as is_marked,
        epoch_us(answered_at) as from_us,
        cast(round(talk_s * 1e6) as bigint) as part_us,
    from core.queue_visits
    where agent is not null and answered_at is not null
    union all
    -- Sources say how long a customer was on hold, not when: behind the talk.
    select
        'hold' as part,
        agent,
        cast(null as varchar) as site,
        cast(null as boolean) as is_marked,
        epoch_us(answered_at) + cast(round(coalesce(talk_s, 0) * 1e6) as bigint) as from_us,
        cast(round(hold_s * 1e6) as bigint) as part_us,
    from core.queue_visits
    where agent is not null and answered_at is not null and hold_s is not null
    union all
    select
        'wrap' as part,
        agent,
        cast(null as varchar) as site,
        cast(null as boolean) as is_marked,
        coalesce(
            epoch_us(left_at), epoch_us(answered_at) + cast(round((coalesce(talk_s, 0) + coalesce(hold_s, 0)) * 1e6) as bigint)
        ) as from_us,
        cast(round(wrap_s * 1e6) as bigint) as part_us,
    from core.queue_visits
    where agent is not null and answered_at is not null and wrap_s is not null
),

-- Quarters of an hour: wherever clocks differ from UTC by quarters, each lies in one local day and in one half hour.
bounded as (
    select
        *,
        from_us // 900000000 as first_number,
        greatest(from_us, from_us + coalesce(part_us, 0) - 1) // 900000000 as last_number,
    from parts
),

-- Most parts are short: only those that reach beyond their first quarter are spread.
numbered as (
    select
        *,
        first_number as quarter_number,
    from bounded
    union all
    select
        *,
        unnest(generate_series(first_number + 1, last_number)) as quarter_number,
    from bounded
    where last_number > first_number
),

pieces as (
    select
        part,
        agent,
        site,
        is_marked,
        quarter_number,
        quarter_number = first_number as is_begin,
        -- Null where it is not known how long the part was: least() would pass it over.
        case
            when part_us is not null
                then least(from_us + part_us, (quarter_number + 1) * 900000000) - greatest(from_us, quarter_number * 900000000)
        end as piece_us,
    from numbered
),

-- The date is asked once a quarter, not once a row.
quarter_dates as (
    select
        quarter_number,
        cast(timezone(
            getvariable('timezone'), timestamptz '1970-01-01 00:00:00+00' + to_seconds(quarter_number * 900)
        ) as date) as business_date,
    from (
        select unnest(generate_series(min(first_number), max(last_number))) as quarter_number
        from bounded
    ) as numbers
),

-- Microseconds as doubles are exact up to centuries, and far faster to add up than whole numbers of 128 bits.
halves as (
    select
        p.quarter_number // 2 as half_number,
        q.business_date,
        p.agent,
        max(p.site) as site,
        sum(case when p.part = 'ring' and p.is_begin then 1 end) as rung_count,
        sum(case when p.part = 'ring' and p.is_begin and p.is_marked then 1 else 0 end) as ring_no_answer_count,
        sum(case when p.part = 'talk' and p.is_begin then 1 else 0 end) as answered_count,
        sum(case when p.part = 'talk' and p.is_begin and p.is_marked then 1 else 0 end) as transferred_count,
        sum(case when p.part = 'ring' then cast(p.piece_us as double) end) as ring_us,
        sum(case when p.part = 'talk' then cast(p.piece_us as double) end) as talk_us,
        sum(case when p.part = 'hold' then cast(p.piece_us as double) end) as hold_us,
        sum(case when p.part = 'wrap' then cast(p.piece_us as double) end) as wrap_us,
        sum(case when p.part = 'logged_in' then cast(p.piece_us as double) end) as logged_in_us,
        sum(case when p.part = 'paused' then cast(p.piece_us as double) end) as paused_us,
    from pieces as p
    inner join quarter_dates as q on p.quarter_number = q.quarter_number
    group by p.quarter_number // 2, q.business_date, p.agent
),

-- An agent at whom nothing rang all day has rings that no source tells of: each answer was an offer.
days as (
    select
        h.business_date,
        h.agent,
        coalesce(max(a.site), max(h.site)) as site,
        sum(h.rung_count) as rung_count,
    from halves as h
    left join core.agents as a on h.agent = a.agent
    group by h.business_date, h.agent
)

select
    timestamptz '1970-01-01 00:00:00+00' + to_seconds(h.half_number * 1800) as interval_started_at, -- Begin of the half hour
    h.business_date, -- Local date; where clocks differ from UTC by an odd number of quarters, midnight parts a half hour
    d.site, -- Site: by the agents' list, else of the contacts answered that day
    h.agent, -- Agent
    cast(case when d.rung_count is not null then coalesce(h.rung_count, 0) else h.answered_count end as bigint) as offered_count, -- Times a contact began to ring at the agent
    cast(h.answered_count as bigint) as answered_count, -- Contacts answered, in the half hour of the answer
    cast(case when d.rung_count is not null then coalesce(h.rung_count, 0) end as bigint) as rung_count, -- Of these, logged as rings; null: no ring was logged that day
    cast(case when d.rung_count is not null then h.ring_no_answer_count end as bigint) as ring_no_answer_count, -- Rings that the agent did not answer, in the half hour in which they began; null: no ring was logged that day
    h.ring_us / 1e6 as ring_s, -- Time ringing [unit: s]
    h.talk_us / 1e6 as talk_s, -- Talk [unit: s]
    h.hold_us / 1e6 as hold_s, -- Time on hold, taken to follow the talk; null: no source says [unit: s]
    h.wrap_us / 1e6 as wrap_s, -- Wrap-up; null: no source says [unit: s]
    h.logged_in_us / 1e6 as logged_in_s, -- Logged in, on any queue; null: no log-in was logged [unit: s]
    h.paused_us / 1e6 as paused_s, -- Paused, on any queue [unit: s]
    cast(h.transferred_count as bigint) as transferred_count, -- Contacts that the agent transferred, in the half hour of the answer
from halves as h
inner join days as d on h.business_date = d.business_date and h.agent = d.agent
