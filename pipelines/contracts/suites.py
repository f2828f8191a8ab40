"""Great Expectations suites, built from contracts, that judge what DuckDB counted.

Belongs here: everything that touches Great Expectations, imported in functions because that takes seconds.
Does not belong here: SQL, counting, what a contract says.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.contracts.base import Contract

# Checks every contract has beside its rules.
COLUMNS, TYPES, UNIQUE_KEY = "columns", "types", "unique_key"
# Counts stand beside the table's own columns in the frame, so they need names no column has.
_COUNT_PREFIX = "failing rows of "


@dataclass(frozen=True)
class Verdict:
    """What Great Expectations says of one check: passed, and the error if it could not be judged."""

    passed: bool
    error: str | None = None


def count_checks(contract: type[Contract]) -> tuple[str, ...]:
    """Names of the checks whose count of failing rows must be 0."""
    unique = (UNIQUE_KEY,) if contract.key else ()
    return (TYPES, *unique, *(rule.name for rule in contract.rules()))


def build_suite(contract: type[Contract]) -> Any:
    """Builds the contract's ExpectationSuite, each expectation marked with its check's name in `meta`.

    The suite expects a frame of one row, made by `observation_frame`.
    """
    import great_expectations as gx
    from great_expectations.expectations.core.expect_column_max_to_be_between import (
        ExpectColumnMaxToBeBetween,
    )
    from great_expectations.expectations.core.expect_table_columns_to_match_set import (
        ExpectTableColumnsToMatchSet,
    )

    has_columns = ExpectTableColumnsToMatchSet(
        column_set=[column.name for column in contract.columns], exact_match=False, meta={"check": COLUMNS}
    )
    # The largest of one value is that value. Row-wise expectations pass null, and take six times as long.
    is_zero = [
        ExpectColumnMaxToBeBetween(column=_COUNT_PREFIX + name, min_value=0, max_value=0, meta={"check": name})
        for name in count_checks(contract)
    ]
    return gx.ExpectationSuite(name=contract.table, expectations=[has_columns, *is_zero])


def observation_frame(types: Mapping[str, str], failing_counts: Mapping[str, int | None]) -> Any:
    """One row, in pandas: the table's columns holding their DuckDB types, then failing rows by check.

    Args:
        types: DuckDB type by column of the table as it is.
        failing_counts: Failing rows by check; None where a check could not be evaluated, which never passes.
    """
    columns = [pl.Series(name, [type_]) for name, type_ in types.items()]
    counts = [pl.Series(_COUNT_PREFIX + name, [n], dtype=pl.Int64) for name, n in failing_counts.items()]
    return pl.DataFrame([*columns, *counts]).to_pandas()


def validate(contract: type[Contract], frame: Any) -> Any:
    """Runs the contract's suite over an observation frame; returns Great Expectations' own result object."""
    batch = _batch_definition().get_batch(batch_parameters={"dataframe": frame})
    return batch.validate(build_suite(contract))


def verdicts(contract: type[Contract], validation: Any) -> dict[str, Verdict]:
    """Maps Great Expectations' results to checks by their `meta`, because they come in an order of their own.

    A check without a result has not passed.
    """
    found = {
        result.expectation_config.meta["check"]: Verdict(bool(result.success), _error_of(result))
        for result in validation.results
    }
    missing = Verdict(passed=False, error="Great Expectations gave no result")
    return {name: found.get(name, missing) for name in (COLUMNS, *count_checks(contract))}


@functools.cache
def _batch_definition() -> Any:
    """The process's one ephemeral context: the first costs seconds, and nothing of it is kept on disk."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("callwright").add_dataframe_asset("observations")
    return asset.add_batch_definition_whole_dataframe("one row a table")


def _error_of(result: Any) -> str | None:
    """The exception's message; GX keeps one dictionary for an expectation, or one per metric it needed."""
    info = result.exception_info or {}
    entries = [info] if "raised_exception" in info else list(info.values())
    messages = [str(entry["exception_message"]) for entry in entries if entry.get("raised_exception")]
    return messages[0] if messages else None
