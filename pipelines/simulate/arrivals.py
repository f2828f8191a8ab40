"""When fresh contacts are expected: by half hours of the site's own local day.

Belongs here: local days of 23, 24 and 25 hours, the shape of day, week and year. Does not belong here: what chance
makes of it (draws.py), who calls and why (people.py), what happens then (centre.py).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipelines.settings_sections import BusinessHours
from pipelines.simulate.draws import INTERVAL_S, arrival_seconds
from pipelines.simulate.scenario import Scenario
from pipelines.simulate.scenario_sections import Site, Stream
from pipelines.simulate.streams import stream

DAY_S = 86_400
YEAR_DAYS = 365


def midnight(day: date, zone: ZoneInfo) -> int:
    """The local midnight that a day begins with, in UTC seconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def local_day(at: int, zone: ZoneInfo) -> date:
    """The local date of an instant."""
    return datetime.fromtimestamp(at, zone).date()


def half_hours(day: date, zone: ZoneInfo) -> list[tuple[int, int]]:
    """A local day's half hours: (begin in UTC seconds, number of the half hour on the wall clock, 0 to 47).

    A day of 25 hours has 50 of them, two numbers twice; one of 23 hours has 46.
    """
    begin, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    found = []
    for at in range(begin, end, INTERVAL_S):
        clock = datetime.fromtimestamp(at, zone)
        found.append((at, clock.hour * 2 + clock.minute // 30))
    return found


def open_spans(hours: BusinessHours, holidays: tuple[date, ...], day: date, zone: ZoneInfo) -> list[tuple[int, int]]:
    """When a place is open on a local day, in UTC seconds; the wall clock decides, whatever the day's length."""
    if day in holidays:
        return []
    return [
        (wall(day, opens, zone), wall(day, closes, zone))
        for weekday, opens, closes in hours.open_s()
        if weekday == day.isoweekday()
    ]


def wall(day: date, second: int, zone: ZoneInfo) -> int:
    """The instant at which the wall clock shows so many seconds after midnight; 24:00 is the next midnight."""
    days, rest = divmod(second, DAY_S)
    day += timedelta(days=days)
    clock = datetime(day.year, day.month, day.day, rest // 3600, rest // 60 % 60, rest % 60, tzinfo=zone)
    return int(clock.timestamp())


def hourly_to_half_hourly(weights: tuple[float, ...]) -> NDArray[np.float64]:
    """Weights of 48 half hours, straight lines between the middles of the hours; they add up to 1."""
    middles = np.arange(-1, 25) + 0.5
    around = np.array([weights[-1], *weights, weights[0]])
    halves = np.interp(np.arange(48) / 2 + 0.25, middles, around)
    shares: NDArray[np.float64] = halves / max(float(halves.sum()), 1e-12)
    return shares


class FreshContacts:
    """The arrivals of one stream, day by day.

    Args:
        scenario: What the centre is like.
        of: The stream.
        seed: The root seed.
    """

    def __init__(self, scenario: Scenario, of: Stream, seed: int) -> None:
        self.of = of
        self.site: Site = scenario.site(of.site)
        self.zone = ZoneInfo(self.site.timezone)
        shape = scenario.arrivals
        self._random = stream(seed, f"arrivals/{of.name}")
        self._days = shape.day_factors.walk(stream(seed, f"arrivals/{of.name}/days"))
        self._within = shape.half_hour_factors
        self._per_day = scenario.seats * scenario.contacts_per_seat_year * of.share / YEAR_DAYS
        self._halves = [
            *[hourly_to_half_hourly(shape.weekday)] * 5,
            hourly_to_half_hourly(shape.saturday),
            hourly_to_half_hourly(shape.sunday),
        ]
        # A year's mean is 1, so that shares and totals of the scenario hold.
        self._week = np.array(shape.week) / np.mean(shape.week)
        self._months = np.array(shape.months) / np.mean(shape.months)
        self._closed = shape.closed

    def expected(self, day: date) -> list[tuple[int, float]]:
        """(begin, mean number) of a local day's half hours, before what makes days differ more than chance."""
        level = self._per_day * self._week[day.weekday()] * self._months[day.month - 1]
        if day in self.site.holidays:
            level *= self._closed
        weights = self._halves[day.weekday()]
        return [(begin, float(level * weights[number])) for begin, number in half_hours(day, self.zone)]

    def times(self, day: date) -> list[int]:
        """Whole UTC seconds of a local day's arrivals, in order. Ask for the days one after another."""
        slots = self.expected(day)
        means = np.array([mean for _, mean in slots])
        found = arrival_seconds(self._random, means, self._within, next(self._days))
        return [slots[0][0] + second for second in found.tolist()]
