"""The stages of a benchmark, each run in a process of its own that notes what it took.

Belongs here: what a stage does, on a work folder that the stages share, and measuring it from within.
Does not belong here: the order of the stages, what the figures mean, printing (run.py).

`python -m pipelines.bench.stages STAGE WORK` runs one; its figures are then in WORK/STAGE.json.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from pipelines.bench.generate import write_queue_log
from pipelines.home import Home, init_home
from pipelines.ingest import ingest_source, readers
from pipelines.lake import Lake
from pipelines.plan import Plan, Step, make_plan
from pipelines.session import Session, open_session
from pipelines.settings import load_settings
from pipelines.warehouse import MEMORY_LIMIT

SOURCE = "asterisk_queue_log"
SEED = 1
# The longest line of a queue_log has five fields and six parameters (a transfer); one is to spare.
REFERENCE_COLUMN_COUNT = 12

Figures = dict[str, Any]
T = TypeVar("T")


def home_of(work: Path) -> Home:
    """The home that is measured."""
    return Home(work / "home")


def log_of(work: Path) -> Path:
    """The landed log."""
    return home_of(work).landing_of(SOURCE) / "queue_log"


def generate(work: Path) -> Figures:
    """Makes the home and writes the log; the number of events is in WORK/events."""
    init_home(home_of(work).path)
    truth = write_queue_log(log_of(work), int((work / "events").read_text()), SEED)
    return {"truth": asdict(truth), "bytes_count": log_of(work).stat().st_size}


def reference(work: Path) -> Figures:
    """DuckDB's own reader of the same file into a table of text, and nothing else."""
    columns = {f"f{number}": "VARCHAR" for number in range(1, REFERENCE_COLUMN_COUNT + 1)}
    (work / "reference.duckdb").unlink(missing_ok=True)
    with duckdb.connect(work / "reference.duckdb") as con:
        con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        con.execute(
            f"create table events as select * from read_csv('{log_of(work)}', delim = '|', header = false, quote = '',"
            f" escape = '', null_padding = true, auto_detect = false, columns = {columns})"
        )
        ((row_count,),) = con.execute("select count(*) from events").fetchall()
    return {"row_count": row_count}


def parse(work: Path) -> Figures:
    """From landing to the lake."""
    home = home_of(work)
    report = ingest_source(Lake(home.lake, home.landing), readers(load_settings(home.path), home)[SOURCE], home)
    return {"row_count": report.row_count, "rejected_count": report.rejected_count}


def build(work: Path) -> Figures:
    """From the lake to the last KPI table, with the ledger and the other tables about the data."""
    with session_of(work) as (plan, session):
        groups = ("raw", "staging", "core", "kpi")
        tables = run_steps(session, [step for step in plan.ordered() if step.group in groups or is_early(step)])
        return {"tables": tables, "found": _found(session.warehouse.con)}


def score(work: Path) -> Figures:
    """Features, models and scores; the log alone has no customers, so this is the cost of looking."""
    with session_of(work) as (plan, session):
        return {
            "tables": run_steps(
                session, [s for s in plan.ordered() if s.group in ("features", "ml") or is_of_models(s)]
            )
        }


def check(work: Path) -> Figures:
    """The contracts of all tables and the truths between them."""
    with session_of(work) as (plan, session):
        tables = {step.name: _timed(session.check, step.table) for step in plan.ordered() if step.checks}
        failed = [f"{r.table_name} {r.check_name}: {r.observed}" for r in session.results if not r.passed]
        return {"tables": tables, "check_count": len(session.results), "failed": failed}


def publish(work: Path) -> Figures:
    """The dictionary and the published file, written and verified."""
    with session_of(work) as (plan, session):
        steps = [s for s in plan.ordered() if s.name != "publish/scores" and (s.group == "publish" or _is_late(s))]
        tables = run_steps(session, steps)
        assert session.snapshot is not None
        return {"tables": tables, "bytes_count": session.snapshot.path.stat().st_size}


STAGES: dict[str, Callable[[Path], Figures]] = {
    stage.__name__: stage for stage in (generate, reference, parse, build, score, check, publish)
}


def _is_late(step: Step) -> bool:
    """Whether it tells of the publish itself."""
    return step.group == "meta" and "publish/dictionary" in step.needs


# Alerts, which tell of models too.
_OF_MODELS = ("meta/_findings", "meta/alerts", "meta/_alert_events", "meta/alert_events")


def is_of_models(step: Step) -> bool:
    """Whether it is a table about the data that comes after the models."""
    return step.name in _OF_MODELS


def is_early(step: Step) -> bool:
    """Whether it is a table about the data that needs neither models nor the publish."""
    return step.group == "meta" and not _is_late(step) and not is_of_models(step)


@contextmanager
def session_of(work: Path) -> Iterator[tuple[Plan, Session]]:
    """A run over the home that is measured."""
    home = home_of(work)
    plan = make_plan(home, readers(load_settings(home.path), home))
    with open_session(home, plan.models, plan.checks, "bench") as session:
        yield plan, session


def run_steps(session: Session, steps: list[Step]) -> dict[str, float]:
    """Does steps; seconds of each."""
    return {step.name: _timed(step.run, session) for step in steps}


def _timed(call: Callable[[T], object], argument: T) -> float:
    begun = time.perf_counter()
    call(argument)
    return round(time.perf_counter() - begun, 3)


def _found(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """What the pipeline says of the log, under the names of `Truth`."""
    sums = (
        "offered_count", "answered_count", "abandoned_count", "timed_out_count", "exited_by_key_count",
        "transferred_count", "wait_s", "answered_wait_s", "abandoned_wait_s", "talk_s",
    )  # fmt: skip
    queries = {name: f"select sum({name}) from kpi.queue_day" for name in sums}
    queries["event_count"] = "select count(*) from staging.asterisk_queue_log"
    queries["ring_no_answer_count"] = "select sum(ring_no_answer_count) from kpi.agent_day"
    queries["contact_count"] = "select count(*) from core.contacts"
    queries["difference_count"] = "select sum(difference_count) from meta.ledger"
    return {name: int(con.execute(query).fetchall()[0][0] or 0) for name, query in queries.items()}


def peak_bytes() -> int:
    """The most memory that this process had at once.

    Where the kernel tells it of the program alone (Linux), from there: `getrusage` begins with what the parent had.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def measure(stage: str, does: Callable[[Path], Figures], work: Path) -> None:
    """Does one stage and writes its figures: seconds of wall and CPU time, bytes of memory, and what it says itself."""
    begun, cpu_begun = time.perf_counter(), time.process_time()
    figures = does(work)
    measured = {
        "wall_s": time.perf_counter() - begun,
        "cpu_s": time.process_time() - cpu_begun,
        "peak_bytes": peak_bytes(),
    }
    (work / f"{stage}.json").write_text(json.dumps({**measured, **figures}))


if __name__ == "__main__":
    measure(sys.argv[1], STAGES[sys.argv[1]], Path(sys.argv[2]))
