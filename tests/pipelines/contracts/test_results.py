from __future__ import annotations

from datetime import UTC, datetime

from pipelines.contracts.results import PUBLISH, CheckResult, explain_failures

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def result(**changes):
    fields = {
        "table_name": "core.contacts",
        "check_name": "unique_key",
        "severity": "fail",
        "passed": False,
        "failing_count": 2,
        "observed": "2 of 10 rows",
        "sample": ("contact_key=c1, row_count=2",),
        "meaning": "No two rows share contact_key.",
        "checked_at": NOW,
    }
    return CheckResult(**(fields | changes))


def test_nothing_is_said_when_all_passed():
    assert explain_failures([result(passed=True)]) == ""
    assert explain_failures([]) == ""


def test_a_failure_names_table_check_and_rows():
    said = explain_failures([result(), result(table_name="core.orders", passed=True)])
    assert "FAILED  core.contacts: unique_key: 2 of 10 rows" in said
    assert "No two rows share contact_key." in said
    assert "contact_key=c1, row_count=2" in said
    assert "1 check failed: nothing was published, the last snapshot stays in place." in said
    assert "core.orders" not in said


def test_warnings_come_last_and_do_not_claim_to_stop_anything():
    warning = result(severity="warn", table_name="a.first", check_name="odd")
    said = explain_failures([warning, result(), result(table_name=PUBLISH)])
    assert said.index("core.contacts") < said.index("publish:") < said.index("a.first")
    assert "2 checks failed" in said
    only_warning = explain_failures([warning])
    assert "warning  a.first: odd" in only_warning
    assert "nothing was published" not in only_warning


def test_rows_that_are_not_shown_are_counted():
    many = result(failing_count=1_234, sample=tuple(f"contact_key=c{n}" for n in range(20)))
    assert "and 1,214 more" in explain_failures([many])


def test_refused_input_points_to_the_rejects():
    assert "meta.rejects" in explain_failures([result(table_name="raw.calls")])
    assert "meta.rejects" not in explain_failures([result()])


def test_the_published_row_has_the_columns_of_the_published_table_and_no_data_rows():
    row = result().to_row()
    assert {
        "table_name",
        "check_name",
        "severity",
        "passed",
        "failing_count",
        "observed",
        "checked_at",
    } <= set(row)
    assert "contact_key=c1" not in str(row)
