"""The documented churn rule, used where no model is promoted or a customer lies outside what the model learnt.

no_purchase: probability of leaving = 1 - alive x buys. `alive` falls with the time since the last order, counted in the
customer's own gaps; `buys` is the chance 1 - exp(-horizon / gap) that a loyal customer with this gap buys within the
horizon. cancellation: one assumed figure for those that end within the horizon, one for the others.
Not here: anything fitted.
"""

from __future__ import annotations

import polars as pl

from models.churn.params import DAY_S, ChurnLabel, RuleParams
from models.registry import require_columns

INPUTS = {
    "no_purchase": ("order_count", "order_recency_s", "order_gap_s"),
    "cancellation": ("contract_remaining_s",),
}


def apply_rule(frame: pl.DataFrame, label: ChurnLabel, params: RuleParams) -> pl.DataFrame:
    """Probability and reasons by the rule, row by row.

    Args:
        frame: Columns INPUTS of the label's kind.
        label: What leaving means.
        params: The rule's assumptions.

    Returns:
        Columns `churn_probability`, `reasons` (at most three codes), in the order of the frame.
    """
    require_columns("churn rule", frame, INPUTS[label.kind])
    if label.kind == "cancellation":
        return _contract_rule(frame, label, params)
    return _order_rule(frame, label, params)


def _order_rule(frame: pl.DataFrame, label: ChurnLabel, params: RuleParams) -> pl.DataFrame:
    gap = pl.col("order_gap_s").fill_null(params.gap_single_days * DAY_S)
    gap = gap.clip(lower_bound=params.gap_minimum_days * DAY_S)
    overdue = pl.col("order_recency_s") / gap
    alive = pl.lit(params.alive_shares[-1])
    for limit, share in reversed(list(zip(params.overdue_limits, params.alive_shares, strict=False))):
        alive = pl.when(overdue <= limit).then(pl.lit(share)).otherwise(alive)
    skips = (-label.horizon_s / gap).exp()
    lapsed = pl.col("order_recency_s") > label.lookback_s
    late = overdue > params.overdue_limits[0]
    single = pl.col("order_count") <= 1
    return frame.select(
        (1 - alive * (1 - skips)).alias("churn_probability"),
        _codes(
            pl.when(lapsed).then(pl.lit("rule_lapsed")),
            pl.when(late).then(pl.lit("rule_overdue")).when(~single).then(pl.lit("rule_on_time")),
            pl.when(single).then(pl.lit("rule_single_purchase")),
            pl.when(skips > params.slow_share).then(pl.lit("rule_slow_rhythm")),
        ),
    )


def _contract_rule(frame: pl.DataFrame, label: ChurnLabel, params: RuleParams) -> pl.DataFrame:
    ends_soon = (pl.col("contract_remaining_s") <= label.horizon_s).fill_null(value=False)
    return frame.select(
        pl.when(ends_soon)
        .then(pl.lit(params.ending_probability))
        .otherwise(pl.lit(params.running_probability))
        .alias("churn_probability"),
        _codes(
            pl.when(ends_soon).then(pl.lit("rule_contract_ending")).otherwise(pl.lit("rule_contract_running")),
        ),
    )


def _codes(*codes: pl.Expr) -> pl.Expr:
    return pl.concat_list(codes).list.drop_nulls().list.head(3).alias("reasons")
