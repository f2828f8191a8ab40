"""Parameters of the voice model as typed objects.

Belongs here: their types and reading them. Does not belong here: the figures and their reasons (params.toml)."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ScopeParams:
    """What is read."""

    history_week_count: int
    read_batch_count: int


@dataclass(frozen=True)
class StandingParams:
    """Topics that are there all year."""

    seed: int
    fit_comment_count: int
    fit_minimum_count: int
    comments_per_topic: int
    topic_minimum_count: int
    topic_maximum_count: int
    term_minimum_count: int
    term_maximum_share: float
    term_count: int
    step_count: int
    likeness: float

    def topic_count(self, comment_count: int) -> int:
        """How many topics are fitted to so many comments."""
        wanted = comment_count // self.comments_per_topic
        return min(max(wanted, self.topic_minimum_count), self.topic_maximum_count)


@dataclass(frozen=True)
class EmergingParams:
    """Topics of terms that were practically unseen before."""

    week_comment_count: int
    term_minimum_count: int
    unseen_share: float
    joining_minimum_count: int
    joining_p_value: float
    linking_p_value: float
    shared_share: float


@dataclass(frozen=True)
class RisingParams:
    """When a share of a week is more than chance."""

    window_week_count: int
    window_minimum_count: int
    window_comment_count: int
    week_minimum_count: int
    topic_minimum_count: int
    fresh_week_count: int
    rise_factor: float
    year_week_count: int
    false_alarm_count: float


@dataclass(frozen=True)
class LabelParams:
    """How a topic is named."""

    phrase_count: int
    phrase_share: float
    word_maximum_count: int
    character_maximum_count: int
    read_count: int


@dataclass(frozen=True)
class VoiceParams:
    """All parameters of the voice model."""

    version: str
    scope: ScopeParams
    standing: StandingParams
    emerging: EmergingParams
    rising: RisingParams
    label: LabelParams

    def as_json(self) -> dict[str, Any]:
        """Plain content, for whoever must know whether something changed."""
        return asdict(self)


def load_params(path: Path | None = None) -> VoiceParams:
    """Read params.toml; an unknown or missing key raises TypeError."""
    content = tomllib.loads((path or Path(__file__).with_name("params.toml")).read_text(encoding="utf-8"))
    kinds = {
        "scope": ScopeParams, "standing": StandingParams, "emerging": EmergingParams, "rising": RisingParams,
        "label": LabelParams,
    }  # fmt: skip
    return VoiceParams(**{key: kinds[key](**value) if key in kinds else value for key, value in content.items()})
