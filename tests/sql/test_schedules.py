"""Adherence and shrinkage: planned time beside what was logged, counted in minutes by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HOUR = 3600
SHIFT = (
    "agent_id,starts_at,ends_at,activity\n"
    "ann,2026-03-02T12:00:00Z,2026-03-02T14:00:00Z,work\n"
    "ann,2026-03-02T14:00:00Z,2026-03-02T14:30:00Z,break\n"
    "ann,2026-03-02T14:30:00Z,2026-03-02T18:00:00Z,off\n"
    "ann,2026-03-03T12:00:00Z,2026-03-03T14:00:00Z,work\n"
    "bob,2026-03-02T12:00:00Z,2026-03-02T14:00:00Z,work\n"
)


def test_planned_minutes_beside_what_was_done(build: Callable[..., Any]) -> None:
    # Ann comes 10 minutes late, pauses for 20 minutes at work, goes to her break 6 minutes late, and stays away.
    centre = build(
        "600|MANAGER|sales|ann|ADDMEMBER|", "600|MANAGER|help|ann|ADDMEMBER|",
        "3600|NONE|sales|ann|PAUSE|coffee", "3600|NONE|help|ann|PAUSE|coffee",
        "4800|NONE|sales|ann|UNPAUSE|", "4800|NONE|help|ann|UNPAUSE|",
        f"{2 * HOUR + 360}|MANAGER|sales|ann|REMOVEMEMBER|", f"{2 * HOUR + 360}|MANAGER|help|ann|REMOVEMEMBER|",
        f"{3 * HOUR}|c1|sales|NONE|ENTERQUEUE||+447946000001|1", f"{3 * HOUR + 5}|c1|sales|NONE|ABANDON|1|1|5",
        schedules=SHIFT,
    )  # fmt: skip
    # Of 120 minutes at work 90 available; of 30 minutes of break 24 not. Tomorrow is not past; Bob is never logged.
    rows = centre.rows("select agent, planned_s, planned_work_s, adherent_s, available_s from kpi.schedule_day")
    assert rows == [("ann", 150 * 60.0, 120 * 60.0, (90 + 24) * 60.0, 96 * 60.0)]


def test_without_schedules_there_is_nothing(build: Callable[..., Any]) -> None:
    centre = build("600|MANAGER|sales|ann|ADDMEMBER|", "900|MANAGER|sales|ann|REMOVEMEMBER|")
    assert centre.rows("select count(*) from kpi.schedule_day") == [(0,)]
