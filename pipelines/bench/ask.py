"""The twenty questions of `callwright bench kpi`: those that the pages ask of the published file.

Belongs here: the questions, and how long each takes as a page asks it: on a cursor of its own of the opened file. Does
not belong here: the year that is asked (generate_year.py), what the figures mean (sql/macros), the report (kpi.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, cast

import duckdb

from dashboards import queries
from pipelines.bench.year_rows import DAY_COUNT, FIRST_DATE
from pipelines.errors import CallwrightError

THREAD_COUNT = 2
REPEAT_COUNT = 15
# What is measured beside the twenty: the opening that the first page pays, the scan that ratios are to, and the last of
# them where nothing but the contact's key is known. A page knows its begin and end: what is stored by time is left out.
OPENING, SCAN, TIMELINE_BY_KEY = "opening the file", "bare scan of kpi.queue_day", "the same timeline, by its key alone"
BESIDE = (OPENING, SCAN, TIMELINE_BY_KEY)
YEAR = queries.Period(FIRST_DATE, FIRST_DATE + timedelta(days=DAY_COUNT - 1))
MONTH = queries.Period(date(2025, 10, 1), date(2025, 10, 31))
DAY = queries.Period(date(2025, 10, 6), date(2025, 10, 6))  # a Monday
PAGE_ROWS = 50

Connection = duckdb.DuckDBPyConnection
Ask = Callable[[Connection], Any]


@dataclass(frozen=True)
class Picked:
    """What a user has clicked on.

    Attributes:
        queue: The busiest queue of the day.
        offset: Rows before the middle page of its answered contacts.
        contact_key: A contact of that page.
        arrived_at, ended_at: Its begin and end.
    """

    queue: str
    offset: int
    contact_key: str
    arrived_at: datetime
    ended_at: datetime

    @property
    def borders(self) -> tuple[datetime, datetime]:
        """The stretch in which its segments lie: wrap-up ends after the contact."""
        return self.arrived_at, self.ended_at + timedelta(hours=1)


@dataclass(frozen=True)
class Answer:
    """How a question was answered.

    Attributes:
        statement_count: SQL statements that it took.
        row_count: Rows of the answer; 1 of a page.
        taken_s: Seconds of each time.
        cpu_s: The same of processor time over all threads, which other work on the machine disturbs less.
    """

    statement_count: int
    row_count: int
    taken_s: tuple[float, ...]
    cpu_s: tuple[float, ...]


class _Counting:
    """A connection that counts the statements asked of it."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.count = connection, 0

    def execute(self, *arguments: Any) -> Connection:
        self.count += 1
        return self.connection.execute(*arguments)


def opened(path: str) -> Connection:
    """The file as a page opens it, on as many threads as the aim is stated for."""
    connection = queries.connect(path)
    connection.execute(f"set threads = {THREAD_COUNT}")
    return connection


