"""Reads a table file (CSV, Parquet, XLSX, JSON lines) into a canonical table, through the source's SQL if it has one.

Belongs here: the built-in `crm_*` and other tabular sources, and custom sources; both take this one road, the built-in
ones with the identity for SQL. Does not belong here: what the canonical columns are (canonical.py), encodings
(encodings.py), CSV dialects (csv_tables.py), spreadsheets (sheets.py), decimal commas and forms of dates (forms.py).

What was taken for granted of a file (its encoding, a decimal comma, which part of a date is the day, columns left
unused) is told in `TableResult.notes`.
DuckDB reads and types the file in a database of its own, on disk, so memory stays bounded and the warehouse unlocked.
"""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import sqlglot
from sqlglot import exp

from pipelines.errors import CallwrightError, SettingsError
from pipelines.sources.base import REJECT_SCHEMA, REJECT_TEXT_MAX, rejects_frame, sql_text
from pipelines.sources.canonical import COUNT, FLAG, NUMBER, TEXT, TIME, Kind
from pipelines.sources.csv_tables import dialect, load_csv
from pipelines.sources.encodings import find_encoding, named_encoding, write_utf8
from pipelines.sources.forms import Form, Stated, notes_of, number_forms, time_form
from pipelines.sources.lines import open_plain
from pipelines.sources.sheets import read_sheet

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
# Beside canonical columns, one of which is called `reason`.
WHY, DOUBT = "_why_refused", "_why_in_doubt"
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
        stated: What the settings say of the files' form, so that it need not be decided from them.
    """

    source: str
    kind: Kind
    timezone: str
    file_format: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    sql: str | None = None
    sql_name: str = ""
    stated: Stated = field(default_factory=Stated)

    @property
    def config(self) -> tuple[object, ...]:
        """Everything besides the bytes that decides the rows."""
        return (
            2,
            self.kind.name,
            self.timezone,
            self.file_format,
            dict(self.options),
            self.sql,
            sorted(self.kind.columns),
            astuple(self.stated),
        )


@dataclass(frozen=True)
class TableResult:
    """What one file gave; its rows are the Parquet at `rows_path`.

    Attributes:
        line_count: Data rows, a header not being one; row_count + ignored + rejects.
        row_count: Rows written.
        ignored: Rows left out by the source's SQL.
        rejects: `REJECT_SCHEMA`.
        first_event_at: Earliest time, ISO.
        last_event_at: Latest time, ISO.
        notes: What was taken for granted of the file, each a sentence without personal data.
    """

    line_count: int
    row_count: int
    ignored: Counter[str]
    rejects: pl.DataFrame
    first_event_at: str | None
    last_event_at: str | None
    notes: tuple[str, ...] = ()


@dataclass
class _Input:
    """The table `input` as made of a file: what the reader had to reject, and what is known of its form.

    `header` is the file's own, where DuckDB's column names may differ from it.
    """

    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    header: list[str] | None = None
    is_semicolon: bool = False
    serial_epoch: str | None = None


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
            loaded = _load_input(con, source, path, scratch)
            has_line = _make_output(con, source, loaded)
            return _write_rows(con, source, segment_id, rows_path, loaded, has_line)
    finally:
        for leftover in scratch.glob(f"table-{segment_id}.*"):
            leftover.unlink()


# --- the file, as it stands ------------------------------------------------------------------------------


def _load_input(con: duckdb.DuckDBPyConnection, source: TableSource, path: Path, scratch: Path) -> _Input:
    """Makes the table `input`."""
    file_format = source.file_format or _SUFFIXES.get(Path(path.name.removesuffix(".gz")).suffix.lower())
    if path.stat().st_size == 0:
        raise RefusedFile(f"{path.name}: the file is empty")
    if file_format is None:
        raise RefusedFile(f"{path.name}: the name does not say whether it is {', '.join(FORMATS)}")
    try:
        if file_format == "xlsx":
            return _load_sheet(con, path)
        plain = _plain_copy(path, con, scratch)
        if file_format == "csv":
            return _load_csv(con, source, plain, scratch)
        if file_format == "parquet":
            _create_input(con, "read_parquet(?)", [plain], first_line=1)
            return _Input()
        relation = "read_json(?, format = 'newline_delimited', convert_strings_to_integers = false)"
        _create_input(con, relation, [plain], first_line=1)
    except (duckdb.Error, pl.exceptions.PolarsError, ValueError, csv.Error) as error:
        raise RefusedFile(f"{path.name}: not readable as {file_format}: {_first_line(error)}") from error
    return _Input()


def _create_input(con: duckdb.DuckDBPyConnection, relation: str, parameters: list[Any], first_line: int) -> None:
    con.execute(
        f"create table input as select row_number() over () + {first_line - 1} as {LINE}, * from {relation}",
        parameters,
    )


def _load_sheet(con: duckdb.DuckDBPyConnection, path: Path) -> _Input:
    sheet = read_sheet(path, LINE)
    taken: Counter[str] = Counter()
    names = []
    for number, written in enumerate(sheet.header):
        name = written.strip() or f"column{number}"
        taken[name.lower()] += 1
        names.append(name if taken[name.lower()] == 1 else f"{name}_{taken[name.lower()] - 1}")
    con.register("sheet", sheet.rows.to_arrow())
    selected = ", ".join(f"c{number} as {_quoted(name)}" for number, name in enumerate(names))
    con.execute(f"create table input as select {LINE}, {selected} from sheet")
    con.unregister("sheet")
    notes = [sheet.note] if sheet.note else []
    return _Input(notes=notes, header=sheet.header, serial_epoch=sheet.serial_epoch)


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


def _load_csv(con: duckdb.DuckDBPyConnection, source: TableSource, plain: str, scratch: Path) -> _Input:
    options = dict(source.options)
    name = options.pop("encoding", None) or source.stated.encoding
    try:
        encoding = named_encoding(Path(plain), name) if name else find_encoding(Path(plain))
    except LookupError as error:
        raise SettingsError(f"source {source.source}: there is no encoding {name!r}") from error
    if encoding.name != "utf-8" or encoding.mark_bytes:
        copy = scratch / f"{_stem(con)}.utf8"
        write_utf8(Path(plain), encoding, copy)
        plain = str(copy)
    loaded = _Input(notes=[encoding.note] if encoding.note else [])
    if source.file_format is None:
        own, loaded.header = dialect(plain)
        options = {**own, **options}
        loaded.is_semicolon = own["delim"] == ";"
    loaded.rejects = load_csv(con, plain, options, LINE)
    return loaded


def _stem(con: duckdb.DuckDBPyConnection) -> str:
    """Name of the scratch database: whatever begins with it is removed in the end."""
    return Path(con.execute("select path from duckdb_databases() where not internal").fetchall()[0][0]).stem


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


# --- the source's SQL ------------------------------------------------------------------------------------


def _make_output(con: duckdb.DuckDBPyConnection, source: TableSource, loaded: _Input) -> bool:
    """Makes the table `output` of canonical columns, untyped; says whether its rows still know their line."""
    if source.sql is None:
        written = [name for name in _columns(con, "input") if name != LINE]
        header = loaded.header if loaded.header and len(loaded.header) == len(written) else written
        known = _canonical(header, written, source)
        selected = [f"{_quoted(name)} as {column}" for column, name in known.items()]
        con.execute(f"create table output as select {', '.join([LINE, *selected])} from input")
        _check_columns(con, source, RefusedFile)
        unused = [name for name in written if name not in known.values()]
        if unused:
            loaded.notes.append(f"columns not used: {_names(unused)}")
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


def _canonical(header: list[str], written: list[str], source: TableSource) -> dict[str, str]:
    """Canonical column to the file's, whatever case, blanks and signs the header is written with."""
    names = {_bare(column): column for column in source.kind.columns}
    found: dict[str, str] = {}
    for heading, name in zip(header, written, strict=True):
        column = names.get(_bare(heading))
        if column in found:
            raise RefusedFile(f"source {source.source}: the header has {column} twice, and one of them must go")
        if column:
            found[column] = name
    return {column: found[column] for column in source.kind.columns if column in found}


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


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
    return f"found: {_names([name for name in _columns(con, 'input') if name != LINE])}"


