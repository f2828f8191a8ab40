"""Answers from a small published file whose rows are counted by hand in published/small.sql."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

import duckdb
import pytest

from dashboards import queries
from dashboards.queries import Period, TierRow

DAY = Period(date(2026, 11, 22), date(2026, 11, 22))


@pytest.fixture
def view(small_snapshot) -> queries.Overview:
    with queries.connect(str(small_snapshot)) as connection:
        return queries.overview(connection, DAY, DAY.prior())


@pytest.mark.parametrize(
    ("metric", "value", "n"),
    [
        ("csat", 30 / 40, 40),
        ("dsat", 6 / 40, 40),
        ("nps", 20.0, 10),
        ("fcr", None, 0),
        ("service_level", 25 / (34 + 6 - 2), 38),
        ("abandonment", 6 / 44, 44),
        ("asa", 680 / 34, 34),
        ("aht", (3400 + 300 + 700) / 34, 34),
        ("cost_per_contact", (68 + 17) / 34, 34),
        ("contribution", 120 - 68 - 17, 34),
    ],
)
def test_figures_are_those_counted_by_hand(view, metric, value, n):
    assert (view.figures[metric].value, view.figures[metric].n) == (value, n)


def test_the_day_before_has_no_figures_rather_than_zeros(view):
    assert view.prior_figures == {}


def test_each_queue_has_its_own_target_in_force_on_the_day(view):
    targets = {row.queue: (row.target_rate, row.threshold_s) for row in view.queues}
    assert targets == {"sales": (0.8, 20), "vip": (0.9, 10)}
    assert (view.target_rate, view.threshold_s) == (0.8, 20)


def test_queues_count_their_outcomes_and_the_refused_apart(view):
    sales = view.queues[0]
    assert {name: n for name, n in sales.outcomes.items() if n} == {"answered": 30, "abandoned": 6, "timed_out": 4}
    assert (sales.offered_count, sales.blocked_count) == (40, 8)


def test_one_day_is_told_by_interval(view):
    assert view.is_by_interval
    assert [(point.group_value, point.offered_count) for point in view.points] == [
        ("2026-11-22T01:00:00Z", 40), ("2026-11-22T01:30:00Z", 4),
    ]  # fmt: skip


def test_tiers_say_where_their_scores_come_from(view):
    assert view.tiers == (TierRow("A", "model", "value-1", 1), TierRow("B", "rule", None, 2))


def test_surveys_immature_contacts_and_assumptions_stand_beside_the_figures(view):
    assert asdict(view.surveys["csat"]) == {"sent_count": 80, "answered_count": 40}
    assert (view.immature_count, view.assumption_sets) == (30, "default-0a1b2c3d")


def test_many_days_are_told_by_day(publish, tmp_path):
    with queries.connect(str(publish(tmp_path, "rich"))) as connection:
        view = queries.overview(connection, Period(date(2026, 11, 16), date(2026, 11, 22)), None)
    assert [point.group_value for point in view.points] == [f"2026-11-{day}" for day in range(16, 23)]


def test_a_period_ends_the_day_before_the_one_it_is_compared_with():
    assert Period(date(2026, 3, 1), date(2026, 3, 7)).prior() == Period(date(2026, 2, 22), date(2026, 2, 28))


def test_the_header_knows_the_centre(small_snapshot):
    with queries.connect(str(small_snapshot)) as connection:
        facts = queries.publication(connection, str(small_snapshot))
    assert (facts.centre, facts.timezone, facts.currency, facts.minimum_n) == (
        "Harbour & <Sons>", "Asia/Shanghai", "CNY", 30,
    )  # fmt: skip
    assert (facts.last_date, facts.checks_passed_count, facts.checks_failed_count) == (DAY.to_date, 47, 1)


def test_a_file_without_tables_answers_nothing_and_fails_at_nothing(tmp_path):
    path = str(tmp_path / "bare.duckdb")
    duckdb.connect(path).close()
    with queries.connect(path) as connection:
        assert queries.publication(connection, path).last_date is None
        assert queries.overview(connection, DAY, DAY.prior()) == queries.Overview()


def test_a_file_of_an_older_version_answers_what_it_can(small_snapshot, tmp_path):
    path = tmp_path / "older.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(f"attach '{small_snapshot}' as published (read_only)")
        con.execute("create schema kpi; create schema meta")
        con.execute(
            "create table kpi.queue_day as select * exclude (service_level_variant) from published.kpi.queue_day"
        )
        con.execute("create table meta.centre as from published.meta.centre")
    with queries.connect(str(path)) as connection:
        assert queries.publication(connection, str(path)).centre == "Harbour & <Sons>"
        assert queries.overview(connection, DAY, DAY.prior()) == queries.Overview(is_by_interval=True)


def test_the_session_reads_no_other_file_and_writes_nothing(small_snapshot, tmp_path):
    with queries.connect(str(small_snapshot)) as connection:
        for sql in (
            f"copy meta.centre to '{tmp_path / 'out.csv'}'",
            "select * from read_text('/etc/hostname')",
            "set enable_external_access = true",
            "delete from meta.centre",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(sql)


def test_the_newest_snapshot_is_the_file_behind_the_link(publish, tmp_path):
    assert queries.snapshot_path(tmp_path) is None
    first = publish(tmp_path, "small", "20261122T141500Z")
    assert queries.snapshot_path(tmp_path) == str(first)
    second = publish(tmp_path, "rich", "20261123T141500Z")
    assert queries.snapshot_path(tmp_path) == str(second)
