"""Random logs through the whole pipeline, and every row of what comes out against the slow oracle."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import duckdb
from hypothesis import Phase, example, given, settings
from logs import World, worlds
from oracle import Contact, Target, Told, Visit, half_hour, tell
from sums import (
    ABANDONMENTS,
    SERVICE_LEVELS,
    TIMES,
    agent_days,
    grouped,
    queue_days,
    queue_intervals,
    sums_of,
    value_of,
)

from pipelines.sqlgraph import load_macros, load_models

# No shrinking: a failing example takes seconds, and is told by the lines of the calls that differ.
QUICK = settings(derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate])
AGENT_SUMS = (
    "offered_count", "answered_count", "ring_no_answer_count", "transferred_count", "talk_s", "logged_in_s", "paused_s",
)  # fmt: skip
INSTANTS = {"entered_at", "answered_at", "left_at", "arrived_at", "ended_at"}

Table = dict[Any, tuple[Any, ...]]


def same(found: Any, told: Any) -> bool:
    """Equal, seconds to the microsecond."""
    if isinstance(found, float) and isinstance(told, int | float):
        return abs(found - told) < 1e-6 or found == told
    return bool(told == found)  # in this order: what no document states is equal to everything


def differences(found: Table, told: Table) -> dict[Any, Any]:
    """What each side has of the rows that differ, a few of them."""
    keys = [
        key
        for key in [*told, *(key for key in found if key not in told)]
        if key not in found or key not in told or not all(map(same, found[key], told[key]))
    ]
    return {key: ("found", found.get(key), "told", told.get(key)) for key in keys[:3]}


def names_of(record: type) -> list[str]:
    return [field.name for field in fields(record)]


def selected(names: list[str]) -> str:
    return ", ".join(f"epoch({name})::double" if name in INSTANTS else name for name in names)


def by_key(rows: list[tuple[Any, ...]], size: int) -> Table:
    """Rows by their first columns, which no two rows may share."""
    table: Table = {}
    for row in rows:
        assert row[:size] not in table, row
        table[row[:size]] = row[size:]
    return table


def visits_found(centre: Any) -> Table:
    names = names_of(Visit)
    query = f"select source_call_id, visit_seq, {selected(names)} from core.queue_visits"
    return by_key(centre.rows(query), 2)


def visits_told(told: Told) -> Table:
    return {(v.source_call_id, v.visit_seq): tuple(getattr(v, name) for name in names_of(Visit)) for v in told.visits}


def contacts_found(centre: Any) -> Table:
    names = ", ".join(f"c.{name}" for name in names_of(Contact) if name != "repeat_of")
    for instant in INSTANTS:
        names = names.replace(f"c.{instant}", f"epoch(c.{instant})::double")
    query = (
        f"select {names}, r.source_contact_id from core.contacts as c"
        " left join core.contacts as r on c.repeat_of = r.contact_key"
    )
    return by_key(centre.rows(query), 1)


def contacts_told(told: Told) -> Table:
    rows = [tuple(getattr(contact, name) for name in names_of(Contact)) for contact in told.contacts]
    return {row[:1]: row[1:] for row in rows}


def sums_found(centre: Any, table: str, keys: str, names: list[str]) -> Table:
    return by_key(centre.rows(f"select {keys}, {', '.join(names)} from {table}"), keys.count(",") + 1)


def sums_told(rows: Mapping[Any, Mapping[str, Any]], names: list[str]) -> Table:
    return {key: tuple(row[name] for name in names) for key, row in rows.items()}


# Of models, which no oracle tells of.
RETAINED = (
    "business_date date, site varchar, queue varchar, channel varchar, tier varchar, currency varchar,"
    " offered_action_count bigint, modelled_action_count bigint, retained_value_amount double, assumption_set varchar"
)


@contextmanager
def analyst(centre: Any) -> Iterator[duckdb.DuckDBPyConnection]:
    """The kpi tables with the analysts' macros, which a home has only once it is published."""
    with duckdb.connect() as con:
        con.execute(f"attach '{centre.home.warehouse}' as warehouse (read_only)")
        con.execute("create schema kpi")
        con.execute("create schema ml")
        con.execute("create schema core")
        con.execute("create view core.surveys as from warehouse.core.surveys")
        con.execute(f"create table ml.retained_day ({RETAINED})")
        for table in load_models():
            if table.startswith("kpi."):
                con.execute(f"create view {table} as from warehouse.{table}")
        for macro in load_macros():
            con.execute(macro)
        yield con


