"""KPI sums of a few visits, each counted in the interval, day and window that owns it."""

from __future__ import annotations

from typing import Any

import pytest

SECTION = """
[sources.acd]
kind = "calls"
format = "csv"
sql = "sources/acd.sql"
timezone = "Europe/London"
"""
COLUMNS = ["id", "at", "queue", "wait", "outcome", "talk", "hold", "wrap", "agent", "caller", "customer", "channel"]
SQL = """
select
    id as source_contact_id, at as arrived_at, queue, at as entered_at, wait as wait_s, outcome, talk as talk_s,
    hold as hold_s, wrap as wrap_s, agent, caller as caller_number, customer as customer_id, channel
from input
"""


@pytest.fixture
def acd(centre: Any) -> Any:
    """A centre with an ACD of its own; `acd(row, …)` gives it calls and builds."""

    def build(*rows: dict[str, Any], settings: str = "", **others: str) -> Any:
        lines = [",".join(str(row.get(column, "")) for column in COLUMNS) for row in rows]
        centre.write("callwright.toml", centre.home.settings_path.read_text() + SECTION + settings)
        centre.write("sources/acd.sql", SQL)
        centre.land("acd", "calls.csv", "\n".join([",".join(COLUMNS), *lines]) + "\n")
        for source, text in others.items():
            centre.land(source, "a.csv", text)
        centre.run()
        return centre

    return build


def call(number: int, at: str, outcome: str = "answered", **more: Any) -> dict[str, Any]:
    return {"id": number, "at": at, "queue": "sales", "wait": 0, "outcome": outcome, **more}


def test_offered_is_the_sum_of_its_outcomes_and_blocked_stands_apart(acd: Any) -> None:
    outcomes = [
        "answered",
        "answered",
        "abandoned",
        "timed_out",
        "exited_by_key",
        "exited_empty",
        "withdrawn",
        "open",
        "blocked",
    ]
    centre = acd(*(call(n, "2026-03-02 12:00:00", outcome) for n, outcome in enumerate(outcomes)))
    counts = (
        "select offered_count, answered_count, abandoned_count, timed_out_count,"
        " exited_by_key_count, exited_empty_count,"
        " withdrawn_count, open_count, blocked_count from kpi.{}"
    )
    assert centre.rows(counts.format("queue_interval")) == [(8, 2, 1, 1, 1, 1, 1, 1, 1)]
    assert centre.rows(counts.format("queue_day")) == [(8, 2, 1, 1, 1, 1, 1, 1, 1)]
    assert centre.rows("select offered_count, blocked_count, difference_count from meta.ledger") == [(8, 1, 0)]


def test_who_waited_and_chose_a_callback_was_offered_and_who_did_not_wait_was_not(acd: Any) -> None:
    centre = acd(
        call(1, "2026-03-02 12:00:00", "callback", wait=40),
        call(2, "2026-03-02 12:00:00", "callback"),
        call(3, "2026-03-02 12:00:00", "failed", wait=5),
    )
    counts = "select offered_count, exited_by_key_count, withdrawn_count, open_count, blocked_count, diverted_count"
    for table in ("queue_interval", "queue_day", "tier_service_day"):
        assert centre.rows(f"{counts} from kpi.{table}") == [(2, 1, 1, 0, 0, 1)]
    apart = "select offered_count, blocked_count, diverted_count, difference_count from meta.ledger"
    assert centre.rows(apart) == [(2, 0, 1, 0)]
    contacts = "select source_contact_id, outcome from core.contacts order by 1"
    assert centre.rows(contacts) == [("1", "callback"), ("2", "callback"), ("3", "failed")]


def test_a_callback_that_was_answered_is_an_answered_contact_of_the_channel_it_came_by(acd: Any) -> None:
    centre = acd(
        call(1, "2026-03-02 12:00:00", "callback", wait=40, channel="voice"),
        call(1, "2026-03-02 12:10:00", wait=5, talk=60, channel="callback"),
    )
    assert centre.rows("select channel, outcome, queue_visit_count from core.contacts") == [("voice", "answered", 2)]
    visits = "select channel, outcome from core.queue_visits order by visit_seq"
    assert centre.rows(visits) == [("voice", "exited_by_key"), ("callback", "answered")]


