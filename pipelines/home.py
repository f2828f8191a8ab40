"""A centre's home: where its files are, how it is made, and who may run in it.

Belongs here: paths, `init`, the run lock.
Does not belong here: what is in the files (settings.py, identity.py, …).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pipelines.errors import CallwrightError, EnvironmentProblem, SettingsError
from pipelines.settings import BUILT_IN_SOURCES, SETTINGS_FILE, Settings, parse_settings

TEMPLATE = Path(__file__).parent / "templates" / SETTINGS_FILE


@dataclass(frozen=True)
class Home:
    """The paths of one home. Nothing of one tenant is ever in another's.

    Attributes:
        path: The home's folder, absolute.
    """

    path: Path

    @property
    def settings_path(self) -> Path:
        """callwright.toml."""
        return self.path / SETTINGS_FILE

    @property
    def landing(self) -> Path:
        """Files as they arrive, a folder per source; never changed by us."""
        return self.path / "landing"

    @property
    def lake(self) -> Path:
        """What was parsed, as Parquet."""
        return self.path / "lake"

    @property
    def warehouse(self) -> Path:
        """The private database; the pipeline's alone."""
        return self.path / "warehouse.duckdb"

    @property
    def serve(self) -> Path:
        """The published snapshots."""
        return self.path / "serve"

    @property
    def current_snapshot(self) -> Path:
        """The link to the newest published snapshot; readers open what it points to."""
        return self.serve / "current.duckdb"

    @property
    def scores(self) -> Path:
        """The published score versions."""
        return self.path / "scores"

    @property
    def models(self) -> Path:
        """Model artefacts, cards, the champion pointers."""
        return self.path / "models"

    @property
    def dagster(self) -> Path:
        """Dagster's state of this home."""
        return self.path / ".dagster"

    @property
    def keys(self) -> Path:
        """Secrets, mode 700."""
        return self.path / "keys"

    @property
    def lock(self) -> Path:
        """The file that a run holds locked."""
        return self.path / ".lock"

    def landing_of(self, source: str) -> Path:
        """Where the files of a source arrive."""
        return self.landing / source

    def make_folders(self, settings: Settings | None = None) -> None:
        """Makes what is missing of the home's folders, among them those of the settings' own sources.

        Raises:
            EnvironmentProblem: A folder cannot be made.
        """
        sources = BUILT_IN_SOURCES if settings is None else tuple(settings.sources)
        folders = (*map(self.landing_of, sources), self.path / "sources", self.lake, self.serve)
        with _environment_problems(self.path):
            for folder in (*folders, self.scores, self.models, self.dagster):
                folder.mkdir(parents=True, exist_ok=True)
            self.keys.mkdir(mode=0o700, exist_ok=True)
            self.keys.chmod(0o700)

    @contextmanager
    def run_lock(self, of: Literal["session", "command"] = "session") -> Iterator[None]:
        """Holds the home for one run; the kernel lets go of it when this process ends, however it ends.

        Args:
            of: A session holds the warehouse. A command holds its own lock from before it looks for new files until
                its session is over, so that two commands do not both set up Dagster's record of one home.

        Raises:
            CallwrightError: Another run is under way.
            EnvironmentProblem: The lock cannot be taken here (no permission, or a file system without locks).
        """
        path = self.lock if of == "session" else self.lock.with_suffix(".command")
        with _environment_problems(path):
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._take(handle)
            _held.add(handle)
            os.truncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
            yield
        finally:
            # The file stays: removing it would let two runs lock two files of one name.
            _held.discard(handle)
            os.close(handle)

    def _take(self, handle: int) -> None:
        try:
            with _environment_problems(self.lock):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            process = os.pread(handle, 32, 0).decode().strip()
            by = f" (process {process})" if process else ""
            raise CallwrightError(
                f"another run is under way in {self.path}{by}",
                "Wait until it is done, then type the command again.",
            ) from None


_held: set[int] = set()


def _let_go_in_child() -> None:
    """A forked child shares its parent's lock: a worker that outlives a killed run must not keep it."""
    for handle in _held:
        os.close(handle)
    _held.clear()


os.register_at_fork(after_in_child=_let_go_in_child)


def init_home(
    path: Path,
    name: str | None = None,
    timezone: str | None = None,
    region: str | None = None,
    currency: str | None = None,
) -> bool:
    """Makes a home; changes nothing where one is.

    Args:
        path: Its folder; it may exist.
        name: The centre's name.
        timezone: Its IANA time zone.
        region: Default country of phone numbers, two letters.
        currency: Its currency, three letters.

    Returns:
        Whether a home was made. callwright.toml is written last, so a home that was half made is completed.

    Raises:
        SettingsError: A value cannot be used; nothing was made.
        EnvironmentProblem: Something cannot be written there.
    """
    home = Home(path.absolute())
    if home.settings_path.exists():
        return False
    given = {"name": name, "timezone": timezone, "region": region, "currency": currency}
    text = settings_text({key: value for key, value in given.items() if value is not None})
    # Imported here: only making a home needs it, and it brings all telephone numbering plans along.
    from pipelines.identity import create_key

    home.make_folders()
    create_key(home.path)
    _write_whole(home.settings_path, text)
    return True


def settings_text(centre: Mapping[str, str]) -> str:
    """The template of callwright.toml with other values in [centre].

    Raises:
        SettingsError: A value cannot be used.
    """
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    for key, value in centre.items():
        line = next(number for number, line in enumerate(lines) if line.startswith(f"{key} = "))
        lines[line] = f"{key} = {json.dumps(value, ensure_ascii=False)}"  # a JSON string is a TOML string
    text = "\n".join(lines) + "\n"
    try:
        parse_settings(text, Path(SETTINGS_FILE))
    except SettingsError as error:
        wrong = str(error).split("\n", 1)[-1].strip()
        raise SettingsError(f"the new home's settings cannot be used: {wrong}", "Correct the option.") from None
    return text


def open_home(path: Path) -> Home:
    """The home at `path`.

    Raises:
        SettingsError: There is none; the hint says what to type.
    """
    home = Home(path.absolute())
    if not home.settings_path.is_file():
        missing = f"{path} does not exist" if not path.exists() else f"{path} has no {SETTINGS_FILE}"
        raise SettingsError(
            f"no home here: {missing}",
            f"Type: callwright init --home {path}, or name another one with --home or CALLWRIGHT_HOME.",
        )
    return home


def _write_whole(path: Path, text: str) -> None:
    """Writes a file so that it is there whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with _environment_problems(path):
        draft.write_text(text, encoding="utf-8")
        draft.rename(path)


@contextmanager
def _environment_problems(path: Path) -> Iterator[None]:
    """Turns what the machine refuses into an EnvironmentProblem; a lock that is held is no such problem."""
    try:
        yield
    except BlockingIOError:
        raise
    except OSError as error:
        where = error.filename or path
        raise EnvironmentProblem(f"{where}: {error.strerror}", "Check the path, its permissions and space.") from error
