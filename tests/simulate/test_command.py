"""`callwright simulate` as it is typed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from few_people import FewPeople
from typer.testing import CliRunner

from pipelines.cli import app


@pytest.fixture(autouse=True)
def few_people(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("pipelines.simulate.people")
    module.SimulatedPeople = FewPeople  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pipelines.simulate.people", module)


def typed(*words: object) -> Any:
    return CliRunner().invoke(app, ["simulate", *map(str, words)])


def test_home_is_made_and_what_to_type_next_is_said(tmp_path: Path):
    done = typed("--home", tmp_path / "home", "--days", 2, "--seed", 3, "--seats", 8)
    assert done.exit_code == 0
    assert "answered" in done.output
    assert "callwright run --home" in done.output
    again = typed("--home", tmp_path / "home", "--days", 2, "--seed", 3, "--seats", 8)
    assert (again.exit_code, "nothing was changed" in again.output) == (0, True)


def test_json_counts_contacts(tmp_path: Path):
    done = typed("--home", tmp_path / "home", "--days", 1, "--seed", 3, "--json")
    found = json.loads(done.stdout)
    assert (found["is_new"], found["day_count"]) == (True, 1)
    assert sum(row["contact_count"] for row in found["counts"]) > 20


def test_another_seed_is_a_mistake_of_use(tmp_path: Path):
    typed("--home", tmp_path / "home", "--days", 1, "--seed", 3)
    refused = typed("--home", tmp_path / "home", "--days", 1, "--seed", 4)
    assert refused.exit_code == 2
    assert "was simulated with seed 3, not 4" in refused.output
    assert "--home" in refused.output


@pytest.mark.parametrize("words", [("--days", 0), ("--seats", 0), ("--seed", -1), ("--scenario", "none.toml")])
def test_impossible_options_are_refused(tmp_path: Path, words):
    assert typed("--home", tmp_path / "home", *words).exit_code == 2
    assert not (tmp_path / "home").exists()


def test_help_has_examples():
    shown = CliRunner().invoke(app, ["simulate", "--help"], env={"COLUMNS": "200"}).output
    assert "Examples" in shown
    assert "callwright simulate --home data/year --days 365 --seed 7" in shown
