"""`callwright rejects`: the lines that no row was made of, as the lake holds them now.

Belongs here: counting and listing them. Masking is that of sql/meta/rejects.sql, the one place where it is written.
Does not belong here: printing (cli.py), reading them again (reread.py).

The lake is asked and not the published file, so that a first run whose checks failed can be looked into.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.home import Home
from pipelines.ingest import reader_config, readers
from pipelines.lake import Lake, Segment
from pipelines.settings import load_settings
from pipelines.sources.base import sql_text
from pipelines.sqlgraph import SQL_FOLDER

COLUMNS = ("source", "file", "line_number", "reason", "text")
GROUP_COLUMNS = ("source", "file", "reason", "rejects")


@dataclass(frozen=True)
class Rejects:
    """Rejects of a home.

    Attributes:
        groups: Rows of `GROUP_COLUMNS`, the largest group first.
        lines: Rows of `COLUMNS`, by source, file and line; as many as were asked for.
        total: How many there are in all.
    """

    groups: list[tuple[Any, ...]]
    lines: list[tuple[Any, ...]]
    total: int


def find_rejects(
    home: Home,
    source: str | None = None,
    file: str | None = None,
    reason: str | None = None,
    limit: int | None = None,
    unmasked: bool = False,
) -> Rejects:
    """The rejects of a home.

    Args:
        home: The home.
        source: Only of this landing folder.
        file: Only of files that match: a path below landing/ or its last part, with * and ? for any characters.
        reason: Only those whose reason contains this, in any case of letters.
        limit: At most so many lines; None: all.
        unmasked: The lines as they stand in the files, personal data included.

    Raises:
        SettingsError: callwright.toml cannot be used.
    """
    with duckdb.connect() as con:
        con.execute("create schema raw")
        _show_lake(con, home)
        con.execute(f"create view rejects as {_query(unmasked)}")
        where, values = _conditions(source, file, reason)
        counted = ", ".join(GROUP_COLUMNS[:-1])
        groups = con.execute(
            f"select {counted}, count(*) as n from rejects where {where} group by {counted} order by n desc, {counted}",
            values,
        ).fetchall()
        lines = con.execute(
            f"select {', '.join(COLUMNS)} from rejects where {where} order by all"
            + (f" limit {int(limit)}" if limit is not None else ""),
            values,
        ).fetchall()
    return Rejects(groups, lines, sum(row[-1] for row in groups))


def _query(unmasked: bool) -> str:
    if unmasked:
        return "select source, name as file, line_number, reason, text from raw.rejects"
    return (SQL_FOLDER / "meta" / "rejects.sql").read_text(encoding="utf-8")


def _show_lake(con: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Makes raw.rejects, as warehouse.py does for a run, of what the lake holds under the present settings."""
    lake = Lake(home.lake, home.landing)
    current = [
        segment
        for reader in readers(load_settings(home.path), home).values()
        for segment in lake.segments(reader.source, reader_config(reader))
        if segment.rejected_count
    ]
    con.execute("create table segments (segment_id bigint, source varchar, name varchar)")
    if not current:
        con.execute(
            "create table raw.rejects (source varchar, name varchar, line_number bigint, reason varchar, text varchar)"
        )
        return
    con.executemany("insert into segments values (?, ?, ?)", [_row(s) for s in current])
    paths = ", ".join(sql_text(lake.rejects_path(s)) for s in current)
    con.execute(
        "create view raw.rejects as select s.source, s.name, r.line_number, r.reason, r.text"
        f" from read_parquet([{paths}]) as r join segments as s using (segment_id)"
    )


def _row(segment: Segment) -> tuple[int, str, str]:
    return segment.segment_id, segment.source, segment.file


def _conditions(source: str | None, file: str | None, reason: str | None) -> tuple[str, Sequence[str]]:
    wanted = [
        ("source = ?", [source] if source is not None else []),
        ("(file glob ? or file glob '*/' || ?)", [file, file] if file is not None else []),
        ("contains(lower(reason), lower(?))", [reason] if reason is not None else []),
    ]
    kept = [(condition, values) for condition, values in wanted if values]
    return " and ".join(c for c, _ in kept) or "true", [v for _, values in kept for v in values]
