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
from functools import partial
from pathlib import Path

import numpy as np

from pipelines.bench.ask import BESIDE, REPEAT_COUNT, SCAN, THREAD_COUNT, answers, opened
from pipelines.bench.generate_year import draw_year, settings_text, year_truth
from pipelines.bench.run import machine, measured, run_stage
from pipelines.bench.stages import (
    SEED,
    Figures,
    home_of,
    is_early,
    is_of_models,
    measure,
    publish,
    run_steps,
    session_of,
)
from pipelines.errors import SettingsError
from pipelines.home import init_home

AIM_MS = 100
MODULE = "pipelines.bench.kpi"
# Of ml, what is made of contacts and of what was offered in them.
MADE_OF_CONTACTS = ("ml/tier_mix", "ml/policy_report")
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
        p50_ms, p95_ms: By the clock, on the opened file.
        cpu_p50_ms: The median of processor time, which other work on the machine disturbs less.
        ratio: `p50_ms` over that of a bare scan of kpi.queue_day, asked in the same way; `cpu_ratio` of processor time.
    """

    name: str
    statement_count: int
    row_count: int
    p50_ms: float
    p95_ms: float
    cpu_p50_ms: float
    ratio: float
    cpu_ratio: float

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
        speeds: Of the twenty questions.
        beside: Of what is measured beside them, see `ask.BESIDE`.
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
    speeds: tuple[Speed, ...]
    beside: tuple[Speed, ...]
    p50_ms: float
    p95_ms: float
    query_p95_ms: float
    slow: tuple[str, ...]
    expected: Mapping[str, int]
    found: Mapping[str, int]
    wrong: tuple[str, ...]


def bench_kpi(
    contact_count: int,
    work: Path,
    progress: Callable[[str], None] = lambda _: None,
    repeat_count: int = REPEAT_COUNT,
) -> KpiReport:
    """Measures a year of so many contacts.

    Args:
        contact_count: Contacts. A million take about 0.6 GB of disk, thirty million eighteen.
        work: An empty folder, which is left full.
        progress: Told which step is under way.
        repeat_count: How often each question is asked, after once that does not count.

    Raises:
        SettingsError: Fewer than one contact.
        CallwrightError: A step failed; the message ends as its output did.
    """
    if contact_count < 1:
        raise SettingsError(f"a year of {contact_count} contacts cannot be drawn", "type: --contacts 1000000")
    work.mkdir(parents=True, exist_ok=True)
    (work / "year.json").write_text(json.dumps({"contact_count": contact_count, "repeat_count": repeat_count}))
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
        for table in draw_year(session.warehouse.con, _year(work)["contact_count"], SEED):
            session.warehouse.touch(table)
    return {}


def build(work: Path) -> Figures:
    """Every KPI table, and the tables about the data that are made of all contacts or visits."""
    with session_of(work) as (plan, session):
        tables = run_steps(
            session,
            [
                step
                for step in plan.ordered()
                if step.group == "kpi" or step.name in MADE_OF_CONTACTS or is_early(step) or is_of_models(step)
            ],
        )
        counts = {name: session.warehouse.row_count(name) for name in session.models if name.startswith("kpi.")}
    return {"tables": tables, "row_counts": counts, "bytes_count": home_of(work).warehouse.stat().st_size}


def ask(work: Path) -> Figures:
    """The twenty questions, and the counts of the published file."""
    path = str(home_of(work).current_snapshot.resolve())
    with opened(path) as connection:
        found = {name: int(connection.execute(query).fetchall()[0][0] or 0) for name, query in _FOUND.items()}
    repeat_count = _year(work)["repeat_count"]
    given = {name: asdict(answer) for name, answer in answers(path, repeat_count).items()}
    return {"answers": given, "found": found, "repeat_count": repeat_count, "thread_count": THREAD_COUNT}


def _year(work: Path) -> dict[str, int]:
    """What was asked for."""
    told: dict[str, int] = json.loads((work / "year.json").read_text())
    return told


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
    found, all_answers = figures["ask"]["found"], figures["ask"]["answers"]
    questions = {name: answer for name, answer in all_answers.items() if name not in BESIDE}
    single = [answer["taken_s"] for answer in questions.values() if answer["statement_count"] == 1]
    taken = [answer["taken_s"] for answer in questions.values()]
    speeds = [_speed(name, answer, all_answers[SCAN]) for name, answer in questions.items()]
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
        speeds=tuple(speeds),
        beside=tuple(_speed(name, all_answers[name], all_answers[SCAN]) for name in BESIDE),
        p50_ms=_percentile_ms(taken, 50),
        p95_ms=_percentile_ms(taken, 95),
        query_p95_ms=_percentile_ms(single, 95),
        slow=tuple(speed.name for speed in speeds if speed.is_slow),
        expected=expected,
        found=found,
        wrong=tuple(name for name in expected if found[name] != expected[name]),
    )


def _speed(name: str, answer: Figures, scan: Figures) -> Speed:
    p50_ms, scan_ms = (_percentile_ms([a["taken_s"]], 50) for a in (answer, scan))
    cpu_ms, scan_cpu_ms = (_percentile_ms([a["cpu_s"]], 50) for a in (answer, scan))
    return Speed(
        name=name,
        statement_count=answer["statement_count"],
        row_count=answer["row_count"],
        p50_ms=p50_ms,
        p95_ms=_percentile_ms([answer["taken_s"]], 95),
        cpu_p50_ms=cpu_ms,
        ratio=p50_ms / scan_ms,
        cpu_ratio=cpu_ms / scan_cpu_ms,
    )


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
    measured(partial(bench_kpi, contact_count), _print, work, keep, as_json)


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
            s.name, s.statement_count, s.row_count, round(s.p50_ms, 1), round(s.p95_ms, 1), round(s.cpu_p50_ms, 1),
            round(s.ratio, 2), round(s.cpu_ratio, 2), f"above {AIM_MS} ms" if s.name in report.slow else "",
        )
        for s in (*report.speeds, *report.beside)
    ]  # fmt: skip
    terminal.print_table(
        ("question", "statements", "rows", "p50 ms", "p95 ms", "CPU p50 ms", "times scan", "same, CPU", ""),
        rows,
        f"asked {report.repeat_count} times each, on a cursor of the opened file and {report.thread_count} threads",
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
