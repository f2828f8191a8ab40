"""Units stand in names: the name of every column of every table against the type that the database gives it.

Belongs here: suffixes, prefixes, and the names that may do without, each with its reason.
Not here: descriptions (test_sql_texts.py), what the figures are.
"""

from __future__ import annotations

import pytest

from pipelines.metrics import load_catalogue
from pipelines.sqlgraph import load_models

MODELS = load_models()
INSTANT = "TIMESTAMP WITH TIME ZONE"
NUMBERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE"}

TYPE_OF_SUFFIX = {
    "_s": "DOUBLE",
    "_count": "BIGINT",
    "_rate": "DOUBLE",
    "_pct": "DOUBLE",
    "_amount": "DOUBLE",
    "_at": INSTANT,
    "_date": "DATE",
    "customer_key": "VARCHAR",  # a pseudonym, written by Python
    "_key": "UUID",
    "_token": "VARCHAR",
}
SUFFIXES_OF_NUMBERS = ("_s", "_count", "_rate", "_pct", "_amount")

# A number, time or truth without a suffix: each has a reason to be read as it stands.
NAMED_OTHERWISE = {
    "adjusted_p_value": "a probability, as statistics calls it",
    "amount": "contract: core.orders, with its currency beside it",
    "baseline_value": "contract: a metric's value, in the metric's own unit",
    "birth_year": "contract: a year is no date",
    "churn_probability": "contract: 0 to 1, as the model says it",
    "denominator": "contract: of a metric, in its own unit",
    "deviation": "in standard deviations, whatever the unit of the figure",
    "expected_value": "a metric's value, in the metric's own unit",
    "from_hour": "an hour of the clock, 0 to 23",
    "high_limit": "a metric's value, in the metric's own unit",
    "holdout_orders_per_customer": "a mean of counts, its unit is its name",
    "line_number": "contract: a place in a file",
    "local_hour": "contract: an hour of the clock, 0 to 23",
    "low_limit": "a metric's value, in the metric's own unit",
    "margin": "a column of an export, as design.md names it; core.orders calls it margin_amount",
    "marketing_opt_out": "contract: the customer's own no",
    "meanings": "bits, one for each kind of event; a step, nobody's interface",
    "minimum_n": "the setting of callwright.toml",
    "n": "contract: how many cases a figure rests on",
    "numerator": "contract: of a metric, in its own unit",
    "orders_per_customer": "a mean of counts, its unit is its name",
    "orders_uplift": "orders per customer",
    "orders_uplift_high": "orders per customer",
    "orders_uplift_low": "orders per customer",
    "p_value": "a probability, as statistics calls it",
    "passed": "contract: meta.check_results",
    "position_in": "contract: a place in a queue",
    "position_out": "contract: a place in a queue",
    "prior_value": "a metric's value, in the metric's own unit",
    "priority": "contract: 0 to 100, as routers use it",
    "profiling_objection": "contract: the customer's own no",
    "propensity": "contract: the probability of an action, as the literature calls it",
    "ran_queue": "a channel ran Queue(), or did not",
    "rank": "the place of a [[targets]] section in callwright.toml",
    "scale_max": "contract: in points of the survey's own scale",
    "scale_min": "contract: in points of the survey's own scale",
    "score": "contract: in points of the survey's own scale",
    "score_sum": "contract: a sum of points",
    "segment_id": "the lake's number of a part of a file",
    "segment_seq": "contract: an ordinal",
    "sequence": "Asterisk's own number of a record",
    "side": "1 or -1; a step, nobody's interface",
    "step_number": "contract: an ordinal",
    "to_hour": "an hour of the clock, 1 to 24",
    "sustained_deviation": "in standard deviations, whatever the unit of the figure",
    "valid_from": "contract: an instant of core.customers, a local date of targets",
    "valid_to": "contract: an instant of core.customers, a local date of targets",
    "value": "contract: a metric's value, in the metric's own unit",
    "visit_number": "an ordinal",
    "visit_seq": "contract: an ordinal",
    "x": "contract: a place on a curve",
    "y": "contract: a place on a curve",
}


@pytest.fixture(scope="module")
def columns(sample) -> list[tuple[str, str, str]]:
    """Table, column, type: of everything that SQL of ours builds."""
    found = sample.rows(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() where not internal"
    )
    return [row for row in found if row[0] in MODELS]


def test_every_table_is_built(columns):
    assert {table for table, _, _ in columns} == set(MODELS)


def test_number_or_time_or_truth_says_its_unit(columns):
    wanted = {INSTANT: ("_at",), "DATE": ("_date",), "TIMESTAMP": ()} | dict.fromkeys(NUMBERS, SUFFIXES_OF_NUMBERS)
    bare = {
        f"{table}.{column} {kind}"
        for table, column, kind in columns
        if column not in NAMED_OTHERWISE
        and column not in load_catalogue().metrics  # which says its unit
        and (
            (kind in wanted and not column.endswith(wanted[kind]))
            or (kind == "BOOLEAN" and not column.startswith(("is_", "has_")))
        )
    }
    assert bare == set()


def test_suffix_has_one_type_everywhere(columns):
    wrong = {
        f"{table}.{column} {kind}, not {expected}"
        for table, column, kind in columns
        if (expected := next((t for suffix, t in TYPE_OF_SUFFIX.items() if column.endswith(suffix)), kind)) != kind
    }
    wrong |= {
        f"{table}.{column} {kind}"
        for table, column, kind in columns
        if column.startswith(("is_", "has_")) and kind != "BOOLEAN"
    }
    assert wrong == set()


def test_amount_has_its_currency_beside_it(columns):
    by_table: dict[str, set[str]] = {}
    for table, column, _ in columns:
        by_table.setdefault(table, set()).add(column)
    # Features are of one centre, whose currency is one: sql/checks/orders_one_currency.sql.
    lacking = {
        table
        for table, names in by_table.items()
        if any(name.endswith("_amount") or name == "amount" for name in names) and "currency" not in names
    }
    assert {table for table in lacking if not table.startswith("features.")} == set()


def test_exception_is_still_needed(columns):
    assert NAMED_OTHERWISE.keys() - {column for _, column, _ in columns} == set()


def test_name_has_one_type_in_all_published_tables(columns):
    several: dict[str, set[str]] = {}
    for table, column, kind in columns:
        if MODELS[table].is_published and column not in ("valid_from", "valid_to"):
            several.setdefault(column, set()).add(kind)
    assert {name: kinds for name, kinds in several.items() if len(kinds) > 1} == {}
