"""How far a simulated centre is from the real ones: one figure each, what chance alone would give, a verdict.

Here: comparisons, and the table of them. Not here: measures of one centre (measures.py), the real figures
(calibration.toml), reading contacts (observed.py).

Chance is that of both samples, the simulated and the real one. Of arrivals it is found by drawing both sizes many times
from the calibrated law; of times and waits by theory. Bands are three standard errors wide on each side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from scipy.special import ndtri

from pipelines.simulate import measures
from pipelines.simulate.calibration import ArrivalFacts, Calibration, PatienceFacts, TimeFacts
from pipelines.simulate.measures import Bools, DayCounts, Dispersion, Floats, Whole
from pipelines.simulate.observed import HALF_HOURS, Observed

WIDTH = 3.0
REPLICATES = 100
# Kolmogorov's distance times the root of n exceeds this once in a thousand: about three standard errors.
KOLMOGOROV = 1.95
NAMES = (
    "week: greatest difference of shares",
    "week: moved, in days",
    "day: greatest difference of shares",
    "day: moved, in hours",
    "overdispersion of days: ratio of cv",
    "overdispersion of half hours: ratio of index",
    "overdispersion of half hours: ratio of cv",
    "correlation of neighbouring days: difference",
    "correlation of neighbouring half hours: difference",
)
# The first of them are distances of shapes, then come ratios.
SHAPES, RATIOS = 4, 7
# Under so many give-ups or talks a ratio says nothing.
LEAST = 10


@dataclass(frozen=True)
class Distance:
    """One comparison.

    Attributes:
        name: What is compared, with its unit.
        value: The distance, ratio or difference; nan: too few to tell.
        low: Where chance, and what is known of the real centre's own distance from its law, may put it: from here
        high: to here.
        count: How many of the simulated centre it rests on.
    """

    name: str
    value: float
    low: float
    high: float
    count: int

    @property
    def verdict(self) -> str:
        """`within`, `outside` or `too few`."""
        if math.isnan(self.value):
            return "too few"
        return "within" if self.low <= self.value <= self.high else "outside"


def compare(
    observed: Observed,
    calibration: Calibration,
    rng: Generator,
    bank: str = "bank_1999",
    service: str = "all",
    patience_scale: float = 1.0,
) -> list[Distance]:
    """All distances of a centre from the calibrated figures.

    Args:
        observed: The simulated centre, or a real one.
        calibration: The real figures; a scenario with shapes of its own puts them in with `dataclasses.replace`.
        rng: For the replicates of arrivals; the same seed gives the same bands.
        bank: Whose arrivals.
        service: Whose talks.
        patience_scale: By what the scenario multiplied the real hazard.
    """
    found = [] if observed.arrivals is None else arrival_distances(observed.arrivals, calibration.arrivals[bank], rng)
    for queue, talks in observed.talks_s.items():
        found += talk_distances(talks, calibration.service[service], queue)
    return found + patience_distances(observed.waits_s, observed.gave_up, calibration.patience, patience_scale)


def report(distances: Sequence[Distance]) -> str:
    """The distances as a table, one a line; print it."""
    width = max((len(distance.name) for distance in distances), default=0)
    lines = [f"{'distance':{width}}  {'value':>8}  {'from':>8}  {'to':>8}  {'n':>9}  verdict"]
    for d in distances:
        lines.append(f"{d.name:{width}}  {d.value:8.4f}  {d.low:8.4f}  {d.high:8.4f}  {d.count:9,}  {d.verdict}")
    return "\n".join(lines)


@dataclass(frozen=True)
class _Arrivals:
    """What is compared of arrivals."""

    week: Floats
    day: Floats
    dispersion: Dispersion


def arrival_distances(
    days: DayCounts, real: ArrivalFacts, rng: Generator, replicates: int = REPLICATES
) -> list[Distance]:
    """Shapes of week and day, and overdispersion, with bands from replicates of both centres."""
    usual = days.ordinary()
    if len(usual.days) < 21:
        return [Distance("arrivals: three weeks are needed", math.nan, math.nan, math.nan, len(usual.days))]
    target = _Arrivals(np.array(real.week_shares), _whole_day(real), real.dispersion)
    growth = float(usual.totals.mean()) / real.mean_day_count
    values = _arrival_values(_measured(usual), target, growth)
    measured_days = _open_days(real, 1, 7 * real.day_count)[: real.day_count]
    chance = np.array([
        _arrival_values(
            _measured(_replicate(rng, _open_days(real, int(usual.days[0]), int(usual.days[-1])), growth, real)),
            _measured(_replicate(rng, measured_days, 1.0, real)),
            growth,
        )
        for _ in range(replicates)
    ])  # fmt: skip
    middle, spread = np.nanmean(chance, axis=0), np.nanstd(chance, axis=0)
    low = middle - WIDTH * spread
    low[:SHAPES] = 0.0  # a shape cannot be too near
    low[:RATIOS] = np.maximum(low[:RATIOS], 0.0)
    high, count = middle + WIDTH * spread, int(usual.totals.sum())
    return [Distance(*told, count) for told in zip(NAMES, values, low.tolist(), high.tolist(), strict=True)]


def shape_distance(shares: Floats, others: Floats) -> tuple[float, float]:
    """Greatest difference of two shapes' shares, and by how many places a share is moved (Wasserstein distance)."""
    apart = np.asarray(shares) - np.asarray(others)
    return float(np.abs(apart).max()), float(np.abs(np.cumsum(apart)).sum())


