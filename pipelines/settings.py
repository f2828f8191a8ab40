"""The settings of a centre: callwright.toml and the environment, read once into one typed, frozen object.

Belongs here: finding, reading and checking the file; the only reading of the environment.
Does not belong here: what may stand in the file (settings_sections.py), folders of a home (home.py).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipelines.errors import SettingsError
from pipelines.settings_report import nearest, sentences
from pipelines.settings_sections import BUILT_IN_SOURCES, Settings
from pipelines.settings_tables import SETTINGS_SCHEMAS, settings_tables
from pipelines.settings_values import condition_columns

__all__ = [
    "BUILT_IN_SOURCES",
    "SETTINGS_FILE",
    "SETTINGS_SCHEMAS",
    "Settings",
    "check_actions",
    "load_settings",
    "parse_settings",
    "resolve_home",
    "settings_tables",
    "use_home",
]

SETTINGS_FILE = "callwright.toml"
DEFAULT_HOME = Path("data/home")


def resolve_home(option: Path | None = None) -> Path:
    """The home that is meant: the option, else CALLWRIGHT_HOME, else data/home."""
    if option is not None:
        return option.expanduser()
    # Imported here: it costs 0.3 s, which a caller who names the home need not wait for.
    from pydantic_settings import BaseSettings, SettingsConfigDict

    class Environment(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="CALLWRIGHT_", env_ignore_empty=True)
        home: Path = DEFAULT_HOME

    return Environment().home.expanduser()


def use_home(home: Path) -> None:
    """Makes `home` the home of this process and of those that it starts."""
    os.environ["CALLWRIGHT_HOME"] = str(home.absolute())


def load_settings(home: Path) -> Settings:
    """Reads HOME/callwright.toml.

    Raises:
        SettingsError: There is no such file, or something in it cannot be used; every mistake found is named.
    """
    path = home / SETTINGS_FILE
    try:
        text = path.read_text(encoding="utf-8-sig")  # editors on Windows put a byte order mark first
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist", f"Type: callwright init --home {home}") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise SettingsError(f"{path}, line {line}: not UTF-8 text", "Save the file as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    return parse_settings(text, path)


def parse_settings(text: str, path: Path) -> Settings:
    """Settings from TOML text; `path` is where it stands: for messages, and to find custom sources' SQL.

    Raises:
        SettingsError: As `load_settings`.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}", "Correct that line.") from None
    try:
        return Settings.model_validate(_immutable(data), context={"home": path.parent})
    except ValidationError as error:
        wrong = sentences(error.errors(include_url=False), text, Settings)
        count = "1 mistake" if len(wrong) == 1 else f"{len(wrong)} mistakes"
        listed = "".join(f"\n  {sentence}" for sentence in wrong)
        raise SettingsError(f"{path} has {count}:{listed}", "Correct the file, then type the command again.") from None


def check_actions(settings: Settings, known_columns: Iterable[str], file: Path | str = SETTINGS_FILE) -> None:
    """Checks that every action's condition names only columns that a customer has.

    Args:
        settings: The centre's settings.
        known_columns: The declared features of a customer, and whatever else a condition may name.
        file: Where the settings stand, for the message.

    Raises:
        SettingsError: A condition names an unknown column; the message has the nearest known one.
    """
    known = sorted(known_columns)
    wrong = []
    for number, action in enumerate(settings.actions, start=1):
        for column in sorted(condition_columns(action.eligible_when) - set(known)):
            like = nearest(column, known)
            more = f'; the nearest is "{like}"' if like else ""
            place = f'[[actions]] number {number} ("{action.id}"), eligible_when'
            wrong.append(f'\n  {place}: a customer has no column "{column}"{more}')
    if wrong:
        raise SettingsError(f"{file} has conditions that cannot be used:{''.join(wrong)}", "Correct the file.")


def _immutable(value: Any) -> Any:
    """Lists as tuples, all the way down: what is validated is what is kept."""
    if isinstance(value, dict):
        return {key: _immutable(inner) for key, inner in value.items()}
    return tuple(map(_immutable, value)) if isinstance(value, list) else value
