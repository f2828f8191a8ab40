"""Random draws of the simulation: arrivals, handling times, patience, from one `numpy.random.Generator` each.

Here: distributions with their own theory beside them (mean, cdf, survival), and values handed out one by one from
blocks. Not here: which queue has which parameters (the scenario), measured parameters (calibration.toml), clocks.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

INTERVAL_S = 1800
BLOCK = 4096
# A factor that varies by less than a millionth shows nowhere, and its gamma has no digits left.
_NO_CV = 1e-6


def one_by_one(draw: Callable[[int], NDArray[np.generic]], block: int = BLOCK) -> Callable[[], float]:
    """A function that hands out one value at a call, drawing `block` of them at a time.

    A draw of 4,096 costs about what ten single draws cost. The values do not depend on who asks when, only on how many
    were asked for before. Whole numbers come out as int.
    """
    left: list[float] = []

    def take() -> float:
        if not left:
            left.extend(draw(block).tolist()[::-1])
        return left.pop()

    return take


@dataclass(frozen=True)
class GammaFactors:
    """Factors around 1 by which a day or a half hour is busier than its profile says.

    The beta-gamma autoregression of Lewis, McKenzie and Hugus (1989, Stochastic Models 5): each factor is gamma with
    mean 1, and factors k steps apart have the correlation `correlation ** k`, both exactly.

    Attributes:
        cv: Standard deviation of a factor, whose mean is 1; 0: always 1.
        correlation: Of neighbouring factors, 0 to below 1.
    """

    cv: float
    correlation: float = 0.0

    def __post_init__(self) -> None:
        if self.cv < 0 or not 0 <= self.correlation < 1:
            raise ValueError(f"factors need cv >= 0 and a correlation from 0 to below 1: {self}")

    def draw(self, rng: Generator, size: int, before: float | None = None) -> Floats:
        """Neighbouring factors, shape (size,); the first follows `before`, where it is given."""
        return self._paths(rng, (size,), before)

    def draw_paths(self, rng: Generator, size: int, count: int) -> Floats:
        """Independent paths of neighbouring factors, shape (count, size): the half hours of many days at once."""
        return np.ascontiguousarray(self._paths(rng, (size, count), None).T)

    def _paths(self, rng: Generator, shape: tuple[int, ...], before: float | None) -> Floats:
        """Steps along the first axis."""
        if self.cv < _NO_CV or 0 in shape:
            return np.ones(shape)
        strength = self.cv**-2
        fresh = rng.gamma(strength * (1 - self.correlation), size=shape) / strength
        if self.correlation == 0:
            return np.asarray(fresh)
        kept = rng.beta(strength * self.correlation, strength * (1 - self.correlation), size=shape)
        factor = rng.gamma(strength, size=shape[1:]) / strength if before is None else before
        factors = np.empty(shape)
        for step in range(shape[0]):
            factor = kept[step] * factor + fresh[step]
            factors[step] = factor
        return factors

    def walk(self, rng: Generator) -> Iterator[float]:
        """One factor after another, without end: of days, or of weeks."""
        factor: float | None = None
        while True:
            factor = float(self.draw(rng, 1, factor)[0])
            yield factor


def arrival_seconds(
    rng: Generator, expected: Floats, factors: GammaFactors, level: float = 1.0, interval_s: int = INTERVAL_S
) -> Ints:
    """Arrivals of one day: a Poisson process whose rate is constant in an interval, given the day's and its factor.

    The factors of intervals move arrivals within the day and leave its total alone: they are divided by their mean,
    weighted by what is expected. So the day's count is Poisson with the mean `level * expected.sum()`, and how much
    days differ is a matter of `level` only.

    Args:
        rng: The stream of these arrivals.
        expected: Expected arrivals of each interval, shape (n,): 48 half hours, or 46 or 50 where the clock changes.
        factors: Of the intervals; their path starts anew with each day.
        level: The day's own factor (`next(days.walk(...))`), times whatever holidays and events do.
        interval_s: Length of an interval in seconds.

    Returns:
        Whole seconds since the first interval began, ascending.
    """
    usual = np.asarray(expected, dtype=np.float64)
    rates = usual * factors.draw(rng, len(usual))
    counts = rng.poisson(level * rates * (usual.sum() / rates.sum() if rates.any() else 1.0))
    within = rng.integers(0, interval_s, size=int(counts.sum()))
    return np.sort(np.repeat(np.arange(len(counts)) * interval_s, counts) + within)


@dataclass(frozen=True)
class LognormalSeconds:
    """Whole seconds of talk, wrap-up or menus: lognormal, with a share of very short ones.

    Attributes:
        mean_s: Mean of all, the short ones included.
        sigma: Standard deviation of the logarithm of those that are not short.
        short_share: Share of the short ones (calls cut off, wrong numbers), 0 to below 1.
        short_s: They last 1 to `short_s` seconds, each as likely as the other.
    """

    mean_s: float
    sigma: float
    short_share: float = 0.0
    short_s: int = 10

    def __post_init__(self) -> None:
        if self.sigma <= 0 or not 0 <= self.short_share < 1 or self.short_s < 1 or self.body_mean_s <= 0:
            raise ValueError(f"no lognormal has these parameters: {self}")

    @property
    def body_mean_s(self) -> float:
        """Mean of those that are not short."""
        return (self.mean_s - self.short_share * (self.short_s + 1) / 2) / (1 - self.short_share)

    @property
    def mu(self) -> float:
        """Mean of the logarithm of those that are not short: the mean is exp(mu + sigma**2 / 2)."""
        return math.log(self.body_mean_s) - self.sigma**2 / 2

    def draw(self, rng: Generator, size: int) -> Ints:
        """Whole seconds, shape (size,), 1 at least."""
        body = np.maximum(np.rint(rng.lognormal(self.mu, self.sigma, size)), 1).astype(np.int64)
        if self.short_share == 0:
            return body
        is_short = rng.random(size) < self.short_share
        return np.where(is_short, rng.integers(1, self.short_s + 1, size), body)

    def cdf(self, seconds: Floats) -> Floats:
        """Share of draws of at most so many whole seconds, shape as given."""
        whole = np.floor(np.asarray(seconds, dtype=np.float64))
        body = ndtr((np.log(np.maximum(whole, 0) + 0.5) - self.mu) / self.sigma)
        short = np.clip(whole / self.short_s, 0, 1)
        return np.where(whole < 1, 0.0, (1 - self.short_share) * body + self.short_share * short)


@dataclass(frozen=True)
class PiecewiseHazard:
    """Patience: the rate at which those who still wait give up, constant between edges.

    Attributes:
        edges_s: Where intervals begin, ascending, the first 0; the last has no end.
        rates: Give-ups per second of waiting, one of each interval. A last rate of 0: some wait for ever.
    """

    edges_s: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        ascending = all(low < high for low, high in pairwise(self.edges_s))
        if len(self.edges_s) != len(self.rates) or not self.rates or self.edges_s[0] != 0 or not ascending:
            raise ValueError(f"a hazard needs a rate for each edge, and ascending edges from 0: {self}")
        if min(self.rates) < 0 or not math.isfinite(max(self.rates)):
            raise ValueError(f"a rate of a hazard is finite and not negative: {self}")

    @cached_property
    def _at_edges(self) -> tuple[float, ...]:
        """Cumulative hazard where intervals begin."""
        steps = np.diff(self.edges_s) * np.array(self.rates[:-1])
        return (0.0, *np.cumsum(steps).tolist())

    def scaled(self, factor: float) -> PiecewiseHazard:
        """The same shape with every rate times `factor`: 2 is a caller half as patient at every moment."""
        return PiecewiseHazard(self.edges_s, tuple(rate * factor for rate in self.rates))

    def cumulative(self, seconds: Floats) -> Floats:
        """Hazard summed from 0 to each time, shape as given."""
        times = np.asarray(seconds, dtype=np.float64)
        place = np.searchsorted(self.edges_s, times, side="right") - 1
        since = times - np.array(self.edges_s)[place]
        return np.asarray(np.array(self._at_edges)[place] + since * np.array(self.rates)[place])

    def survival(self, seconds: Floats) -> Floats:
        """Share that would still wait at each time, shape as given."""
        return np.exp(-self.cumulative(seconds))

    @property
    def mean_s(self) -> float:
        """Mean patience in seconds; infinite when the last rate is 0."""
        if self.rates[-1] == 0:
            return math.inf
        total = 0.0
        lengths = (*np.diff(self.edges_s).tolist(), math.inf)
        for start, rate, length in zip(self._at_edges, self.rates, lengths, strict=True):
            total += math.exp(-start) * (-math.expm1(-rate * length) / rate if rate else length)
        return total

    def time_at(self, hazard: float) -> float:
        """When the cumulative hazard reaches a value: the patience of one caller, whose `hazard` is Exp(1).

        A caller whose rates are `k` times the usual ones has the patience `time_at(hazard / k)`.
        """
        place = bisect_right(self._at_edges, hazard) - 1
        rate = self.rates[place]
        return self.edges_s[place] + (hazard - self._at_edges[place]) / rate if rate else math.inf

    def draw(self, rng: Generator, size: int) -> Floats:
        """Patience in seconds by inversion, shape (size,), not rounded; infinite where a caller waits for ever."""
        hazard = rng.exponential(size=size)
        place = np.searchsorted(self._at_edges, hazard, side="right") - 1
        rates = np.array(self.rates)[place]
        over = hazard - np.array(self._at_edges)[place]
        waited = np.divide(over, rates, out=np.full(size, math.inf), where=rates > 0)
        return np.asarray(np.array(self.edges_s)[place] + waited)
