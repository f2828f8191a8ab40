"""A year of contacts drawn from the calibrated laws, as a centre without queues would leave them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from pipelines.simulate.calibration import ArrivalFacts
from pipelines.simulate.draws import LognormalSeconds, PiecewiseHazard, arrival_seconds

ZONE = "Europe/London"
START = date(2025, 10, 6)


def contacts_of(
    arrivals: ArrivalFacts,
    times: LognormalSeconds,
    patience: PiecewiseHazard,
    day_count: int = 365,
    mean_day_count: float = 200.0,
    seed: int = 3,
) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    walk, week = arrivals.day_factors.walk(rng), np.array(arrivals.week_shares)
    instants: list[datetime] = []
    for day in (START + timedelta(days=n) for n in range(day_count)):
        expected = mean_day_count * 7 * week[day.weekday()] * np.array(arrivals.half_hour_shares)
        seconds = arrival_seconds(rng, expected, arrivals.half_hour_factors, next(walk)) + arrivals.opens_s
        midnight = datetime.combine(day, datetime.min.time(), ZoneInfo(ZONE)).astimezone(UTC)
        instants += [midnight + timedelta(seconds=int(second)) for second in seconds]
    count = len(instants)
    offered = np.where(rng.random(count) < 0.5, 0.0, rng.exponential(90, count))
    patient = patience.draw(rng, count)
    gave_up, waits = patient < offered, np.rint(np.minimum(patient, offered)).astype(np.int64)
    return pl.DataFrame(
        {
            "arrived_at": pl.Series(instants, dtype=pl.Datetime("us", "UTC")),
            "queue": pl.Series(["service"] * count, dtype=pl.String),
            "wait_s": waits,
            "talk_s": pl.Series(
                [None if g else t for g, t in zip(gave_up, times.draw(rng, count).tolist(), strict=True)]
            ),
            "outcome": np.where(gave_up, "abandoned", "answered"),
        }
    )
