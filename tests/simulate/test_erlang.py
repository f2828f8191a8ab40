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

from models.staffing.erlang import Performance, erlang_a

DAYS, PER_HOUR, TALK_S, PATIENCE_S, AGENTS = 240, 10, 2400.0, 1200.0, 8


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
    flat = {"like": "poisson", "week": [1] * 7, "months": [1] * 12}
    data["arrivals"] = {**flat, **{day: [1] * 24 for day in ("weekday", "saturday", "sunday")}}
    data["patience"] = {"edges_s": [0], "rates": [1 / PATIENCE_S]}
    data["blending"] = {}
    data["menu"], data["ringing"] = {}, {"answer_s": 0.0}
    data["agents"]["is_always_there"] = True


def formula() -> Performance:
    return erlang_a(PER_HOUR / 3600, TALK_S, AGENTS, PATIENCE_S)


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
        "waited": (
            [float(row["wait_s"] > 0 or row["outcome"] == "abandoned") for row in rows],
            formula().wait_probability,
        ),
        "abandoned": ([float(row["outcome"] == "abandoned") for row in rows], formula().abandonment_probability),
        "wait": ([float(row["wait_s"]) for row in rows], formula().mean_wait_s),
    }
    for name, (values, told) in expected.items():
        mean, error = mean_and_error(values, days)
        print(f"{name}: simulated {mean:.4f}, formula {told:.4f}, standard error {error:.4f}")
        assert abs(mean - told) < 3 * error, (name, mean, told, error)
        assert error < 0.06 * told, (name, error)
