"""From landing to the lake for a file that is one document (JSON, XML) and not lines: read whole, known by its content.

Belongs here: reading and committing a document. Does not belong here: what its records mean (sources/), files of lines
(lake.py), tables (sources/tabular.py).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from pipelines.lake import Lake, Segment, sha256
from pipelines.sources.base import RecordReader
from pipelines.sources.lines import open_plain
from pipelines.sources.tabular import RefusedFile

HEAD_BYTES = 1 << 16
# A document is held in memory whole, and its records once more.
DOCUMENT_BYTES_MAX = 256 << 20


def is_document(reader: RecordReader, path: Path) -> bool:
    """Whether a landed file is one document, as its reader judges by the beginning.

    Raises:
        OSError: The file cannot be read; EOFError or zlib.error: a compressed file is cut off or damaged.
    """
    with open_plain(path) as file:
        head = file.read(HEAD_BYTES)
    return bool(head) and not reader.reads_lines(head)


def ingest_document(lake: Lake, reader: RecordReader, path: Path, config: str) -> list[Segment]:
    """Reads a document into one segment; one whose content is known under another name gives no rows.

    Raises:
        RefusedFile: It is too large, or nothing in it can be read.
        OSError, EOFError, zlib.error: See `is_document`.
    """
    draft = lake.draft(reader.source, reader.table, config, path)
    with open_plain(path) as file:
        data = file.read(DOCUMENT_BYTES_MAX + 1)
    if len(data) > DOCUMENT_BYTES_MAX:
        raise RefusedFile(f"{path.name}: a document of more than {DOCUMENT_BYTES_MAX:,} bytes: export it as JSON lines")
    content = sha256(data)
    draft = replace(draft, content_hash=content, head_hash=content, bytes_to=len(data))
    known = lake.known_content(draft)
    if known is not None:
        return known
    parsed = reader.parse_document(data)
    rows_path = _write(lake, draft, parsed.rows) if parsed.rows.height else None
    times = (
        parsed.rows[reader.time_column].drop_nulls() if parsed.rows.height else pl.Series([], dtype=pl.Datetime("us"))
    )
    first, last = (times.min(), times.max()) if times.len() else (None, None)
    segment = replace(
        draft, line_count=parsed.line_count, row_count=parsed.rows.height, rejected_count=parsed.rejects.height,
        ignored=dict(parsed.ignored), first_event_at=first.isoformat() if first is not None else None,  # type: ignore[union-attr]
        last_event_at=last.isoformat() if last is not None else None,  # type: ignore[union-attr]
        # Less of the same file, read while it was on its way.
        supersedes=[s.segment_id for s in lake.earlier_contents(draft) if _begins_with(data, s)],
    )  # fmt: skip
    return [lake.commit(segment, parsed.rejects, rows_path)]


def _begins_with(data: bytes, earlier: Segment) -> bool:
    return sha256(data[: earlier.bytes_to]) == earlier.content_hash


def _write(lake: Lake, draft: Segment, rows: pl.DataFrame) -> Path:
    path = lake.temporary(draft, "parquet")
    table = rows.with_columns(pl.lit(draft.segment_id, pl.Int64).alias("segment_id"))
    pq.write_table(table.to_arrow(compat_level=pl.CompatLevel.oldest()), path, compression="zstd", compression_level=1)
    return path
