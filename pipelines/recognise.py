"""Whose file is this: every reader tries the beginning of a file that its own source could not use.

Belongs here: trying, and saying what each reader makes of it. Nothing is committed and nothing in the home changes.
Does not belong here: which files to ask about (status.py), reading for the lake (ingest.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from pipelines.errors import CallwrightError
from pipelines.ingest import MOSTLY, Reader
from pipelines.sources.base import LineReader, RecordReader
from pipelines.sources.lines import Lines, open_plain
from pipelines.sources.tabular import TableSource, read_table

HEAD_BYTES = 1 << 16
# What cannot be judged by its beginning (a workbook, a document) is tried whole, up to this size.
WHOLE_BYTES_MAX = 16 << 20
_WHOLE_SUFFIXES = (".xlsx", ".parquet")
# A library's message may quote the file; as in sql/meta/rejects.sql.
_PERSONAL = re.compile(r"[0-9][0-9 ./()-]{5,}[0-9]|[^ @]+@[^ @]+")


@dataclass(frozen=True)
class Verdict:
    """What one reader makes of the beginning of a file.

    Attributes:
        source: The reader's landing folder.
        row_count: Records that it could read.
        rejected_count: Records that it had to reject.
        reason: Why it refused the file, or the reason of most rejects; empty if there were none.
        column_count: Columns that it found something in: a table of orders has all that one of customers must have.
    """

    source: str
    row_count: int
    rejected_count: int
    reason: str
    column_count: int = 0

    @property
    def takes_it(self) -> bool:
        """Whether the file looks like one of this source."""
        return self.row_count > 0 and self.row_count >= MOSTLY * (self.row_count + self.rejected_count)


def masked(reason: str) -> str:
    """A reason without what looks like a number or an address of somebody."""
    return _PERSONAL.sub("…", reason)


def try_readers(path: Path, readers: Mapping[str, Reader]) -> list[Verdict]:
    """What each reader makes of a file; a file that cannot be opened gives no verdicts."""
    with TemporaryDirectory(prefix="callwright-") as scratch:
        try:
            sample = _sample(path, Path(scratch))
        except (OSError, EOFError, ValueError):
            return []
        return [_judge(source, reader, sample, Path(scratch)) for source, reader in readers.items()]


def advice(path: Path, readers: Mapping[str, Reader]) -> str:
    """One line: which source would take the file; where none would, the reason of each reader."""
    verdicts = try_readers(path, readers)
    taking = [v for v in verdicts if v.takes_it]
    best = max((v.column_count for v in taking), default=0)
    fits = [v.source for v in taking if v.column_count == best]
    if fits:
        return f"looks like {' or '.join(fits)}: move it to {' or '.join(f'landing/{source}/' for source in fits)}"
    told = "; ".join(f"{v.source}: {v.reason}" for v in verdicts)
    return f"no reader takes it: {told}" if told else "its beginning cannot be read"


def _sample(path: Path, scratch: Path) -> Path:
    """The beginning of the file, uncompressed, cut at the end of a line; small or indivisible files whole."""
    is_whole = path.name.lower().endswith(_WHOLE_SUFFIXES) and path.stat().st_size <= WHOLE_BYTES_MAX
    limit = WHOLE_BYTES_MAX if is_whole else HEAD_BYTES
    with open_plain(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        data = data[: data.rfind(b"\n", 0, limit) + 1] or data[:limit]
    # The readers of tables go by the name's ending.
    suffix = Path(path.name.removesuffix(".gz").removesuffix(".bz2").removesuffix(".xz")).suffix
    sample = scratch / f"sample{suffix}"
    sample.write_bytes(data)
    return sample


def _judge(source: str, reader: Reader, sample: Path, scratch: Path) -> Verdict:
    try:
        if isinstance(reader, TableSource):
            rows_path = scratch / "rows.parquet"
            found = read_table(reader, sample, 0, rows_path, scratch)
            return _verdict(source, pl.read_parquet(rows_path), found.rejects)
        return _judge_lines(source, reader, sample.read_bytes())
    except CallwrightError as error:
        reason = str(error).splitlines()[0].removeprefix(f"{sample.name}: ")
        return Verdict(source, 0, 0, masked(reason))
    except Exception as error:  # a reader that fails does not take it
        return Verdict(source, 0, 0, type(error).__name__)


def _judge_lines(source: str, reader: LineReader, data: bytes) -> Verdict:
    if isinstance(reader, RecordReader) and not reader.reads_lines(data):
        parsed = reader.parse_document(data)
    else:
        parsed = reader.parse(Lines(data), 1)
    return _verdict(source, parsed.rows, parsed.rejects)


def _verdict(source: str, rows: pl.DataFrame, rejects: pl.DataFrame) -> Verdict:
    reason = next(_most_frequent(rejects), "" if rows.height else "nothing in it is a record")
    filled = sum(column.null_count() < rows.height for column in rows)
    return Verdict(source, rows.height, rejects.height, reason, filled)


def _most_frequent(rejects: pl.DataFrame) -> Iterator[str]:
    counted = rejects.group_by("reason").len().sort("len", "reason", descending=True)
    yield from counted["reason"].to_list()
