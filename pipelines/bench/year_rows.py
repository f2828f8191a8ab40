"""The SQL that draws a year: half hours with their contacts, the contacts of a month, the rows of each core table.

Belongs here: SQL of made-up rows, and the sizes and shares that it is written with. Does not belong here: running it,
and what the year must come to (generate_year.py).
"""

from __future__ import annotations

from datetime import date, timedelta

FIRST_DATE = date(2025, 1, 1)
DAY_COUNT = 365
SITES = ("London", "Leeds", "Glasgow", "Cardiff")
TIERS = ("A", "B", "C", "D")
AGENT_COUNT, CONTACTS_PER_AGENT = 1_000, 250  # a small year has fewer agents, that they have work
CONTACTS_PER_PERSON = 6
# A quarter of the queues is served at all sites, the others at one each.
QUEUE_COUNT, SHARED_QUEUE_COUNT = 40, 10
# Channel, its queues, seconds of threshold, mean wait and mean talk.
CHANNELS = (
    ("voice", 22, 20, 25, 240),
    ("chat", 6, 60, 40, 480),
    ("messaging", 4, 300, 180, 360),
    ("email", 4, 14_400, 7_200, 420),
    ("callback", 2, 900, 600, 300),
    ("social", 2, 3_600, 1_800, 300),
)
NIGHT_WEIGHT, EVENING_WEIGHT = 0.2, 0.6  # beside `HALF_HOUR_WEIGHTS`, which are of 8 to 20 o'clock

# What becomes of contact number i, by i % KIND_CYCLE: the last number of each kind, not included.
KIND_CYCLE = 200
KINDS = {
    "contained_in_ivr": 4,
    "abandoned_in_ivr": 8,
    "blocked": 10,
    "transferred": 26,  # two visits, both answered
    "abandoned": 42,
    "timed_out": 45,
    "exited_by_key": 47,
    "withdrawn": 48,
    "answered": KIND_CYCLE,
}


def _listed(values: tuple[str, ...]) -> str:
    return f"[{', '.join(repr(value) for value in values)}]"


def _visit(number: str, salt: int, kind: str) -> str:
    """Columns of one visit: who answered, how long everything took. Null where nothing of the kind happened."""
    is_answered = f"kind in ({kind})"
    return f"""
    case when {is_answered} then cast(floor(
        case when q{number}.site_number is null then 4 * share(number, {salt})
            else q{number}.site_number + share(number, {salt}) end * getvariable('drawn_agents') / 4
    ) as integer) end as agent_number{number},
    case when kind <> 'blocked' then round(-ln(1 - share(number, {salt + 1})) * q{number}.mean_wait_s, 3) end
        as wait{number}_s,
    case when {is_answered} and q{number}.channel = 'voice' then round(1 + 14 * share(number, {salt + 2}), 3) end
        as ring{number}_s,
    case when {is_answered} then round(5 - ln(1 - share(number, {salt + 3})) * q{number}.mean_talk_s, 3) end
        as talk{number}_s,
    case when {is_answered} and share(number, {salt + 4}) < 0.15 then round(90 * share(number, {salt + 5}), 3) end
        as hold{number}_s,
    case when {is_answered} then round(60 * share(number, {salt + 6}), 3) end as wrap{number}_s,
    q{number}.site_number as site{number}_number,
    q{number}.queue as queue{number},
    q{number}.channel as channel{number},
    q{number}.threshold_s as threshold{number}_s,
"""


