"""From landing to the lake: which files of which source are new, read by which reader, with what result.

Belongs here: the registry of readers, and the loop over landed files in which one bad file never stops the others.
Does not belong here: parsing (sources/), committing (lake.py), DuckDB tables of the warehouse.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import lzma
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import polars as pl

from pipelines.documents import ingest_document, is_document
from pipelines.errors import EnvironmentProblem, SettingsError
from pipelines.home import Home
from pipelines.lake import Lake, Segment, config_hash, ingest_lines, line_config
from pipelines.landing import landed_files, odd_things
from pipelines.machine import machine_problem
from pipelines.settings import Settings
from pipelines.settings_sections import CustomSource, TableFileSource
from pipelines.settings_tables import BUILT_IN_KINDS
from pipelines.sources.amazon_connect_contacts import AmazonConnectReader
from pipelines.sources.asterisk_cdr import CdrReader
from pipelines.sources.asterisk_cel import CelReader
from pipelines.sources.asterisk_queue_log import QueueLogReader
from pipelines.sources.base import LineReader, RecordReader, rejects_frame
from pipelines.sources.canonical import KINDS
from pipelines.sources.forms import Stated
from pipelines.sources.freeswitch_cdr import FreeswitchReader
from pipelines.sources.genesys_conversations import GenesysReader
from pipelines.sources.lines import open_plain
from pipelines.sources.tabular import RefusedFile, TableSource, read_table
from pipelines.sources.twilio_taskrouter import TaskRouterReader

_READERS: tuple[LineReader, ...] = (
    QueueLogReader(),
    CdrReader(),
    CelReader(),
    FreeswitchReader(),
    GenesysReader(),
    AmazonConnectReader(),
    TaskRouterReader(),
)
LINE_READERS: dict[str, LineReader] = {reader.source: reader for reader in _READERS}
TABLE_SOURCES = {source: kind for source, kind in BUILT_IN_KINDS.items() if kind != "calls"}

Reader = LineReader | TableSource


@dataclass
class SourceReport:
    """What happened to one source in one run; counts are of new lines."""

    source: str
    file_count: int = 0
    line_count: int = 0
    row_count: int = 0
    rejected_count: int = 0
    ignored_count: int = 0
    problems: list[str] = field(default_factory=list)


def readers(settings: Settings, home: Home) -> dict[str, Reader]:
    """The reader of every source that this version can read, by landing folder.

    Raises:
        SettingsError: A custom source's SQL file is missing.
    """
    found: dict[str, Reader] = dict(LINE_READERS)
    queue_log = QueueLogReader.source  # whose export from the database has local times
    found[queue_log] = QueueLogReader(timezone_of(settings, queue_log))
    for source, kind in TABLE_SOURCES.items():
        section = settings.sources[source]
        assert isinstance(section, TableFileSource)
        stated = Stated(section.encoding, section.decimal_mark, section.date_order)
        found[source] = TableSource(source, KINDS[kind], timezone_of(settings, source), stated=stated)
    for source, section in settings.sources.custom.items():
        found[source] = _custom(source, section, settings, home)
    return found


def _custom(source: str, section: CustomSource, settings: Settings, home: Home) -> TableSource:
    path = home.path / section.sql
    try:
        sql = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"sources.{source}.sql: {path} cannot be read: {error.strerror}") from error
    options = {**section.options, **({"types": section.types} if section.types else {})}
    zone = timezone_of(settings, source)
    return TableSource(source, KINDS[section.kind], zone, section.format, options, sql, section.sql)


def timezone_of(settings: Settings, source: str) -> str:
    """The zone of a source's zone-less times: its own, else the centre's."""
    return settings.sources[source].timezone or settings.centre.timezone


def reader_config(reader: Reader) -> str:
    """What decides a reader's rows besides the bytes."""
    return config_hash(*reader.config) if isinstance(reader, TableSource) else line_config(reader)


def raw_table(reader: Reader) -> str:
    """The raw table that a reader's rows belong to."""
    return reader.kind.name if isinstance(reader, TableSource) else reader.table


def new_files(lake: Lake, reader: Reader, home: Home) -> list[Path]:
    """The landed files of a source that are not known as they stand now."""
    config = reader_config(reader)
    return [p for p in landed_files(home.landing_of(reader.source)) if not lake.is_known(reader.source, config, p)]


def ingest_source(
    lake: Lake, reader: Reader, home: Home, progress: Callable[[str], None] = lambda _: None
) -> SourceReport:
    """Takes all new files of one source into the lake.

    A file that cannot be read is a problem in the report and, where it is the file's own fault, one reject that names
    it; the others are read all the same.

    Raises:
        SettingsError: A custom source's SQL is wrong.
        EnvironmentProblem: The lake cannot be written.
    """
    report = SourceReport(reader.source)
    for path in new_files(lake, reader, home):
        name = lake.relative(path)
        progress(f"reading {name}")
        try:
            segments = _ingest_file(lake, reader, path, partial(_say_lines, progress, name))
        except (SettingsError, EnvironmentProblem):
            raise
        except (Exception, pl.exceptions.PanicException) as error:  # whatever is wrong with one file, the others go on
            segments = _refuse(lake, reader, path, error)
            report.problems.append(f"{name}: {_reason(error)}")
        else:
            report.problems += _mostly_rejected(lake, name, segments)
        _count(report, segments)
    report.problems += [f"{lake.relative(o.path)}: {o.reason}" for o in odd_things(home.landing_of(reader.source))]
    lake.clear_temporary()
    return report


# From this share of its records on, a file with rejects is taken for one of another source.
MOSTLY = 0.9


def is_mostly_rejected(row_count: int, rejected_count: int) -> bool:
    """Whether all or nearly all of a file was rejected."""
    return rejected_count > 0 and rejected_count >= MOSTLY * (row_count + rejected_count)


