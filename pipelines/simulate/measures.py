"""What is measured of arrivals, times and waits, in the same way of a real centre and of a simulated one.

Here: arrays in, a few numbers out. Not here: files (calibrate.py reads the real ones, distances.py the simulated),
what counts as near (distances.py), drawing (draws.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_ndtr, ndtr

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Whole = NDArray[np.int64]

# A day with less than half or more than twice the median of the same weekday around it is a holiday, fault or event.
_ODD_LOW, _ODD_HIGH = 0.5, 2.0
# The same weekday of four weeks before and after says what a day should have been: short enough to follow the seasons.
_WEEKS = 4
_LAGS = 9
# Half hours with less than a hundredth of the day (nights) are left out of the overdispersion: they are nearly Poisson
# noise, and in a bank whatever is scheduled there.
_LEAST_SHARE = 0.01


@dataclass(frozen=True)
class DayCounts:
    """Arrivals by day and interval.

    Attributes:
        days: Ordinals of local dates (`date.toordinal`), ascending, shape (d,).
        counts: Arrivals, shape (d, k).
    """

    days: Whole
    counts: Floats

    @property
    def totals(self) -> Floats:
        """Arrivals of each day, shape (d,)."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def weekdays(self) -> Whole:
        """0 Monday to 6 Sunday, shape (d,)."""
        return (self.days - 1) % 7

    def of(self, chosen: Bools) -> DayCounts:
        """Only some days."""
        return DayCounts(self.days[chosen], self.counts[chosen])

    def ordinary(self) -> DayCounts:
        """Without holidays, faults and events: days far from the same weekday around them, and days without any."""
        around = [self.totals[near] for near in _same_weekday_around(self.days)]
        usual = np.array([np.median(totals) if len(totals) else np.nan for totals in around])
        with np.errstate(invalid="ignore"):
            return self.of((self.totals > _ODD_LOW * usual) & (self.totals < _ODD_HIGH * usual))

    def full(self) -> DayCounts:
        """Only weekdays whose mean is at least half of the busiest weekday's."""
        means = _weekday_means(self)
        return self.of(means[self.weekdays] >= np.nanmax(means) / 2)


@dataclass(frozen=True)
class Dispersion:
    """How much busier or calmer than their profile days and half hours are, beyond Poisson noise.

    Attributes:
        day_cv: Standard deviation of the day's factor around the same weekday of the weeks around it.
        day_correlation: Of the factors of neighbouring days.
        half_hour_index: Variance of half-hour counts, given the day's total, over a Poisson process's (1).
        half_hour_cv: Standard deviation of the half hour's factor.
        half_hour_correlation: Of the factors of neighbouring half hours.
    """

    day_cv: float
    day_correlation: float
    half_hour_index: float
    half_hour_cv: float
    half_hour_correlation: float


def week_shares(days: DayCounts) -> Floats:
    """Share of each weekday in a mean week, Monday first, shape (7,); 0 for weekdays without a day."""
    means = np.nan_to_num(_weekday_means(days))
    return np.asarray(means / means.sum())


def day_shares(days: DayCounts) -> Floats:
    """Share of each interval in a day, shape (k,); days count by their arrivals."""
    return np.asarray(days.counts.sum(axis=0) / days.counts.sum())


def dispersion(days: DayCounts) -> Dispersion:
    """Moments of the factors of days and half hours: the Poisson part is subtracted, not modelled.

    For a count N of mean m G with E[G] = 1: Var N = m + m**2 Var G. Days are compared with the mean of the same weekday
    of four weeks before and after. Half hours are compared with the day's own total times the weekday's profile, of
    which a Poisson process leaves multinomial noise.
    """
    day_cv, day_correlation = _day_factors(days)
    # The profile of n days follows them a little: of their variance it leaves 1 - 1/n.
    held = np.bincount(days.weekdays, minlength=7)[days.weekdays]
    follows = (1 - 1 / np.maximum(held, 2))[:, None]
    share = _profiles(days)[days.weekdays]
    expected = days.totals[:, None] * share
    busy = day_shares(days) >= _LEAST_SHARE
    share, expected, off = share[:, busy], expected[:, busy], (days.counts - expected)[:, busy] / np.sqrt(follows)
    noise = expected * (1 - share)
    covariances = [((off**2 - noise).sum()) / (expected**2).sum()]
    for lag in range(1, _LAGS):
        early, late = expected[:, :-lag], expected[:, lag:]
        together = off[:, :-lag] * off[:, lag:] + early * share[:, lag:]
        covariances.append(together.sum() / (early * late).sum())
    variance, correlation = _decay(np.array(covariances), day_shares(days), busy)
    index = float((off**2).sum() / noise.sum())
    return Dispersion(day_cv, day_correlation, index, float(np.sqrt(variance)), correlation)


