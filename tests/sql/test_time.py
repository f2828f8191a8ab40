"""Days of 23, 24 and 25 hours, calls over midnight, leap days and opening hours: sums a reader can count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

LONDON = ZoneInfo("Europe/London")  # the zone of the tests' centre


def epoch(text: str, zone: ZoneInfo | None = None) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone or UTC).timestamp())


def call(begun: int, callid: str, wait_s: int = 5, queue: str = "q") -> str:
    return (
        f"{begun}|{callid}|{queue}|NONE|ENTERQUEUE||07946000001|1\n"
        f"{begun + wait_s}|{callid}|{queue}|Ann|CONNECT|{wait_s}|{callid}9|2\n"
        f"{begun + wait_s + 20}|{callid}|{queue}|Ann|COMPLETECALLER|{wait_s}|20|1\n"
    )


def half_hours(first: date, last: date) -> Iterator[int]:
    """Every half hour, by real time, from one local midnight to another."""
    moment = datetime(first.year, first.month, first.day, tzinfo=LONDON).astimezone(UTC)
    end = datetime(last.year, last.month, last.day, tzinfo=LONDON).astimezone(UTC)
    while moment < end:
        yield int(moment.timestamp())
        moment += timedelta(minutes=30)


@pytest.mark.parametrize(
    ("changed", "half_hour_count"), [(date(2026, 3, 29), 46), (date(2026, 10, 25), 50), (date(2026, 6, 1), 48)]
)
def test_a_day_has_as_many_half_hours_as_it_has(centre: Any, changed: date, half_hour_count: int) -> None:
    moments = half_hours(changed, changed + timedelta(days=2))
    centre.land("asterisk_queue_log", "queue_log", "".join(call(m, f"{m}.1") for m in moments))
    centre.run()
    days = "select business_date, offered_count, answered_wait_s from kpi.queue_day order by 1"
    assert centre.rows(days) == [
        (changed, half_hour_count, half_hour_count * 5.0),
        (changed + timedelta(days=1), 48, 48 * 5.0),
    ]
    intervals = "select count(*), count(distinct interval_started_at), max(offered_count) from kpi.queue_interval"
    assert centre.rows(intervals) == [(half_hour_count + 48, half_hour_count + 48, 1)]


@pytest.mark.parametrize(
    ("changed", "hour_count"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)]
)
def test_an_agent_logged_in_all_day_was_so_for_as_long_as_the_day_is(
    centre: Any, changed: date, hour_count: int
) -> None:
    before, after = changed - timedelta(days=1), changed + timedelta(days=1)
    begun, ended = epoch(f"{before}T12:00", LONDON), epoch(f"{after}T12:00", LONDON)
    centre.land("asterisk_queue_log", "queue_log", f"{begun}|NONE|q|Ann|ADDMEMBER|\n{ended}|NONE|q|Ann|REMOVEMEMBER|\n")
    centre.run()
    assert centre.rows("select business_date, logged_in_s from kpi.agent_day order by 1") == [
        (before, 12 * 3600.0),
        (changed, hour_count * 3600.0),
        (after, 12 * 3600.0),
    ]


def test_both_hours_of_the_autumn_night_that_the_clock_shows_twice_stand_apart(centre: Any) -> None:
    first, second = epoch("2026-10-25T00:30"), epoch("2026-10-25T01:30")  # 01:30 by the clock, both
    centre.land("asterisk_queue_log", "queue_log", call(first, "1.1") + call(second, "1.2"))
    centre.run()
    found = "select interval_started_at, business_date, offered_count from kpi.queue_interval order by 1"
    assert centre.rows(found) == [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), date(2026, 10, 25), 1),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), date(2026, 10, 25), 1),
    ]


def test_a_call_over_local_midnight_is_its_queues_first_day_and_its_agents_second(centre: Any) -> None:
    midnight = epoch("2026-07-02T00:00", LONDON)
    centre.land("asterisk_queue_log", "queue_log", call(midnight - 10, "1.1", wait_s=15))
    centre.run()
    assert centre.rows("select business_date, offered_count, talk_s from kpi.queue_day") == [
        (date(2026, 7, 1), 1, 20.0)
    ]
    assert centre.rows("select business_date, answered_count, talk_s from kpi.agent_day where answered_count > 0") == [
        (date(2026, 7, 2), 1, 20.0)
    ]
    assert centre.rows("select business_date, elapsed_wait_s from core.contacts") == [(date(2026, 7, 1), 15.0)]


def test_a_leap_day_is_a_day(centre: Any) -> None:
    days = [date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1)]
    centre.land(
        "asterisk_queue_log", "queue_log", "".join(call(epoch(f"{day}T12:00"), f"{n}.1") for n, day in enumerate(days))
    )
    centre.run()
    assert centre.rows("select business_date, offered_count from kpi.queue_day order by 1") == [(d, 1) for d in days]


def test_a_source_in_another_zone_is_read_by_its_own_clock(centre: Any) -> None:
    centre.write("sources/tokyo.sql", "select id as source_contact_id, at as arrived_at from input")
    section = '[sources.tokyo]\nkind = "calls"\nformat = "csv"\ntimezone = "Asia/Tokyo"\nsql = "sources/tokyo.sql"\n'
    centre.write("callwright.toml", centre.home.settings_path.read_text() + section)
    centre.land("tokyo", "calls.csv", "id,at\n1,2026-03-29 01:30:00\n")
    centre.run()
    assert centre.rows("select arrived_at, business_date from core.contacts") == [
        (datetime(2026, 3, 28, 16, 30, tzinfo=UTC), date(2026, 3, 28))
    ]


@pytest.mark.parametrize("day", ["2026-01-05", "2026-07-06"])  # a Monday in winter, one in summer
def test_opening_hours_hold_to_the_second_by_the_local_clock(centre: Any, day: str) -> None:
    hours = '[business_hours]\nmonday = ["08:30-12:00", "13:00-17:30"]'
    centre.write("callwright.toml", centre.home.settings_path.read_text().replace("[business_hours]", hours))
    clock = ["08:29:59", "08:30:00", "11:59:59", "12:00:00", "12:59:59", "13:00:00", "17:29:59", "17:30:00"]
    lines = [call(epoch(f"{day}T{time}", LONDON), f"{time}.1") for time in clock]
    tuesday = call(epoch(f"{day}T10:00", LONDON) + 86_400, "tuesday.1")
    centre.land("asterisk_queue_log", "queue_log", "".join([*lines, tuesday]))
    centre.run()
    found = centre.rows("select is_in_business_hours from core.contacts order by arrived_at")
    assert [row[0] for row in found] == [False, True, True, False, False, True, True, False, False]


def test_new_opening_hours_hold_from_their_day_and_for_their_queue_alone(centre: Any) -> None:
    hours = (
        '[[business_hours]]\nmonday = ["09:00-17:00"]\n'
        '[[business_hours]]\nqueue = "sales"\nvalid_from = 2026-01-12\nmonday = ["10:00-17:00"]\n'
    )
    centre.write("callwright.toml", centre.home.settings_path.read_text().replace("[business_hours]", hours))
    mondays = [epoch(f"2026-01-{day}T09:30", LONDON) for day in ("05", "12")]
    lines = [call(at, f"{at}.{n}", queue=queue) for at in mondays for n, queue in enumerate(("help", "sales"), 1)]
    centre.land("asterisk_queue_log", "queue_log", "".join(lines))
    centre.run()
    found = centre.rows("select first_queue, is_in_business_hours from core.contacts order by arrived_at, first_queue")
    assert found == [("help", True), ("sales", True), ("help", True), ("sales", False)]


def test_a_centre_that_states_no_hours_is_always_open(centre: Any) -> None:
    centre.land("asterisk_queue_log", "queue_log", call(epoch("2026-01-04T03:00"), "1.1"))
    centre.run()
    assert centre.rows("select is_in_business_hours from core.contacts") == [(True,)]
