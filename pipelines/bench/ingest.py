"""`callwright bench ingest`: what reading each format costs, beside DuckDB's bare scan of the same bytes.

Belongs here: the measured files, the three measured steps of each, the report. Does not belong here: the path to KPIs
(run.py, stages.py).

`python -m pipelines.bench.ingest SOURCE STEP WORK` runs one step in a process of its own and prints what it took.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.bench.generate import write_queue_log
from pipelines.bench.generate_cdr import write_cdr
from pipelines.bench.run import machine, work_folder
from pipelines.bench.stages import REFERENCE_COLUMN_COUNT, SEED, peak_bytes
from pipelines.errors import CallwrightError
from pipelines.home import Home, init_home
from pipelines.ingest import LINE_READERS, ingest_source, readers
from pipelines.lake import Lake
from pipelines.settings import load_settings
from pipelines.sources.lines import Lines, blocks, open_plain
from pipelines.warehouse import MEMORY_LIMIT

CDR_COLUMN_COUNT = 21
ERROR_TAIL_CHARS = 2_000


@dataclass(frozen=True)
class Format:
    """A measured format.

    Attributes:
        file: Name of the landed file.
        write: Makes it of so many records.
        scan_options: How DuckDB's `read_csv` reads it.
        column_count: Its columns.
    """

    file: str
    write: Callable[[Path, int], object]
    scan_options: str
    column_count: int


FORMATS: Mapping[str, Format] = {
    "asterisk_queue_log": Format(
        "queue_log",
        lambda path, count: write_queue_log(path, count, SEED),
        "delim = '|', quote = '', escape = ''",
        REFERENCE_COLUMN_COUNT,
    ),
    "asterisk_cdr": Format(
        "Master.csv",
        lambda path, count: write_cdr(path, count, SEED),
        "delim = ',', quote = '\"', escape = '\"'",
        CDR_COLUMN_COUNT,
    ),
}


@dataclass(frozen=True)
class IngestCost:
    """What reading one format took.

    Attributes:
        source: Landing folder.
        record_count, bytes_count: Of the file.
        scan_s, parse_s, land_s: Wall seconds of DuckDB's bare scan, of parsing alone (bytes to typed rows), and of
            landing to lake, which also fingerprints the bytes, looks for repeated rows and writes Parquet.
        parse_ratio, land_ratio: `parse_s` and `land_s` over `scan_s`; `land_cpu_ratio` the latter of processor time.
        records_per_s: Records from landing to lake by the clock.
        peak_mb: The most memory the landing process had, in megabytes of 10**6 bytes.
    """

    source: str
    record_count: int
    bytes_count: int
    scan_s: float
    parse_s: float
    land_s: float
    parse_ratio: float
    land_ratio: float
    land_cpu_ratio: float
    records_per_s: float
    peak_mb: float


def bench_ingest(record_count: int, work: Path, progress: Callable[[str], None] = lambda _: None) -> list[IngestCost]:
    """Measures every format of `FORMATS` on a file of its own making.

    Raises:
        CallwrightError: A step failed, or did not find every record.
    """
    costs = []
    for source in FORMATS:
        for step in _STEPS:
            progress(f"{source}: {step}")
            _run_step(source, step, work, record_count)
        figures = {s: json.loads((work / f"{source}.{s}.json").read_text()) for s in _STEPS}
        for step, found in figures.items():
            if found["row_count"] != record_count:
                raise CallwrightError(f"{source}: {step} found {found['row_count']:,} of {record_count:,} records")
        scan, parse, land = (figures[step] for step in ("scan", "parse", "land"))
        costs.append(
            IngestCost(
                source, record_count, figures["write"]["bytes_count"], scan["wall_s"], parse["wall_s"], land["wall_s"],
                parse["wall_s"] / scan["wall_s"], land["wall_s"] / scan["wall_s"], land["cpu_s"] / scan["cpu_s"],
                record_count / land["wall_s"], land["peak_bytes"] / 1e6,
            )
        )  # fmt: skip
    return costs


def _run_step(source: str, step: str, work: Path, record_count: int) -> None:
    command = [sys.executable, "-m", "pipelines.bench.ingest", source, step, str(work.absolute()), str(record_count)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CallwrightError(f"{source}: {step} failed (exit {done.returncode}):\n{done.stderr[-ERROR_TAIL_CHARS:]}")


def _write(source: str, home: Home, record_count: int) -> dict[str, Any]:
    if not home.settings_path.is_file():
        init_home(home.path)
    path = home.landing_of(source) / FORMATS[source].file
    FORMATS[source].write(path, record_count)
    return {"row_count": record_count, "bytes_count": path.stat().st_size}


def _scan(source: str, home: Home, _: int) -> dict[str, Any]:
    layout = FORMATS[source]
    names = [f"f{number}" for number in range(1, layout.column_count + 1)]
    with duckdb.connect() as con:
        con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        counted = ", ".join(f"count({name})" for name in names)
        (row,) = con.execute(
            f"select count(*), {counted} from read_csv('{home.landing_of(source) / layout.file}', header = false,"
            f" {layout.scan_options}, null_padding = true, auto_detect = false,"
            f" columns = {dict.fromkeys(names, 'VARCHAR')})"
        ).fetchall()
    return {"row_count": row[0]}


def _parse(source: str, home: Home, _: int) -> dict[str, Any]:
    reader, row_count, line_number = LINE_READERS[source], 0, 1
    with open_plain(home.landing_of(source) / FORMATS[source].file) as file:
        for block in blocks(file):
            parsed = reader.parse(Lines(block.data), line_number)
            line_number += parsed.line_count
            row_count += parsed.rows.height
    return {"row_count": row_count}


def _land(source: str, home: Home, _: int) -> dict[str, Any]:
    report = ingest_source(Lake(home.lake, home.landing), readers(load_settings(home.path), home)[source], home)
    return {"row_count": report.row_count}


_STEPS = {"write": _write, "scan": _scan, "parse": _parse, "land": _land}


def command(record_count: int, work: Path | None = None, keep: bool = False, as_json: bool = False) -> None:
    """`callwright bench ingest`: measures and prints.

    Raises:
        CallwrightError: See `bench_ingest`.
        EnvironmentProblem: The folder cannot be written.
    """
    from pipelines import terminal

    with work_folder(work, keep) as folder, terminal.progress("measuring") as progress:
        costs = bench_ingest(record_count, folder, progress)
    if as_json:
        sys.stdout.write(json.dumps([asdict(cost) for cost in costs], indent=1) + "\n")
        return
    columns = (
        "source", "MB", "bare scan s", "parse s", "times scan", "to lake s", "times scan", "same, CPU", "records/s",
        "peak MB",
    )  # fmt: skip
    rows = [
        (
            c.source, round(c.bytes_count / 1e6), round(c.scan_s, 2), round(c.parse_s, 2), round(c.parse_ratio, 2),
            round(c.land_s, 2), round(c.land_ratio, 2), round(c.land_cpu_ratio, 2), round(c.records_per_s),
            round(c.peak_mb),
        )
        for c in costs
    ]  # fmt: skip
    terminal.print_table(columns, rows, f"{record_count:,} records each; {machine()}")


def main(source: str, step: str, work: Path, record_count: int) -> None:
    """Runs one step and writes its figures to WORK/SOURCE.STEP.json."""
    begun, cpu_begun = time.perf_counter(), time.process_time()
    figures = _STEPS[step](source, Home(work / "home"), record_count)
    measured = {
        "wall_s": time.perf_counter() - begun,
        "cpu_s": time.process_time() - cpu_begun,
        "peak_bytes": peak_bytes(),
    }
    (work / f"{source}.{step}.json").write_text(json.dumps({**measured, **figures}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
