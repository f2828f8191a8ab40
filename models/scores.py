"""Puts the parts of a customer's score together.

Here: churn, value, tier and action joined to one row, and which source the row carries. Not here: priority, head start
and queue (the centre's settings), publication times (the pipelines).
"""

from __future__ import annotations

import polars as pl

COMBINED = (
    "customer_key",
    "tier",
    "action",
    "propensity",
    "arm",
    "churn_probability",
    "expected_value_amount",
    "currency",
    "reasons",
    "source",
    "model_version",
    "is_default_treatment",
)


def combine(churn: pl.DataFrame, value: pl.DataFrame, tiers: pl.DataFrame, choices: pl.DataFrame) -> pl.DataFrame:
    """One row a customer, columns COMBINED, sorted by `customer_key`.

    `source` claims no more than its weakest part: `model` only when every part that exists is from a model, `rule`
    when any part is from a rule, `default` when there is neither churn nor value.

    Args:
        churn: Of `churn.score`.
        value: Of `value.estimate`.
        tiers: Of `value.assign_tiers`.
        choices: Of `next_best_action.choose`.
    """
    worth = value.select(
        "customer_key",
        "expected_value_amount",
        "currency",
        pl.col("source").alias("value_source"),
        pl.col("model_version").alias("value_version"),
    )
    joined = (
        churn.rename({"source": "churn_source", "model_version": "churn_version"})
        .join(worth, on="customer_key", how="left")
        .join(tiers, on="customer_key", how="left")
        .join(choices, on="customer_key", how="left")
        .sort("customer_key")
    )
    either = [pl.col("churn_source"), pl.col("value_source")]
    source = (
        pl.when(pl.any_horizontal(part == "rule" for part in either))
        .then(pl.lit("rule"))
        .when(pl.any_horizontal(part == "model" for part in either))
        .then(pl.lit("model"))
        .otherwise(pl.lit("default"))
    )
    versions = pl.format("churn:{} value:{} action:{}", "churn_version", "value_version", "policy_version")
    return joined.with_columns(source.alias("source"), versions.alias("model_version")).select(COMBINED)
