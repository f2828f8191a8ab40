"""Distances: a centre drawn from the calibrated laws is within chance, one of other laws is not; `-s` prints them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from pipelines.simulate import measures
from pipelines.simulate.calibration import load_calibration
from pipelines.simulate.distances import Distance, compare, patience_distances, report, shape_distance, talk_distances
from pipelines.simulate.draws import LognormalSeconds, PiecewiseHazard
from pipelines.simulate.measures import DayCounts, Dispersion
from pipelines.simulate.observed import day_counts, from_contacts

LONDON = "Europe/London"


def outside(distances: list[Distance]) -> set[str]:
    return {distance.name for distance in distances if distance.verdict == "outside"}


@pytest.mark.parametrize("bank", ["bank_1999", "us_bank_2003"])
def test_a_centre_of_the_calibrated_laws_is_within_chance(make_contacts, bank):
    real = load_calibration()
    contacts = make_contacts(real.arrivals[bank], real.service["all"].times, real.patience.hazard)
    found = compare(from_contacts(contacts, LONDON), real, np.random.default_rng(1), bank)
    print(f"\n{len(contacts):,} contacts drawn from the calibrated laws, arrivals of {bank}\n{report(found)}")
    assert outside(found) == set()


def test_a_centre_of_other_laws_is_seen(make_contacts):
    real = load_calibration()
    bank = real.arrivals["bank_1999"]
    flat = replace(
        bank,
        week_shares=real.arrivals["us_bank_2003"].week_shares,
        half_hour_shares=tuple(np.roll(bank.half_hour_shares, 4)),
        dispersion=Dispersion(0.0, 0.0, 1.0, 0.0, 0.0),
    )
    contacts = make_contacts(flat, LognormalSeconds(167, 0.5), PiecewiseHazard((0,), (1 / 150,)))
    found = compare(from_contacts(contacts, LONDON), real, np.random.default_rng(1))
    print(f"\n{len(contacts):,} contacts of other laws\n{report(found)}")
    names = outside(found)
    assert {name for name in names if name.startswith(("week", "day"))} == {
        "week: greatest difference of shares",
        "week: moved, in days",
        "day: greatest difference of shares",
        "day: moved, in hours",
    }
    assert {"overdispersion of days: ratio of cv", "overdispersion of half hours: ratio of index"} <= names
    assert {"talk service: ratio of sigma", "talk service: difference of the share of short ones"} <= names
    assert "patience 20-60 s: ratio of hazard" in names


def test_exponential_talks_are_not_lognormal():
    talks = np.rint(np.random.default_rng(2).exponential(200, 20_000))
    found = talk_distances(talks, load_calibration().service["all"], "")
    assert "talk: KS to a lognormal" in outside(found)


def test_a_scaled_hazard_is_compared_with_the_scale_told():
    real = load_calibration().patience
    rng = np.random.default_rng(4)
    patience, offered = real.hazard.scaled(2).draw(rng, 30_000), rng.exponential(150, 30_000)
    waits, gave_up = np.rint(np.minimum(patience, offered)), patience < offered
    assert outside(patience_distances(waits, gave_up, real, scale=2)) == set()
    assert len(outside(patience_distances(waits, gave_up, real))) >= 5


def test_few_are_too_few_to_tell():
    real = load_calibration()
    contacts = pl.DataFrame(
        {
            "arrived_at": [datetime(2026, 3, 2, 10, tzinfo=UTC), datetime(2026, 3, 3, 11, tzinfo=UTC)],
            "queue": ["service", None],
            "wait_s": [30, None],
            "talk_s": [None, None],
            "outcome": ["abandoned", "abandoned_in_ivr"],
        },
        schema_overrides={"arrived_at": pl.Datetime("us", "UTC"), "talk_s": pl.Int64},
    )
    found = compare(from_contacts(contacts, LONDON), real, np.random.default_rng(1))
    assert {distance.verdict for distance in found} == {"too few"}
    found = compare(from_contacts(contacts.clear(), LONDON), real, np.random.default_rng(1))
    assert {distance.verdict for distance in found} == {"too few"}


def test_days_and_half_hours_are_local_and_days_of_a_clock_change_are_left_out():
    instants = [
        datetime(2026, 3, 27, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 3, 29, 12, 0, tzinfo=UTC),  # the clock goes forward
        datetime(2026, 3, 29, 23, 30, tzinfo=UTC),  # the 30th, 00:30 in London
    ]
    days = day_counts(pl.Series(instants, dtype=pl.Datetime("us", "UTC")), LONDON)
    assert [datetime.fromordinal(int(day)).day for day in days.days] == [27, 28, 30]
    assert days.totals.tolist() == [1, 0, 1]
    assert (days.counts[0, 47], days.counts[2, 1]) == (1, 1)


def test_contacts_become_talks_by_queue_and_waits_of_who_queued():
    at = datetime(2026, 3, 2, 10, tzinfo=UTC)
    contacts = pl.DataFrame(
        [
            (at, "billing", 12, 100, "answered"),
            (at, "service", 0, 50, "answered"),
            (at, "service", 7, None, "abandoned"),
            (at, "service", 90, None, "timed_out"),
            (at, None, None, None, "abandoned_in_ivr"),
        ],
        schema={
            "arrived_at": pl.Datetime("us", "UTC"), "queue": pl.String, "wait_s": pl.Int64, "talk_s": pl.Int64,
            "outcome": pl.String,
        },
        orient="row",
    )  # fmt: skip
    found = from_contacts(contacts, LONDON)
    assert {queue: talks.tolist() for queue, talks in found.talks_s.items()} == {"billing": [100], "service": [50]}
    assert found.waits_s.tolist() == [12, 0, 7, 90]
    assert found.gave_up.tolist() == [False, False, True, False]


def test_shapes_are_compared_by_hand():
    assert shape_distance(np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])) == (0.5, 1.0)


# By hand: waits 3 and 5 (gave up), 10 (answered), edges 0 and 5: 13 s and 5 s waited, the one at 5 counts halves.
def test_hazard_is_counted_by_hand():
    found = measures.hazard(np.array([3.0, 5.0, 10.0]), np.array([True, True, False]), (0.0, 5.0))
    assert found.exposure_s.tolist() == [13, 5]
    assert found.give_ups.tolist() == [1.5, 0.5]
    assert found.rates == pytest.approx([1.5 / 13, 0.1])


# By hand, waits 1, 2+, 3, 3, 4+ (+ answered): after 1 s 4/5, after 3 s 4/5 x 1/3.
def test_kaplan_meier_is_counted_by_hand():
    times, survival = measures.kaplan_meier(
        np.array([1.0, 2.0, 3.0, 3.0, 4.0]), np.array([True, False, True, True, False])
    )
    assert times.tolist() == [1, 3]
    assert survival == pytest.approx([0.8, 0.8 / 3])


def test_lognormal_parameters_come_back_from_what_lies_above_a_limit():
    times = LognormalSeconds(60, 1.1)
    drawn = times.draw(np.random.default_rng(6), 40_000).astype(np.float64)
    mu, sigma = measures.fit_lognormal(drawn, 20)
    assert (mu, sigma) == (pytest.approx(times.mu, abs=0.05), pytest.approx(1.1, abs=0.03))
    assert measures.lognormal_distance(drawn, mu, sigma, 20) < 0.01


def test_holidays_are_no_ordinary_days():
    days = np.arange(1, 71)
    counts = np.full((70, 2), 50.0)
    counts[30] = 10
    counts[44] = 0
    ordinary = DayCounts(days, counts).ordinary()
    assert set(days) - set(ordinary.days) == {31, 45}


def test_report_tells_all():
    told = report([Distance("a", 0.5, 0, 1, 1000), Distance("b", 2, 0, 1, 5), Distance("c", np.nan, 0, 1, 0)])
    assert [line.split()[-1] for line in told.splitlines()[1:3]] == ["within", "outside"]
    assert told.endswith("too few")
