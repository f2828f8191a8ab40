-- Agents' figures by half hour, as sums that may be added up to kpi.agent_day. Time is cut at the edges of half hours and
-- at local midnight; rings and answers count where they began. A state on several queues counts once.
-- grain: one row per half hour, local day and agent
-- owner: team:data
-- window: business_date onwards
with log_end as (
    select max(event_at) as ended_at from staging.asterisk_queue_log
),

-- As in kpi.agent_day: a state without a logged end is known to have lasted until the log ends.
stretches as (
    select
        s.agent,
        s.state,
        s.started_at,
        coalesce(s.ended_at, greatest(e.ended_at, s.started_at)) as ended_at,
    from core.agent_switches as s
    cross join log_end as e
),

ordered as (
    select
        *,
        max(ended_at) over (
            partition by agent, state order by started_at, ended_at rows between unbounded preceding and 1 preceding
        ) as covered_until_at,
    from stretches
),

islands as (
    select
        *,
        sum(case when covered_until_at is null or started_at > covered_until_at then 1 else 0 end) over (
            partition by agent, state order by started_at, ended_at rows unbounded preceding
        ) as island_number,
    from ordered
),

-- What took an agent's time, in microseconds: whole numbers add up to the same sum in any order.
parts as (
    select
        state as part,
        agent,
        cast(null as varchar) as site,
        cast(null as boolean) as is_marked,
        epoch_us(min(started_at)) as from_us,
        epoch_us(max(ended_at)) - epoch_us(min(started_at)) as part_us,
    from islands
    group by agent, state, island_number
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

quarters as (
    select
        quarter_number,
        agent,
        max(site) as site,
        sum(case when part = 'ring' and is_begin then 1 end) as rung_count,
        sum(case when part = 'ring' and is_begin and is_marked then 1 else 0 end) as ring_no_answer_count,
        sum(case when part = 'talk' and is_begin then 1 else 0 end) as answered_count,
        sum(case when part = 'talk' and is_begin and is_marked then 1 else 0 end) as transferred_count,
        sum(case when part = 'ring' then piece_us end) as ring_us,
        sum(case when part = 'talk' then piece_us end) as talk_us,
        sum(case when part = 'hold' then piece_us end) as hold_us,
        sum(case when part = 'wrap' then piece_us end) as wrap_us,
        sum(case when part = 'logged_in' then piece_us end) as logged_in_us,
        sum(case when part = 'paused' then piece_us end) as paused_us,
    from pieces
    group by quarter_number, agent
),

placed as (
    select
        *,
        timestamptz '1970-01-01 00:00:00+00' + to_seconds(quarter_number // 2 * 1800) as interval_started_at,
        cast(timezone(
            getvariable('timezone'), timestamptz '1970-01-01 00:00:00+00' + to_seconds(quarter_number * 900)
        ) as date) as business_date,
    from quarters
),

-- An agent at whom nothing rang all day has rings that no source tells of: each answer was an offer.
days as (
    select
        business_date,
        agent,
        max(site) as site,
        sum(rung_count) is not null as has_rings,
    from placed
    group by business_date, agent
)

select
    p.interval_started_at, -- Begin of the half hour
    p.business_date, -- Local date; where clocks differ from UTC by an odd number of quarters, midnight parts a half hour
    d.site, -- Site, of the whole day
    p.agent, -- Agent
    cast(sum(case when d.has_rings then coalesce(p.rung_count, 0) else p.answered_count end) as bigint) as offered_count, -- Times a contact began to ring at the agent
    cast(sum(p.answered_count) as bigint) as answered_count, -- Contacts answered, in the half hour of the answer
    cast(sum(p.ring_no_answer_count) as bigint) as ring_no_answer_count, -- Rings that the agent did not answer, in the half hour in which they began
    sum(p.ring_us) / 1e6 as ring_s, -- Time ringing [unit: s]
    sum(p.talk_us) / 1e6 as talk_s, -- Talk [unit: s]
    sum(p.hold_us) / 1e6 as hold_s, -- Time on hold, taken to follow the talk; null: no source says [unit: s]
    sum(p.wrap_us) / 1e6 as wrap_s, -- Wrap-up; null: no source says [unit: s]
    sum(p.logged_in_us) / 1e6 as logged_in_s, -- Logged in, on any queue; null: no log-in was logged [unit: s]
    sum(p.paused_us) / 1e6 as paused_s, -- Paused, on any queue [unit: s]
    cast(sum(p.transferred_count) as bigint) as transferred_count, -- Contacts that the agent transferred, in the half hour of the answer
from placed as p
inner join days as d on p.business_date = d.business_date and p.agent = d.agent
group by p.interval_started_at, p.business_date, d.site, d.has_rings, p.agent
