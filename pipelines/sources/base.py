"""What a reader is, and the small pieces all readers share.

Belongs here: the shapes that pass between a reader and the lake, and helpers for rejects.
Does not belong here: anything about one format, files on disk, DuckDB or Dagster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import polars as pl

from pipelines.sources.lines import Lines

UTC_TIME = pl.Datetime("us", "UTC")
LOCAL_TIME = pl.Datetime("us")

REJECT_SCHEMA: dict[str, pl.DataType] = {
    "line_number": pl.Int64(),
    "reason": pl.String(),
    "text": pl.String(),
}

# A reject keeps enough of the line to find and mend it; a 100 MB line is not evidence.
REJECT_TEXT_MAX = 2_000


def rejects_frame(rows: Sequence[tuple[int, str, str]]) -> pl.DataFrame:
    """Builds a rejects table from (line_number, reason, text) tuples."""
    cut = [(number, reason, text[:REJECT_TEXT_MAX]) for number, reason, text in rows]
    return pl.DataFrame(cut, schema=REJECT_SCHEMA, orient="row")


def sql_text(value: object) -> str:
    """A value as a SQL text literal."""
    return "'" + str(value).replace("'", "''") + "'"


@dataclass(frozen=True)
class Parsed:
    """One parsed piece of a file.

    Attributes:
        rows: The reader's schema plus `line_number` (1-based within the file).
        rejects: `REJECT_SCHEMA`.
        ignored: Lines left out on purpose, counted by reason.
        line_count: Lines read; always rows + rejects + ignored.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    ignored: Counter[str] = field(default_factory=Counter)
    line_count: int = 0


class LineReader(Protocol):
    """A format of independent lines, which may therefore grow, be split, or be read on from where it stood.

    Attributes:
        source: The landing folder's name.
        table: The raw table its rows belong to.
        version: Raised when the same bytes would give other rows: the lake then parses them again.
        schema: Columns of a row, without `line_number`.
        time_column: The column that says when a row happened. Where rows may have a local time instead, the reader
            names its column in `local_time_column`.
    """

    source: str
    table: str
    version: int
    schema: dict[str, pl.DataType]
    time_column: str

    def parse(self, lines: Lines, first_line: int) -> Parsed:
        """Parses whole lines, the first of which is number `first_line` of its file."""
        ...


@runtime_checkable
class RecordReader(LineReader, Protocol):
    """A format whose records come one a line, or many in one document."""

    def reads_lines(self, head: bytes) -> bool:
        """Whether a file that begins so holds one record a line, and may grow; else it is one document."""
        ...

    def parse_document(self, data: bytes) -> Parsed:
        """Parses a whole file; `line_number` is the record's number in it, from 1.

        Raises:
            RefusedFile: Nothing in it can be read.
        """
        ...
