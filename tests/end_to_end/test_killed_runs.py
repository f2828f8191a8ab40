"""A run killed at any moment: what is published stays readable and whole, and the next run completes."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.published import open_published
from pipelines.router.store import current_version, open_version, scores_folder

pytestmark = pytest.mark.end_to_end

SCRIPT = Path(__file__).with_name("dying_run.py")
LANDING = Path(__file__).parents[2] / "data" / "sample" / "landing"
LOG = (LANDING / "asterisk_queue_log" / "queue_log").read_bytes().splitlines(keepends=True)
CUSTOMERS = (LANDING / "crm_customers" / "customers.csv").read_text().splitlines(keepends=True)
PUBLIC = (
    "core.contacts core.queue_visits core.agent_states core.customers"
    " kpi.queue_interval kpi.queue_day kpi.agent_day".split()
)
SCORES = "select * exclude (version, scored_at, expires_at) from ml.customer_scores order by all"

Dump = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def before(make_centre: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A published home with more to read: a log that stood in mid-line and has grown, a second one, more customers."""
    centre = make_centre(tmp_path_factory.mktemp("before") / "home")
    centre.land("asterisk_queue_log", "queue_log", b"".join(LOG[:300])[:-7])
    centre.land("crm_customers", "customers.csv", "".join(CUSTOMERS[:20]))
    centre.run(whole=True)
    centre.land("asterisk_queue_log", "queue_log", b"".join(LOG[:600]))
    centre.land("asterisk_queue_log", "more/queue_log.1", b"".join(LOG[600:900]) + b"rubbish\n")
    centre.land("crm_customers", "customers-2.csv", "".join([CUSTOMERS[0], *CUSTOMERS[20:30]]))
    return centre


@pytest.fixture
def home(before: Any, make_centre: Any, tmp_path: Path) -> Any:
    return copy_of(before, tmp_path)


def copy_of(centre: Any, folder: Path) -> Any:
    return type(centre)(shutil.copytree(centre.path, folder / "home", symlinks=True))


def dump(con: duckdb.DuckDBPyConnection) -> Dump:
    return {table: con.execute(f"select * from {table} order by all").fetchall() for table in PUBLIC}


def published(centre: Any) -> Dump:
    with open_published(centre.home) as con:
        return dump(con)


def died(centre: Any, kind: str, what: object) -> int:
    command = [sys.executable, str(SCRIPT), str(centre.path), kind, str(what)]
    return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode


@pytest.fixture(scope="module")
def ends(before: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Dump, Dump, list[tuple[Any, ...]], list[str]]:
    """What was published before the run, what is after an undisturbed one (and its scores), and the moments of it."""
    calm = copy_of(before, tmp_path_factory.mktemp("calm"))
    old = published(calm)
    command = [sys.executable, str(SCRIPT), str(calm.path), "moment", "0"]
    moments = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120).stdout.splitlines()
    new = published(calm)
    assert old != new
    assert len(new["core.customers"]) == 29
    return old, new, calm.published(SCORES), moments


def check_after_death(centre: Any, ends: tuple[Dump, Dump, list[tuple[Any, ...]], list[str]]) -> None:
    old, new, scores, _ = ends
    assert published(centre) in (old, new)
    version = current_version(centre.path)
    assert version is not None
    open_version(scores_folder(centre.path) / version)  # verifies its checksums and counts
    centre.run(whole=True)
    assert published(centre) == new
    assert centre.published(SCORES) == scores
    snapshots = [p.name for p in centre.home.serve.iterdir() if not p.is_symlink()]
    assert all(name.endswith(".duckdb") and not name.startswith(".") for name in snapshots)
    assert not list((centre.home.lake / "tmp").glob("*"))
    listed = {row[0] for row in centre.published("select snapshot from meta.publish")}
    assert {name.removesuffix(".duckdb") for name in snapshots} <= listed


STEPS = ["landing/asterisk_queue_log", "staging/numbers", "core/contacts", "publish/scores"]


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step(home: Any, ends: Any, step: str) -> None:
    assert died(home, "step", step) == -signal.SIGKILL
    check_after_death(home, ends)


@pytest.mark.parametrize("part", range(6))
def test_killed_just_before_a_visible_change(home: Any, ends: Any, part: int) -> None:
    # Of every sixth of the run's changes one, by a fixed throw of the dice.
    moments = ends[3]
    number = random.Random(part).randrange(part * len(moments) // 6, (part + 1) * len(moments) // 6) + 1
    assert died(home, "moment", number) == -signal.SIGKILL
    check_after_death(home, ends)


def nth(moments: list[str], after: str, name: str, number: int) -> int:
    """Position (from 1) of the number-th moment `name` after the moment `after`."""
    start = moments.index(after)
    return [i for i, m in enumerate(moments) if i > start and m == name][number - 1] + 1


CHANGES = [
    ("step landing/asterisk_queue_log", "replace", 1),  # rows in the lake, manifest not yet
    ("step landing/asterisk_queue_log", "replace", 3),  # whole lines committed, half line's successor not yet
    ("step publish/snapshot", "rename", 1),  # snapshot written, not yet in place
    ("step publish/snapshot", "replace", 1),  # in place, pointer not yet swapped
    ("step publish/scores", "replace", 1),
]


@pytest.mark.parametrize(("step", "change", "number"), CHANGES)
def test_killed_between_two_changes_that_belong_together(
    home: Any, ends: Any, step: str, change: str, number: int
) -> None:
    assert died(home, "moment", nth(ends[3], step, change, number)) == -signal.SIGKILL
    check_after_death(home, ends)


def test_killed_again_and_again(home: Any, ends: Any) -> None:
    count = len(ends[3])
    for number in (count // 5, count // 2, 4 * count // 5):
        died(home, "moment", number)
    check_after_death(home, ends)


def test_killed_by_the_clock_while_a_reader_asks(home: Any, ends: Any) -> None:
    command = [sys.executable, "-m", "pipelines", "run", "--home", str(home.path)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=SCRIPT.parents[2]
    ) as process:
        deadline = time.monotonic() + random.Random(7).uniform(4, 9)
        while time.monotonic() < deadline and process.poll() is None:
            assert published(home) in ends[:2]
        process.kill()
    check_after_death(home, ends)
