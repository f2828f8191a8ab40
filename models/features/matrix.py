"""Turns feature columns into the numeric matrix a method needs.

Here: columns to numbers, in a given order. Not here: choosing the columns (declarations, artefacts).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.features.declarations import BY_NAME
from models.registry import require_columns

Matrix = NDArray[np.float64]


def to_matrix(model: str, frame: pl.DataFrame, columns: Sequence[str]) -> Matrix:
    """Rows x columns as float64, missing as NaN, in the order of `columns`.

    Raises:
        MissingFeatures: The frame lacks a column.
    """
    require_columns(model, frame, columns)
    casts = [pl.col(name).cast(pl.Float64).fill_null(float("nan")) for name in columns]
    return frame.select(casts).to_numpy().astype(np.float64, order="C").reshape(frame.height, len(columns))


def fill_defaults(matrix: Matrix, columns: Sequence[str]) -> Matrix:
    """Replace NaN by each feature's declared default, for methods that cannot take a missing value."""
    filled = matrix.copy()
    for position, name in enumerate(columns):
        default = BY_NAME[name].default if name in BY_NAME else None
        column = filled[:, position]
        column[np.isnan(column)] = 0.0 if default is None else default
    return filled
