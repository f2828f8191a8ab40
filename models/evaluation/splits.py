"""Splits in time, with a gap: fit, calibrate, test.

Here: which cut-off serves which purpose. Not here: random folds, which let the future leak into the past.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl


@dataclass(frozen=True)
class TimeSplit:
    """Three sets of rows, each later than the one before by at least the label horizon."""

    fit: pl.DataFrame
    calibration: pl.DataFrame
    test: pl.DataFrame


def split_by_time(frame: pl.DataFrame, horizon_s: float) -> TimeSplit | None:
    """Newest cut-off tests, the newest one a horizon before it calibrates, those a horizon before that are fitted.

    A cut-off's labels look one horizon ahead. With a gap of one horizon, no label used earlier was still open when
    the later rows were described.

    Args:
        frame: Labelled rows with `as_of_at`.
        horizon_s: Length of the label horizon, seconds.

    Returns:
        None when there are not three cut-offs with the gap between them.
    """
    gap = timedelta(seconds=horizon_s)
    cutoffs: list[datetime] = frame.get_column("as_of_at").unique().sort().to_list()
    if not cutoffs:
        return None
    test_at = cutoffs[-1]
    calibration_at = max((cutoff for cutoff in cutoffs if cutoff + gap <= test_at), default=None)
    if calibration_at is None:
        return None
    at = pl.col("as_of_at")
    fit = frame.filter(at + gap <= calibration_at)
    if fit.is_empty():
        return None
    return TimeSplit(fit, frame.filter(at == calibration_at), frame.filter(at == test_at))
