"""`callwright bench`: what the path from a log to KPIs costs, beside DuckDB's own reading of the same file.

Belongs here: the order of the stages, holding what was found against what was written, the report and its printing.
Does not belong here: what a stage does and how it is measured (stages.py), the log (generate.py).
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from pipelines.bench.stages import STAGES
from pipelines.errors import CallwrightError, EnvironmentProblem, SettingsError

REFERENCE = "reference"
# What the aim of six times the reference is about, and what a whole run adds to it.
PATH_STAGES = ("parse", "build")
ALL_STAGES = (*PATH_STAGES, "score", "check", "publish")
ERROR_TAIL_CHARS = 2_000

MEANINGS = {
    REFERENCE: "DuckDB's read_csv of the log into a table of text",
    "parse": "landing to lake",
    "build": "lake to staging, core, kpi and the ledger",
    "path": "parse and build",
    "score": "features, models, scores",
    "check": "contracts and truths between tables",
    "publish": "dictionary and published file",
    "all": "everything but Dagster",
}


@dataclass(frozen=True)
class Cost:
    """What one stage, or several, took.

    Attributes:
        stage: A key of `MEANINGS`.
        wall_s, cpu_s: Seconds by the clock, and of processor time over all cores. Interpreter start is not in them.
        peak_mb: The most memory that a process had at once, in megabytes of 10**6 bytes; of several the largest.
        ratio: Wall time over the reference's; `cpu_ratio` the same of processor time, which other work on the machine
            disturbs less.
        events_per_s: Events by the clock.
    """

    stage: str
    wall_s: float
    cpu_s: float
    peak_mb: float
    ratio: float
    cpu_ratio: float
    events_per_s: float


@dataclass(frozen=True)
class BenchReport:
    """A measured run.

    Attributes:
        event_count: Lines of the log.
        log_bytes_count, published_bytes_count: Sizes of the log and of the published file.
        machine: Processor count, Python, DuckDB, system.
        costs: The reference first, then each stage and the sums `path` and `all`.
        table_s: Seconds a step of each stage that has steps.
        expected, found: The figures that the log was written with, and those that came out.
        wrong: Names of figures that differ.
        failed_checks: Data checks that failed; a log without customers fails none but the warning of who is known.
    """

    event_count: int
    log_bytes_count: int
    published_bytes_count: int
    machine: str
    costs: tuple[Cost, ...]
    table_s: Mapping[str, Mapping[str, float]]
    expected: Mapping[str, int]
    found: Mapping[str, int]
    wrong: tuple[str, ...]
    failed_checks: tuple[str, ...]

    def cost(self, stage: str) -> Cost:
        """The cost of a stage."""
        return next(cost for cost in self.costs if cost.stage == stage)


def bench(event_count: int, work: Path, progress: Callable[[str], None] = lambda _: None) -> BenchReport:
    """Measures the pipeline on a log of its own making.

    Args:
        event_count: Lines of the log. Ten million take about 4 GB of disk.
        work: An empty folder, which is left full.
        progress: Told which stage is under way.

    Returns:
        The report. Each stage ran in a process of its own, so its time and memory are its own.

    Raises:
        SettingsError: Fewer than one event, or a folder that is not empty.
        CallwrightError: A stage failed; the message ends as its output did.
    """
    if event_count < 1:
        raise SettingsError(f"a log of {event_count} events cannot be written", "type: --events 1000000")
    if work.exists() and any(work.iterdir()):
        raise SettingsError(f"{work} is not empty", "name a folder that is, or leave --work out")
    work.mkdir(parents=True, exist_ok=True)
    (work / "events").write_text(str(event_count))
    figures: dict[str, dict[str, Any]] = {}
    references = []
    for stage in STAGES:
        progress(stage)
        figures[stage] = run_stage(stage, work)
        if stage in (REFERENCE, *PATH_STAGES):
            # The clock of a shared machine wanders: the reference is taken three times, and its middle counts.
            progress(f"{REFERENCE} again")
            references.append(run_stage(REFERENCE, work))
    figures[REFERENCE] = sorted(references, key=lambda r: float(r["wall_s"]))[len(references) // 2]
    return _report(event_count, figures)


def run_stage(stage: str, work: Path, module: str = "pipelines.bench.stages") -> dict[str, Any]:
    """One stage of a module in a fresh process; what it measured of itself."""
    command = [sys.executable, "-m", module, stage, str(work.absolute())]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CallwrightError(
            f"the stage {stage} failed (exit {done.returncode}):\n{done.stderr[-ERROR_TAIL_CHARS:]}",
            "if memory or disk was short, name fewer --events or --contacts, or a roomier --work",
        )
    figures: dict[str, Any] = json.loads((work / f"{stage}.json").read_text())
    return figures


def _report(event_count: int, figures: Mapping[str, Mapping[str, Any]]) -> BenchReport:
    truth, found = figures["generate"]["truth"], figures["build"]["found"]
    # Each call of the made-up log is one contact; no line is there twice; the ledger must balance.
    expected = {**truth, "contact_count": truth["offered_count"], "difference_count": 0}
    expected = {name: expected[name] for name in found}
    read = {stage: figures[stage]["row_count"] for stage in (REFERENCE, "parse")}
    wrong = [name for name in found if found[name] != expected[name]]
    wrong += [f"{stage} row_count" for stage, row_count in read.items() if row_count != event_count]
    return BenchReport(
        event_count=event_count,
        log_bytes_count=figures["generate"]["bytes_count"],
        published_bytes_count=figures["publish"]["bytes_count"],
        machine=machine(),
        costs=tuple(_costs(event_count, figures)),
        table_s={stage: figures[stage]["tables"] for stage in ALL_STAGES if "tables" in figures[stage]},
        expected=expected,
        found=found,
        wrong=tuple(wrong),
        failed_checks=tuple(figures["check"]["failed"]),
    )


def _costs(event_count: int, figures: Mapping[str, Mapping[str, Any]]) -> Iterator[Cost]:
    """The reference, the two stages of the path and their sum, the other stages and the sum of all."""
    groups = {REFERENCE: (REFERENCE,), "parse": ("parse",), "build": ("build",), "path": PATH_STAGES}
    groups |= {stage: (stage,) for stage in ALL_STAGES if stage not in PATH_STAGES}
    reference = figures[REFERENCE]
    for name, stages in {**groups, "all": ALL_STAGES}.items():
        wall_s, cpu_s = (sum(figures[stage][kind] for stage in stages) for kind in ("wall_s", "cpu_s"))
        yield Cost(
            stage=name,
            wall_s=wall_s,
            cpu_s=cpu_s,
            peak_mb=max(figures[stage]["peak_bytes"] for stage in stages) / 1e6,
            ratio=wall_s / reference["wall_s"],
            cpu_ratio=cpu_s / reference["cpu_s"],
            events_per_s=event_count / wall_s,
        )


def machine() -> str:
    """What was measured on."""
    return (
        f"{os.cpu_count()} processors ({platform.machine()}, {platform.system()}), "
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}"
    )


# --- the command -----------------------------------------------------------------------------------------------------


def command(event_count: int, work: Path | None = None, keep: bool = False, as_json: bool = False) -> None:
    """`callwright bench [--events N] [--work DIR] [--keep] [--json]`: measures and prints.

    Args:
        event_count: Lines of the log.
        work: Where a folder for the log, the home and the reference is made; by default among the temporary files.
        keep: Leave that folder; its path is told.
        as_json: Print the report as JSON.

    Raises:
        SettingsError: See `bench`.
        CallwrightError: A stage failed, or a figure was not the one that the log was written with.
        EnvironmentProblem: The folder cannot be written.
    """
    measured(partial(bench, event_count), _print, work, keep, as_json)


def measured(
    does: Callable[[Path, Callable[[str], None]], Any],
    show: Callable[[Any], None],
    work: Path | None,
    keep: bool,
    as_json: bool,
) -> None:
    """Measures in a folder of its own, with progress, and prints the report.

    Args:
        does: The measurement, in a folder, telling its progress; its report says in `wrong` what is not as drawn.
        show: Prints the report for people.
        work, keep: See `work_folder`.
        as_json: Print the report as JSON.

    Raises:
        CallwrightError: A figure was not what it should be.
    """
    from pipelines import terminal

    with work_folder(work, keep) as folder, terminal.progress("measuring") as progress:
        report = does(folder, progress)
    if as_json:
        sys.stdout.write(json.dumps(asdict(report), indent=1) + "\n")
    else:
        show(report)
    if keep:
        terminal.err.print(f"kept: {folder}", soft_wrap=True)
    if report.wrong:
        raise CallwrightError(
            f"these figures are not those that were drawn: {', '.join(report.wrong)}",
            "the times of a wrong result mean nothing: look at it with --keep --json",
        )


@contextmanager
def work_folder(work: Path | None, keep: bool) -> Iterator[Path]:
    """A folder of our own, in the one asked for; removed afterwards unless kept."""
    try:
        if work is not None:
            work.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="callwright-bench-", dir=work))
    except OSError as error:
        where = work or tempfile.gettempdir()
        raise EnvironmentProblem(f"{where}: {error.strerror}", "name another folder with --work") from error
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _print(report: BenchReport) -> None:
    from pipelines import terminal

    size = f"{report.log_bytes_count / 1e6:,.0f} MB"
    columns = ("stage", "wall s", "CPU s", "times reference", "same, CPU", "events/s", "peak MB", "what it is")
    rows: Sequence[Sequence[Any]] = [
        (
            c.stage, round(c.wall_s, 2), round(c.cpu_s, 2), round(c.ratio, 2), round(c.cpu_ratio, 2),
            round(c.events_per_s), round(c.peak_mb), MEANINGS[c.stage],
        )
        for c in report.costs
    ]  # fmt: skip
    terminal.print_table(columns, rows, f"{report.event_count:,} events, {size}; {report.machine}")
    slowest = sorted(((s, name) for steps in report.table_s.values() for name, s in steps.items()), reverse=True)[:10]
    terminal.print_table(("slowest steps", "wall s"), [(name, seconds) for seconds, name in slowest])
    right = len(report.found) - len([name for name in report.wrong if name in report.found])
    terminal.out.print(f"{right} of {len(report.found)} figures are those of the log; failed checks: ", end="")
    terminal.out.print("; ".join(report.failed_checks) or "none", markup=False)
