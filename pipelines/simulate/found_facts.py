"""facts.toml: what was planted, how much came of it, and where it can be seen.

Belongs here: measuring each planted fact in the truth, by the same definitions as the query that a reader types. Does
not belong here: planting (facts.py, planted.py), the truth's tables (truth.py), what the pipeline makes of the files.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.simulate.facts import PlantedFacts
from pipelines.simulate.scenario import Scenario
from pipelines.simulate.scenario_sections import Fact
from pipelines.simulate.truth import toml
from pipelines.simulate.writers.files import settle

Figures = dict[str, float]
HEAD = """\
# What was planted, to be found: when, how much (size: what was asked for; measured: what came of it), where it is seen.
# Type: callwright sql --home HOME "the query". Its columns are those of `measured`; `figures` is what was counted while
# it was planted. The pipeline never reads this file.
"""
DIGITS = 6
# Offered visits, and those answered in time, as the queues' default service level has them.
IN_TIME = """
    count(*) filter (outcome = 'answered' and wait_s <= sl_threshold_s and {which})
    / nullif(count(*) filter ((outcome = 'answered' or outcome = 'abandoned' and wait_s > 5) and {which}), 0)"""
GAVE_UP = """
    count(*) filter (outcome = 'abandoned' and {which})
    / nullif(count(*) filter (outcome not in ('full', 'join_empty', 'closed') and {which}), 0)"""


def write_facts(scenario: Scenario, planted: PlantedFacts, until: date, landing: Path, truth: Path) -> None:
    """Writes facts.toml: every fact that had begun when the simulated days ended.

    Args:
        scenario: Where the facts stand.
        planted: Their instants.
        until: The first day that was not simulated.
        landing: The finished landing files; of them only surveys, whose answers stand nowhere else.
        truth: The finished tables of the truth; the file is written beside them.
    """
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"set temp_directory = '{_quoted(truth / '.spilled')}'")  # a large year's contacts need not fit
        _open(con, scenario, landing, truth)
        parts, queues = [HEAD], scenario.queues_by_reason()
        for fact in scenario.facts:
            if fact.from_date < until:
                own_queue = queues.get((fact.site or "", fact.reason or ""))
                tables = {"measured": _measured(con, fact, planted, own_queue), "figures": _figures(con, fact)}
                parts.append(_text(fact, planted, tables))
    draft = truth / ".facts.toml.part"
    draft.write_text("\n".join(parts), encoding="utf-8")
    settle(draft, truth / "facts.toml", may_change=True)


def _open(con: duckdb.DuckDBPyConnection, scenario: Scenario, landing: Path, truth: Path) -> None:
    """Views of what is measured; where nothing was written, of nothing."""
    con.execute("create table queues (queue varchar, sl_threshold_s double)")
    con.executemany("insert into queues values (?, ?)", [(q.name, q.sl_threshold_s) for q in scenario.queues])
    tables = {
        "contacts": "contact_id varchar, source varchar, site varchar, channel varchar, direction varchar,"
        " customer bigint, reason varchar, cause varchar, arrived_at timestamptz, last_queue varchar, outcome varchar,"
        " talk_s bigint, agent varchar, is_delivered boolean",
        "visits": "site varchar, queue varchar, channel varchar, tier varchar, entered_at timestamptz,"
        " outcome varchar, wait_s bigint",
        "decisions": "contact_id varchar, arm varchar, recorded_propensity double",
        "fact_figures": "fact varchar, measure varchar, value double",
    }
    for name, columns in tables.items():
        path = truth / f"{name}.parquet"
        if path.exists():
            con.execute(f"create view {name} as from '{_quoted(path)}'")
        else:
            con.execute(f"create table {name} ({columns})")
    con.execute(
        "create table surveys (survey_id varchar, sent_at timestamptz, answered_at timestamptz, kind varchar,"
        " score double, agent varchar, comment varchar)"
    )
    files = landing / "surveys" / "*.csv"
    if any(files.parent.glob(files.name)):
        con.execute(
            "insert into surveys by name select survey_id, sent_at, answered_at, kind, score, agent, comment"
            f" from read_csv('{_quoted(files)}', all_varchar = true, nullstr = '') where answered_at is not null"
        )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _figures(con: duckdb.DuckDBPyConnection, fact: Fact) -> Figures:
    """What the customers counted while they planted it."""
    query = "select measure, value from fact_figures where fact = ? order by 1"
    return dict(con.execute(query, [fact.id]).fetchall())


def _text(fact: Fact, planted: PlantedFacts, tables: dict[str, Figures]) -> str:
    given = fact.model_dump(exclude_none=True, exclude={"more", "query"}) | fact.more
    begin, end = planted.window(fact)
    given |= {"from_at": _instant(begin), "to_at": _instant(end)}
    query = f'query = """\n{fact.query.strip()}\n"""\n' if fact.query else ""
    lines = "".join(f"{key} = {toml(value)}\n" for key, value in given.items())
    below = [
        f"[facts.{title}]\n" + "".join(f"{name} = {toml(value)}\n" for name, value in figures.items())
        for title, figures in tables.items()
        if figures
    ]
    return f"[[facts]]\n{lines}{query}" + "".join(below)


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _measured(con: duckdb.DuckDBPyConnection, fact: Fact, planted: PlantedFacts, own_queue: str | None) -> Figures:
    """What came of a fact; a figure that nothing tells of is left out.

    Args:
        con: The views of `_open`.
        fact: The fact.
        planted: Its instants.
        own_queue: Where contacts of its reason come; None where it names none.
    """
    begin, end = planted.window(fact)
    given: dict[str, Any] = {
        "begin": _instant(begin), "end": _instant(end), "zone": planted.zone_of(fact).key, "id": fact.id,
        "site": fact.site, "queue": fact.queue, "tier": fact.tier, "agent": fact.agent, "source": fact.source,
        "reason": fact.reason, "own_queue": own_queue, "from_date": fact.from_date, "to_date": fact.to_date,
    }  # fmt: skip
    query = MEASURES[fact.kind]
    used = {name: value for name, value in given.items() if f"${name}" in query}
    found = con.execute(query, used)
    names = [column[0] for column in found.description or ()]
    row = found.fetchone() or ()
    return {name: round(float(value), DIGITS) for name, value in zip(names, row, strict=True) if value is not None}


def _figure(measure: str) -> str:
    return f"max(value) filter (fact = $id and measure = '{measure}')"


# The hours of the fact, on its day and on other working days.
SITE_ABSENCE = f"""
with hours as (
    select *, entered_at >= $begin and entered_at < $end as is_hit,
        isodow(entered_at at time zone $zone) <= 5 as is_usual
    from visits join queues using (queue)
    where site = $site and channel = 'voice'
        and cast(entered_at at time zone $zone as time)
            between cast($begin at time zone $zone as time)
            and cast(($end - interval 1 second) at time zone $zone as time)
)
select {IN_TIME.format(which="is_hit")} as service_level,
    {IN_TIME.format(which="not is_hit and is_usual")} as usual_service_level
