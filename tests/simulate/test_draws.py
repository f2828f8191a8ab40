"""The draws against their own theory: moments, distribution functions, and properties that any parameters must keep."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipelines.simulate.draws import GammaFactors, LognormalSeconds, PiecewiseHazard, arrival_seconds, one_by_one

N = 40_000
PATIENCE = PiecewiseHazard((0, 5, 20, 60, 120, 300), (0.003, 0.004, 0.003, 0.0025, 0.002, 0.002))
positive = st.floats(1e-4, 1)


@st.composite
def hazards(draw: st.DrawFn) -> PiecewiseHazard:
    steps = draw(st.lists(st.floats(0.5, 200), max_size=5))
    rates = draw(st.lists(st.one_of(st.just(0.0), positive), min_size=len(steps), max_size=len(steps)))
    return PiecewiseHazard((0.0, *np.cumsum(steps).tolist()), (*rates, draw(positive)))


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_values_come_one_by_one_as_they_come_in_blocks():
    times = LognormalSeconds(180, 0.9, 0.06)
    source = rng()
    take = one_by_one(lambda size: times.draw(source, size), block=100)
    other = rng()
    blocks = np.concatenate([times.draw(other, 100) for _ in range(3)])
    assert [take() for _ in range(300)] == blocks.tolist()
    assert isinstance(take(), int)


@pytest.mark.parametrize(("cv", "correlation"), [(0.17, 0.57), (0.25, 0.0), (0.5, 0.9), (1.2, 0.3)])
def test_factors_are_gamma_and_fade_as_they_say(cv, correlation):
    factors = GammaFactors(cv, correlation).draw_paths(rng(), 30, N // 10)
    assert factors.shape == (N // 10, 30)
    for step in (0, 7, 29):
        law = stats.gamma(cv**-2, scale=cv**2)
        assert stats.kstest(factors[:, step], law.cdf).pvalue > 1e-3
    for lag in (1, 2, 5):
        seen = np.corrcoef(factors[:, 3], factors[:, 3 + lag])[0, 1]
        assert seen == pytest.approx(correlation**lag, abs=0.08)


def test_a_walk_of_factors_goes_on_where_it_was():
    factors = GammaFactors(0.2, 0.95)
    walked = np.array(list(islice(factors.walk(rng()), 20_000)))
    assert walked.mean() == pytest.approx(1, abs=0.05)
    assert np.corrcoef(walked[:-1], walked[1:])[0, 1] == pytest.approx(0.95, abs=0.02)
    after = [factors.draw(rng(seed), 1, before=2.0)[0] for seed in range(2000)]
    assert np.mean(after) == pytest.approx(1 + 0.95 * (2 - 1), abs=0.02)


def test_factors_without_spread_are_one():
    assert GammaFactors(0).draw(rng(), 5).tolist() == [1.0] * 5


@pytest.mark.parametrize(("cv", "correlation"), [(-0.1, 0.5), (0.1, 1.0), (0.1, -0.2)])
def test_factors_that_cannot_be_are_refused(cv, correlation):
    with pytest.raises(ValueError, match="factors need"):
        GammaFactors(cv, correlation)


def test_arrivals_without_factors_are_a_poisson_process():
    expected, source = np.array([5.0, 20.0, 0.0, 10.0]), rng()
    days = [arrival_seconds(source, expected, GammaFactors(0)) for _ in range(4000)]
    counts = np.array([np.bincount(day // 1800, minlength=4) for day in days])
    assert counts.mean(axis=0) == pytest.approx(expected, rel=0.02)
    assert counts[:, [0, 1, 3]].var(axis=0) == pytest.approx(expected[[0, 1, 3]], rel=0.1)
    within = np.concatenate(days) % 1800
    assert stats.kstest((within + 0.5) / 1800, "uniform").pvalue > 1e-3


def test_factors_of_half_hours_move_arrivals_within_the_day_only():
    expected, source = np.full(48, 6.0), rng()
    factors = GammaFactors(0.4, 0.5)
    counts = np.array(
        [np.bincount(arrival_seconds(source, expected, factors, 1.5) // 1800, minlength=48) for _ in range(4000)]
    )
    totals = counts.sum(axis=1)
    assert totals.mean() == pytest.approx(1.5 * 288, rel=0.01)
    assert totals.var() / totals.mean() == pytest.approx(1, abs=0.1)
    # Of a path of 48 with the covariance v r**lag, the mean takes v (1 + r) / (1 - r) / 48 of the variance v.
    left = 0.16 * (1 - 3 / 48)
    assert counts.var(axis=0).mean() == pytest.approx(9 + 81 * left, rel=0.05)


@given(
    st.lists(st.floats(0, 40), min_size=1, max_size=50),
    st.floats(0, 1),
    st.floats(0, 0.95),
    st.floats(0, 3),
    st.integers(0, 9),
)
def test_arrivals_lie_in_intervals_that_expect_some(expected, cv, correlation, level, seed):
    found = arrival_seconds(rng(seed), np.array(expected), GammaFactors(cv, correlation), level)
    assert (np.diff(found) >= 0).all()
    assert np.array_equal(found, arrival_seconds(rng(seed), np.array(expected), GammaFactors(cv, correlation), level))
    assert all(expected[place] > 0 for place in set((found // 1800).tolist()))
    assert level > 0 or len(found) == 0


@pytest.mark.parametrize(
    "times",
    [LognormalSeconds(167.2, 0.957, 0.064), LognormalSeconds(9.1, 0.448), LognormalSeconds(300, 1.4, 0.24, 10)],
)
def test_times_have_their_mean_and_their_law(times):
    drawn = times.draw(rng(), N)
    assert drawn.mean() == pytest.approx(times.mean_s, rel=0.04)
    values, counts = np.unique(drawn, return_counts=True)
    assert np.abs(np.cumsum(counts) / N - times.cdf(values)).max() < 1.95 / math.sqrt(N)


@given(st.floats(20, 2000), st.floats(0.05, 2), st.floats(0, 0.5), st.integers(0, 9))
def test_times_are_whole_positive_and_the_same_again(mean_s, sigma, share, seed):
    times = LognormalSeconds(mean_s, sigma, share)
    drawn = times.draw(rng(seed), 200)
    assert drawn.dtype == np.int64
    assert drawn.min() >= 1
    assert np.array_equal(drawn, times.draw(rng(seed), 200))
    shares = times.cdf(np.arange(0, 5000, 7))
    assert (np.diff(shares) >= -1e-12).all()
    assert shares[0] == 0
    body = math.exp(times.mu + sigma**2 / 2)
    assert share * 5.5 + (1 - share) * body == pytest.approx(mean_s)


@pytest.mark.parametrize("wrong", [(180, 0.0, 0.0), (180, 1.0, 1.0), (0.0, 1.0, 0.0), (2.0, 1.0, 0.9)])
def test_times_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="no lognormal"):
        LognormalSeconds(*wrong)


def test_patience_follows_its_survival():
    drawn = PATIENCE.draw(rng(), N)
    assert stats.kstest(drawn, lambda t: 1 - PATIENCE.survival(t)).pvalue > 1e-3
    assert drawn.mean() == pytest.approx(PATIENCE.mean_s, rel=0.02)
    # By hand: exp(-(5 x 0.003 + 15 x 0.004)) still wait after 20 s.
    assert PATIENCE.survival(np.array([20.0]))[0] == pytest.approx(math.exp(-0.075))


def test_one_rate_is_exponential():
    alone = PiecewiseHazard((0,), (1 / 120,))
    assert alone.mean_s == pytest.approx(120)
    assert alone.time_at(1.0) == pytest.approx(120)


def test_without_a_last_rate_some_wait_for_ever():
    some = PiecewiseHazard((0, 60), (0.01, 0))
    assert np.isinf(some.draw(rng(), N)).mean() == pytest.approx(math.exp(-0.6), abs=0.01)
    assert some.mean_s == math.inf
    assert some.time_at(0.7) == math.inf


@settings(deadline=None)
@given(hazards(), st.floats(0, 20), st.floats(0.2, 5))
def test_inversion_undoes_the_hazard(patience, hazard, factor):
    time = patience.time_at(hazard)
    assert patience.cumulative(np.array([time]))[0] == pytest.approx(hazard, abs=1e-9, rel=1e-9)
    assert patience.scaled(factor).time_at(hazard) == pytest.approx(patience.time_at(hazard / factor), rel=1e-9)
    assert patience.time_at(hazard + 0.1) > time
    grid = np.linspace(0, 1000, 60)
    assert (np.diff(patience.survival(grid)) <= 1e-12).all()


@given(hazards(), st.integers(0, 9))
def test_one_caller_and_many_have_the_same_patience(patience, seed):
    one_by_one_drawn = [patience.time_at(hazard) for hazard in rng(seed).exponential(size=50).tolist()]
    assert patience.draw(rng(seed), 50) == pytest.approx(np.array(one_by_one_drawn))


@pytest.mark.parametrize(
    ("edges", "rates"), [((0, 5), (0.1,)), ((1,), (0.1,)), ((0, 5, 5), (0.1, 0.1, 0.1)), ((0,), (-0.1,)), ((), ())]
)
def test_hazards_that_cannot_be_are_refused(edges, rates):
    with pytest.raises(ValueError, match="hazard"):
        PiecewiseHazard(edges, rates)
