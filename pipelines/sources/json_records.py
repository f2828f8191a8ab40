"""JSON records as cloud systems deliver them: one a line, in an array, or one after the other without a line end.

Belongs here: finding the records in bytes, and making typed values of what they hold. Does not belong here: what any
system's field means, or which fields a record must have.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import polars as pl

from pipelines.sources.base import Parsed, rejects_frame
from pipelines.sources.lines import Lines, decode
from pipelines.sources.tabular import RefusedFile

Record = dict[str, Any]
Row = tuple[Any, ...]
Schema = dict[str, pl.DataType]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Outside these a clock was never set, and would open absurd windows.
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
# From here on a number is milliseconds: as seconds it would be the year 5138.
_MILLISECONDS_FROM = 1e11
# Longer than a leap year, a duration is in another unit.
_SECONDS_MAX = 366 * 86_400.0

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[\s,\x1e]*")
# Where the next record may begin after one that cannot be read.
_NEXT = re.compile(r"\n(?=\{)|(?<=\}),?\s*(?=\{)")


class Unreadable(ValueError):
    """A record cannot become a row; the text says why."""


class Ignored(Exception):
    """A record is left out on purpose; the text says why."""


# --- records in bytes ------------------------------------------------------------------------------------


def load_object(text: str) -> Record:
    """One JSON object and nothing else.

    Raises:
        Unreadable: It is anything else.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise Unreadable("not JSON: nested too deeply") from None
    except ValueError as error:  # also a number of more digits than Python will read
        more = str(error).startswith("Extra data") and text.lstrip().startswith("{")
        raise Unreadable("more than one record on the line" if more else "not JSON, or cut off") from None
    return as_object(value)


def as_object(value: object) -> Record:
    """The value, if it is a JSON object.

    Raises:
        Unreadable: It is another kind of value.
    """
    if not isinstance(value, dict):
        raise Unreadable("not a JSON object")
    return value


def is_object_line(line: bytes) -> bool:
    """Whether a line is one whole JSON object."""
    try:
        load_object(line.decode("utf-8", "replace"))
    except ValueError:
        return False
    return True


def holds_lines(head: bytes, is_record: Callable[[bytes], bool] = is_object_line) -> bool:
    """Whether a file that begins so has one record a line.

    An array, or an object over several lines, is a document, and so is what holds no record in any line of its
    beginning: read whole it can be refused whole.
    """
    lines = [line for line in head.removeprefix(codecs.BOM_UTF8).splitlines() if line.strip()]
    if not lines:
        return True
    first = lines[0].strip()
    if first.startswith(b"[") or first == b"{" or first.endswith(b"["):
        return False
    # An indented line is a part of something, whatever it looks like.
    return any(is_record(line) for line in lines if not line[:1].isspace())


def parse_lines(lines: Lines, first_line: int, schema: Schema, make: Callable[[str], Row]) -> Parsed:
    """One row, reject or ignored record a line; see `LineReader.parse`."""
    found = _Found(schema)
    for number, line in enumerate(lines.texts, first_line):
        text = (line or "").lstrip("\ufeff")
        if text.strip():
            found.take(number, partial(make, text), partial(str, text))
        else:
            found.ignored["blank"] += 1
    return found.parsed(lines.count)


def parse_records(
    data: bytes, schema: Schema, make: Callable[[Record], Row], file_says: str, lists: tuple[str, ...] = ()
) -> Parsed:
    """Rows of a whole document; `line_number` is the record's number, from 1.

    Args:
        data: The document.
        schema: Of the rows.
        make: Makes a row of a record.
        file_says: What the file should be, for the refusal.
        lists: Keys under which an object may hold its records as an array.

    Raises:
        RefusedFile: No record of it can be read.
    """
    found = _Found(schema)
    number = 0
    for number, record in enumerate(_documents(_text(data), lists), 1):
        if isinstance(record, _Wrong):
            found.take(number, partial(load_object, record.text), partial(str, record.text))
        else:
            found.take(number, partial(_make, make, record), partial(json.dumps, record, ensure_ascii=False))
    if not found.rows and not found.ignored:
        raise RefusedFile(
            f"the file is not {file_says}: {found.rejects[0][1] if found.rejects else 'it holds no record'}"
        )
    return found.parsed(number)


def _make(make: Callable[[Record], Row], record: object) -> Row:
    return make(as_object(record))


