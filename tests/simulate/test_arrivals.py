"""Arrivals: local days of every length, means, and days that differ more than chance; test_draws.py has the laws."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pipelines.simulate.arrivals import FreshContacts, half_hours, hourly_to_half_hourly, midnight, open_spans

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize("day, count", [(date(2026, 3, 29), 46), (date(2026, 3, 30), 48), (date(2025, 10, 26), 50)])
def test_local_day_has_as_many_half_hours_as_it_lasts(day, count):
    slots = half_hours(day, LONDON)
    assert len(slots) == count
    assert [begin for begin, _ in slots] == list(range(slots[0][0], slots[0][0] + 1800 * count, 1800))
    assert slots[-1][0] + 1800 == midnight(day + timedelta(days=1), LONDON)


def test_clock_shows_the_repeated_hour_twice_and_the_missing_one_never():
    autumn = [number for _, number in half_hours(date(2025, 10, 26), LONDON)]
    spring = [number for _, number in half_hours(date(2026, 3, 29), LONDON)]
    assert [autumn.count(n) for n in (1, 2, 3, 4)] == [1, 2, 2, 1]
    assert [spring.count(n) for n in (1, 2, 3, 4)] == [1, 0, 0, 1]


def test_opening_hours_follow_the_wall_clock(scenario_of):
    hours = scenario_of().site("leeds").hours
    ((before, _),) = open_spans(hours, (), date(2025, 10, 25), LONDON)
    ((after, _),) = open_spans(hours, (), date(2025, 10, 27), LONDON)
    assert after - before == 2 * 86_400 + 3600 - 3600  # an hour more of the night, an hour earlier on Mondays
    assert open_spans(hours, (date(2025, 10, 27),), date(2025, 10, 27), LONDON) == []


def test_hours_become_half_hours_of_the_same_whole():
    halves = hourly_to_half_hourly(tuple(float(n % 7) for n in range(24)))
    assert halves.shape == (48,)
    assert halves.sum() == pytest.approx(1)


def fresh(scenario_of, seed=3, **shape):
    def change(data):
        data["arrivals"].update(shape)
        data["sites"][0]["holidays"] = []

    scenario = scenario_of(change, seats=1000)
    return FreshContacts(scenario, scenario.streams[0], seed)


def test_year_has_as_many_contacts_as_the_scenario_says(scenario_of):
    source = fresh(scenario_of)
    days = [date(2025, 10, 1) + timedelta(days=n) for n in range(364)]
    mean = sum(mean for day in days for _, mean in source.expected(day))
    assert mean == pytest.approx(1000 * 1700 * 0.52 * 364 / 365, rel=0.02)
    count = sum(len(source.times(day)) for day in days)
    assert count == pytest.approx(mean, rel=0.06)  # of 364 days whose factors vary by 17 % and hang together


def test_times_are_in_order_and_of_their_day(scenario_of):
    source = fresh(scenario_of)
    for day in (date(2025, 10, 26), date(2025, 10, 27)):
        times = source.times(day)
        assert times == sorted(times)
        assert midnight(day, LONDON) <= times[0]
        assert times[-1] < midnight(day + timedelta(days=1), LONDON)


def test_days_vary_as_those_of_the_bank_or_only_by_chance(scenario_of):
    dispersions = {}
    for like in ("poisson", "us_bank_2003", "bank_1999"):
        source = fresh(scenario_of, like=like)
        days = [date(2025, 10, 6) + timedelta(days=n) for n in range(364)]
        found = [(day, len(source.times(day)), sum(mean for _, mean in source.expected(day))) for day in days]
        counts, means = (np.array([row[place] for row in found if row[0].weekday() == 0]) for place in (1, 2))
        dispersions[like] = float(np.mean((counts - means) ** 2 / means**2)) ** 0.5
    assert dispersions["poisson"] < 0.04
    assert dispersions["us_bank_2003"] == pytest.approx(0.054, abs=0.025)
    assert dispersions["bank_1999"] == pytest.approx(0.172, abs=0.06)