def _arrival_values(one: _Arrivals, other: _Arrivals, growth: float) -> tuple[float, ...]:
    """In the order of NAMES."""
    week, week_moved = shape_distance(one.week, other.week)
    day, day_moved = shape_distance(one.day, other.day)
    a, b = one.dispersion, other.dispersion
    # What exceeds a Poisson process's index grows with the centre.
    expected_index = 1 + (b.half_hour_index - 1) * growth
    return (
        week,
        week_moved,
        day,
        day_moved / 2,
        _ratio(a.day_cv, b.day_cv),
        _ratio(a.half_hour_index, expected_index),
        _ratio(a.half_hour_cv, b.half_hour_cv),
        a.day_correlation - b.day_correlation,
        a.half_hour_correlation - b.half_hour_correlation,
    )


def _ratio(one: float, other: float) -> float:
    return one / other if other > 0 else math.nan


def _measured(days: DayCounts) -> _Arrivals:
    full = days.full()
    return _Arrivals(measures.week_shares(days), measures.day_shares(full), measures.dispersion(full))


def _whole_day(real: ArrivalFacts) -> Floats:
    """Its half hours within the 48 of a day."""
    day = np.zeros(HALF_HOURS)
    start = real.opens_s // 1800
    day[start : start + len(real.half_hour_shares)] = real.half_hour_shares
    return day


def _open_days(real: ArrivalFacts, first: int, last: int) -> Whole:
    """Days from one ordinal to another whose weekdays have calls."""
    days = np.arange(first, last + 1, dtype=np.int64)
    return days[np.array(real.week_shares)[(days - 1) % 7] > 0]


def _replicate(rng: Generator, days: Whole, growth: float, real: ArrivalFacts) -> DayCounts:
    """A centre of the calibrated law on such days, `growth` times the real one's size."""
    week = np.array(real.week_shares)[(days - 1) % 7]
    span = np.arange(days[0], days[-1] + 1)
    levels = real.day_factors.draw(rng, len(span))[days - days[0]]
    expected = growth * real.mean_day_count * (week / week.mean() * levels)[:, None] * _whole_day(real)
    moved = expected * real.half_hour_factors.draw_paths(rng, HALF_HOURS, len(days))
    scale = expected.sum(axis=1) / np.maximum(moved.sum(axis=1), 1e-300)
    return DayCounts(days, rng.poisson(moved * scale[:, None]).astype(np.float64))