def _names(found: list[str]) -> str:
    """The file's column names, as far as they are names: without a header a customer stands in their place."""
    names = [name for name in found if re.fullmatch(r"[a-z_][a-z_ ]{0,40}", name.lower()) and name == name.lower()]
    others = (
        f", and {len(found) - len(names)} that look like no name: has the file a header?"
        if len(names) < len(found)
        else ""
    )
    return f"{', '.join(names) or 'none'}{others}"


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [row[0] for row in con.execute(f"describe {table}").fetchall()]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# --- typed rows and rejects ------------------------------------------------------------------------------


def _write_rows(
    con: duckdb.DuckDBPyConnection, source: TableSource, segment_id: int, rows_path: Path, loaded: _Input,
    has_line: bool,
) -> TableResult:  # fmt: skip
    kind, file_rejects = source.kind, loaded.rejects
    line = LINE if has_line else "null"
    present = set(_columns(con, "output"))
    forms = _forms(con, source, loaded)
    values = {c: forms[c].value if c in forms else _typed(c, t) for c, t in kind.columns.items()}
    typed = [f"{values[c] if c in present else 'null::' + t} as {c}" for c, t in kind.columns.items()]
    raw = [f"{_text(c)} as raw_{c}" for c in kind.columns if c in present]
    doubts = [f"when {condition} then {sql_text(why)}" for form in forms.values() for condition, why in form.doubts]
    doubt = f"case {' '.join(doubts)} end" if doubts else "null::varchar"
    columns = ", ".join([*typed, *raw, f"{doubt} as {DOUBT}"])
    con.execute(f"create table typed as select {line}::bigint as {LINE}, {columns} from output")
    con.execute(f"create table judged as select *, coalesce({DOUBT}, {_reason(kind, present)}) as {WHY} from typed")
    names = ", ".join(kind.columns)
    con.execute(
        f"copy (select {sql_text(source.source)} as source, {names}, {segment_id}::bigint as segment_id,"
        f" {LINE} as line_number from judged where {WHY} is null)"
        f" to {sql_text(rows_path)} (format parquet, compression zstd)"
    )
    input_count = _one(con, "select count(*) from input")
    output_count = _one(con, "select count(*) from output")
    row_count = _one(con, f"select count(*) from judged where {WHY} is null")
    rejects = pl.concat([rejects_frame(file_rejects), _row_rejects(con, has_line, present, kind)]).sort("line_number")
    # A SQL that makes several rows of one (a call's visits) leaves nothing out.
    filtered = max(input_count - output_count, 0)
    first, last = None, None
    if kind.time_column:
        times = con.execute(
            f"select min({kind.time_column}), max({kind.time_column}) from judged where {WHY} is null"
        ).fetchall()[0]
        first, last = (t.isoformat() if t else None for t in times)
    return TableResult(
        line_count=max(input_count, output_count) + len(file_rejects),
        row_count=row_count,
        ignored=Counter({"filtered": filtered} if filtered else {}),
        rejects=rejects,
        first_event_at=first,
        last_event_at=last,
        notes=(*loaded.notes, *notes_of(list(forms.values()))),
    )


