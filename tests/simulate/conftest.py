"""What tests of the simulation share: small scenarios, simulated homes.

Belongs here: fixtures. Does not belong here: the customers who stand in for the real ones (few_people.py).
"""

from __future__ import annotations

import shutil
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.published import open_published
from pipelines.simulate.run import Simulated, simulate
from pipelines.simulate.scenario import DEFAULT, Scenario, load_scenario, parse_scenario
from pipelines.simulate.seam import Tables

# Tests are no package: what they share is found beside them.
sys.path.insert(0, str(Path(__file__).parent))

from drawn_contacts import contacts_of
from few_people import FewPeople, QuietPeople


@pytest.fixture(scope="session")
def make_contacts() -> Callable[..., pl.DataFrame]:
    return contacts_of


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


class Year:
    """The default scenario's year: its truth, and what a whole run published of its files."""

    def __init__(self, centre: Any) -> None:
        self._centre = centre
        self.home = centre.home
        self.truth = centre.path / "truth"
        told = tomllib.loads((self.truth / "facts.toml").read_text(encoding="utf-8"))["facts"]
        self.facts: dict[str, dict[str, Any]] = {fact["id"]: fact for fact in told}

    def published(self, query: str) -> pl.DataFrame:
        with open_published(self._centre.home) as con:
            con.execute("set TimeZone = 'UTC'")
            return con.sql(query).pl()

    def contacts(self) -> pl.DataFrame:
        return pl.read_parquet(self.truth / "contacts.parquet")

    def visits(self) -> pl.DataFrame:
        return pl.read_parquet(self.truth / "visits.parquet")


@pytest.fixture(scope="session")
def simulated_year(shared_centre: Callable[[str, Callable[[Any], object]], Any]) -> Year:
    """Simulated and run once for all tests of all processes; not to be changed."""

    def fill(centre: Any) -> None:
        shutil.rmtree(centre.path)  # a simulation makes its own home
        simulate(centre.path, load_scenario(), 365, 1, lambda _: None)
        centre.run(whole=True)

    return Year(shared_centre("simulated_year", fill))
