"""A year of a large contact centre, drawn by SQL straight into the warehouse's core tables.

Belongs here: filling the tables, and `YearTruth`, the counts that KPIs must find in them. Does not belong here: the SQL
of the rows (year_rows.py), files that a source could have written (generate.py), a centre that behaves
(`pipelines/simulate/`), the KPI tables (sql/kpi).

Every figure is a hash of the contact's number, so equal counts give equal rows whatever the number of threads. What
becomes of a contact is told by its number alone (`KINDS`), so that the truth is arithmetic and not another query. A
month is drawn at a time, so memory does not grow with the year.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import duckdb

from pipelines.bench.generate import HALF_HOUR_WEIGHTS, WEEKDAY_WEIGHTS
from pipelines.bench.year_rows import (
    AGENT_COUNT,
    BY_MONTH,
    CHANNELS,
    CONTACTS_PER_AGENT,
    CONTACTS_PER_PERSON,
    DAY_COUNT,
    DRAWN,
    EVENING_WEIGHT,
    FIRST_DATE,
    KIND_CYCLE,
    KINDS,
    NIGHT_WEIGHT,
    ONCE,
    QUEUE_COUNT,
    SHARED_QUEUE_COUNT,
    SITES,
    SLOTS,
)
from pipelines.errors import CallwrightError


@dataclass(frozen=True)
class YearTruth:
    """What the generated year holds.

    Attributes:
        contact_count: Contacts.
        visit_count: Rows of core.queue_visits, refusals included.
        offered_count, answered_count, abandoned_count, blocked_count, transferred_count: Of these, by how they ended.
    """

    contact_count: int
    visit_count: int
    offered_count: int
    answered_count: int
    abandoned_count: int
    blocked_count: int
    transferred_count: int


def year_truth(contact_count: int) -> YearTruth:
    """The counts of a year of so many contacts."""
    counts, begin = {}, 0
    for kind, end in KINDS.items():
        whole, rest = divmod(contact_count, KIND_CYCLE)
        counts[kind] = whole * (end - begin) + min(max(rest - begin, 0), end - begin)
        begin = end
    visit_count = contact_count + counts["transferred"] - counts["contained_in_ivr"] - counts["abandoned_in_ivr"]
    return YearTruth(
        contact_count=contact_count,
        visit_count=visit_count,
        offered_count=visit_count - counts["blocked"],
        answered_count=counts["answered"] + 2 * counts["transferred"],
        abandoned_count=counts["abandoned"],
        blocked_count=counts["blocked"],
        transferred_count=counts["transferred"],
    )


def settings_text() -> str:
    """What callwright.toml says of this centre besides its defaults: sites, queues, targets by channel."""
    sites = [f'[[sites]]\nname = "{site}"' for site in SITES]
    queues = [f'[[queues]]\nname = "{queue}"\nchannel = "{channel}"' for queue, channel in _queues()]
    targets = [
        f'[[targets]]\nchannel = "{channel}"\nsl_threshold_s = {threshold_s}'
        for channel, _, threshold_s, _, _ in CHANNELS
    ]
    return "\n\n".join(["", *sites, *queues, *targets]) + "\n"


def draw_year(
    con: duckdb.DuckDBPyConnection, contact_count: int, seed: int, progress: Callable[[str], None] = lambda _: None
) -> tuple[str, ...]:
    """Fills the core tables of a warehouse that has them empty.

    Args:
        con: The warehouse, its variables set.
        contact_count: Contacts of the year.
        seed: Another one gives another year; below a million.
        progress: Told which month is under way.

    Returns:
        The tables that were filled.

    Raises:
        CallwrightError: A table has a column that is not drawn, or lacks one that is.
    """
    _prepare(con, contact_count, seed)
    for table, query in ONCE.items():
        _insert(con, table, query)
    first = FIRST_DATE
    while first < FIRST_DATE + timedelta(days=DAY_COUNT):
        after = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        progress(f"drawing {first:%B}")
        con.execute(f"create or replace temp table drawn as {DRAWN}", [first, after])
        for table, query in BY_MONTH.items():
            _insert(con, table, query)
        first = after
    for table in ("drawn", "slots", "queue_list"):
        con.execute(f"drop table {table}")
    return (*ONCE, *BY_MONTH)


def _queues() -> list[tuple[str, str]]:
    """Names of the queues with their channels, those that all sites serve first."""
    channels = [channel for channel, count, *_ in CHANNELS for _ in range(count)]
    # Every fourth queue first, so that the busy and the shared ones are of all channels.
    mixed = [channels[number] for start in range(4) for number in range(start, QUEUE_COUNT, 4)]
    return [(f"{channel}_{number:02d}", channel) for number, channel in enumerate(mixed, start=1)]


def _prepare(con: duckdb.DuckDBPyConnection, contact_count: int, seed: int) -> None:
    """The sizes, the queues and how many contacts each half hour has."""
    agent_count = min(AGENT_COUNT, max(4 * len(SITES), contact_count // CONTACTS_PER_AGENT))
    sizes = {
        "drawn_contacts": contact_count,
        "drawn_agents": agent_count // len(SITES) * len(SITES),
        "drawn_people": max(50, contact_count // CONTACTS_PER_PERSON),
        "drawn_seed": seed * 10**12,
    }
    for name, value in sizes.items():
        con.execute(f"set variable {name} = {value}")
    # Of one number many independent shares: the salts below 64 keep them apart.
    con.execute(
        "create or replace temp macro share(number, salt) as"
        " (hash(getvariable('drawn_seed') + number * 64 + salt) >> 11) / 9007199254740992.0"
    )
    con.execute(
        "create or replace temp table queue_list (queue_number integer, queue varchar, channel varchar,"
        " site_number integer, threshold_s double, mean_wait_s double, mean_talk_s double)"
    )
    figures = {channel: rest for channel, _, *rest in CHANNELS}
    rows = [
        (number, queue, channel, None if number < SHARED_QUEUE_COUNT else number % len(SITES), *figures[channel])
        for number, (queue, channel) in enumerate(_queues())
    ]
    con.executemany("insert into queue_list values (?, ?, ?, ?, ?, ?, ?)", rows)
    nights, evenings = [NIGHT_WEIGHT] * 16, [EVENING_WEIGHT] * 4 + [NIGHT_WEIGHT] * 4
    half_hours = [*nights, *map(float, HALF_HOUR_WEIGHTS), *evenings]
    con.execute(f"create or replace temp table slots as {SLOTS}", [half_hours, list(WEEKDAY_WEIGHTS), FIRST_DATE])


def _insert(con: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    """Adds rows by name; a table's columns are all drawn, and no others."""
    drawn = {row[0] for row in con.execute(f"describe {query}").fetchall()}
    meant = {row[0] for row in con.execute(f"describe {table}").fetchall()}
    if drawn != meant:
        raise CallwrightError(
            f"{table}: its columns and those that are drawn differ: {', '.join(sorted(drawn ^ meant))}",
            "draw the new columns in pipelines/bench/year_rows.py",
        )
    con.execute(f"insert into {table} by name {query}")
