"""What needs more memory than a run usually takes: it is done with more, or said to be the machine's fault.

Belongs here: `Session.with_room`, and what becomes of DuckDB's own error. Not here: a full disk (test_bad_input.py).
"""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from pipelines import session, warehouse
from pipelines.contracts.evaluate import run_contract
from pipelines.contracts.registry import CONTRACTS
from pipelines.errors import EnvironmentProblem
from pipelines.ingest import readers
from pipelines.machine import machine_problem
from pipelines.plan import make_plan
from pipelines.session import open_session
from pipelines.settings import load_settings

# 40 MB in one group, which cannot go to the disk in part.
MUCH = "create or replace table build.much as select len(list(i)) as n from range(5_000_000) as t(i)"


@pytest.fixture
def opened(centre: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A session of little memory, and what it has told."""
    for module in (warehouse, session):
        monkeypatch.setattr(module, "MEMORY_LIMIT", "20MiB")
    plan = make_plan(centre.home, readers(load_settings(centre.path), centre.home))
    told: list[str] = []
    with open_session(centre.home, plan.models, plan.checks, "test", told.append) as found:
        yield found, told


def limit_of(found: Any) -> str:
    ((limit,),) = found.warehouse.con.execute("select current_setting('memory_limit')").fetchall()
    return str(limit)


def test_what_needs_more_is_done_once_more_with_half_of_the_machines_memory(opened: Any) -> None:
    found, told = opened
    con, limits = found.warehouse.con, []

    def make() -> str:
        limits.append(limit_of(found))
        con.execute(MUCH)
        return "made"

    with pytest.raises(duckdb.OutOfMemoryException):
        con.execute(MUCH)
    assert found.with_room(make) == "made"
    assert con.execute("select n from build.much").fetchall() == [(5_000_000,)]
    assert (limits[0], len(limits), limits[1] != limits[0]) == ("20.0 MiB", 2, True)
    assert limit_of(found) == "20.0 MiB"
    assert told == ["once more with half of the machine's memory: 20MiB is too little"]


def test_what_even_that_does_not_hold_is_a_problem_of_the_machine(opened: Any) -> None:
    found, _ = opened

    def fail() -> None:
        raise duckdb.OutOfMemoryException("Out of Memory Error: failed to pin block\nPossible solutions:\n")

    with pytest.raises(duckdb.OutOfMemoryException) as caught:
        found.with_room(fail)
    assert limit_of(found) == "20.0 MiB"
    problem = machine_problem(caught.value, "core/contacts")
    assert isinstance(problem, EnvironmentProblem)
    assert str(problem) == "core/contacts: memory is too little: Out of Memory Error: failed to pin block"
    assert "a machine with more" in (problem.hint or "")


def test_too_little_memory_is_no_failed_check() -> None:
    class Full:
        def execute(self, _query: str) -> None:
            raise duckdb.OutOfMemoryException("Out of Memory Error")

    with pytest.raises(duckdb.OutOfMemoryException):
        run_contract(Full(), CONTRACTS[0])  # type: ignore[arg-type]
