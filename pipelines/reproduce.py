"""`callwright reproduce`: what another system would show of our calls, beside ours, and why the two differ.

Belongs here: reading sql/systems.toml and asking the published file by it. Does not belong here: anybody's rule
(sql/systems.toml), our own formulas (sql/macros/), printing (terminal.py).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import duckdb

from pipelines.errors import SettingsError
from pipelines.home import Home
from pipelines.published import open_published
from pipelines.settings_report import nearest
from pipelines.sqlgraph import SQL_FOLDER

RULES = SQL_FOLDER / "systems.toml"
COLUMNS = (
    "system", "queue", "figure", "label", "label_zh", "unit", "theirs", "our_metric", "ours", "difference", "why",
    "source",
)  # fmt: skip
SAME = "same definition"
SAME_HERE = "the same here: nothing occurred in which the definitions differ"
NOT_REPRODUCIBLE = "not reproducible: needs "
NOTHING = "no such calls in the period"
NO_METRIC = "no metric of ours"
UNEXPLAINED = "not explained"
# The instant whose local date puts a visit into a period; who still waits has come to none of the last two.
MOMENTS = {
    "entered": "entered_at",
    "event": "case when outcome <> 'open' then coalesce(answered_at, left_at, entered_at) end",
    "ended": "case when outcome <> 'open' then coalesce(left_at, answered_at, entered_at) end",
}
IS_OF = {"owner": "is_owned", "entered": "is_entered", "event": "is_event", "ended": "is_ended"}
SHARE_OR_MEAN_DIGITS = 9  # below that, two ways of adding the same seconds differ

_COUNTED = re.compile(r"\{n ([^|}]*)\|([^}]*)\}")


@dataclass(frozen=True)
class Sum:
    """One of the sums that rules are made of; see the head of sql/systems.toml."""

    means: str
    where: str = ""
    of: str = ""
    at: str = "owner"
    sql: str = ""

    def expression(self) -> str:
        """The aggregate over the CTE `visits`."""
        if self.sql:
            return self.sql
        condition = " and ".join(filter(None, (IS_OF[self.at], f"({self.where})" if self.where else "")))
        return (
            f"coalesce(sum({self.of}) filter (where {condition}), 0)"
            if self.of
            else f"count(*) filter (where {condition})"
        )


@dataclass(frozen=True)
class Reason:
    """Something in which definitions differ: how many calls (or seconds) it moved, and the sentence."""

    n: str
    say: str

    def sentence(self, n: float) -> str:
        """The sentence with its number; {n one|many} takes the word that fits."""
        size = abs(n)
        number = f"{size:,.0f}" if float(size).is_integer() else f"{size:,.3f}".rstrip("0")
        return _COUNTED.sub(lambda m: f"{number} {m[1] if size == 1 else m[2]}", self.say)


@dataclass(frozen=True)
class Figure:
    """One figure of a system: `rule` is the expression over sums, empty where it cannot be had from our data."""

    id: str
    label: Mapping[str, str]
    unit: str
    rule: str = ""
    ours: str = ""
    why: tuple[str, ...] = ()
    needs: str = ""
    needs_if: str = "true"
    source: str = ""


@dataclass(frozen=True)
class System:
    """One system: its figures, whose day a call is, and how it compares a wait with the threshold."""

    id: str
    name: str
    source: str
    owner: str
    comparator: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """All of sql/systems.toml."""

    sums: Mapping[str, Sum]
    reasons: Mapping[str, Reason]
    systems: Mapping[str, System]


@dataclass(frozen=True)
class Reproduction:
    """A system's figures of a period.

    Attributes:
        rows: One a figure, with the columns COLUMNS; shares are 0 to 1. Empty where nothing entered or left a queue.
        sums: The sums that the figures were made of.
    """

    system: System
    rows: list[tuple[Any, ...]]
    sums: dict[str, Any] = field(default_factory=dict)


@lru_cache(maxsize=1)
def load_rules() -> Rules:
    """Reads sql/systems.toml."""
    text = tomllib.loads(RULES.read_text(encoding="utf-8"))
    return Rules(
        {name: Sum(**entry) for name, entry in text["sums"].items()},
        {name: Reason(**entry) for name, entry in text["reasons"].items()},
        {name: _system(name, entry) for name, entry in text["systems"].items()},
    )


def _system(name: str, entry: dict[str, Any]) -> System:
    figures = []
    for figure in entry["figures"]:
        others = {k: v for k, v in figure.items() if k not in ("is", "why")}
        figures.append(Figure(rule=figure.get("is", ""), why=tuple(figure.get("why", ())), **others))
    rest = {k: v for k, v in entry.items() if k not in ("figures", "notes")}
    return System(id=name, figures=tuple(figures), notes=tuple(entry.get("notes", ())), **rest)


def reproduce(
    home: Home,
    system: str,
    from_date: date,
    to_date: date,
    queue: str | None = None,
    threshold_s: float | None = None,
) -> Reproduction:
    """The figures of `system` for local days, both ends included, beside ours.

    Args:
        home: Whose published file is asked.
        system: A name of sql/systems.toml.
        from_date: First local day.
        to_date: Last local day.
        queue: Only this queue; None: all.
        threshold_s: Threshold of theirs; None: each queue's own. Ours keeps its own always.

    Raises:
        SettingsError: No such system or queue, or the days are in the wrong order.
        CallwrightError: Nothing is published yet.
    """
    rules = load_rules()
    chosen = _named(system, rules)
    if to_date < from_date:
        raise SettingsError(f"--from {from_date} is after --to {to_date}", "name the earlier day first")
    asked = {"from_date": from_date, "to_date": to_date, "queue": queue}
    with open_published(home) as con:
        if queue is not None:
            _known_queue(con, queue)
        found = _ask(con, _sums_query(rules, chosen), asked | {"threshold_s": threshold_s})
        ours = _ours(con, chosen, asked)
    if not found["visit_count"]:
        return Reproduction(chosen, [])
    rows = [_row(rules, chosen, number, figure, queue, found, ours) for number, figure in enumerate(chosen.figures)]
    return Reproduction(chosen, rows, {name: found[name] for name in rules.sums})


def _named(system: str, rules: Rules) -> System:
    if system in rules.systems:
        return rules.systems[system]
    like = nearest(system, rules.systems)
    raise SettingsError(
        f"unknown system {system}; there are {', '.join(sorted(rules.systems))}",
        f"did you mean {like}?" if like else None,
    )


def _known_queue(con: duckdb.DuckDBPyConnection, queue: str) -> None:
    names = [name for (name,) in con.execute("select distinct queue from core.queue_visits order by 1").fetchall()]
    if queue not in names:
        like = nearest(queue, names)
        raise SettingsError(
            f"unknown queue {queue}; there are {', '.join(names) or 'none'}", f"did you mean {like}?" if like else None
        )


def _ask(con: duckdb.DuckDBPyConnection, query: str, asked: dict[str, Any]) -> dict[str, Any]:
    result = con.execute(query, asked)
    names = [column[0] for column in result.description or []]
    return dict(zip(names, result.fetchone() or [None] * len(names), strict=True))


def _sums_query(rules: Rules, system: System) -> str:
    """All sums, then every figure and reason of the system over them, in one row."""
    between = "coalesce(business_date({}) between $from_date and $to_date, false)"
    less = "coalesce(wait_s {} coalesce($threshold_s, sl_threshold_s), false)"
    sums = ",\n    ".join(f"{entry.expression()} as {name}" for name, entry in rules.sums.items())
    figures = [f"cast({f.rule} as double) as figure_{n}" for n, f in enumerate(system.figures) if f.rule]
    needs = [f"coalesce({f.needs_if}, false) as needs_{n}" for n, f in enumerate(system.figures) if f.rule and f.needs]
    wanted = dict.fromkeys(name for figure in system.figures for name in figure.why)
    reasons = [f"cast({rules.reasons[name].n} as double) as why_{name}" for name in wanted]
    return f"""
