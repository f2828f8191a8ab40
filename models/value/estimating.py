"""Expected value of customers over a horizon: by the champion, by the RFM rule, or not at all.

Here: frames in, amounts out; what counts as a purchase. Not here: fitting (training.py), tiers (tiers.py).
A purchase is a day with a paid order: two orders on one day are one decision to buy. The amount is revenue, not margin.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.registry import Artefact, require_columns
from models.value.bgnbd import BgNbd
from models.value.gamma_gamma import GammaGamma
from models.value.params import RuleParams, ValueParams

Floats = NDArray[np.float64]

MODEL = "value"
DAY_S = 86_400.0
WEEK_S = 7 * DAY_S
FEATURES = ("order_day_count", "order_age_s", "order_recency_s", "order_amount")
RULE_FEATURES = ("order_365d_amount", "tenure_s", "order_recency_s")
VALUE_SCHEMA = {
    "customer_key": pl.String,
    "expected_value_amount": pl.Float64,
    "currency": pl.String,
    "expected_order_count": pl.Float64,
    "alive_probability": pl.Float64,
    "source": pl.String,
    "model_version": pl.String,
}


def estimate(
    champion: Artefact | None,
    frame: pl.DataFrame,
    currency: str,
    params: ValueParams,
    horizon_s: float = 365 * DAY_S,
) -> pl.DataFrame:
    """Expected value of every customer of a features frame.

    Objectors to profiling and customers who never bought get no value (source `default`): nothing may be, or is,
    known of them. Recorded leavers are worth 0 by the rule.

    Args:
        champion: The model in use; None: the RFM rule for all.
        frame: One row a customer, columns of sql/features/customer_features.sql.
        currency: Currency of the amounts, passed through.
        params: Parameters of model and rule.
        horizon_s: How far the value looks ahead, seconds.

    Returns:
        Columns of VALUE_SCHEMA, in the order of the frame; `expected_value_amount` is at least 0.
    """
    needed = ("customer_key", "profiling_objection", "has_left", *FEATURES, *RULE_FEATURES)
    require_columns(MODEL, frame, needed)
    keyed = frame.with_row_index("place").with_columns(_treatment(champion).alias("source"))
    parts = [_default_values(keyed.filter(pl.col("source") == "default"))]
    parts.append(_rule_values(keyed.filter(pl.col("source") == "rule"), params.rule, horizon_s))
    if champion is not None:
        parts.append(_model_values(champion, keyed.filter(pl.col("source") == "model"), horizon_s))
    values = pl.concat(parts).sort("place")
    return values.with_columns(pl.lit(currency).alias("currency")).select(list(VALUE_SCHEMA))


def purchases(frame: pl.DataFrame) -> tuple[Floats, Floats, Floats, Floats]:
    """(x, t_x, T) of the BG/NBD in weeks, and the mean amount of a purchase, each of shape (rows,).

    Rows must have a paid order.
    """
    days = frame.get_column("order_day_count").cast(pl.Float64).to_numpy()
    observed = frame.get_column("order_age_s").cast(pl.Float64).to_numpy() / WEEK_S
    recency = frame.get_column("order_recency_s").cast(pl.Float64).to_numpy() / WEEK_S
    x = days - 1
    t_x = np.where(x > 0, np.maximum(observed - recency, 0.0), 0.0)
    mean_spend = frame.get_column("order_amount").cast(pl.Float64).to_numpy() / days
    return x, t_x, np.maximum(observed, 1e-6), np.maximum(mean_spend, 0.0)


def expected_value(
    rates: BgNbd, spend: GammaGamma, frame: pl.DataFrame, horizon_s: float
) -> tuple[Floats, Floats, Floats]:
    """Expected amount, expected purchases and chance of being alive, each of shape (rows,)."""
    x, t_x, observed, mean_spend = purchases(frame)
    bought = np.maximum(rates.expected_purchases(x, t_x, observed, horizon_s / WEEK_S), 0.0)
    amount = bought * np.maximum(spend.expected_spend(x + 1, mean_spend), 0.0)
    return amount, bought, rates.alive_probability(x, t_x, observed)


def rule_amount(params: RuleParams, horizon_s: float) -> pl.Expr:
    """The RFM rule: spend of the past year, spread over the time known, times a weight for the last order's age."""
    known_s = pl.col("tenure_s").clip(params.history_minimum_days * DAY_S, 365 * DAY_S)
    recency = pl.col("order_recency_s")
    weight = (
        pl.when(recency <= params.recent_days * DAY_S)
        .then(pl.lit(params.recent_weight))
        .when(recency <= params.stale_days * DAY_S)
        .then(pl.lit(params.stale_weight))
        .otherwise(pl.lit(params.lost_weight))
    )
    return pl.col("order_365d_amount") / known_s * horizon_s * weight


def _treatment(champion: Artefact | None) -> pl.Expr:
    # A missing gate counts as an objection: it fails on the side of the customer.
    unknown = pl.col("profiling_objection").fill_null(value=True) | (pl.col("order_day_count").fill_null(0) == 0)
    left = pl.col("has_left").fill_null(value=False)
    known = pl.when(left).then(pl.lit("rule")).otherwise(pl.lit("rule" if champion is None else "model"))
    return pl.when(unknown).then(pl.lit("default")).otherwise(known)


def _default_values(rows: pl.DataFrame) -> pl.DataFrame:
    missing = pl.lit(None, pl.Float64)
    return rows.select(
        "place",
        "customer_key",
        missing.alias("expected_value_amount"),
        missing.alias("expected_order_count"),
        missing.alias("alive_probability"),
        "source",
        pl.lit("default").alias("model_version"),
    )


def _rule_values(rows: pl.DataFrame, params: RuleParams, horizon_s: float) -> pl.DataFrame:
    missing = pl.lit(None, pl.Float64)
    amount = pl.when(pl.col("has_left")).then(pl.lit(0.0)).otherwise(rule_amount(params, horizon_s))
    return rows.select(
        "place",
        "customer_key",
        amount.cast(pl.Float64).alias("expected_value_amount"),
        missing.alias("expected_order_count"),
        missing.alias("alive_probability"),
        "source",
        pl.lit(params.version).alias("model_version"),
    )


def _model_values(champion: Artefact, rows: pl.DataFrame, horizon_s: float) -> pl.DataFrame:
    content = champion.json("artefact.json")
    rates, spend = BgNbd(**content["bgnbd"]), GammaGamma(**content["gamma_gamma"])
    amount, bought, alive = expected_value(rates, spend, rows, horizon_s)
    return rows.select(
        "place",
        "customer_key",
        pl.Series("expected_value_amount", amount, pl.Float64).round(4),
        pl.Series("expected_order_count", bought, pl.Float64),
        pl.Series("alive_probability", alive, pl.Float64),
        "source",
        pl.lit(champion.version).alias("model_version"),
    )
