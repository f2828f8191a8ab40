"""A simulated home: the same bytes for the same seed, files that grow and are never changed, homes that are refused."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from few_people import FewPeople

from pipelines.errors import CallwrightError, SettingsError
from pipelines.home import init_home
from pipelines.settings import load_settings
from pipelines.simulate.centre import Centre
from pipelines.simulate.journeys import Journey
from pipelines.simulate.run import landed, simulate
from pipelines.simulate.writers.output import Output


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def five_days(simulate_home):
    return simulate_home(5)


def test_same_seed_gives_the_same_bytes(five_days, simulate_home):
    again = simulate_home(5)
    assert contents(again.landing) == contents(five_days.landing)
    assert contents(again.path / "truth") == contents(five_days.path / "truth")
    assert again.simulated.home.settings_path.read_bytes() == five_days.simulated.home.settings_path.read_bytes()


def test_another_seed_gives_other_bytes_in_files_of_the_same_names(five_days, simulate_home):
    other = simulate_home(5, seed=8)
    assert contents(other.landing).keys() == contents(five_days.landing).keys()
    same = [name for name, data in contents(other.landing).items() if data == contents(five_days.landing)[name]]
    assert same == []


def test_nothing_unfinished_is_left(five_days):
    assert list(five_days.path.rglob("*.part")) == []
    assert set(landed(five_days.simulated.home)) == set(contents(five_days.landing))


def test_home_has_settings_that_can_be_read(five_days):
    settings = load_settings(five_days.path)
    assert {site.name for site in settings.sites} == {"leeds", "chengdu"}
    assert set(settings.sources.custom) == {"chat", "email", "menu", "dialler"}


def test_more_days_add_to_files_and_leave_finished_ones_alone(simulate_home, tmp_path):
    home = tmp_path / "home"
    short = simulate_home(5, path=home)
    before, stamps = contents(short.landing), {p: p.stat().st_mtime_ns for p in short.landing.rglob("queue_log-*")}
    simulate_home(7, path=home)
    after = contents(short.landing)
    assert all(after[name].startswith(data) for name, data in before.items())
    assert len(after) > len(before)
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    assert after == contents(simulate_home(7).landing)


def test_same_days_again_do_nothing_and_a_lost_file_comes_back(simulate_home, tmp_path):
    home = tmp_path / "home"
    first = simulate_home(3, path=home)
    whole = contents(first.landing)
    assert not simulate_home(3, path=home).simulated.is_new
    (first.landing / "agents" / "agents.csv").unlink()
    assert simulate_home(3, path=home).simulated.is_new
    assert contents(first.landing) == whole


def test_interrupted_simulation_leaves_no_drafts_and_can_be_made_again(simulate_home, scenario_of, tmp_path):
    home, told = tmp_path / "home", []

    def stop(what: str) -> None:
        told.append(what)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(home, scenario_of(), 4, 7, stop, FewPeople)
    assert list(home.rglob("*.part")) == []
    assert told[0].startswith("2025-10-01 (day 1 of 4)")
    assert contents(simulate_home(4, path=home).landing) == contents(simulate_home(4).landing)


def test_changed_file_is_said_and_stays(simulate_home, tmp_path):
    home = tmp_path / "home"
    made = simulate_home(3, path=home)
    file = made.landing / "agents" / "agents.csv"
    file.write_text("mine\n")
    with pytest.raises(CallwrightError, match="is not what this simulation wrote"):
        simulate_home(4, path=home)
    assert file.read_text() == "mine\n"
    assert list(home.rglob("*.part")) == []


def test_home_that_was_not_simulated_is_refused(simulate_home, tmp_path):
    init_home(tmp_path / "own")
    with pytest.raises(SettingsError, match="was not simulated"):
        simulate_home(3, path=tmp_path / "own")
    (tmp_path / "files" / "landing" / "crm_orders").mkdir(parents=True)
    (tmp_path / "files" / "landing" / "crm_orders" / "orders.csv").write_text("order_id\n")
    with pytest.raises(SettingsError, match="was not simulated"):
        simulate_home(3, path=tmp_path / "files")


def test_other_seed_scenario_or_fewer_days_are_refused(simulate_home, tmp_path):
    home = tmp_path / "home"
    simulate_home(3, path=home)
    with pytest.raises(SettingsError, match="with seed 7, not 9"):
        simulate_home(3, seed=9, path=home)
    with pytest.raises(SettingsError, match="another scenario"):
        simulate_home(3, path=home, seats=12)
    with pytest.raises(SettingsError, match="has 3 days already"):
        simulate_home(2, path=home)


def test_every_arrival_ends_once_or_goes_on_and_every_end_is_told(five_days):
    people = five_days.people
    ids = [ended.call.contact_id for ended in people.ended_calls]
    assert len(ids) == len(set(ids))
    truth = pq.read_table(five_days.path / "truth" / "contacts.parquet").to_pylist()
    told = [row["contact_id"] for row in truth]
    assert len(told) == len(set(told))
    of_lists = {attempt.contact_id for attempt in people.attempts if attempt.contact_id}
    assert set(told) == set(ids) | of_lists
    fresh = [row for row in truth if row["cause"] == "fresh"]
    open_count = len(people.begun) - len(fresh)
    # Calls and chats are over by night; e-mails may wait for the morning.
    emails = sum(channel == "email" for channel, _ in people.begun)
    assert open_count == emails - sum(row["channel"] == "email" for row in fresh)
    assert 0 <= open_count < 60


def test_times_of_the_truth_follow_each_other(five_days):
    for row in pq.read_table(five_days.path / "truth" / "contacts.parquet").to_pylist():
        assert row["ended_at"] >= row["arrived_at"]
        assert all((row[name] or 0) >= 0 for name in ("wait_s", "ring_s", "talk_s", "hold_s", "wrap_s"))
        assert (row["outcome"] == "answered") == (row["talk_s"] is not None)


def test_lists_are_dialled_and_the_hold_out_is_not(five_days):
    attempts = five_days.people.attempts
    assert {a.arm for a in attempts if a.dialled_at} == {"treatment"}
    assert {a.connected for a in attempts if a.dialled_at} == {True, False}
    assert all(a.agent and a.talk_s for a in attempts if a.connected)


def test_nothing_of_a_contact_is_kept_once_it_is_over(scenario_of, tmp_path):
    class Forgetful(FewPeople):
        def end_day(self, day: date) -> None:
            for kept in (self.begun, self.ended_calls, self.attempts):
                kept.clear()

    scenario, counts = scenario_of(seats=60), []
    output = Output(scenario, 3, tmp_path / "landing", tmp_path / "truth")
    centre = Centre(scenario, 3, Forgetful(scenario, 3, output), output)
    for number in range(6):
        centre.run_day(scenario.starts_on + timedelta(days=number))
        gc.collect()
        counts.append(sum(isinstance(thing, Journey) for thing in gc.get_objects()))
    output.discard()
    assert output.counts.total() > 1500
    # What is left are e-mails that wait for the morning; the sixth day is a Monday.
    assert max(counts[0], counts[1], counts[2], counts[5]) < 60


def test_interpreter_and_folder_do_not_matter(tmp_path):
    """Another process, with other hashes of texts, writes the same bytes."""
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2]);"
        "from few_people import FewPeople; from pipelines.simulate.run import simulate;"
        "from pipelines.simulate.scenario import load_scenario;"
        "simulate(Path(sys.argv[1]), load_scenario(seats=10), 2, 5, lambda _: None, FewPeople)"
    )
    made = []
    for hashes in ("1", "2"):
        home = tmp_path / hashes
        subprocess.run(
            [sys.executable, "-c", script, str(home), str(Path(__file__).parent)],
            env={**os.environ, "PYTHONHASHSEED": hashes}, check=True, timeout=120, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        made.append({**contents(home / "landing"), **contents(home / "truth")})
    assert made[0] == made[1]