from hours
"""
TIER_ABANDONMENT = f"""
select {GAVE_UP.format(which="entered_at between $begin and $end")} as abandonment,
    {GAVE_UP.format(which="not entered_at between $begin and $end")} as usual_abandonment,
    count(*) filter (outcome = 'abandoned' and entered_at between $begin and $end) as abandoned_count
from visits where queue = $queue and tier = $tier
"""
# Half hours of the local day of the change; by how much later other sites' first answers of a day come by its clock.
DAYLIGHT_SAVING = """
with clocks as (
    select epoch(timezone($zone, cast($to_date + 1 as timestamp))) - epoch(timezone($zone, cast($to_date as timestamp)))
        as day_s
), firsts as (
    select cast(arrived_at at time zone $zone as date) as day,
        min(epoch(cast(arrived_at at time zone $zone as time))) / 3600 as clock_h
    from contacts
    where site <> $site and channel = 'voice' and direction = 'inbound' and outcome = 'answered' group by 1
)
select any_value(day_s) / 1800 as half_hour_count,
    avg(clock_h) filter (day between $to_date and $to_date + 13)
        - avg(clock_h) filter (day between $to_date - 14 and $to_date - 1) as clock_shift_h
from clocks left join firsts on true
"""
GUEST_AGENT = """
select (select count(*) from visits where agent = $agent and outcome = 'answered') as answered_count,
    (select avg(cast(score >= 4 as int)) from surveys where agent = $agent and kind = 'csat') as csat,
    (select count(*) from surveys where agent = $agent and kind = 'csat') as survey_count
