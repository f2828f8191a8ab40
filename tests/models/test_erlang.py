"""Erlang B, C and A: golden numbers, identities, limits, and two slow answers (a birth-death chain, a played queue)."""

from __future__ import annotations

import heapq
import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.staffing import Performance, erlang_a, erlang_b, erlang_c

HALF_HOUR = 100 / 1800
loads = st.floats(0.05, 0.98)
agents = st.integers(1, 400)
services = st.floats(10, 900)
patiences = st.floats(5, 5000)


# Erlang's own table of 1917: 10 erlangs on 10 lines lose 21.46 %.
def test_erlang_b_is_that_of_the_tables():
    assert erlang_b(10, 10) == pytest.approx(0.21458, abs=5e-6)
    assert erlang_b(1, 1) == 0.5
    assert (erlang_b(3.0, 0), erlang_b(0.0, 3)) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("count", "waits", "level", "asa"), [(11, 0.682, 0.390, 122.8), (12, 0.449, 0.640, 40.4), (13, 0.285, 0.796, 17.1)]
)
def test_erlang_c_gives_the_golden_numbers(count, waits, level, asa):
    found = erlang_c(HALF_HOUR, 180, count)
    assert (round(found.wait_probability, 3), round(found.service_level, 3)) == (waits, level)
    assert round(found.asa_s, 1) == asa


# pyworkforce 0.5.4, ErlangC(transactions=100, aht=3, interval=30, asa=20/60, shrinkage=0), 14 positions; 58 others of
# 5 to 900 calls, handled in 1 to 7.5 minutes, were compared beside and agreed to 1e-14.
def test_erlang_c_gives_what_a_kept_library_gives():
    found = erlang_c(HALF_HOUR, 180, 14)
    assert found.wait_probability == pytest.approx(0.1741319335950498, abs=1e-14)
    assert found.service_level == pytest.approx(0.8883500191794669, abs=1e-14)
    assert found.asa_s == pytest.approx(7.84, abs=0.005)


def test_erlang_a_gives_the_golden_numbers():
    twelve, fourteen = (erlang_a(HALF_HOUR, 180, count, 120) for count in (12, 14))
    assert _rounded(twelve) == (0.280, 0.0616, 7.39, 0.782)
    assert _rounded(fourteen) == (0.127, 0.0228, 2.74, 0.698)
    eight = erlang_a(100 / 3600, 240, 8, 120)
    assert (round(eight.wait_probability, 4), round(eight.abandonment_probability, 4)) == (0.3066, 0.0968)


def _rounded(found: Performance) -> tuple[float, ...]:
    return (
        round(found.wait_probability, 3),
        round(found.abandonment_probability, 4),
        round(found.mean_wait_s, 2),
        round(found.occupancy, 3),
    )


@pytest.mark.parametrize(("count", "load", "patience_s"), [(1, 0.5, 60), (8, 10.0, 90), (30, 29.0, 400), (5, 1.0, 20)])
def test_erlang_a_is_the_stationary_law_of_its_chain(count, load, patience_s):
    service_s, states = 180.0, 2000
    up = np.full(states, load / service_s)
    state = np.arange(1, states + 1)
    down = np.minimum(state, count) / service_s + np.maximum(state - count, 0) / patience_s
    logs = np.concatenate([[0.0], np.cumsum(np.log(up) - np.log(down))])
    law = np.exp(logs - logs.max())
    law /= law.sum()
    queue = float(law @ np.maximum(np.arange(states + 1) - count, 0))
    found = erlang_a(load / service_s, service_s, count, patience_s)
    assert found.wait_probability == pytest.approx(law[count:].sum(), rel=1e-10)
    assert found.mean_queue == pytest.approx(queue, rel=1e-10)
    busy = float(law @ np.minimum(np.arange(states + 1), count))
    assert found.occupancy == pytest.approx(busy / count, rel=1e-10)


@given(loads.map(lambda load: load * 1.5), agents, services, patiences, st.floats(0, 600))
def test_what_must_hold_of_every_queue_holds(load, count, service_s, patience_s, threshold_s):
    rate = load * count / service_s
    found = erlang_a(rate, service_s, count, patience_s, threshold_s)
    # Who gives up leaves the queue at its length over the mean patience; answered callers are served or nobody is.
    assert found.abandonment_probability == pytest.approx(found.mean_queue / patience_s / rate, rel=1e-9)
    assert found.mean_wait_s == pytest.approx(found.mean_queue / rate, rel=1e-12)
    assert found.occupancy == pytest.approx(load * (1 - found.abandonment_probability), rel=1e-12)
    assert 0 <= found.wait_probability <= 1
    assert found.abandonment_probability <= found.wait_probability
    assert 0 <= found.abandoned_within <= found.abandonment_probability + 1e-9
    assert -1e-9 <= found.service_level <= 1 - found.abandonment_probability + 1e-9
    # The mean of all waits is that of the answered and of those who gave up: the latter's is then not negative.
    assert (1 - found.abandonment_probability) * found.asa_s <= found.mean_wait_s * (1 + 1e-9)
    assert found.occupancy <= 1 + 1e-12


# Mandelbaum and Zeltyn's own form of P(abandon | wait) = 1 / (rho A) + 1 - 1 / rho, with A by its definition.
def test_abandonment_is_that_of_the_published_formula():
    rate, service_s, count, patience_s = HALF_HOUR, 180.0, 12, 120.0
    x, y, rho = count * patience_s / service_s, rate * patience_s, rate * service_s / count
    series = [1.0]
    for step in range(1, 300):
        series.append(series[-1] * y / (x + step))
    given_wait = 1 / (rho * math.fsum(series)) + 1 - 1 / rho
    found = erlang_a(rate, service_s, count, patience_s)
    assert found.abandonment_probability == pytest.approx(found.wait_probability * given_wait, rel=1e-12)


