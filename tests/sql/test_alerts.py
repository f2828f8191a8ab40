"""Signals, alerts, campaign uplift and the policy report, on rows a reader can add by hand.

Belongs here: sql/kpi/signals.sql and what is made of it. Not here: telling of alerts (tests/pipelines/test_alerts.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.metrics import load_catalogue
from pipelines.sqlgraph import load_models

MODELS = load_models()
MONDAY = date(2026, 1, 5)
SCHEMA = """
set TimeZone = 'UTC';
set variable timezone = 'Europe/London';
create schema core; create schema kpi; create schema ml; create schema meta; create schema settings;
create table core.contacts (business_date date);
create table kpi._watched (business_date date, metric varchar, series varchar, site varchar, channel varchar,
    queue varchar, tier varchar, local_hour bigint, unit varchar, good_direction varchar, label_en varchar,
    label_zh varchar, numerator double, denominator double);
create table settings.annotations (from_date date, to_date date, site varchar, what_en varchar, what_zh varchar,
    is_usual boolean);
create table settings.alerts as select 4.5 as sigmas;
create table settings.costs as select 'GBP' as currency, 7 * 86400.0 as attribution_s, 0.5 as margin_rate;
create table settings.campaigns as select 60 * 86400.0 as uplift_s;
create table settings.centre as select 30 as minimum_n, 'GBP' as currency;
create table core.campaign_attempts (campaign_id varchar, customer_key varchar, arm varchar, dialled_at timestamptz,
    business_date date);
create table core.orders (order_key bigint, customer_key varchar, ordered_at timestamptz, amount double,
    margin_amount double, currency varchar, status varchar);
create table core.action_outcomes (version varchar, business_date date, action varchar, propensity double,
    arm varchar);
create table ml.voice_topics (language varchar, topic varchar, label varchar, week_date date, status varchar,
    p_value double, comment_rate double, expected_comment_rate double, comment_count bigint,
    all_comment_count bigint);