def test_sums_of_seconds(acd: Any) -> None:
    centre = acd(
        call(1, "2026-03-02 12:00:00", wait=7, talk=60, hold=5, wrap=10),
        call(2, "2026-03-02 12:10:00", wait=30, talk=40, hold=0, wrap=2),
        call(3, "2026-03-02 12:20:00", "abandoned", wait=4),
    )
    sums = (
        "select answered_wait_s, abandoned_wait_s, wait_s, max_wait_s, talk_s, hold_s,"
        " held_count, wrap_s from kpi.queue_day"
    )
    assert centre.rows(sums) == [(37.0, 4.0, 41.0, 30.0, 100.0, 5.0, 1, 12.0)]


def test_unknown_hold_and_wrap_are_null_not_zero(acd: Any) -> None:
    centre = acd(call(1, "2026-03-02 12:00:00", wait=7, talk=60))
    assert centre.rows("select hold_s, wrap_s, held_count from kpi.queue_day") == [(None, None, 0)]


def test_visits_of_known_times_are_counted(acd: Any) -> None:
    centre = acd(
        call(1, "2026-03-02 12:00:00", talk=60, hold=0, wrap=10),
        call(2, "2026-03-02 12:00:00", talk=30),
        call(3, "2026-03-02 12:00:00", wrap=60),
        call(4, "2026-03-02 12:00:00"),  # answered, and nothing is told of it
        call(5, "2026-03-02 12:00:00", "abandoned", wait=4),
    )
    known = (
        "answered_count, talk_known_count, hold_known_count, wrap_known_count, ring_known_count, handled_known_count"
    )
    for table in ("queue_interval", "queue_day", "tier_service_day"):
        assert centre.rows(f"select {known} from kpi.{table}") == [(4, 2, 1, 2, 0, 3)]


@pytest.mark.parametrize(("comparator", "in_time"), [("<=", 2), ("<", 1)])
def test_the_comparator_decides_the_threshold_itself(acd: Any, comparator: str, in_time: int) -> None:
    target = (
        f'\n[[targets]]\nqueue = "sales"\nsl_threshold_s = 20\nsl_comparator = "{comparator}"\nshort_abandon_s = 5\n'
    )
    centre = acd(
        call(1, "2026-03-02 12:00:00", wait=19), call(2, "2026-03-02 12:00:00", wait=20),
        call(3, "2026-03-02 12:00:00", wait=21), settings=target,
    )  # fmt: skip
    assert centre.rows("select answered_in_sl_count from kpi.queue_day") == [(in_time,)]


def test_a_target_holds_from_its_day_on(acd: Any) -> None:
    targets = (
        '\n[[targets]]\nqueue = "*"\nsl_threshold_s = 20\n'
        '\n[[targets]]\nqueue = "sales"\nvalid_from = 2026-03-03\nsl_threshold_s = 60\n'
    )
    centre = acd(
        call(1, "2026-03-02 23:59:59", wait=30), call(2, "2026-03-03 00:00:00", wait=30), settings=targets
    )  # fmt: skip
    found = centre.rows("select sl_threshold_s, is_within_sl from core.queue_visits order by entered_at")
    assert found == [(20.0, False), (60.0, True)]


@pytest.mark.parametrize(
    ("ownership", "half_hours"),
    [("arrival", ["07:00", "07:00"]), ("event", ["07:30", "07:30"]), ("disconnect", ["08:00", "07:30"])],
)
def test_the_half_hour_that_owns_a_visit_is_a_setting(acd: Any, ownership: str, half_hours: list[str]) -> None:
    # One is answered at 7:32 and talks until 8:02, the other gives up at 7:31.
    target = f'\n[[targets]]\nqueue = "*"\nsl_threshold_s = 600\ninterval_ownership = "{ownership}"\n'
    centre = acd(
        call(1, "2026-03-02 07:28:00", wait=240, talk=1800), call(2, "2026-03-02 07:29:00", "abandoned", wait=120),
        settings=target,
    )  # fmt: skip
    found = centre.rows(
        "select strftime(interval_started_at at time zone 'UTC', '%H:%M'), answered_count, abandoned_count"
        " from kpi.queue_interval where offered_count > 0 order by 1"
    )
    answered, abandoned = half_hours
    assert {(at, 1, 0) for at, a, _ in found if a} | {(at, 0, 1) for at, _, b in found if b} == {
        (answered, 1, 0),
        (abandoned, 0, 1),
    }
    assert centre.rows("select sum(offered_count), sum(answered_count) from kpi.queue_day") == [(2, 1)]
    assert centre.rows("select sum(offered_count), sum(difference_count) from meta.ledger") == [(2, 0)]


