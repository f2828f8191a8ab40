"""Figures and curves of a probability against what happened.

Here: AUC, PR-AUC, Brier, calibration error, lift, and their curves. Not here: what is good enough (model folders).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FIGURES = ("roc_auc", "pr_auc", "brier", "ece", "top_decile_lift")
BINS = 10


def measure(happened: Bools, probability: Floats) -> dict[str, float]:
    """All FIGURES of one set of probabilities.

    Args:
        happened: Shape (n,), both classes present.
        probability: Shape (n,), 0 to 1.

    Returns:
        `roc_auc`, `pr_auc` (average precision), `brier`, `ece` and `top_decile_lift` (1 is chance).
    """
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    return {
        "roc_auc": float(roc_auc_score(happened, probability)),
        "pr_auc": float(average_precision_score(happened, probability)),
        "brier": float(brier_score_loss(happened, probability)),
        "ece": expected_calibration_error(happened, probability),
        "top_decile_lift": top_decile_lift(happened, probability),
    }


def expected_calibration_error(happened: Bools, probability: Floats) -> float:
    """Mean gap between said and seen over ten bins of equal count, weighted by their count."""
    order = np.argsort(probability, kind="stable")
    bins = np.array_split(order, BINS)
    gaps = [len(rows) * abs(probability[rows].mean() - happened[rows].mean()) for rows in bins if len(rows)]
    return float(sum(gaps) / len(happened))


def top_decile_lift(happened: Bools, probability: Floats) -> float:
    """Share that happened among the tenth with the highest probability, over the share among all.

    Rows that tie at the edge count by their mean, so that the order of the rows does not matter.
    """
    size = max(1, round(len(happened) / BINS))
    edge = np.sort(probability)[-size]
    above, tied = probability > edge, probability == edge
    events = happened[above].sum() + (size - above.sum()) * happened[tied].mean()
    return float(events / size / happened.mean())


def curves(model: str, happened: Bools, probability: Floats) -> pl.DataFrame:
    """Points of the curves `roc`, `calibration` and `cumulative_gain`.

    Returns:
        Columns model, curve, x, y, n. roc: false over true positive rate. calibration: mean said over share seen, per
        tenth. cumulative_gain: share of customers over share of leavers reached.
    """
    from sklearn.metrics import roc_curve

    false_rate, true_rate, _ = roc_curve(happened, probability)
    picked = np.unique(np.linspace(0, len(false_rate) - 1, 101).astype(int))
    order = np.argsort(probability, kind="stable")
    tenths = [rows for rows in np.array_split(order, BINS) if len(rows)]
    gains = np.concatenate([[0.0], np.cumsum([happened[rows].sum() for rows in tenths[::-1]]) / happened.sum()])
    reach = np.concatenate([[0.0], np.cumsum([len(rows) for rows in tenths[::-1]]) / len(happened)])
    n = len(happened)
    rows = [("roc", float(false_rate[i]), float(true_rate[i]), n) for i in picked]
    rows += [
        ("calibration", float(probability[tenth].mean()), float(happened[tenth].mean()), len(tenth)) for tenth in tenths
    ]
    rows += [("cumulative_gain", float(x), float(y), n) for x, y in zip(reach, gains, strict=True)]
    schema = {"curve": pl.String, "x": pl.Float64, "y": pl.Float64, "n": pl.Int64}
    points = pl.DataFrame(rows, schema=schema, orient="row")
    return points.select(pl.lit(model).alias("model"), "curve", "x", "y", "n")
