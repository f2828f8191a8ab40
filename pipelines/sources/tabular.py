"""Reads a table file (CSV, Parquet, XLSX, JSON lines) into a canonical table, through the source's SQL if it has one.

Belongs here: the built-in `crm_*` and other tabular sources, and custom sources; both take this one road, the built-in
ones with the identity for SQL. Does not belong here: what the canonical columns are (canonical.py).

DuckDB reads and types the file in a database of its own, on disk, so memory stays bounded and the warehouse unlocked.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import sqlglot
from sqlglot import exp

from pipelines.errors import CallwrightError, SettingsError
from pipelines.sources.base import rejects_frame, sql_text
from pipelines.sources.canonical import COUNT, FLAG, NUMBER, TIME, Kind
from pipelines.sources.lines import decode, open_plain

FORMATS = ("csv", "parquet", "xlsx", "jsonl")
_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
# The row's number in its file; carried through a custom SQL where that is possible, so that a reject can be found.
LINE = "_line_number"
MEMORY_LIMIT = "1GB"


class RefusedFile(CallwrightError):
    """The file as a whole is not what its source expects."""


@dataclass(frozen=True)
class TableSource:
    """How to read one landing folder of table files.

    Attributes:
        source: Landing folder.
        kind: Canonical table.
        timezone: Of times written without a zone.
        file_format: One of `FORMATS`, or None to go by the file's name.
        options: DuckDB reader options of a custom source.
        sql: `select <canonical columns> from input`, or None for columns that already have canonical names.
        sql_name: What to call the SQL in an error.
    """

    source: str
    kind: Kind
    timezone: str
    file_format: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    sql: str | None = None
    sql_name: str = ""

    @property
    def config(self) -> tuple[object, ...]:
        """Everything besides the bytes that decides the rows."""
        return (
            1,
            self.kind.name,
            self.timezone,
            self.file_format,
            dict(self.options),
            self.sql,
            sorted(self.kind.columns),
        )


@dataclass(frozen=True)
class TableResult:
    """What one file gave: counts of data rows (a header is not one), rejects, and the rows' Parquet at `rows_path`."""

    line_count: int
    row_count: int
    ignored: Counter[str]
    rejects: pl.DataFrame
    first_event_at: str | None
    last_event_at: str | None


def read_table(source: TableSource, path: Path, segment_id: int, rows_path: Path, scratch: Path) -> TableResult:
    """Reads one file and writes its valid rows to `rows_path` as Parquet.

    Args:
        source: How to read it.
        path: The landed file; CSV and JSON lines may be compressed.
        segment_id: Written beside every row.
        rows_path: Parquet to write: source, the canonical columns, segment_id, line_number.
        scratch: A folder for temporary files.

    Raises:
        RefusedFile: The file cannot be read as its format, or lacks a required column.
        SettingsError: The custom SQL does not run, or selects a column that the kind does not have.
    """
    database = scratch / f"table-{segment_id}.duckdb"
    database.unlink(missing_ok=True)
    try:
        with duckdb.connect(database) as con:
            con.execute(f"set TimeZone = '{source.timezone}'")
            con.execute(f"set temp_directory = {sql_text(scratch)}")
            con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
            rejects = _load_input(con, source, path, scratch)
            has_line = _make_output(con, source)
            return _write_rows(con, source, segment_id, rows_path, rejects, has_line)
    finally:
        for leftover in scratch.glob(f"table-{segment_id}.*"):
            leftover.unlink()


# --- the file, as it stands ------------------------------------------------------------------------------


def _load_input(
    con: duckdb.DuckDBPyConnection, source: TableSource, path: Path, scratch: Path
) -> list[tuple[int, str, str]]:
    """Makes the table `input`; returns the records the reader itself had to reject."""
    file_format = source.file_format or _SUFFIXES.get(Path(path.name.removesuffix(".gz")).suffix.lower())
    if path.stat().st_size == 0:
        raise RefusedFile(f"{path.name}: the file is empty")
    if file_format is None:
        raise RefusedFile(f"{path.name}: the name does not say whether it is {', '.join(FORMATS)}")
    try:
        if file_format == "csv":
            return _load_csv(con, source, _plain_copy(path, con, scratch), scratch)
        if file_format == "parquet":
            _create_input(con, "read_parquet(?)", [_plain_copy(path, con, scratch)], first_line=1)
        elif file_format == "xlsx":
            con.register("sheet", pl.read_excel(path, infer_schema_length=0))
            _create_input(con, "sheet", [], first_line=2)
            con.unregister("sheet")
        else:
            plain = _plain_copy(path, con, scratch)
            _create_input(
                con,
                "read_json(?, format = 'newline_delimited', convert_strings_to_integers = false)",
                [plain],
                1,
            )
    except (duckdb.Error, pl.exceptions.PolarsError, ValueError, UnicodeError) as error:
        raise RefusedFile(f"{path.name}: not readable as {file_format}: {_first_line(error)}") from error
    return []


