"""Rows on their way to the exports: kept until the day on which a real system would export them.

Belongs here: the outbox, and how times are written. Does not belong here: what the rows say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.simulate.seam import Tables

DAY_S = 86_400
CHUNK = 10_000
Integers = NDArray[np.int64]
Row = dict[str, Any]


def day_number(day: date) -> int:
    """Days since 1970."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def stamp(at: int) -> str:
    """UTC seconds as ISO 8601."""
    day, second = divmod(at, DAY_S)
    return f"{_day_text(day)}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"


def instant(at: int) -> datetime:
    """The same as a time of Python's, for the truth."""
    return datetime.fromtimestamp(at, UTC)


@lru_cache(maxsize=4096)
def _day_text(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def stamps(at: Integers) -> list[str]:
    """The same of many."""
    return [f"{text}Z" for text in np.datetime_as_string(at.astype("datetime64[s]")).tolist()]


class Outbox:
    """Rows by the day on which they are known; what would be known after the last day is never written."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._waiting: dict[int, dict[str, list[tuple[int, Row]]]] = defaultdict(lambda: defaultdict(list))

    def add(self, source: str, at: int, row: Row) -> None:
        """Export the row on the day of `at`, or on the next that is exported."""
        self._waiting[at // DAY_S][source].append((at, row))

    def write(self, source: str, rows: Iterable[Row]) -> None:
        """Export rows now, in pieces."""
        rest = iter(rows)
        while chunk := list(islice(rest, CHUNK)):
            self._tables.write(source, chunk)

    def flush(self, day: int) -> None:
        """Export everything known by the end of the day, each source in order of time."""
        ready: dict[str, list[tuple[int, Row]]] = defaultdict(list)
        for known in sorted(number for number in self._waiting if number <= day):
            for source, rows in self._waiting.pop(known).items():
                ready[source] += rows
        for source in sorted(ready):
            ready[source].sort(key=lambda item: item[0])
            self.write(source, (row for _, row in ready[source]))