def _mostly_rejected(lake: Lake, name: str, segments: list[Segment]) -> list[str]:
    rejected = [s for s in segments if s.rejected_count]
    rejected_count, row_count = sum(s.rejected_count for s in rejected), sum(s.row_count for s in segments)
    if not is_mostly_rejected(row_count, rejected_count):
        return []
    reasons = pl.concat([pl.scan_parquet(lake.rejects_path(s)).select("reason") for s in rejected])
    often = reasons.group_by("reason").len().sort("len", "reason", descending=True).head(1).collect()["reason"].item()
    return [
        f"{name}: {rejected_count:,} of {row_count + rejected_count:,} lines rejected, most often: {often};"
        " which source would take it is said by: callwright status"
    ]


def _say_lines(progress: Callable[[str], None], name: str, line_count: int) -> None:
    progress(f"reading {name}: {line_count:,} lines")


def _ingest_file(lake: Lake, reader: Reader, path: Path, progress: Callable[[int], None]) -> list[Segment]:
    if isinstance(reader, RecordReader) and is_document(reader, path):
        return ingest_document(lake, reader, path, reader_config(reader))
    if not isinstance(reader, TableSource):
        return ingest_lines(lake, reader, path, progress)
    return _ingest_table(lake, reader, path)


class StillWritten(Exception):
    """The file changed while it was read."""


def _ingest_table(lake: Lake, reader: TableSource, path: Path) -> list[Segment]:
    draft = lake.draft(reader.source, reader.kind.name, reader_config(reader), path)
    earlier = lake.earlier_contents(draft)
    content, length, beginnings = _content(path, {s.bytes_to for s in earlier})
    draft = replace(draft, content_hash=content, head_hash=content, bytes_to=length)
    known = lake.known_content(draft)
    if known is not None:
        return known
    rows_path = lake.temporary(draft, "parquet")
    result = read_table(reader, path, draft.segment_id, rows_path, rows_path.parent)
    now = path.stat()
    if (now.st_size, now.st_mtime_ns) != (draft.size, draft.mtime_ns):
        # What was hashed and what was read may be two things.
        raise StillWritten
    segment = replace(
        draft, line_count=result.line_count,
        row_count=result.row_count, rejected_count=result.rejects.height, ignored=dict(result.ignored),
        first_event_at=result.first_event_at, last_event_at=result.last_event_at, notes=list(result.notes),
        # Less of the same file, read while it was on its way: all of it stands in this one, but for half a last record.
        supersedes=[s.segment_id for s in earlier if beginnings.get(s.bytes_to) == s.content_hash],
    )  # fmt: skip
    return [lake.commit(segment, result.rejects, rows_path)]


def _content(path: Path, lengths: Collection[int]) -> tuple[str, int, dict[int, str]]:
    """SHA-256 and length of a file's uncompressed content, and the SHA-256 of its first bytes up to some lengths."""
    digest, length = hashlib.sha256(), 0
    waiting, beginnings = sorted(lengths, reverse=True), dict[int, str]()
    with open_plain(path) as file:
        while piece := file.read(min(1 << 20, waiting[-1] - length) if waiting else 1 << 20):
            digest.update(piece)
            length += len(piece)
            if waiting and waiting[-1] == length:
                beginnings[waiting.pop()] = digest.hexdigest()
    return digest.hexdigest(), length, beginnings


def _refuse(lake: Lake, reader: Reader, path: Path, error: Exception) -> list[Segment]:
    """Records a file that could not be read, so that it is named and not tried again until it changes."""
    problem = machine_problem(error, path)
    if problem is not None:
        raise problem from error
    if isinstance(error, StillWritten | MemoryError) or (isinstance(error, OSError) and error.errno is not None):
        return []  # not readable now (permission, gone, half written): tried again by the next run
    draft = lake.draft(reader.source, raw_table(reader), reader_config(reader), path)
    reason = _reason(error)
    for known in lake.segments(draft.source, draft.config):
        if (known.file, known.size, known.problem) == (draft.file, draft.size, reason):
            lake.restamp(known, draft)
            return []
    rejects = rejects_frame([(0, f"the whole file: {reason}", "")])
    refused = replace(draft, line_count=1, rejected_count=1, problem=reason)
    return [lake.commit(refused, rejects, None)]


_DAMAGED = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
_SYSTEM_REASONS = {
    errno.EACCES: "no permission to read it",
    errno.EPERM: "no permission to read it",
    errno.ENOENT: "it was removed before it could be read",
}


def _reason(error: BaseException) -> str:
    if isinstance(error, _DAMAGED):
        return f"the compressed file is cut off or damaged ({error})"
    if isinstance(error, StillWritten):
        return "it changed while it was read, so it is still being written; the next run reads it"
    if isinstance(error, OSError):
        return _SYSTEM_REASONS.get(error.errno or 0) or error.strerror or str(error)
    if isinstance(error, RefusedFile):
        return str(error)
    told = (str(error).strip().splitlines() or [""])[0]
    return f"its reader could not read it ({type(error).__name__}: {told[:200]})"


def _count(report: SourceReport, segments: list[Segment]) -> None:
    report.file_count += 1
    for segment in segments:
        report.line_count += segment.line_count
        report.row_count += segment.row_count
        report.rejected_count += segment.rejected_count
        report.ignored_count += sum(segment.ignored.values())


def unclaimed_folders(home: Home, known: dict[str, Reader]) -> list[str]:
    """Landing folders with files that no reader of this version or section of callwright.toml claims."""
    if not home.landing.is_dir():
        return []
    folders = (p for p in sorted(home.landing.iterdir()) if p.is_dir() and p.name not in known)
    return [p.name for p in folders if next(landed_files(p), None) is not None]
