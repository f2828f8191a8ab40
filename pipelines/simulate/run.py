"""`callwright simulate`: a home, the days, and what was written.

Belongs here: making or recognising the home, the days one after another, the record of what was simulated. Does not
belong here: the centre (centre.py), the command's options (cli.py).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from pipelines.errors import SettingsError
from pipelines.home import Home
from pipelines.simulate.centre import Centre
from pipelines.simulate.scenario import Scenario
from pipelines.simulate.seam import People, Tables
from pipelines.simulate.settings_text import make_home
from pipelines.simulate.truth import toml
from pipelines.simulate.writers.output import Output

TRUTH = "truth"
RECORD = "simulation.toml"
MakePeople = Callable[[Scenario, int, Tables], People]


@dataclass(frozen=True)
class Simulated:
    """What came of a simulation.

    Attributes:
        is_new: Whether anything was simulated; False: all of it was there.
        counts: Contacts by source and outcome; empty when nothing was simulated.
        files: The landing files and their sizes in bytes.
    """

    home: Home
    is_new: bool
    day_count: int
    counts: dict[tuple[str, str], int]
    files: dict[str, int]

    @property
    def facts_path(self) -> Path:
        """What was planted, and the queries that find it."""
        return self.home.path / TRUTH / "facts.toml"


def simulate(
    path: Path,
    scenario: Scenario,
    day_count: int,
    seed: int,
    progress: Callable[[str], None],
    make_people: MakePeople | None = None,
) -> Simulated:
    """Simulates the first days of a scenario into a home; the same again gives the same bytes.

    Args:
        path: The home; made if it is not there.
        scenario: What the centre is like.
        day_count: So many local days of the company.
        seed: The root of all chance.
        progress: Is told of each day.
        make_people: The customers; else those of people.py.

    Raises:
        SettingsError: The home is another simulation's, or none's.
        CallwrightError: A file is not as it was written.
        EnvironmentProblem: Something cannot be written.
    """
    home = Home(path.absolute())
    record = _record(home, scenario, seed, day_count)
    if record is None:
        make_home(home, scenario)
    elif record["day_count"] == day_count and _is_whole(home, record["files"]):
        return Simulated(home, False, day_count, {}, record["files"])
    with home.run_lock("command"):
        _write_record(home, scenario, seed, max(0, record["day_count"] if record else 0), {})
        output = Output(scenario, seed, home.landing, home.path / TRUTH)
        try:
            centre = Centre(scenario, seed, (make_people or _people())(scenario, seed, output), output)
            for number in range(day_count):
                day = scenario.starts_on + timedelta(days=number)
                centre.run_day(day)
                progress(f"{day} (day {number + 1} of {day_count}), {output.counts.total():,} contacts")
            centre.close(scenario.starts_on + timedelta(days=day_count))
        except BaseException:
            output.discard()
            raise
        files = landed(home)
        _write_record(home, scenario, seed, day_count, files)
    return Simulated(home, True, day_count, dict(output.counts), files)


def seed_of(home: Home) -> int | None:
    """The seed that a home was simulated with; None where nothing was."""
    path = home.path / TRUTH / RECORD
    return int(tomllib.loads(path.read_text(encoding="utf-8"))["seed"]) if path.exists() else None


def _people() -> MakePeople:
    # Imported here: whoever brings customers of his own needs none of these.
    module = import_module("pipelines.simulate.people")
    make: MakePeople = module.SimulatedPeople
    return make


def landed(home: Home) -> dict[str, int]:
    """The landing files and their sizes."""
    files = sorted(p for p in home.landing.rglob("*") if p.is_file() and not p.name.startswith("."))
    return {str(file.relative_to(home.landing)): file.stat().st_size for file in files}


def _is_whole(home: Home, files: dict[str, int]) -> bool:
    found = landed(home)
    return bool(files) and all(found.get(name) == size for name, size in files.items())


def _digest(scenario: Scenario) -> str:
    return sha256(scenario.model_dump_json().encode()).hexdigest()[:16]


def _record(home: Home, scenario: Scenario, seed: int, day_count: int) -> dict[str, Any] | None:
    """What was simulated here before; None for a new home.

    Raises:
        SettingsError: It cannot be gone on with.
    """
    other = "Name a new home with --home."
    try:
        found = tomllib.loads((home.path / TRUTH / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        if home.settings_path.exists() or landed(home):
            raise SettingsError(f"{home.path} is a home that was not simulated; it stays as it is", other) from None
        return None
    if found["seed"] != seed:
        raise SettingsError(f"{home.path} was simulated with seed {found['seed']}, not {seed}", other)
    if found["scenario"] != _digest(scenario):
        raise SettingsError(f"{home.path} was simulated with another scenario", other)
    if found["day_count"] > day_count:
        raise SettingsError(f"{home.path} has {found['day_count']} days already, more than {day_count}", other)
    return found


def _write_record(home: Home, scenario: Scenario, seed: int, day_count: int, files: dict[str, int]) -> None:
    values = {"seed": seed, "scenario": _digest(scenario), "day_count": day_count}
    lines = ["# What was simulated here: the same again gives the same bytes, and more days add to them.\n"]
    lines += [f"{key} = {toml(value)}\n" for key, value in values.items()]
    lines += ["\n[files]\n", *(f"{toml(name)} = {size}\n" for name, size in files.items())]
    (home.path / TRUTH).mkdir(exist_ok=True)
    (home.path / TRUTH / RECORD).write_text("".join(lines), encoding="utf-8")