"""


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(SCHEMA)
        yield con


def build(con: duckdb.DuckDBPyConnection, *tables: str) -> None:
    for table in tables:
        con.execute(f"create or replace table {table} as {MODELS[table].sql}")


def put_series(
    con: duckdb.DuckDBPyConnection, values: Iterable[tuple[float, float | None]], metric: str = "repeat_rate_7d",
    unit: str = "share", good: str = "down", series: str = "queue", queue: str | None = "sales", first: date = MONDAY,
) -> None:  # fmt: skip
    """A value a day from the first on; a day without a denominator has no row."""
    rows = [
        (first + timedelta(days=n), metric, series, "hq", "voice", queue, unit, good, *value)
        for n, value in enumerate(values)
        if value[0] is not None
    ]
    con.executemany(
        "insert into kpi._watched (business_date, metric, series, site, channel, queue, unit, good_direction,"
        " numerator, denominator) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    con.execute("update kpi._watched set label_en = metric, label_zh = metric")
    con.execute("delete from core.contacts")
    con.execute("insert into core.contacts select max(business_date) + 1 from kpi._watched")


def raise_alerts(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    build(con, "kpi.signals", "kpi._signal_episodes", "kpi.month_changes", "kpi.campaign_uplift", "ml.policy_report",
          "meta._findings", "meta.alerts")  # fmt: skip
    found = con.execute("select * from meta.alerts order by raised_date, subject")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def steady(day_count: int, jitter: Callable[[int], int] = lambda n: n % 3) -> list[tuple[float, float]]:
    """20, 21 or 22 of 100."""
    return [(20.0 + jitter(n), 100.0) for n in range(day_count)]


# --- signals ---------------------------------------------------------------------------------------------


def test_a_share_is_measured_by_its_weekday_in_the_eight_weeks_before(db):
    # Mondays 50 of 100, other days 20: a Monday of 50 is nothing, a Tuesday of 50 is.
    put_series(db, [(50.0 if n % 7 == 0 else 20.0, 100.0) for n in range(63)] + [(50.0, 100.0), (50.0, 100.0)])
    build(db, "kpi.signals")
    last = db.execute(
        "select expected_value, n, deviation from kpi.signals order by business_date desc limit 2"
    ).fetchall()
    (tuesday, monday) = last
    assert monday == (0.5, 100, 0.0)
    assert tuesday[:2] == (0.2, 100)
    # Eight Tuesdays of 20 of 100; both ends of the difference are uncertain, and nothing moved before.
    by_hand = 2 * (math.asin(math.sqrt(50.375 / 100.75)) - math.asin(math.sqrt(160.375 / 800.75)))
    assert tuesday[2] == pytest.approx(by_hand / math.sqrt(1 / 100.5 + 1 / 800.5))


def test_limits_are_three_standard_deviations_and_a_point_on_them_deviates_by_three(db):
    put_series(db, steady(70))
    build(db, "kpi.signals")
    value, low, high = db.execute(
        "select expected_value, low_limit, high_limit from kpi.signals order by business_date desc limit 1"
    ).fetchall()[0]
    assert 0 < low < value < high < 1
    # With 100 cases and 800 before: three times the root of p (1 - p) (1/100 + 1/800), nearly.
    assert (high - low) / 2 == pytest.approx(3 * math.sqrt(value * (1 - value) * (1 / 100 + 1 / 800)), rel=0.05)


def test_a_day_of_which_nothing_came_is_a_count_of_none_once_it_is_over(db):
    put_series(db, [(30.0 + n % 3, None) for n in range(70)], metric="contacts", unit="count", good="neither")
    db.execute("delete from kpi._watched where business_date = ?", [MONDAY + timedelta(days=65)])
    (alert,) = raise_alerts(db)
    assert (alert["kind"], alert["from_date"], alert["value"]) == ("missing", MONDAY + timedelta(days=65), 0)
    assert "none, where 3" in alert["text_en"]
    # Of a day that goes on nobody knows how much it will be.
    assert db.execute("select max(business_date) from kpi.signals").fetchall()[0][0] == MONDAY + timedelta(days=69)


def test_where_a_series_has_moved_much_the_same_distance_is_nothing(db):
    calm, wild = steady(70, lambda n: n % 2), steady(70, lambda n: 30 * (n % 2))
    put_series(db, [*calm, (45.0, 100.0)], queue="calm")
    put_series(db, [*wild, (45.0, 100.0)], queue="wild")
    build(db, "kpi.signals")
    found = dict(
        db.execute("select queue, abs(deviation) from kpi.signals where business_date = ?", [MONDAY + timedelta(70)])
        .fetchall()
    )  # fmt: skip
    assert found["calm"] > 4
    assert found["wild"] < 3


def test_a_stated_exception_raises_nothing_and_measures_nothing(db):
    put_series(db, [*steady(70), (95.0, 100.0), *steady(12)])
    holiday = MONDAY + timedelta(days=70)
    db.execute("insert into settings.annotations values (?, ?, null, 'Holiday', '假日', false)", [holiday, holiday])
    assert raise_alerts(db) == []
    after = db.execute(
        "select expected_value from kpi.signals where business_date = ?", [holiday + timedelta(days=7)]
    ).fetchall()[0][0]
    assert after < 0.23


def test_too_little_to_judge_by_is_not_judged(db):
    put_series(db, steady(20))
    build(db, "kpi.signals")
    assert db.execute("select count(*) from kpi.signals").fetchall()[0][0] == 0


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, 100), min_size=5, max_size=5))
def test_what_comes_later_changes_no_signal(later):
    with duckdb.connect() as con:
        con.execute(SCHEMA)
        put_series(con, steady(70))
        build(con, "kpi.signals")
        before = con.execute("select * from kpi.signals order by business_date").fetchall()
        put_series(con, [(float(k), 100.0) for k in later], first=MONDAY + timedelta(days=70))
        build(con, "kpi.signals")
        after = con.execute("select * from kpi.signals order by business_date").fetchall()
    assert after[: len(before)] == before


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_of_chance_alone_hardly_a_point_is_outside_and_nothing_is_raised(seed):
    import numpy as np

    draws = np.random.default_rng(seed).binomial(100, 0.2, size=(5, 120)).astype(float)
    with duckdb.connect() as con:
        con.execute(SCHEMA)
        for number, row in enumerate(draws):
            put_series(con, [(k, 100.0) for k in row], queue=f"q{number}")
        raised = raise_alerts(con)
        outside, count = con.execute(
            "select count(*) filter (abs(deviation) > 3), count(*) from kpi.signals"
        ).fetchall()[0]
    assert outside / count < 0.02
    assert len(raised) <= 1


# --- alerts ----------------------------------------------------------------------------------------------


def test_an_alert_is_raised_once_and_is_over_after_three_points_within(db):
    told = {}
    for days_after in range(1, 6):
        db.execute("delete from kpi._watched")
        put_series(db, [*steady(70), (60.0, 100.0), (58.0, 100.0), *steady(days_after)])
        (told[days_after],) = raise_alerts(db)
    assert {alert["alert_key"] for alert in told.values()} == {told[1]["alert_key"]}
    assert [told[n]["is_open"] for n in range(1, 6)] == [True, True, False, False, False]
    assert (told[5]["from_date"], told[5]["to_date"]) == (MONDAY + timedelta(70), MONDAY + timedelta(71))
    assert told[5]["text_en"] == "repeat_rate_7d, sales, 2026-03-16: 60.0% where 21.0% was to be expected"


def test_an_alert_whose_worst_day_becomes_one_of_nothing_stays_the_same(db):
    before = [(30.0 + n % 3, None) for n in range(70)]
    told = []
    for days in ([(8.0, None)], [(8.0, None), (0.0, None)]):
        db.execute("delete from kpi._watched")
        put_series(db, [*before, *days], metric="contacts", unit="count", good="neither")
        told += raise_alerts(db)
    assert [alert["kind"] for alert in told] == ["outside_limits", "missing"]
    assert told[0]["alert_key"] == told[1]["alert_key"]


def test_what_is_good_raises_nothing(db):
    put_series(db, [*steady(70), (1.0, 100.0)], good="down")
    assert raise_alerts(db) == []


def test_five_points_together_say_what_none_says_alone(db):
    put_series(db, [*steady(70), *[(33.0, 100.0)] * 5])
    (alert,) = raise_alerts(db)
    assert abs(alert["deviation"]) < 4.5
    assert alert["raised_date"] > MONDAY + timedelta(days=70)


def test_of_a_queue_and_its_site_one_alert_is_raised(db):
    put_series(db, [*steady(70), (60.0, 100.0)])
    put_series(db, [(2 * k, 200.0) for k, _ in steady(70)] + [(80.0, 200.0)], series="site", queue=None)
    (alert,) = raise_alerts(db)
    assert (alert["queue"], alert["also_count"]) == ("sales", 1)


def test_queues_beside_each_other_raise_theirs(db):
    for queue in ("sales", "service"):
        put_series(db, [*steady(70), (60.0, 100.0)], queue=queue)
    assert [alert["subject"] for alert in raise_alerts(db)] == ["sales", "service"]


def test_watched_metrics_are_found_in_the_table_of_their_grain():
    watched = {(m.id, series) for m in load_catalogue().metrics.values() for series in m.watched_by}
    text = MODELS["kpi._watched"].sql
    for metric, series in watched:
        assert f"'{metric}' as metric, '{series}' as series" in text


# --- months ----------------------------------------------------------------------------------------------


def test_a_month_in_which_profit_fell_while_csat_rose_is_told_with_both(db):
    for good_days, (amount, content) in {0: (100.0, 80.0), 31: (-50.0, 90.0), 59: (100.0, 85.0)}.items():
        length = {0: 31, 31: 28, 59: 31}[good_days]
        first = date(2026, 1, 1) + timedelta(days=good_days)
        put_series(db, [(amount + n % 5, None) for n in range(length)], "contribution", "amount", "up", "centre", None,
                   first=first)  # fmt: skip
        put_series(db, [(content, 100.0)] * length, "csat", "share", "up", "centre", None, first=first)
    db.execute("insert into core.contacts values (date '2026-04-30')")
    (alert,) = raise_alerts(db)
    assert (alert["kind"], alert["from_date"], alert["to_date"]) == (
        "contribution_fell", date(2026, 2, 1), date(2026, 2, 28),
    )  # fmt: skip
    assert alert["text_en"] == ("Contribution fell in 2026-02: 3,160 → -1,347 GBP, while CSAT rose: 80.0% → 90.0%")


def test_a_month_counts_once_the_orders_after_its_contacts_are_known(db):
    put_series(db, [(100.0 + n % 5, None) for n in range(59)], "contribution", "amount", "up", "centre", None,
               first=date(2026, 1, 1))  # fmt: skip
    for last, months in ((date(2026, 3, 6), 1), (date(2026, 3, 7), 2)):
        db.execute("delete from core.contacts")
        db.execute("insert into core.contacts values (?)", [last])
        db.execute("create or replace table kpi.month_changes as " + MODELS["kpi.month_changes"].sql)
        assert db.execute("select count(*) + 1 from kpi.month_changes").fetchall()[0][0] == months


# --- campaigns -------------------------------------------------------------------------------------------


def put_campaign(con: duckdb.DuckDBPyConnection, treated: list[int], held: list[int]) -> None:
    """Customers of both arms with so many orders each, ten days after their first attempt; two attempts each."""
    number = 0
    for arm, counts in (("treatment", treated), ("holdout", held)):
        for index, count in enumerate(counts):
            customer = f"{arm}{index}"
            for day in ("2026-01-05", "2026-01-06"):
                con.execute(
                    "insert into core.campaign_attempts values ('spring', ?, ?, ?::timestamptz, ?::date)",
                    [customer, arm, f"{day} 10:00:00+00", day],
                )
            for _ in range(count):
                number += 1
                con.execute(
                    "insert into core.orders values (?, ?, '2026-01-15 12:00:00+00', 40, null, 'GBP', 'paid')",
                    [number, customer],
                )
    # The shop went on: sixty days have passed. Neither this order nor a returned one is of the campaign.
    con.execute("insert into core.orders values (0, 'treatment0', '2026-03-30 12:00:00+00', 40, null, 'GBP', 'paid')")
    con.execute("insert into core.orders values (-1, 'holdout0', '2026-01-15 12:00+00', 40, null, 'GBP', 'returned')")


def uplift(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    build(con, "kpi.campaign_uplift")
    found = con.execute("from kpi.campaign_uplift")
    names = [column[0] for column in found.description or ()]
    return dict(zip(names, found.fetchall()[0], strict=True))


def test_a_campaign_is_compared_with_its_hold_out_by_the_arm_drawn(db):
    put_campaign(db, [1] * 10 + [0] * 30, [1] * 20 + [0] * 20)
    found = uplift(db)
    assert (found["customer_count"], found["holdout_customer_count"]) == (40, 40)
    assert (found["orders_per_customer"], found["holdout_orders_per_customer"]) == (0.25, 0.5)
    # Variances 0.25 x 0.75 x 40/39 and 0.5 x 0.5 x 40/39, each over 40.
    error = math.sqrt((0.1875 + 0.25) * 40 / 39 / 40)
    assert found["orders_uplift"] == pytest.approx(-0.25)
    assert found["orders_uplift_high"] == pytest.approx(-0.25 + 1.96 * error)
    assert found["margin_uplift_amount"] == pytest.approx(-0.25 * 40 * 0.5)
    assert found["verdict"] == "harmful"


def test_a_campaign_that_still_goes_on_raises_an_alert_only_if_it_is_far_off(db):
    put_campaign(db, [1] * 10 + [0] * 30, [1] * 20 + [0] * 20)
    assert [alert["kind"] for alert in raise_alerts(db)] == ["harmful_campaign"]
    db.execute(
        "insert into core.campaign_attempts values ('spring', 'late', 'treatment', '2026-03-20 10:00+00', '2026-03-20')"
    )
    assert -3 < uplift(db)["deviation"] < -1.96
    assert raise_alerts(db) == []


@pytest.mark.parametrize(
    ("treated", "held", "verdict"),
    [
        ([1] * 30 + [0] * 10, [0] * 40, "useful"),
        ([1] * 10 + [0] * 30, [1] * 11 + [0] * 29, "unclear"),
        ([0] * 40, [], "not_measurable"),
        ([0] * 40, [1] * 29, "not_measurable"),
    ],
)
def test_a_campaign_is_judged_only_where_it_can_be(db, treated, held, verdict):
    put_campaign(db, treated, held)
    found = uplift(db)
    assert found["verdict"] == verdict
    assert (found["orders_uplift"] is None) == (verdict == "not_measurable")


def test_customers_whose_days_have_not_passed_are_left_out_and_counted(db):
    put_campaign(db, [1] * 40, [0] * 40)
    db.execute("delete from core.orders where order_key = 0")  # the shop's last order is of January
    found = uplift(db)
    assert (found["customer_count"], found["immature_count"], found["verdict"]) == (0, 80, "not_measurable")


# --- policies --------------------------------------------------------------------------------------------


def put_decisions(con: duckdb.DuckDBPyConnection, version: str, week: int, recorded: float, offers: int) -> None:
    """A hundred decisions between an offer and nothing, of which so many made the offer."""
    day = MONDAY + timedelta(weeks=week)
    rows = [(version, day, "offer" if n < offers else "none", recorded if n < offers else 1 - recorded, "policy")
            for n in range(100)]  # fmt: skip
    con.executemany("insert into core.action_outcomes values (?, ?, ?, ?, ?)", rows)


def test_propensities_that_are_acted_by_average_to_the_number_of_choices(db):
    put_decisions(db, "v1", 0, 0.25, 25)
    db.execute("insert into core.action_outcomes values ('v1', ?, 'none', 1, 'policy')", [MONDAY])
    db.execute("insert into core.action_outcomes values ('v1', ?, 'none', 0.5, 'holdout')", [MONDAY])
    build(db, "ml.policy_report")
    found = db.execute("select action, decision_count, chosen_count, value, deviation from ml.policy_report order by 1")
    assert found.fetchall() == [
        ("all", 100, 100, pytest.approx(2), None),
        ("none", 100, 75, pytest.approx(1), pytest.approx(0, abs=1e-9)),
        ("offer", 100, 25, pytest.approx(1), None),
    ]


def test_a_version_that_acts_otherwise_than_it_records_is_told(db):
    for week in range(9):
        put_decisions(db, "v1", week, 0.25, 25 + week % 2)
    put_decisions(db, "v2", 9, 0.25, 75)
    (alert,) = raise_alerts(db)
    assert (alert["kind"], alert["subject"], alert["n"]) == ("wrong_propensities", "v2", 100)
    assert alert["from_date"] == MONDAY + timedelta(weeks=9)
    honest = db.execute("select bool_and(coalesce(is_consistent, true)) from ml.policy_report where version = 'v1'")
    assert honest.fetchall() == [(True,)]


# --- topics ----------------------------------------------------------------------------------------------


def test_a_new_topic_is_one_alert_for_all_its_weeks(db):
    for week, status in enumerate(["too few", "new", "rising", "usual"]):
        db.execute(
            "insert into ml.voice_topics values ('en', 't1', 'new bill', ?, ?, ?, 0.2, 0.0, 10, 50)",
            [MONDAY + timedelta(weeks=week), status, 10.0**-week],
        )
    (alert,) = raise_alerts(db)
    assert (alert["kind"], alert["subject"], alert["n"], alert["is_open"]) == ("new_topic", "new bill", 20, False)
    assert (alert["from_date"], alert["to_date"]) == (MONDAY + timedelta(7), MONDAY + timedelta(20))
    assert alert["text_en"].startswith("Rising topic in comments: new bill (en), 20.0% of a week")
