"""Erlang B, C and A: waits and give-ups of one queue in the long run, stable to thousands of agents.

Here: the formulas of M/M/n/n, M/M/n and M/M/n+M. Not here: choosing a number of agents, arrivals that change, several
skills. Sources: Erlang 1917 for B and C; Palm 1957, and Mandelbaum and Zeltyn 2007, "Service engineering in action: the
Palm/Erlang-A queue", for A. Sums over the queue's length are used as they stand, all terms positive, instead of
incomplete gamma functions, whose differences lose all digits when patience is long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

Floats = NDArray[np.float64]

# What lies this far below the greatest term of a sum, as a logarithm, is below its last digit.
_NEGLIGIBLE = 45.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_PANELS = 64


@dataclass(frozen=True)
class Performance:
    """Long-run figures of a queue.

    Attributes:
        wait_probability: Share of callers who find no free agent.
        service_level: Share of all callers who are answered within the threshold (`sl_abandons_negative`).
        abandoned_within: Share of all callers who give up within the threshold: with it, other variants are formed.
        mean_wait_s: Mean wait of all callers, those who give up and those who do not wait included.
        asa_s: Mean wait of those who are answered.
        abandonment_probability: Share of callers who give up.
        occupancy: Share of the agents' time that they talk.
        mean_queue: Mean number of callers who wait.
    """

    wait_probability: float
    service_level: float
    abandoned_within: float
    mean_wait_s: float
    asa_s: float
    abandonment_probability: float
    occupancy: float
    mean_queue: float


def erlang_b(load: float, agents: int) -> float:
    """Share of callers who find all agents busy where nobody can wait.

    Args:
        load: Arrivals per second times mean service in seconds, in erlangs.
        agents: How many; 0 is allowed.
    """
    _require(load >= 0 and agents >= 0, "a load and agents of 0 or more")
    blocked = 1.0
    for agent in range(1, agents + 1):
        blocked = load * blocked / (agent + load * blocked)
    return blocked


def erlang_c(arrivals_per_s: float, mean_service_s: float, agents: int, threshold_s: float = 20.0) -> Performance:
    """M/M/n: nobody gives up. With as much load as agents, or more, the queue grows for ever: waits are infinite.

    Args:
        arrivals_per_s: Mean arrivals per second, above 0.
        mean_service_s: Mean handling time, above 0.
        agents: How many, at least 1.
        threshold_s: Of the service level.
    """
    _require(arrivals_per_s > 0 and mean_service_s > 0 and agents >= 1, "arrivals, a service time and agents")
    load = arrivals_per_s * mean_service_s
    if load >= agents:
        return Performance(1.0, 0.0, 0.0, math.inf, math.inf, 0.0, 1.0, math.inf)
    blocked = erlang_b(load, agents)
    waits = blocked / (1 - load / agents * (1 - blocked))
    mean_wait = waits * mean_service_s / (agents - load)
    within = 1 - waits * math.exp(-(agents - load) * threshold_s / mean_service_s)
    return Performance(waits, within, 0.0, mean_wait, mean_wait, 0.0, load / agents, arrivals_per_s * mean_wait)


def erlang_a(
    arrivals_per_s: float, mean_service_s: float, agents: int, mean_patience_s: float, threshold_s: float = 20.0
) -> Performance:
    """M/M/n+M: every caller who waits gives up at the same rate, 1 / `mean_patience_s`.

    The time needed grows with the root of load times patience over service time: thousandths of a second for any
    centre, seconds where patience is 100 million services and the load is above the agents.

    Args:
        arrivals_per_s: Mean arrivals per second, above 0.
        mean_service_s: Mean handling time, above 0.
        agents: How many, at least 1.
        mean_patience_s: Mean time that a caller would wait, above 0; infinite is Erlang C.
        threshold_s: Of the service level.
    """
    _require(arrivals_per_s > 0 and mean_service_s > 0 and agents >= 1, "arrivals, a service time and agents")
    _require(mean_patience_s > 0, "a patience above 0")
    if math.isinf(mean_patience_s):
        return erlang_c(arrivals_per_s, mean_service_s, agents, threshold_s)
    queue = _queue(arrivals_per_s * mean_patience_s, agents * mean_patience_s / mean_service_s)
    blocked = erlang_b(arrivals_per_s * mean_service_s, agents)
    # 1 / P(all busy, nobody waits) = 1 / blocked + sum of the terms after the first, here divided by exp(log_scale).
    whole = (1 - blocked) * math.exp(-queue.log_scale) + blocked * queue.total
    waits = blocked * queue.total / whole
    length = blocked * queue.length / whole
    gave_up = length / (arrivals_per_s * mean_patience_s)
    answered_wait = blocked * queue.answered_wait / whole * mean_patience_s
    answered, left = _within(waits, queue, threshold_s / mean_patience_s)
    return Performance(
        wait_probability=waits,
        service_level=1 - waits + answered,
        abandoned_within=left,
        mean_wait_s=length / arrivals_per_s,
        asa_s=answered_wait / (1 - gave_up),
        abandonment_probability=gave_up,
        occupancy=arrivals_per_s * mean_service_s * (1 - gave_up) / agents,
        mean_queue=length,
    )


@dataclass(frozen=True)
class _Queue:
    """Sums over the number j of callers who wait, while all agents are busy; time in mean patiences.

    With y arrivals and x departures a patience, the state of j waiting weighs t_j = y**j / ((x + 1) ... (x + j)).

    Attributes:
        arrivals: y.
        departures: x.
        log_scale: Logarithm of the greatest t_j; the sums are divided by it.
        total: Sum of t_j: A(x, y) of Mandelbaum and Zeltyn.
        length: Sum of j t_j.
        answered_wait: Sum of t_j times the wait of who arrives then and is answered.
    """

    arrivals: float
    departures: float
    log_scale: float
    total: float
    length: float
    answered_wait: float


def _queue(y: float, x: float) -> _Queue:
    low, high = _window(y, x)
    j = np.arange(low, high + 1, dtype=np.float64)
    # The first term by gamma functions: only where j starts far from 0, where the scale no longer matters.
    first = low * math.log(y) - float(gammaln(x + low + 1) - gammaln(x + 1)) if low else 0.0
    logs = first + np.concatenate([[0.0], np.cumsum(np.log(y / (x + j[1:])))])
    scale = float(logs.max())
    terms = np.exp(logs - scale)
    # Who finds j waiting is answered with the chance x / (x + j + 1), after j + 1 steps at the rates x + 1, x + 2, ...
    before = float(digamma(x + low + 1) - digamma(x + 1)) if low else 0.0
    steps = before + np.cumsum(1 / (x + j + 1))
    answered_wait = float(np.sum(terms * x / (x + j + 1) * steps))
    return _Queue(y, x, scale, float(terms.sum()), float(j @ terms), answered_wait)


def _window(y: float, x: float) -> tuple[int, int]:
    """First and last j whose t_j counts; t_j falls like a normal around j = y - x, and like (y / x)**j where y < x."""
    spread = math.sqrt(2 * _NEGLIGIBLE * max(x, y)) + 2 * _NEGLIGIBLE
    if y >= x:
        return max(int(y - x - spread), 0), int(y - x + spread) + 1
    return 0, int(min(spread, _NEGLIGIBLE / math.log((x + 1) / y))) + 1


def _within(waits: float, queue: _Queue, threshold: float) -> tuple[float, float]:
    """Shares of callers who wait, and within the threshold are answered, and give up.

    The wait that a caller with endless patience would have has the density
    P(wait) x / A exp(y (1 - exp(-t)) - x t), Mandelbaum and Zeltyn 2007; Gauss and Legendre integrate it.
    """
    if threshold <= 0 or waits == 0:
        return 0.0, 0.0
    # The density may fall within a thousandth of the threshold: it is cut where nothing is left, and into panels.
    fall = queue.departures - queue.arrivals
    end = min(
        threshold, (queue.arrivals + _NEGLIGIBLE) / queue.departures, _NEGLIGIBLE / fall if fall > 0 else math.inf
    )
    half = end / _PANELS / 2
    t = ((2 * np.arange(_PANELS)[:, None] + 1 + _NODES) * half).ravel()
    logs = queue.arrivals * -np.expm1(-t) - queue.departures * t - queue.log_scale
    density = waits * queue.departures / queue.total * np.exp(logs) * np.tile(_WEIGHTS * half, _PANELS)
    still = max(waits - float(density.sum()), 0.0)
    answered = float(density @ np.exp(-t))
    return answered, float(density @ -np.expm1(-t)) + still * -math.expm1(-threshold)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(f"the queue needs {what}")
