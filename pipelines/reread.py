"""Reading again what was read before: a source from its landing folder, or the files that have rejects.

Belongs here: which segments may be forgotten without losing a row, because landing still holds their bytes.
Does not belong here: reading itself (ingest.py), the rest of a run (run.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import CallwrightError, SettingsError
from pipelines.home import Home
from pipelines.ingest import Reader, reader_config, readers
from pipelines.lake import FINGERPRINT_BYTES, Lake, Segment, read_exactly, sha256
from pipelines.landing import landed_files
from pipelines.run import RunReport, run_home
from pipelines.settings import load_settings
from pipelines.sources.lines import open_plain

Progress = Callable[[str], None]
_NAMED_MAX = 20


@dataclass(frozen=True)
class Reread:
    """What a retry came to.

    Attributes:
        report: Of the run that read the files again.
        files: The files that were read again.
        kept: Files with rejects that could not be: landing does not hold all of their bytes any more.
    """

    report: RunReport
    files: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def rebuild_sources(
    home: Home, sources: list[str], forget_missing: bool = False, progress: Progress = lambda _: None
) -> RunReport:
    """Forgets what was read of some sources, reads their landing folders as they stand now, and does the rest of a run.

    Args:
        home: The home.
        sources: Landing folders.
        forget_missing: Also forget rows whose file is gone.
        progress: Told what is being done.

    Raises:
        SettingsError, CallwrightError: See `forget_sources` and `run_home`.
    """
    forget_sources(home, sources, forget_missing)
    return run_home(home, progress)


def forget_sources(home: Home, sources: list[str], forget_missing: bool = False) -> None:
    """Forgets what was read of some sources, so that the next run reads their landing folders as they stand.

    For files that were mended or taken away: what was once read stays in the lake otherwise.

    Raises:
        SettingsError: There is no such source.
        CallwrightError: Files whose rows the lake holds are gone, and `forget_missing` is not set; nothing was changed.
    """
    known = readers(load_settings(home.path), home)
    for source in sources:
        if source not in known:
            raise SettingsError(f"there is no source {source}", f"the sources are: {', '.join(known)}")
    with home.run_lock():
        lake = Lake(home.lake, home.landing)
        gone = [name for source in sources for name in _gone(lake, known[source], home)]
        if gone and not forget_missing:
            raise CallwrightError(
                "landing does not hold these files any more, and their rows would be lost:\n"
                + "\n".join(f"  {name}" for name in _shortened(gone)),
                f"put them back; or, to forget their rows: callwright rebuild {' '.join(sources)} --forget-missing",
            )
        _drop(lake, [s for s in lake.all_segments() if s.source in sources])


def retry_rejects(home: Home, progress: Progress = lambda _: None) -> Reread:
    """Reads again, whole, every file that has rejects, and does the rest of a run: after a reader or a setting changed.

    Raises:
        CallwrightError: As `run_home`.
    """
    files, kept = forget_rejected(home, progress)
    return Reread(run_home(home, progress), files, kept)


def forget_rejected(home: Home, progress: Progress = lambda _: None) -> tuple[list[str], list[str]]:
    """Forgets what was read of the files that have rejects, so that the next run reads them again, whole.

    A file is forgotten only while landing holds every byte that its rows were made of (it may have been renamed or
    compressed since); else what was taken in of it stays as it is.

    Returns:
        The files that will be read again, and those that stay as they are.
    """
    known = readers(load_settings(home.path), home)
    again: list[Segment] = []
    kept: set[str] = set()
    with home.run_lock():
        lake = Lake(home.lake, home.landing)
        lake.clear_temporary()
        for reader in known.values():
            progress(f"looking for rejects of {reader.source}")
            forgotten, left = _to_read_again(lake, reader, home)
            again += forgotten
            kept |= left
        _drop(lake, again)
    return sorted({s.file for s in again if s.rejected_count or s.problem}), sorted(kept)


def _drop(lake: Lake, segments: Iterable[Segment]) -> None:
    # Successors before what they go on from: should we be killed, what is left is a beginning, which is read on from.
    for segment in sorted(segments, key=lambda s: s.segment_id, reverse=True):
        lake.drop(segment)


def _to_read_again(lake: Lake, reader: Reader, home: Home) -> tuple[list[Segment], set[str]]:
    """The segments of a source to forget, and the files with rejects that must stay as they are."""
    segments = lake.segments(reader.source, reader_config(reader))
    rejected = [s for s in segments if s.rejected_count or s.problem]
    if not rejected:
        return [], set()
    landed = _Landed(lake, home.landing_of(reader.source))
    forgotten: dict[int, Segment] = {}
    kept: set[str] = set()
    for segment in rejected:
        family = [segment] if segment.problem else _family(segments, segment)
        # A refused file holds no row, so nothing is lost with it; but only what stands in landing can be tried again.
        is_here = landed.has(segment.file) if segment.problem else all(landed.holds(s) for s in family)
        if is_here or _was_moved(lake, segment, landed):
            forgotten |= {s.segment_id: s for s in family}
        else:
            kept.add(segment.file)
    return list(forgotten.values()), kept


def _family(segments: list[Segment], segment: Segment) -> list[Segment]:
    """All segments of files with the same beginning: what one of them holds the others may count as known."""
    tails = {number for s in segments if s.head_hash == segment.head_hash for number in s.supersedes}
    return [s for s in segments if s.head_hash == segment.head_hash or s.segment_id in tails]


def _was_moved(lake: Lake, segment: Segment, landed: _Landed) -> bool:
    """Whether a file that gave no row at all is gone from its folder, and another source has read just its content."""
    if segment.row_count or landed.has(segment.file) or not segment.content_hash or segment.bytes_from:
        return False
    ending = (segment.bytes_to, segment.head_hash, segment.tail_hash)
    return any(
        s.row_count and (s.content_hash == segment.content_hash or (s.bytes_to, s.head_hash, s.tail_hash) == ending)
        for s in lake.all_segments()
        if s.source != segment.source
    )


def _gone(lake: Lake, reader: Reader, home: Home) -> list[str]:
    """Files of which the lake holds rows that landing does not hold any more.

    A file that stands there under its name counts as mended, unless it is a log that begins otherwise than it did: that
    one was rotated, and what was rotated away is gone.
    """
    landed = _Landed(lake, home.landing_of(reader.source))
    gone = {}
    for segment in lake.segments(reader.source, reader_config(reader)):
        if segment.row_count and not landed.holds(segment) and not landed.is_mended(segment):
            gone[segment.file] = f"{segment.file}, read {segment.ingested_at[:16].replace('T', ' ')} UTC"
    return list(gone.values())


def _shortened(names: list[str]) -> list[str]:
    more = [f"and {len(names) - _NAMED_MAX} more"] if len(names) > _NAMED_MAX else []
    return [*names[:_NAMED_MAX], *more]


class _Landed:
    """What a landing folder holds now, by content: a file may have been renamed or compressed since it was read."""

    def __init__(self, lake: Lake, folder: Path) -> None:
        self._paths = {lake.relative(path): path for path in landed_files(folder)}
        self._contents: dict[Path, str] = {}

    def has(self, name: str) -> bool:
        """Whether a file of this name stands there."""
        return name in self._paths

    def holds(self, segment: Segment) -> bool:
        """Whether a file holds what the segment was made of; by the same fingerprints by which the lake knows files."""
        if not segment.line_count:
            return True
        first = self._paths.get(segment.file)
        others = (path for path in self._paths.values() if path != first)
        return any(self._holds(path, segment) for path in ([first] if first else [])) or any(
            self._holds(path, segment) for path in others
        )

    def is_mended(self, segment: Segment) -> bool:
        """Whether a file of the segment's name stands there that is no other log than it was."""
        path = self._paths.get(segment.file)
        try:
            return path is not None and (segment.is_whole or _begins_like(path, segment))
        except (OSError, EOFError, ValueError):
            return False

    def _holds(self, path: Path, segment: Segment) -> bool:
        try:
            if segment.is_whole:
                return self._content(path) == segment.content_hash
            return _begins_like(path, segment) and _ends_like(path, segment)
        except (OSError, EOFError, ValueError):
            return False

    def _content(self, path: Path) -> str:
        if path not in self._contents:
            digest = hashlib.sha256()
            with open_plain(path) as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
            self._contents[path] = digest.hexdigest()
        return self._contents[path]


def _begins_like(path: Path, segment: Segment) -> bool:
    with open_plain(path) as file:
        return sha256(read_exactly(file, segment.head_bytes)) == segment.head_hash


def _ends_like(path: Path, segment: Segment) -> bool:
    length = min(segment.bytes_to, FINGERPRINT_BYTES)
    if segment.is_tail:
        length = segment.bytes_to - segment.bytes_from
    with open_plain(path) as file:
        file.seek(segment.bytes_to - length)
        end = read_exactly(file, length)
    return sha256(end) == (segment.content_hash if segment.is_tail else segment.tail_hash)