@given(loads, agents, services)
def test_endless_patience_is_erlang_c(load, count, service_s):
    rate = load * count / service_s
    patient, endless = erlang_a(rate, service_s, count, 1e17), erlang_c(rate, service_s, count)
    for field in fields(Performance):
        one, other = getattr(patient, field.name), getattr(endless, field.name)
        assert one == pytest.approx(other, rel=1e-9, abs=1e-9), field.name
    assert erlang_a(rate, service_s, count, math.inf) == endless


@given(loads, agents, services, patiences)
def test_more_agents_never_make_it_worse(load, count, service_s, patience_s):
    rate = load * count / service_s
    for more, fewer in (
        (erlang_a(rate, service_s, count + 1, patience_s), erlang_a(rate, service_s, count, patience_s)),
        (erlang_c(rate, service_s, count + 1), erlang_c(rate, service_s, count)),
    ):
        _is_no_worse(more, fewer)


@given(loads, agents, services, patiences, st.floats(1.001, 2))
def test_more_load_never_makes_it_better(load, count, service_s, patience_s, factor):
    rate = load * count / service_s
    low, high = (erlang_a(r, service_s, count, patience_s) for r in (rate, rate * factor))
    _is_no_worse(low, high)
    assert low.occupancy <= high.occupancy + 1e-12


def _is_no_worse(good: Performance, bad: Performance) -> None:
    slack = 1e-9
    assert good.wait_probability <= bad.wait_probability + slack
    assert good.service_level >= bad.service_level - slack
    assert good.abandonment_probability <= bad.abandonment_probability + slack
    assert good.mean_wait_s <= bad.mean_wait_s * (1 + slack) + slack


@pytest.mark.parametrize("load", [4000.0, 4950.0, 5000.0, 5050.0, 9000.0])
def test_five_thousand_agents_are_no_difficulty(load):
    found = erlang_a(load / 300, 300, 5000, 90)
    assert all(math.isfinite(getattr(found, field.name)) for field in fields(Performance))
    assert found.abandonment_probability >= max(1 - 5000 / load, 0) - 1e-12
    # 5,000 agents are nearly the fluid limit: who is too many gives up.
    assert found.abandonment_probability == pytest.approx(max(1 - 5000 / load, 0), abs=0.01)


def test_overload_with_long_patience_is_the_fluid_limit():
    found = erlang_a(11 / 100, 100, 10, 1e8)
    assert found.abandonment_probability == pytest.approx(1 - 10 / 11, rel=1e-6)
    # Who is answered waits until a share of 1/11 has given up.
    assert found.asa_s == pytest.approx(-1e8 * math.log(10 / 11), rel=1e-3)


def test_without_patience_in_sight_an_overload_has_no_end():
    found = erlang_c(1.0, 100, 99)
    assert (found.wait_probability, found.service_level, found.mean_wait_s) == (1.0, 0.0, math.inf)


@pytest.mark.parametrize(
    "call",
    [
        lambda: erlang_b(-1, 3),
        lambda: erlang_c(0, 180, 3),
        lambda: erlang_c(1, 180, 0),
        lambda: erlang_a(1, 180, 3, 0),
    ],
)
def test_what_is_no_queue_is_refused(call):
    with pytest.raises(ValueError, match="the queue needs"):
        call()


@settings(max_examples=30)
@given(loads.map(lambda load: load * 1.5), st.integers(1, 60), services, patiences)
def test_in_the_end_everybody_is_answered_or_gone(load, count, service_s, patience_s):
    rate = load * count / service_s
    found = erlang_a(rate, service_s, count, patience_s, threshold_s=1e7)
    assert found.abandoned_within == pytest.approx(found.abandonment_probability, rel=1e-8, abs=1e-10)
    assert found.service_level == pytest.approx(1 - found.abandonment_probability, rel=1e-8)


def test_a_played_queue_waits_as_long():
    rng = np.random.default_rng(5)
    calls, rate, service_s, count, patience_s = 300_000, HALF_HOUR, 180.0, 12, 120.0
    at = np.cumsum(rng.exponential(1 / rate, calls)).tolist()
    service, patience = rng.exponential(service_s, calls).tolist(), rng.exponential(patience_s, calls).tolist()
    free = [0.0] * count
    waits, answered = np.zeros(calls), np.zeros(calls, dtype=bool)
    for call, moment in enumerate(at):
        wait = max(free[0] - moment, 0.0)
        answered[call], waits[call] = wait <= patience[call], min(wait, patience[call])
        if answered[call]:
            heapq.heapreplace(free, moment + wait + service[call])
    found = erlang_a(rate, service_s, count, patience_s)
    assert np.mean(~answered) == pytest.approx(found.abandonment_probability, rel=0.03)
    assert waits.mean() == pytest.approx(found.mean_wait_s, rel=0.03)
    assert waits[answered].mean() == pytest.approx(found.asa_s, rel=0.03)
    assert np.mean(answered & (waits <= 20)) == pytest.approx(found.service_level, abs=0.005)
    assert np.mean(~answered & (waits <= 20)) == pytest.approx(found.abandoned_within, rel=0.03)