# Half hours of the local clock with the numbers of their contacts; a little busier in winter, no day like another.
SLOTS = f"""
with weighted as (
    select
        cast($3 as date) + cast(d.day as integer) as local_date,
        cast($3 as date) + cast(d.day as integer) + to_minutes(30 * cast(h.half_hour as integer)) as starts_at,
        $1[h.half_hour + 1]
        * $2[isodow(cast($3 as date) + cast(d.day as integer))]
        * (1 + 0.15 * cos(2 * pi() * d.day / {DAY_COUNT}))
        * (0.85 + 0.3 * share(d.day, 60)) as weight,
    from range({DAY_COUNT}) as d (day)
    cross join range(48) as h (half_hour)
),

summed as (
    select
        *,
        sum(weight) over (order by starts_at) / sum(weight) over () as share_to,
    from weighted
),

numbered as (
    select
        local_date,
        starts_at,
        cast(round(getvariable('drawn_contacts') * share_to) as bigint) as number_to,
    from summed
)

select
    local_date,
    starts_at,
    coalesce(lag(number_to) over (order by starts_at), 0) as number_from,
    number_to,
from numbered
"""

_KIND = " ".join(f"when number % {KIND_CYCLE} < {end} then '{kind}'" for kind, end in KINDS.items())
DRAWN = f"""
with numbers as (
    select
        unnest(range(number_from, number_to)) as number,
        local_date,
        starts_at,
    from slots
    where local_date >= $1 and local_date < $2
),

kinds as (
    select
        number,
        case {_KIND} end as kind,
        local_date,
        timezone(getvariable('timezone'), starts_at + to_milliseconds(cast(share(number, 0) * 1799999 as bigint)))
            as arrived_at,
        cast(share(number, 1) * share(number, 1) * getvariable('drawn_people') as bigint) as person,
        cast(floor(share(number, 2) * share(number, 2) * {QUEUE_COUNT}) as integer) as queue1_number,
        case when number % {KIND_CYCLE} between {KINDS["blocked"]} and {KINDS["transferred"] - 1}
            then cast(floor(share(number, 3) * {QUEUE_COUNT}) as integer) end as queue2_number,
        round(40 * share(number, 4), 3) as ivr_s,
    from numbers
),

timed as (
    select
        k.* exclude (queue1_number, queue2_number),
        {_visit("1", 10, "'answered', 'transferred'")}
        {_visit("2", 20, "'transferred'")}
    from kinds as k
    left join queue_list as q1
        on k.queue1_number = q1.queue_number and k.kind not in ('contained_in_ivr', 'abandoned_in_ivr')
    left join queue_list as q2 on k.queue2_number = q2.queue_number
),

placed as (
    select
        *,
        cast(md5_number(concat_ws('|', 'year', number)) as uuid) as contact_key,
        coalesce(channel1, 'voice') as channel,
        case when coalesce(channel1, 'voice') = 'voice' then 'asterisk_queue_log' else 'acd' end as source,
        concat(epoch_us(arrived_at) // 1000000, '.', number) as source_contact_id,
        number % 10 <> 9 as has_number,
        number % 10 <> 9 and person % 4 <> 3 as is_customer,
        md5(concat('customer', person)) as person_key,
        md5(concat('number', person)) as person_token,
        arrived_at + to_milliseconds(cast(ivr_s * 1000 as bigint)) as entered1_at,
        agent_number1 * 4 // getvariable('drawn_agents') as agent_site1_number,
        agent_number2 * 4 // getvariable('drawn_agents') as agent_site2_number,
        {_listed(TIERS)}[1 + cast(floor(4 * sqrt(share(person, 50))) as integer)] as tier,
    from timed
),

ended as (
    select
        *,
        {_listed(SITES)}[
            1 + coalesce(agent_site1_number, site1_number, cast(floor(4 * share(number, 5)) as integer))
        ] as site1,
        {_listed(SITES)}[1 + coalesce(agent_site2_number, site2_number)] as site2,
        concat('Agent ', lpad(cast(agent_number1 + 1 as varchar), 4, '0')) as name1,
        concat('Agent ', lpad(cast(agent_number2 + 1 as varchar), 4, '0')) as name2,
        entered1_at + to_milliseconds(cast(1000 * coalesce(wait1_s, 0) as bigint)) as waited1_at,
        entered1_at + to_milliseconds(cast(
            1000 * (coalesce(wait1_s, 0) + coalesce(talk1_s, 0) + coalesce(hold1_s, 0)) as bigint
        )) as left1_at,
    from placed
)

select
    *,
    left1_at + to_milliseconds(cast(1000 * wait2_s as bigint)) as waited2_at,
    left1_at + to_milliseconds(cast(1000 * (wait2_s + talk2_s + coalesce(hold2_s, 0)) as bigint)) as left2_at,
from ended
"""


