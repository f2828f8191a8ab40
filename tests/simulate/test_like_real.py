"""The whole simulator's calls beside the real ones, measure by measure; `-s` prints the distances.

The default scenario's year: fresh calls of Leeds. Its shapes of day and week are its own; how much days and half hours
vary around them, how long talks last and how soon callers give up are the bank's.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.simulate import measures
from pipelines.simulate.arrivals import hourly_to_half_hourly
from pipelines.simulate.calibrate import CALLS, SHORT_S, bank_calls, measure
from pipelines.simulate.distances import (
    arrival_distances,
    patience_distances,
    report,
    sample_distance,
    standard_scores,
    talk_distances,
)
from pipelines.simulate.observed import from_contacts
from pipelines.simulate.scenario import load_scenario

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def folder(shared_file) -> Path:
    shared_file("arrivals")
    return shared_file(CALLS).parents[1]


@pytest.fixture(scope="module")
def observed(simulated_year):
    calls = simulated_year.contacts().filter(
        pl.col("site") == "leeds", pl.col("channel") == "voice", pl.col("direction") == "inbound",
        pl.col("cause") == "fresh",
    )  # fmt: skip
    # Of two visits neither the wait nor the talk is one draw.
    once = pl.col("queue_visit_count") < 2
    queue = pl.when(once & (pl.col("outcome") != "blocked")).then("first_queue").alias("queue")
    return from_contacts(
        calls.select("arrived_at", queue, "wait_s", pl.when(once).then("talk_s"), "outcome"), "Europe/London"
    )


def test_calls_are_like_those_of_the_bank(observed, folder):
    scenario, real = load_scenario(), measure(folder)
    shape = scenario.arrivals
    bank = replace(
        real.arrivals["bank_1999"],
        week_shares=tuple(np.array(shape.week) / sum(shape.week)),
        half_hour_shares=tuple(hourly_to_half_hourly(shape.weekday)),
    )
    found = arrival_distances(observed.arrivals, bank, np.random.default_rng(1))
    for queue in scenario.queues:
        if queue.name in observed.talks_s:
            # The mean is the queue's own, and with it how many of the long ones happen to be short.
            service = real.service[queue.handling.like]
            service = replace(service, times=replace(service.times, mean_s=queue.handling.talk_s))
            found += talk_distances(observed.talks_s[queue.name], service, queue.name)
    found += patience_distances(observed.waits_s, observed.gave_up, real.patience, scenario.patience.factor)
    print(f"\n{len(observed.waits_s):,} callers in queues\n{report(found)}")
    assert [distance.name for distance in found if distance.verdict == "outside"] == []
    assert sum(distance.verdict == "within" for distance in found) >= 20


def test_talks_have_the_form_of_the_real_ones(observed, folder):
    """Straight against the bank's calls, whatever law either is thought to follow."""
    calls = bank_calls(folder).filter("is_answered", pl.col("type") == "PS")["service_s"].to_numpy()
    mu, sigma = measures.fit_lognormal(calls, SHORT_S)
    own = measures.lognormal_distance(calls, mu, sigma, SHORT_S)
    talks = observed.talks_s["service"]
    distance = sample_distance(standard_scores(talks, SHORT_S), standard_scores(calls, SHORT_S), own, "talk: form")
    print("\n" + report([distance]))
    assert distance.verdict == "within"
