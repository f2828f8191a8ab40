"""Churn scores of customers now: by the champion, by the documented rule, or not at all.

Here: who is scored by what, and the reasons. Not here: fitting (training.py), treatment (next best action).
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import polars as pl

from models.churn.core import Floats, Platt, tree_contributions, tree_margin
from models.churn.params import ChurnLabel, ChurnParams
from models.churn.rule import apply_rule
from models.errors import ModelError
from models.features.declarations import BY_NAME
from models.features.matrix import to_matrix
from models.features.reasons import GROUPS
from models.registry import Artefact, require_columns

MODEL = "churn"
DEFAULT_VERSION = "default"
SCORE_SCHEMA = {
    "customer_key": pl.String,
    "churn_probability": pl.Float64,
    "reasons": pl.List(pl.String),
    "source": pl.String,
    "model_version": pl.String,
}
NEEDED = ("customer_key", "order_count", "order_recency_s", "has_left", "profiling_objection")


def score(champion: Artefact | None, frame: pl.DataFrame, label: ChurnLabel, params: ChurnParams) -> pl.DataFrame:
    """Score every customer of a features frame.

    Objectors to profiling, customers who have left and, with the label `no_purchase`, customers who never bought get no
    probability (source `default`). Those outside the population the model learnt (no order within the lookback) are
    scored by the rule.

    Args:
        champion: The model in use; None: the rule for all.
        frame: One row a customer, columns of sql/features/customer_features.sql.
        label: What leaving means in this centre.
        params: Parameters of the model and the rule.

    Returns:
        Columns of SCORE_SCHEMA, in the order of the frame.

    Raises:
        MissingFeatures: The frame lacks a feature of the champion or of the rule.
        ModelError: The champion was trained on another label than the one asked for.
    """
    require_columns(MODEL, frame, NEEDED)
    if champion is not None:
        require_columns(MODEL, frame, champion.features)
        _require_same_label(champion, label)
    keyed = frame.with_row_index("place").with_columns(_treatment(champion, label).alias("source"))
    parts = [_default_scores(keyed.filter(pl.col("source") == "default"))]
    parts.append(_rule_scores(keyed.filter(pl.col("source") == "rule"), label, params))
    if champion is not None:
        parts.append(_model_scores(champion, keyed.filter(pl.col("source") == "model")))
    return pl.concat(parts).sort("place").select(list(SCORE_SCHEMA))


def is_active(label: ChurnLabel) -> pl.Expr:
    """Whether a customer belongs to the population the label is defined for."""
    if label.kind == "cancellation":
        return ~pl.col("has_left")
    return (pl.col("order_recency_s") <= label.lookback_s).fill_null(value=False)


def model_probability(champion: Artefact, frame: pl.DataFrame) -> Floats:
    """Calibrated probabilities by a saved model, shape (rows,)."""
    matrix = to_matrix(MODEL, frame, champion.features)
    return _calibration(champion).apply(tree_margin(champion.files["trees.txt"].decode(), matrix))


def _treatment(champion: Artefact | None, label: ChurnLabel) -> pl.Expr:
    # A missing gate counts as an objection: it fails on the side of the customer.
    none_possible = pl.col("profiling_objection").fill_null(value=True) | pl.col("has_left").fill_null(value=False)
    if label.kind == "no_purchase":
        none_possible = none_possible | (pl.col("order_count").fill_null(0) == 0)
    by_model = is_active(label) if champion is not None else pl.lit(value=False)
    return pl.when(none_possible).then(pl.lit("default")).when(by_model).then(pl.lit("model")).otherwise(pl.lit("rule"))


def _require_same_label(champion: Artefact, label: ChurnLabel) -> None:
    learnt = champion.json("artefact.json")["label"]
    asked = asdict(label)
    if learnt != asked:
        raise ModelError(
            f"churn {champion.version} learnt the label {learnt}, the centre now asks for {asked}: retrain"
        )


def _default_scores(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "place",
        "customer_key",
        pl.lit(None, pl.Float64).alias("churn_probability"),
        pl.lit([], pl.List(pl.String)).alias("reasons"),
        "source",
        pl.lit(DEFAULT_VERSION).alias("model_version"),
    )


def _rule_scores(rows: pl.DataFrame, label: ChurnLabel, params: ChurnParams) -> pl.DataFrame:
    ruled = apply_rule(rows, label, params.rule)
    return rows.select("place", "customer_key").with_columns(
        ruled.get_column("churn_probability").cast(pl.Float64),
        ruled.get_column("reasons").cast(pl.List(pl.String)),
        pl.lit("rule").alias("source"),
        pl.lit(params.rule.version).alias("model_version"),
    )


def _model_scores(champion: Artefact, rows: pl.DataFrame) -> pl.DataFrame:
    keys = rows.select("place", "customer_key")
    # LightGBM refuses a matrix without rows.
    margin, parts = np.empty(0), np.empty((0, len(champion.features) + 1))
    if rows.height:
        matrix = to_matrix(MODEL, rows, champion.features)
        margin, parts = tree_contributions(champion.files["trees.txt"].decode(), matrix)
    return keys.with_columns(
        pl.Series("churn_probability", _calibration(champion).apply(margin), pl.Float64),
        _reasons(champion.features, parts),
        pl.lit("model").alias("source"),
        pl.lit(champion.version).alias("model_version"),
    )


def _calibration(champion: Artefact) -> Platt:
    return Platt(**champion.json("artefact.json")["calibration"])


def _reasons(features: list[str], parts: Floats) -> pl.Series:
    """Top three business reasons a row, by what their features add to the log-odds together."""
    sums = np.zeros((len(parts), len(GROUPS)))
    for position, name in enumerate(features):
        sums[:, GROUPS.index(BY_NAME[name].reason or "")] += parts[:, position]
    codes = np.array([[f"{group}_down", f"{group}_up"] for group in GROUPS])
    top = np.argsort(-np.abs(sums), axis=1, kind="stable")[:, :3]
    amounts = np.take_along_axis(sums, top, axis=1)
    chosen = codes[top, (amounts > 0).astype(int)]
    columns = {
        f"reason_{place}": pl.Series(chosen[:, place]).set(pl.Series(amounts[:, place] == 0), None)
        for place in range(top.shape[1])
    }
    return pl.DataFrame(columns).select(pl.concat_list(pl.all()).list.drop_nulls().alias("reasons")).to_series()