def _visits(number: str, entered_at: str, kinds: str) -> str:
    """Rows of core.queue_visits that are the first or second visit of their contacts."""
    is_answered = f"agent_number{number} is not null"
    return f"""
select
    cast(md5_number(concat_ws('|', 'year', number, {number})) as uuid) as visit_key,
    contact_key,
    source,
    source_contact_id as source_call_id,
    site{number} as site,
    queue{number} as queue,
    channel{number} as channel,
    'inbound' as direction,
    {number} as visit_seq,
    {entered_at} as entered_at,
    case when {is_answered} then waited{number}_at end as answered_at,
    left{number}_at as left_at,
    time_bucket(to_minutes(30), {entered_at}) as interval_started_at,
    cast(timezone(getvariable('timezone'), {entered_at}) as date) as business_date,
    wait{number}_s as wait_s,
    ring{number}_s as ring_s,
    talk{number}_s as talk_s,
    hold{number}_s as hold_s,
    wrap{number}_s as wrap_s,
    case when {is_answered} then 'logged' end as talk_source,
    case kind when 'transferred' then 'answered' when 'blocked' then 'full' else kind end as outcome,
    case when {is_answered} then name{number} end as agent,
    case when kind = 'abandoned' then 'caller' when not {is_answered} then 'system'
        when share(number, 30) < 0.5 then 'agent' else 'caller' end as ended_by,
    case when kind = 'transferred' and {number} = 1 then 'attended' end as transfer_type,
    case when kind = 'transferred' and {number} = 1 then queue2 end as transferred_to,
    1 + cast(floor(6 * share(number, 31)) as bigint) as position_in,
    case when not {is_answered} then 1 + cast(floor(3 * share(number, 32)) as bigint) end as position_out,
    cast(10 * share(number, 33) as bigint) as priority,
    case when is_customer then tier end as tier,
    case when {is_answered} or kind = 'abandoned' then wait{number}_s <= threshold{number}_s end as is_within_sl,
    coalesce(kind = 'abandoned' and wait{number}_s <= 5, false) as is_short_abandon,
    threshold{number}_s as sl_threshold_s,
    'sl_short_abandons_excluded' as service_level_variant,
    cast(null as varchar) as repairs,
from drawn
where {kinds}
"""


_CONTACTS = """
select
    contact_key,
    source,
    source_contact_id,
    case when channel = 'voice' then source_contact_id end as linked_id,
    site1 as site,
    channel,
    'inbound' as direction,
    case when is_customer then person_key end as customer_key,
    case when has_number then person_token end as caller_token,
    case when is_customer then 'number' end as identified_by,
    concat('8', 100 + number % 40) as dialled_number,
    arrived_at,
    coalesce(left2_at, left1_at) as ended_at,
    cast(timezone(getvariable('timezone'), arrived_at) as date) as business_date,
    hour(timezone(getvariable('timezone'), arrived_at)) between 8 and 19 and isodow(local_date) < 7
        as is_in_business_hours,
    queue1 as first_queue,
    coalesce(queue2, queue1) as last_queue,
    case when queue1 is null then 0 when queue2 is null then 1 else 2 end as queue_visit_count,
    wait1_s + coalesce(wait2_s, 0) as queue_wait_s,
    case when wait1_s is not null then (epoch_us(coalesce(waited2_at, waited1_at)) - epoch_us(entered1_at)) / 1e6 end
        as elapsed_wait_s,
    ivr_s,
    case when coalesce(ring1_s, ring2_s) is not null then coalesce(ring1_s, 0) + coalesce(ring2_s, 0) end as ring_s,
    talk1_s + coalesce(talk2_s, 0) as talk_s,
    case when coalesce(hold1_s, hold2_s) is not null then coalesce(hold1_s, 0) + coalesce(hold2_s, 0) end as hold_s,
    wrap1_s + coalesce(wrap2_s, 0) as wrap_s,
    list_sum([talk1_s, talk2_s, hold1_s, hold2_s, wrap1_s, wrap2_s, 0]) as handle_s,
    case kind when 'transferred' then 'answered' else kind end as outcome,
    kind in ('answered', 'transferred') as is_answered,
    kind = 'abandoned' and wait1_s <= 5 as is_short_abandon,
    case when kind = 'transferred' then 1 else 0 end as transfer_count,
    case when agent_number1 is not null then name1 end as first_agent,
    case when agent_number2 is not null then name2 when agent_number1 is not null then name1 end as last_agent,
    -- Within the month: it is drawn at a time.
    case when has_number then
        lag(contact_key) over (partition by has_number, person order by arrived_at, number)
    end as repeat_of,
    case when is_customer then tier end as value_tier_at_arrival,
    cast(null as varchar) as repairs,
from drawn
"""

