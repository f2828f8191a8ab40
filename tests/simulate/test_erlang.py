"""The engine reduced to one queue, exponential talks and patience (M/M/n+M) against the formulas of Erlang A.

Time runs ten times slower than in the golden figures, so that whole seconds do not matter: 10 calls an hour of 40
minutes with a patience of 20 minutes behave as 100 of 4 minutes with one of 2.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

DAYS, PER_HOUR, TALK_S, PATIENCE_S, AGENTS = 240, 10, 2400.0, 1200.0, 8
P_WAIT, P_ABANDON = 0.3066, 0.0968


def only_a_queue(data: dict[str, Any]) -> None:
    always = {
        day: ["00:00-24:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    }
    data.update(seats=AGENTS, contacts_per_seat_year=PER_HOUR * 24 * 365 / AGENTS, breaks=[], facts=[])
    data["company"]["timezone"] = "UTC"
    data["sites"] = [{**data["sites"][0], "hours": always, "holidays": [], "timezone": "UTC"}]
    handling = {"talk_s": TALK_S, "is_exponential": True}
    data["queues"] = [{"name": "calls", "label": "Calls", "site": "leeds", "handling": handling}]
    data["streams"] = [{"name": "calls", "site": "leeds", "channel": "voice", "share": 1.0}]
    data["teams"] = [{**data["teams"][0], "share": 1.0, "skills": [["calls"]]}]
    flat = {"day_cv": 0.0, "half_hour_cv": 0.0, "week": [1] * 7, "months": [1] * 12}
    data["arrivals"] = {**flat, **{day: [1] * 24 for day in ("weekday", "saturday", "sunday")}}
    data["patience"] = {"from_s": [0], "hazards": [1 / PATIENCE_S]}
    data["menu"], data["ringing"] = {}, {"answer_s": 0.0}
    data["agents"]["is_always_there"] = True


def erlang_a(rate: float, talk: float, patience: float, agents: int) -> tuple[float, float]:
    """P(wait) and P(abandon) by the steady state of the birth and death of calls in the system."""
    weights = [1.0]
    for n in range(1, 2000):
        leaving = min(n, agents) / talk + max(0, n - agents) / patience
        weights.append(weights[-1] * rate / leaving)
    states = np.array(weights) / sum(weights)
    lost = sum(states[n] * (n - agents) / patience for n in range(agents, len(states)))
    return float(states[agents:].sum()), float(lost / rate)


def test_formula_gives_the_golden_figures():
    assert erlang_a(100 / 3600, 240, 120, 8) == pytest.approx((P_WAIT, P_ABANDON), abs=5e-5)


def mean_and_error(values: list[float], days: list[int]) -> tuple[float, float]:
    """Mean, and its standard error from the means of weeks, which know of each other little."""
    weeks = np.array(days) // 7
    whole = np.array(values)
    means = np.array([whole[weeks == week].mean() for week in np.unique(weeks)])
    return float(whole.mean()), float(means.std(ddof=1) / sqrt(len(means)))


def test_waits_and_abandonment_are_those_of_erlang_a(simulate_home):
    made = simulate_home(DAYS, seed=5, change=only_a_queue, is_quiet=True)
    rows = pq.read_table(made.path / "truth" / "contacts.parquet").to_pylist()
    begin = rows[0]["arrived_at"]
    days = [(row["arrived_at"] - begin).days for row in rows]
    assert len(rows) == pytest.approx(DAYS * 24 * PER_HOUR, rel=0.02)
    assert {row["outcome"] for row in rows} == {"answered", "abandoned"}
    expected = {
        "waited": ([float(row["wait_s"] > 0 or row["outcome"] == "abandoned") for row in rows], P_WAIT),
        "abandoned": ([float(row["outcome"] == "abandoned") for row in rows], P_ABANDON),
        "wait": ([float(row["wait_s"]) for row in rows], P_ABANDON * PATIENCE_S),
    }
    for name, (values, formula) in expected.items():
        mean, error = mean_and_error(values, days)
        assert abs(mean - formula) < 3 * error, (name, mean, formula, error)
        assert error < 0.06 * formula, (name, error)
        print(f"{name}: simulated {mean:.4f}, formula {formula:.4f}, standard error {error:.4f}")
