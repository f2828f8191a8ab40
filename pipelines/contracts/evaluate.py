"""Runs a contract on a table: DuckDB counts the offending rows, Great Expectations judges the counts.

Belongs here: the SQL that counts and that fetches examples, and putting a result together.
Does not belong here: what is promised, how Great Expectations works, truths between tables (sql_checks.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

import duckdb

from pipelines.contracts.base import Contract, Rule
from pipelines.contracts.results import SAMPLE_MAX, CheckResult
from pipelines.contracts.suites import (
    COLUMNS,
    TYPES,
    UNIQUE_KEY,
    Verdict,
    observation_frame,
    validate,
    verdicts,
)

EXISTS = "exists"


@dataclass(frozen=True)
class Observation:
    """What DuckDB says of one table.

    Attributes:
        types: DuckDB type by column, as the table is.
        row_count: Rows of the table.
        failing_counts: Failing rows by check; None where the check could not be evaluated.
        errors: Why, by check.
    """

    types: dict[str, str]
    row_count: int
    failing_counts: dict[str, int | None]
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """The part of a `CheckResult` that depends on the data."""

    passed: bool
    failing_count: int
    observed: str
    sample: tuple[str, ...]


def run_contract(
    con: duckdb.DuckDBPyConnection, contract: type[Contract], part: str | None = None
) -> list[CheckResult]:
    """Checks one table against its contract.

    Args:
        con: The connection whose database holds the table.
        contract: The table's contract.
        part: A condition that leaves the rows to be checked, where all others are known to be right; no key may be
            shared by a row of the part and another.

    Returns:
        One result a check, in the contract's order. A table or a column that is not there, or a rule that
        cannot be computed, is a failed result of its own and hides no other.
    """
    now = datetime.now(UTC)
    try:
        observed = observe(con, contract, part)
    except duckdb.OutOfMemoryException:
        raise  # says nothing of the data
    except duckdb.Error as error:
        return [_unreadable(contract, error, now)]
    types, counts = tuple(observed.types.items()), tuple(observed.failing_counts.items())
    judged = _verdicts(contract, types, counts)  # type: ignore[arg-type]  # mypy takes a class's hash for its instances'
    return [
        _result(contract, name, _finding(con, contract, observed, name, verdict, part), now)
        for name, verdict in judged.items()
    ]


@lru_cache(maxsize=256)
def _verdicts(
    contract: type[Contract], types: tuple[tuple[str, str], ...], failing_counts: tuple[tuple[str, int | None], ...]
) -> Mapping[str, Verdict]:
    """What Great Expectations says of an observation; the same one, of another run, is not asked again: 0.1 s."""
    validation = validate(contract, observation_frame(dict(types), dict(failing_counts)))
    return verdicts(contract, validation)


def observe(con: duckdb.DuckDBPyConnection, contract: type[Contract], part: str | None = None) -> Observation:
    """Reads a table's columns and counts what breaks each rule, in one scan.

    Raises:
        duckdb.Error: The table is not there, or its files cannot be read.
    """
    types = {str(row[0]): str(row[1]) for row in con.execute(f"describe {quoted(contract.table)}").fetchall()}
    table = _relation(contract, part)
    counters = _counters(contract)
    try:
        row_count, counts = _count(con, table, counters)
        errors: dict[str, str] = {}
    except duckdb.Error:
        row_count, counts, errors = _count_one_by_one(con, table, counters)
    if contract.key and counts[UNIQUE_KEY]:
        counts[UNIQUE_KEY] = _repeated_count(con, table, contract.key)
    return Observation(types, row_count, {TYPES: len(_wrong_types(contract, types)), **counts}, errors)


def quoted(table: str) -> str:
    """A table's name with each part quoted."""
    return ".".join(f'"{part}"' for part in table.split("."))


def _relation(contract: type[Contract], part: str | None) -> str:
    table = quoted(contract.table)
    return table if part is None else f"(select * from {table} where {part}) as part"


def _counters(contract: type[Contract]) -> dict[str, str]:
    """An aggregate a check that counts its failing rows."""
    rules = {rule.name: f"count(*) filter (where not ({rule.condition}))" for rule in contract.rules()}
    if not contract.key:
        return rules
    # A hash is far cheaper to tell apart than the key itself; `_repeated_count` then has the exact word.
    return {UNIQUE_KEY: f"count(*) - count(distinct hash({', '.join(contract.key)}))", **rules}


def _count(
    con: duckdb.DuckDBPyConnection, table: str, counters: Mapping[str, str]
) -> tuple[int, dict[str, int | None]]:
    aggregates = ", ".join(["count(*)", *counters.values()])
    # All of a result is fetched, always: one that is left unfinished blocks the caller's connection.
    (row,) = con.execute(f"select {aggregates} from {table}").fetchall()
    return row[0], dict(zip(counters, row[1:], strict=True))


def _count_one_by_one(
    con: duckdb.DuckDBPyConnection, table: str, counters: Mapping[str, str]
) -> tuple[int, dict[str, int | None], dict[str, str]]:
    """As `_count`, a query a check, so that one rule's error leaves the others their answer."""
    row_count, _ = _count(con, table, {})
    counts: dict[str, int | None] = {}
    errors: dict[str, str] = {}
    for name, counter in counters.items():
        try:
            counts |= _count(con, table, {name: counter})[1]
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            counts[name] = None
            errors[name] = str(error).splitlines()[0]
    return row_count, counts, errors


