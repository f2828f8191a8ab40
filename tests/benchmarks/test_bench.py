from pathlib import Path

import pytest

from pipelines.bench.run import ALL_STAGES, MEANINGS, BenchReport, bench, command
from pipelines.errors import SettingsError

EVENT_COUNT = 100_000


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> BenchReport:
    return bench(EVENT_COUNT, tmp_path_factory.mktemp("bench") / "work")


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


def test_command_prints_a_table_and_keeps_what_it_is_told_to(
    report: BenchReport, tmp_path, capsys, monkeypatch
) -> None:
    def measured_before(event_count: int, folder: Path, _progress: object) -> BenchReport:
        (folder / f"{event_count}").touch()
        return report

    monkeypatch.setattr("pipelines.bench.run.bench", measured_before)
    command(EVENT_COUNT, tmp_path, keep=True, as_json=False)
    out = capsys.readouterr().out
    assert "100,000 events" in out
    assert "14 of 14 figures are those of the log" in out
    assert [path.name for path in tmp_path.glob("*/*")] == [str(EVENT_COUNT)]


def test_a_folder_in_use_and_no_events_are_refused(tmp_path) -> None:
    with pytest.raises(SettingsError, match="0 events"):
        bench(0, tmp_path)
    (tmp_path / "mine").touch()
    with pytest.raises(SettingsError, match="not empty"):
        bench(10, tmp_path)
