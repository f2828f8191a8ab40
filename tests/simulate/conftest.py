"""What tests of the simulation share: customers that do little, small scenarios.

Belongs here: a stand-in for the customers, so that the engine is tested by itself. Does not belong here: the customers
(test_people.py).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.simulate.run import Simulated, simulate
from pipelines.simulate.scenario import DEFAULT, Scenario, parse_scenario
from pipelines.simulate.seam import Call, CampaignAttempt, Ended, Tables
from pipelines.simulate.streams import Draws

CUSTOMER_COUNT = 500
REASONS = ("sales", "service", "billing", "cancel", "fault")


class FewPeople:
    """Some hundred customers who call again when they gave up, and ask back when nobody solved it."""

    def __init__(self, scenario: Scenario, seed: int, tables: Tables) -> None:
        self._draw = Draws(seed, "few people")
        self._tiers = scenario.tiers.names
        self._sites = [site.name for site in scenario.sites]
        self.begun: list[tuple[str, int]] = []
        self.ended_calls: list[Ended] = []
        self.attempts: list[CampaignAttempt] = []
        self.list_size = 6

    def begin_day(self, day: date) -> None:
        pass

    def caller(self, site: str, channel: str, at: int) -> tuple[int, str, str, str]:
        customer = self._draw.below(CUSTOMER_COUNT)
        self.begun.append((channel, at))
        number = f"+447946{customer:06d}" if channel == "voice" else f"c{customer}@example.com"
        return customer, number, REASONS[self._draw.below(len(REASONS))], "zh" if site == "chengdu" else "en"

    def tier(self, customer: int) -> str | None:
        return self._tiers[customer % len(self._tiers)] if customer % 5 else None

    def decide(self, call: Call, at: int) -> None:
        assert call.contact_id

    def ended(self, ended: Ended) -> list[tuple[int, Call]]:
        self.ended_calls.append(ended)
        call = ended.call
        cause = None
        if ended.outcome == "abandoned" and self._draw.chance(0.5):
            cause = "retry"
        elif ended.outcome == "exited_by_key":
            cause = "callback"
        elif ended.outcome == "answered" and self._draw.chance(0.1):
            cause = "repeat"
        ended.is_resolved = cause is None
        if cause is None:
            return []
        again = Call(
            "",
            call.customer,
            call.number,
            call.channel,
            call.site,
            call.reason,
            call.language,
            cause,
            call.contact_id,
            0,
        )
        delay_s = {"retry": 300, "callback": 1200, "repeat": 90_000}[cause]
        return [(ended.ended_at + round(self._draw.exponential(delay_s)), again)]

    def campaign_attempts(self, day: date) -> Iterable[CampaignAttempt]:
        noon = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())
        for number in range(self.list_size):
            arm = "holdout" if number % 3 == 2 else "treatment"
            attempt = CampaignAttempt(
                f"{day}-{number}",
                "spring",
                number,
                f"+447946{number:06d}",
                self._sites[0],
                arm,
                0.5,
                noon + 60 * number,
            )
            yield attempt

    def attempted(self, attempt: CampaignAttempt) -> None:
        self.attempts.append(attempt)

    def end_day(self, day: date) -> None:
        pass

    def close(self) -> None:
        pass


class QuietPeople(FewPeople):
    """Nobody calls twice, and nobody is called."""

    def ended(self, ended: Ended) -> list[tuple[int, Call]]:
        return []

    def campaign_attempts(self, day: date) -> Iterable[CampaignAttempt]:
        return ()


class Made:
    """A simulated home, with the customers who were in it."""

    def __init__(self, simulated: Simulated, people: FewPeople | None) -> None:
        self.simulated = simulated
        self.path = simulated.home.path
        self.landing = simulated.home.landing
        self._people = people

    @property
    def people(self) -> FewPeople:
        assert self._people is not None, "nothing was simulated"
        return self._people


Simulate = Callable[..., Made]
Change = Callable[[dict[str, Any]], object]


def scenario_with(change: Change | None = None, seats: int | None = None) -> Scenario:
    """The default scenario, changed."""
    data = tomllib.loads(DEFAULT.read_text(encoding="utf-8"))
    if change is not None:
        change(data)
    if seats is not None:
        data["seats"] = seats
    return parse_scenario(data)


@pytest.fixture(scope="session")
def scenario_of() -> Callable[..., Scenario]:
    return scenario_with


@pytest.fixture(scope="session")
def simulate_home(tmp_path_factory: pytest.TempPathFactory) -> Simulate:
    """Simulates into a new home, or into one that is given."""

    def make(
        days: int,
        seed: int = 7,
        change: Change | None = None,
        path: Path | None = None,
        seats: int | None = None,
        is_quiet: bool = False,
    ) -> Made:
        home = path or tmp_path_factory.mktemp("simulated") / "home"
        people: list[FewPeople] = []

        def with_few(scenario: Scenario, seed: int, tables: Tables) -> FewPeople:
            people.append((QuietPeople if is_quiet else FewPeople)(scenario, seed, tables))
            return people[0]

        scenario = scenario_with(change, seats)
        done = simulate(home, scenario, days, seed, lambda _: None, with_few)
        return Made(done, people[0] if people else None)

    return make
