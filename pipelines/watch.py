"""Watching landing: whether what has arrived is worth a run now.

Belongs here: which files are new and have come to rest, and one name for that state, so that it asks for one run.
Does not belong here: Dagster (defs/automation.py), reading the files (ingest.py).
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import CallwrightError
from pipelines.home import Home
from pipelines.ingest import Reader, new_files, readers
from pipelines.lake import Lake
from pipelines.settings import load_settings
from pipelines.sources.tabular import TableSource

# A file that has not changed for so long is no longer being written.
SETTLED_S = 10.0
_COMPRESSED = (".gz", ".bz2", ".xz")


@dataclass(frozen=True)
class Look:
    """What one look at landing came to.

    Attributes:
        key: Names the state that asks for a run; None: none is asked for.
        cursor: To be handed to the next look.
        said: For people: what there is, or why nothing is asked for.
    """

    key: str | None
    cursor: str
    said: str


# A file as it stands: its path, size and time of change.
_State = dict[str, list[int]]


def look(home: Home | str, cursor: str | None) -> Look:
    """Looks at a home's landing folders.

    A file of lines is ripe at once: half a last line is read on later. Any other file is ripe once it has not changed
    for `SETTLED_S`, or since the look before (a copy may keep an old time of change while it is being written).

    Args:
        home: The home, or its path.
        cursor: What the look before gave, or None.

    Raises:
        CallwrightError: The settings cannot be used.
    """
    home = Home(Path(home)) if isinstance(home, str) else home
    before: _State = json.loads(cursor) if cursor else {}
    ripe, waiting = _new(home, before)
    now = json.dumps(ripe | waiting, sort_keys=True)
    if not ripe:
        said = f"{len(waiting)} files are still being written" if waiting else "landing holds nothing new"
        return Look(None, now, said)
    if _is_busy(home):
        # A state asks only once: asking now, while the home is locked, would be asking in vain.
        return Look(None, now, "another run is under way")
    key = hashlib.sha256(json.dumps(ripe, sort_keys=True).encode()).hexdigest()[:16]
    return Look(key, now, f"{len(ripe)} new files")


def _new(home: Home, before: _State) -> tuple[_State, _State]:
    lake = Lake(home.lake, home.landing)
    ripe: _State = {}
    waiting: _State = {}
    for reader in readers(load_settings(home.path), home).values():
        for path in new_files(lake, reader, home):
            try:
                stat = path.stat()
            except OSError:
                continue
            name, state = lake.relative(path), [stat.st_size, stat.st_mtime_ns]
            is_ripe = _is_lines(reader, path) or _is_at_rest(stat.st_mtime) or before.get(name) == state
            (ripe if is_ripe else waiting)[name] = state
    return ripe, waiting


def _is_lines(reader: Reader, path: Path) -> bool:
    # A source that also takes documents waits for all its files: telling them apart means opening them.
    grows = not isinstance(reader, TableSource) and not hasattr(reader, "parse_document")
    return grows and not path.name.endswith(_COMPRESSED)


def _is_at_rest(changed_at: float) -> bool:
    return abs(time.time() - changed_at) > SETTLED_S


def _is_busy(home: Home) -> bool:
    try:
        with home.run_lock():
            return False
    except CallwrightError:
        return True