def fit_lognormal(seconds: Floats, above_s: float = 0.0) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm, by maximum likelihood from the whole seconds above a limit.

    Those at or below the limit are unseen, not absent: the likelihood is that of a normal cut off at the logarithm of
    the limit and a half second, where rounding would cut.
    """
    logs = np.log(seconds[seconds > max(above_s, 0)])
    mean, variance, cut = float(logs.mean()), float(logs.var()), np.log(above_s + 0.5)

    def loss(parameters: Floats) -> float:
        mu, sigma = parameters[0], np.exp(parameters[1])
        # The mean of the squares of (log - mu): mean and variance are all that the likelihood needs of the sample.
        squares = variance + (mean - mu) ** 2
        return float(squares / sigma**2 / 2 + np.log(sigma) + log_ndtr((mu - cut) / sigma))

    start = np.array([mean, np.log(max(variance, 1e-12)) / 2])
    found = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12})
    return float(found.x[0]), float(np.exp(found.x[1]))


def lognormal_distance(seconds: Floats, mu: float, sigma: float, above_s: float = 0.0) -> float:
    """Kolmogorov-Smirnov distance of whole seconds above a limit from the lognormal cut off there."""
    times, counts = np.unique(seconds[seconds > max(above_s, 0)], return_counts=True)
    seen = np.cumsum(counts) / counts.sum()
    return float(np.max(np.abs(seen - cut_lognormal_cdf(times, mu, sigma, above_s))))


def cut_lognormal_cdf(seconds: Floats, mu: float, sigma: float, above_s: float = 0.0) -> Floats:
    """Share of at most so many whole seconds among those above a limit, shape as given."""
    below = ndtr((np.log(above_s + 0.5) - mu) / sigma)
    return np.asarray((ndtr((np.log(seconds + 0.5) - mu) / sigma) - below) / (1 - below))


@dataclass(frozen=True)
class Hazard:
    """Give-ups of callers who wait, by how long they have waited.

    Attributes:
        edges_s: Where intervals begin, shape (k,); the last has no end.
        exposure_s: Seconds waited in each interval by all callers, shape (k,).
        give_ups: Callers who gave up in it, shape (k,); one exactly at an edge counts half on each side.
    """

    edges_s: Floats
    exposure_s: Floats
    give_ups: Floats

    @property
    def rates(self) -> Floats:
        """Give-ups per second of waiting, shape (k,): the maximum likelihood of a piecewise exponential patience."""
        return np.divide(self.give_ups, self.exposure_s, out=np.zeros_like(self.exposure_s), where=self.exposure_s > 0)


def hazard(waits_s: Floats, gave_up: Bools, edges_s: tuple[float, ...]) -> Hazard:
    """Hazard of giving up by interval; answered callers are censored at their wait.

    Args:
        waits_s: Whole seconds waited by those who waited, shape (n,).
        gave_up: Abandoned; the others were answered, shape (n,).
        edges_s: Where intervals begin, the first 0.
    """
    low, high = np.array(edges_s), np.array([*edges_s[1:], np.inf])
    exposure = np.array([np.clip(waits_s - start, 0, end - start).sum() for start, end in zip(low, high, strict=True)])
    left = waits_s[gave_up]
    # A wait of 5 s is 4.5 to 5.5 s: half of those who left at an edge left before it.
    closed, opened = np.searchsorted(low, left, side="right") - 1, np.searchsorted(low, left, side="left") - 1
    tally = np.bincount(closed, minlength=len(low)) + np.bincount(np.maximum(opened, 0), minlength=len(low))
    return Hazard(low, exposure, tally / 2)


def kaplan_meier(waits_s: Floats, gave_up: Bools) -> tuple[Floats, Floats]:
    """Times at which callers gave up, and the share that would still wait just after (Kaplan and Meier 1958)."""
    order = np.sort(waits_s)
    times, leaving = np.unique(waits_s[gave_up], return_counts=True)
    waiting = len(order) - np.searchsorted(order, times, side="left")
    return times, np.asarray(np.cumprod(1 - leaving / waiting), dtype=np.float64)


def _same_weekday_around(days: Whole) -> list[Whole]:
    place = {int(day): position for position, day in enumerate(days)}
    steps = [7 * week for week in range(-_WEEKS, _WEEKS + 1) if week]
    return [np.array([place[day + s] for s in steps if day + s in place], dtype=np.int64) for day in place]


def _weekday_means(days: DayCounts) -> Floats:
    held = np.bincount(days.weekdays, minlength=7)
    total = np.bincount(days.weekdays, weights=days.totals, minlength=7)
    return np.asarray(np.divide(total, held, out=np.full(7, np.nan), where=held > 0))


def _profiles(days: DayCounts) -> Floats:
    """Share of each interval in the weekday's day, shape (7, k)."""
    sums = np.zeros((7, days.counts.shape[1]))
    np.add.at(sums, days.weekdays, days.counts)
    return np.asarray(sums / np.maximum(sums.sum(axis=1, keepdims=True), 1))