class _Found:
    """What came of the records so far."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.rows: list[Row] = []
        self.rejects: list[tuple[int, str, str]] = []
        self.ignored: Counter[str] = Counter()

    def take(self, number: int, make: Callable[[], Any], show: Callable[[], str]) -> None:
        try:
            self.rows.append((number, *make()))
        except Unreadable as why:
            self.rejects.append((number, str(why), _storable(show())))
        except Ignored as why:
            self.ignored[str(why)] += 1

    def parsed(self, line_count: int) -> Parsed:
        rows = pl.DataFrame(self.rows, schema={"line_number": pl.Int64(), **self.schema}, orient="row")
        return Parsed(rows, rejects_frame(self.rejects), self.ignored, line_count)


class _Wrong:
    """A stretch of a document that is no JSON value."""

    def __init__(self, text: str) -> None:
        self.text = text


def _text(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    return decode(data.removeprefix(codecs.BOM_UTF8))


def _documents(text: str, lists: tuple[str, ...]) -> Iterator[object]:
    """The records of arrays, wrappers and concatenated objects; `_Wrong` for what cannot be read."""
    position = start = _skip_blank(text, 0)
    while position < len(text):
        try:
            value, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            # One bad record does not spoil the array: take its records one by one.
            if text[position] == "[" and position == start:
                position = _skip_blank(text, position + 1)
                continue
            following = _NEXT.search(text, position + 1)
            end = following.start() if following else len(text)
            wrong = text[position:end].strip().rstrip(",")
            if wrong.strip("]} \t\r\n"):
                yield _Wrong(wrong)
        else:
            yield from _records(value, lists)
        position = _skip_blank(text, end)


def _skip_blank(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    return found.end() if found else position


def _records(value: object, lists: tuple[str, ...]) -> Iterator[object]:
    if isinstance(value, dict):
        value = next((value[key] for key in lists if isinstance(value.get(key), list)), [value])
    yield from value if isinstance(value, list) else [value]


# --- values of records -----------------------------------------------------------------------------------


def _storable(text: str) -> str:
    """Text without lone surrogates, which JSON can write and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def text_of(value: object, name: str) -> str | None:
    """Text, or a number as text; null where empty.

    Raises:
        Unreadable: It is a list, an object or a truth.
    """
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        return (text if text.isascii() else _storable(text)) or None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unreadable(f"{name} is not text")
    return str(value)


def number_of(value: object, name: str) -> float | None:
    """A finite number, also when written as text.

    Raises:
        Unreadable: It is anything else.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ValueError
        number = float(value)
    except (ValueError, OverflowError):
        raise Unreadable(f"{name} is not a number") from None
    if not math.isfinite(number):
        raise Unreadable(f"{name} is not a number")
    return number


def seconds_of(value: object, name: str) -> float | None:
    """A duration in seconds.

    Raises:
        Unreadable: It is no number, negative, or longer than a year.
    """
    number = number_of(value, name)
    if number is not None and not 0 <= number <= _SECONDS_MAX:
        raise Unreadable(f"{name} is negative" if number < 0 else f"{name} is longer than a year: not seconds")
    return number


def instant_of(value: object, name: str) -> datetime | None:
    """A time written as ISO 8601 with its zone.

    Raises:
        Unreadable: It is anything else, has no zone, or lies before 1990 or after 2200.
    """
    if value is None or value == "":
        return None
    try:
        if not isinstance(value, str):
            raise ValueError
        time = datetime.fromisoformat(value.strip())
        if time.tzinfo is None:
            raise Unreadable(f"{name} has no time zone")
        time = time.astimezone(UTC)
    except Unreadable:
        raise
    except (ValueError, OverflowError):
        raise Unreadable(f"{name} is not a time") from None
    return _plausible(time, name)


def epoch_or_instant_of(value: object, name: str) -> datetime | None:
    """A time as ISO 8601 with its zone, or as seconds or milliseconds since 1970, also when written as text.

    Raises:
        Unreadable: See `instant_of`.
    """
    if isinstance(value, str) and not re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
        return instant_of(value, name)
    number = number_of(value, name)
    if number is None:
        return None
    try:
        # Milliseconds are whole: split, for a double's fraction of a second would not be exact.
        whole = round(number) if number >= _MILLISECONDS_FROM else round(number * 1000)
        return _plausible(EPOCH + timedelta(milliseconds=whole), name)
    except OverflowError:
        raise Unreadable(f"{name} is not a time") from None


def _plausible(time: datetime, name: str) -> datetime:
    if not _EARLIEST <= time < _LATEST:
        raise Unreadable(f"{name} is before 1990 or after 2200")
    return time
