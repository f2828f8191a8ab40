"""What tests of whole homes share: making a home, landing files in it, running its plan, asking its tables.

Belongs here: fixtures that several rooms use. Does not belong here: a room's own rows (its conftest.py).
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.contracts.results import explain_failures
from pipelines.home import Home, init_home
from pipelines.identity import key_path
from pipelines.ingest import SourceReport, readers
from pipelines.plan import Plan, Step, make_plan
from pipelines.published import open_published
from pipelines.session import Session, open_session
from pipelines.settings import load_settings

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
SAMPLE = ROOT / "data" / "sample"
# Everything that a figure is made of; importing what checks and trains costs seconds that most tests need not spend.
FIGURES = ("landing", "raw", "staging", "core", "kpi")
SECRET = bytes(range(32))
EARLY_META = ("meta/source_files", "meta/rejects", "meta/ledger")


# Files that take long begin first, so that no process waits for another at the end; and the simulated year is made
# well before the second file that reads it. (pytest itself orders folders by name, in whatever order they are given.)
LONG = ("tests/end_to_end/", "tests/browser/", "tests/benchmarks/", "tests/simulate/test_planted.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: next((n for n, name in enumerate(LONG) if item.nodeid.startswith(name)), len(LONG)))


class ChecksStopped(AssertionError):
    """A blocking data check failed, as a run would say it."""


class Centre:
    """One home: land files, run its plan without Dagster, ask its tables."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.home = Home(path)

    def land(self, source: str, name: str, content: bytes | str) -> Path:
        path = self.home.landing_of(source) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def land_sample(self, *sources: str) -> Centre:
        shutil.copy(SAMPLE / "callwright.toml", self.path)
        for source in sources or [p.name for p in (SAMPLE / "landing").iterdir()]:
            shutil.copytree(SAMPLE / "landing" / source, self.home.landing_of(source), dirs_exist_ok=True)
        return self

    def write(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, *, whole: bool = False, checks: bool = False, run_id: str = "test") -> list[SourceReport]:
        """Runs the steps up to kpi (`whole`: all of them), as pipelines/assets.py does; returns what was read."""
        plan = _plan(self.path, self.home.settings_path.read_text(), tuple(_own_sql(self.path)))
        with open_session(self.home, plan.models, plan.checks, run_id) as session:
            for step in plan.ordered():
                if whole or step.group in FIGURES or step.name in EARLY_META:
                    _take(step, session, checks or whole)
            return session.reports

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the private warehouse."""
        with duckdb.connect(self.home.warehouse, read_only=True) as con:
            con.execute("set TimeZone = 'UTC'")
            return con.execute(query).fetchall()

    def published(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the published file, as a reader gets them."""
        with open_published(self.home) as con:
            return con.execute(query).fetchall()

    def tables(self, *schemas: str) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all tables of some schemas, sorted; without steps that are nobody's interface."""
        with duckdb.connect(self.home.warehouse, read_only=True) as con:
            con.execute("set TimeZone = 'UTC'")
            names = con.execute(
                "select distinct schema_name || '.' || table_name from duckdb_columns()"  # of tables and views
                " where list_contains(?, schema_name) and table_name not like '\\_%' escape '\\' order by 1",
                [list(schemas)],
            ).fetchall()
            return {name: con.execute(f"select * from {name} order by all").fetchall() for (name,) in names}


def _take(step: Step, session: Session, checks: bool) -> None:
    step.run(session)
    results = session.check(step.table) if step.checks and checks else []
    if any(r.stops_publish for r in results):
        raise ChecksStopped(explain_failures(results))


def _own_sql(home: Path) -> Iterator[str]:
    """Text of the home's SQL: another text is another plan."""
    for folder in ("sources", "checks"):
        for path in sorted((home / folder).glob("*.sql")):
            yield path.read_text()


@lru_cache(maxsize=8)
def _plan(path: Path, _settings: str, _sql: tuple[str, ...]) -> Plan:
    home = Home(path)
    return make_plan(home, readers(load_settings(path), home))


@pytest.fixture(scope="session")
def make_centre() -> Callable[[Path], Centre]:
    """Makes an empty home at a path."""

    def make(path: Path) -> Centre:
        init_home(path)
        # One secret for all: two homes of the same files then have the same pseudonyms.
        key_path(path).write_bytes(SECRET)
        return Centre(path)

    return make


@pytest.fixture
def centre(make_centre: Callable[[Path], Centre], tmp_path: Path) -> Centre:
    """An empty home of the test's own."""
    return make_centre(tmp_path / "home")


@pytest.fixture(scope="session")
def shared_centre(
    make_centre: Callable[[Path], Centre], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, Callable[[Centre], object]], Centre]:
    """A home that all tests, of all test processes, read and none may change: `shared_centre(name, fill)`."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root

    def share(name: str, fill: Callable[[Centre], object]) -> Centre:
        path, done = root / name, root / f"{name}.done"
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(path, ignore_errors=True)
                fill(make_centre(path))
                done.touch()
        return Centre(path)

    return share


@pytest.fixture(scope="session")
def sample(shared_centre: Callable[[str, Callable[[Centre], object]], Centre]) -> Centre:
    """The sample's home after a whole run, checks, models and publishing included; not to be changed."""
    return shared_centre("sample", lambda centre: centre.land_sample().run(whole=True))


@pytest.fixture(scope="session")
def shared_file() -> Callable[[str], Path]:
    """A file of the shared real data; skips the test, saying so, where it is absent."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"the shared data has no {name} here")
        return path

    return find
