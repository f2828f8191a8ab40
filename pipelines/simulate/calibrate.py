"""Measures real centres and writes calibration.toml: `python -m pipelines.simulate.calibrate FOLDER`.

Here: reading the two banks' files, which are not in the repository, and stating what was found. Not here: the measures
themselves (measures.py), reading the result (calibration.py). The same files give the same text.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import time
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.simulate import measures
from pipelines.simulate.calibration import (
    PATH,
    ArrivalFacts,
    Calibration,
    PatienceFacts,
    TimeFacts,
)
from pipelines.simulate.draws import LognormalSeconds, PiecewiseHazard
from pipelines.simulate.measures import Bools, DayCounts, Floats

CALLS = "anonymous_bank/calls_1999-02-01_to_14.txt"
BANK_ARRIVALS = "arrivals/bank_6min_1999_jan_sep.csv"
US_ARRIVALS = "arrivals/us_bank_5min_2003_mar_aug.csv"
EDGES_S = (0.0, 5.0, 20.0, 60.0, 120.0, 300.0)
# Services of ten seconds or less are calls cut off, wrong numbers and clicks: far more than any lognormal has.
SHORT_S = 10
KM_WITHIN_S = 600
TYPES = {
    "all": "every call",
    "PS": "regular requests",
    "NE": "stock exchange",
    "NW": "possible new customers",
    "TT": "calls back to who left a message",
    "IN": "help with the web site",
    "PE": "regular requests in English",
}
HEAD = """\
# Measured facts about two real centres, from which the simulation's distributions are taken.
# Written by `python -m pipelines.simulate.calibrate FOLDER`; do not edit. Sources, none of which is in the repository:
#   bank_1999: "Anonymous Bank" (Technion), a small Israeli bank: six-minute counts of calls, January to September 1999,
#     and one row a call, 1 to 14 February 1999. Services, waits and menus below are of these two weeks.
#   us_bank_2003: a large bank in the United States: five-minute counts of calls, Monday to Friday 07:00 to 21:00,
#     March to August 2003.
# Shares are of 1, times are seconds, rates are per second, cv is a standard deviation over the mean.
"""


def bank_arrivals(folder: Path) -> DayCounts:
    """Calls of the bank of 1999 by day and half hour, shape (272, 48); a day that holds half calls is out."""
    read = pl.read_csv(folder / BANK_ARRIVALS, try_parse_dates=True).sort("date", "u")
    days = read["date"].unique().sort()
    sixes = read["calls"].to_numpy().reshape(len(days), 48, 5)
    is_whole = (sixes % 1 == 0).all(axis=(1, 2))
    return DayCounts(_ordinals(days)[is_whole], sixes.sum(axis=2)[is_whole])


def us_bank_arrivals(folder: Path) -> DayCounts:
    """Calls of the bank of 2003 by day and half hour from 07:00, shape (126, 28)."""
    at = pl.col("DateTime").str.to_datetime(time_zone="UTC").dt
    read = pl.read_csv(folder / US_ARRIVALS).select(at.date().alias("date"), at.time().alias("start"), "Calls")
    read = read.filter(pl.col("start") < time(21)).sort("date", "start")
    days = read["date"].unique().sort()
    return DayCounts(_ordinals(days), read["Calls"].to_numpy().reshape(len(days), 28, 6).sum(axis=2).astype(np.float64))


def bank_calls(folder: Path) -> pl.DataFrame:
    """The calls without PHANTOM: type, ivr_s (null where negative), has_queued, wait_s, is_answered, service_s."""
    read = pl.read_csv(folder / CALLS, separator="\t", infer_schema_length=0).filter(pl.col("outcome") != "PHANTOM")
    ivr = pl.col("vru_time").cast(pl.Float64)
    return read.select(
        "type",
        pl.when(ivr >= 0).then(ivr).alias("ivr_s"),
        (pl.col("q_start") != "0:00:00").alias("has_queued"),
        pl.col("q_time").cast(pl.Float64).alias("wait_s"),
        (pl.col("outcome") == "AGENT").alias("is_answered"),
        pl.col("ser_time").cast(pl.Float64).alias("service_s"),
    )


def measure(folder: Path) -> Calibration:
    """All that calibration.toml holds, unrounded, from the folder of real data."""
    calls = bank_calls(folder)
    answered, queued = calls.filter("is_answered"), calls.filter("has_queued")
    hung_up = calls.filter(~pl.col("is_answered") & ~pl.col("has_queued"))
    passed = calls.filter(pl.col("is_answered") | pl.col("has_queued"))
    return Calibration(
        arrivals={
            "bank_1999": measure_arrivals(bank_arrivals(folder), 0),
            "us_bank_2003": measure_arrivals(us_bank_arrivals(folder), 7 * 3600),
        },
        service={
            name: measure_times(answered.filter((pl.col("type") == name) | (name == "all"))["service_s"], SHORT_S)
            for name in TYPES
        },
        patience=measure_patience(queued["wait_s"].to_numpy(), ~queued["is_answered"].to_numpy()),
        ivr_passed=measure_times(passed["ivr_s"].drop_nulls(), 0),
        ivr_hung_up=measure_times(hung_up["ivr_s"].drop_nulls(), 0),
        ivr_hang_up_share=len(hung_up) / len(calls),
    )


def measure_arrivals(days: DayCounts, opens_s: int) -> ArrivalFacts:
    """Profiles of ordinary days, and what varies around them on full weekdays."""
    ordinary = days.ordinary()
    full = ordinary.full()
    week, day = measures.week_shares(ordinary), measures.day_shares(full)
    mean = float(ordinary.totals.mean())
    return ArrivalFacts(len(ordinary.days), mean, opens_s, tuple(week), tuple(day), measures.dispersion(full))


def measure_times(seconds: pl.Series, short_s: int) -> TimeFacts:
    """A lognormal of what is longer than `short_s`, and the share of short ones that it leaves to be explained."""
    times = seconds.to_numpy()
    mu, sigma = measures.fit_lognormal(times, short_s)
    distance = measures.lognormal_distance(times, mu, sigma, short_s)
    body = LognormalSeconds(float(np.exp(mu + sigma**2 / 2)), sigma)
    if short_s == 0:
        return TimeFacts(len(times), body, distance)
    below = float(body.cdf(np.array([short_s]))[0])
    share = max((float(np.mean(times <= short_s)) - below) / (1 - below), 0.0)
    mean = share * (short_s + 1) / 2 + (1 - share) * body.mean_s
    return TimeFacts(len(times), LognormalSeconds(mean, sigma, share, short_s), distance)


def measure_patience(waits_s: Floats, gave_up: Bools) -> PatienceFacts:
    """The piecewise hazard, and how far its survival is from Kaplan and Meier's."""
    found = measures.hazard(waits_s, gave_up, EDGES_S)
    hazard = PiecewiseHazard(EDGES_S, tuple(found.rates))
    times, survival = measures.kaplan_meier(waits_s, gave_up)
    off = np.abs(hazard.survival(times + 0.5) - survival)[times <= KM_WITHIN_S].max()
    return PatienceFacts(len(waits_s), tuple(found.give_ups), hazard, float(off))