def _day_factors(days: DayCounts) -> tuple[float, float]:
    near = _same_weekday_around(days.days)
    has = np.array([len(places) >= 2 for places in near])
    mean = np.array([days.totals[places].mean() if len(places) else 1.0 for places in near])
    # The mean of n days is itself uncertain: the variance of the difference is 1 + 1/n times the day's own.
    wide = np.array([1 + 1 / max(len(places), 1) for places in near])
    if not has.any():
        return np.nan, np.nan
    off = days.totals - mean
    variance = (off**2 - mean * wide)[has].sum() / (mean**2 * wide)[has].sum()
    pair = has[:-1] & has[1:] & (np.diff(days.days) == 1)
    covariance = (off[:-1] * off[1:])[pair].sum() / max((mean[:-1] * mean[1:] * wide[:-1])[pair].sum(), 1e-300)
    if variance <= 0:
        return 0.0, 0.0
    return float(np.sqrt(variance)), float(np.clip(covariance / variance, -1, 1))


def _decay(covariances: Floats, shares: Floats, busy: Bools) -> tuple[float, float]:
    """Variance and correlation of factors with the variance, and nearly the covariances at lags 1, 2, ..., measured.

    Factors with the covariance v r**lag, divided by their mean of the day, have the covariance
    v (r**lag - a_i - a_j + b), where a = R p and b = p' R p for the profile p and R = r**|i - j|.
    """

    def shape(correlation: float) -> Floats:
        apart = np.abs(np.subtract.outer(np.arange(len(shares)), np.arange(len(shares))))
        powers = correlation**apart
        with_mean = powers @ shares
        left = (powers - with_mean[:, None] - with_mean + shares @ with_mean)[np.ix_(busy, busy)]
        weights = np.outer(shares[busy], shares[busy])
        return np.array(
            [np.average(np.diagonal(left, lag), weights=np.diagonal(weights, lag)) for lag in range(len(covariances))]
        )

    # The variance itself is met; the correlation is that whose later lags are nearest.
    def loss(correlation: float) -> float:
        curve = shape(correlation)
        return float(np.sum((covariances - covariances[0] * curve / curve[0]) ** 2))

    correlation = float(minimize_scalar(loss, bounds=(0.0, 0.99), method="bounded").x)
    return max(float(covariances[0] / shape(correlation)[0]), 0.0), correlation