def _create_input(con: duckdb.DuckDBPyConnection, relation: str, parameters: list[Any], first_line: int) -> None:
    con.execute(
        f"create table input as select row_number() over () + {first_line - 1} as {LINE}, * from {relation}",
        parameters,
    )


def _plain_copy(path: Path, con: duckdb.DuckDBPyConnection, scratch: Path) -> str:
    """The file under a name of our own, uncompressed: DuckDB takes a name for a pattern, its ending for a format."""
    copy = scratch / f"{_stem(con)}.plain"
    copy.unlink(missing_ok=True)
    if not _is_compressed(path):
        copy.symlink_to(path.absolute())
        return str(copy)
    with open_plain(path) as file, copy.open("wb") as out:
        while piece := file.read(1 << 20):
            out.write(piece)
    return str(copy)


def _is_compressed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(3) in (b"\x1f\x8b\x08", b"BZh", b"\xfd7z")


def _load_csv(
    con: duckdb.DuckDBPyConnection, source: TableSource, plain: str, scratch: Path
) -> list[tuple[int, str, str]]:
    options: dict[str, Any] = {
        "all_varchar": True,
        "store_rejects": True,
        **_default_options(source, plain),
        **source.options,
    }
    if "types" in options:
        options.pop("all_varchar")
        columns = con.execute(
            f"describe select * from read_csv(?, {_literal_options({**options, 'types': {}})})", [plain]
        )
        options["types"] = {row[0]: "VARCHAR" for row in columns.fetchall()} | dict(source.options["types"])
    header_lines = 0 if options.get("header") is False else 1
    first_line = 1 + header_lines + int(options.get("skip", 0))
    _create_input(con, f"read_csv(?, {_literal_options(options)})", [plain], first_line)
    errors = con.execute(
        "select line, string_agg(distinct lower(error_type), ', '), any_value(csv_line)"
        " from reject_errors group by line order by line"
    ).fetchall()
    if "encoding" not in options and any("encoding" in kind for _, kind, _ in errors):
        for table in ("input", "reject_errors", "reject_scans"):
            con.execute(f"drop table {table}")
        return _load_csv(con, source, _as_utf8(plain, con, scratch), scratch)
    return [(int(line), f"not a record of this file: {kind}", text or "") for line, kind, text in errors]


def _as_utf8(plain: str, con: duckdb.DuckDBPyConnection, scratch: Path) -> str:
    """A copy in which the lines that are not UTF-8, and only those, were read as latin-1."""
    copy = scratch / f"{_stem(con)}.utf8"
    with Path(plain).open("rb") as file, copy.open("wb") as out:
        for line in file:
            out.write(decode(line).encode())
    return str(copy)


def _stem(con: duckdb.DuckDBPyConnection) -> str:
    """Name of the scratch database: whatever begins with it is removed in the end."""
    return Path(con.execute("select path from duckdb_databases() where not internal").fetchall()[0][0]).stem


def _default_options(source: TableSource, plain: str) -> dict[str, Any]:
    """A header and its delimiter for a built-in table; a custom source says what differs, DuckDB finds out the rest."""
    if source.file_format is not None:
        return {}
    with Path(plain).open("rb") as file:
        header = file.readline(1 << 16).decode("utf-8-sig", "replace")
    counts = {delimiter: len(re.findall(re.escape(delimiter), header)) for delimiter in ",;\t|"}
    return {"header": True, "delim": max(counts, key=lambda d: counts[d]), "quote": '"', "escape": '"'}


def _literal_options(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {_literal(value)}" for name, value in options.items() if value != {})


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(v) for v in value) + "]"
    return "'" + str(value).replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


