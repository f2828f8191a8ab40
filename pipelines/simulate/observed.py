"""What a centre's contacts show of arrivals, talks and patience: simulated or real, the same fields.

Here: from a frame of contacts to arrays, in local days and half hours. Not here: measures (measures.py), comparing
(distances.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from pipelines.simulate.measures import Bools, DayCounts, Floats, Whole

HALF_HOURS = 48


@dataclass(frozen=True)
class Observed:
    """A centre's sample.

    Attributes:
        arrivals: By local day and half hour from midnight, shape (d, 48); None where they are not compared.
        talks_s: Whole seconds of talk of answered contacts, by queue: each has its own mean.
        waits_s: Whole seconds waited of all who entered a queue, shape (n,).
        gave_up: Who abandoned; every other end of a wait is a censored patience, shape (n,).
    """

    arrivals: DayCounts | None
    talks_s: dict[str, Floats]
    waits_s: Floats
    gave_up: Bools


def from_contacts(contacts: pl.DataFrame, zone: str) -> Observed:
    """The sample of a frame of contacts, one row each.

    Args:
        contacts: With the columns arrived_at (UTC instant), queue (null: entered none), wait_s, talk_s (null where
            there was none) and outcome, in the words of core.contacts. Leave out beforehand what is not to be
            compared: chat and e-mail, outbound, retries.
        zone: In which days and half hours are told, such as Europe/London; days of a clock change are left out.
    """
    queued = contacts.filter(pl.col("queue").is_not_null() & pl.col("wait_s").is_not_null())
    answered = contacts.filter(pl.col("outcome") == "answered", pl.col("talk_s").is_not_null())
    talks = answered.select(pl.col("queue").fill_null(""), pl.col("talk_s").cast(pl.Float64)).sort("queue")
    return Observed(
        arrivals=None if contacts.is_empty() else day_counts(contacts["arrived_at"], zone),
        talks_s={str(queue): of["talk_s"].to_numpy() for (queue,), of in talks.group_by("queue", maintain_order=True)},
        waits_s=queued["wait_s"].cast(pl.Float64).to_numpy(),
        gave_up=(queued["outcome"] == "abandoned").to_numpy(),
    )


def day_counts(arrived_at: pl.Series, zone: str) -> DayCounts:
    """Arrivals by local day and half hour, the first to the last day, without days on which the clock changes."""
    local = arrived_at.dt.convert_time_zone(zone)
    ordinals = local.dt.date().cast(pl.Int32).to_numpy().astype(np.int64) + date(1970, 1, 1).toordinal()
    slots = (local.dt.hour().cast(pl.Int64) * 2 + local.dt.minute() // 30).to_numpy()
    days = np.arange(ordinals.min(), ordinals.max() + 1)
    places = (ordinals - days[0]) * HALF_HOURS + slots
    counts = np.bincount(places, minlength=len(days) * HALF_HOURS).reshape(-1, HALF_HOURS).astype(np.float64)
    return DayCounts(days, counts).of(_clock_stands(days, ZoneInfo(zone)))


def _clock_stands(days: Whole, zone: ZoneInfo) -> Bools:
    def offset(ordinal: int) -> timedelta | None:
        return datetime.combine(date.fromordinal(ordinal), datetime.min.time(), zone).utcoffset()

    return np.array([offset(int(day)) == offset(int(day) + 1) for day in days])
