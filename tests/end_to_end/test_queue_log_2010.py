"""A day of a real FreePBX box (Asterisk 1.6), against the figures counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def day(shared_centre: Any, shared_file: Callable[[str], Path]) -> Any:
    content = shared_file("queue_log/queue_log_2010-02-22").read_bytes()

    def fill(centre: Any) -> None:
        centre.land("asterisk_queue_log", "queue_log", content)
        centre.run(whole=True)

    return shared_centre("day-2010", fill)


def test_offered_answered_abandoned_and_open(day: Any) -> None:
    sums = "select sum(offered_count), sum(answered_count), sum(abandoned_count), sum(open_count) from kpi.queue_day"
    assert day.published(sums) == [(21, 8, 12, 1)]
    assert day.published("select count(*), count(distinct source_contact_id) from core.contacts") == [(21, 21)]


def test_waits_of_the_answered_in_order(day: Any) -> None:
    waits = "select wait_s from core.queue_visits where outcome = 'answered' order by entered_at"
    assert [row[0] for row in day.published(waits)] == [1, 2, 36, 6, 84, 4, 5, 5]


def test_mean_wait_of_the_abandoned(day: Any) -> None:
    assert day.published("select round(avg(wait_s), 3) from core.queue_visits where outcome = 'abandoned'") == [
        (17.917,)
    ]


def test_seven_completed_with_45_seconds_of_talk(day: Any) -> None:
    assert day.published("select count(talk_s), sum(talk_s) from core.queue_visits") == [(7, 45.0)]


def test_a_connect_without_complete_is_answered_with_unknown_talk(day: Any) -> None:
    visit = (
        "select outcome, talk_s, left_at, agent is not null from core.queue_visits where"
        " source_call_id = '1266839761.533'"
    )
    assert day.published(visit) == [("answered", None, None, True)]


def test_the_caller_who_still_waits_has_no_wait_yet(day: Any) -> None:
    assert day.published("select wait_s, left_at, agent from core.queue_visits where outcome = 'open'") == [
        (None, None, None)
    ]


def test_280_lines_are_278_events_and_two_blank_ones(day: Any) -> None:
    counts = (
        "select line_count, row_count, ignored_count, ignored_reasons, duplicate_count,"
        " rejected_count from meta.source_files"
    )
    assert day.published(counts) == [(280, 278, 2, '{"blank": 2}', 0, 0)]
