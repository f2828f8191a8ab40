"""Making and opening a home, its file modes, and one run at a time."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.errors import CallwrightError, EnvironmentProblem, SettingsError
from pipelines.home import TEMPLATE, Home, init_home, open_home
from pipelines.settings import BUILT_IN_SOURCES, load_settings

IS_ROOT = os.geteuid() == 0
HOLD = """
import os, sys, time
from pathlib import Path
from pipelines.home import Home
with Home(Path(sys.argv[1])).run_lock():
    if "fork" in sys.argv and os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(60)
    if "fork" not in sys.argv:
        print(os.getpid(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    assert init_home(tmp_path / "home")
    return open_home(tmp_path / "home")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


# Making one


def test_a_new_home_has_a_folder_for_every_source_and_for_every_product(home: Home) -> None:
    assert sorted(path.name for path in home.landing.iterdir()) == sorted(BUILT_IN_SOURCES)
    for folder in (home.lake, home.serve, home.scores, home.models, home.dagster, home.keys):
        assert folder.is_dir()
    assert not home.warehouse.exists()
    assert not home.current_snapshot.exists()


def test_a_new_home_has_the_template_when_nothing_is_given(home: Home) -> None:
    assert home.settings_path.read_text(encoding="utf-8") == TEMPLATE.read_text(encoding="utf-8")


def test_keys_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        init_home(tmp_path)
    finally:
        os.umask(before)
    keys = Home(tmp_path).keys
    assert mode(keys) == 0o700
    assert [mode(path) for path in keys.iterdir()] == [0o600]


def test_what_is_given_stands_in_the_settings_and_the_comments_stay(tmp_path: Path) -> None:
    name = 'Müller & "Söhne" \\ 客服'
    assert init_home(tmp_path, name=name, timezone="Asia/Shanghai", region="CN", currency="CNY")
    centre = load_settings(tmp_path).centre
    assert (centre.name, centre.timezone, centre.region, centre.currency) == (name, "Asia/Shanghai", "CN", "CNY")
    written, template = ((path / "callwright.toml").read_text("utf-8") for path in (tmp_path, TEMPLATE.parent))
    assert len([line for line in written.splitlines() if line not in template.splitlines()]) == 4


def test_an_existing_home_is_left_as_it_is(home: Home) -> None:
    home.settings_path.write_text('[centre]\nname = "mine"\n')
    before = contents(home.path)
    assert init_home(home.path, name="other") is False
    assert contents(home.path) == before


def test_a_half_made_home_is_completed_with_the_same_key(home: Home) -> None:
    home.settings_path.unlink()
    home.scores.rmdir()
    keys = contents(home.keys)
    assert keys
    assert init_home(home.path)
    assert home.scores.is_dir()
    assert contents(home.keys) == keys


def test_a_value_that_cannot_be_used_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match='no time zone is called "Europe/Londn"; the nearest is "Europe/London"'):
        init_home(tmp_path / "home", timezone="Europe/Londn")
    with pytest.raises(SettingsError, match="one line of text"):
        init_home(tmp_path / "home", name="a\nb")
    assert not (tmp_path / "home").exists()


def test_a_file_in_the_way_is_a_problem_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(EnvironmentProblem, match="home") as caught:
        init_home(tmp_path / "home")
    assert caught.value.exit_code == 5


@pytest.mark.skipif(IS_ROOT, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_a_problem_of_the_environment(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(EnvironmentProblem, match="Permission denied"):
        init_home(tmp_path / "home")


def test_a_custom_source_gets_its_landing_folder(home: Home) -> None:
    (home.path / "sources/bank.sql").write_text("select 1 from input")
    with home.settings_path.open("a") as file:
        file.write('[sources.bank]\nkind = "calls"\nformat = "csv"\nsql = "sources/bank.sql"\n')
    home.make_folders(load_settings(home.path))
    assert home.landing_of("bank").is_dir()


# Opening one


def test_what_is_no_home_says_what_to_type(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none", "does not exist"), (tmp_path, "has no callwright.toml")):
        with pytest.raises(SettingsError, match=why) as caught:
            open_home(path)
        assert caught.value.hint is not None
        assert f"callwright init --home {path}" in caught.value.hint


def test_a_home_stays_where_it_is_when_the_working_directory_changes(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home.path.parent)
    opened = open_home(Path("home"))
    monkeypatch.chdir("/")
    assert opened.settings_path.is_file()


# One run at a time


def hold(home: Home, *how: str) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(home.path), *how], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_a_second_run_is_refused_and_told_of_the_first(home: Home) -> None:
    process, pid = hold(home)
    try:
        told = pytest.raises(CallwrightError, match=rf"another run is under way in .*home \(process {pid}\)")
        with told as caught, home.run_lock():
            pytest.fail("two runs at once")
        assert caught.value.exit_code == 1
        assert caught.value.hint
    finally:
        process.kill()
        process.communicate()


def test_a_run_that_was_killed_leaves_the_home_free(home: Home) -> None:
    process, _ = hold(home)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with home.run_lock():
        pass


def test_a_forked_worker_that_outlives_its_killed_run_does_not_keep_the_home(home: Home) -> None:
    process, worker = hold(home, "fork")
    try:
        with pytest.raises(CallwrightError, match="another run"), home.run_lock():
            pytest.fail("two runs at once")
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.kill(worker, 0)
        with home.run_lock():
            pass
    finally:
        os.kill(worker, signal.SIGKILL)
        process.communicate()


def test_a_run_that_failed_leaves_the_home_free(home: Home) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError, match="broken"), home.run_lock():
            raise RuntimeError("broken")


def test_a_run_within_a_run_is_refused(home: Home) -> None:
    with home.run_lock(), pytest.raises(CallwrightError, match="another run"), home.run_lock():
        pytest.fail("two runs at once")


def test_a_refused_run_does_not_free_the_home_nor_wait(home: Home) -> None:
    process, _ = hold(home)
    try:
        began = time.monotonic()
        for _ in range(2):
            with pytest.raises(CallwrightError, match="another run"), home.run_lock():
                pytest.fail("two runs at once")
        assert time.monotonic() - began < 5
    finally:
        process.kill()
        process.communicate()
