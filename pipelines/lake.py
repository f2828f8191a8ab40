"""The lake: what was parsed, as Parquet, written once, with a manifest for each input segment.

Belongs here: which bytes of which landed file are known already, and committing a parsed segment whole or not at all.
Does not belong here: how a format is parsed (sources/), or any DuckDB table.

A segment is the part of a file that was read in one go. A file of lines that has grown is read on from where it stood;
a file whose beginning is known (the same file renamed, rotated, compressed or copied) is recognised by what it holds.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from pipelines.sources.base import REJECT_SCHEMA, REJECT_TEXT_MAX, LineReader, Parsed, rejects_frame
from pipelines.sources.lines import ENDING_BYTES, Block, Lines, blocks, decode, open_plain

# Enough of a file to know it again by its beginning, and by the end of what was read.
FINGERPRINT_BYTES = ENDING_BYTES


@dataclass(frozen=True)
class Segment:
    """The manifest of one parsed segment.

    Attributes:
        segment_id: Order of ingestion; unique in a home.
        source: Landing folder; `table` is the raw table its rows went to.
        config: What decided the rows besides the bytes (reader version, settings, SQL), hashed.
        file: Path below landing/.
        size, mtime_ns: The file as it stood, so that an unchanged file is not opened again.
        head_bytes, head_hash: The file's first bytes.
        bytes_from, bytes_to, tail_hash: The uncompressed range, and the fingerprint of its end.
        line_from, line_count: First line number, and how many lines.
        copied_line_count: Lines before `bytes_from` that are known from another file.
        is_tail: Holds a last line without newline, which may be half a line.
        supersedes: Tails whose line stands in this segment, now that the file goes on behind it; or the table that was
            read when less of the same file had arrived.
        problem: Why the file was refused as a whole, or None.
        notes: What its reader took for granted of the file (encoding, decimal comma, unused columns).
    """

    segment_id: int
    source: str
    table: str
    config: str
    file: str
    size: int
    mtime_ns: int
    head_bytes: int = 0
    head_hash: str = ""
    bytes_from: int = 0
    bytes_to: int = 0
    tail_hash: str = ""
    content_hash: str = ""
    line_from: int = 1
    line_count: int = 0
    row_count: int = 0
    rejected_count: int = 0
    ignored: dict[str, int] = field(default_factory=dict)
    copied_line_count: int = 0
    first_event_at: str | None = None
    last_event_at: str | None = None
    ingested_at: str = ""
    is_tail: bool = False
    supersedes: list[int] = field(default_factory=list)
    problem: str | None = None
    notes: list[str] = field(default_factory=list)
    may_repeat: bool = True

    @property
    def name(self) -> str:
        """File name stem of the segment in the lake."""
        return f"{self.source}-{self.segment_id:08d}"

    @property
    def is_whole(self) -> bool:
        """Whether this is a table or a document, known by its whole content; files of lines have fingerprints."""
        return self.content_hash != "" and self.tail_hash == ""


class Lake:
    """The segments of one home.

    Args:
        folder: HOME/lake.
        landing: HOME/landing.
    """

    def __init__(self, folder: Path, landing: Path) -> None:
        self.folder = folder
        self.landing = landing
        self._segments: dict[int, Segment] = {}
        self._known: set[tuple[str, str, str, int, int]] = set()
        for path in folder.glob("raw/*/*.json"):
            segment = Segment(**json.loads(path.read_text()))
            self._remember(segment)

    def _remember(self, segment: Segment) -> None:
        self._segments[segment.segment_id] = segment
        self._known.add((segment.source, segment.config, segment.file, segment.size, segment.mtime_ns))

    def segments(self, source: str, config: str) -> list[Segment]:
        """The segments of a source under its present configuration, in order of ingestion."""
        found = (s for s in self._segments.values() if s.source == source and s.config == config)
        return sorted(found, key=lambda s: s.segment_id)

    def all_segments(self) -> list[Segment]:
        """Every segment, in order of ingestion."""
        return [self._segments[key] for key in sorted(self._segments)]

    def rows_path(self, segment: Segment) -> Path:
        """Where the segment's rows are."""
        return self.folder / "raw" / segment.table / f"{segment.name}.parquet"

    def rejects_path(self, segment: Segment) -> Path:
        """Where the segment's rejects are; exists only if there are any."""
        return self.folder / "raw" / segment.table / f"{segment.name}.rejects.parquet"

    def _manifest_path(self, segment: Segment) -> Path:
        return self.folder / "raw" / segment.table / f"{segment.name}.json"

    def is_known(self, source: str, config: str, path: Path) -> bool:
        """Whether the file, as it stands on disk, was read already under this configuration."""
        try:
            stat = path.stat()
        except OSError:
            return False  # whoever reads it meets the same error, and says so
        return (source, config, self.relative(path), stat.st_size, stat.st_mtime_ns) in self._known

    def relative(self, path: Path) -> str:
        """A landed file's name as users know it: the path below landing/."""
        name = path.relative_to(self.landing).as_posix()
        return os.fsencode(name).decode("utf-8", "backslashreplace")

    def next_id(self) -> int:
        """The number of the next segment."""
        return max(self._segments, default=0) + 1

    def draft(self, source: str, table: str, config: str, path: Path) -> Segment:
        """A manifest to be filled in for a file that is about to be read."""
        stat = path.stat()
        now = datetime.now(UTC).isoformat()
        return Segment(
            self.next_id(),
            source,
            table,
            config,
            self.relative(path),
            stat.st_size,
            stat.st_mtime_ns,
            ingested_at=now,
        )

    def known_content(self, draft: Segment) -> list[Segment] | None:
        """What a file that is read whole adds where its content is known: nothing, or a copy under another name.

        Args:
            draft: With the content's hash.

        Returns:
            The segments committed; None: the content is new.
        """
        segments = self.segments(draft.source, draft.config)
        same = [s for s in segments if s.content_hash == draft.content_hash and not s.problem]
        if not same:
            return None
        known = min(same, key=lambda s: (s.file != draft.file, s.segment_id))
        if known.file == draft.file:
            self.restamp(known, draft)
            return []
        copied = known.line_count + known.copied_line_count
        return [self.commit(replace(draft, copied_line_count=copied), None, None)]

    def earlier_contents(self, draft: Segment) -> list[Segment]:
        """What was read of the same file before, each time as a whole (a table, a document)."""
        found = (s for s in self.segments(draft.source, draft.config) if s.file == draft.file and s.line_count)
        return [s for s in found if s.is_whole]

    def restamp(self, segment: Segment, draft: Segment) -> None:
        """Notes that a file which landed again holds just what it held: it is known as it stands, nothing is new."""
        self.commit(replace(segment, size=draft.size, mtime_ns=draft.mtime_ns), None, None)
        if segment.problem is None:
            for refused in [s for s in self.all_segments() if s.problem is not None and s.file == segment.file]:
                self.drop(refused)

    def commit(self, segment: Segment, rejects: pl.DataFrame | Path | None, rows_from: Path | None) -> Segment:
        """Makes a segment part of the lake: rows and rejects first, the manifest last, each by rename.

        Args:
            segment: Its manifest.
            rejects: `REJECT_SCHEMA`, or a Parquet of it with `segment_id`; None or no row: there are none.
            rows_from: Parquet of the rows; None: there are none.
        """
        folder = self.folder / "raw" / segment.table
        folder.mkdir(parents=True, exist_ok=True)
        if rows_from is not None:
            _sync(rows_from)
            rows_from.replace(self.rows_path(segment))
        if isinstance(rejects, pl.DataFrame) and rejects.height:
            table = rejects.with_columns(pl.lit(segment.segment_id, pl.Int64).alias("segment_id"))
            rejects = self.temporary(segment, "rejects")
            pq.write_table(table.to_arrow(compat_level=pl.CompatLevel.oldest()), rejects)
        if isinstance(rejects, Path):
            _sync(rejects)
            rejects.replace(self.rejects_path(segment))
        temporary = self.temporary(segment, "json")
        temporary.write_text(json.dumps(asdict(segment), indent=1))
        _sync(temporary)
        temporary.replace(self._manifest_path(segment))
        self._remember(segment)
        return segment

    def drop(self, segment: Segment) -> None:
        """Takes a segment out again (a last line that has meanwhile grown): manifest first."""
        self._manifest_path(segment).unlink(missing_ok=True)
        self.rejects_path(segment).unlink(missing_ok=True)
        self.rows_path(segment).unlink(missing_ok=True)
        self._segments.pop(segment.segment_id, None)

    def _retire(self, tail: Segment, successor: Segment) -> None:
        """Empties a tail whose line stands elsewhere now; its manifest stays, so that its file is still known."""
        copied = 0 if tail.file == successor.file else tail.line_count
        empty = replace(
            tail, is_tail=False, bytes_to=0, content_hash="", line_count=0, row_count=0, rejected_count=0, ignored={},
            copied_line_count=copied, first_event_at=None, last_event_at=None,
        )  # fmt: skip
        self.commit(empty, rejects_frame([]), None)
        self.rejects_path(tail).unlink(missing_ok=True)
        self.rows_path(tail).unlink(missing_ok=True)

    def temporary(self, segment: Segment, kind: str) -> Path:
        """A place for a file in the making, on the lake's own file system."""
        folder = self.folder / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{segment.name}.{kind}"

    def clear_temporary(self) -> None:
        """Removes what a killed run left behind; call it only under the run lock."""
        for path in (self.folder / "tmp").glob("*"):
            path.unlink()
        for successor in self.all_segments():
            for tail in (self._segments.get(number) for number in successor.supersedes):
                if tail is None:
                    continue
                if tail.is_tail:
                    self._retire(tail, successor)
                elif tail.is_whole:
                    self.drop(tail)  # a table of which less had arrived
        for refused in [s for s in self.all_segments() if s.problem is not None]:
            later = (s for s in self._segments.values() if (s.source, s.file) == (refused.source, refused.file))
            if any(s.segment_id > refused.segment_id for s in later):
                self.drop(refused)
        known = {self._manifest_path(s).stem for s in self._segments.values()}
        for path in self.folder.glob("raw/*/*.parquet"):
            if path.name.removesuffix(".parquet").removesuffix(".rejects") not in known:
                path.unlink()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def config_hash(*parts: object) -> str:
    """A short name for everything besides the bytes that decides what rows a file gives."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:12]


def line_config(reader: LineReader) -> str:
    """What decides the rows of a reader of lines besides the bytes: its version, and settings if it has any."""
    return config_hash(reader.version, *getattr(reader, "settings", ()))


def ingest_lines(
    lake: Lake, reader: LineReader, path: Path, progress: Callable[[int], None] = lambda _: None
) -> list[Segment]:
    """Reads what is new in a file of lines.

    Args:
        lake: Where the segments go.
        reader: The format.
        path: The landed file, plain or compressed.
        progress: Called with the number of lines of each block read.

    Returns:
        The new segments: none if nothing is new; two if the last line has no newline yet.

    Raises:
        OSError: The file cannot be read; EOFError or zlib.error: a compressed file is cut off or damaged.
    """
    config = line_config(reader)
    with open_plain(path) as file:
        start = _find_start(lake, reader.source, config, lake.relative(path), file)
        draft = _continue_from(lake.draft(reader.source, reader.table, config, path), start)
        tails = [t for t in lake.segments(reader.source, config) if t.is_tail and _holds_tail(file, t, start)]
        for tail in tails:
            file.seek(tail.bytes_to)
            if not file.read(1):
                # All of it is known, to its last line.
                if tail.file == draft.file:
                    lake.restamp(tail, draft)
                    return []
                known = replace(draft, copied_line_count=draft.copied_line_count + tail.line_count)
                return _commit_known(lake, reader, known, start.end)
        file.seek(draft.bytes_from)
        if not tails and not file.read(1):
            return _commit_known(lake, reader, draft, start.end)
        file.seek(draft.bytes_from)
        draft = replace(draft, supersedes=[t.segment_id for t in tails])
        return _read_segments(lake, reader, file, draft, start.end, progress)


def _commit_known(lake: Lake, reader: LineReader, draft: Segment, end: bytes) -> list[Segment]:
    """Notes a file of which nothing is new: in its own manifest where it held the same before, else in one more."""
    nothing = sha256(b"")
    ending = (draft.size, draft.bytes_to, draft.head_hash or nothing, draft.tail_hash or nothing)
    for own in lake.segments(draft.source, draft.config):
        if own.file == draft.file and (own.size, own.bytes_to, own.head_hash, own.tail_hash) == ending:
            lake.restamp(own, draft)
            return []
    return [_SegmentWriter(lake, reader, draft, end).finish()]


def _holds_tail(file: BufferedIOBase, tail: Segment, start: _Start) -> bool:
    """Whether the last line of a known file stands in this one, in the same place."""
    known = start.known
    if tail.bytes_from > 0 and (
        known is None
        or known.bytes_to < tail.bytes_from
        or (known.head_bytes, known.head_hash) != (tail.head_bytes, tail.head_hash)
    ):
        return False
    file.seek(tail.bytes_from)
    return sha256(read_exactly(file, tail.bytes_to - tail.bytes_from)) == tail.content_hash


@dataclass(frozen=True)
class _Start:
    """Where to read on: the head of the file, and the known segment that ends there (None: from the beginning)."""

    head: bytes
    known: Segment | None
    end: bytes = b""


def _find_start(lake: Lake, source: str, config: str, name: str, file: BufferedIOBase) -> _Start:
    """Positions the file after the longest part of it that is known, and says which segment ended there.

    Of equal parts the file's own counts (`name`): what it holds already is no copy of another file.
    """
    head = file.read(FINGERPRINT_BYTES)
    same_head = [
        s
        for s in lake.segments(source, config)
        if not s.is_tail
        and s.bytes_to > 0
        and len(head) >= s.head_bytes
        and sha256(head[: s.head_bytes]) == s.head_hash
    ]
    for known in sorted(same_head, key=lambda s: (s.bytes_to, s.file == name), reverse=True):
        length = min(known.bytes_to, FINGERPRINT_BYTES)
        file.seek(known.bytes_to - length)
        end = read_exactly(file, length)
        if sha256(end) == known.tail_hash:
            return _Start(head, known, end)
    file.seek(0)
    return _Start(head, None)


def read_exactly(file: BufferedIOBase, length: int) -> bytes:
    """The next bytes of a file, fewer only at its end: a compressed file gives them in pieces."""
    pieces = []
    while length > 0 and (piece := file.read(length)):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def sha256(data: bytes) -> str:
    """The hash by which the lake knows content."""
    return hashlib.sha256(data).hexdigest()


def _continue_from(draft: Segment, start: _Start) -> Segment:
    """Fills in where the segment begins."""
    known = start.known
    if known is None:
        return replace(draft, bytes_from=0, bytes_to=0)
    line_from = known.line_from + known.line_count
    copied = 0 if known.file == draft.file else line_from - 1
    return replace(
        draft, head_bytes=known.head_bytes, head_hash=known.head_hash, tail_hash=known.tail_hash,
        content_hash=known.content_hash,
        bytes_from=known.bytes_to, bytes_to=known.bytes_to, line_from=line_from, copied_line_count=copied,
    )  # fmt: skip


def _read_segments(
    lake: Lake,
    reader: LineReader,
    file: BufferedIOBase,
    draft: Segment,
    end: bytes,
    progress: Callable[[int], None],
) -> list[Segment]:
    """Parses the rest of the file: one segment of whole lines, and one for a last line without newline."""
    writer = _SegmentWriter(lake, reader, draft, end)
    tail: bytes | None = None
    with closing(writer):
        for block in blocks(file):
            if block.is_tail:
                tail = block.data
            elif block.is_oversize:
                writer.add_oversize(block)
            else:
                writer.add(block.data)
                progress(writer.line_count)
        # The body is not yet the whole file: should we be killed before the tail, the next run opens the file again.
        body = writer.finish(is_whole_file=tail is None)
    if tail is None:
        return [body]
    return [body, _read_tail(lake, reader, replace(body, size=draft.size), tail)]


def _read_tail(lake: Lake, reader: LineReader, body: Segment, data: bytes) -> Segment:
    draft = replace(
        body, segment_id=lake.next_id(), bytes_from=body.bytes_to, line_from=body.line_from + body.line_count,
        line_count=0, row_count=0, rejected_count=0, ignored={}, copied_line_count=0, is_tail=True,
        first_event_at=None, last_event_at=None,
    )  # fmt: skip
    writer = _SegmentWriter(lake, reader, draft, b"")
    writer.add(data)
    return writer.finish()


class _Repeats:
    """Whether any two rows of a segment may be the same, told in bounded memory.

    Rows that come in order of time are compared with those of their own block and of the last instant before it; of
    others nothing is said.

    Attributes:
        possible: False: all rows differ.
    """

    def __init__(self, time_column: str) -> None:
        self.possible = False
        self._column = time_column
        self._last_at: object = None
        self._at_last = pl.Series(dtype=pl.UInt64)

    def look(self, rows: pl.DataFrame) -> None:
        """Takes up the rows of the next block."""
        if self.possible:
            return
        times, hashes = rows[self._column], rows.hash_rows()
        first_at, last_at = times.min(), times.max()
        overlaps = self._last_at is not None and first_at < self._last_at  # type: ignore[operator]
        if times.null_count() or overlaps or hashes.n_unique() < rows.height:
            self.possible = True
            return
        if first_at == self._last_at and hashes.filter(times == first_at).is_in(self._at_last.implode()).any():
            self.possible = True
        kept = self._at_last if last_at == self._last_at else self._at_last.clear()
        self._last_at, self._at_last = last_at, kept.append(hashes.filter(times == last_at))


# As many as the processors of a small machine; each holds a block in memory.
_PARSER_COUNT = 2
# From this share of different values on, a dictionary costs more time than it saves.
_DICTIONARY_SHARE = 0.05


def _encodings(rows: pl.DataFrame) -> dict[str, Any]:
    """How Parquet writes columns like these fast: dictionaries for repeated values, differences for numbers and times.

    Only times are sought in the lake, so only they have statistics.
    """
    repeated = [c for c in rows.columns if rows[c].n_unique() <= max(1, _DICTIONARY_SHARE * rows.height)]
    others = [
        c for c, dtype in rows.schema.items() if c not in repeated and (dtype.is_integer() or dtype.is_temporal())
    ]
    return {
        "use_dictionary": repeated,
        "column_encoding": dict.fromkeys(others, "DELTA_BINARY_PACKED"),
        "write_statistics": [c for c, dtype in rows.schema.items() if dtype.is_temporal()],
    }


class _SegmentWriter:
    """Collects blocks into one segment: some are parsed by threads while those before them are written, in order."""

    def __init__(self, lake: Lake, reader: LineReader, draft: Segment, end: bytes) -> None:
        self._lake, self._reader, self._draft = lake, reader, draft
        self._content = hashlib.sha256()
        self._head, self._end = b"", end
        self._bytes = 0
        self._row_count = 0
        self._ignored: Counter[str] = Counter()
        self._rejected_count = 0
        self._times: list[tuple[datetime, datetime]] = []
        self._repeats = _Repeats(reader.time_column)
        self._paths = {kind: lake.temporary(draft, kind) for kind in ("parquet", "rejects")}
        self._files: dict[str, pq.ParquetWriter] = {}
        self._parsers = ThreadPoolExecutor(_PARSER_COUNT)
        self._thread = ThreadPoolExecutor(1)
        self._pending: deque[Future[None]] = deque()
        self.line_count = 0

    def add(self, data: bytes) -> None:
        """Takes up a block of lines."""
        self._note(data)
        lines, first_line = Lines(data), self._draft.line_from + self.line_count
        self.line_count += lines.count
        self._take(self._parsers.submit(self._reader.parse, lines, first_line))

    def add_oversize(self, block: Block) -> None:
        """Counts one line that is too long to be one."""
        data = block.data
        self._note(data)
        self._bytes += block.skipped_bytes
        self._end = (self._end + block.skipped_end)[-FINGERPRINT_BYTES:]
        text = decode(data[:REJECT_TEXT_MAX])
        number = self._draft.line_from + self.line_count
        reason = f"the line is longer than {len(data):,} bytes"
        self.line_count += 1
        parsed: Future[Parsed] = Future()
        parsed.set_result(Parsed(pl.DataFrame(), rejects_frame([(number, reason, text)]), Counter(), 1))
        self._take(parsed)

    def _note(self, data: bytes) -> None:
        self._content.update(data)
        self._bytes += len(data)
        if len(self._head) < FINGERPRINT_BYTES:
            self._head = (self._head + data)[:FINGERPRINT_BYTES]
        self._end = (self._end + data[-FINGERPRINT_BYTES:])[-FINGERPRINT_BYTES:]

    def _take(self, parsed: Future[Parsed]) -> None:
        if len(self._pending) > _PARSER_COUNT:
            self._pending.popleft().result()
        self._pending.append(self._thread.submit(self._store, parsed))

    def _store(self, parsing: Future[Parsed]) -> None:
        """What the one thread does with each block, in their order."""
        parsed = parsing.result()
        self._ignored.update(parsed.ignored)
        if parsed.rejects.height:
            self._rejected_count += parsed.rejects.height
            cut = parsed.rejects.with_columns(pl.col("text").str.head(REJECT_TEXT_MAX))
            self._write("rejects", cut.select(pl.col(name).cast(dtype) for name, dtype in REJECT_SCHEMA.items()))
        if parsed.rows.height:
            self._row_count += parsed.rows.height
            for column in (self._reader.time_column, getattr(self._reader, "local_time_column", None)):
                times = parsed.rows[column].drop_nulls() if column else pl.Series()
                if times.len():
                    self._times += [(times.min(), times.max())]  # type: ignore[list-item]
            self._repeats.look(parsed.rows.drop("line_number"))
            self._write("parquet", parsed.rows)

    def _write(self, kind: str, rows: pl.DataFrame) -> None:
        rows = rows.with_columns(pl.lit(self._draft.segment_id, pl.Int64).alias("segment_id"))
        table = rows.to_arrow(compat_level=pl.CompatLevel.newest())
        if kind not in self._files:
            self._files[kind] = pq.ParquetWriter(
                self._paths[kind], table.schema, compression="zstd", compression_level=1, **_encodings(rows)
            )
        self._files[kind].write_table(table)

    def finish(self, is_whole_file: bool = True) -> Segment:
        """Commits the segment."""
        for stored in self._pending:
            stored.result()
        self.close()
        draft = self._draft
        # Instants and local times in one file cannot be compared: it then tells no time of its own.
        times = self._times if len({t[0].tzinfo is None for t in self._times}) == 1 else []
        head = {} if draft.head_bytes else {"head_bytes": len(self._head), "head_hash": sha256(self._head)}
        segment = replace(
            draft,
            **head,  # type: ignore[arg-type]
            bytes_to=draft.bytes_from + self._bytes,
            size=draft.size if is_whole_file else -1,
            tail_hash=sha256(self._end),
            # Where nothing was new, the content is that of the known part.
            content_hash=draft.content_hash if draft.content_hash and not self._bytes else self._content.hexdigest(),
            line_count=self.line_count,
            row_count=self._row_count,
            rejected_count=self._rejected_count,
            ignored=dict(self._ignored),
            first_event_at=min(t[0] for t in times).isoformat() if times else None,
            last_event_at=max(t[1] for t in times).isoformat() if times else None,
            may_repeat=self._repeats.possible,
        )
        rejects, rows = (self._paths[kind] if kind in self._files else None for kind in ("rejects", "parquet"))
        return self._lake.commit(segment, rejects, rows)

    def close(self) -> None:
        """Ends the threads and closes the files; what is not finished by then is nothing."""
        self._parsers.shutdown(cancel_futures=True)
        self._thread.shutdown(cancel_futures=True)
        for file in self._files.values():
            file.close()