_RINGS = """
with rings as (
    select
        unnest(case when number % 10 = 0 then ['no_answer', 'answered'] else ['answered'] end) as outcome,
        drawn.*,
    from drawn
    where ring1_s is not null
)

select
    cast(md5_number(concat_ws('|', 'year', number, 1)) as uuid) as visit_key,
    contact_key,
    queue1 as queue,
    case when outcome = 'answered' then name1 else concat('Agent ', lpad(cast(
        1 + cast(floor(share(number, 34) * getvariable('drawn_agents')) as bigint) as varchar
    ), 4, '0')) end as agent,
    waited1_at - to_seconds(case when outcome = 'answered' then ring1_s else ring1_s + 15 end) as started_at,
    waited1_at - to_seconds(case when outcome = 'answered' then 0 else ring1_s end) as ended_at,
    case when outcome = 'answered' then ring1_s else 15 end as ring_s,
    outcome,
from rings
union all by name
select
    cast(md5_number(concat_ws('|', 'year', number, 2)) as uuid) as visit_key,
    contact_key,
    queue2 as queue,
    name2 as agent,
    waited2_at - to_seconds(ring2_s) as started_at,
    waited2_at as ended_at,
    ring2_s as ring_s,
    'answered' as outcome,
from drawn
where ring2_s is not null
"""

_SURVEYS = """
with asked as (
    select
        *,
        case when number % 20 = 1 then 'csat' else 'nps' end as kind_asked,
        number % 3 = 0 as has_answered,
    from drawn
    where agent_number1 is not null and (number % 20 = 1 or number % 40 = 2)
),

scored as (
    select
        *,
        case
            when not has_answered then null
            when kind_asked = 'csat' then 1 + floor(5 * sqrt(share(number, 35)))
            else floor(11 * sqrt(share(number, 35)))
        end as score,
    from asked
)

select
    cast(md5_number(concat_ws('|', 'survey', number)) as uuid) as survey_key,
    contact_key,
    case when is_customer then person_key end as customer_key,
    site1 as site,
    coalesce(queue2, queue1) as queue,
    channel,
    coalesce(case when agent_number2 is not null then name2 end, name1) as agent,
    coalesce(left2_at, left1_at) as sent_at,
    case when has_answered then coalesce(left2_at, left1_at) + to_minutes(7) end as answered_at,
    cast(timezone(getvariable('timezone'), arrived_at) as date) as business_date,
    kind_asked as kind,
    score,
    case when kind_asked = 'csat' then 1 else 0 end as scale_min,
    case when kind_asked = 'csat' then 5 else 10 end as scale_max,
    case when kind_asked = 'csat' then score >= 4 end as is_top_two,
    case when kind_asked = 'csat' then score <= 2 end as is_bottom_two,
    case when kind_asked = 'nps' then score >= 9 end as is_promoter,
    case when kind_asked = 'nps' then score <= 6 end as is_detractor,
    cast(null as varchar) as comment,
    'en' as language,
from scored
"""

