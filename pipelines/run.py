"""`callwright run`: everything that is new, from landing to published scores, as one Dagster run in this process.

Belongs here: whether there is anything to do, starting the job, and turning what went wrong into an error a user can
act upon. Does not belong here: steps (plan.py), assets (assets.py), printing (cli.py). Dagster is imported inside
functions.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import yaml

from pipelines.alerts import UNTOLD
from pipelines.contracts.results import CheckResult, explain_failures
from pipelines.errors import CallwrightError, ChecksFailed
from pipelines.home import Home
from pipelines.ingest import Reader, SourceReport, new_files, readers, unclaimed_folders
from pipelines.lake import Lake
from pipelines.publish import last_publish
from pipelines.published import current_snapshot
from pipelines.router.store import current_version, read_manifest, scores_folder
from pipelines.session import basis_hash
from pipelines.settings import Settings, load_settings, use_home

if TYPE_CHECKING:
    from dagster import DagsterInstance, ExecuteInProcessResult

JOB = "everything"
ROOT_DAGSTER_YAML = Path(__file__).parent.parent / "dagster.yaml"
STATE_FOLDER = ".dagster_state"


@dataclass(frozen=True)
class RunReport:
    """What a run came to.

    Attributes:
        is_new: False: nothing was new, and nothing was done.
        snapshot: Name of the published file.
        scores_version: Name of the published scores.
        reports: What came of each source.
        warnings: Checks of severity warn that failed.
        unclaimed: Landing folders with files that no source claims.
        alerts: What is new of alerts, a line each.
    """

    is_new: bool
    snapshot: str
    scores_version: str | None
    reports: list[SourceReport] = field(default_factory=list)
    warnings: list[CheckResult] = field(default_factory=list)
    unclaimed: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)


def run_home(home: Home, progress: Callable[[str], None] = lambda _: None) -> RunReport:
    """Does everything that is new in a home.

    Raises:
        ChecksFailed: A blocking check failed; nothing was published.
        SettingsError: callwright.toml or a SQL file cannot be used.
        CallwrightError: Another run is under way, or a step failed.
    """
    settings = load_settings(home.path)
    known = readers(settings, home)
    unclaimed = unclaimed_folders(home, known)
    with home.run_lock("command"):
        with home.run_lock():
            published = _up_to_date(home, settings, known)
        if published is not None:
            return RunReport(False, published, current_version(home.path), unclaimed=unclaimed)
        use_home(home.path)
        return _run_job(home, progress, unclaimed)


def _up_to_date(home: Home, settings: Settings, known: dict[str, Reader]) -> str | None:
    """The published snapshot, if a run would change nothing: no new file, same settings and SQL, scores still fresh.

    Nor may an alert wait to be told, for the run before was killed or the webhook did not answer.
    """
    if not home.warehouse.exists() or not home.current_snapshot.exists():
        return None
    lake = Lake(home.lake, home.landing)
    if any(new_files(lake, reader, home) for reader in known.values()):
        return None
    with duckdb.connect(home.warehouse) as con:
        try:
            last = last_publish(con)
            scored = con.execute("select max(version) from ml._scores").fetchall()[0][0]
            untold = con.execute(UNTOLD).fetchall()[0][0]
        except duckdb.CatalogException:
            return None
    name = current_snapshot(home).name
    if untold or last is None or last.snapshot != name or last.basis != basis_hash(home, settings, known, lake):
        return None
    return name if _scores_are_fresh(home, scored) else None


def _scores_are_fresh(home: Home, scored: str | None) -> bool:
    """Whether the router has the newest scores, and they have more than half of their life before them."""
    version = current_version(home.path)
    if version is None or (scored is not None and scored != version):
        return False
    manifest = read_manifest(scores_folder(home.path) / version)
    if manifest["expires_at"] is None:
        return True
    begun, expires = (datetime.fromisoformat(str(manifest[key])) for key in ("scored_at", "expires_at"))
    return datetime.now(UTC) < begun + (expires - begun) / 2


def _run_job(home: Home, progress: Callable[[str], None], unclaimed: list[str]) -> RunReport:
    progress("starting")
    from pipelines.assets import listening, plan_of
    from pipelines.definitions import definitions

    plan_of.cache_clear()
    plan_of(str(home.path.absolute())).ordered()  # says plainly what is wrong below sql/; Dagster would not
    job = definitions().resolve_job_def(JOB)
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with listening(progress) as heard, dagster_instance(home) as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False, run_config=quiet)
        session = heard.session
        if not result.success:
            _raise_failure(result, heard.error, session.results if session else [])
    assert session is not None
    assert session.snapshot is not None
    warnings = [r for r in session.results if not r.passed]
    return RunReport(
        True, session.snapshot.name, current_version(home.path), session.reports, warnings, unclaimed, session.alerts
    )


def _raise_failure(result: ExecuteInProcessResult, error: CallwrightError | None, checks: list[CheckResult]) -> None:
    """The first thing that went wrong, as the error it was."""
    if error is not None:
        raise error
    stopped = [r for r in checks if r.stops_publish]
    if stopped:
        raise ChecksFailed(
            f"data checks failed\n{explain_failures(checks)}",
            "mend the file in landing/, then: callwright rebuild SOURCE; or mend the settings, then: callwright run",
        )
    for event in result.all_events:
        told: Any = getattr(event.event_specific_data, "error", None)
        if event.is_failure and told is not None:
            while told.cause is not None:
                told = told.cause
            where = f" in step {event.step_key.replace('__', '/')}" if event.step_key else ""
            raise CallwrightError(
                f"the run failed{where}: {told.message.strip()}",
                "nothing was published; the whole story is in: callwright dagster",
            )
    raise CallwrightError("the run failed and did not say why", "see the run in: callwright dagster")


def dagster_instance(home: Home) -> DagsterInstance:
    """Dagster's record of this home's runs, in HOME/.dagster."""
    from dagster import DagsterInstance

    write_dagster_yaml(home)
    return DagsterInstance.from_config(str(home.dagster))


def clear_dead_runs(home: Home) -> None:
    """Ends what Dagster takes for running though its process was killed; a live run, which has the lock, is let be."""
    from pipelines.assets import end_dead_runs

    with suppress(CallwrightError), home.run_lock(), dagster_instance(home) as instance:
        end_dead_runs(instance)


def write_dagster_yaml(home: Home) -> Path:
    """Writes HOME/.dagster/dagster.yaml, the root's with the home's folder for all state, and workspace.yaml."""
    home.dagster.mkdir(exist_ok=True)
    config = yaml.safe_load(ROOT_DAGSTER_YAML.read_text(encoding="utf-8"))
    workspace = {"python_module": {"module_name": "pipelines.definitions", "location_name": "callwright"}}
    (home.dagster / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [workspace]}), encoding="utf-8")
    path = home.dagster / "dagster.yaml"
    path.write_text(yaml.safe_dump(_with_folder(config, home.dagster / "state")), encoding="utf-8")
    return path


def _with_folder(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return {key: _with_folder(inner, folder) for key, inner in value.items()}
    if isinstance(value, str) and value.split("/")[0] == STATE_FOLDER:
        return os.path.join(folder, *value.split("/")[1:])
    return value