def test_ownership_moves_a_visit_over_midnight_to_the_day_of_its_event(acd: Any) -> None:
    targets = (
        '\n[[targets]]\nqueue = "*"\n'
        '\n[[targets]]\nqueue = "*"\nvalid_from = 2026-03-03\ninterval_ownership = "event"\n'
    )
    centre = acd(
        call(1, "2026-03-02 23:59:00", wait=120), call(2, "2026-03-03 23:59:00", wait=120), settings=targets
    )  # fmt: skip
    days = "select cast(business_date as varchar), offered_count from kpi.queue_day order by 1"
    assert centre.rows(days) == [("2026-03-02", 1), ("2026-03-04", 1)]


def test_a_late_visit_is_judged_by_the_variant_that_was_agreed_for_it_and_changes_no_other(acd: Any) -> None:
    targets = (
        '\n[[targets]]\nqueue = "*"\ninterval_ownership = "event"\nservice_level_variant = "sl_answered_only"\n'
        '\n[[targets]]\nqueue = "*"\nvalid_from = 2026-03-03\nservice_level_variant = "sl_abandons_negative"\n'
    )
    centre = acd(
        call(1, "2026-03-02 23:59:00", wait=120),  # answered on the next day, under the target of this one
        call(2, "2026-03-03 00:05:00", wait=5),
        call(3, "2026-03-03 00:06:00", "abandoned", wait=50),
        settings=targets,
    )
    rows = "select service_level_variant, answered_count, answered_in_sl_count, abandoned_count from kpi.{} order by 1"
    for table in ("queue_interval", "queue_day", "tier_service_day"):
        assert centre.rows(rows.format(table)) == [("sl_abandons_negative", 1, 1, 1), ("sl_answered_only", 1, 0, 0)]


@pytest.mark.parametrize(("start", "in_time"), [("queue", 1), ("arrival", 0)])
def test_the_clock_may_start_when_the_contact_arrives(acd: Any, start: str, in_time: int) -> None:
    target = f'\n[[targets]]\nqueue = "*"\nsl_threshold_s = 20\nsl_clock_start = "{start}"\n'
    row = call(1, "2026-03-02 12:00:10", wait=15)
    first = {**call(1, "2026-03-02 12:00:00", "exited_by_key", wait=5), "queue": "menu"}
    centre = acd(first, row, settings=target)
    found = "select answered_in_sl_count, answered_wait_s from kpi.queue_day where queue = 'sales'"
    assert centre.rows(found) == [(in_time, 15.0)]


def test_half_hours_on_the_night_that_has_one_hour_twice(acd: Any) -> None:
    # 2026-10-25 in London: the day has 25 hours, 01:30 comes twice, and all is one business date.
    centre = acd(
        call(1, "2026-10-25 00:10:00"), call(2, "2026-10-25 00:30:00+00:00"), call(3, "2026-10-25 01:30:00+00:00"),
        call(4, "2026-10-25 23:59:59"),
    )  # fmt: skip
    assert centre.rows("select count(*), sum(offered_count) from kpi.queue_interval") == [(4, 4)]
    assert centre.rows("select strftime(business_date, '%m-%d'), offered_count from kpi.queue_day") == [("10-25", 4)]


def test_a_visit_belongs_to_the_half_hour_in_which_it_entered(acd: Any) -> None:
    centre = acd(call(1, "2026-03-02 07:28:00", wait=240, talk=600))
    intervals = (
        "select strftime(interval_started_at, '%H:%M'), offered_count, answered_count, talk_s from kpi.queue_interval"
    )
    assert centre.rows(intervals) == [("07:00", 1, 1, 600.0)]


