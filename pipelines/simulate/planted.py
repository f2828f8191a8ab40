"""The planted facts that customers bring about: when each is on, and what was really planted.

Belongs here: what `more` of a fact may say, their windows, what they change, their figures for the truth. Does not
belong here: what the centre makes of facts (facts.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated

from pydantic import Field

from pipelines.settings_sections import Section
from pipelines.settings_values import Share
from pipelines.simulate.crm import Row, day_number
from pipelines.simulate.people_settings import Campaign, PlantedFact, Positive


class RepeatCluster(Section):
    """Customers who call about one thing again and again: what `more` says of it.

    Attributes:
        affected_share: Of the site's customers with a contract; those whom the centre plants come on top.
        contact_factor: How much more often they call.
        about_it_share: Of their contacts.
        ease: Logit of solving it with an agent of skill 0.5.
        repeat_share: Of those not solved, that come back.
    """

    affected_share: Share = 0.06
    contact_factor: Positive = 4.0
    about_it_share: Share = 0.85
    ease: float = -0.9
    repeat_share: Share = 0.92


class WrongVersion(Section):
    """A version that decides with one temperature and records the propensities of another."""

    version: str = "policy-2"
    true_temperature: Positive = 0.3


class CostlyMonth(Section):
    """Credits that are granted too freely (`preference`: logit that they gain), and too high."""

    preference: float = 4.0
    amount_factor: Annotated[float, Field(ge=1)] = 2.5


class ImpatientTier(Section):
    """Customers of a tier who lose patience; so many more of them than usual call on each of the days."""

    callers_per_day: Annotated[int, Field(ge=0)] = 0


class Nothing(Section):
    """Of kinds that know no more."""


MORE: dict[str, type[Section]] = {
    "repeat_cluster": RepeatCluster,
    "miscalibrated_model": WrongVersion,
    "costly_month": CostlyMonth,
    "tier_abandonment": ImpatientTier,
}


class Planted:
    """The facts of a scenario; the attributes are None while a fact is not on.

    Attributes:
        repeat_cluster: Calls about one thing.
        wrong_version: The version in force records wrong propensities.
        costly_month: Credits are granted freely.
        harmful_campaign: Campaign of the harmful list, whatever the day.
        guests: Agents whose surveys all say the best.
        figures: What was planted, by fact and measure.
    """

    def __init__(self, facts: Sequence[PlantedFact], campaigns: Mapping[str, Campaign]) -> None:
        self._facts = {fact.kind: fact for fact in facts}
        self.repeat_cluster: RepeatCluster | None = None
        self.wrong_version: WrongVersion | None = None
        self.costly_month: CostlyMonth | None = None
        self.harmful_campaign = self._harmful(campaigns)
        self.guests = {fact.agent for fact in facts if fact.kind == "guest_agent" and fact.agent}
        self.figures: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def begin_day(self, day: date) -> None:
        """Switch facts on and off."""
        cluster, version, month = (self._on(k, day) for k in ("repeat_cluster", "miscalibrated_model", "costly_month"))
        self.repeat_cluster = RepeatCluster.model_validate(cluster.more) if cluster else None
        self.wrong_version = WrongVersion.model_validate(version.more) if version else None
        self.costly_month = CostlyMonth.model_validate(month.more) if month else None

    def site(self, kind: str) -> str | None:
        """Where a fact is; None: everywhere."""
        fact = self._facts.get(kind)
        return fact.site if fact else None

    def begins(self, kind: str, day: int) -> bool:
        """Whether it is the fact's first day."""
        fact = self._facts.get(kind)
        return fact is not None and day_number(fact.from_date) == day

    def count(self, kind: str, measure: str, amount: float = 1) -> None:
        """Add to what was really planted."""
        fact = self._facts.get(kind)
        if fact is not None:
            self.figures[fact.id][measure] += amount

    def rows(self) -> list[Row]:
        """The figures, one a row: fact, measure, value."""
        return [
            {"fact": fact, "measure": measure, "value": round(float(value), 6)}
            for fact, measures in sorted(self.figures.items())
            for measure, value in sorted(measures.items())
        ]

    def _harmful(self, campaigns: Mapping[str, Campaign]) -> str | None:
        """The campaign that the fact names, or else the one that begins with it."""
        fact = self._facts.get("harmful_list")
        if fact is None or fact.campaign:
            return fact.campaign if fact else None
        return next((name for name, one in campaigns.items() if one.starts_on == fact.from_date), None)

    def _on(self, kind: str, day: date) -> PlantedFact | None:
        fact = self._facts.get(kind)
        return fact if fact is not None and fact.from_date <= day <= fact.to_date else None
