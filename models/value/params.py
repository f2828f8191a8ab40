"""Parameters of the value model as typed objects.

Belongs here: their types and reading them. Does not belong here: the figures and their reasons (params.toml)."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class EnoughParams:
    """How much history is enough to fit."""

    customer_count: int
    repeat_count: int
    span_s: float
    fit_row_maximum: int


@dataclass(frozen=True)
class PromotionParams:
    """What the fit must show on the spend that followed."""

    gini_slack: float
    total_ratio_low: float
    total_ratio_high: float


@dataclass(frozen=True)
class RuleParams:
    """Assumptions of the RFM rule."""

    version: str
    recent_days: float
    recent_weight: float
    stale_days: float
    stale_weight: float
    lost_weight: float
    history_minimum_days: float


@dataclass(frozen=True)
class ValueParams:
    """All parameters of the value model."""

    enough: EnoughParams
    promotion: PromotionParams
    rule: RuleParams

    def as_json(self) -> dict[str, Any]:
        """Plain content for the artefact."""
        return asdict(self)


def load_params(path: Path | None = None) -> ValueParams:
    """Read params.toml; an unknown or missing key raises TypeError."""
    content = tomllib.loads((path or Path(__file__).with_name("params.toml")).read_text())
    return ValueParams(
        enough=EnoughParams(**content["enough"]),
        promotion=PromotionParams(**content["promotion"]),
        rule=RuleParams(**content["rule"]),
    )
