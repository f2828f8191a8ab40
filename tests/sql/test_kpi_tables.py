"""KPI tables of channels, sites, half hours of agents, the IVR, campaigns, tiers, waits, ways: rows to add by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from pipelines.contracts.sql_checks import load_checks, run_check

SECTION = """
[sources.acd]
kind = "calls"
format = "csv"
sql = "sources/acd.sql"
timezone = "Europe/London"
"""
COLUMNS = {
    "id": "source_contact_id", "at": "arrived_at", "queue": "queue", "entered": "entered_at", "wait": "wait_s",
    "outcome": "outcome", "answered": "answered_at", "talk": "talk_s", "hold": "hold_s", "wrap": "wrap_s",
    "agent": "agent", "ivr": "ivr_s", "dialled": "dialled_number", "customer": "customer_id", "channel": "channel",
    "site": "site", "direction": "direction", "transfer": "transfer_type", "ended": "ended_at",
}  # fmt: skip
SQL = f"select {', '.join(f'{ours} as {theirs}' for ours, theirs in COLUMNS.items())} from input"
CHECKS = {check.name: check for check in load_checks([Path(__file__).parents[2] / "sql" / "checks"])}
TRUTHS = [
    "agent_time_adds_up", "campaign_sums_match_attempts", "channel_outcomes_add_up", "flow_is_conserved",
    "ivr_sums_match_channels", "queue_outcomes_add_up", "site_sums_match_channels", "tier_sums_match_queues",
    "wait_histogram_matches_visits",
]  # fmt: skip


def contact(number: int, at: str, outcome: str = "answered", **more: Any) -> dict[str, Any]:
    """A contact that came to the queue as it arrived, unless `queue` is empty."""
    row = {"id": number, "at": at, "queue": "sales", "entered": at, "wait": 0, "outcome": outcome, **more}
    return row if row["queue"] else row | {"entered": "", "wait": ""}


def csv(*rows: dict[str, Any]) -> str:
    lines = [",".join(str(row.get(column, "")) for column in COLUMNS) for row in rows]
    return "\n".join([",".join(COLUMNS), *lines]) + "\n"


def use_acd(centre: Any, timezone: str = "Europe/London") -> None:
    # Open on Mondays alone, but for lunch from 12 to 13 o'clock.
    settings = centre.home.settings_path.read_text()
    settings = settings.replace('"Europe/London"', f'"{timezone}"').replace("#monday =", "monday =")
    centre.write("callwright.toml", settings + SECTION)
    centre.write("sources/acd.sql", SQL)


def assert_truths(centre: Any, timezone: str = "Europe/London") -> None:
    with duckdb.connect(centre.home.warehouse, read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"set variable timezone = '{timezone}'")
        failed = [r for name in TRUTHS if not (r := run_check(con, CHECKS[name])).passed]
    assert [(r.check_name, r.observed, r.sample) for r in failed] == []


@pytest.fixture
def acd(centre: Any) -> Callable[..., Any]:
    """`acd(row, …, source=text)`: a centre with these contacts, whose truths hold."""

    def build(*rows: dict[str, Any], **others: str) -> Any:
        use_acd(centre)
        centre.land("acd", "calls.csv", csv(*rows))
        for source, text in others.items():
            centre.land(source, "a.csv", text)
        centre.run()
        assert_truths(centre)
        return centre

    return build


def log(*events: str, start: datetime) -> str:
    """A queue_log: events are `second|callid|queue|agent|EVENT|parameters`, seconds counted from the start."""
    first = int(start.timestamp())
    timed = sorted((int(second) + first, rest) for second, rest in (event.split("|", 1) for event in events))
    return "".join(f"{second}|{rest}\n" for second, rest in timed)


@pytest.fixture
def logged(centre: Any) -> Callable[..., Any]:
    """`logged(event, …, start=…, timezone=…)`: a centre with this queue_log, whose truths hold."""

    def build(*events: str, start: datetime, timezone: str = "Europe/London") -> Any:
        use_acd(centre, timezone)
        centre.land("asterisk_queue_log", "queue_log", log(*events, start=start))
        centre.run()
        assert_truths(centre, timezone)
        return centre

    return build


# --- channels and sites ---


def test_a_channels_day_counts_each_contact_under_its_outcome(acd: Any) -> None:
    outcomes = [
        "answered", "answered", "abandoned", "timed_out", "exited_by_key", "exited_empty", "withdrawn", "blocked",
        "open",
    ]  # fmt: skip
    centre = acd(
        *(contact(n, "2026-03-02 12:00:00", outcome) for n, outcome in enumerate(outcomes)),
        contact(20, "2026-03-02 12:00:00", "abandoned_in_ivr", queue=""),
        contact(21, "2026-03-02 12:00:00", "contained_in_ivr", queue=""),
        contact(22, "2026-03-02 12:00:00", "failed", queue=""),
        contact(23, "2026-03-02 12:00:00", "callback"),
    )
    counts = (
        "select contact_count, answered_count, abandoned_count, short_abandoned_count, abandoned_in_ivr_count,"
        " contained_in_ivr_count, timed_out_count, exited_by_key_count, exited_empty_count, withdrawn_count,"
        " blocked_count, failed_count, callback_count, open_count, queued_count from kpi.{}"
    )
    expected = [(13, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 10)]
    assert centre.rows(counts.format("channel_day")) == expected
    assert centre.rows(counts.format("site_day")) == expected


def test_sites_add_their_channels_and_what_a_channel_does_not_have_is_null(acd: Any) -> None:
    north = {"site": "north", "customer": "C1"}
    centre = acd(
        contact(1, "2026-03-02 12:00:00", wait=7, talk=60, hold=5, wrap=10, ivr=3, channel="voice", **north),
        contact(2, "2026-03-03 03:00:00", "abandoned", wait=30, channel="voice", **north),
        contact(3, "2026-03-02 12:30:00", "open", queue="", channel="email", site="north"),
        contact(4, "2026-03-02 12:30:00", queue="", talk=90, channel="chat", site="south"),
        contact(5, "2026-03-02 13:00:00", wait=2, talk=20, transfer="blind", channel="voice", site="north"),
        contact(
            5, "2026-03-02 13:00:00", wait=4, talk=30, entered="2026-03-02 13:01:00", channel="voice", site="north"
        ),
        crm_customers="customer_id,name\nC1,x\n",
    )
    sums = (
        "contact_count, queue_wait_s, elapsed_wait_s, ivr_s, ring_s, talk_s, hold_s, wrap_s, handle_s,"
        " multi_queue_count, transferred_contact_count, transfer_count, identified_count, in_business_hours_count,"
        " repeat_count"
    )
    nothing = (None,) * 5
    assert centre.rows(f"select business_date, channel, {sums} from kpi.channel_day order by 1, 2") == [
        (date(2026, 3, 2), "chat", 1, None, None, None, None, 90.0, None, None, 90.0, 0, 0, 0, 0, 0, 0),
        (date(2026, 3, 2), "email", 1, None, None, None, *nothing, 0, 0, 0, 0, 0, 0),
        (date(2026, 3, 2), "voice", 2, 13.0, 71.0, 3.0, None, 110.0, 5.0, 10.0, 125.0, 1, 1, 1, 1, 1, 0),
        (date(2026, 3, 3), "voice", 1, 30.0, 30.0, None, *nothing, 0, 0, 0, 1, 0, 1),
    ]
    assert centre.rows(f"select business_date, site, {sums} from kpi.site_day order by 1, 2") == [
        (date(2026, 3, 2), "north", 3, 13.0, 71.0, 3.0, None, 110.0, 5.0, 10.0, 125.0, 1, 1, 1, 1, 1, 0),
        (date(2026, 3, 2), "south", 1, None, None, None, None, 90.0, None, None, 90.0, 0, 0, 0, 0, 0, 0),
        (date(2026, 3, 3), "north", 1, 30.0, 30.0, None, *nothing, 0, 0, 0, 1, 0, 1),
    ]


def test_who_was_refused_came_to_a_queue_and_did_not_wait(acd: Any) -> None:
    centre = acd(
        contact(1, "2026-03-02 12:00:00", wait=10),
        contact(2, "2026-03-02 12:00:00", "abandoned", wait=30),
        contact(3, "2026-03-02 12:00:00", "blocked", wait=0),
        contact(4, "2026-03-02 12:00:00", "blocked", wait=""),
        contact(5, "2026-03-02 12:00:00", "callback"),
        contact(6, "2026-03-02 12:00:00", "abandoned_in_ivr", queue=""),
    )
    sums = "select queued_count, waited_count, queue_wait_s, elapsed_wait_s from kpi.{}"
    for table in ("channel_day", "site_day"):
        assert centre.rows(sums.format(table)) == [(5, 2, 40.0, 40.0)]


OVER_MIDNIGHT = (
    contact(1, "2026-03-02 23:50:00", "timed_out", queue="a", wait=59),
    contact(1, "2026-03-02 23:50:00", "timed_out", queue="b", wait=59, entered="2026-03-03 00:01:00"),
    contact(1, "2026-03-02 23:50:00", queue="a", wait=30, talk=10, entered="2026-03-03 00:05:00", agent="Ann"),
)


def test_a_contact_over_midnight_is_of_the_day_it_arrived_and_its_visits_are_of_theirs(acd: Any) -> None:
    centre = acd(*OVER_MIDNIGHT)
    assert centre.rows("select business_date, contact_count, queue_wait_s, talk_s from kpi.channel_day") == [
        (date(2026, 3, 2), 1, 148.0, 10.0)
    ]
    waits = "select business_date, queue, outcome, wait_from_s, visit_count from kpi.wait_histogram_day order by all"
    assert centre.rows(waits) == [
        (date(2026, 3, 2), "a", "flowed_out", 59.0, 1),
        (date(2026, 3, 3), "a", "answered", 30.0, 1),
        (date(2026, 3, 3), "b", "flowed_out", 59.0, 1),
    ]
    ways = "select business_date, step_number, from_node, to_node, contact_count from kpi.flow_day order by 2"
    assert centre.rows(ways) == [
        (date(2026, 3, 2), 1, "arrival", "queue:a", 1),
        (date(2026, 3, 2), 2, "queue:a", "queue:b", 1),
        (date(2026, 3, 2), 3, "queue:b", "queue:a", 1),
        (date(2026, 3, 2), 4, "queue:a", "outcome:answered", 1),
    ]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)])
def test_a_day_has_as_many_hours_as_it_has(logged: Any, day: str, hours: int) -> None:
    # Logged in from local midnight to local midnight, with a caller who gives up in every hour.
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/London")).astimezone(UTC)
    callers = [
        f"{hour * 3600 + after}|c{hour}|sales|NONE|{event}"
        for hour in range(hours)
        for after, event in ((60, "ENTERQUEUE||+447946000001|1"), (70, "ABANDON|1|1|10"))
    ]
    login = ["0|NONE|sales|Ann|ADDMEMBER|", f"{hours * 3600}|NONE|sales|Ann|REMOVEMEMBER|"]
    centre = logged(*login, *callers, start=start)
    assert centre.rows("select business_date::varchar, contact_count from kpi.channel_day") == [(day, hours)]
    assert centre.rows("select business_date::varchar, visit_count from kpi.wait_histogram_day") == [(day, hours)]
    intervals = "select business_date::varchar, count(*), sum(logged_in_s), max(logged_in_s) from kpi.agent_interval"
    assert centre.rows(f"{intervals} where logged_in_s > 0 group by 1") == [(day, hours * 2, hours * 3600.0, 1800.0)]


# --- agents ---


def half_hours(centre: Any, columns: str) -> list[tuple[Any, ...]]:
    return centre.rows(
        f"select strftime(interval_started_at, '%d %H:%M'), {columns} from kpi.agent_interval order by 1, 2"
    )


def test_time_is_cut_at_the_edges_of_half_hours(acd: Any) -> None:
    # The golden figure: busy from 05:23 to 06:15 is 7, 30 and 15 minutes.
    centre = acd(contact(1, "2026-03-02 05:23:00", talk=52 * 60, agent="Ann"))
    assert half_hours(centre, "offered_count, answered_count, talk_s, hold_s") == [
        ("02 05:00", 1, 1, 420.0, None),
        ("02 05:30", 0, 0, 1800.0, None),
        ("02 06:00", 0, 0, 900.0, None),
    ]


def test_hold_follows_talk_wrap_up_follows_the_end_and_midnight_is_a_cut(acd: Any) -> None:
    centre = acd(
        contact(
            1, "2026-03-02 23:40:00", talk=600, hold=900, wrap=1500, agent="Ann", transfer="blind",
            ended="2026-03-03 00:10:00",
        ),
        contact(2, "2026-03-02 23:45:00", agent="Ann", talk=0),
        contact(3, "2026-03-03 10:00:00", agent="Ann"),
    )  # fmt: skip
    columns = "business_date::varchar, answered_count, transferred_count, talk_s, hold_s, wrap_s"
    assert half_hours(centre, columns) == [
        ("02 23:30", "2026-03-02", 2, 1, 600.0, 600.0, None),
        ("03 00:00", "2026-03-03", 0, 0, None, 300.0, 1200.0),
        ("03 00:30", "2026-03-03", 0, 0, None, None, 300.0),
        ("03 10:00", "2026-03-03", 1, 0, None, None, None),  # how long it was, nobody says
    ]


def test_log_ins_that_overlap_count_once_and_pauses_are_of_their_half_hours(logged: Any) -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    centre = logged(
        "600|NONE|sales|Ann|ADDMEMBER|", "1200|NONE|vip|Ann|ADDMEMBER|", "1500|NONE|NONE|Ann|PAUSEALL|tea",
        "2100|NONE|NONE|Ann|UNPAUSEALL|", "2400|NONE|sales|Ann|REMOVEMEMBER|", "5400|NONE|vip|Ann|REMOVEMEMBER|",
        start=noon,
    )  # fmt: skip
    assert half_hours(centre, "logged_in_s, paused_s, answered_count, talk_s") == [
        ("02 12:00", 1200.0, 300.0, 0, None),
        ("02 12:30", 1800.0, 300.0, 0, None),
        ("02 13:00", 1800.0, None, 0, None),
    ]


def test_a_ring_is_offered_where_it_began_and_answered_where_it_was_answered(logged: Any) -> None:
    events = (
        "0|1.1|sales|NONE|ENTERQUEUE||+447946000001|1", "1785|1.1|sales|Ann|RINGNOANSWER|5000",
        "1810|1.1|sales|Bob|CONNECT|1810|1.2|20", "1870|1.1|sales|Bob|COMPLETEAGENT|1810|60|1",
    )  # fmt: skip
    centre = logged(*events, start=datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert half_hours(centre, "agent, offered_count, answered_count, ring_no_answer_count, ring_s, talk_s") == [
        ("02 09:00", "Ann", 1, 0, 1, 5.0, None),
        ("02 09:00", "Bob", 1, 0, 0, 10.0, None),
        ("02 09:30", "Bob", 0, 1, 0, 10.0, 60.0),
    ]


def test_local_midnight_parts_a_half_hour_where_clocks_differ_by_three_quarters(logged: Any) -> None:
    # In Kathmandu the day begins at 18:15 UTC.
    centre = logged(
        "0|NONE|sales|Ann|ADDMEMBER|", "3600|NONE|sales|Ann|REMOVEMEMBER|",
        start=datetime(2026, 3, 2, 17, 45, tzinfo=UTC), timezone="Asia/Kathmandu",
    )  # fmt: skip
    assert half_hours(centre, "business_date::varchar, logged_in_s") == [
        ("02 17:30", "2026-03-02", 900.0),
        ("02 18:00", "2026-03-02", 900.0),
        ("02 18:00", "2026-03-03", 900.0),
        ("02 18:30", "2026-03-03", 900.0),
    ]


def test_a_night_with_two_midnights_stops_no_publish(logged: Any) -> None:
    # On the Azores the clock goes from 01:00 back to 00:00: that hour comes twice and is all of the new day.
    centre = logged(
        "0|NONE|sales|Ann|ADDMEMBER|", "9000|NONE|sales|Ann|REMOVEMEMBER|",
        start=datetime(2026, 10, 24, 23, 30, tzinfo=UTC), timezone="Atlantic/Azores",
    )  # fmt: skip
    days = "select business_date::varchar, sum(logged_in_s) from kpi.agent_interval group by 1 order by 1"
    assert centre.rows(days) == [("2026-10-24", 1800.0), ("2026-10-25", 7200.0)]


# --- queues ---


@pytest.mark.parametrize(
    ("wait", "bin_", "band"),
    [
        (0, (0, 1), "0-5 s"), (4.999999, (4, 5), "0-5 s"), (5, (5, 6), "5-10 s"), (14.9, (14, 15), "10-15 s"),
        (15, (15, 16), "15-20 s"), (20, (20, 21), "20-30 s"), (44, (44, 45), "30-45 s"), (59.5, (59, 60), "45-60 s"),
        (60, (60, 61), "60-120 s"), (119.9, (119, 120), "60-120 s"), (120, (120, 125), "120-300 s"),
        (124.9, (120, 125), "120-300 s"), (299.9, (295, 300), "120-300 s"), (300, (300, 305), "300 s and more"),
        (599.9, (595, 600), "300 s and more"), (600, (600, 660), "300 s and more"),
        (4000, (3960, 4020), "300 s and more"),
    ],
)  # fmt: skip
def test_bins_hold_their_lower_bound(wait: float, bin_: tuple[int, int], band: str) -> None:
    sql = (Path(__file__).parents[2] / "sql" / "kpi" / "wait_histogram_day.sql").read_text()
    with duckdb.connect() as con:
        con.execute("create schema core")
        con.execute(
            "create table core.queue_visits as select current_date as business_date, null as site, 'sales' as queue,"
            f" 'voice' as channel, 'answered' as outcome, {wait}::double as wait_s"
        )
        found = con.execute(f"select wait_from_s, wait_to_s, band, visit_count from ({sql})").fetchall()
    assert found == [(*bin_, band, 1)]


def test_waits_of_the_answered_abandoned_and_sent_on_stand_apart_and_refusals_are_not_there(acd: Any) -> None:
    outcomes = [
        ("answered", 3), ("answered", 3), ("abandoned", 3), ("timed_out", 3), ("exited_by_key", 3), ("withdrawn", 7),
        ("blocked", ""), ("open", ""),
    ]  # fmt: skip
    centre = acd(*(contact(n, "2026-03-02 12:00:00", outcome, wait=w) for n, (outcome, w) in enumerate(outcomes)))
    waits = "select outcome, wait_from_s, wait_to_s, band, visit_count from kpi.wait_histogram_day order by all"
    assert centre.rows(waits) == [
        ("abandoned", 3.0, 4.0, "0-5 s", 1),
        ("answered", 3.0, 4.0, "0-5 s", 2),
        ("flowed_out", 3.0, 4.0, "0-5 s", 2),
        ("flowed_out", 7.0, 8.0, "5-10 s", 1),
    ]


def test_tiers_stand_apart_and_those_of_no_tier_too(logged: Any) -> None:
    events = (
        "0|1.1|sales|NONE|SCORE|gold|80", "1|1.1|sales|NONE|ENTERQUEUE||+447946000001|1",
        "6|1.1|sales|Bob|CONNECT|5|1.2|2", "66|1.1|sales|Bob|COMPLETEAGENT|5|60|1",
        "10|2.1|sales|NONE|ENTERQUEUE||+447946000002|1", "12|2.1|sales|NONE|ABANDON|1|1|2",
        "20|3.1|sales|NONE|SCORE|gold|80", "21|3.1|sales|NONE|ENTERQUEUE||+447946000003|1",
        "61|3.1|sales|NONE|ABANDON|1|1|40",
    )  # fmt: skip
    centre = logged(*events, start=datetime(2026, 3, 2, 12, tzinfo=UTC))
    sums = (
        "select tier, offered_count, answered_count, answered_in_sl_count, abandoned_count, short_abandoned_count,"
        " wait_s, max_wait_s, talk_s, hold_s from kpi.tier_service_day order by tier nulls last"
    )
    assert centre.rows(sums) == [
        ("gold", 2, 1, 1, 1, 0, 45.0, 40.0, 60.0, None),
        (None, 1, 0, 0, 1, 1, 2.0, 2.0, None, None),
    ]


def test_a_visits_tier_is_its_contacts(sample: Any) -> None:
    # kpi.tier_service_day takes it from the visit alone.
    differing = (
        "select count(v.tier) > 0, count(*) filter (where v.tier is distinct from c.value_tier_at_arrival)"
        " from core.queue_visits as v inner join core.contacts as c on v.contact_key = c.contact_key"
    )
    assert sample.rows(differing) == [(True, 0)]


# --- the IVR, and ways ---


def test_ends_in_the_ivr_by_the_number_dialled(acd: Any) -> None:
    centre = acd(
        contact(1, "2026-03-02 12:00:00", ivr=10, dialled="8001"),
        contact(2, "2026-03-02 12:00:00", "blocked", ivr=4, dialled="8001"),
        contact(3, "2026-03-02 12:00:00", "abandoned_in_ivr", queue="", dialled="8001"),
        contact(4, "2026-03-02 12:00:00", "contained_in_ivr", queue="", ivr=30, dialled="8001"),
        contact(5, "2026-03-02 12:00:00", "contained_in_ivr", queue=""),
        contact(6, "2026-03-02 12:00:00", dialled="8001"),
    )
    sums = (
        "select node, ivr_contact_count, contained_count, abandoned_count, to_queue_count, ivr_known_count, ivr_s from"
        " kpi.ivr_day order by node nulls last"
    )
    assert centre.rows(sums) == [("8001", 4, 1, 1, 2, 3, 44.0), (None, 1, 1, 0, 0, 0, None)]


def test_what_comes_into_a_node_leaves_it(acd: Any) -> None:
    later = {"entered": "2026-03-02 12:05:00", "queue": "vip"}
    centre = acd(
        contact(1, "2026-03-02 12:00:00", ivr=10),
        contact(2, "2026-03-02 12:00:00", "abandoned"),
        contact(3, "2026-03-02 12:00:00", "timed_out", ivr=5),
        contact(3, "2026-03-02 12:00:00", "abandoned", ivr=5, **later),
        contact(4, "2026-03-02 12:00:00", "abandoned_in_ivr", queue=""),
        contact(5, "2026-03-02 12:00:00", "failed", queue=""),
    )
    assert centre.rows("select step_number, from_node, to_node, contact_count from kpi.flow_day order by all") == [
        (1, "arrival", "ivr", 3),
        (1, "arrival", "outcome:failed", 1),
        (1, "arrival", "queue:sales", 1),
        (2, "ivr", "outcome:abandoned_in_ivr", 1),
        (2, "ivr", "queue:sales", 2),
        (2, "queue:sales", "outcome:abandoned", 1),
        (3, "queue:sales", "outcome:answered", 1),
        (3, "queue:sales", "queue:vip", 1),
        (4, "queue:vip", "outcome:abandoned", 1),
    ]


# --- campaigns ---

ATTEMPTS = """attempt_id,campaign_id,customer_id,dialled_at,arm,connected,right_party,outcome,amount
A1,spring,C1,2026-07-01 09:10:00,treated,false,,no_answer,
A2,spring,C1,2026-07-01 09:50:00,treated,true,false,callback,
A3,spring,C1,2026-07-02 09:00:00,treated,true,true,sold,120.5
A4,spring,C2,2026-07-01 09:20:00,treated,true,true,refused,
A5,autumn,C1,2026-07-02 09:30:00,,,,,
A6,spring,C3,2026-07-02 00:10:00,held,false,,no_answer,
"""


def test_persons_are_dialled_and_reached_for_the_first_time_once_a_campaign(acd: Any) -> None:
    centre = acd(contact(1, "2026-07-01 12:00:00"), campaign_attempts=ATTEMPTS)
    sums = (
        "select campaign_id, business_date::varchar, arm, local_hour, attempt_count, connected_count,"
        " right_party_count, sold_count, refused_count, callback_count, opted_out_count, no_answer_count, amount,"
        " currency, person_first_attempt_count, person_first_connected_count, attempts_to_contact_count"
        " from kpi.campaign_day order by 1, 2, 4"
    )
    stated = (None,) * 8
    assert centre.rows(sums) == [
        ("autumn", "2026-07-02", None, 9, 1, *stated, "GBP", 1, None, None),
        # C1 was reached at his second attempt, C2 at his first.
        ("spring", "2026-07-01", "treated", 9, 3, 2, 1, 0, 1, 1, 0, 1, None, "GBP", 2, 2, 3),
        ("spring", "2026-07-02", "held", 0, 1, 0, None, 0, 0, 0, 0, 1, None, "GBP", 1, 0, 0),
        ("spring", "2026-07-02", "treated", 9, 1, 1, 1, 1, 0, 0, 0, 0, 120.5, "GBP", 0, 0, 0),
    ]


# --- in parts ---


def test_what_comes_later_leaves_the_tables_of_a_run_that_had_it_all(make_centre: Any, tmp_path: Path) -> None:
    # A case that was worked on for two months, and a contact whose visits are of the day after its own: a part of what
    # the days that change are made of began or lies outside of them.
    first = [
        *OVER_MIDNIGHT,
        contact(2, "2026-01-05 09:00:00", talk=60 * 86_400, wrap=600, agent="Ann", channel="email"),
        contact(3, "2026-03-03 15:00:00", talk=60, agent="Bob"),
    ]
    later = [contact(4, "2026-03-02 10:00:00", talk=30, agent="Bob"), contact(5, "2026-03-07 10:00:00", agent="Ann")]
    in_parts, at_once = (make_centre(tmp_path / name) for name in ("parts", "whole"))
    for centre in (in_parts, at_once):
        use_acd(centre)
    in_parts.land("acd", "1.csv", csv(*first))
    in_parts.run()
    in_parts.land("acd", "2.csv", csv(*later))
    in_parts.run()
    at_once.land("acd", "1.csv", csv(*first))
    at_once.land("acd", "2.csv", csv(*later))
    at_once.run()
    assert_truths(in_parts)
    found, expected = in_parts.tables("kpi"), at_once.tables("kpi")
    assert [name for name in expected if found[name] != expected[name]] == []
    talk = dict(
        at_once.rows("select business_date, sum(talk_s) from kpi.agent_interval where agent = 'Ann' group by 1")
    )
    assert talk[date(2026, 1, 5)] == timedelta(hours=15).total_seconds()
    assert talk[date(2026, 2, 1)] == timedelta(hours=24).total_seconds()
