"""Arrivals: local days of every length, means, and days that differ more than chance."""

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
    assert count == pytest.approx(mean, rel=0.03)


def test_times_are_in_order_and_of_their_day(scenario_of):
    source = fresh(scenario_of)
    for day in (date(2025, 10, 26), date(2025, 10, 27)):
        times = source.times(day)
        assert times == sorted(times)
        assert midnight(day, LONDON) <= times[0]
        assert times[-1] < midnight(day + timedelta(days=1), LONDON)


def test_without_overdispersion_counts_are_poisson_and_with_it_they_are_not(scenario_of):
    dispersions = []
    for cv in (0.0, 0.3):
        source = fresh(scenario_of, day_cv=cv, half_hour_cv=0.0)
        mondays = [date(2025, 10, 6) + timedelta(weeks=n) for n in range(52)]
        counts = np.array([len(source.times(day)) for day in mondays])
        means = np.array([sum(mean for _, mean in source.expected(day)) for day in mondays])
        dispersions.append(float(np.mean((counts - means) ** 2 / means)))
    assert dispersions[0] == pytest.approx(1, abs=0.5)
    assert dispersions[1] > 20


def test_half_hours_of_a_day_are_correlated_as_the_scenario_says(scenario_of):
    source = fresh(scenario_of, half_hour_cv=0.3, half_hour_correlation=0.7)
    factors = source._half_hour_factors(20_000)
    assert factors.mean() == pytest.approx(1, abs=0.03)
    assert factors.std() == pytest.approx(0.3, abs=0.03)
    assert np.corrcoef(factors[1:], factors[:-1])[0, 1] == pytest.approx(0.7, abs=0.04)