_ORDERS = """
select
    cast(md5_number(concat_ws('|', 'order', number)) as uuid) as order_key,
    concat('O', number) as order_id,
    person_key as customer_key,
    arrived_at + to_minutes(cast(14400 * share(number, 36) as integer)) as ordered_at,
    cast(timezone(
        getvariable('timezone'), arrived_at + to_minutes(cast(14400 * share(number, 36) as integer))
    ) as date) as business_date,
    round(5 - ln(1 - share(number, 37)) * 60, 2) as amount,
    getvariable('currency') as currency,
    case when number % 3 = 0 then round((5 - ln(1 - share(number, 37)) * 60) * 0.25, 2) end as margin_amount,
    case when number % 7 = 0 then 'phone' else 'web' end as channel,
    case when number % 5 = 0 then contact_key end as contact_key,
    cast(null as varchar) as campaign_id,
    case when share(number, 38) < 0.93 then 'paid' else 'returned' end as status,
from drawn
where is_customer and (number % 20 = 3 or number % 40 = 5)
"""

_CASES = """
select
    cast(md5_number(concat_ws('|', 'case', number)) as uuid) as case_key,
    concat('C', number) as case_id,
    person_key as customer_key,
    contact_key,
    arrived_at as opened_at,
    cast(timezone(getvariable('timezone'), arrived_at) as date) as business_date,
    arrived_at + to_hours(1 + number % 100) as closed_at,
    3600.0 * (1 + number % 100) as open_s,
    'solved' as status,
    true as is_solved,
    concat('reason ', number % 12) as reason,
from drawn
where is_customer and number % 50 = 7
"""

_ATTEMPTS = """
select
    cast(md5_number(concat_ws('|', 'attempt', number)) as uuid) as attempt_key,
    'campaign_attempts' as source,
    concat('A', number) as attempt_id,
    concat('campaign ', month(local_date)) as campaign_id,
    person_key as customer_key,
    person_token as caller_token,
    arrived_at as dialled_at,
    cast(timezone(getvariable('timezone'), arrived_at) as date) as business_date,
    case when number % 3 = 0 then 'control' else 'call' end as arm,
    number % 4 <> 0 as is_connected,
    number % 4 = 1 as is_right_party,
    case number % 4 when 0 then 'no_answer' when 1 then 'sold' else 'refused' end as outcome,
    name1 as agent,
    case when number % 4 = 1 then 20.0 end as amount,
    getvariable('currency') as currency,
    0.5 as propensity,
from drawn
where is_customer and number % 20 = 11
"""

_ACTION_OUTCOMES = """
select
    cast(md5_number(concat_ws('|', 'action', number)) as uuid) as action_outcome_key,
    'action_outcomes' as source,
    contact_key,
    person_key as customer_key,
    'retention_offer' as action,
    arrived_at as shown_at,
    cast(timezone(getvariable('timezone'), arrived_at) as date) as business_date,
    0.5 as propensity,
    'treated' as arm,
    number % 3 = 0 as is_accepted,
    case when number % 3 = 0 then 15.0 end as revenue_amount,
    getvariable('currency') as currency,
    'year' as version,
from drawn
where is_customer and number % 100 = 13
"""

BY_MONTH = {
    "core.queue_visits": (
        f"{_visits('1', 'entered1_at', 'queue1 is not null')} union all by name"
        f" {_visits('2', 'left1_at', 'queue2 is not null')}"
    ),
    "core.contacts": _CONTACTS,
    "core.ring_attempts": _RINGS,
    "core.surveys": _SURVEYS,
    "core.orders": _ORDERS,
    "core.cases": _CASES,
    "core.campaign_attempts": _ATTEMPTS,
    "core.action_outcomes": _ACTION_OUTCOMES,
}

# --- what does not follow from contacts ------------------------------------------------------------------------------