# --- the source's SQL ------------------------------------------------------------------------------------


def _make_output(con: duckdb.DuckDBPyConnection, source: TableSource) -> bool:
    """Makes the table `output` of canonical columns, untyped; says whether its rows still know their line."""
    if source.sql is None:
        written = {name.strip().lower(): name for name in reversed(_columns(con, "input"))}
        known = {name: written[name] for name in source.kind.columns if name in written}
        selected = [f"{_quoted(name)} as {column}" for column, name in known.items()]
        con.execute(f"create table output as select {', '.join([LINE, *selected])} from input")
        _check_columns(con, source, RefusedFile)
        return True
    statement = _with_line(source)
    con.execute("set enable_external_access = false")
    try:
        con.execute(f"create table output as {statement}")
    except duckdb.Error as error:
        raise SettingsError(
            f"{source.sql_name}: the SQL of source {source.source} does not run: {error}",
            "the table `input` holds the rows of one file, with the file's own column names",
        ) from error
    _check_columns(con, source, SettingsError)
    return LINE in _columns(con, "output")


def _with_line(source: TableSource) -> str:
    """The custom SQL, selecting the line number too wherever one output row is one input row."""
    try:
        statements = sqlglot.parse(source.sql or "", read="duckdb")
    except sqlglot.errors.ParseError as error:
        raise SettingsError(f"{source.sql_name}: not valid SQL: {_first_line(error)}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise SettingsError(f"{source.sql_name}: must be one select statement, from input")
    tree = statements[0]
    plain = isinstance(tree, exp.Select) and not any(
        tree.args.get(part) for part in ("group", "distinct", "joins", "with_", "with")
    )
    reads_input = (
        isinstance(tree, exp.Select)
        and (source_of := tree.find(exp.From)) is not None
        and source_of.this.name == "input"
    )
    if plain and reads_input and not any(tree.find_all(exp.AggFunc)):
        return tree.select(exp.column(LINE)).sql(dialect="duckdb")
    return tree.sql(dialect="duckdb")


def _check_columns(con: duckdb.DuckDBPyConnection, source: TableSource, problem: type[CallwrightError]) -> None:
    where = source.sql_name or f"source {source.source}"
    selected = [name for name in _columns(con, "output") if name != LINE]
    for name in selected:
        if name not in source.kind.columns and source.sql is not None:
            near = difflib.get_close_matches(name, source.kind.columns, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError(
                f"{where}: unknown column {name}{meant}",
                f"the columns of kind {source.kind.name} are: {', '.join(source.kind.columns)}",
            )
    missing = [name for name in source.kind.required if name not in selected]
    if missing:
        raise problem(f"{where}: required column missing: {', '.join(missing)} ({_found_columns(con)})")
    if source.kind.one_of and not set(source.kind.one_of) & set(selected):
        raise problem(f"{where}: one of these columns is required: {', '.join(source.kind.one_of)}")


def _found_columns(con: duckdb.DuckDBPyConnection) -> str:
    """The file's column names, as far as they are names: without a header a customer stands in their place."""
    found = [name for name in _columns(con, "input") if name != LINE]
    names = [name for name in found if re.fullmatch(r"[a-z_][a-z_ ]{0,40}", name.lower()) and name == name.lower()]
    others = (
        f", and {len(found) - len(names)} that look like no name: has the file a header?"
        if len(names) < len(found)
        else ""
    )
    return f"found: {', '.join(names) or 'none'}{others}"


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [row[0] for row in con.execute(f"describe {table}").fetchall()]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# --- typed rows and rejects ------------------------------------------------------------------------------


def _write_rows(
    con: duckdb.DuckDBPyConnection, source: TableSource, segment_id: int, rows_path: Path,
    file_rejects: list[tuple[int, str, str]], has_line: bool,
) -> TableResult:  # fmt: skip
    kind = source.kind
    line = LINE if has_line else "null"
    present = set(_columns(con, "output"))
    typed = [f"{_typed(c, t) if c in present else 'null::' + t} as {c}" for c, t in kind.columns.items()]
    raw = [f"{_text(c)} as raw_{c}" for c in kind.columns if c in present]
    con.execute(f"create table typed as select {line}::bigint as {LINE}, {', '.join(typed + raw)} from output")
    con.execute(f"create table judged as select *, {_reason(kind, present)} as reason from typed")
    names = ", ".join(kind.columns)
    con.execute(
        f"copy (select {sql_text(source.source)} as source, {names}, {segment_id}::bigint as segment_id,"
        f" {LINE} as line_number from judged where reason is null)"
        f" to {sql_text(rows_path)} (format parquet, compression zstd)"
    )
    input_count = _one(con, "select count(*) from input")
    output_count = _one(con, "select count(*) from output")
    row_count = _one(con, "select count(*) from judged where reason is null")
    rejects = file_rejects + _row_rejects(con, has_line, present, kind)
    # A SQL that makes several rows of one (a call's visits) leaves nothing out.
    filtered = max(input_count - output_count, 0)
    first, last = None, None
    if kind.time_column:
        times = con.execute(
            f"select min({kind.time_column}), max({kind.time_column}) from judged where reason is null"
        ).fetchall()[0]
        first, last = (t.isoformat() if t else None for t in times)
    return TableResult(
        line_count=max(input_count, output_count) + len(file_rejects),
        row_count=row_count,
        ignored=Counter({"filtered": filtered} if filtered else {}),
        rejects=rejects_frame(sorted(rejects, key=lambda r: r[0])),
        first_event_at=first,
        last_event_at=last,
    )


def _one(con: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(con.execute(query).fetchall()[0][0])


def _text(column: str) -> str:
    return f"nullif(trim(cast({_quoted(column)} as varchar)), '')"


def _typed(column: str, duckdb_type: str) -> str:
    text = _text(column)
    if duckdb_type in (TIME, FLAG):
        return f"try_cast({text} as {duckdb_type})" if duckdb_type == FLAG else _time(column, text)
    if duckdb_type in (NUMBER, COUNT):
        return f"try_cast({text} as {duckdb_type})"
    return text


def _time(column: str, text: str) -> str:
    """A time with its own offset keeps it; one without is in the session's zone, which is the source's."""
    return f"coalesce(try_cast({text} as {TIME}), try_cast({_quoted(column)} as {TIME}))"


def _reason(kind: Kind, present: set[str]) -> str:
    cases = [f"when {column} is null and raw_{column} is null then '{column} is empty'" for column in kind.required]
    if kind.one_of:
        empty = " and ".join(f"{c} is null" for c in kind.one_of)
        cases.append(f"when {empty} then 'none of {', '.join(kind.one_of)} is set'")
    words = {
        TIME: "a time (YYYY-MM-DD HH:MM:SS)",
        NUMBER: "a number",
        COUNT: "a whole number",
        FLAG: "true or false",
    }
    for column, duckdb_type in kind.columns.items():
        if column in present and duckdb_type in words:
            cases.append(
                f"when {column} is null and raw_{column} is not null then '{column} is not {words[duckdb_type]}'"
            )
        if column in present and duckdb_type == TIME:
            cases.append(
                f"when {column} not between '{kind.earliest}' and '2200-01-01 00:00:00+00'"
                f" then '{column} is impossible'"
            )
        if column in present and duckdb_type == NUMBER:
            cases.append(f"when not isfinite({column}) then '{column} is not a finite number'")
    cases += [f"when {condition} then '{reason}'" for reason, condition in kind.rules]
    return f"case {' '.join(cases)} end"


def _row_rejects(
    con: duckdb.DuckDBPyConnection, has_line: bool, present: set[str], kind: Kind
) -> list[tuple[int, str, str]]:
    """The rejected rows with the text they came from: the file's own row where it is known, else the SQL's."""
    if has_line:
        columns = [c for c in _columns(con, "input") if c != LINE]
        joined = ", ".join(f"coalesce(cast(i.{_quoted(c)} as varchar), '')" for c in columns)
        query = (
            f"select j.{LINE}, j.reason, concat_ws(',', {joined})"
            f" from judged j join input i using ({LINE}) where j.reason is not null"
        )
    else:
        joined = ", ".join(f"coalesce(raw_{c}, '')" for c in kind.columns if c in present)
        query = f"select null, reason, concat_ws(',', {joined}) from judged where reason is not null"
    return [(int(n or 0), reason, text) for n, reason, text in con.execute(query).fetchall()]
