import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from pipelines.bench.run import ALL_STAGES, MEANINGS, BenchReport, bench, command
from pipelines.errors import SettingsError

EVENT_COUNT = 100_000


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[BenchReport, str, Path]:
    """One measurement by the command: its report, what it printed, and the folder that it was told to keep."""
    folder, reports = tmp_path_factory.mktemp("bench"), []

    def noted(*arguments: Any) -> BenchReport:
        reports.append(bench(*arguments))
        return reports[0]

    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out:
        patch.setattr("pipelines.bench.run.bench", noted)
        command(EVENT_COUNT, folder, keep=True, as_json=False)
    return reports[0], out.getvalue(), folder


@pytest.fixture(scope="module")
def report(measured: tuple[BenchReport, str, Path]) -> BenchReport:
    return measured[0]


def test_all_figures_are_those_of_the_log(report: BenchReport) -> None:
    assert report.wrong == ()
    assert report.found == report.expected
    assert report.found["event_count"] == EVENT_COUNT
    assert report.found["offered_count"] > EVENT_COUNT / 5
    assert report.found["talk_s"] > report.found["answered_count"] > 0


def test_only_the_share_of_known_callers_is_warned_of(report: BenchReport) -> None:
    assert [failed.split(":")[0] for failed in report.failed_checks] == ["core.contacts identity_coverage"]


def test_every_stage_has_its_own_costs(report: BenchReport) -> None:
    assert [cost.stage for cost in report.costs] == list(MEANINGS)
    for cost in report.costs:
        assert cost.wall_s > 0
        assert cost.cpu_s > 0
        assert 20 < cost.peak_mb < 4_000
        assert cost.events_per_s == pytest.approx(EVENT_COUNT / cost.wall_s)


def test_ratios_are_to_the_reference_and_sums_are_sums(report: BenchReport) -> None:
    reference, path, all_stages = (report.cost(name) for name in ("reference", "path", "all"))
    assert reference.ratio == reference.cpu_ratio == 1
    assert path.wall_s == pytest.approx(report.cost("parse").wall_s + report.cost("build").wall_s)
    assert path.ratio == pytest.approx(path.wall_s / reference.wall_s)
    assert all_stages.cpu_s == pytest.approx(sum(report.cost(stage).cpu_s for stage in ALL_STAGES))
    assert all_stages.peak_mb == max(report.cost(stage).peak_mb for stage in ALL_STAGES)


def test_steps_are_told_by_name(report: BenchReport) -> None:
    build = report.table_s["build"]
    assert {"staging/asterisk_queue_log", "core/contacts", "kpi/queue_interval", "meta/ledger"} <= set(build)
    assert sum(build.values()) <= report.cost("build").wall_s
    assert "publish/snapshot" in report.table_s["publish"]
    assert report.log_bytes_count > 5_000_000
    assert report.published_bytes_count > 1_000_000


def test_command_prints_a_table_and_keeps_what_it_is_told_to(measured: tuple[BenchReport, str, Path]) -> None:
    _, out, folder = measured
    assert "100,000 events" in out
    assert "14 of 14 figures are those of the log" in out
    assert [path.name for path in folder.glob("*/home/serve/current.duckdb")] == ["current.duckdb"]


def test_a_folder_in_use_and_no_events_are_refused(tmp_path) -> None:
    with pytest.raises(SettingsError, match="0 events"):
        bench(0, tmp_path)
    (tmp_path / "mine").touch()
    with pytest.raises(SettingsError, match="not empty"):
        bench(10, tmp_path)
