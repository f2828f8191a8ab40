"""The scenario: what the demo centre is like; default.toml, overlaid by a file of one's own.

Belongs here: the whole of it, the rules between sections, the overlay. Does not belong here: single sections
(scenario_sections.py); what the centre makes of them; the customers' own sections, `[people.…]` (people_settings.py).
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from pipelines.errors import SettingsError
from pipelines.settings_report import nearest, sentences
from pipelines.settings_sections import Costs, Section, Tiers
from pipelines.simulate.overlay import immutable, laid_over
from pipelines.simulate.people_settings import PeopleSections, sections_of
from pipelines.simulate.planted import MORE, Nothing
from pipelines.simulate.scenario_sections import (
    Agents,
    Arrivals,
    Blending,
    Break,
    Company,
    Fact,
    Menu,
    Outbound,
    Patience,
    Positive,
    Queue,
    Ringing,
    Site,
    Stream,
    Team,
)

DEFAULT = Path(__file__).with_name("default.toml")


class Scenario(Section):
    """Everything about the demo centre but its random numbers."""

    seats: Annotated[int, Field(ge=1)]
    contacts_per_seat_year: Positive
    starts_on: date
    company: Company
    sites: Annotated[tuple[Site, ...], Field(min_length=1)]
    queues: Annotated[tuple[Queue, ...], Field(min_length=1)]
    streams: Annotated[tuple[Stream, ...], Field(min_length=1)]
    teams: Annotated[tuple[Team, ...], Field(min_length=1)]
    arrivals: Arrivals
    patience: Patience
    menu: Menu = Menu()
    ringing: Ringing = Ringing()
    blending: Blending = Blending()
    breaks: tuple[Break, ...] = ()
    agents: Agents
    outbound: Outbound = Outbound()
    facts: tuple[Fact, ...] = ()
    costs: Costs = Costs()
    tiers: Tiers = Tiers()
    people: dict[str, Any] = {}

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        sites, queues = [s.name for s in self.sites], [q.name for q in self.queues]
        named = [
            *(("queues", q.name, "site", q.site, sites) for q in self.queues),
            *(("queues", q.name, "transfer_to", to, queues) for q in self.queues for to in q.transfer_to),
            *(("streams", s.name, "site", s.site, sites) for s in self.streams),
            *(("teams", t.name, "site", t.site, sites) for t in self.teams),
            *(
                ("teams", t.name, "skills", skill, queues)
                for t in self.teams
                for skills in t.skills
                for skill in skills
            ),
            *(("facts", f.id, "site", f.site, sites) for f in self.facts if f.site),
            *(("facts", f.id, "queue", f.queue, queues) for f in self.facts if f.queue),
            *(("facts", f.id, "tier", f.tier, self.tiers.names) for f in self.facts if f.tier),
        ]
        wrong = [
            f'[[{section}]] "{name}", {key}: nothing is called "{given}"; the nearest is "{nearest(given, known, 0)}"'
            for section, name, key, given, known in named
            if given not in known
        ]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @model_validator(mode="after")
    def _facts_can_be(self) -> Self:
        wrong = []
        for fact in self.facts:
            try:
                MORE.get(fact.kind, Nothing).model_validate(fact.more)
            except ValidationError as error:
                wrong += [
                    f'[[facts]] "{fact.id}", more, {".".join(map(str, one["loc"]))}: {one["msg"]}'
                    for one in error.errors(include_url=False)
                ]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    def site(self, name: str) -> Site:
        """The site of that name."""
        return next(site for site in self.sites if site.name == name)

    def queues_by_reason(self) -> dict[tuple[str, str], str]:
        """(site, reason) to the queue of its calls; the reason '' stands for all that no queue names."""
        found: dict[tuple[str, str], str] = {}
        calls = [queue for queue in self.queues if queue.channel == "voice"]
        for queue in calls:
            for reason in queue.reasons or ("",):
                found.setdefault((queue.site, reason), queue.name)
        for queue in calls:
            found.setdefault((queue.site, ""), queue.name)
        return found

    def facts_of(self, kind: str) -> tuple[Fact, ...]:
        """The planted facts of one kind."""
        return tuple(fact for fact in self.facts if fact.kind == kind)


class _Customers(Section):
    """Where the customers' sections stand in a scenario."""

    people: PeopleSections


def load_scenario(overlay: Path | None = None, seats: int | None = None) -> Scenario:
    """The default scenario, with what a file of one's own says instead.

    Args:
        overlay: A TOML file; its tables are laid over the default's key by key, its lists replace the default's.
        seats: Instead of the scenario's.

    Raises:
        SettingsError: The file cannot be read, or says what a scenario cannot be; every mistake is named.
    """
    text = DEFAULT.read_text(encoding="utf-8")
    data = tomllib.loads(text)
    path = overlay or DEFAULT
    if overlay is not None:
        try:
            text = overlay.read_text(encoding="utf-8-sig")
            data = laid_over(data, tomllib.loads(text))
        except OSError as error:
            raise SettingsError(f"{overlay} cannot be read: {error.strerror}", "Check --scenario.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{overlay} is not valid TOML: {error}", "Correct that line.") from None
    if seats is not None:
        data["seats"] = seats
    try:
        scenario = parse_scenario(data)
        sections_of(scenario)
        return scenario
    except ValidationError as error:
        errors: list[ErrorDetails] = error.errors(include_url=False)
        root: type[Section] = Scenario
        if error.title == PeopleSections.__name__:
            errors, root = [{**one, "loc": ("people", *one["loc"])} for one in errors], _Customers
        wrong = sentences(errors, text, root)
        listed = "".join(f"\n  {sentence}" for sentence in wrong)
        raise SettingsError(
            f"{path} is no scenario:{listed}", f"Correct the file; {DEFAULT.name} beside scenario.py has every key."
        ) from None


def parse_scenario(data: dict[str, Any]) -> Scenario:
    """A scenario from what TOML says.

    Raises:
        ValidationError: It is none.
    """
    return Scenario.model_validate(immutable(data))
