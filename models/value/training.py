"""Training the value model: fit at the newest mature cut-off, measure on the spend that followed, decide.

Here: the fit on customers' frames, figures beside the naive estimate, the promotion gate. Not here: the formulas.
The naive estimate is the spend so far, spread over the time known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.evaluation.ranking import normalised_gini, top_share
from models.registry import (
    CURVE_SCHEMA,
    METRIC_SCHEMA,
    Trained,
    dump_json,
    frame_hash,
    require_columns,
)
from models.value import bgnbd, gamma_gamma
from models.value.estimating import (
    DAY_S,
    FEATURES,
    MODEL,
    RULE_FEATURES,
    expected_value,
    purchases,
    rule_amount,
)
from models.value.params import ValueParams

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Estimates:
    """Three estimates of the same customers' next spend, and what they did spend."""

    actual: Floats
    model: Floats
    rule: Floats
    naive: Floats


def train(training: pl.DataFrame, horizon_s: float, params: ValueParams) -> Trained:
    """Fit BG/NBD and gamma-gamma on what was known at the newest cut-off; judge them on what followed.

    Args:
        training: Customer features at past cut-offs, and `next_order_amount`, the spend of the horizon after.
        horizon_s: Length of that horizon, seconds.
        params: Thresholds and the rule's assumptions.

    Returns:
        The decision with its reason, files and figures; nothing is saved here.

    Raises:
        MissingFeatures: A column is absent.
    """
    needed = (
        "customer_key",
        "as_of_at",
        "profiling_objection",
        "next_order_amount",
        *FEATURES,
        *RULE_FEATURES,
    )
    require_columns(MODEL, training, needed)
    usable = training.filter(~pl.col("profiling_objection").fill_null(value=True), pl.col("order_day_count") > 0)
    buyers = usable.filter(pl.col("as_of_at") == pl.col("as_of_at").max()).sort("customer_key")
    lacking = _what_lacks(buyers, params)
    if lacking is not None:
        return _rule_only(buyers, lacking, params)
    rates, spend = _fit(buyers, params)
    if rates.is_boundary or spend.is_boundary:
        found = f"a = {rates.a:.3g}, b = {rates.b:.3g}, r = {rates.r:.3g}, q = {spend.q:.3g}"
        return _rule_only(buyers, f"the fit ran to its boundary ({found})", params)
    estimates = _Estimates(
        actual=buyers.get_column("next_order_amount").cast(pl.Float64).to_numpy(),
        model=expected_value(rates, spend, buyers, horizon_s)[0],
        rule=buyers.select(rule_amount(params.rule, horizon_s)).to_series().to_numpy(),
        naive=_naive(buyers, horizon_s),
    )
    if estimates.actual.sum() <= 0:
        return _rule_only(buyers, "nobody spent anything in the horizon after the cut-off", params)
    figures = _figures(estimates)
    is_good, reason = _judge(figures, buyers.height, params)
    content = {
        "features": list(FEATURES),
        "bgnbd": rates.as_json(),
        "gamma_gamma": spend.as_json(),
        "horizon_s": horizon_s,
        "params": params.as_json(),
        "cutoff_at": str(buyers["as_of_at"].max()),
        "data_sha256": frame_hash(buyers.select("customer_key", "as_of_at", "next_order_amount", *FEATURES)),
    }
    return Trained(
        model=MODEL,
        decision="promote" if is_good else "rule",
        reason=reason,
        files={"artefact.json": dump_json(content), "metrics.json": dump_json(figures)},
        rule_version=params.rule.version,
        metrics=_metric_frame(figures, buyers.height),
        curves=_curves(estimates),
    )


def _what_lacks(buyers: pl.DataFrame, params: ValueParams) -> str | None:
    enough = params.enough
    repeats = buyers.filter(pl.col("order_day_count") > 1).height
    span = buyers.get_column("order_age_s").cast(pl.Float64).to_numpy().max(initial=0.0)
    if buyers.height < enough.customer_count:
        return f"{buyers.height} buyers at the newest cut-off, {enough.customer_count} are needed"
    if repeats < enough.repeat_count:
        return f"{repeats} buyers came back, {enough.repeat_count} are needed"
    if span < enough.span_s:
        return f"orders reach back {span / DAY_S:.0f} days, {enough.span_s / DAY_S:.0f} are needed"
    return None