def talk_distances(talks_s: Floats, real: TimeFacts, name: str) -> list[Distance]:
    """Are the talks as lognormal as the real ones, as wide, as often cut short? Their mean is the queue's own."""
    short_s, count = real.times.short_s, len(talks_s)
    longer = int(np.sum(talks_s > short_s))
    title = f"talk{' ' + name if name else ''}"
    if longer < LEAST:
        return [Distance(f"{title}: lognormality", math.nan, math.nan, math.nan, longer)]
    mu, sigma = measures.fit_lognormal(talks_s, short_s)
    off = measures.lognormal_distance(talks_s, mu, sigma, short_s)
    both = 1 / longer + 1 / real.call_count
    spread = math.exp(WIDTH * math.sqrt(both / 2))
    share = float(real.times.cdf(np.array([short_s]))[0])
    chance = WIDTH * math.sqrt(share * (1 - share) * (1 / count + 1 / real.call_count))
    cut_short = float(np.mean(talks_s <= short_s)) - share
    return [
        Distance(f"{title}: KS to a lognormal", off, 0, real.distance + KOLMOGOROV / math.sqrt(longer), longer),
        Distance(f"{title}: ratio of sigma", sigma / real.times.sigma, 1 / spread, spread, longer),
        Distance(f"{title}: difference of the share of short ones", cut_short, -chance, chance, count),
    ]


def sample_distance(one: Floats, other: Floats, own_distance: float, name: str) -> Distance:
    """Kolmogorov-Smirnov distance between two samples.

    Args:
        one: Of the simulated centre, shape (n,).
        other: Of the real one, shape (m,).
        own_distance: What the real sample is known to be off the law that the simulated one is drawn from.
        name: What is compared.
    """
    at = np.concatenate([one, other])
    value = float(np.max(np.abs(_share_below(one, at) - _share_below(other, at))))
    chance = KOLMOGOROV * math.sqrt(1 / len(one) + 1 / len(other))
    return Distance(name, value, 0.0, own_distance + chance, len(one))


def standard_scores(seconds: Floats, above_s: float) -> Floats:
    """Normal scores of times above a limit under their own lognormal: samples of different means become comparable.

    Only for times of minutes: of a few whole seconds the scores are a few heaps, which two fits put beside each other.
    """
    mu, sigma = measures.fit_lognormal(seconds, above_s)
    share = measures.cut_lognormal_cdf(seconds[seconds > above_s], mu, sigma, above_s)
    return np.asarray(ndtri(np.clip(share, 1e-12, 1 - 1e-12)))


def _share_below(sample: Floats, at: Floats) -> Floats:
    return np.asarray(np.searchsorted(np.sort(sample), at, side="right") / len(sample))


def patience_distances(
    waits_s: Floats, gave_up: Bools, real: PatienceFacts, scale: float = 1.0, least: int = LEAST
) -> list[Distance]:
    """Ratio of the hazard of giving up to the real one, by interval of waiting."""
    found = measures.hazard(waits_s, gave_up, real.hazard.edges_s)
    edges = [f"{edge:.0f}" for edge in real.hazard.edges_s]
    names = [*(f"{start}-{end} s" for start, end in pairwise(edges)), f"over {edges[-1]} s"]
    distances = []
    for place, name in enumerate(names):
        left, seen = float(found.give_ups[place]), real.give_up_counts[place]
        is_few = min(left, seen) < least
        ratio = math.nan if is_few else float(found.rates[place]) / (real.hazard.rates[place] * scale)
        spread = math.inf if is_few else math.exp(WIDTH * math.sqrt(1 / left + 1 / seen))
        distances.append(Distance(f"patience {name}: ratio of hazard", ratio, 1 / spread, spread, int(left)))
    return distances
