"""Single values of FreeSWITCH's records: text, numbers, epochs, local stamps, and URL-encoded variables.

Belongs here: what one value is and when it is impossible. Does not belong here: which value of a record means what
(freeswitch_json.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_US, _LATEST_US = 631_152_000_000_000, 7_258_118_400_000_000  # 1990 to 2200: else it is not a call's clock
_UNIT_US = {"s": 1_000_000, "us": 1}
_DIGITS_MAX = 18
# Of what URL-encoding never leaves standing; every CDR has stamps, whose blank tells that encode-values was off.
_NEVER_ENCODED = re.compile(r'[ "<>{}|\n]')


class Variables:
    """The variables of a CDR by name, without their URL-encoding: a CDR has it on all of them or on none."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self._found = found
        self._is_encoded = not _NEVER_ENCODED.search("".join(v for v in found.values() if type(v) is str))

    def get(self, name: str) -> str | None:
        """A variable's text; None where it is missing or empty."""
        found = text_of(self._found.get(name))
        return unquote(found) if found is not None and self._is_encoded else found

    def time(self, name: str) -> datetime | None:
        """An instant, by its microseconds or else its seconds."""
        micros = instant(self.get(f"{name}_uepoch"), "us", f"{name}_uepoch")
        return micros if micros is not None else instant(self.get(f"{name}_epoch"), "s", f"{name}_epoch")

    def second(self, name: str) -> datetime | None:
        """An instant of mod_callcenter, which writes whole seconds."""
        return instant(self.get(name), "s", name)

    def stamp(self, name: str) -> datetime | None:
        """A local time without a zone."""
        found = self.get(name)
        return datetime.strptime(found, "%Y-%m-%d %H:%M:%S") if found else None  # noqa: DTZ007 - sql/staging knows it

    def seconds(self, name: str) -> float | None:
        """A length in whole seconds.

        Raises:
            ValueError: It is negative or no number.
        """
        found = self.get(name)
        if found is None:
            return None
        length = whole_number(found, name)
        if length < 0:
            raise ValueError(f"{name} is negative: {length}")
        return float(length)


def text_of(value: object) -> str | None:
    """A scalar as text that can be written as UTF-8; None for nothing and for what is no scalar."""
    if type(value) is str:
        return value.encode("utf-8", "replace").decode() if not value.isascii() else value or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(value)


def whole_number(found: str, name: str) -> int:
    """A whole number of at most 18 digits.

    Raises:
        ValueError: It is none.
    """
    digits = found.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX):
        raise ValueError(f"{name} is not a whole number: {found[:40]}")
    return int(found)


def instant(found: str | None, unit: str, name: str) -> datetime | None:
    """An epoch as an instant; nothing and 0 mean never.

    Raises:
        ValueError: It is no number, or a time at which no call was.
    """
    if not found or found == "0":
        return None
    micros = whole_number(found, name) * _UNIT_US[unit]
    if micros == 0:
        return None
    if not _EARLIEST_US <= micros <= _LATEST_US:
        raise ValueError(f"{name} is not a call's time: {found}")
    return _EPOCH + timedelta(microseconds=micros)