def pick(connection: Connection) -> Picked:
    """What a user clicks on who looks at the day.

    Raises:
        CallwrightError: Nothing was answered on that day.
    """
    found = connection.execute(_BUSIEST, [DAY.from_date]).fetchall()
    if not found:
        raise CallwrightError(f"no contact of {DAY.from_date} was answered", "type: --contacts 1000 or more")
    queue, count = found[0]
    offset = count // 2 // PAGE_ROWS * PAGE_ROWS
    rows = connection.execute(_CONTACTS_PAGE, [DAY.from_date, queue, PAGE_ROWS, offset]).fetchall()
    contact_key, arrived_at, ended_at, *_ = rows[len(rows) // 2]
    return Picked(queue, offset, str(contact_key), arrived_at, ended_at)


def questions(picked: Picked, path: str) -> dict[str, Ask]:
    """The twenty, by name: the pages' own functions first, then macros and tables as the coming pages ask them."""
    monthly = {f"kpi_{metric} by queue, a month": _macro(f"kpi_{metric}", MONTH, "queue") for metric in _BY_QUEUE}
    return {
        "page: header": lambda connection: queries.publication(connection, path),
        "page: Overview, 28 days": partial(_overview, period=_last(28)),
        "page: Overview, a day": partial(_overview, period=DAY),
        "kpi_service_level by date, a year": _macro("kpi_service_level", YEAR, "business_date"),
        "kpi_service_level by interval, a day": _macro("kpi_service_level", DAY, "interval"),
        "kpi_queue_sums by interval, a day": _macro("kpi_queue_sums", DAY, "interval"),
        **monthly,
        "kpi_aht by agent, a month": _macro("kpi_aht", MONTH, "agent"),
        "kpi_occupancy by agent, a month": _macro("kpi_occupancy", MONTH, "agent"),
        "kpi_contribution by date, a year": _macro("kpi_contribution", YEAR, "business_date"),
        "busiest queues of a month": _sql(_TOP_QUEUES, MONTH.from_date, MONTH.to_date),
        "repeat rates by window, a month": _sql(_REPEATS, MONTH.from_date, MONTH.to_date),
        "contacts of a day, a page": _sql(_CONTACTS_PAGE, DAY.from_date, picked.queue, PAGE_ROWS, picked.offset),
        "one contact's timeline": _sql(_TIMELINE, picked.contact_key, *picked.borders, *picked.borders),
    }


_BY_QUEUE = ("service_level", "abandonment", "asa", "fcr", "csat", "nps", "cost_per_contact")


def _last(days: int) -> queries.Period:
    return queries.Period(YEAR.to_date - timedelta(days=days - 1), YEAR.to_date)


def _overview(connection: Connection, period: queries.Period) -> queries.Overview:
    return queries.overview(connection, period, period.prior())


def _sql(text: str, *values: Any) -> Ask:
    return lambda connection: connection.execute(text, list(values)).fetchall()


def _macro(name: str, period: queries.Period, by: str) -> Ask:
    return _sql(f"select * from {name}(?, ?, by := ?) order by group_value", period.from_date, period.to_date, by)


_TOP_QUEUES = """
    select group_value, offered_count, answered_count, abandoned_count, wait_s
    from kpi_queue_sums(?, ?, by := 'queue')
    where group_value is not null
    order by offered_count desc, group_value
    limit 10
"""

_REPEATS = """
    select
        window_name,
        sum(resolvable_count) as resolvable_count,
        sum(repeated_count) as repeated_count,
        sum(immature_count) as immature_count,
        sum(repeated_count) / nullif(cast(sum(resolvable_count) as double), 0) as repeated_rate
    from kpi.repeat_day
    where business_date between ? and ?
    group by window_name
    order by window_name
"""

_BUSIEST = """
    select last_queue, count(*) as contact_count
    from core.contacts
    where business_date = ? and is_answered
    group by last_queue
    order by contact_count desc, last_queue
    limit 1
"""

_CONTACTS_PAGE = """
    select
        contact_key, arrived_at, ended_at, channel, site, last_queue, outcome, queue_wait_s, handle_s, last_agent,
        customer_key, count(*) over () as found_count
    from core.contacts
    where business_date = ? and last_queue = ? and is_answered
    order by arrived_at, contact_key
    limit ? offset ?
"""

_TIMELINE = """
    select segment_seq, kind, queue, agent, started_at, ended_at, duration_s
    from core.segments
    where contact_key = cast(? as uuid) and started_at between ? and ? and ended_at between ? and ?
    order by segment_seq
"""

_TIMELINE_BY_KEY = """
    select segment_seq, kind, queue, agent, started_at, ended_at, duration_s
    from core.segments
    where contact_key = cast(? as uuid)
    order by segment_seq
"""

_SCAN = "select count(*), sum(offered_count) from kpi.queue_day"


def answers(path: str, repeat_count: int = REPEAT_COUNT) -> dict[str, Answer]:
    """Asks each question so many times, after one time that does not count.

    Rounds over all questions, so that what else the machine does falls on all alike.

    Returns:
        Of the twenty questions and of `BESIDE`.
    """
    with opened(path) as connection:
        picked = pick(connection)
    everything: dict[str, Ask] = {
        SCAN: _sql(_SCAN),
        **questions(picked, path),
        TIMELINE_BY_KEY: _sql(_TIMELINE_BY_KEY, picked.contact_key),
    }
    with opened(path) as connection:
        first = {name: _first(connection, ask) for name, ask in everything.items()}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in everything}
        for _ in range(repeat_count):
            for name, ask in everything.items():
                with connection.cursor() as cursor:
                    taken[name].append(_taken(partial(ask, cursor)))
    first[OPENING] = 0, 0
    taken[OPENING] = [_taken(lambda: opened(path).close()) for _ in range(repeat_count)]
    return {name: Answer(*first[name], *zip(*taken[name], strict=True)) for name in first}


def _taken(does: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of processor time."""
    begun, cpu_begun = time.perf_counter(), time.process_time()
    does()
    return time.perf_counter() - begun, time.process_time() - cpu_begun


def _first(connection: Connection, ask: Ask) -> tuple[int, int]:
    """Statements and rows of an answer."""
    with connection.cursor() as cursor:
        counting = _Counting(cursor)
        found = ask(cast(Connection, counting))
        return counting.count, len(found) if isinstance(found, list) else 1
