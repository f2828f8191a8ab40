"""Planted facts: each is there, on its days, in its size, and nowhere else."""

from __future__ import annotations

import tomllib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

START, LONDON = date(2025, 10, 1), ZoneInfo("Europe/London")


def rows_of(made, table: str) -> list[dict[str, Any]]:
    return pq.read_table(made.path / "truth" / f"{table}.parquet").to_pylist()


def planted(kind: str, first: int, last: int | None = None, **more: Any) -> Any:
    """A change of the scenario: one fact only, from the day of that number on; the rest is made busier."""

    def change(data: dict[str, Any]) -> None:
        fact = next(dict(fact) for fact in data["facts"] if fact["kind"] == kind)
        fact["from_date"] = START + timedelta(days=first)
        fact["to_date"] = START + timedelta(days=first if last is None else last)
        data["facts"] = [{**fact, **more}]
        data["contacts_per_seat_year"] = 4000

    return change


def on(row: dict[str, Any], day: int) -> bool:
    return bool(row["arrived_at"].astimezone(LONDON).date() == START + timedelta(days=day))


def test_service_level_of_the_site_collapses_for_two_hours(simulate_home):
    made = simulate_home(10, change=planted("site_absence", 6), seats=60)  # Tuesday, 7 October

    def late(row: dict[str, Any]) -> bool:
        return row["outcome"] != "answered" or row["wait_s"] > 20

    calls = [r for r in rows_of(made, "contacts") if r["source"] == "asterisk_queue_log" and r["first_queue"]]
    begin = datetime(2025, 10, 7, 9, tzinfo=UTC)  # 10:00 in Leeds
    hit = [late(row) for row in calls if begin + timedelta(minutes=5) <= row["arrived_at"] < begin + timedelta(hours=2)]
    usual = [
        late(r)
        for r in calls
        if r["arrived_at"].hour in (9, 10) and r["arrived_at"].weekday() in (0, 1, 2) and not on(r, 6)
    ]
    assert sum(hit) / len(hit) > 0.7
    assert sum(usual) / len(usual) < 0.35
    states = [row for row in rows_of(made, "agent_states") if row["state"] == "logged_in" and row["site"] == "leeds"]
    there = [row for row in states if row["started_at"] < begin + timedelta(hours=1) < row["ended_at"]]
    next_day = begin + timedelta(days=1, hours=1)
    assert len(there) < 0.45 * len([row for row in states if row["started_at"] < next_day < row["ended_at"]])


def test_tier_gives_up_at_twice_the_hazard(simulate_home):
    def change(data: dict[str, Any]) -> None:
        planted("tier_abandonment", 1, 12, tier="A", queue="retention", size=4.0)(data)
        data["teams"][0]["skills"] = [["retention"]]
        data["contacts_per_seat_year"] = 5000

    rates = []
    for facts in (True, False):
        made = simulate_home(
            13, seed=4, seats=40, change=change if facts else lambda d: (change(d), d.update(facts=[]))
        )
        tier = [r for r in rows_of(made, "contacts") if r["first_queue"] == "retention" and r["tier"] == "A"]
        waiting = [r for r in tier if r["outcome"] in ("answered", "abandoned")]
        rates.append(sum(row["outcome"] == "abandoned" for row in waiting) / len(waiting))
    assert rates[0] > 1.5 * rates[1] > 0


def test_guest_takes_six_contacts_and_goes(simulate_home):
    made = simulate_home(6, change=planted("guest_agent", 5), seats=30)
    mine = [row for row in rows_of(made, "contacts") if row["agent"] == "Tamsin Oldacre"]
    assert len(mine) == 6
    assert all(on(row, 5) for row in mine)
    (shift,) = [row for row in rows_of(made, "agent_states") if row["agent"] == "Tamsin Oldacre"]
    assert shift["state"] == "logged_in"


def test_billing_change_brings_more_calls_about_bills(simulate_home):
    made = simulate_home(9, change=planted("repeat_cluster", 6, 7, size=0.5))
    calls = [r for r in rows_of(made, "contacts") if r["cause"] in ("fresh", "planted") and r["site"] == "leeds"]
    counts = Counter((row["cause"], row["arrived_at"].astimezone(LONDON).date()) for row in calls)
    reasons = {row["reason"] for row in calls if row["cause"] == "planted"}
    assert reasons == {"billing"}
    for day in (6, 7):
        assert counts["planted", START + timedelta(days=day)] > 20
    assert {day for cause, day in counts if cause == "planted"} == {START + timedelta(days=n) for n in (6, 7)}


def test_costly_month_has_longer_talks(simulate_home):
    means = []
    for size in (1.0, 1.5):
        made = simulate_home(4, change=planted("costly_month", 0, 9, size=size))
        talks = [row["talk_s"] for row in rows_of(made, "contacts") if row["talk_s"] and row["direction"] == "inbound"]
        means.append(sum(talks) / len(talks))
    assert means[1] / means[0] == pytest.approx(1.5, rel=0.15)


def test_missing_day_is_in_the_truth_and_not_in_the_file(simulate_home):
    made = simulate_home(4, change=planted("missing_channel", 2))
    chats = [row for row in rows_of(made, "contacts") if row["source"] == "chat"]
    text = "".join(path.read_text() for path in (made.landing / "chat").iterdir())
    assert {row["is_delivered"] for row in chats if on(row, 2)} == {False}
    for row in chats:
        assert (row["contact_id"] in text) == row["is_delivered"]


def test_facts_are_told_with_their_instants_once_they_have_begun(simulate_home):
    made = simulate_home(6, change=planted("site_absence", 4))
    (fact,) = tomllib.loads((made.path / "truth" / "facts.toml").read_text())["facts"]
    assert (fact["id"], fact["size"]) == ("leeds_tuesday", 0.85)
    assert fact["from_at"] == datetime(2025, 10, 5, 9, tzinfo=UTC)
    earlier = simulate_home(3, change=planted("site_absence", 4))
    assert "[[facts]]" not in (earlier.path / "truth" / "facts.toml").read_text()
