"""`callwright demo` as a newcomer types it, over a short year: riddles, answers that agree, nothing done twice."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines import ask, hunt
from pipelines.simulate.scenario import load_scenario

pytestmark = pytest.mark.end_to_end

COMMAND = Path(sys.executable).with_name("callwright")
# Long enough for the night that clocks went back, and the Tuesday.
DAYS = 50
OVER = {"leeds_tuesday", "clocks_back"}


def demo(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1"}
    command = [str(COMMAND), "demo", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)


@pytest.fixture(scope="module")
def short_year(shared_centre: Any) -> Any:
    """A home that `callwright demo --days` made; not to be changed."""

    def fill(centre: Any) -> None:
        shutil.rmtree(centre.path)
        made = demo("--home", centre.path, "--days", str(DAYS), "--seed", "7")
        assert made.returncode == 0, made.stderr
        (centre.path.parent / "short_year.txt").write_text(made.stdout)

    return shared_centre("short_year", fill)


@pytest.fixture
def said(short_year: Any) -> str:
    return (short_year.path.parent / "short_year.txt").read_text()


@pytest.fixture(params=hunt.load_clues(), ids=lambda clue: "_".join(clue.facts))
def clue(request: pytest.FixtureRequest) -> hunt.Clue:
    return request.param  # type: ignore[no-any-return]


def state_of(home: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in home.rglob("*") if p.is_file() and not p.name.startswith((".lock", "."))}


def test_riddles_of_what_is_over_are_asked_and_not_answered(said: str) -> None:
    assert "Treasure hunt" in said
    asked = {clue.title for clue in hunt.load_clues() if clue.title in said}
    assert asked == {clue.title for clue in hunt.load_clues() if OVER & set(clue.facts)}
    assert "2025-11-18" not in said
    assert re.search(r"callwright demo --answers --home \S+", said)
    for command in ("dashboard", "dagster", "sql", "explain"):
        assert re.search(rf"callwright {command} --home \S+", said)


def test_eighty_columns_without_colour_are_enough(said: str, short_year: Any) -> None:
    assert "\x1b" not in said
    lines = [line.rstrip() for line in said.splitlines() if str(short_year.path) not in line]
    assert max(map(len, lines)) <= 80


def test_second_demo_keeps_the_seed_does_nothing_and_says_it_all_again(short_year: Any, said: str) -> None:
    before = state_of(short_year.path)
    again = demo("--home", short_year.path, "--days", str(DAYS))
    assert again.returncode == 0, again.stderr
    assert "new since the last run" in again.stdout
    assert again.stdout[again.stdout.index("Queues") :] == said[said.index("Queues") :]
    other = demo("--home", short_year.path, "--days", str(DAYS), "--seed", "0")
    assert (other.returncode, "was simulated with seed 7, not 0; it stays as it is" in other.stderr) == (2, True)
    after = state_of(short_year.path)
    assert after.keys() == before.keys()
    assert {p for p in after if after[p] != before[p] and p.name != "warehouse.duckdb"} == set()


def test_truth_and_published_file_agree(short_year: Any) -> None:
    answers = hunt.answers(short_year.home)
    assert {answer.fact for answer in answers} == OVER
    assert [line for answer in answers for line in answer.lines if line.agrees is False] == []
    assert all(answer.is_found for answer in answers)
    printed = demo("--answers", "--home", short_year.path)
    assert printed.returncode == 0, printed.stderr
    assert re.search(r"business date +2025-11-18 +2025-11-18 +=\n", printed.stdout)
    assert "Two of two planted facts are found." in printed.stdout


def test_another_truth_is_not_found(short_year: Any, tmp_path: Path) -> None:
    home = type(short_year)(shutil.copytree(short_year.path, tmp_path / "home", symlinks=True)).home
    facts = home.path / "truth" / "facts.toml"
    facts.write_text(facts.read_text().replace("to_date = 2025-10-26", "to_date = 2025-10-19"))
    assert {a.fact: a.is_found for a in hunt.answers(home)} == {"leeds_tuesday": True, "clocks_back": False}


def test_every_planted_fact_has_its_riddle() -> None:
    asked = [fact for clue in hunt.load_clues() for fact in clue.facts]
    assert sorted(asked) == sorted(fact.id for fact in load_scenario().facts)


def test_riddle_can_be_asked_of_the_published_file_and_pasted(clue: hunt.Clue, short_year: Any) -> None:
    columns, _ = ask.query(short_year.home, clue.sql)
    assert len(columns) >= 2
    assert not set('"$`\\!') & set(clue.sql)
    assert max(map(len, clue.sql.splitlines())) <= 74


def test_riddle_gives_nothing_away(clue: hunt.Clue) -> None:
    told = " ".join((clue.question, clue.sql, clue.page or "", clue.hint or ""))
    for fact in load_scenario().facts:
        if fact.id in clue.facts:
            secrets = [str(fact.from_date), str(fact.to_date), fact.agent, fact.campaign]
            assert [secret for secret in secrets if secret and secret in told] == []


def test_sample_and_year_do_not_mix(short_year: Any, sample: Any) -> None:
    before = state_of(short_year.path), state_of(sample.path)
    over_the_sample = demo("--home", sample.path)
    assert over_the_sample.returncode == 2
    assert "holds a demo of the committed sample; it stays as it is" in over_the_sample.stderr
    assert f"callwright demo --home {sample.path}-year" in over_the_sample.stderr
    assert f"callwright demo --sample --home {sample.path}" in over_the_sample.stderr
    over_the_year = demo("--sample", "--home", short_year.path)
    assert (over_the_year.returncode, "is a simulated home" in over_the_year.stderr) == (2, True)
    assert (state_of(short_year.path), state_of(sample.path)) == before
    unknown = demo("--answers", "--home", sample.path)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "type: callwright demo" in unknown.stderr