_AGENTS = f"""
select
    concat('Agent ', lpad(cast(number + 1 as varchar), 4, '0')) as agent,
    concat('a', number + 1) as agent_id,
    {_listed(SITES)}[1 + number * 4 // getvariable('drawn_agents')] as site,
    concat('team ', number % 25) as team,
    cast(null as varchar) as skills,
    20.0 + number % 10 as hourly_cost_amount,
    getvariable('currency') as currency,
    false as has_conflict,
    number,
from range(getvariable('drawn_agents')) as agents (number)
"""

# Five days of seven, eight hours from 8, 10 or 12 o'clock, with a pause of half an hour in the middle.
_SHIFTS = f"""
select
    a.agent,
    a.agent_id,
    cast(date '{FIRST_DATE}' + cast(d.day as integer) as date) as business_date,
    timezone(
        getvariable('timezone'),
        date '{FIRST_DATE}' + cast(d.day as integer) + to_hours(cast(8 + 2 * (a.number % 3) as integer))
    ) as begins_at,
from ({_AGENTS}) as a
cross join range({DAY_COUNT}) as d (day)
where (a.number + d.day) % 7 < 5
"""

_SWITCHES = f"""
select
    agent,
    cast(null as varchar) as queue,
    unnest(['logged_in', 'paused']) as state,
    unnest([null, 'lunch']) as reason,
    unnest([begins_at, begins_at + to_hours(4)]) as started_at,
    unnest([begins_at + to_hours(8), begins_at + to_minutes(270)]) as ended_at,
    false as is_open,
from ({_SHIFTS}) as shifts
"""

_SCHEDULES = f"""
select
    agent,
    agent_id,
    'work' as activity,
    begins_at as started_at,
    begins_at + to_hours(8) as ended_at,
    business_date,
    28800.0 as planned_s,
from ({_SHIFTS}) as shifts
"""

_CUSTOMERS = f"""
select
    md5(concat('customer', person)) as customer_key,
    timestamptz '1900-01-01 00:00:00+00' as valid_from,
    cast(null as timestamptz) as valid_to,
    ['consumer', 'small_business'][1 + person % 2] as segment,
    concat('region ', person % 12) as region,
    'en' as language,
    timestamptz '{FIRST_DATE} 00:00:00+00' - to_days(cast(person % 3000 as integer)) as joined_at,
    cast(null as timestamptz) as left_at,
    cast(null as timestamptz) as contract_end_at,
    1940 + person % 65 as birth_year,
    person % 9 = 0 as marketing_opt_out,
    person % 50 = 0 as profiling_objection,
from range(getvariable('drawn_people') + 1) as people (person)
where person % 4 <> 3
"""

_SCORES = f"""
select
    md5(concat('customer', person)) as customer_key,
    {_listed(TIERS)}[1 + cast(floor(4 * sqrt(share(person, 50))) as integer)] as tier,
    20 * cast(floor(4 * (1 - sqrt(share(person, 50)))) as bigint) as priority,
    20.0 as head_start_s,
    cast(null as varchar) as queue,
    'none' as action,
    1.0 as propensity,
    case when person % 20 = 0 then 'holdout' else 'policy' end as arm,
    share(person, 51) as churn_probability,
    round(300 * share(person, 52), 2) as expected_value_amount,
    getvariable('currency') as currency,
    ['purchase_rhythm_up', 'tenure_down'] as reasons,
    'model' as source,
    'churn:year value:year action:year' as model_version,
    'year' as version,
    timestamptz '{FIRST_DATE + timedelta(days=DAY_COUNT)} 00:00:00+00' as scored_at,
    timestamptz '{FIRST_DATE + timedelta(days=DAY_COUNT + 2)} 00:00:00+00' as expires_at,
from range(getvariable('drawn_people') + 1) as people (person)
where person % 4 <> 3
"""

ONCE = {
    "core.agents": f"select * exclude (number) from ({_AGENTS}) as agents",
    "core.agent_switches": _SWITCHES,
    "core.schedules": _SCHEDULES,
    "core.customers": _CUSTOMERS,
    "ml.customer_scores": _SCORES,
}
