import json
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

from pipelines.bench.ask import BESIDE, Answer, answers, opened, pick, questions
from pipelines.bench.generate_year import KIND_CYCLE, draw_year, year_truth
from pipelines.bench.kpi import MEANINGS, KpiReport, bench_kpi, command
from pipelines.bench.stages import home_of, session_of
from pipelines.errors import CallwrightError, SettingsError

CONTACT_COUNT = 5_000


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("year") / "work"


@pytest.fixture(scope="module")
def report(work: Path) -> KpiReport:
    return bench_kpi(CONTACT_COUNT, work, repeat_count=2)


@pytest.fixture(scope="module")
def path(work: Path, report: KpiReport) -> str:
    return str(home_of(work).current_snapshot.resolve())


def test_all_counts_are_those_of_the_year(report: KpiReport) -> None:
    assert report.wrong == ()
    assert report.found == report.expected
    assert report.found["contact_count"] == CONTACT_COUNT
    # Of 200 contacts 8 come to no queue, 2 are refused and 16 visit two.
    assert report.found["offered_count"] == CONTACT_COUNT * (200 - 8 - 2 + 16) / 200
    assert report.found["interval_offered_count"] == report.found["offered_count"]


@pytest.mark.parametrize("contact_count", [1, 7, 30, KIND_CYCLE, 1_234])
def test_truth_of_a_year_is_what_its_kinds_add_up_to(contact_count: int) -> None:
    truth = year_truth(contact_count)
    ended = truth.answered_count - truth.transferred_count + truth.abandoned_count + truth.blocked_count
    assert truth.contact_count == contact_count
    assert truth.visit_count == truth.offered_count + truth.blocked_count
    assert 0 <= ended <= contact_count
    assert truth.visit_count <= contact_count + truth.transferred_count


def test_twenty_questions_are_asked_and_every_one_is_answered(report: KpiReport) -> None:
    assert len(report.speeds) == 20
    assert report.repeat_count == 2
    assert [speed.name for speed in report.speeds if speed.row_count == 0] == []
    assert [speed.name for speed in report.beside] == list(BESIDE)
    pages = [speed.name for speed in report.speeds if speed.statement_count > 1]
    assert pages == ["page: header", "page: Overview, 28 days", "page: Overview, a day"]
    for speed in (*report.speeds, *report.beside):
        assert 0 < speed.p50_ms <= speed.p95_ms
        assert speed.cpu_p50_ms > 0


def test_answers_are_those_of_the_year(report: KpiReport, path: str) -> None:
    with opened(path) as connection:
        picked = pick(connection)
        asked = questions(picked, path)
        assert len(asked["kpi_service_level by date, a year"](connection)) > 300
        rows = asked["busiest queues of a month"](connection)
        assert len(rows) == 10
        assert rows[0][1] >= rows[-1][1] > 0
        windows = {row[0]: row[1:] for row in asked["repeat rates by window, a month"](connection)}
        assert list(windows) == ["10min", "24h", "30d", "7d"]
        assert windows["7d"][1] <= windows["30d"][1]
        timeline = asked["one contact's timeline"](connection)
        assert {"queue", "talk"} <= {row[1] for row in timeline}
        overview = asked["page: Overview, 28 days"](connection)
        assert len(overview.figures) == 10
        assert overview.points
        assert {row.tier for row in overview.tiers} == {"A", "B", "C", "D"}


def test_timeline_is_the_same_by_key_and_by_time(report: KpiReport) -> None:
    timeline = next(speed for speed in report.speeds if speed.name == "one contact's timeline")
    assert next(speed for speed in report.beside if "timeline" in speed.name).row_count == timeline.row_count


def test_every_question_is_asked_as_often_as_told(path: str) -> None:
    given = answers(path, repeat_count=2)
    assert all(
        isinstance(answer, Answer) and len(answer.taken_s) == len(answer.cpu_s) == 2 for answer in given.values()
    )


def test_steps_and_tables_are_told(report: KpiReport) -> None:
    assert [cost.step for cost in report.costs] == list(MEANINGS)
    assert {"kpi/queue_interval", "kpi/queue_day", "kpi/agent_day", "kpi/money_day", "publish/snapshot"} <= set(
        report.table_s
    )
    assert all(count > 0 for count in report.row_counts.values())
    assert report.published_bytes_count > 1_000_000
    assert report.warehouse_bytes_count > 1_000_000


def test_year_has_its_queues_sites_channels_and_days(report: KpiReport, path: str) -> None:
    with duckdb.connect(path, read_only=True) as con:
        counts = con.execute(
            "select count(distinct queue), count(distinct site), count(distinct channel) from core.queue_visits"
        ).fetchall()
        days = con.execute(
            "select min(business_date), max(business_date), count(distinct tier) filter (tier is not null)"
            " from core.contacts join ml.customer_scores using (customer_key)"
        ).fetchall()
        weekend = con.execute(
            "select sum(offered_count) filter (isodow(business_date) > 5) / sum(offered_count) from kpi.queue_day"
        ).fetchall()
    assert counts == [(40, 4, 6)]
    assert (days[0][0].year, days[0][1].year, days[0][2]) == (2025, 2025, 4)
    assert 0.05 < weekend[0][0] < 0.2


def test_equal_years_are_equal_whatever_the_threads(report: KpiReport, work: Path) -> None:
    query = "select sum(cast(hash(t) as hugeint)), count(*) from {} as t"
    tables = ("core.contacts", "core.queue_visits", "core.orders")
    with session_of(work) as (_, session):
        con = session.warehouse.con
        before = [con.execute(query.format(table)).fetchall() for table in tables]
        con.execute("set threads = 1")
        for table in ("contacts", "queue_visits", "ring_attempts", "surveys", "orders", "cases", "campaign_attempts",
                      "action_outcomes", "agents", "agent_switches", "schedules", "customers"):  # fmt: skip
            con.execute(f"delete from core.{table}")
        draw_year(con, CONTACT_COUNT, 1)
        assert [con.execute(query.format(table)).fetchall() for table in tables] == before


def test_a_column_that_is_not_drawn_is_named(report: KpiReport, work: Path) -> None:
    with session_of(work) as (_, session):
        con = session.warehouse.con
        con.execute("alter table core.agents add column shoe_size bigint")
        with pytest.raises(CallwrightError, match=r"core\.agents: .*shoe_size"):
            draw_year(con, CONTACT_COUNT, 1)


def test_command_prints_tables(report: KpiReport, capsys: pytest.CaptureFixture[str], monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("pipelines.bench.kpi.bench_kpi", lambda *_: report)
    command(CONTACT_COUNT, tmp_path)
    out = capsys.readouterr().out
    assert f"a year of {CONTACT_COUNT:,} contacts" in out
    assert "one contact's timeline" in out
    assert "11 of 11 counts are those of the year" in out


def test_command_prints_json(report: KpiReport, capsys: pytest.CaptureFixture[str], monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("pipelines.bench.kpi.bench_kpi", lambda *_: report)
    command(CONTACT_COUNT, tmp_path, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads(json.dumps(asdict(report)))
    assert set(told) == set(KpiReport.__dataclass_fields__)
    assert {"name", "p50_ms", "p95_ms", "ratio", "statement_count"} <= set(told["speeds"][0])


def test_no_contacts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="0 contacts"):
        bench_kpi(0, tmp_path)
