"""`callwright bench kpi`: what the KPI tables of a year cost, and how fast the dashboards' questions are answered.

Belongs here: the order of the steps, holding what was found against what was drawn, the report and its printing. Does
not belong here: the year (generate_year.py), the questions (ask.py).

`python -m pipelines.bench.kpi STEP WORK` runs one step in a process of its own; its figures are then in WORK/STEP.json.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from pipelines.bench.generate_year import draw_year, settings_text, year_truth
from pipelines.bench.run import machine, run_stage, work_folder
from pipelines.bench.stages import SEED, Figures, home_of, is_early, measure, publish, run_steps, session_of
from pipelines.errors import CallwrightError, SettingsError
from pipelines.home import init_home

AIM_MS = 100
MODULE = "pipelines.bench.kpi"
EMPTY_GROUPS = ("landing", "raw", "staging", "core", "features", "ml")
MEANINGS = {
    "generate": "drawing core.* of the year",
    "build": "core to kpi, the ledger, identity coverage",
    "publish": "dictionary and published file",
}


@dataclass(frozen=True)
class StepCost:
    """What one step took: seconds by the clock and of processor time, and the most memory at once, in 10**6 bytes."""

    step: str
    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True)
class Speed:
    """How fast a question is answered.

    Attributes:
        name: See `ask.questions`.
        statement_count: SQL statements that it takes; of a page several.
        row_count: Rows of the answer; 1 of a page.
        p50_ms, p95_ms: By the clock, the opening of the file included.
        ratio: The median over that of a bare scan of kpi.queue_day, asked in the same way.
    """

    name: str
    statement_count: int
    row_count: int
    p50_ms: float
    p95_ms: float
    ratio: float

    @property
    def is_slow(self) -> bool:
        """Whether it misses the aim."""
        return self.p95_ms > AIM_MS


@dataclass(frozen=True)
class KpiReport:
    """A measured year.

    Attributes:
        contact_count: Contacts of the year.
        warehouse_bytes_count, published_bytes_count: Sizes of the two files.
        machine: Processor count, Python, DuckDB, system.
        costs: Of each step of `MEANINGS`.
        table_s: Seconds of each table of the build and step of the publish.
        row_counts: Rows of each KPI table.
        thread_count, repeat_count: How the questions were asked.
        opening, scan: Opening the file alone, and the bare scan that ratios are to.
        speeds: Of the twenty questions.
        p50_ms, p95_ms: Over all times of all twenty.
        query_p95_ms: The same 95th percentile over those questions that are one statement, and no page.
        slow: Names of those that miss the aim.
        expected, found: The counts that the year was drawn with, and those in the published file.
        wrong: Names of counts that differ.
    """

    contact_count: int
    warehouse_bytes_count: int
    published_bytes_count: int
    machine: str
    costs: tuple[StepCost, ...]
    table_s: Mapping[str, float]
    row_counts: Mapping[str, int]
    thread_count: int
    repeat_count: int
    opening: Speed
    scan: Speed
    speeds: tuple[Speed, ...]
    p50_ms: float
    p95_ms: float
    query_p95_ms: float
    slow: tuple[str, ...]
    expected: Mapping[str, int]
    found: Mapping[str, int]
    wrong: tuple[str, ...]


def bench_kpi(contact_count: int, work: Path, progress: Callable[[str], None] = lambda _: None) -> KpiReport:
    """Measures a year of so many contacts.

    Args:
        contact_count: Contacts. A million take about 0.6 GB of disk, thirty million eighteen.
        work: An empty folder, which is left full.
        progress: Told which step is under way.

    Raises:
        SettingsError: Fewer than one contact.
        CallwrightError: A step failed; the message ends as its output did.
    """
    if contact_count < 1:
        raise SettingsError(f"a year of {contact_count} contacts cannot be drawn", "type: --contacts 1000000")
    work.mkdir(parents=True, exist_ok=True)
    (work / "contacts").write_text(str(contact_count))
    figures = {}
    for step in STEPS:
        progress(step)
        figures[step] = run_stage(step, work, MODULE)
    return _report(contact_count, figures)


# --- the steps -------------------------------------------------------------------------------------------------------


def generate(work: Path) -> Figures:
    """Makes the home, builds its tables empty as a run does, and draws the year into those of core."""
    home = home_of(work)
    init_home(home.path)
    with home.settings_path.open("a", encoding="utf-8") as settings:
        settings.write(settings_text())
    with session_of(work) as (plan, session):
        run_steps(session, [step for step in plan.ordered() if step.group in EMPTY_GROUPS])
        for table in draw_year(session.warehouse.con, int((work / "contacts").read_text()), SEED):
            session.warehouse.touch(table)
    return {}


def build(work: Path) -> Figures:
    """Every KPI table, and the tables about the data that are made of all contacts or visits."""
    with session_of(work) as (plan, session):
        tables = run_steps(session, [step for step in plan.ordered() if step.group == "kpi" or is_early(step)])
        counts = {name: session.warehouse.row_count(name) for name in session.models if name.startswith("kpi.")}
    return {"tables": tables, "row_counts": counts, "bytes_count": home_of(work).warehouse.stat().st_size}


def ask(work: Path) -> Figures:
    """The twenty questions, and the counts of the published file."""
    # Imported here: of all steps only this one needs what the pages ask.
    from pipelines.bench.ask import REPEAT_COUNT, THREAD_COUNT, answers, opened

    path = str(home_of(work).current_snapshot.resolve())
    with opened(path) as connection:
        found = {name: int(connection.execute(query).fetchall()[0][0] or 0) for name, query in _FOUND.items()}
    given = {name: asdict(answer) for name, answer in answers(path).items()}
    return {"answers": given, "found": found, "repeat_count": REPEAT_COUNT, "thread_count": THREAD_COUNT}


STEPS: dict[str, Callable[[Path], Figures]] = {
    "generate": generate,
    "build": build,
    "publish": publish,
    "ask": ask,
}

_OF_VISITS = ("offered_count", "answered_count", "abandoned_count", "blocked_count", "transferred_count")
_FOUND = {
    "contact_count": "select count(*) from core.contacts",
    "visit_count": "select count(*) from core.queue_visits",
    **{name: f"select sum({name}) from kpi.queue_day" for name in _OF_VISITS},
    # The same by other ways, under names of their own.
    "interval_offered_count": "select sum(offered_count) from kpi.queue_interval",
    "agent_answered_count": "select sum(answered_count) from kpi.agent_day",
    "repeat_contact_count": "select sum(contact_count) from kpi.repeat_day where window_name = '7d'",
    "difference_count": "select sum(difference_count) from meta.ledger",
}


# --- the report ------------------------------------------------------------------------------------------------------


def _report(contact_count: int, figures: Mapping[str, Figures]) -> KpiReport:
    truth = asdict(year_truth(contact_count))
    expected = {
        **truth,
        "interval_offered_count": truth["offered_count"],
        "agent_answered_count": truth["answered_count"],
        "repeat_contact_count": contact_count,
        "difference_count": 0,
    }
    found, answers = figures["ask"]["found"], list(figures["ask"]["answers"].values())
    # The first two are no questions: opening the file, and the scan that ratios are to.
    opening, scan, *speeds = _speeds(figures["ask"]["answers"])
    taken = [answer["taken_s"] for answer in answers[2:]]
    single = [answer["taken_s"] for answer in answers[2:] if answer["statement_count"] == 1]
    return KpiReport(
        contact_count=contact_count,
        warehouse_bytes_count=figures["build"]["bytes_count"],
        published_bytes_count=figures["publish"]["bytes_count"],
        machine=machine(),
        costs=tuple(
            StepCost(step, figures[step]["wall_s"], figures[step]["cpu_s"], figures[step]["peak_bytes"] / 1e6)
            for step in MEANINGS
        ),
        table_s={**figures["build"]["tables"], **figures["publish"]["tables"]},
        row_counts=figures["build"]["row_counts"],
        thread_count=figures["ask"]["thread_count"],
        repeat_count=figures["ask"]["repeat_count"],
        opening=opening,
        scan=scan,
        speeds=tuple(speeds),
        p50_ms=_percentile_ms(taken, 50),
        p95_ms=_percentile_ms(taken, 95),
        query_p95_ms=_percentile_ms(single, 95),
        slow=tuple(speed.name for speed in speeds if speed.is_slow),
        expected=expected,
        found=found,
        wrong=tuple(name for name in expected if found[name] != expected[name]),
    )


def _speeds(asked: Mapping[str, Figures]) -> list[Speed]:
    from pipelines.bench.ask import SCAN

    scan_ms = _percentile_ms([asked[SCAN]["taken_s"]], 50)
    return [
        Speed(
            name, answer["statement_count"], answer["row_count"], _percentile_ms([answer["taken_s"]], 50),
            _percentile_ms([answer["taken_s"]], 95), _percentile_ms([answer["taken_s"]], 50) / scan_ms,
        )
        for name, answer in asked.items()
    ]  # fmt: skip


def _percentile_ms(taken: Iterable[Sequence[float]], percent: int) -> float:
    return float(np.percentile([seconds for times in taken for seconds in times], percent)) * 1_000


# --- the command -----------------------------------------------------------------------------------------------------


def command(contact_count: int, work: Path | None = None, keep: bool = False, as_json: bool = False) -> None:
    """`callwright bench kpi [--contacts N] [--work DIR] [--keep] [--json]`: measures and prints.

    Args:
        contact_count: Contacts of the year.
        work: Where a folder for the home is made; by default among the temporary files.
        keep: Leave that folder; its path is told.
        as_json: Print the report as JSON.

    Raises:
        SettingsError: See `bench_kpi`.
        CallwrightError: A step failed, or a count was not the one that the year was drawn with.
        EnvironmentProblem: The folder cannot be written.
    """
    from pipelines import terminal

    with work_folder(work, keep) as folder, terminal.progress("measuring") as progress:
        report = bench_kpi(contact_count, folder, progress)
    if as_json:
        sys.stdout.write(json.dumps(asdict(report), indent=1) + "\n")
    else:
        _print(report)
    if keep:
        terminal.err.print(f"kept: {folder}", soft_wrap=True)
    if report.wrong:
        raise CallwrightError(
            f"these counts are not those of the year: {', '.join(report.wrong)}",
            "the times of a wrong result mean nothing: look at it with --keep --json",
        )


def _print(report: KpiReport) -> None:
    from pipelines import terminal

    warehouse_mb, published_mb = report.warehouse_bytes_count / 1e6, report.published_bytes_count / 1e6
    sizes = f"warehouse {warehouse_mb:,.0f} MB, published {published_mb:,.0f} MB"
    terminal.print_table(
        ("step", "wall s", "CPU s", "contacts/s", "peak MB", "what it is"),
        [
            (
                c.step, round(c.wall_s, 2), round(c.cpu_s, 2), round(report.contact_count / c.wall_s), round(c.peak_mb),
                MEANINGS[c.step],
            )
            for c in report.costs
        ],
        f"a year of {report.contact_count:,} contacts; {sizes}; {report.machine}",
    )  # fmt: skip
    tables = [
        (name, seconds, report.row_counts.get(name.replace("/", ".")))
        for name, seconds in sorted(report.table_s.items(), key=lambda item: -item[1])
        if name.startswith("kpi/") or seconds >= 0.1
    ]
    terminal.print_table(("table or step", "wall s", "rows"), tables)
    rows = [
        (
            s.name, s.statement_count, s.row_count, round(s.p50_ms, 1), round(s.p95_ms, 1), round(s.ratio, 2),
            f"above {AIM_MS} ms" if s.is_slow else "",
        )
        for s in (report.opening, report.scan, *report.speeds)
    ]  # fmt: skip
    terminal.print_table(
        ("question", "statements", "rows", "p50 ms", "p95 ms", "times scan", ""),
        rows,
        f"asked {report.repeat_count} times each, on a fresh connection and {report.thread_count} threads",
    )
    right = len(report.expected) - len(report.wrong)
    terminal.out.print(
        f"all {len(report.speeds)}: p50 {report.p50_ms:.0f} ms, p95 {report.p95_ms:.0f} ms; single queries: p95"
        f" {report.query_p95_ms:.0f} ms; above {AIM_MS} ms: {'; '.join(report.slow) or 'none'}",
        markup=False,
    )
    terminal.out.print(f"{right} of {len(report.expected)} counts are those of the year")


if __name__ == "__main__":
    measure(sys.argv[1], STEPS[sys.argv[1]], Path(sys.argv[2]))