def _fit(buyers: pl.DataFrame, params: ValueParams) -> tuple[bgnbd.BgNbd, gamma_gamma.GammaGamma]:
    rows = buyers
    if rows.height > params.enough.fit_row_maximum:
        # Every k-th customer in the order of pseudonyms, which are random by construction.
        rows = rows.gather_every(-(-rows.height // params.enough.fit_row_maximum))
    x, t_x, observed, mean_spend = purchases(rows)
    paying = mean_spend > 0
    return bgnbd.fit(x, t_x, observed), gamma_gamma.fit(x[paying] + 1, mean_spend[paying])


def _naive(buyers: pl.DataFrame, horizon_s: float) -> Floats:
    amount = buyers.get_column("order_amount").cast(pl.Float64).to_numpy()
    age = buyers.get_column("order_age_s").cast(pl.Float64).to_numpy()
    return np.asarray(amount / np.maximum(age, horizon_s) * horizon_s, dtype=np.float64)


def _figures(estimates: _Estimates) -> dict[str, dict[str, float]]:
    predictions = {"model": estimates.model, "rule": estimates.rule, "baseline": estimates.naive}
    return {
        source: {
            "normalised_gini": normalised_gini(estimates.actual, predicted),
            "top_5_pct_share": top_share(estimates.actual, predicted, 0.05),
            "top_20_pct_share": top_share(estimates.actual, predicted, 0.20),
            "total_ratio": float(predicted.sum() / estimates.actual.sum()),
        }
        for source, predicted in predictions.items()
    }


def _judge(figures: dict[str, dict[str, float]], n: int, params: ValueParams) -> tuple[bool, str]:
    gate, model, naive = params.promotion, figures["model"], figures["baseline"]
    said = (
        f"on the next spend of {n} buyers: normalised Gini {model['normalised_gini']:.3f} "
        f"(spend so far {naive['normalised_gini']:.3f}), estimated over actual total {model['total_ratio']:.2f}"
    )
    if model["normalised_gini"] < naive["normalised_gini"] - gate.gini_slack:
        return False, f"not promoted, it ranks worse than spend so far; the RFM rule is used; {said}"
    if not gate.total_ratio_low <= model["total_ratio"] <= gate.total_ratio_high:
        return False, f"not promoted, its total is too far off; the RFM rule is used; {said}"
    return True, f"promoted {said}"


def _metric_frame(figures: dict[str, dict[str, float]], n: int) -> pl.DataFrame:
    rows: list[tuple[str, str, float, float | None, int, str]] = [
        (MODEL, name, value, figures["baseline"][name], n, source)
        for source in ("model", "rule")
        for name, value in figures[source].items()
    ]
    rows.append((MODEL, "training_row_count", float(n), None, n, "model"))
    return pl.DataFrame(rows, schema=METRIC_SCHEMA, orient="row")


def _curves(estimates: _Estimates) -> pl.DataFrame:
    """Mean estimate over mean spend by tenth of the estimate, and the share of spend reached from the top."""
    order = np.argsort(estimates.model, kind="stable")
    tenths = np.array_split(order, 10)
    rows = [
        (
            MODEL,
            "calibration",
            float(estimates.model[rows].mean()),
            float(estimates.actual[rows].mean()),
            len(rows),
        )
        for rows in tenths
    ]
    n = len(order)
    for share in np.linspace(0.05, 1.0, 20):
        reached = top_share(estimates.actual, estimates.model, float(share))
        rows.append((MODEL, "cumulative_gain", float(share), reached, n))
    return pl.DataFrame(rows, schema=CURVE_SCHEMA, orient="row")


def _rule_only(buyers: pl.DataFrame, lacking: str, params: ValueParams) -> Trained:
    row = (MODEL, "training_row_count", float(buyers.height), None, buyers.height, "rule")
    return Trained(
        model=MODEL,
        decision="rule",
        reason=f"no model: {lacking}; the RFM rule is used",
        files=None,
        rule_version=params.rule.version,
        metrics=pl.DataFrame([row], schema=METRIC_SCHEMA, orient="row"),
        curves=pl.DataFrame(schema=CURVE_SCHEMA),
    )
