"""The committed parameters against the real files, and draws from them against the real rows; `-s` prints distances.

Skipped, saying so, where the real data is absent; it may not be committed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipelines.simulate import calibrate
from pipelines.simulate.calibration import PATH, load_calibration
from pipelines.simulate.distances import (
    arrival_distances,
    patience_distances,
    report,
    sample_distance,
    shape_distance,
    standard_scores,
    talk_distances,
)
from pipelines.simulate.draws import arrival_seconds
from pipelines.simulate.measures import DayCounts, day_shares, kaplan_meier

REAL = load_calibration()
FILES = (calibrate.CALLS, calibrate.BANK_ARRIVALS, calibrate.US_ARRIVALS)


@pytest.fixture(scope="session")
def folder(shared_file: Callable[[str], Path]) -> Path:
    paths = [shared_file(name) for name in FILES]
    return paths[0].parents[1]


@pytest.fixture(scope="session")
def calls(folder: Path) -> pl.DataFrame:
    return calibrate.bank_calls(folder)


def numbers(told: dict[str, Any], before: str = "") -> Iterator[tuple[str, float]]:
    for key, value in told.items():
        if isinstance(value, dict):
            yield from numbers(value, f"{before}{key}.")
        else:
            yield from ((f"{before}{key}[{n}]", v) for n, v in enumerate(value if isinstance(value, list) else [value]))


def test_committed_parameters_are_those_of_the_real_files(folder):
    committed = dict(numbers(tomllib.loads(PATH.read_text(encoding="utf-8"))))
    measured = dict(numbers(tomllib.loads(calibrate.as_text(calibrate.measure(folder)))))
    assert committed.keys() == measured.keys()
    # A search may end a hair beside on another machine: one in the last digit.
    apart = {
        key: (value, measured[key])
        for key, value in committed.items()
        if measured[key] != pytest.approx(value, rel=1e-3, abs=1.1e-3)
    }
    assert apart == {}


# Counted by hand: 17,313 calls without PHANTOM, 1,023 hung up in the menus, 1,885 in the queue, mean service 166.856 s.
def test_parameters_agree_with_what_was_counted_by_hand():
    assert REAL.ivr_hang_up_share == pytest.approx(1023 / 17313, abs=5e-5)
    assert REAL.ivr_hung_up.call_count == 1023
    assert sum(REAL.patience.give_up_counts) == 1885
    assert REAL.patience.call_count == 1885 + 6986
    assert REAL.service["all"].call_count == 14405
    assert REAL.service["all"].times.mean_s == pytest.approx(166.856, rel=0.01)


def test_shares_are_whole_and_parameters_can_be_drawn_from():
    for bank in REAL.arrivals.values():
        assert sum(bank.week_shares) == pytest.approx(1)
        assert sum(bank.half_hour_shares) == pytest.approx(1)
        assert 0 < bank.day_factors.cv < 1
        assert 0 < bank.half_hour_factors.cv < 1


def test_every_number_of_the_file_is_explained():
    lines = PATH.read_text(encoding="utf-8").splitlines()
    shared = {"call_count", "mean_s", "sigma", "short_share", "distance"}  # told of above the tables
    bare = [line for line in lines if " = " in line and "#" not in line and line.split(" = ")[0] not in shared]
    assert bare == []


def padded(days: DayCounts, opens_s: int) -> DayCounts:
    before = opens_s // 1800
    return DayCounts(days.days, np.pad(days.counts, ((0, 0), (before, 48 - before - days.counts.shape[1]))))


@pytest.mark.parametrize("bank", ["bank_1999", "us_bank_2003"])
def test_drawn_arrivals_are_as_shaped_and_as_overdispersed_as_the_real(folder, bank):
    facts = REAL.arrivals[bank]
    read = calibrate.bank_arrivals if bank == "bank_1999" else calibrate.us_bank_arrivals
    real = padded(read(folder), facts.opens_s).ordinary()
    rng = np.random.default_rng(11)
    walk = facts.day_factors.walk(rng)
    levels = {day: next(walk) for day in range(int(real.days[0]), int(real.days[-1]) + 1)}
    shape = np.array(facts.half_hour_shares)
    weekday_mean = np.bincount(real.weekdays, real.totals, 7) / np.maximum(np.bincount(real.weekdays, minlength=7), 1)
    drawn = [
        arrival_seconds(rng, weekday_mean[(day - 1) % 7] * shape, facts.half_hour_factors, levels[day]) + facts.opens_s
        for day in real.days.tolist()
    ]
    counts = np.array([np.bincount(seconds // 1800, minlength=48) for seconds in drawn], dtype=np.float64)
    for name, days in (("real", real), ("drawn", DayCounts(real.days, counts))):
        found = arrival_distances(days, facts, np.random.default_rng(1))
        print(f"\n{bank}, {name} against its calibrated law\n{report(found)}")
        assert {distance.verdict for distance in found} == {"within"}
    greatest, moved = shape_distance(day_shares(DayCounts(real.days, counts).full()), day_shares(real.full()))
    print(f"day, drawn against real: greatest difference of shares {greatest:.4f}, moved {moved / 2:.3f} hours")
    assert greatest < 0.004
    assert moved / 2 < 0.1


@pytest.mark.parametrize("kind", ["all", "PS", "NE", "NW", "TT"])
def test_drawn_services_are_as_lognormal_as_the_real(calls, kind):
    facts = REAL.service[kind]
    served = calls.filter("is_answered", (pl.col("type") == kind) | (kind == "all"))
    real = served["service_s"].to_numpy()
    drawn = facts.times.draw(np.random.default_rng(12), len(real)).astype(np.float64)
    scores = (standard_scores(drawn, calibrate.SHORT_S), standard_scores(real, calibrate.SHORT_S))
    found = [
        *talk_distances(real, facts, f"{kind} real"),
        *talk_distances(drawn, facts, f"{kind} drawn"),
        sample_distance(*scores, facts.distance, f"talk {kind}: KS of drawn and real scores"),
    ]
    print(f"\n{report(found)}\nmean: real {real.mean():.1f} s, law {facts.times.mean_s:.1f} s")
    assert {distance.verdict for distance in found} == {"within"}
    # The lognormal is fitted to the logarithms, so that the mean is a check; TT is the one that fits badly.
    assert facts.times.mean_s == pytest.approx(real.mean(), rel=0.2 if kind == "TT" else 0.05)


def test_drawn_patience_has_the_real_hazard(calls):
    queued = calls.filter("has_queued")
    real_waits, real_gave_up = queued["wait_s"].to_numpy(), ~queued["is_answered"].to_numpy()
    rng = np.random.default_rng(13)
    # The waits of the answered censor the drawn patience too, drawn anew from Kaplan and Meier's law of them.
    times, survival = kaplan_meier(real_waits, ~real_gave_up)
    offered = np.append(times, times[-1])[np.searchsorted(-survival, -rng.random(len(real_waits)))]
    patience = REAL.patience.hazard.draw(rng, len(real_waits))
    waits, gave_up = np.rint(np.minimum(patience, offered)), patience < offered
    found = [
        *patience_distances(real_waits, real_gave_up, REAL.patience),
        *patience_distances(waits, gave_up, REAL.patience),
    ]
    times, survival = kaplan_meier(waits, gave_up)
    real_times, real_survival = kaplan_meier(real_waits, real_gave_up)
    at = np.arange(1, 301)
    apart = np.abs(_at(times, survival, at) - _at(real_times, real_survival, at)).max()
    print(f"\nreal, then drawn, against the calibrated hazard\n{report(found)}")
    print(
        f"gave up: real {real_gave_up.mean():.4f}, drawn {gave_up.mean():.4f}; survival to 300 s apart by {apart:.4f}"
    )
    assert {distance.verdict for distance in found} == {"within"}
    assert gave_up.mean() == pytest.approx(real_gave_up.mean(), abs=0.015)
    assert apart < 0.04


def _at(times: np.ndarray[Any, Any], survival: np.ndarray[Any, Any], at: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.append(1.0, survival)[np.searchsorted(times, at, side="right")]


def test_drawn_menus_last_as_long_as_the_real(calls):
    hung = calls.filter(~pl.col("is_answered") & ~pl.col("has_queued")).filter(pl.col("ivr_s") > 0)["ivr_s"].to_numpy()
    passed = calls.filter(pl.col("is_answered") | pl.col("has_queued")).filter(pl.col("ivr_s") > 0)["ivr_s"].to_numpy()
    for name, real, facts in (("passed", passed, REAL.ivr_passed), ("hung up", hung, REAL.ivr_hung_up)):
        drawn = facts.times.draw(np.random.default_rng(14), len(real)).astype(np.float64)
        quarters = [np.quantile(times, (0.25, 0.5, 0.75)) for times in (real, drawn)]
        found = sample_distance(drawn, real, facts.distance, f"menus, {name}: KS of drawn and real")
        print(f"\n{report([found])}\nquartiles: real {quarters[0]}, drawn {quarters[1]} s")
        assert found.verdict == "within"
        assert quarters[1] == pytest.approx(quarters[0], rel=0.25, abs=1)
