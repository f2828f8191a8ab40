"""What Dagster is told: assets, checks, the job; and that its job makes what the plan makes without it.

Belongs here: definitions in this process. Not here: the UI (tests/browser/test_dagster_ui.py), what steps do.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from pipelines import plan
from pipelines.assets import CHECK, POOL, TABLE_GROUPS, end_dead_runs, plan_of
from pipelines.contracts.registry import CONTRACT_OF
from pipelines.definitions import definitions
from pipelines.errors import ChecksFailed, SettingsError
from pipelines.home import Home
from pipelines.run import JOB, dagster_instance, run_home
from pipelines.sqlgraph import load_models

ROOT = Path(__file__).parents[2]
GROUPS = {"landing", *TABLE_GROUPS, "publish"}

# One caller who is answered, one who gives up.
QUEUE_LOG = """\
1795320000|1.1|support|NONE|ENTERQUEUE||+447946000001|1
1795320005|1.1|support|Ann|CONNECT|5|1.2|2
1795320065|1.1|support|Ann|COMPLETECALLER|5|60|1
1795320100|2.1|support|NONE|ENTERQUEUE||+447946000002|1
1795320130|2.1|support|NONE|ABANDON|1|1|30
"""
BANK = """
[sources.bank]
kind = "calls"
format = "csv"
sql = "sources/bank.sql"
"""
# Times at which something was done, and what is named after them; and versions of models, which are hashes of what they
# learnt from to the last digit, and the last digit of a sum of floats is nobody's promise.
NOT_COMPARED = {
    "meta.publish": {"snapshot", "published_at", "run_id"},
    "meta.check_results": {"checked_at"},
    "meta.source_files": {"ingested_at"},
    "ml.model_metrics": {"trained_at", "version"},
    "ml.model_curves": {"version"},
    "ml.customer_scores": {"version", "scored_at", "expires_at", "model_version"},
    "ml.customer_score_history": {"version", "scored_at", "model_version"},
}


@pytest.fixture
def load(monkeypatch) -> Callable[[Path], dg.Definitions]:
    def loaded(home: Path) -> dg.Definitions:
        monkeypatch.setenv("CALLWRIGHT_HOME", str(home))
        plan_of.cache_clear()
        return definitions()

    return loaded


@pytest.fixture(scope="module")
def loaded(make_centre, tmp_path_factory) -> dg.Definitions:
    home = make_centre(tmp_path_factory.mktemp("loaded") / "home").path
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CALLWRIGHT_HOME", str(home))
        plan_of.cache_clear()
        return definitions()


@pytest.fixture(scope="module")
def specs(loaded) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in loaded.resolve_all_asset_specs()}


def names(defs: dg.Definitions) -> set[str]:
    return {spec.key.to_user_string() for spec in defs.resolve_all_asset_specs()}


def test_load_where_there_is_no_home_and_make_none(load, tmp_path):
    assert "landing/asterisk_queue_log" in names(load(tmp_path / "nowhere"))
    assert list(tmp_path.iterdir()) == []


def test_custom_source_is_an_asset_and_feeds_its_raw_table(load, centre):
    centre.write("sources/bank.sql", "select id as source_contact_id, at as arrived_at from input")
    centre.write("callwright.toml", centre.home.settings_path.read_text() + BANK)
    defs = load(centre.path)
    assert "landing/bank" in names(defs)
    calls = next(s for s in defs.resolve_all_asset_specs() if s.key == dg.AssetKey(["raw", "calls"]))
    assert dg.AssetKey(["landing", "bank"]) in {dep.asset_key for dep in calls.deps}


def test_settings_that_cannot_be_used_are_said_when_loading(load, centre):
    centre.write("callwright.toml", "[centre]\ntimezon = 'Europe/London'\n")
    with pytest.raises(Exception, match="Error while building definitions") as caught:
        load(centre.path)
    assert isinstance(caught.value.__cause__, SettingsError)
    assert 'nearest known one is "timezone"' in str(caught.value.__cause__)


def test_every_step_of_the_plan_is_an_asset_in_a_known_group(loaded, specs):
    home = loaded.resources["session"].home
    assert specs.keys() == plan_of(home).steps.keys()
    assert {spec.group_name for spec in specs.values()} == GROUPS
    assert {name.split("/")[0] for name in specs} == GROUPS


def test_every_asset_is_described_owned_and_of_a_kind(specs):
    assert [name for name, spec in specs.items() if not spec.description] == []
    assert [name for name, spec in specs.items() if not spec.owners or not spec.kinds] == []
    tables = {name: spec for name, spec in specs.items() if spec.group_name in TABLE_GROUPS}
    assert [name for name, spec in tables.items() if "Grain:" not in (spec.description or "")] == []


def test_every_table_has_described_columns(specs):
    for name, spec in specs.items():
        if spec.group_name in TABLE_GROUPS:
            assert spec.metadata["dagster/table_name"] == name.replace("/", ".", 1)
            columns = spec.metadata["dagster/column_schema"].columns
            assert columns, name
            assert [c.name for c in columns if not c.description] == [], name


def test_personal_data_is_marked(specs):
    marked = {name for name, spec in specs.items() if spec.tags["pii"] == "yes"}
    assert {"raw/customers", "staging/customers", "staging/numbers", "staging/customer_keys"} <= marked
    assert marked & {table.replace(".", "/", 1) for table, m in load_models().items() if m.is_published} == set()


def test_every_contracted_table_has_a_check_that_blocks(loaded, specs):
    checks = {
        spec.asset_key.to_user_string(): spec
        for assets in loaded.assets or []
        if isinstance(assets, dg.AssetsDefinition)
        for spec in assets.check_specs
    }
    built = {name.replace("/", ".", 1) for name in specs}
    guarded = {name.replace("/", ".", 1) for name in checks}
    assert {table for table in CONTRACT_OF if table in built} == set(CONTRACT_OF)
    assert set(CONTRACT_OF) <= guarded
    assert "publish/dictionary" in checks
    assert all(spec.blocking and spec.name == CHECK for spec in checks.values())


def test_dependencies_are_those_that_sqlglot_reads(specs):
    for table, model in load_models().items():
        told = {dep.asset_key.to_user_string().replace("/", ".", 1) for dep in specs[table.replace(".", "/", 1)].deps}
        read = {plan.BY_PRODUCTS.get(d, d) for d in model.dependencies}
        of_the_run = {d for d in read if d.split(".")[0] in ("settings", "build")}
        extra = {"publish.dictionary"} if any(d.startswith("build.") for d in read) else set()
        assert told == (read - of_the_run) | extra, table


def test_whatever_is_published_comes_before_the_snapshot_and_after_its_checks(specs):
    before: set[str] = set()
    todo = ["publish/snapshot"]
    while todo:
        for dep in specs[todo.pop()].deps:
            if dep.asset_key.to_user_string() not in before:
                before.add(dep.asset_key.to_user_string())
                todo.append(dep.asset_key.to_user_string())
    published = {t.replace(".", "/", 1) for t, model in load_models().items() if model.is_published}
    guarded = {table.replace(".", "/", 1) for table in CONTRACT_OF if not table.startswith("raw.")}
    assert published | guarded | {"publish/dictionary"} <= before
    assert "publish/scores" not in before


def test_one_process_one_writer_one_job(loaded):
    repository = loaded.get_repository_def()
    assert {job.name for job in repository.get_all_jobs()} == {JOB, "__ASSET_JOB"}
    for name in (JOB, "__ASSET_JOB"):
        job = loaded.resolve_job_def(name) if name == JOB else repository.get_job(name)
        assert job.executor_def is dg.in_process_executor
        assert {node.definition.pool for node in job.nodes} == {POOL}
    assert {key.to_user_string() for key in loaded.resolve_job_def(JOB).asset_layer.executable_asset_keys} == names(
        loaded
    )


def test_schedule_waits_to_be_switched_on(loaded):
    (schedule,) = loaded.schedules or []
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED


def test_dg_check_defs_passes_and_leaves_nothing_behind(centre, tmp_path):
    state = tmp_path / "dagster"
    state.mkdir()
    before = {path.name for path in ROOT.iterdir()}
    told = subprocess.run(
        [Path(sys.executable).with_name("dg"), "check", "defs"],
        cwd=ROOT, env=os.environ | {"CALLWRIGHT_HOME": str(centre.path), "DAGSTER_HOME": str(state)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    assert {path.name for path in ROOT.iterdir()} - before <= {".dagster_state"}


@pytest.fixture(scope="module")
def small(make_centre, tmp_path_factory):
    """A home with two calls, run once by the job."""
    centre = make_centre(tmp_path_factory.mktemp("small") / "home")
    centre.land("asterisk_queue_log", "queue_log", QUEUE_LOG)
    run_home(centre.home)
    return centre


def materialisation(home: Home, name: str) -> dg.AssetMaterialization:
    with dagster_instance(home) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(name.split("/")))
    assert event is not None
    assert event.asset_materialization is not None
    return event.asset_materialization


def test_materialisation_shows_rows_and_typed_columns(small):
    found = materialisation(small.home, "core/contacts").metadata
    assert found["dagster/row_count"].value == 2
    columns = {column.name: column for column in found["dagster/column_schema"].value.columns}
    assert (columns["arrived_at"].type, columns["talk_s"].type) == ("TIMESTAMP WITH TIME ZONE", "DOUBLE")
    assert columns["outcome"].description == "answered if any visit was, else that of the last visit"
    assert materialisation(small.home, "landing/asterisk_queue_log").metadata["lines"].value == 5


def test_check_that_fails_stops_the_publish_and_dagster_keeps_no_row(small, tmp_path):
    home = Home(tmp_path / "home")
    shutil.copytree(small.path, home.path, symlinks=True)
    published = os.readlink(home.current_snapshot)
    (home.path / "checks").mkdir()
    (home.path / "checks/nobody_gives_up.sql").write_text(
        "-- Nobody gives up.\n-- severity: fail\n-- table: core.contacts\n"
        "select caller_token, 'a telling row' as told from core.contacts where outcome = 'abandoned'\n"
    )
    with pytest.raises(ChecksFailed, match="a telling row"):
        run_home(home)
    assert os.readlink(home.current_snapshot) == published
    with dagster_instance(home) as instance:
        key = dg.AssetCheckKey(dg.AssetKey(["core", "contacts"]), CHECK)
        record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
        (run,) = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
        events = [str(event) for event in instance.all_logs(run.run_id)]
        started = {
            event.dagster_event.step_key
            for event in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START)
            if event.dagster_event
        }
    evaluation = record.event.dagster_event.asset_check_evaluation_data
    assert not evaluation.passed
    assert "nobody_gives_up" in evaluation.description
    assert not any("a telling row" in event for event in events)
    assert "core__contacts" in started
    assert started & {"features__moments", "publish__dictionary", "publish__snapshot", "publish__scores"} == set()


def test_run_that_was_killed_holds_up_no_later_run(centre):
    with dagster_instance(centre.home) as instance:
        dead = instance.add_run(dg.DagsterRun(job_name=JOB, status=dg.DagsterRunStatus.STARTED))
        storage = instance.event_log_storage
        storage.initialize_concurrency_limit_to_default(POOL)
        assert storage.claim_concurrency_slot(POOL, dead.run_id, "raw__calls").is_claimed
        assert not storage.claim_concurrency_slot(POOL, "living", "raw__calls").is_claimed
        assert end_dead_runs(instance, "living") == [dead.run_id]
        assert instance.get_run_by_id(dead.run_id).status == dg.DagsterRunStatus.FAILURE
        assert storage.claim_concurrency_slot(POOL, "living", "raw__calls").is_claimed


EMPTY_IN_THE_SAMPLE = {
    "meta.rejects", "core.action_outcomes", "core.agents", "core.campaign_attempts", "core.cases", "core.schedules",
    "kpi.campaign_day", "kpi.campaign_day_metrics", "kpi.schedule_day", "kpi.schedule_day_metrics", "ml.retained_day",
    "kpi.campaign_uplift", "ml.policy_report",
    # Weeks must have passed before a figure can be out of the usual.
    "kpi.signals", "kpi.month_changes", "meta.alerts", "meta.alert_events", "meta.annotations",
    "ml.voice_comments", "ml.voice_topics",  # of a day's comments nothing can be said
}  # fmt: skip


@pytest.mark.end_to_end
def test_job_publishes_row_for_row_what_the_plan_publishes_without_dagster(sample, make_centre, tmp_path):
    centre = make_centre(tmp_path / "home").land_sample()
    shutil.copytree(sample.home.keys, centre.home.keys, dirs_exist_ok=True)  # pseudonyms are made with them
    run_home(centre.home)
    for model in load_models().values():
        if model.is_published and model.table != "meta.publish":
            kept = [c.name for c in model.columns if c.name not in NOT_COMPARED.get(model.table, ())]
            query = f"select {', '.join(kept)} from {model.table}"
            ours, theirs = (sorted(home.published(query), key=_order) for home in (centre, sample))
            assert len(ours) == len(theirs), model.table
            unlike = [pair for pair in zip(ours, theirs, strict=True) if not _alike(*pair)]
            assert unlike == [], model.table
            assert ours or model.table in EMPTY_IN_THE_SAMPLE, f"{model.table} is empty: nothing was compared"


def _order(row: tuple[object, ...]) -> tuple[str, list[float]]:
    return str([v for v in row if not isinstance(v, float)]), [v for v in row if isinstance(v, float)]


def _alike(ours: tuple[object, ...], theirs: tuple[object, ...]) -> bool:
    """Equal, but for the last digits of sums, which depend on the order of adding up."""
    return all(
        math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-9) if isinstance(a, float) and isinstance(b, float) else a == b
        for a, b in zip(ours, theirs, strict=True)
    )