def _forms(con: duckdb.DuckDBPyConnection, source: TableSource, loaded: _Input) -> dict[str, Form]:
    """How the text columns of a built-in table write numbers and times; a custom SQL brings its own forms in order."""
    if source.sql is not None:
        return {}
    types = dict(row[:2] for row in con.execute("describe output").fetchall())
    texts = {c: _text(c) for c, t in types.items() if t == TEXT and c in source.kind.columns}
    numbers = {c: text for c, text in texts.items() if source.kind.columns[c] == NUMBER}
    times = {c: text for c, text in texts.items() if source.kind.columns[c] == TIME}
    forms = number_forms(
        con, "output", numbers, source.source, source.stated, loaded.is_semicolon, loaded.serial_epoch is not None
    )
    for column, text in times.items():
        forms[column] = time_form(con, "output", column, text, source.source, source.stated, loaded.serial_epoch)
    return forms


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


def _row_rejects(con: duckdb.DuckDBPyConnection, has_line: bool, present: set[str], kind: Kind) -> pl.DataFrame:
    """The rejected rows with the text they came from: the file's own row where it is known, else the SQL's."""
    if has_line:
        columns = [c for c in _columns(con, "input") if c != LINE]
        joined = ", ".join(f"coalesce(cast(i.{_quoted(c)} as varchar), '')" for c in columns)
        number, rows = f"j.{LINE}", f"judged j join input i using ({LINE})"
    else:
        joined = ", ".join(f"coalesce(raw_{c}, '')" for c in kind.columns if c in present)
        number, rows = "0", "judged j"
    query = (
        f"select cast({number} as bigint) as line_number, j.{WHY} as reason,"
        f" left(concat_ws(',', {joined}), {REJECT_TEXT_MAX}) as text from {rows} where j.{WHY} is not null"
    )
    found = pl.DataFrame(con.sql(query).to_arrow_table())
    return found.select(pl.col(name).cast(dtype) for name, dtype in REJECT_SCHEMA.items())
