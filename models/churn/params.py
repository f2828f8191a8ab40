"""Parameters of the churn model as typed objects.

Belongs here: their types and reading them. Does not belong here: the figures and their reasons (params.toml)."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

DAY_S = 86_400.0


@dataclass(frozen=True)
class BoosterParams:
    """How trees are grown."""

    seed: int
    tree_count: int
    learning_rate: float
    depth_count: int
    leaf_count: int
    leaf_minimum_rows: int
    l2_penalty: float
    feature_share: float


@dataclass(frozen=True)
class EnoughParams:
    """How much data is enough to learn from and to judge on."""

    fit_row_count: int
    fit_class_count: int
    later_row_count: int
    later_class_count: int


@dataclass(frozen=True)
class PromotionParams:
    """What a candidate must show on the later window."""

    auc_gain: float
    brier_slack: float
    suspicious_auc: float


@dataclass(frozen=True)
class RuleParams:
    """Assumptions of the documented rule."""

    version: str
    gap_minimum_days: float
    gap_single_days: float
    overdue_limits: tuple[float, ...]
    alive_shares: tuple[float, ...]
    slow_share: float
    ending_probability: float
    running_probability: float


@dataclass(frozen=True)
class ChurnParams:
    """All parameters of the churn model."""

    booster: BoosterParams
    enough: EnoughParams
    promotion: PromotionParams
    rule: RuleParams

    def as_json(self) -> dict[str, Any]:
        """Plain content for the artefact."""
        return asdict(self)


@dataclass(frozen=True)
class ChurnLabel:
    """What leaving means in this centre; a setting of the centre, frozen with the artefact.

    Attributes:
        kind: `no_purchase` (pays nothing within the horizon) or `cancellation` (a leaving is recorded within it).
        horizon_s: How far the label looks ahead, seconds.
    """

    kind: Literal["no_purchase", "cancellation"] = "no_purchase"
    horizon_s: float = 90 * DAY_S

    @property
    def lookback_s(self) -> float:
        """Who paid within this time before the moment counts as active: two horizons, as in churn_labels.sql."""
        return 2 * self.horizon_s


def load_params(path: Path | None = None) -> ChurnParams:
    """Read params.toml; an unknown or missing key raises TypeError."""
    content = tomllib.loads((path or Path(__file__).with_name("params.toml")).read_text())
    rule: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in content["rule"].items()
    }
    return ChurnParams(
        booster=BoosterParams(**content["booster"]),
        enough=EnoughParams(**content["enough"]),
        promotion=PromotionParams(**content["promotion"]),
        rule=RuleParams(**rule),
    )