"""
MISSING_CHANNEL = """
with days as (
    select cast(arrived_at at time zone $zone as date) as day, count(*) filter (is_delivered) as told_count,
        count(*) filter (not is_delivered) as untold_count
    from contacts where source = $source group by 1
)
select coalesce(sum(told_count) filter (day between $from_date and $to_date), 0) as contact_count,
    avg(told_count) filter (day not between $from_date and $to_date and isodow(day) = isodow($from_date))
        as usual_contact_count,
    sum(untold_count) as missing_count
from days
"""
REPEAT_CLUSTER = """
with followed as (
    select *, lead(arrived_at) over (partition by customer order by arrived_at, contact_id) as next_at
    from contacts where direction = 'inbound' and customer >= 0 and is_delivered
), answered as (
    select next_at - arrived_at <= interval 7 day as is_repeated, arrived_at between $begin and $end as is_hit
    from followed
    where outcome = 'answered' and last_queue = $own_queue and arrived_at < $end
)
select avg(cast(coalesce(is_repeated, false) as int)) filter (is_hit) as repeat_rate,
    avg(cast(coalesce(is_repeated, false) as int)) filter (not is_hit) as usual_repeat_rate,
    (select count(*) from surveys
        where regexp_matches(comment, '(?i)new bill|billing change|combined bill|new tariff line'))
        as topic_comment_count,
    (select count(*) from contacts where cause = 'planted' and reason = $reason) as planted_count
from answered
"""
HARMFUL_LIST = f"""
select {_figure("treatment_order_count")} / {_figure("treatment_count")} as treatment_order_rate,
    {_figure("holdout_order_count")} / {_figure("holdout_count")} as holdout_order_rate
from fact_figures
"""
MISCALIBRATED_MODEL = """
select avg(1 / recorded_propensity) filter (arrived_at between $begin and $end) as inverse_propensity,
    avg(1 / recorded_propensity) filter (not arrived_at between $begin and $end) as usual_inverse_propensity
from decisions join contacts using (contact_id) where arm = 'policy'
"""
COSTLY_MONTH = """
with talks as (
    select avg(talk_s) filter (arrived_at between $begin and $end) as talk_s,
        avg(talk_s) filter (arrived_at >= $begin - interval 1 month and arrived_at < $begin) as before_s
    from contacts where outcome = 'answered' and direction = 'inbound' and channel = 'voice'
), answers as (
    select avg(cast(score >= 4 as int)) filter (answered_at between $begin and $end) as csat,
        avg(cast(score >= 4 as int)) filter (answered_at >= $begin - interval 1 month and answered_at < $begin)
            as before
    from surveys where kind = 'csat'
)
select talk_s / before_s as talk_factor, csat, before as csat_before
from talks, answers
"""
MEASURES = {
    "site_absence": SITE_ABSENCE,
    "tier_abandonment": TIER_ABANDONMENT,
    "daylight_saving": DAYLIGHT_SAVING,
    "guest_agent": GUEST_AGENT,
    "missing_channel": MISSING_CHANNEL,
    "repeat_cluster": REPEAT_CLUSTER,
    "harmful_list": HARMFUL_LIST,
    "miscalibrated_model": MISCALIBRATED_MODEL,
    "costly_month": COSTLY_MONTH,
}
