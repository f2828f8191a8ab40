"""The private warehouse: opening it, showing it the lake and the settings, and building the tables of sql/ in it.

Belongs here: all DuckDB of the pipeline that is not SQL of sql/. Does not belong here: Dagster, what a table means,
or publishing (publish.py). One process at a time has the file open: callers hold the home's run lock.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import polars as pl

from pipelines.errors import EnvironmentProblem
from pipelines.home import Home
from pipelines.increments import EVER, NOTES, ROWS, Increments, Window
from pipelines.ingest import LINE_READERS, Reader, raw_table, reader_config, timezone_of
from pipelines.lake import Lake, Segment
from pipelines.metrics import METRIC_SCHEMA
from pipelines.settings import SETTINGS_SCHEMAS, Settings, settings_tables
from pipelines.sources.base import sql_text
from pipelines.sources.canonical import KINDS, TEXT
from pipelines.sqlgraph import TABLE_SCHEMAS, Model

MEMORY_LIMIT = "1400MB"
SLICE_ROWS = 1_000_000
TICK = timedelta(microseconds=1)  # of DuckDB's clock
# Small tables are known by their content, so that one that comes out as it was makes nothing of it stale.
SMALL_ROWS = 200_000

_DUCKDB_TYPES = {"String": "VARCHAR", "Int64": "BIGINT", "Float64": "DOUBLE", "Boolean": "BOOLEAN"}
# Raw tables that sql/staging takes up so far; the rows of the others wait in the lake.
STAGED = (
    "asterisk_queue_log", "asterisk_cdr", "asterisk_cel", "freeswitch_cdr", "genesys_conversations",
    "amazon_connect_contacts", "twilio_taskrouter", "calls", "customers", "orders", "surveys", "cases",
    "campaign_attempts", "agents", "schedules", "action_outcomes",
)  # fmt: skip


def raw_schema(table: str) -> dict[str, str]:
    """Columns and DuckDB types of `raw.<table>`."""
    if table in KINDS:
        columns = {"source": TEXT, **KINDS[table].columns}
    else:
        reader = next(r for r in LINE_READERS.values() if r.table == table)
        columns = {name: _duckdb_type(dtype) for name, dtype in reader.schema.items()}
    return {**columns, "segment_id": "BIGINT", "line_number": "BIGINT"}


def _duckdb_type(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Datetime):
        return "TIMESTAMPTZ" if dtype.time_zone else "TIMESTAMP"
    return _DUCKDB_TYPES[str(dtype)]


RAW_TABLES = (*(r.table for r in LINE_READERS.values()), *KINDS)


@dataclass(frozen=True)
class Built:
    """What building a table came to.

    Attributes:
        table: `schema.name`.
        row_count: Rows it holds now.
        is_fresh: False: nothing it reads had changed, so it was left as it was.
    """

    table: str
    row_count: int
    is_fresh: bool


@dataclass(frozen=True)
class _Known:
    """What is noted of a table.

    Attributes:
        version: What it was built from, hashed.
        sql_hash: Of its model.
        row_count: Rows it holds; 0 for a view that nobody reads from outside.
        content: What it holds, hashed, where that is known; else its version.
        basis: See `Warehouse._basis`.
        settled: The version it had when nothing was touched.
    """

    version: str
    sql_hash: str
    row_count: int
    content: str | None
    basis: str | None
    settled: str | None


@contextmanager
def open_warehouse(
    home: Home, settings: Settings, readers: Mapping[str, Reader], models: Mapping[str, Model]
) -> Iterator[Warehouse]:
    """Opens the private warehouse for one run.

    Raises:
        EnvironmentProblem: Another process has the file open, or it cannot be written.
    """
    try:
        con = duckdb.connect(home.warehouse)
    except duckdb.IOException as error:
        raise EnvironmentProblem(
            f"{home.warehouse} cannot be opened: {str(error).splitlines()[0]}",
            "close whatever has it open; to ask questions, use: callwright sql, which reads the published copy",
        ) from error
    try:
        warehouse = Warehouse(con, home, settings, readers, models)
        warehouse.prepare()
        yield warehouse
    finally:
        con.close()


class Warehouse:
    """One open warehouse.

    Args:
        con: Connection to HOME/warehouse.duckdb.
        home: The home.
        settings: Its settings.
        readers: Its sources.
        models: The SQL files, by table.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        home: Home,
        settings: Settings,
        readers: Mapping[str, Reader],
        models: Mapping[str, Model],
    ) -> None:
        self.con, self.home, self.settings, self.readers, self.models = con, home, settings, readers, models
        self.lake = Lake(home.lake, home.landing)
        self.increments = Increments(con, models)
        # A copy of build.tables: it is asked hundreds of times a run, and a query takes a millisecond.
        self._known: dict[str, _Known] = {}
        self._variables: dict[str, object] = {}

    # --- set-up ---------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Schemas, session settings, run variables, and the tables of callwright.toml."""
        scratch = self.home.path / ".scratch"
        scratch.mkdir(exist_ok=True)
        self.con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        self.con.execute(f"set temp_directory = {sql_text(scratch)}")
        self.con.execute("set preserve_insertion_order = false")
        self.con.execute("set autoinstall_known_extensions = false")
        self.con.execute("set TimeZone = 'UTC'")
        for schema in ("settings", "raw", "build", *TABLE_SCHEMAS):
            self.con.execute(f"create schema if not exists {schema}")
        for table, columns in {**BOOKKEEPING, **NOTES}.items():
            declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            self.con.execute(f"create table if not exists build.{table} ({declared})")
        self.con.execute(
            "create table if not exists build.tables"
            " (table_name varchar primary key, version varchar, sql_hash varchar, row_count bigint,"
            " built_at timestamptz)"
        )
        self.con.execute(
            "create table if not exists build.segments"
            " (table_name varchar, segment_id bigint, first_event_at timestamptz, last_event_at timestamptz)"
        )
        self.con.execute("alter table build.segments add column if not exists content_hash varchar")
        self.con.execute("alter table build.tables add column if not exists content varchar")
        self.con.execute("alter table build.tables add column if not exists basis varchar")
        self.con.execute("alter table build.tables add column if not exists settled varchar")
        self.con.execute(
            "create table if not exists build.uses"
            " (purpose varchar, table_name varchar, form varchar, version varchar, segments varchar,"
            " primary key (purpose, table_name))"
        )
        self._read_known()
        self.set_variable("timezone", self.settings.centre.timezone)
        self.set_variable("currency", self.settings.centre.currency)
        for table, rows in settings_tables(self.settings).items():
            self.write_rows(f"settings.{table}", SETTINGS_SCHEMAS[table], rows)

    def _read_known(self) -> None:
        columns = "table_name, version, sql_hash, row_count, content, basis, settled"
        self._known = {
            row[0]: _Known(*row[1:]) for row in self.con.execute(f"select {columns} from build.tables").fetchall()
        }

    def set_variable(self, name: str, value: object) -> None:
        """Sets a run variable, which SQL reads with getvariable()."""
        if self._variables.get(name) == value:
            return
        self._variables[name] = value
        if isinstance(value, datetime):
            self.con.execute(f"set variable {name} = timestamptz '{value.isoformat()}'")
        else:
            self.con.execute(f"set variable {name} = '{str(value).replace(chr(39), chr(39) * 2)}'")

    @contextmanager
    def more_memory(self) -> Iterator[None]:
        """Half of the machine's memory, for a while."""
        self.con.execute("set memory_limit = '50%'")
        try:
            yield
        finally:
            self.con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")

    # --- tables that Python writes ---------------------------------------------------------------------------

    def write_rows(self, table: str, schema: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Replaces a table by rows; its version is its content, so equal rows rebuild nothing."""
        frame = [tuple(row[column] for column in schema) for row in rows]
        version = _hash(table, list(schema.items()), frame)
        if self.version(table) == version:
            return
        declared = ", ".join(f'"{name}" {kind}' for name, kind in schema.items())
        with self.transaction():
            self.con.execute(f"create or replace table {table} ({declared})")
            self.insert(table, schema, frame)
            self._remember(table, version, "", len(frame))

    def insert(self, table: str, schema: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Adds rows to a table of just these columns, in one statement: one for each row takes half a millisecond."""
        if rows:
            columns = ", ".join(f"unnest(cast(? as {kind}[]))" for kind in schema.values())
            self.con.execute(
                f"insert into {table} select {columns}", [list(column) for column in zip(*rows, strict=True)]
            )

    def write_frame(self, table: str, frame: pl.DataFrame, version: str, append: bool = False) -> int:
        """Replaces a table by a frame of the given version, or adds to it; returns its row count."""
        with self.transaction():
            self.con.register("incoming", frame.to_arrow())
            if append:
                self.con.execute(f"insert into {table} by name select * from incoming")
            else:
                self.con.execute(f"create or replace table {table} as select * from incoming")
            self.con.unregister("incoming")
            row_count = int(self.con.execute(f"select count(*) from {table}").fetchall()[0][0])
            self._remember(table, version, "", row_count)
        return row_count

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.con.execute("begin")
        try:
            yield
        except BaseException:
            self.con.execute("rollback")
            self._read_known()
            raise
        self.con.execute("commit")

    def _remember(
        self,
        table: str,
        version: str,
        sql_hash: str,
        row_count: int,
        content: str | None = None,
        basis: str | None = None,
    ) -> None:
        known = self._known.get(table)
        noted = _Known(version, sql_hash, row_count, content or version, basis, known.settled if known else None)
        values = [noted.version, noted.sql_hash, noted.row_count, noted.content, noted.basis, table]
        if known is None:
            self.con.execute(
                "insert into build.tables (version, sql_hash, row_count, content, basis, table_name, built_at)"
                " values (?, ?, ?, ?, ?, ?, now())",
                values,
            )
        else:
            self.con.execute(
                "update build.tables set version = ?, sql_hash = ?, row_count = ?, content = ?, basis = ?,"
                " built_at = now() where table_name = ?",
                values,
            )
        self._known[table] = noted

    def touch(self, table: str) -> None:
        """Notes that a table that is written row by row has changed, for what is built from it."""
        self._remember(table, datetime.now(UTC).isoformat(), "", 0)

    def version(self, table: str) -> str | None:
        """What a table was built from, hashed; None if it was never built."""
        return self._known[table].version if table in self._known else None

    def _content(self, table: str) -> str | None:
        """What a table holds, hashed; None if it was never built."""
        return self._known[table].content if table in self._known else None

    def row_count(self, table: str) -> int:
        """Rows of a table when it was last built."""
        return self._known[table].row_count if table in self._known else 0

    # --- the lake --------------------------------------------------------------------------------------------

    def segments_of(self, table: str) -> list[Segment]:
        """The lake's segments whose rows make up `raw.<table>` under the present settings."""
        found: list[Segment] = []
        for reader in self.readers.values():
            if raw_table(reader) == table:
                found += self.lake.segments(reader.source, reader_config(reader))
        return sorted(found, key=lambda s: s.segment_id)

    def attach_raw(self, table: str) -> Built:
        """Makes `raw.<table>` show the lake's rows of that table."""
        segments = self.segments_of(table)
        schema = raw_schema(table)
        paths = [str(self.lake.rows_path(s)) for s in segments if s.row_count]
        columns = ", ".join(schema)
        if paths:
            listed = ", ".join(map(sql_text, paths))
            select = f"select {columns} from read_parquet([{listed}])"
        else:
            select = "select " + ", ".join(f"null::{kind} as {name}" for name, kind in schema.items()) + " where false"
        version = _hash(table, [(s.segment_id, s.content_hash) for s in segments])
        is_fresh = version != self.version(f"raw.{table}")
        row_count = sum(s.row_count for s in segments)
        with self.transaction():
            self.con.execute(f"create or replace view raw.{table} as {select}")
            self._remember(f"raw.{table}", version, "", row_count)
        return Built(f"raw.{table}", row_count, is_fresh)

    def attach_manifests(self) -> None:
        """Makes `raw.segments` and `raw.rejects` of the manifests of all current segments."""
        segments = [s for table in RAW_TABLES for s in self.segments_of(table)]
        self.write_rows("raw.segments", SEGMENT_SCHEMA, [self._segment_row(s) for s in segments])
        paths = [str(self.lake.rejects_path(s)) for s in segments if s.rejected_count]
        with self.transaction():
            if paths:
                listed = ", ".join(map(sql_text, paths))
                self.con.execute(
                    "create or replace table raw.rejects as select s.source, s.name, r.line_number, r.reason, r.text"
                    f" from read_parquet([{listed}]) r join raw.segments s using (segment_id)"
                )
            else:
                self.con.execute(
                    "create or replace table raw.rejects"
                    f" ({', '.join(f'{name} {kind}' for name, kind in REJECT_COLUMNS.items())})"
                )
            self._remember("raw.rejects", _hash(paths), "", sum(s.rejected_count for s in segments))

    def _segment_row(self, segment: Segment) -> dict[str, Any]:
        first, last = self._interval(segment)
        return {
            "segment_id": segment.segment_id,
            "source": segment.source,
            "name": segment.file,
            "head_hash": segment.head_hash,
            "content_hash": segment.content_hash,
            "bytes_to": segment.bytes_to,
            "line_count": segment.line_count,
            "copied_line_count": segment.copied_line_count,
            "row_count": segment.row_count,
            "ignored_count": sum(segment.ignored.values()),
            "ignored_reasons": json.dumps(segment.ignored, sort_keys=True) if segment.ignored else None,
            "rejected_count": segment.rejected_count,
            "is_staged": segment.table in STAGED,
            "first_event_at": first,
            "last_event_at": last,
            "ingested_at": datetime.fromisoformat(segment.ingested_at),
            "problem": segment.problem,
            "notes": "; ".join(segment.notes) or None,
        }

    def _interval(self, segment: Segment) -> tuple[datetime | None, datetime | None]:
        """When the segment's events happened; zone-less times are taken in the source's zone."""
        if segment.first_event_at is None or segment.last_event_at is None:
            return None, None
        times = [datetime.fromisoformat(t) for t in (segment.first_event_at, segment.last_event_at)]
        if times[0].tzinfo is None:
            zone = timezone_of(self.settings, segment.source)
            found = self.con.execute(
                "select timezone(?, ?::timestamp), timezone(?, ?::timestamp)", [zone, times[0], zone, times[1]]
            )
            return found.fetchall()[0]
        return times[0], times[1]

    # --- tables that SQL writes ------------------------------------------------------------------------------

    def build(self, model: Model) -> Built:
        """Builds a table of sql/, if anything it is made of has changed.

        A model with a window is rebuilt only where its new input lies; all others as a whole. Either way the table
        changes in one transaction.
        """
        version = self._version(model)
        if self.version(model.table) == version:
            return Built(model.table, self.row_count(model.table), is_fresh=False)
        basis = self._basis(model)
        with self.transaction():
            if model.window is not None and self._reads_lake(model):
                self._build_records(model, basis)
            elif model.window is not None and self._has_basis(model, basis) and not self.increments.is_everything:
                self.increments.merge(model)
            else:
                self._build_whole(model)
            row_count = self._count(model)
            content = self._content_hash(model, row_count)
            self._remember(model.table, version, model.sql_hash, row_count, content, basis)
        return Built(model.table, row_count, is_fresh=True)

    def _version(self, model: Model) -> str:
        """What a table would be built from now, hashed."""
        self._set_as_of(model)
        return _hash(
            model.sql_hash,
            [(table, self._content(table)) for table in model.dependencies],
            [(name, self._variable(name)) for name in model.variables if not name.startswith("window_")],
        )

    def _basis(self, model: Model) -> str:
        """All that a table is made of but what is noted where it changes: with another basis it is built whole."""
        parts: list[object] = [model.sql_hash]
        parts += [(name, self._variable(name)) for name in model.variables if not name.startswith("window_")]
        for table in model.dependencies:
            found = self.models.get(table)
            if found is not None and found.is_view:
                parts.append(self._basis(found))
            elif not table.startswith("raw.") and (found is None or (found.window is None and found.changes is None)):
                parts.append((table, self._stable(table)))
        return _hash(*parts)

    def _stable(self, table: str) -> str | None:
        """A table's content, as far as what was in it before can change: look-up tables of pseudonyms only grow."""
        content = self._content(table)
        return content.split(":")[0] if content is not None else None

    def has_sql(self, model: Model) -> bool:
        """Whether a table was built by just this SQL."""
        return model.table in self._known and self._known[model.table].sql_hash == model.sql_hash

    def _has_basis(self, model: Model, basis: str) -> bool:
        return model.table in self._known and self._known[model.table].basis == basis

    def forget_increments(self) -> None:
        """Forgets what was touched, once every table that is rebuilt in parts has taken it up."""
        parts = [m for m in self.models.values() if m.window is not None or m.table in ROWS]
        if all(self.version(m.table) == self._version(m) for m in parts):
            with self.transaction():
                self.increments.forget()
                self.con.execute("update build.tables set settled = version")
                self._read_known()

    # --- what tables were used for ---------------------------------------------------------------------------

    def note_use(self, purpose: str, table: str, form: str) -> None:
        """Notes that a table was checked or published as it is now, under rules whose hash is `form`."""
        self.con.execute(
            "insert or replace into build.uses values (?, ?, ?, ?, ?)",
            [purpose, table, form, self.version(table), json.dumps(self._segment_names(table))],
        )

    def forget_use(self, purpose: str, table: str) -> None:
        """Forgets it: next time, all of the table is changed."""
        self.con.execute("delete from build.uses where purpose = ? and table_name = ?", [purpose, table])

    def is_traced(self, purpose: str, table: str, form: str) -> bool:
        """Whether all that has changed in a table since it was used is noted."""
        query = "select version from build.uses where purpose = ? and table_name = ? and form = ?"
        used = self.con.execute(query, [purpose, table, form]).fetchall()
        known = self._known.get(table)
        return bool(used) and known is not None and used[0][0] in (known.version, known.settled)

    def changed_rows(self, purpose: str, table: str, form: str, database: str = "") -> str | None:
        """The condition that leaves the rows that have changed since a table was used; None: that cannot be told."""
        query = "select version, segments from build.uses where purpose = ? and table_name = ? and form = ?"
        found = self.con.execute(query, [purpose, table, form]).fetchall()
        if found and found[0][0] == self.version(table):
            return "false"
        if found and table.startswith("raw."):
            new = set(self._segment_names(table)) - set(json.loads(found[0][1]))
            return f"segment_id in ({', '.join(sorted(name.split(':')[0] for name in new))})" if new else "false"
        return self.increments.rows(table, database) if self.is_traced(purpose, table, form) else None

    def _segment_names(self, table: str) -> list[str]:
        segments = self.segments_of(table.removeprefix("raw.")) if table.startswith("raw.") else []
        return [f"{s.segment_id}:{s.content_hash}" for s in segments]

    def _reads_lake(self, model: Model) -> bool:
        return any(table.startswith("raw.") for table in model.dependencies)

    def _build_records(self, model: Model, basis: str) -> None:
        """A table of the lake's records: where new segments lie, or all of it."""
        segments = self._window_segments(model)
        self.set_variable("window_repeats", "yes" if self._may_repeat(segments) else "no")
        windows = self._windows(model, segments) if self._has_basis(model, basis) else None
        if windows is None:
            self._build_whole(model, segments)
        for window in windows or []:
            self._set_window(window, segments)
            self.con.execute(f"delete from {model.table} where {model.window} between ? and ?", list(window))
            self.con.execute(f"insert into {model.table} by name {model.sql}")
            self.increments.touch(window)
        self._remember_segments(model, segments)

    def _may_repeat(self, segments: list[Segment]) -> bool:
        """Whether a record may be in the lake twice: manifests can tell where each segment has a time of its own."""
        times = sorted(self._interval(s) for s in segments if not s.may_repeat)
        return len(times) < len(segments) or any(b[0] <= a[1] for a, b in pairwise(times))  # type: ignore[operator]

    def _content_hash(self, model: Model, row_count: int) -> str | None:
        """The content of a small table; None: its version must do."""
        if model.is_view or model.window or model.schema not in ("staging", "core") or row_count > SMALL_ROWS:
            return None
        query = f"select coalesce(sum(cast(hash(t) as hugeint)), 0) from {model.table} as t"
        return _hash(model.sql_hash, row_count, str(self.con.execute(query).fetchall()[0][0]))

    def _build_whole(self, model: Model, segments: Sequence[Segment] = ()) -> None:
        if model.table in self._known and not self.has_sql(model):
            self._drop_other_kind(model)
        is_known = model.changes is not None and self.has_sql(model)
        if model.window is not None or (model.changes is not None and not is_known):
            self.increments.touch(EVER)
        if is_known:
            self.con.execute(f"create or replace temp table before as select * from {model.table}")
        kind = "view" if model.is_view else "table"
        first, *others = self._slices(model, segments)
        self._set_window(first)
        self.con.execute(f"create or replace {kind} {model.table} as {model.sql}")
        for window in others:
            self._set_window(window)
            self.con.execute(f"insert into {model.table} by name {model.sql}")
        if is_known:
            self.increments.rebuilt(model, "before")
            self.con.execute("drop table before")

    def _slices(self, model: Model, segments: Sequence[Segment]) -> list[tuple[datetime, datetime]]:
        """All time, cut where needed so that about `SLICE_ROWS` rows are in memory at once."""
        times = [time for s in segments for time in self._interval(s) if time is not None]
        count = -(-sum(s.row_count for s in segments) // SLICE_ROWS) if model.is_sliced else 1
        step = (max(times) - min(times)) / count if times else timedelta(0)
        cuts = [min(times) + step * number for number in range(1, count)] if step else []
        return list(zip([EVER[0], *cuts], [*(cut - TICK for cut in cuts), EVER[1]], strict=True))

    def _drop_other_kind(self, model: Model) -> None:
        """An earlier version's table may be a view now, or the other way about: DuckDB replaces like by like."""
        other = "table" if model.is_view else "view"
        query = f"select count(*) from duckdb_{other}s() where schema_name = ? and {other}_name = ?"
        if self.con.execute(query, [model.schema, model.name]).fetchall()[0][0]:
            self.con.execute(f"drop {other} {model.table}")

    def _count(self, model: Model) -> int:
        # To count what nobody looks at would be to compute it.
        if model.is_view and not model.is_published:
            return 0
        return int(self.con.execute(f"select count(*) from {model.table}").fetchall()[0][0])

    def _variable(self, name: str) -> str:
        return str(self.con.execute(f"select getvariable('{name}')").fetchall()[0][0])

    def _set_window(self, window: Window, segments: Sequence[Segment] = ()) -> None:
        """The stretch of time to build, and the first and last of the segments that reach into it; else of all."""
        times = {s.segment_id: self._interval(s) for s in segments}
        inside = [n for n, (a, b) in times.items() if a is None or b is None or (b >= window[0] and a <= window[1])]
        self.set_variable("window_start", window[0])
        self.set_variable("window_end", window[1])
        self.set_variable("window_first_segment", min(inside, default=0))
        self.set_variable("window_last_segment", max(inside, default=2**62) if segments else 2**62)

    def _set_as_of(self, model: Model) -> None:
        """`as_of_at`: the last moment that the data tells of; features are computed as of then."""
        if "as_of_at" in model.variables:
            # One tick later: features use only what lies strictly before, and the last event is known.
            self.set_variable("as_of_at", self.data_through() + TICK)

    def data_through(self) -> datetime:
        """The last moment that any source tells of; the epoch when there is nothing."""
        # A row that is dated ahead of the clock would make every customer look inactive.
        found = self.con.execute(
            "select max(happened_at) from ("
            " select coalesce(ended_at, arrived_at) as happened_at from core.contacts"
            " union all select ordered_at from core.orders"
            " union all select coalesce(answered_at, sent_at) from core.surveys"
            ") as moments where happened_at < now() + interval 1 day"
        ).fetchall()[0][0]
        return found.astimezone(UTC) if found is not None else datetime.fromtimestamp(0, UTC)

    def _window_segments(self, model: Model) -> list[Segment]:
        raws = [d.removeprefix("raw.") for d in model.dependencies if d.startswith("raw.")]
        return [s for table in raws for s in self.segments_of(table) if s.row_count]

    def _windows(self, model: Model, segments: list[Segment]) -> list[Window] | None:
        """The stretches of time that new or vanished segments touch; None: build the whole table."""
        known = self.con.execute(
            "select segment_id, content_hash, first_event_at, last_event_at from build.segments where table_name = ?",
            [model.table],
        ).fetchall()
        before = {(row[0], row[1]): (row[2], row[3]) for row in known}
        now = {(s.segment_id, s.content_hash): self._interval(s) for s in segments}
        changed = [(before | now)[key] for key in before.keys() ^ now.keys()]
        touched = [(first, last) for first, last in changed if first is not None and last is not None]
        if len(touched) < len(changed):
            return None  # rows whose time no manifest tells
        return self.increments.joined(touched)

    def _remember_segments(self, model: Model, segments: list[Segment]) -> None:
        self.con.execute("delete from build.segments where table_name = ?", [model.table])
        rows = [(model.table, s.segment_id, *self._interval(s), s.content_hash) for s in segments]
        self.insert("build.segments", _READ_SEGMENTS, rows)


# What the pipeline notes about itself; sql/meta publishes it.
BOOKKEEPING: dict[str, dict[str, str]] = {
    "columns": {
        "table_name": "VARCHAR", "column_name": "VARCHAR", "type": "VARCHAR", "unit": "VARCHAR",
        "description": "VARCHAR", "pii": "VARCHAR",
    },
    "metrics": METRIC_SCHEMA,
    "lineage": {"table_name": "VARCHAR", "column_name": "VARCHAR", "from_table": "VARCHAR", "from_column": "VARCHAR"},
    "lineage_cache": {
        "table_name": "VARCHAR", "sql_hash": "VARCHAR", "column_name": "VARCHAR", "from_table": "VARCHAR",
        "from_column": "VARCHAR",
    },
    "publish": {
        "snapshot": "VARCHAR", "published_at": "TIMESTAMPTZ", "data_through_at": "TIMESTAMPTZ",
        "schema_version": "VARCHAR", "run_id": "VARCHAR", "checks_passed_count": "BIGINT",
        "checks_failed_count": "BIGINT", "callwright_version": "VARCHAR", "basis": "VARCHAR", "content_hash": "VARCHAR",
    },
    "check_results": {
        "table_name": "VARCHAR", "check_name": "VARCHAR", "severity": "VARCHAR", "passed": "BOOLEAN",
        "failing_count": "BIGINT", "observed": "VARCHAR", "meaning": "VARCHAR", "checked_at": "TIMESTAMPTZ",
    },
}  # fmt: skip

REJECT_COLUMNS = {
    "source": "VARCHAR",
    "name": "VARCHAR",
    "line_number": "BIGINT",
    "reason": "VARCHAR",
    "text": "VARCHAR",
}
_READ_SEGMENTS = {
    "table_name": "VARCHAR",
    "segment_id": "BIGINT",
    "first_event_at": "TIMESTAMPTZ",
    "last_event_at": "TIMESTAMPTZ",
    "content_hash": "VARCHAR",
}
SEGMENT_SCHEMA = {
    "segment_id": "BIGINT",
    "source": "VARCHAR",
    "name": "VARCHAR",
    "head_hash": "VARCHAR",
    "content_hash": "VARCHAR",
    "bytes_to": "BIGINT",
    "line_count": "BIGINT",
    "copied_line_count": "BIGINT",
    "row_count": "BIGINT",
    "ignored_count": "BIGINT",
    "ignored_reasons": "VARCHAR",
    "rejected_count": "BIGINT",
    "is_staged": "BOOLEAN",
    "first_event_at": "TIMESTAMPTZ",
    "last_event_at": "TIMESTAMPTZ",
    "ingested_at": "TIMESTAMPTZ",
    "problem": "VARCHAR",
    "notes": "VARCHAR",
}


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:16]


def remove_scratch(home: Home) -> None:
    """Removes DuckDB's spill files, which a killed run leaves behind."""
    for path in (home.path / ".scratch").glob("*"):
        if path.is_file():
            os.unlink(path)
