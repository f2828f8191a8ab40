"""The words on the screen, by language.

Belongs here: reading locales/<language>.toml and filling its gaps. Not here: any word itself, and
how numbers look (formats.py).
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

LANGUAGES = {"en": "English", "zh_CN": "中文"}
LOCALES = Path(__file__).parents[1] / "locales"


class Words:
    """The phrases of one language; `words("nav.overview")` is one of them."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._phrases = phrases(language)

    def __call__(self, key: str, **values: object) -> str:
        """Return the phrase of `key` with `{name}` gaps filled; raises KeyError for an unknown key."""
        return self._phrases[key].format(**values)

    def time(self, span: tuple[str, str]) -> str:
        """Return a length of time as formats.span gives it: its unit and how many."""
        unit, count = span
        return self(f"unit.{unit}", n=count)

    def has(self, key: str) -> bool:
        """Whether there is a phrase of this key, as for names that come from the data."""
        return key in self._phrases


@cache
def phrases(language: str) -> dict[str, str]:
    """Return every phrase of a language by its dotted key."""
    with (LOCALES / f"{language}.toml").open("rb") as file:
        return _flat(tomllib.load(file))


def _flat(tree: dict[str, object], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = str(value)
    return found


def language_of(locale: str | None) -> str:
    """Return the language to begin with for a browser's locale, such as zh-CN."""
    return "zh_CN" if (locale or "").lower().startswith("zh") else "en"