def as_text(found: Calibration) -> str:
    """The content of calibration.toml."""
    lines = [HEAD]
    for name, facts in found.arrivals.items():
        lines += _arrivals_text(name, facts)
    lines += [
        f"# Service times of the bank of 1999: a lognormal fitted to what is above {SHORT_S} s (maximum likelihood,",
        f"# cut off there), and a share of short ones, 1 to {SHORT_S} s. distance: Kolmogorov-Smirnov, of those above.",
    ]
    for name, times in found.service.items():
        lines += _times_text(f"service.{name}", times, f"  # {TYPES[name]}")
    return "\n".join([*lines, *_patience_text(found.patience), *_ivr_text(found)]) + "\n"


def _arrivals_text(name: str, facts: ArrivalFacts) -> list[str]:
    about = {
        "day_cv": "of a day's factor around the same weekday of the four weeks before and after",
        "day_correlation": "of the factors of neighbouring days",
        "half_hour_index": "variance of half-hour counts given the day's total, over Poisson's",
        "half_hour_cv": "of a half hour's factor; its day and its place in the day are removed",
        "half_hour_correlation": "of the factors of neighbouring half hours",
    }
    return [
        f"[arrivals.{name}]",
        f"day_count = {facts.day_count}  # ordinary days measured; holidays, faults and events are left out",
        f"mean_day_count = {facts.mean_day_count:.0f}  # calls of a mean ordinary day",
        f"opens_s = {facts.opens_s}  # seconds after midnight of the first half hour below",
        f"week_shares = {_list(facts.week_shares, 4)}  # of a week's calls, Monday first",
        "half_hour_shares = [  # of the calls of a full weekday",
        *(f"    {', '.join(f'{share:.4f}' for share in row)}," for row in _rows(facts.half_hour_shares, 12)),
        "]",
        *(f"{key} = {value:.3f}  # {about[key]}" for key, value in asdict(facts.dispersion).items()),
        "",
    ]


def _times_text(name: str, facts: TimeFacts, after: str = "") -> list[str]:
    times = facts.times
    return [
        f"[{name}]{after}",
        f"call_count = {facts.call_count}",
        f"mean_s = {times.mean_s:.1f}",
        f"sigma = {times.sigma:.3f}",
        f"short_share = {times.short_share:.4f}",
        f"distance = {facts.distance:.3f}",
        "",
    ]


def _patience_text(facts: PatienceFacts) -> list[str]:
    return [
        "# Patience of callers in the queue of the bank of 1999; those who were answered are censored.",
        "[patience]",
        f"call_count = {facts.call_count}  # callers who waited",
        f"edges_s = {_list(facts.hazard.edges_s, 0)}  # where intervals begin; the last has no end",
        f"rates = {_list(facts.hazard.rates, 5)}  # give-ups per second of waiting, by interval",
        f"give_up_counts = {_list(facts.give_up_counts, 1)}  # a wait on an edge counts half on each side",
        f"distance = {facts.distance:.3f}  # greatest difference from Kaplan and Meier's survival to {KM_WITHIN_S} s",
        "",
    ]


def _ivr_text(found: Calibration) -> list[str]:
    return [
        "# Menus of the bank of 1999, before the queue. Who passed heap at 5, 6 and 9 to 11 s: no lognormal fits.",
        "[ivr]",
        f"hang_up_share = {found.ivr_hang_up_share:.4f}  # of all calls: hung up in the menus",
        "",
        *_times_text("ivr.passed", found.ivr_passed, "  # who went on to a queue or an agent"),
        *_times_text("ivr.hung_up", found.ivr_hung_up, "  # who hung up there")[:-1],
    ]


def _list(values: Iterable[float], digits: int) -> str:
    return "[" + ", ".join(f"{value:.{digits}f}" for value in values) + "]"


def _rows(values: tuple[float, ...], width: int) -> list[tuple[float, ...]]:
    return [values[start : start + width] for start in range(0, len(values), width)]


def _ordinals(days: pl.Series) -> measures.Whole:
    return np.array([day.toordinal() for day in days], dtype=np.int64)


if __name__ == "__main__":
    PATH.write_text(as_text(measure(Path(sys.argv[1]))), encoding="utf-8")
