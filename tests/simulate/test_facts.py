"""Planted facts, as the engine plants them in a few days; test_planted.py finds each in the year."""

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


def test_all_agents_are_gone_for_two_hours_and_come_back(simulate_home):
    made = simulate_home(6, change=planted("site_absence", 5))
    states = [row for row in rows_of(made, "agent_states") if row["state"] == "logged_in" and row["site"] == "leeds"]
    voice = {row["agent"] for row in rows_of(made, "agents") if row["team"] == "Leeds voice"}

    def there(at: datetime) -> int:
        return sum(row["started_at"] <= at < row["ended_at"] and row["agent"] in voice for row in states)

    begin = datetime(2025, 10, 6, 9, tzinfo=UTC)  # 10:00 in Leeds
    assert there(begin + timedelta(minutes=30)) == there(begin + timedelta(minutes=100)) == 0
    assert min(there(begin - timedelta(minutes=20)), there(begin + timedelta(minutes=150))) > 2


def test_a_share_of_the_agents_is_gone(simulate_home):
    made = simulate_home(6, change=planted("site_absence", 5, size=0.5), seats=60)
    states = [row for row in rows_of(made, "agent_states") if row["state"] == "logged_in" and row["site"] == "leeds"]
    begin = datetime(2025, 10, 6, 9, tzinfo=UTC)
    before, during = (
        sum(row["started_at"] <= at < row["ended_at"] for row in states)
        for at in (begin - timedelta(minutes=15), begin + timedelta(hours=1))
    )
    assert during == pytest.approx(before / 2, abs=3)


def test_tier_that_gives_up_sooner_comes_in_a_wave(simulate_home):
    made = simulate_home(4, change=planted("tier_abandonment", 1, 2, more={"callers_per_day": 30}))
    calls = [row for row in rows_of(made, "contacts") if row["cause"] == "planted"]
    assert {(row["tier"], row["reason"]) for row in calls if row["source"] != "menu"} == {("A", "cancel")}
    assert Counter(row["arrived_at"].astimezone(LONDON).date() for row in calls) == {
        START + timedelta(days=1): 30,
        START + timedelta(days=2): 30,
    }


def test_guest_takes_six_contacts_and_goes(simulate_home):
    made = simulate_home(6, change=planted("guest_agent", 5), seats=30)
    mine = [row for row in rows_of(made, "contacts") if row["agent"] == "Tamsin Oldacre"]
    assert len(mine) == 6
    assert all(on(row, 5) for row in mine)
    stays = [row for row in rows_of(made, "agent_states") if row["agent"] == "Tamsin Oldacre"]
    assert sum(row["state"] == "logged_in" for row in stays) == 1


def test_billing_change_brings_more_calls_about_bills(simulate_home):
    made = simulate_home(9, change=planted("repeat_cluster", 6, 7, size=0.5))
    calls = [r for r in rows_of(made, "contacts") if r["cause"] in ("fresh", "planted") and r["site"] == "leeds"]
    counts = Counter((row["cause"], row["arrived_at"].astimezone(LONDON).date()) for row in calls)
    reasons = {row["reason"] for row in calls if row["cause"] == "planted"}
    assert reasons == {"billing"}
    for day in (6, 7):
        assert counts["planted", START + timedelta(days=day)] > 20
    assert {day for cause, day in counts if cause == "planted"} == {START + timedelta(days=n) for n in (6, 7)}


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
    assert (fact["id"], fact["size"]) == ("leeds_tuesday", 1.0)
    assert fact["from_at"] == datetime(2025, 10, 5, 9, tzinfo=UTC)
    earlier = simulate_home(3, change=planted("site_absence", 4))
    assert "[[facts]]" not in (earlier.path / "truth" / "facts.toml").read_text()
