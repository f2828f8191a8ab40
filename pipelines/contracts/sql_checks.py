"""Truths between tables: plain SQL queries that must return no rows.

Belongs here: finding, reading and running `sql/checks/*.sql` and a centre's own `checks/*.sql`.
Does not belong here: promises of one table (contracts), and the queries themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from pipelines.contracts.base import Severity
from pipelines.contracts.evaluate import quoted, rows_as_text
from pipelines.contracts.results import PUBLISH, SAMPLE_MAX, CheckResult
from pipelines.errors import SettingsError

_TAG = re.compile(r"--\s*(severity|table|owner|grain|part)\s*:\s*(.*)")
# A semicolon, and comments behind it, cannot stand inside the query that counts.
_TAIL = re.compile(r";\s*(?:--[^\n]*\s*)*\Z")


@dataclass(frozen=True)
class SqlCheck:
    """One query that must return no rows.

    Attributes:
        name: The file's name without its ending.
        purpose: What must be true, from the header's first lines.
        severity: "fail" stops a publish, "warn" does not.
        table: The table the check guards; None where it guards publishing.
        part: How it can be asked of what has changed alone, see `Increments.narrowed`; None: only of everything.
        query: The query.
        path: The file, for error messages.
    """

    name: str
    purpose: str
    severity: Severity
    table: str | None
    part: str | None
    query: str
    path: Path


def load_checks(folders: Iterable[Path]) -> list[SqlCheck]:
    """Reads the checks of several folders, by name; a folder that is not there holds none.

    Raises:
        SettingsError: A header is wrong, or two files have one name.
    """
    checks: dict[str, SqlCheck] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.sql"))):
        check = parse_check(path)
        if check.name in checks:
            raise SettingsError(
                f"{path}: the check {check.name!r} is also in {checks[check.name].path}",
                hint=f"Give {path.name} another name.",
            )
        checks[check.name] = check
    return [checks[name] for name in sorted(checks)]


def parse_check(path: Path) -> SqlCheck:
    """Reads one check: its header comment and its query.

    Raises:
        SettingsError: The file does not say what must be true, or its severity is unknown.
    """
    content = path.read_text(encoding="utf-8")
    comments = [line.strip() for line in _header(content)]
    tags = {match[1]: match[2].strip() for line in comments if (match := _TAG.match(line))}
    purpose = " ".join(line.lstrip("- ") for line in comments if not _TAG.match(line)).strip()
    if not purpose:
        raise SettingsError(f"{path}: the first line must be a comment that says what must be true")
    severity = tags.get("severity", "fail")
    if severity not in ("fail", "warn"):
        raise SettingsError(f"{path}: severity {severity!r} is unknown", hint="Write `-- severity: fail` or `warn`.")
    checked: Severity = "warn" if severity == "warn" else "fail"
    return SqlCheck(path.stem, purpose, checked, tags.get("table"), tags.get("part"), content, path)


def run_check(con: duckdb.DuckDBPyConnection, check: SqlCheck) -> CheckResult:
    """Runs one check.

    Returns:
        Failed with its first rows in `sample` where the query returns rows. A table that does not exist, or a
        query that cannot be run, stops a publish whatever the check's severity: nothing was shown to be true.
    """
    try:
        query = _single_select(con, check)
        missing = missing_tables(con, query)
        if missing:
            verb = "does" if len(missing) == 1 else "do"
            return _not_run(check, f"{', '.join(missing)} {verb} not exist", ())
        ((failing_count,),) = con.execute(f"select count(*) from (\n{query}\n) as failing").fetchall()
        sample = _first_rows(con, query) if failing_count else ()
    except duckdb.OutOfMemoryException:
        raise  # says nothing of the data
    except (duckdb.Error, sqlglot.errors.SqlglotError) as error:
        # The error may quote a value, so it goes where rows go.
        return _not_run(check, "could not be run", (f"{check.path}: {str(error).splitlines()[0]}",))
    rows = "1 row" if failing_count == 1 else f"{failing_count:,} rows"
    return _result(check, check.severity, failing_count == 0, failing_count, rows, sample)


def missing_tables(con: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    """The tables with a schema that a query reads and the database does not have."""
    return [table for table in tables_of(query) if not _exists(con, table)]


def tables_of(query: str) -> list[str]:
    """The tables with a schema that a query reads."""
    read = {
        ".".join(part.name for part in table.parts)
        for table in sqlglot.parse_one(query, read="duckdb").find_all(exp.Table)
        if table.db
    }
    return sorted(read)


def _header(content: str) -> Iterable[str]:
    """The comment lines before the query."""
    for line in content.splitlines():
        if line.strip() and not line.lstrip().startswith("--"):
            return
        if line.strip():
            yield line


def _single_select(con: duckdb.DuckDBPyConnection, check: SqlCheck) -> str:
    """The file's one query; a check only looks, so anything but one SELECT is refused.

    Raises:
        duckdb.Error: The file is not one SELECT.
    """
    statements = con.extract_statements(check.query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise duckdb.ParserException("a check is exactly one select statement")
    return _TAIL.sub("", statements[0].query)


def _exists(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    try:
        con.execute(f"describe {quoted(table)}").fetchall()
    except duckdb.CatalogException:
        return False
    return True


def _first_rows(con: duckdb.DuckDBPyConnection, query: str) -> tuple[str, ...]:
    return rows_as_text(con, f"select * from (\n{query}\n) as failing order by all limit {SAMPLE_MAX}")


def _not_run(check: SqlCheck, observed: str, sample: tuple[str, ...]) -> CheckResult:
    return _result(check, "fail", False, 0, observed, sample)


def _result(
    check: SqlCheck,
    severity: Severity,
    passed: bool,
    failing_count: int,
    observed: str,
    sample: tuple[str, ...],
) -> CheckResult:
    return CheckResult(
        table_name=check.table or PUBLISH,
        check_name=check.name,
        severity=severity,
        passed=passed,
        failing_count=failing_count,
        observed=observed,
        sample=sample,
        meaning=check.purpose,
        checked_at=datetime.now(UTC),
    )