def test_another_variant_that_is_agreed_from_a_day_on_leaves_the_days_before_as_they_were(acd: Any) -> None:
    calls = [
        call(number, f"2026-03-0{day} 12:00:00", outcome, wait=10)
        for day in (2, 3) for number, outcome in ((day, "answered"), (day + 10, "abandoned"))
    ]  # fmt: skip
    later = '\n[[targets]]\nvalid_from = 2026-03-03\nservice_level_variant = "sl_answered_only"\n'
    centre = acd(*calls, settings=later)
    agreed = "select service_level_variant, sl_as_agreed from kpi.queue_day_metrics order by business_date"
    assert centre.rows(agreed) == [("sl_short_abandons_excluded", 0.5), ("sl_answered_only", 1.0)]


def test_agents_days_are_local_days(acd: Any) -> None:
    centre = acd(
        call(1, "2026-07-01 00:30:00", talk=60, agent="Ann"), call(2, "2026-07-01 23:30:00", talk=30, agent="Ann"),
        call(3, "2026-07-01 12:00:00", "abandoned"),
    )  # fmt: skip
    days = "select strftime(business_date, '%m-%d'), agent, answered_count, talk_s from kpi.agent_day"
    assert centre.rows(days) == [("07-01", "Ann", 2, 90.0)]


def test_repeats_within_windows_and_those_still_immature(acd: Any) -> None:
    centre = acd(
        call(1, "2026-03-02 12:00:00", customer="C1"), call(2, "2026-03-02 12:05:00", customer="C1"),
        call(3, "2026-03-02 12:00:00", customer="C2"), call(4, "2026-03-04 12:00:00", customer="C3"),
    )  # fmt: skip
    totals = (
        "select window_name, sum(resolvable_count), sum(repeated_count), sum(immature_count), sum(contact_count)"
        " from kpi.repeat_day group by 1 order by 1"
    )
    found = {name: tuple(map(int, rest)) for name, *rest in centre.rows(totals)}
    assert found["10min"] == (3, 1, 1, 4)  # the last one's ten minutes have not passed
    assert found["24h"] == (3, 1, 1, 4)
    assert found["7d"] == (0, 0, 4, 4)


ORDERS = """order_id,customer_id,ordered_at,amount,margin,status,currency
O1,C1,2026-03-03 12:00:00,100,30,paid,GBP
O2,C1,2026-03-20 12:00:00,500,100,paid,GBP
O3,C1,2026-03-03 13:00:00,70,20,cancelled,GBP
"""


def test_money_prices_time_and_attributes_paid_orders_within_the_window(acd: Any) -> None:
    centre = acd(
        call(1, "2026-03-02 12:00:00", wait=60, talk=3600, customer="C1", agent="Ann"),
        crm_customers="customer_id,name\nC1,x\n", crm_orders=ORDERS,
    )  # fmt: skip
    money = (
        "select handled_count, agent_s, agent_cost_amount, telecom_cost_amount, attributed_order_count,"
        " attributed_revenue_amount, attributed_margin_amount, currency from kpi.money_day"
    )
    assert centre.rows(money) == [(1, 3600.0, 25.0, 1.22, 1, 100.0, 30.0, "GBP")]


SURVEYS = """survey_id,customer_id,kind,score,sent_at,answered_at
S1,C1,nps,10,2026-03-02,2026-03-02
S2,C1,nps,9,2026-03-02,2026-03-02
S3,C1,nps,7,2026-03-02,2026-03-02
S4,C1,nps,0,2026-03-02,2026-03-02
S5,C1,nps,,2026-03-02,
S6,C1,csat,5,2026-03-02,2026-03-02
S7,C1,csat,3,2026-03-02,2026-03-02
S8,C1,csat,1,2026-03-02,2026-03-02
"""


def test_promoters_detractors_and_boxes(acd: Any) -> None:
    centre = acd(call(1, "2026-03-02 12:00:00"), crm_customers="customer_id,name\nC1,x\n", surveys=SURVEYS)
    sums = (
        "select kind, sum(sent_count), sum(answered_count), sum(score_sum), sum(top_two_count), sum(bottom_two_count),"
        " sum(promoter_count), sum(detractor_count) from kpi.experience_day group by 1 order by 1"
    )
    assert centre.rows(sums) == [("csat", 3, 3, 9.0, 1, 1, 0, 0), ("nps", 5, 4, 26.0, 0, 0, 2, 1)]
