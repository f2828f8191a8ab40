"""`callwright bench day`: one more day on a year of history, beside one more day on a month of it.

Belongs here: making the two homes, timing the whole `callwright run` of the last day in each, the report.
Does not belong here: what a run does, and the path of a first run (run.py).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from pipelines.bench.generate import DAY_S, DEFAULT_START, write_queue_log
from pipelines.bench.ingest import ERROR_TAIL_CHARS
from pipelines.bench.run import machine, work_folder
from pipelines.bench.stages import SEED, SOURCE
from pipelines.errors import CallwrightError
from pipelines.home import Home, init_home

MONTH_DAYS, YEAR_DAYS = 31, 365


@dataclass(frozen=True)
class DayCost:
    """What a history of some days took.

    Attributes:
        day_count: Days of history, the new one included.
        event_count: Lines of all days; `day_event_count` those of the new one.
        first_s: Wall seconds of the run that took up all days but the last.
        day_s, day_cpu_s: Wall and processor seconds of the run that took up the last day.
    """

    day_count: int
    event_count: int
    day_event_count: int
    first_s: float
    day_s: float
    day_cpu_s: float


def bench_day(year_event_count: int, work: Path, progress: Callable[[str], None] = lambda _: None) -> list[DayCost]:
    """Measures a month and a year of the same centre.

    Args:
        year_event_count: Lines of the year's log; the month has its share of them.
        work: An empty folder.
        progress: Told what is being done.

    Raises:
        CallwrightError: A run failed.
    """
    costs = []
    for day_count in (MONTH_DAYS, YEAR_DAYS):
        home, event_count = Home(work / f"{day_count}-days"), year_event_count * day_count // YEAR_DAYS
        progress(f"{day_count} days: writing {event_count:,} events")
        last_day = _land(home, work / "log", event_count, day_count)
        progress(f"{day_count} days: first run")
        first_s, _ = _run(home)
        (home.landing_of(SOURCE) / "last-day").write_bytes(last_day)
        progress(f"{day_count} days: the last day")
        costs.append(DayCost(day_count, event_count, last_day.count(b"\n"), first_s, *_run(home)))
    return costs


def _land(home: Home, log: Path, event_count: int, day_count: int) -> bytes:
    """Lands all days but the last, which it returns."""
    init_home(home.path)
    write_queue_log(log, event_count, SEED, days=day_count)
    border = int((DEFAULT_START + timedelta(seconds=(day_count - 1) * DAY_S)).timestamp())
    last_day = []
    with log.open("rb") as whole, (home.landing_of(SOURCE) / "queue_log").open("wb") as before:
        for line in whole:
            if int(line.split(b"|", 1)[0]) < border:
                before.write(line)
            else:
                last_day.append(line)
    log.unlink()
    return b"".join(last_day)


def _run(home: Home) -> tuple[float, float]:
    """Wall and processor seconds of `callwright run`, as a user types it."""
    command = [sys.executable, "-m", "pipelines", "run", "--home", str(home.path.absolute())]
    begun, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CallwrightError(f"callwright run failed (exit {done.returncode}):\n{done.stderr[-ERROR_TAIL_CHARS:]}")
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - begun, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


def command(event_count: int, work: Path | None = None, keep: bool = False, as_json: bool = False) -> None:
    """`callwright bench day`: measures and prints.

    Raises:
        CallwrightError: See `bench_day`.
        EnvironmentProblem: The folder cannot be written.
    """
    from pipelines import terminal

    with work_folder(work, keep) as folder, terminal.progress("measuring") as progress:
        costs = bench_day(event_count, folder, progress)
    month, year = costs
    ratio, cpu_ratio = year.day_s / month.day_s, year.day_cpu_s / month.day_cpu_s
    if as_json:
        report = {"ratio": ratio, "cpu_ratio": cpu_ratio, "costs": [asdict(cost) for cost in costs]}
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
        return
    columns = ("history, days", "events", "first run s", "new events", "new day s", "same, CPU")
    rows = [
        (c.day_count, c.event_count, round(c.first_s, 1), c.day_event_count, round(c.day_s, 1), round(c.day_cpu_s, 1))
        for c in costs
    ]
    terminal.print_table(
        columns, rows, f"a day on a year costs {ratio:.2f} times a day on a month (CPU {cpu_ratio:.2f}); {machine()}"
    )
