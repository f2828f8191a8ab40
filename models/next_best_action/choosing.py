"""Which action, if any, for each customer: arbitration by expected gain, behind hard legal gates.

Here: gain of each eligible action against doing nothing, gates, hold-out. Not here: the eligibility rules, which are
evaluated in SQL and arrive as boolean columns, and what is done with the answer.
Gain = expected_effect x stake x margin_rate - cost. The stake is what the effect works on: `churn`: the value that
would be lost, churn_probability x expected value; `value`: the expected value itself. Doing nothing gains 0.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.errors import ModelError
from models.registry import require_columns

MODEL = "next_best_action"
NOTHING = "none"
CHOICE_SCHEMA = {
    "customer_key": pl.String,
    "action": pl.String,
    "arm": pl.String,
    "propensity": pl.Float64,
    "expected_gain_amount": pl.Float64,
    "is_default_treatment": pl.Boolean,
    "effect_source": pl.String,
    "policy_version": pl.String,
}
INPUTS = (
    "customer_key",
    "churn_probability",
    "expected_value_amount",
    "marketing_opt_out",
    "profiling_objection",
)


@dataclass(frozen=True)
class Action:
    """One entry of the centre's catalogue.

    Attributes:
        id: Name of the action; `none` is taken by doing nothing.
        cost_amount: What one offer costs, in the centre's currency.
        expected_effect: Share of the stake that the action saves or adds, 0 to 1.
        channel: Where it may be offered.
        effect_on: The stake: `churn` or `value`.
        is_marketing: False for plain service, which an opt-out from marketing does not forbid.
        effect_source: `assumption` (the centre's figure) or `measured`.
    """

    id: str
    cost_amount: float
    expected_effect: float
    channel: str | None = None
    effect_on: Literal["churn", "value"] = "churn"
    is_marketing: bool = True
    effect_source: Literal["assumption", "measured"] = "assumption"

    @property
    def eligible_column(self) -> str:
        """The boolean column that says who may be offered it."""
        return f"eligible_{self.id}"


@dataclass(frozen=True)
class PolicyParams:
    """Parameters of the policy; reasons stand in params.toml."""

    policy_version: str
    holdout_salt: str
    minimum_gain_amount: float


def load_params(path: Path | None = None) -> PolicyParams:
    """Read params.toml; an unknown or missing key raises TypeError."""
    return PolicyParams(**tomllib.loads((path or Path(__file__).with_name("params.toml")).read_text()))


def choose(
    frame: pl.DataFrame,
    catalogue: Sequence[Action],
    holdout_share: float,
    params: PolicyParams,
    margin_rate: float = 1.0,
) -> pl.DataFrame:
    """Choose one action a customer.

    Objectors to profiling are neutral: no action, no arm but `excluded`, the default treatment. Opting out of
    marketing forbids every marketing action. A missing gate counts as an objection. Hold-out customers, drawn by a
    hash of their key, get no action and the default treatment.

    Args:
        frame: Columns INPUTS and `eligible_<id>` (boolean) of every action; null eligibility is not eligible.
        catalogue: The centre's actions; the first of equals wins.
        holdout_share: Share of customers held out, 0 to 1.
        params: Parameters of the policy.
        margin_rate: Part of the expected value that is margin, 0 to 1; 1 counts revenue as if it were margin.

    Returns:
        Columns of CHOICE_SCHEMA in the order of the frame. `propensity` is 1.0: within its arm the policy is
        deterministic. `expected_gain_amount` is modelled, not measured.

    Raises:
        MissingFeatures: A column is absent.
        ModelError: The catalogue names an action twice, or `none`.
    """
    ids = [action.id for action in catalogue]
    if NOTHING in ids or len(set(ids)) != len(ids):
        raise ModelError(f"next best action: the catalogue {ids} repeats an id or names {NOTHING!r}")
    require_columns(MODEL, frame, [*INPUTS, *(action.eligible_column for action in catalogue)])
    gated = frame.select(
        pl.col("profiling_objection").fill_null(value=True).alias("objects"),
        _holdout(frame.get_column("customer_key"), holdout_share, params).alias("is_holdout"),
    )
    objects, is_holdout = gated["objects"], gated["is_holdout"] & ~gated["objects"]
    is_default = (objects | is_holdout).to_numpy()
    best, gain = _best(_gains(frame, catalogue, margin_rate), params)
    best = np.where(is_default, 0, best)
    names, sources = [NOTHING, *ids], [None, *(action.effect_source for action in catalogue)]
    return frame.select("customer_key").with_columns(
        pl.Series("action", [names[position] for position in best], pl.String),
        pl.select(
            pl.when(objects)
            .then(pl.lit("excluded"))
            .when(is_holdout)
            .then(pl.lit("holdout"))
            .otherwise(pl.lit("policy"))
        )
        .to_series()
        .alias("arm"),
        pl.lit(1.0).alias("propensity"),
        pl.Series("expected_gain_amount", np.where(best == 0, 0.0, gain), pl.Float64),
        pl.Series("is_default_treatment", is_default, pl.Boolean),
        pl.Series("effect_source", [sources[position] for position in best], pl.String),
        pl.lit(params.policy_version).alias("policy_version"),
    )


def is_holdout(customer_key: str, holdout_share: float, params: PolicyParams) -> bool:
    """Whether a customer is held out: the same answer on every day and every machine."""
    digest = hashlib.sha256(f"{params.holdout_salt} {customer_key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < holdout_share


def _holdout(keys: pl.Series, holdout_share: float, params: PolicyParams) -> pl.Series:
    return pl.Series("is_holdout", [is_holdout(key, holdout_share, params) for key in keys], pl.Boolean)


def _gains(frame: pl.DataFrame, catalogue: Sequence[Action], margin_rate: float) -> NDArray[np.float64]:
    """Gain of each action, shape (rows, actions); minus infinity where it is not allowed or cannot be known."""
    value, churn = (
        pl.col("expected_value_amount").cast(pl.Float64),
        pl.col("churn_probability").cast(pl.Float64),
    )
    opted_out = pl.col("marketing_opt_out").fill_null(value=True)
    columns = []
    for action in catalogue:
        stake = value * churn if action.effect_on == "churn" else value
        gain = action.expected_effect * stake * margin_rate - action.cost_amount
        allowed = pl.col(action.eligible_column).cast(pl.Boolean).fill_null(value=False)
        if action.is_marketing:
            allowed = allowed & ~opted_out
        columns.append(pl.when(allowed & gain.is_finite()).then(gain).fill_null(-float("inf")).alias(action.id))
    if not columns:
        return np.empty((frame.height, 0))
    return frame.select(columns).to_numpy().astype(np.float64)


def _best(gains: NDArray[np.float64], params: PolicyParams) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Position of the best action (0 is doing nothing, the catalogue starts at 1) and its gain."""
    nothing = np.full((len(gains), 1), params.minimum_gain_amount)
    table = np.concatenate([nothing, gains], axis=1)
    best = np.argmax(table, axis=1)
    return best, np.take_along_axis(table, best[:, None], axis=1)[:, 0]
