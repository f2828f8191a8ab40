"""What stands in a landing folder: the files to read, and what only looks like one.

Belongs here: walking a folder, telling a file from a pipe, a socket, a broken link, an upload under way. Nothing is
opened. Does not belong here: what is in a file (ingest.py), whether it is known already (lake.py).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Names that tools give to what they are still writing.
TEMPORARY_PREFIXES = (".", "~")
TEMPORARY_SUFFIXES = (".part", ".partial", ".tmp", ".filepart", ".crdownload")
# A folder with such a name was probably meant to be a file.
_FILE_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".xlsx", ".json", ".jsonl", ".ndjson", ".xml", ".log", ".gz")
_KINDS = (
    (stat.S_ISFIFO, "a named pipe, not a file"),
    (stat.S_ISSOCK, "a socket, not a file"),
    (stat.S_ISBLK, "a device, not a file"),
    (stat.S_ISCHR, "a device, not a file"),
)
_LINK_FAULTS = {
    errno.ELOOP: "a symbolic link that leads back to itself",
    errno.ENOENT: "a symbolic link to nothing",
    errno.ENOTDIR: "a symbolic link to nothing",
}


@dataclass(frozen=True)
class Oddity:
    """Something in landing that is not read.

    Attributes:
        path: Where it stands.
        reason: What it is.
    """

    path: Path
    reason: str


def landed_files(folder: Path) -> Iterator[Path]:
    """Regular files below a landing folder, by name; hidden and temporary names are still being written."""
    files, _ = survey(folder)
    yield from files


def odd_things(folder: Path) -> list[Oddity]:
    """What stands below a landing folder and is not read, with the reason; temporary names are none of it."""
    return survey(folder)[1]


def survey(folder: Path) -> tuple[list[Path], list[Oddity]]:
    """The files below a folder, and what is odd there, each in the order of their paths."""
    files: list[Path] = []
    odd: list[Oddity] = []
    _walk(folder, files, odd)
    return sorted(files), sorted(odd, key=lambda o: o.path)


def is_temporary(name: str) -> bool:
    """Whether a file or folder of this name is still being written."""
    return name.startswith(TEMPORARY_PREFIXES) or name.endswith(TEMPORARY_SUFFIXES)


def _walk(folder: Path, files: list[Path], odd: list[Oddity]) -> None:
    try:
        with os.scandir(folder) as found:
            entries = [entry for entry in found if not is_temporary(entry.name)]
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        odd.append(Oddity(folder, f"the folder cannot be read: {error.strerror}"))
        return
    for entry in entries:
        path = Path(entry.path)
        try:
            mode = entry.stat().st_mode
        except OSError as error:
            if entry.is_symlink() or error.errno != errno.ENOENT:  # else it was removed just now
                odd.append(Oddity(path, _fault(entry, error)))
            continue
        if stat.S_ISREG(mode):
            files.append(path)
        elif not stat.S_ISDIR(mode):
            odd.append(Oddity(path, next((kind for test, kind in _KINDS if test(mode)), "not a file")))
        elif entry.is_symlink():
            # It could lead back to where we are.
            odd.append(Oddity(path, "a symbolic link to a folder; such links are not followed"))
        else:
            if entry.name.lower().endswith(_FILE_SUFFIXES):
                odd.append(Oddity(path, "a folder with the name of a file; the files in it are read"))
            _walk(path, files, odd)


def _fault(entry: os.DirEntry[str], error: OSError) -> str:
    if entry.is_symlink() and error.errno in _LINK_FAULTS:
        return _LINK_FAULTS[error.errno]
    return f"cannot be looked at: {error.strerror}"
