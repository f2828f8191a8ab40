"""Contracts run on tables: Great Expectations judges, and the result says which rows."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contracts import suites
from pipelines.contracts.base import Column, Contract, Rule
from pipelines.contracts.evaluate import observe, run_contract
from pipelines.contracts.registry import CONTRACT_OF, CONTRACTS

VISITS = CONTRACT_OF["core.queue_visits"]
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def by_name(results):
    return {result.check_name: result for result in results}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.table)
def test_good_rows_pass_every_check(con, fill, good_rows, contract):
    fill(contract, good_rows[contract.table])
    results = run_contract(con, contract)
    assert [result.check_name for result in results if not result.passed] == []
    assert [result.check_name for result in results] == ["columns", *suites.count_checks(contract)]
    assert {result.table_name for result in results} == {contract.table}


def test_a_failing_check_names_the_rows_and_the_values_it_speaks_of(con, fill, good_rows):
    row = good_rows[VISITS.table]
    fill(
        VISITS,
        row,
        row | {"visit_key": "00000000-0000-0000-0000-0000000000f2", "left_at": NOON - timedelta(seconds=30)},
        row
        | {
            "visit_key": "00000000-0000-0000-0000-0000000000f3",
            "outcome": "lost",
            "answered_at": None,
            "talk_s": 0.0,
            "hold_s": 0.0,
        },
    )
    results = by_name(run_contract(con, VISITS))
    assert {name for name, result in results.items() if not result.passed} == {
        "left_after_entered",
        "left_after_answered",
        "outcome_values",
    }
    late = results["left_after_entered"]
    assert (late.severity, late.failing_count, late.observed) == ("fail", 1, "1 of 3 rows")
    assert late.sample == (
        "visit_key=00000000-0000-0000-0000-0000000000f2,"
        " entered_at=2026-03-02T12:00:00+00:00, left_at=2026-03-02T11:59:30+00:00",
    )
    assert late.stops_publish
    assert results["outcome_values"].sample == ("visit_key=00000000-0000-0000-0000-0000000000f3, outcome=lost",)
    # Values of rows stay out of what is published.
    assert "lost" not in str(results["outcome_values"].to_row()["observed"])
    assert "sample" not in late.to_row()


def test_a_warning_does_not_stop_a_publish(con, fill, good_rows):
    fill(VISITS, good_rows[VISITS.table] | {"agent": None})
    result = by_name(run_contract(con, VISITS))["answered_has_agent"]
    assert (result.passed, result.severity, result.stops_publish) == (False, "warn", False)


def test_at_most_twenty_rows_are_named_but_all_are_counted(con, fill, good_rows):
    row = good_rows[VISITS.table]
    fill(VISITS, *(row | {"visit_key": f"00000000-0000-0000-0000-{n:012}", "wait_s": -1.0} for n in range(30)))
    result = by_name(run_contract(con, VISITS))["wait_s_range"]
    assert result.failing_count == 30
    assert len(result.sample) == 20
    assert result.sample[0].startswith("visit_key=00000000-0000-0000-0000-000000000000")


def test_repeated_keys_are_named_with_their_number_of_rows(con, fill, good_rows):
    row = good_rows[VISITS.table]
    fill(VISITS, row, row, row | {"visit_key": "00000000-0000-0000-0000-0000000000f2"})
    result = by_name(run_contract(con, VISITS))["unique_key"]
    assert (result.failing_count, result.sample) == (
        2,
        ("visit_key=00000000-0000-0000-0000-0000000000f1, row_count=2",),
    )


def test_a_table_that_is_not_there_is_a_failure_that_names_it(con):
    (result,) = run_contract(con, VISITS)
    assert (result.check_name, result.passed, result.severity) == ("exists", False, "fail")
    assert result.observed == "core.queue_visits does not exist"


def test_a_missing_column_fails_by_name_and_hides_no_other_failure(con, fill, good_rows):
    fill(VISITS, good_rows[VISITS.table] | {"wait_s": -1.0})
    con.execute("alter table core.queue_visits drop column agent")
    results = by_name(run_contract(con, VISITS))
    assert (results["columns"].observed, results["columns"].failing_count) == ("missing: agent", 1)
    assert results["answered_has_agent"].passed is False
    assert results["answered_has_agent"].observed == "could not be checked"
    assert "agent" in results["answered_has_agent"].sample[0]
    assert results["wait_s_range"].failing_count == 1
    assert results["left_after_entered"].passed


def test_a_column_of_another_type_fails_by_name(con, fill, good_rows):
    fill(VISITS, good_rows[VISITS.table])
    con.execute("alter table core.queue_visits alter column wait_s type integer")
    result = by_name(run_contract(con, VISITS))["types"]
    assert (result.passed, result.failing_count) == (False, 1)
    assert result.observed == "wait_s is INTEGER, not DOUBLE"


def test_columns_beyond_the_contract_are_welcome(con, fill, good_rows):
    fill(VISITS, good_rows[VISITS.table])
    con.execute("alter table core.queue_visits add column mood varchar")
    assert all(result.passed for result in run_contract(con, VISITS))


def test_a_rule_that_errs_fails_alone_and_its_text_is_not_published(con):
    class Odd(Contract):
        table = "core.odd"
        shown = ("n",)
        columns = (Column("n", "VARCHAR"),)
        row_rules = (
            Rule("errs", "cast(n as integer) > 0", "A number."),
            Rule("breaks", "n = 'y'", "It is y."),
        )

    con.execute("create schema core; create table core.odd as select '07946 000037' as n")
    results = by_name(run_contract(con, Odd))
    assert results["errs"].passed is False
    assert "07946" in results["errs"].sample[0]
    assert "07946" not in str(results["errs"].to_row())
    assert (results["breaks"].passed, results["breaks"].failing_count) == (False, 1)
    assert results["types"].passed


def test_an_unreadable_view_is_a_failure_and_not_a_pass(con):
    con.execute("create schema raw; create table raw.gone as select 1 as file_id, 1 as line_number")
    con.execute("create view raw.asterisk_cdr as select * from raw.gone; drop table raw.gone")
    (result,) = run_contract(con, CONTRACT_OF["raw.asterisk_cdr"])
    assert (result.check_name, result.passed) == ("exists", False)


def test_the_connection_is_free_afterwards(con, fill, good_rows):
    fill(VISITS, good_rows[VISITS.table], good_rows[VISITS.table] | {"wait_s": -1.0})
    run_contract(con, VISITS)
    assert con.sql("select 1").fetchall() == [(1,)]


def test_great_expectations_really_judged(con, fill, good_rows):
    import great_expectations as gx

    fill(VISITS, good_rows[VISITS.table] | {"wait_s": -1.0, "outcome": "lost"})
    observation = observe(con, VISITS)
    validation = suites.validate(VISITS, suites.observation_frame(observation.types, observation.failing_counts))
    assert type(validation).__name__ == "ExpectationSuiteValidationResult"
    assert validation.meta["great_expectations_version"] == gx.__version__
    assert validation.success is False
    assert validation.statistics["evaluated_expectations"] == len(suites.count_checks(VISITS)) + 1
    failed = {r.expectation_config.meta["check"] for r in validation.results if not r.success}
    assert {"wait_s_range", "outcome_values"} <= failed


def test_the_suite_is_built_from_the_contract():
    suite = suites.build_suite(VISITS)
    assert suite.name == "core.queue_visits"
    assert {expectation.meta["check"] for expectation in suite.expectations} == {
        "columns",
        "types",
        "unique_key",
        *(rule.name for rule in VISITS.rules()),
    }


def test_the_order_of_great_expectations_results_does_not_matter(con, fill, good_rows):
    fill(VISITS, good_rows[VISITS.table] | {"wait_s": -1.0, "agent": None})
    observation = observe(con, VISITS)
    frame = suites.observation_frame(observation.types, observation.failing_counts)
    validation = suites.validate(VISITS, frame)
    in_order = suites.verdicts(VISITS, validation)
    assert [name for name, verdict in in_order.items() if not verdict.passed] == [
        "wait_s_range",
        "answered_has_agent",
        "wait_agrees_with_clock",
    ]
    for seed in range(20):
        random.Random(seed).shuffle(validation.results)
        assert suites.verdicts(VISITS, validation) == in_order


def test_an_expectation_that_errs_leaves_the_others_their_verdict(con, fill, good_rows):
    fill(VISITS, good_rows[VISITS.table] | {"wait_s": -1.0})
    observation = observe(con, VISITS)
    frame = suites.observation_frame(observation.types, observation.failing_counts)
    verdicts = suites.verdicts(VISITS, suites.validate(VISITS, frame.drop(columns="failing rows of hold_s_range")))
    assert verdicts["hold_s_range"].passed is False
    assert "hold_s_range" in (verdicts["hold_s_range"].error or "")
    assert [name for name, verdict in verdicts.items() if not verdict.passed and not verdict.error] == [
        "wait_s_range",
        "wait_agrees_with_clock",
    ]


def test_a_count_that_is_unknown_never_passes(con, fill, good_rows):
    fill(VISITS, good_rows[VISITS.table])
    observation = observe(con, VISITS)
    frame = suites.observation_frame(observation.types, observation.failing_counts | {"wait_s_range": None})
    verdicts = suites.verdicts(VISITS, suites.validate(VISITS, frame))
    assert [name for name, verdict in verdicts.items() if not verdict.passed] == ["wait_s_range"]


def test_a_result_that_is_missing_never_passes(con, fill, good_rows):
    fill(VISITS, good_rows[VISITS.table])
    observation = observe(con, VISITS)
    validation = suites.validate(VISITS, suites.observation_frame(observation.types, observation.failing_counts))
    validation.results.pop()
    lost = [verdict for verdict in suites.verdicts(VISITS, validation).values() if not verdict.passed]
    assert [verdict.error for verdict in lost] == ["Great Expectations gave no result"]


def test_the_context_is_made_once():
    assert suites._batch_definition() is suites._batch_definition()


class Stretch(Contract):
    table = "stretch"
    key = ("name", "started")
    columns = (
        Column("name", "VARCHAR", nullable=False, values=("a", "b")),
        Column("started", "INTEGER", minimum="0", maximum="8"),
        Column("ended", "INTEGER"),
    )
    row_rules = (Rule("ended_after_started", "ended >= started", "It ends after it starts."),)


_NUMBER = st.one_of(st.none(), st.integers(-2, 10))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), _NUMBER, _NUMBER), max_size=12))
def test_counts_are_those_of_a_plain_loop(rows):
    with duckdb.connect() as con:
        con.execute("create table stretch (name varchar, started integer, ended integer)")
        if rows:
            con.executemany("insert into stretch values (?, ?, ?)", rows)
        counts = observe(con, Stretch).failing_counts
    repeats = Counter((name, started) for name, started, _ in rows)
    assert counts == {
        "types": 0,
        "unique_key": sum(n for n in repeats.values() if n > 1),
        "name_not_null": sum(name is None for name, _, _ in rows),
        "name_values": sum(name == "c" for name, _, _ in rows),
        "started_range": sum(started is not None and not 0 <= started <= 8 for _, started, _ in rows),
        "ended_after_started": sum(None not in (s, e) and e < s for _, s, e in rows),
    }