with visits as (
    select
        *,
        outcome not in ('full', 'join_empty', 'closed', 'diverted') as is_queued,
        outcome in ('timed_out', 'exited_by_key', 'exited_empty', 'withdrawn') as is_flowed_out,
        outcome = 'answered' and (left_at is not null or source <> 'asterisk_queue_log')
            and not coalesce(repairs like '%closed_by_restart%', false) as is_completed,
        {less.format(system.comparator)} as is_in_t,
        {less.format("<")} as is_under_t,
        {between.format(MOMENTS[system.owner])} as is_owned,
        {between.format("entered_at")} as is_entered,
        {between.format(MOMENTS["event"])} as is_event,
        {between.format(MOMENTS["ended"])} as is_ended,
    from core.queue_visits
    where $queue is null or queue = $queue
),

sums as (
    select
    count(*) filter (where is_owned or is_entered) as visit_count,
    {sums}
    from visits
)

select *, {", ".join([*figures, *needs, *reasons])}
from sums
"""


def _ours(con: duckdb.DuckDBPyConnection, system: System, asked: dict[str, Any]) -> dict[str, float | None]:
    """Our metrics by their specification in the rules, each by its own kpi macro."""
    group = "total" if asked["queue"] is None else "queue"
    found = {}
    for wanted in dict.fromkeys(figure.ours for figure in system.figures if figure.ours):
        macro, _, variant = wanted.partition(" ")
        value = variant if macro == "kpi_queue_sums" else "value"
        extra = f", variant := '{variant}'" if variant and macro != "kpi_queue_sums" else ""
        query = f"""select cast({value} as double) from {macro}($from_date, $to_date, "by" := '{group}'{extra})
            where group_value = coalesce($queue, 'total')"""
        row = con.execute(query, asked).fetchone()
        found[wanted] = row[0] if row else None
    return found


def _row(
    rules: Rules,
    system: System,
    number: int,
    figure: Figure,
    queue: str | None,
    found: dict[str, Any],
    ours: dict[str, float | None],
) -> tuple[Any, ...]:
    needs = bool(figure.needs) and (not figure.rule or found[f"needs_{number}"])
    theirs = None if needs else _figure(found.get(f"figure_{number}"), figure.unit)
    our = _figure(ours.get(figure.ours), figure.unit)
    difference = None if theirs is None or our is None else round(theirs - our, SHARE_OR_MEAN_DIGITS)
    if needs:
        why = NOT_REPRODUCIBLE + figure.needs
    elif theirs is None:
        why = NOTHING
    else:
        why = _why(rules, figure, found, difference)
    return (
        system.id, queue, figure.id, figure.label["en"], figure.label["zh"], figure.unit, theirs,
        figure.ours or None, our, difference, why, figure.source or system.source,
    )  # fmt: skip


def _figure(value: float | None, unit: str) -> float | int | None:
    if value is None or value != value or abs(value) == float("inf"):  # nothing to divide by
        return None
    return int(value) if unit == "count" else value


def _why(rules: Rules, figure: Figure, found: dict[str, Any], difference: float | None) -> str:
    said = [
        rules.reasons[name].sentence(n)
        for name in figure.why
        if (n := found[f"why_{name}"]) is not None and abs(n) > 1e-9
    ]
    if said:
        return "; ".join(said)
    if not figure.ours:
        return NO_METRIC
    if difference:
        return UNEXPLAINED
    return SAME_HERE if figure.why else SAME


def shown(rows: Sequence[tuple[Any, ...]]) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows for people: shares in percent."""
    table = []
    for row in rows:
        of = dict(zip(COLUMNS, row, strict=True))
        scale = 100 if of["unit"] == "share" else 1
        values = [None if of[name] is None else round(of[name] * scale, 2) for name in ("theirs", "ours", "difference")]
        unit = {"share": "%", "count": ""}.get(of["unit"], of["unit"])
        table.append((of["figure"], of["label"], unit, *values, of["why"]))
    return ["figure", "label", "unit", "theirs", "ours", "difference", "why"], table
