"""Makes Dagster assets of the plan's steps: the one place where a step meets Dagster.

Belongs here: what the UI shows of a step (group, owner, kinds, columns, figures), and checks that block what follows.
Does not belong here: what a step does (plan.py and the modules it names).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.contracts.results import CheckResult, explain_failures
from pipelines.errors import CallwrightError
from pipelines.home import Home
from pipelines.ingest import readers
from pipelines.machine import machine_problem
from pipelines.plan import Plan, Step, make_plan
from pipelines.session import Session, open_session
from pipelines.settings import Settings, load_settings, resolve_home
from pipelines.sqlgraph import Column

warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)

POOL = "duckdb_writer"
CHECK = "contract"
# Steps of these groups are tables of the warehouse; the others read files or write them.
TABLE_GROUPS = ("raw", "staging", "core", "kpi", "features", "ml", "meta")


class HomeResource(dg.ConfigurableResource[Session]):
    """One session for all steps of a run, and with it the home's lock.

    Attributes:
        home: The home's folder.
    """

    home: str

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Session]:
        """Opens the home for the run; see `open_session` for errors."""
        home = Home(Path(self.home))
        plan = plan_of(self.home)
        run_id = context.run.run_id if context.run else "none"
        heard = _listener.get() or Heard(lambda _: None)
        with _overheard(), open_session(home, plan.models, plan.checks, run_id, heard.progress) as session:
            heard.session = session
            end_dead_runs(context.instance or dg.DagsterInstance.get(), run_id)
            yield session


def end_dead_runs(instance: dg.DagsterInstance, living: str = "") -> list[str]:
    """Ends the runs that were killed: Dagster would count them as running, and their steps would keep the pool.

    Args:
        instance: The record of the home's runs. The caller holds the home's lock, so that no other run is under way.
        living: The run of the caller.

    Returns:
        The runs that were ended.
    """
    under_way = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    dead = [run for run in instance.get_runs(dg.RunsFilter(statuses=under_way)) if run.run_id != living]
    for run in dead:
        instance.report_run_failed(run, "Its process ended without a word; what it had begun is done by the next run.")
    slots = instance.event_log_storage
    if slots.supports_global_concurrency_limits:
        for run_id in {run_id for key in slots.get_concurrency_keys() for run_id in _runs_at(slots, key)} - {living}:
            slots.free_concurrency_slots_for_run(run_id)
    return [run.run_id for run in dead]


def _runs_at(slots: Any, pool: str) -> set[str]:
    """The runs that hold a pool or wait for it: a slot that is freed goes to whoever waits, dead or not."""
    info = slots.get_concurrency_info(pool)
    return {*info.active_run_ids, *info.assigned_run_ids, *info.pending_run_ids}


@dataclass
class Heard:
    """What the command line, which runs the job in its own process, learns of the run beside Dagster's record.

    Attributes:
        progress: Told what is being done.
        session: The session of the run, once it is open.
        error: The first error of ours, as it was raised: Dagster keeps only its text.
    """

    progress: Callable[[str], None]
    session: Session | None = None
    error: CallwrightError | None = None


_listener: ContextVar[Heard | None] = ContextVar("listener", default=None)


@contextmanager
def listening(progress: Callable[[str], None]) -> Iterator[Heard]:
    """While it lasts, runs of this process tell what they do."""
    heard = Heard(progress)
    token = _listener.set(heard)
    try:
        yield heard
    finally:
        _listener.reset(token)


@contextmanager
def _overheard() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        known = error if isinstance(error, CallwrightError) else machine_problem(error)
        heard = _listener.get()
        if known is not None and heard is not None and heard.error is None:
            heard.error = known
        raise


@lru_cache(maxsize=4)
def plan_of(home: str) -> Plan:
    """The plan of a home; that of an unmade home shows the built-in sources."""
    path = Path(home)
    settings = load_settings(path) if Home(path).settings_path.is_file() else Settings()
    return make_plan(Home(path), readers(settings, Home(path)))


def home_of_environment() -> str:
    """The home that CALLWRIGHT_HOME names, absolute."""
    return str(resolve_home().absolute())


def assets_of(*groups: str) -> dg.Definitions:
    """The assets of all steps in some groups."""
    plan = plan_of(home_of_environment())
    steps = [step for step in plan.ordered() if step.group in groups]
    return dg.Definitions(assets=[_asset(step) for step in steps])


def _key(name: str) -> dg.AssetKey:
    return dg.AssetKey(name.split("/"))


def _asset(step: Step) -> dg.AssetsDefinition:
    specs = [_check_spec(step)] if step.checks else []

    @dg.asset(
        key=_key(step.name),
        deps=[_key(name) for name in step.needs],
        description=step.description,
        group_name=step.group,
        owners=[step.owner],
        kinds=set(step.kinds),
        tags={"layer": step.group, "pii": "yes" if _holds_pii(step) else "no"},
        metadata=_metadata(step),
        check_specs=specs,
        pool=POOL,
    )
    def asset(session: dg.ResourceParam[Session]) -> Iterator[dg.MaterializeResult[Any]]:
        with _overheard():
            figures = session.with_room(lambda: step.run(session))
            results = session.with_room(lambda: session.check(step.table)) if step.checks else []
        yield dg.MaterializeResult(
            metadata={**figures, **(_table_figures(step, session) if step.group in TABLE_GROUPS else {})},
            check_results=[_check_result(results)] if step.checks else [],
        )

    return asset


def _holds_pii(step: Step) -> bool:
    return step.group in ("landing", "raw") or any("pii" in column.tags for column in step.columns)


def _metadata(step: Step) -> dict[str, Any]:
    if step.group not in TABLE_GROUPS:
        return {}
    # Types are the database's to say, so they come with the first materialisation.
    schema = dg.TableSchema([_column(column, "") for column in step.columns])
    return {"dagster/table_name": step.table, "dagster/column_schema": schema}


def _table_figures(step: Step, session: Session) -> dict[str, Any]:
    """Rows of a table as it stands now, and its columns with the types that the database gave them."""
    table = session.warehouse.con.table(step.table)
    documented = {column.name: column for column in step.columns}
    columns = [
        _column(documented.get(name, Column(name, "", {})), str(kind))
        for name, kind in zip(table.columns, table.types, strict=True)
    ]
    return {
        "dagster/row_count": session.warehouse.row_count(step.table),
        "dagster/column_schema": dg.TableSchema(columns),
    }


def _column(column: Column, kind: str) -> dg.TableColumn:
    tags = {"pii": "yes"} if "pii" in column.tags else None
    return dg.TableColumn(column.name, type=kind, description=column.description or None, tags=tags)


def _check_spec(step: Step) -> dg.AssetCheckSpec:
    description = "The table's contract and the truths that guard it; a failing one stops the publish."
    return dg.AssetCheckSpec(CHECK, asset=_key(step.name), blocking=True, description=description)


def _check_result(results: list[CheckResult]) -> dg.AssetCheckResult:
    """What Dagster keeps of the checks: no row at fault is in it, for it may name a person, and this is a log."""
    failed = [r for r in results if not r.passed]
    stops = any(r.stops_publish for r in failed)
    told = explain_failures([replace(r, sample=()) for r in results])
    return dg.AssetCheckResult(
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if stops else dg.AssetCheckSeverity.WARN,
        check_name=CHECK,
        description=f"{told}\n`callwright run` shows the rows." if told else f"{len(results)} checks passed",
        metadata={"checks": len(results), "failed": len(failed), "results": _result_table(results)},
    )


def _result_table(results: list[CheckResult]) -> dg.TableMetadataValue:
    told = ("check_name", "passed", "severity", "observed", "meaning")
    worst_first = sorted(results, key=lambda r: (r.passed, r.check_name))
    return dg.MetadataValue.table([dg.TableRecord({name: getattr(r, name) for name in told}) for r in worst_first])
