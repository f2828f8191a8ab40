"""Planted facts, as the engine meets them: who is missing when, who loses patience, which file is never delivered.

Belongs here: facts as conditions on times and places. Does not belong here: facts that customers make (planted.py); how
they are told to whoever looks for them (found_facts.py).
"""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from pipelines.settings_values import span_s
from pipelines.simulate.arrivals import midnight, wall
from pipelines.simulate.scenario import Scenario
from pipelines.simulate.scenario_sections import Fact


class PlantedFacts:
    """The scenario's facts with their instants.

    Args:
        scenario: Where they stand.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self.absences = scenario.facts_of("site_absence")
        self.guests = scenario.facts_of("guest_agent")
        self.clusters = scenario.facts_of("repeat_cluster")
        self.impatient = scenario.facts_of("tier_abandonment")
        self._impatience = [(fact, *self._days_of(fact)) for fact in self.impatient]
        self._costly = [(fact, *self._days_of(fact)) for fact in scenario.facts_of("costly_month")]
        self._missing = {
            (fact.source, fact.from_date + timedelta(days=n))
            for fact in scenario.facts_of("missing_channel")
            for n in range((fact.to_date - fact.from_date).days + 1)
        }

    def zone_of(self, fact: Fact) -> ZoneInfo:
        """The zone that a fact's dates are in."""
        site = self._scenario.site(fact.site) if fact.site else None
        return ZoneInfo(site.timezone if site else self._scenario.company.timezone)

    def window(self, fact: Fact) -> tuple[int, int]:
        """A fact's first and last instant on its first day: from_time to to_time by the wall clock."""
        zone = self.zone_of(fact)
        begins_s, ends_s = span_s(f"{fact.from_time}-{fact.to_time}")
        return wall(fact.from_date, begins_s, zone), wall(fact.to_date, ends_s, zone)

    def _days_of(self, fact: Fact) -> tuple[int, int]:
        zone = self.zone_of(fact)
        return midnight(fact.from_date, zone), midnight(fact.to_date + timedelta(days=1), zone)

    def impatience(self, queue: str, tier: str | None, at: int) -> float:
        """Factor of the hazard of giving up."""
        factor = 1.0
        for fact, begin, end in self._impatience:
            if begin <= at < end and fact.queue in (None, queue) and fact.tier in (None, tier):
                factor *= fact.size
        return factor

    def length(self, site: str, at: int) -> float:
        """Factor of the length of talks."""
        factor = 1.0
        for fact, begin, end in self._costly:
            if begin <= at < end and fact.site in (None, site):
                factor *= fact.size
        return factor

    def is_delivered(self, source: str, day: date) -> bool:
        """Whether a source's file of that day arrives."""
        return (source, day) not in self._missing
