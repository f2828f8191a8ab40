"""The treasure hunt of the demo: riddles about the facts planted in its year, and their answers.

Belongs here: which riddles can be asked of a home, what the published file answers, what truth/ says of the same. Does
not belong here: the riddles (hunt.toml), how a terminal shows them (demo_text.py). No run ever comes here.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from math import isclose
from pathlib import Path
from typing import Any, Literal

import duckdb

from pipelines.errors import CallwrightError
from pipelines.home import Home
from pipelines.published import open_published
from pipelines.simulate.run import TRUTH

CLUES = Path(__file__).with_name("hunt.toml")
# What a fact may have, and its type; one that has not has null.
_FACT = {
    "id": "varchar", "from_date": "date", "to_date": "date", "from_at": "timestamptz", "to_at": "timestamptz",
    "site": "varchar", "queue": "varchar", "tier": "varchar", "reason": "varchar", "agent": "varchar",
    "source": "varchar", "campaign": "varchar", "size": "double",
}  # fmt: skip
# What people.py counts while it plants; not there while nothing of that was planted.
_FIGURES = "create table fact_figures (fact varchar, measure varchar, value double)"


@dataclass(frozen=True)
class Clue:
    """A riddle; hunt.toml says what each part is."""

    facts: tuple[str, ...]
    title: str
    reader: Literal["executive", "analyst"]
    question: str
    sql: str
    truth: str
    moral: str
    page: str | None = None
    explain: str | None = None
    hint: str | None = None
    alert: str | None = None


@dataclass(frozen=True)
class Line:
    """One thing that was asked for.

    Attributes:
        name: Column of the clue's queries.
        truth: What happened; None: truth/ does not say.
        published: What the published file says; None: nothing of that name.
        agrees: Whether they are the same; None: only one of them says it.
    """

    name: str
    truth: Any
    published: Any
    agrees: bool | None


@dataclass(frozen=True)
class Answer:
    """A planted fact, beside what the published file says by itself.

    Attributes:
        clue: Its riddle.
        fact: Its id.
        what: What was planted.
        lines: What was asked for.
        alerts: The alerts that tell of it: those of the clue's condition that meet its days, each with the day that
            raised it.
    """

    clue: Clue
    fact: str
    what: str
    lines: tuple[Line, ...]
    alerts: tuple[tuple[date, str], ...] = ()

    @property
    def is_found(self) -> bool:
        """Whether the pipeline's figures lead to it: whatever both say is the same."""
        compared = [line.agrees for line in self.lines if line.agrees is not None]
        return bool(compared) and all(compared)


def load_clues() -> tuple[Clue, ...]:
    """All riddles, in the order in which their facts happen."""
    given = tomllib.loads(CLUES.read_text(encoding="utf-8"))["clues"]
    return tuple(
        Clue(**clue | {"facts": tuple(clue["facts"]), "sql": clue["sql"].strip(), "truth": clue["truth"].strip()})
        for clue in given
    )


def clues_of(home: Home) -> list[Clue]:
    """The riddles that a home can answer: those of planted facts that were over when its days were."""
    there = {fact["id"] for fact in _facts(home)}
    return [clue for clue in load_clues() if there & set(clue.facts)]


def answers(home: Home) -> list[Answer]:
    """Truth and published file, side by side.

    Raises:
        CallwrightError: The home was not simulated, or nothing is published.
    """
    facts = {fact["id"]: fact for fact in _facts(home)}
    found = []
    with open_published(home) as con, _open_truth(home, con) as truth:
        for clue in clues_of(home):
            asked = sorted((facts[name] for name in clue.facts if name in facts), key=lambda fact: fact["from_date"])
            rows = _rows(con, clue.sql)
            for position, fact in enumerate(asked):
                published = rows[position] if position < len(rows) else {}
                happened = _of_fact(truth, fact, clue.truth)
                told = _alerts(con, clue, fact)
                found.append(Answer(clue, fact["id"], fact["what"], _lines(happened, published), told))
    return found


def _facts(home: Home) -> list[dict[str, Any]]:
    """Planted facts that are over.

    Raises:
        CallwrightError: The home has none: it was not simulated.
    """
    folder = home.path / TRUTH
    try:
        facts = tomllib.loads((folder / "facts.toml").read_text(encoding="utf-8")).get("facts", [])
    except FileNotFoundError as error:
        raise CallwrightError(
            f"{home.path} has no {TRUTH}/facts.toml: it was not simulated, so nothing is planted in it",
            "type: callwright demo",
        ) from error
    with duckdb.connect() as con:
        last = con.read_parquet(str(folder / "contacts.parquet")).max("arrived_at").fetchall()[0][0]
    return [fact for fact in facts if last is not None and fact["to_at"] <= last]


def _open_truth(home: Home, published: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """truth/ as tables, in the centre's time zone."""
    con = duckdb.connect()
    for (zone,) in published.execute("select timezone from meta.centre").fetchall():
        con.execute(f"set TimeZone = '{zone}'")
    for table in ("contacts", "visits"):
        con.read_parquet(str(home.path / TRUTH / f"{table}.parquet")).create_view(table)
    con.execute(_FIGURES)
    if (figures := home.path / TRUTH / "fact_figures.parquet").exists():
        con.execute("insert into fact_figures from read_parquet(?)", [str(figures)])
    con.execute(f"create table fact ({', '.join(f'{name} {kind}' for name, kind in _FACT.items())})")
    con.execute(
        "create macro figure(name) as"
        " (select value from fact_figures where fact = (select id from fact) and measure = name)"
    )
    return con


def _alerts(con: duckdb.DuckDBPyConnection, clue: Clue, fact: dict[str, Any]) -> tuple[tuple[date, str], ...]:
    if clue.alert is None:
        return ()
    found = con.execute(
        "select raised_date, text_en from meta.alerts"
        f" where ({clue.alert}) and from_date <= ? and to_date >= ? order by 1",
        [fact["to_date"], fact["from_date"]],
    )
    return tuple(found.fetchall())


def _of_fact(con: duckdb.DuckDBPyConnection, fact: dict[str, Any], query: str) -> dict[str, Any]:
    con.execute("delete from fact")
    con.execute(f"insert into fact values ({', '.join('?' * len(_FACT))})", [fact.get(name) for name in _FACT])
    return next(iter(_rows(con, query)), {})


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = con.execute(query)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _lines(truth: dict[str, Any], published: dict[str, Any]) -> tuple[Line, ...]:
    return tuple(
        Line(
            name,
            truth.get(name),
            published.get(name),
            _same(truth[name], published.get(name)) if name in truth and (name in published or not published) else None,
        )
        for name in dict.fromkeys((*truth, *published))
    )


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return isclose(one, other, rel_tol=1e-6)
    return bool(one == other)
