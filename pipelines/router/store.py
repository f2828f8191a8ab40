"""Reading published scores: the files of one version, and the store that moves from version to version.

A version is a folder `scores/<version>/` that never changes once it has its name: `scores.mdb` (LMDB with two
named databases: `numbers`, caller token to customer key; `scores`, customer key to a compact JSON record),
`scores.parquet` and `manifest.json`. The link `scores/current` names the version in force.
Not here: writing a version (publish.py), answers (contract.py), numbers (lookup.py).
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import lmdb

from pipelines.errors import CallwrightError

FORMAT = 1
DATABASE, PARQUET, MANIFEST, CURRENT = "scores.mdb", "scores.parquet", "manifest.json", "current"
NUMBERS, SCORES = b"numbers", b"scores"
RETRY_REFUSED_S = 60.0

_log = logging.getLogger(__name__)


class VersionRefused(CallwrightError):
    """A published version is not what its manifest says, and is not read."""


def scores_folder(home: Path) -> Path:
    """Where the home keeps its published scores."""
    return home / "scores"


def current_version(home: Path) -> str | None:
    """The name of the version in force, or None before the first publication. One system call."""
    try:
        return os.readlink(scores_folder(home) / CURRENT)
    except OSError:
        return None


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of one version.

    Raises:
        VersionRefused: It is missing, no JSON, or of a format that this release does not know.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        found = manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VersionRefused(f"{folder / MANIFEST}: cannot be read ({type(error).__name__})") from error
    if found != FORMAT:
        raise VersionRefused(f"{folder / MANIFEST}: format {found}, this release reads {FORMAT}")
    return dict(manifest)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Compare the files of a version with its manifest, byte for byte.

    Done before LMDB maps the file: a damaged database can end the process.

    Raises:
        VersionRefused: A file is missing, longer, shorter or different.
    """
    try:
        for name, expected in manifest["files"].items():
            path = folder / name
            if path.stat().st_size != expected["bytes_count"]:
                raise VersionRefused(f"{path}: {path.stat().st_size} bytes, {expected['bytes_count']} expected")
            if file_sha256(path) != expected["sha256"]:
                raise VersionRefused(f"{path}: the content is not what was published (SHA-256 differs)")
    except (OSError, KeyError, TypeError, AttributeError) as error:
        raise VersionRefused(f"{folder}: cannot be verified ({type(error).__name__})") from error


class Found(NamedTuple):
    """What one version knows of a caller."""

    version: str | None
    customer_key: str | None
    record: dict[str, Any] | None


class OpenVersion:
    """One version, opened for reading. It is closed when nobody holds it any more."""

    def __init__(self, folder: Path, *, verify: bool = True) -> None:
        """Verify and open a version's folder.

        Raises:
            VersionRefused: The version is not what its manifest says.
        """
        self.name = folder.name
        self.manifest = read_manifest(folder)
        if verify:
            verify_files(folder, self.manifest)
        path = folder / DATABASE
        try:
            # Never written again, so no lock file. The map must not be smaller than the writer's.
            self._environment = lmdb.Environment(
                str(path),
                subdir=False,
                readonly=True,
                create=False,
                lock=False,
                max_dbs=2,
                map_size=max(int(self.manifest["map_bytes"]), path.stat().st_size),
            )
            self._numbers = self._environment.open_db(NUMBERS, create=False)
            self._scores = self._environment.open_db(SCORES, create=False)
        except (lmdb.Error, OSError, KeyError, ValueError, TypeError) as error:
            raise VersionRefused(f"{path}: cannot be opened ({error})") from error
        self._verify_counts()

    def _verify_counts(self) -> None:
        counts = self.manifest["counts"]
        with self._environment.begin() as transaction:
            found = {
                "numbers": transaction.stat(self._numbers)["entries"],
                "scores": transaction.stat(self._scores)["entries"],
            }
        if any(found[name] != counts.get(name) for name in found):
            raise VersionRefused(f"{self.name}: holds {found}, the manifest says {counts}")

    def find(self, *, token: str | None = None, customer_key: str | None = None) -> Found:
        """What is known of a caller token or of a customer, in one read transaction.

        Returns:
            The customer (None if unknown) and the record (None without a score).
        """
        with self._environment.begin() as transaction:
            if token is not None:
                key = transaction.get(token.encode(), db=self._numbers)
            else:
                # LMDB refuses empty keys and keys of more than 511 bytes.
                key = (customer_key or "").encode("utf-8", "replace")
                key = key if 0 < len(key) <= 511 else None
            value = transaction.get(key, db=self._scores) if key else None
        if value is None:
            # A number's customer is known to us even without a score; a bare key is only what was asked.
            known = key.decode() if key and token is not None else None
            return Found(self.name, known, None)
        assert key is not None
        return Found(self.name, key.decode(), json.loads(value))


_open_versions: weakref.WeakValueDictionary[str, OpenVersion] = weakref.WeakValueDictionary()
_open_lock = threading.Lock()


def open_version(folder: Path) -> OpenVersion:
    """Open a version, or share the one that this process has open: LMDB allows each file to be opened once.

    Raises:
        VersionRefused: The version is not what its manifest says.
    """
    real = os.path.realpath(folder)
    with _open_lock:
        found = _open_versions.get(real)
        if found is None:
            found = OpenVersion(Path(real))
            _open_versions[real] = found
        return found


class ScoreStore:
    """The scores in force. Reading never waits for a publication, and a bad publication changes nothing.

    `refresh` may run in another thread than `find`: the version in use is replaced in one assignment, and the
    old one is closed when the last reader has let go of it.
    """

    def __init__(self, home: Path) -> None:
        """Open what is published; nothing published yet is no error."""
        self._home = home
        self._version: OpenVersion | None = None
        self._refused: tuple[str, float] | None = None
        self._refreshing = threading.Lock()
        self.refresh()

    @property
    def version(self) -> str | None:
        """The version in use."""
        version = self._version
        return version.name if version else None

    @property
    def manifest(self) -> Mapping[str, Any] | None:
        """The manifest of the version in use."""
        version = self._version
        return version.manifest if version else None

    def refresh(self) -> bool:
        """Move to the version in force if it is another one; costs one system call if it is not.

        Returns:
            Whether the version in use has changed. A version that fails verification is refused (with a
            warning in the log, and another try after a minute) and the old one stays in use.
        """
        wanted = current_version(self._home)
        if wanted is None or wanted == self.version:
            return False
        if self._refused and self._refused[0] == wanted and time.monotonic() < self._refused[1]:
            return False
        if not self._refreshing.acquire(blocking=False):
            return False
        try:
            # Asked again, now that nobody else moves: a thread that was kept waiting must not go back to an older one.
            newest = current_version(self._home)
            if newest is None or newest == self.version:
                return False
            wanted = newest
            self._version = open_version(scores_folder(self._home) / wanted)
        except VersionRefused as error:
            if current_version(self._home) == wanted:  # else it was only pruned meanwhile
                self._refused = (wanted, time.monotonic() + RETRY_REFUSED_S)
                _log.warning("scores %s refused, still using %s: %s", wanted, self.version, error)
            return False
        finally:
            self._refreshing.release()
        self._refused = None
        _log.info("scores %s in use", wanted)
        return True

    def find(self, *, token: str | None = None, customer_key: str | None = None) -> Found:
        """What the version in use knows of a caller token or of a customer."""
        version = self._version
        if version is None:
            return Found(None, None, None)
        return version.find(token=token, customer_key=customer_key)