def _repeated_count(con: duckdb.DuckDBPyConnection, table: str, key: tuple[str, ...]) -> int:
    """Rows that share their key with another row."""
    names = ", ".join(key)
    repeated = f"select count(*) as n from {table} group by {names} having count(*) > 1"
    ((row_count,),) = con.execute(f"select coalesce(sum(n), 0) from ({repeated}) as repeated").fetchall()
    return int(row_count)


def _wrong_types(contract: type[Contract], types: Mapping[str, str]) -> list[str]:
    """Columns whose type is not the promised one, in words; missing columns are another check's."""
    return [
        f"{column.name} is {types[column.name]}, not {column.type}"
        for column in contract.columns
        if column.types and column.name in types and types[column.name] not in column.types
    ]


def _finding(
    con: duckdb.DuckDBPyConnection,
    contract: type[Contract],
    observed: Observation,
    name: str,
    verdict: Verdict,
    part: str | None,
) -> Finding:
    """What the operator is told of one check."""
    error = observed.errors.get(name, verdict.error)
    if error is not None:
        # The error may quote a value, so it goes where rows go.
        return Finding(False, 0, "could not be checked", (error,))
    if verdict.passed:
        return Finding(True, 0, f"{observed.row_count:,} {'rows' if part is None else 'rows made anew'}", ())
    if name == COLUMNS:
        missing = [column.name for column in contract.columns if column.name not in observed.types]
        return Finding(False, len(missing), f"missing: {', '.join(missing)}", tuple(missing))
    if name == TYPES:
        wrong = _wrong_types(contract, observed.types)
        return Finding(False, len(wrong), "; ".join(wrong), tuple(wrong))
    failing_count = observed.failing_counts[name] or 0
    words = f"{failing_count:,} of {observed.row_count:,} rows"
    return Finding(False, failing_count, words, _sample(con, contract, observed, name, part))


def _result(contract: type[Contract], name: str, finding: Finding, now: datetime) -> CheckResult:
    rule = _rule(contract, name)
    return CheckResult(
        table_name=contract.table,
        check_name=name,
        severity=rule.severity if rule else "fail",
        passed=finding.passed,
        failing_count=finding.failing_count,
        observed=finding.observed,
        sample=finding.sample,
        meaning=rule.meaning if rule else _meaning(contract, name),
        checked_at=now,
    )


def _rule(contract: type[Contract], name: str) -> Rule | None:
    """The rule behind a check; None for the checks every contract has."""
    return next((rule for rule in contract.rules() if rule.name == name), None)


def _sample(
    con: duckdb.DuckDBPyConnection, contract: type[Contract], observed: Observation, name: str, part: str | None
) -> tuple[str, ...]:
    """Names of offending rows, with the values of the columns that the rule speaks of."""
    table = _relation(contract, part)
    rule = _rule(contract, name)
    if rule is None:
        names = ", ".join(contract.key)
        query = (
            f"select {names}, count(*) as row_count from {table} group by {names} "
            f"having count(*) > 1 order by {names} limit {SAMPLE_MAX}"
        )
        return rows_as_text(con, query)
    naming = [column for column in contract.naming_columns() if column in observed.types]
    mentioned = [
        column
        for column in observed.types
        if column not in naming and re.search(rf"\b{re.escape(column)}\b", rule.condition)
    ]
    shown = ", ".join(f'"{column}"' for column in (*naming, *mentioned))
    # Sorted, so that the same data names the same rows every time.
    ordered = f"select {shown} from {table} where not ({rule.condition}) order by all limit {SAMPLE_MAX}"
    return rows_as_text(con, ordered)


def rows_as_text(con: duckdb.DuckDBPyConnection, query: str) -> tuple[str, ...]:
    """Runs a query and says each of its rows as `column=value, …`."""
    cursor = con.execute(query)
    columns = [str(column[0]) for column in cursor.description or ()]
    return tuple(
        ", ".join(f"{column}={_value_text(value)}" for column, value in zip(columns, row, strict=True))
        for row in cursor.fetchall()
    )


def _value_text(value: object) -> str:
    if value is None:
        return "null"
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) and value.tzinfo else str(value)


def _meaning(contract: type[Contract], name: str) -> str:
    return {
        COLUMNS: "Every column that readers were promised is there.",
        TYPES: "Every column has the type that readers were promised.",
        UNIQUE_KEY: f"No two rows share {', '.join(contract.key)}.",
    }[name]


def _unreadable(contract: type[Contract], error: duckdb.Error, now: datetime) -> CheckResult:
    """The one result of a table that cannot be read at all."""
    is_missing = isinstance(error, duckdb.CatalogException)
    return CheckResult(
        table_name=contract.table,
        check_name=EXISTS,
        severity="fail",
        passed=False,
        failing_count=0,
        observed=f"{contract.table} {'does not exist' if is_missing else 'cannot be read'}",
        sample=(str(error).splitlines()[0],),
        meaning=f"The table {contract.table} is there to be checked.",
        checked_at=now,
    )
