"""Alerts and their evidence from published/alerts.sql, whose rows are counted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from dashboards import alert_queries, queries
from dashboards.queries import Period

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 22))


@pytest.fixture(scope="module")
def file(publish, tmp_path_factory) -> Iterator[duckdb.DuckDBPyConnection]:
    with queries.connect(str(publish(tmp_path_factory.mktemp("alerts"), "small+alerts"))) as connection:
        yield connection


def key(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


def found(file, number: int) -> alert_queries.Alert:
    alert = alert_queries.alert(file, key(number))
    assert alert is not None
    return alert


def listed(file, period: Period) -> list[int]:
    watch = alert_queries.watch(file, period)
    assert watch is not None
    return [int(alert.alert_key[-2:]) for alert in watch.alerts]


def test_alerts_of_the_period_come_newest_first(file):
    assert listed(file, NOVEMBER) == [8, 2, 7, 1, 6, 5, 3, 4]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 11, 11), date(2026, 11, 11), [1, 6, 7]),
        (date(2026, 11, 1), date(2026, 11, 1), [5, 4]),
        (date(2026, 3, 1), date(2026, 3, 1), [9]),
        (date(2026, 1, 1), date(2026, 1, 31), []),
    ],
)
def test_an_alert_meets_the_days_it_is_about_and_the_day_it_was_raised(file, first, last, expected):
    assert sorted(listed(file, Period(first, last))) == sorted(expected)


def test_what_was_watched_is_counted_also_where_nothing_was_raised(file):
    watch = alert_queries.watch(file, Period(date(2026, 9, 1), date(2026, 9, 2)))
    assert watch == alert_queries.Watch((), 1, 2)


def test_a_sentence_is_there_in_both_languages(file):
    assert found(file, 1).text == {
        "en": "Offered, sales: 40 where 10 was to be expected", "zh": "进入队列数，sales：40，预期 10",
    }  # fmt: skip


def test_a_key_of_no_alert_is_none(file):
    assert alert_queries.alert(file, key(77)) is None


def test_days_are_shown_from_eight_weeks_before_to_three_after(file):
    shown = alert_queries.series(file, found(file, 1))
    days = [point.business_date for point in shown.points]
    assert (days[0], days[-1], len(days)) == (date(2026, 9, 15), date(2026, 11, 21), 68)


def test_annotations_are_those_of_the_site_and_of_everywhere(file):
    shown = alert_queries.series(file, found(file, 1))
    assert [annotation.what["en"] for annotation in shown.annotations] == ["Public holiday", "The clocks change"]


def test_hours_are_shown_of_two_days_beside(file):
    points = alert_queries.series(file, found(file, 2)).points
    assert len(points) == 5 * 4
    assert [(point.business_date.day, point.local_hour) for point in points if point.value < 0.5] == [(17, 9)]


def test_months_carry_the_one_before_the_first_and_an_interval_of_shares(file):
    shown = alert_queries.months(file, found(file, 4))
    assert [(point.month_date.month, point.value) for point in shown.contribution] == [(8, 900), (9, 800), (10, -500)]
    assert [point.low is None for point in shown.csat] == [True, False, False]
    assert shown.csat[1].low < 0.8 < shown.csat[1].high


def test_every_campaign_is_shown_and_what_is_not_measurable_has_no_number(file):
    rows = alert_queries.campaigns(file, found(file, 5))
    assert [(row.identity, row.uplift, row.verdict) for row in rows] == [
        ("autumn|called", None, "not_measurable"), ("spring|called", -0.3, "harmful"),
    ]  # fmt: skip


def test_policies_are_shown_by_week_whatever_the_version(file):
    shown = alert_queries.policy(file, found(file, 6))
    assert shown.action == "all"
    assert [week.version for week in shown.weeks] == ["policy-1", "policy-1", "policy-2", "policy-2", "policy-1"]


def test_a_topic_is_that_of_its_language(file):
    weeks = alert_queries.topic(file, found(file, 7))
    assert [(week.comment_count, week.status) for week in weeks] == [(0, "too few"), (1, "usual"), (20, "new")]


def test_a_file_without_alerts_is_told_from_one_in_which_none_were_raised(tmp_path, publish):
    duckdb.connect(str(tmp_path / "bare.duckdb")).close()
    with queries.connect(str(tmp_path / "bare.duckdb")) as connection:
        assert alert_queries.watch(connection, NOVEMBER) is None
        assert alert_queries.alert(connection, key(1)) is None
    with queries.connect(str(publish(tmp_path, "small"))) as connection:
        assert alert_queries.watch(connection, NOVEMBER) == alert_queries.Watch()


def test_evidence_that_is_not_in_the_file_is_empty(file, tmp_path):
    duckdb.connect(str(tmp_path / "bare.duckdb")).close()
    with queries.connect(str(tmp_path / "bare.duckdb")) as bare:
        assert alert_queries.series(bare, found(file, 1)) == alert_queries.Series()
        assert alert_queries.months(bare, found(file, 4)) == alert_queries.Months()
        assert alert_queries.campaigns(bare, found(file, 5)) == ()
        assert alert_queries.policy(bare, found(file, 6)) == alert_queries.Policy()
        assert alert_queries.topic(bare, found(file, 7)) == ()
