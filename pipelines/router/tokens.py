"""Bearer tokens of the service: made once, shown once, hashed at rest, with scopes.

Not here: the service that asks (service.py). Tokens have 256 random bits, so a plain SHA-256 is enough: there
is nothing to guess, and a slow hash would cost the caller on the line.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypedDict

from pipelines.errors import CallwrightError, EnvironmentProblem, SettingsError

SCOPES = ("scores", "outcomes")
PREFIX = "cw_"

Verdict = Literal["allowed", "unknown", "no_scope"]


class _Entry(TypedDict):
    id: str
    scopes: list[str]
    sha256: str
    created_at: str


def tokens_path(home: Path) -> Path:
    """Where the home keeps the hashes of its tokens."""
    return home / "keys" / "tokens.json"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _read(path: Path) -> list[_Entry]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    try:
        entries: list[_Entry] = json.loads(text)["tokens"]
        for entry in entries:
            entry["sha256"].encode("ascii")
            list(entry["scopes"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CallwrightError(
            f"{path}: not a list of tokens ({type(error).__name__})",
            hint="move the file away and make new tokens: callwright token create",
        ) from error
    return entries


def _write(path: Path, entries: list[_Entry]) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"tokens": entries}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Two `token create` at once must not lose one of the two."""
    descriptor = os.open(folder / ".tokens.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def create_token(home: Path, scope: str = "scores") -> str:
    """Make a token and keep its hash.

    Args:
        home: The centre's home.
        scope: What it opens: one of SCOPES.

    Returns:
        The token. Nothing can show it a second time.

    Raises:
        SettingsError: There is no such scope.
        EnvironmentProblem: The home's keys cannot be written.
    """
    if scope not in SCOPES:
        raise SettingsError(f"--scope: {scope!r} is none of {', '.join(SCOPES)}")
    path = tokens_path(home)
    token = PREFIX + secrets.token_urlsafe(32)
    entry: _Entry = {
        "id": secrets.token_hex(4),
        "scopes": [scope],
        "sha256": _hash(token),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(path.parent):
            _write(path, [*_read(path), entry])
    except OSError as error:
        raise EnvironmentProblem(f"{path}: {error.strerror}", hint=f"ls -ld {path.parent}") from error
    return token


class TokenBook:
    """The tokens of a home as the service checks them: read again when the file has changed."""

    def __init__(self, home: Path) -> None:
        self._path = tokens_path(home)
        self._stamp: tuple[int, int, int] | None = None
        self._entries: list[_Entry] = []

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._stamp, self._entries = None, []
            return
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            self._entries, self._stamp = _read(self._path), stamp

    def check(self, token: str, scope: str) -> Verdict:
        """Whether a token opens a scope. Takes the same time whichever token matches, or none.

        Raises:
            CallwrightError: The home's tokens cannot be read.
        """
        self._refresh()
        given = _hash(token)
        verdict: Verdict = "unknown"
        for entry in self._entries:  # to the end, always: the time must not say which one matched
            if hmac.compare_digest(given, entry["sha256"]):
                verdict = "allowed" if scope in entry["scopes"] else "no_scope"
        return verdict

    def __len__(self) -> int:
        self._refresh()
        return len(self._entries)
