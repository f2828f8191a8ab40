"""The fitted parts of the churn model: trees, calibration, baseline.

Here: numbers in, fitted parts out, the same for customers and for public data.
Not here: frames, windows, decisions.
LightGBM gets numeric matrices only: it aborts the process on polars categoricals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from models.churn.params import BoosterParams
from models.errors import ModelError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BASELINE_INPUTS = ("order_recency_s", "order_count", "tenure_s")


def fit_trees(
    matrix: Floats,
    happened: Bools,
    names: Sequence[str],
    params: BoosterParams,
    monotone: Sequence[int] | None = None,
) -> str:
    """Fit gradient-boosted trees.

    Args:
        matrix: Shape (n, features), NaN is missing.
        happened: Shape (n,).
        names: Feature names in column order.
        params: How the trees grow.
        monotone: Sign of each feature's effect, 0 where free.

    Returns:
        The trees as LightGBM text: bit-identical for the same rows and parameters.
    """
    import lightgbm

    settings = {
        "objective": "binary",
        "learning_rate": params.learning_rate,
        "max_depth": params.depth_count,
        "num_leaves": params.leaf_count,
        "min_data_in_leaf": params.leaf_minimum_rows,
        "lambda_l2": params.l2_penalty,
        "feature_fraction": params.feature_share,
        "seed": params.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
    if monotone is not None and any(monotone):
        settings["monotone_constraints"] = list(monotone)
    data = lightgbm.Dataset(matrix, label=happened.astype(np.float64), feature_name=list(names))
    trees = lightgbm.train(settings, data, num_boost_round=params.tree_count)
    return str(trees.model_to_string())


def tree_margin(trees: str, matrix: Floats) -> Floats:
    """Log-odds before calibration, shape (n,)."""
    import lightgbm

    booster = lightgbm.Booster(model_str=trees)
    return np.asarray(booster.predict(matrix, raw_score=True, num_threads=1), dtype=np.float64)


def tree_contributions(trees: str, matrix: Floats) -> tuple[Floats, Floats]:
    """Log-odds, shape (n,), and what each feature adds to them, shape (n, features + 1); the last column is the mean.

    Raises:
        ModelError: The contributions of a row do not add up to its log-odds.
    """
    import lightgbm

    booster = lightgbm.Booster(model_str=trees)
    parts = np.asarray(booster.predict(matrix, pred_contrib=True, num_threads=1), dtype=np.float64)
    margin = np.asarray(booster.predict(matrix, raw_score=True, num_threads=1), dtype=np.float64)
    worst = float(np.abs(parts.sum(axis=1) - margin).max(initial=0.0))
    if worst > 1e-9:
        raise ModelError(f"churn: reasons differ from the score they explain by {worst:.1e}")
    return margin, parts


@dataclass(frozen=True)
class Platt:
    """Calibration: probability = sigmoid(slope x log-odds + intercept)."""

    slope: float
    intercept: float

    def apply(self, margin: Floats) -> Floats:
        """Probabilities of log-odds, shape (n,)."""
        return sigmoid(self.slope * margin + self.intercept)

    def as_json(self) -> dict[str, float]:
        """Plain content for the artefact."""
        return asdict(self)


def fit_platt(margin: Floats, happened: Bools) -> Platt:
    """Fit the calibration on rows that the trees have not seen (Platt 1999, without his target smoothing)."""
    from sklearn.linear_model import LogisticRegression

    line = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(margin.reshape(-1, 1), happened)
    return Platt(slope=float(line.coef_[0, 0]), intercept=float(line.intercept_[0]))


@dataclass(frozen=True)
class Logistic:
    """Baseline: logistic regression on the logarithms of recency, frequency and tenure, standardised."""

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    def margin(self, matrix: Floats) -> Floats:
        """Log-odds of rows with the columns BASELINE_INPUTS, shape (n,)."""
        scaled = (np.log1p(np.maximum(matrix, 0)) - np.array(self.means)) / np.array(self.scales)
        return np.asarray(scaled @ np.array(self.weights) + self.intercept, dtype=np.float64)

    def as_json(self) -> dict[str, object]:
        """Plain content for the artefact."""
        return asdict(self)


def fit_logistic(matrix: Floats, happened: Bools) -> Logistic:
    """Fit the baseline on rows with the columns BASELINE_INPUTS, no value missing."""
    from sklearn.linear_model import LogisticRegression

    logs = np.log1p(np.maximum(matrix, 0))
    means, scales = logs.mean(axis=0), logs.std(axis=0)
    scales[scales == 0] = 1.0
    line = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit((logs - means) / scales, happened)
    return Logistic(
        means=tuple(float(value) for value in means),
        scales=tuple(float(value) for value in scales),
        weights=tuple(float(value) for value in line.coef_[0]),
        intercept=float(line.intercept_[0]),
    )


def sigmoid(margin: Floats) -> Floats:
    """Log-odds to probability, without overflow."""
    from scipy.special import expit

    return np.asarray(expit(margin), dtype=np.float64)
