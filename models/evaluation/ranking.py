"""How well a value estimate orders customers and hits the total.

Here: normalised Gini, share held by the top, ratio of totals. Not here: estimating.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def normalised_gini(actual: Floats, predicted: Floats) -> float:
    """Gini of the actual values in the predicted order, over that in the perfect order: 1 perfect, 0 chance.

    Args:
        actual: Shape (n,), amounts >= 0 with a positive sum.
        predicted: Shape (n,), any scale; rows that tie share the mean of their actual values.
    """
    return _gini(actual, predicted) / _gini(actual, actual)


def _gini(actual: Floats, score: Floats) -> float:
    values, place = np.unique(-score, return_inverse=True)
    totals = np.bincount(place, weights=actual, minlength=len(values))
    counts = np.bincount(place, minlength=len(values))
    reached = np.concatenate([[0.0], np.cumsum(totals) / actual.sum()])
    # Area between the curve of reached value and the diagonal, by trapezia over groups of ties.
    area = float(np.sum((reached[1:] + reached[:-1]) / 2 * counts / len(actual)))
    return 2 * area - 1


def top_share(actual: Floats, predicted: Floats, share: float) -> float:
    """Part of all actual value that is held by the `share` of customers with the highest predictions."""
    size = max(1, round(len(actual) * share))
    top = np.argsort(-predicted, kind="stable")[:size]
    return float(actual[top].sum() / actual.sum())