def ratios_found(con: duckdb.DuckDBPyConnection, macro: str, by: str, variant: str | None) -> Table:
    chosen = f", variant := '{variant}'" if variant else ""
    query = (
        "select group_value, numerator, denominator, value from"
        f" {macro}(date '2000-01-01', date '2100-01-01', \"by\" := '{by}'{chosen})"
    )
    return by_key(con.execute(query).fetchall(), 1)


def macros() -> list[tuple[str, str | None, Callable[..., Any]]]:
    found: list[tuple[str, str | None, Callable[..., Any]]] = []
    found += [("kpi_service_level", variant, formula) for variant, formula in SERVICE_LEVELS.items()]
    found += [("kpi_abandonment", variant, formula) for variant, formula in ABANDONMENTS.items()]
    return found + [(macro, None, formula) for macro, formula in TIMES.items()]


GROUPS: dict[str, Callable[[Visit], str | None]] = {
    "total": lambda visit: "total",
    "queue": lambda visit: visit.queue,
    "site": lambda visit: visit.site,
    "business_date": lambda visit: f"{visit.business_date}",
    "interval": lambda visit: f"{half_hour(visit.entered_at):%Y-%m-%dT%H:%M:%SZ}",
}


def ratio_differences(centre: Any, visits: list[Visit]) -> dict[str, Any]:
    wrong = {}
    with analyst(centre) as con:
        for by, key in GROUPS.items():
            groups = grouped(visits, key)
            for macro, variant, formula in macros():
                told = {(name,): (*formula(sums), value_of(formula(sums))) for name, sums in groups.items()}
                wrong[f"{variant or macro} by {by}"] = differences(ratios_found(con, macro, by, variant), told)
    return {name: rows for name, rows in wrong.items() if rows}


def lines_of(world: World, wrong: Mapping[Any, Any]) -> list[str]:
    """The lines of the calls that differ."""
    callids = {key[0] for key in wrong}
    return sorted({line for line in world.lines if "|" in line and line.split("|")[1] in callids})


def judgement(centre: Any, world: World) -> dict[str, Any]:
    """Of each table the rows in which the pipeline and the oracle differ."""
    told, rules = tell(world.lines, world.rules), world.rules
    names = list(sums_of([]))
    wrong: dict[str, Any] = {
        "core.queue_visits": differences(visits_found(centre), visits_told(told)),
        "core.contacts": differences(contacts_found(centre), contacts_told(told)),
        "kpi.queue_interval": differences(
            sums_found(centre, "kpi.queue_interval", "interval_started_at, business_date, site, queue", names),
            sums_told(queue_intervals(told.visits, rules), names),
        ),
        "kpi.queue_day": differences(
            sums_found(centre, "kpi.queue_day", "business_date, site, queue", names),
            sums_told(queue_days(told.visits), names),
        ),
        "kpi.agent_day": differences(
            sums_found(centre, "kpi.agent_day", "business_date, agent", list(AGENT_SUMS)),
            sums_told(agent_days(told, rules), list(AGENT_SUMS)),
        ),
        **ratio_differences(centre, told.visits),
    }
    for table in ("core.queue_visits", "core.contacts"):
        if wrong[table]:
            wrong[table]["lines"] = lines_of(world, wrong[table])
    return {table: rows for table, rows in wrong.items() if rows}


@settings(QUICK, max_examples=4)
@given(worlds())
@example(World(seed=1, targets=(Target(sl_comparator="<"), Target("vip", None, 10.0, "<=", 12.0))))
@example(World(seed=2, crowd_share=0.9, edge_share=0.0))
def test_pipeline_and_oracle_tell_the_same_of_any_log(built: Callable[[World], Any], world: World) -> None:
    assert judgement(built(world), world) == {}


def test_logs_hold_all_that_they_are_meant_to_hold() -> None:
    world = World(call_count=1500, restart_count=3)
    told = tell(world.lines, world.rules)
    counts = Counter(visit.outcome for visit in told.visits)
    assert min(counts.values()) >= 20, counts
    assert set(counts) == {
        "answered", "abandoned", "timed_out", "exited_by_key", "exited_empty", "withdrawn", "open",
        "full", "join_empty", "closed", "diverted",
    }  # fmt: skip
    queues: dict[str, set[str]] = defaultdict(set)
    for visit in told.visits:
        queues[visit.source_call_id].add(visit.queue)
    assert sum(len(own) > 1 for own in queues.values()) > 80
    assert sum(v.answered_at is not None and v.left_at is None for v in told.visits) >= 1  # talks on
    assert len({v.business_date for v in told.visits}) >= 6
    assert sum("|UNPAUSE|" in line for line in world.lines) < sum("|PAUSE|" in line for line in world.lines)
