"""From landing to the lake: which files of which source are new, read by which reader, with what result.

Belongs here: the registry of readers, and the loop over landed files in which one bad file never stops the others.
Does not belong here: parsing (sources/), committing (lake.py), DuckDB tables of the warehouse.
"""

from __future__ import annotations

import hashlib
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from pipelines.documents import ingest_document, is_document
from pipelines.errors import EnvironmentProblem, SettingsError
from pipelines.home import Home
from pipelines.lake import Lake, Segment, config_hash, ingest_lines, landed_files
from pipelines.settings import Settings
from pipelines.settings_sections import CustomSource
from pipelines.settings_tables import BUILT_IN_KINDS
from pipelines.sources.asterisk_cdr import CdrReader
from pipelines.sources.asterisk_cel import CelReader
from pipelines.sources.asterisk_queue_log import QueueLogReader
from pipelines.sources.base import LineReader, RecordReader, rejects_frame
from pipelines.sources.canonical import KINDS
from pipelines.sources.lines import open_plain
from pipelines.sources.tabular import RefusedFile, TableSource, read_table

LINE_READERS: dict[str, LineReader] = {r.source: r for r in (QueueLogReader(), CdrReader(), CelReader())}
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
    for source, kind in TABLE_SOURCES.items():
        found[source] = TableSource(source, KINDS[kind], timezone_of(settings, source))
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
    return config_hash(*reader.config) if isinstance(reader, TableSource) else config_hash(reader.version)


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
        except (RefusedFile, EOFError, zlib.error, lzma.LZMAError, OSError) as error:
            segments = _refuse(lake, reader, path, error)
            report.problems.append(f"{name}: {_reason(error)}")
        _count(report, segments)
    lake.clear_temporary()
    return report


def _say_lines(progress: Callable[[str], None], name: str, line_count: int) -> None:
    progress(f"reading {name}: {line_count:,} lines")


def _ingest_file(lake: Lake, reader: Reader, path: Path, progress: Callable[[int], None]) -> list[Segment]:
    if isinstance(reader, RecordReader) and is_document(reader, path):
        return ingest_document(lake, reader, path, reader_config(reader))
    if not isinstance(reader, TableSource):
        return ingest_lines(lake, reader, path, progress)
    draft = lake.draft(reader.source, reader.kind.name, reader_config(reader), path)
    content = _content_hash(path)
    known = _same_content(lake, draft, content)
    if known is not None:
        copied = known.line_count + known.copied_line_count
        copy = replace(draft, content_hash=content, head_hash=content, copied_line_count=copied, bytes_to=draft.size)
        return [lake.commit(copy, rejects_frame([]), None)]
    rows_path = lake.temporary(draft, "parquet")
    result = read_table(reader, path, draft.segment_id, rows_path, rows_path.parent)
    segment = replace(
        draft, content_hash=content, head_hash=content, bytes_to=draft.size, line_count=result.line_count,
        row_count=result.row_count, rejected_count=result.rejects.height, ignored=dict(result.ignored),
        first_event_at=result.first_event_at, last_event_at=result.last_event_at,
    )  # fmt: skip
    return [lake.commit(segment, result.rejects, rows_path)]


def _same_content(lake: Lake, draft: Segment, content: str) -> Segment | None:
    """A table file is known by its whole content: the same export under another name gives nothing new."""
    return next(
        (s for s in lake.segments(draft.source, draft.config) if s.content_hash == content and not s.problem),
        None,
    )


def _content_hash(path: Path) -> str:
    with open_plain(path) as file:
        digest = hashlib.sha256()
        while piece := file.read(1 << 20):
            digest.update(piece)
        return digest.hexdigest()


def _refuse(lake: Lake, reader: Reader, path: Path, error: Exception) -> list[Segment]:
    """Records a file that could not be read, so that it is named and not tried again until it changes."""
    if isinstance(error, OSError) and error.errno is not None:
        if error.errno in _MACHINE_ERRORS:
            raise EnvironmentProblem(
                f"{path}: {error.strerror}", "free some space, then type the command again"
            ) from error
        return []  # not readable now (permission, gone): tried again by the next run
    draft = lake.draft(reader.source, raw_table(reader), reader_config(reader), path)
    reason = _reason(error)
    rejects = rejects_frame([(0, f"the whole file: {reason}", "")])
    refused = replace(draft, line_count=1, rejected_count=1, problem=reason)
    return [lake.commit(refused, rejects, None)]


# No space left, quota exceeded, file too large, read-only file system.
_MACHINE_ERRORS = {28, 122, 27, 30}


def _reason(error: Exception) -> str:
    if isinstance(error, EOFError | zlib.error | lzma.LZMAError):
        return f"the compressed file is cut off or damaged ({error})"
    return str(error)


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
