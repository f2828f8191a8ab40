"""Genesys Cloud conversation details: JSON lines, or one document (`{"conversations": […]}`, a list, one object).

Belongs here: one row per conversation record, with its sessions summed up (pipelines/sources/genesys_sessions.py).
Does not belong here: which of several exports of one conversation counts, and which session is a visit to a queue
(sql/staging). A record is one row, so that lines in and rows out add up.
Source: the platform's conversation detail data model; facts of the format in tests/pipelines/sources.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import polars as pl

from pipelines.sources.base import REJECT_TEXT_MAX, UTC_TIME, Parsed, rejects_frame
from pipelines.sources.genesys_sessions import Unreadable, instant, objects, session_facts, text, time_in
from pipelines.sources.lines import Lines
from pipelines.sources.tabular import RefusedFile

_ENVELOPE = re.compile(r'"conversations"\s*:\s*\[')
_IDENTITY = re.compile(r'"conversationId"\s*:')
_BETWEEN = re.compile(r"[\s,]*")
_COMPACT = json.JSONEncoder(separators=(",", ":"))
_CUT_OFF = "not JSON from here on: cut off or damaged"


class GenesysReader:
    """Reads conversation detail records; all times are UTC instants, as the platform writes them."""

    source = "genesys_conversations"
    table = "genesys_conversations"
    version = 1
    time_column = "started_at"
    schema: dict[str, pl.DataType] = {
        "conversation_id": pl.String(),
        "started_at": UTC_TIME,
        "ended_at": UTC_TIME,
        "last_seen_at": UTC_TIME,
        "direction": pl.String(),
        "is_self_served": pl.Boolean(),
        "external_tag": pl.String(),
        "session_count": pl.Int64(),
        "sessions": pl.String(),
    }

    def parse(self, lines: Lines, first_line: int) -> Parsed:
        """See `LineReader.parse`; a line is one conversation."""
        return _parsed(self.schema, _of_lines(lines.texts, first_line), lines.count)

    def parse_document(self, data: bytes) -> Parsed:
        """See `RecordReader.parse_document`; the whole records before a cut are read."""
        try:
            content = data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
        except UnicodeError as error:
            raise RefusedFile("not a JSON document: the bytes are not Unicode text") from error
        found = list(_values(content))
        if not any(isinstance(value, dict) and "conversationId" in value for value, _ in found):
            raise RefusedFile("not conversation details: no object with a conversationId in it")
        numbered = ((n, value, shown) for n, (value, shown) in enumerate(found, start=1))
        return _parsed(self.schema, numbered, len(found))

    def reads_lines(self, head: bytes) -> bool:
        """See `RecordReader.reads_lines`: lines, if any whole line is a conversation, or the only one begins as one."""
        begin = head.decode("utf-8-sig", "replace").lstrip()
        identity, envelope = _IDENTITY.search(begin), _ENVELOPE.search(begin)
        if begin.startswith("[") or identity is None:
            return False
        if envelope is not None and envelope.start() < identity.start():
            return False
        *whole, last = begin.split("\n")
        return any(_is_conversation(line) for line in whole) or (not whole and last.startswith("{"))


class _Broken:
    """What could not be decoded; its text is evidence."""


_BROKEN = _Broken()


def _is_conversation(line: str) -> bool:
    value = _loads(line)
    return isinstance(value, dict) and "conversationId" in value


def _loads(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return _BROKEN


def _of_lines(lines: pl.Series, first_line: int) -> Iterator[tuple[int, Any, str | None]]:
    for number, line in enumerate(lines, start=first_line):
        if line and line.strip():
            yield number, _loads(line.removeprefix("\ufeff")), line


# --- documents -------------------------------------------------------------------------------------------


def _values(content: str) -> Iterator[tuple[Any, str | None]]:
    """The records of a document, or of several in a row (pages written to one file); of a broken one its text too."""
    decoder, position = json.JSONDecoder(), _BETWEEN.match(content, 0).end()  # type: ignore[union-attr]
    while position < len(content):
        try:
            value, end = decoder.raw_decode(content, position)
        except (ValueError, RecursionError):
            yield from _rescued(content, position)
            return
        for record in _records(value):
            yield record, None
        position = _BETWEEN.match(content, end).end()  # type: ignore[union-attr]


def _records(value: Any) -> list[Any]:
    if isinstance(value, dict) and isinstance(value.get("conversations"), list):
        value = value["conversations"]
    return value if isinstance(value, list) else [value]


def _rescued(content: str, position: int) -> Iterator[tuple[Any, str | None]]:
    """The whole records before the place where a document breaks off, and that place."""
    decoder = json.JSONDecoder()
    envelope = _ENVELOPE.search(content, position)
    if content[position] == "[":
        position += 1
    elif envelope is not None:
        position = envelope.end()
    while (position := _BETWEEN.match(content, position).end()) < len(content):  # type: ignore[union-attr]
        try:
            value, end = decoder.raw_decode(content, position)
        except (ValueError, RecursionError):
            break
        yield value, None
        position = end
    yield _BROKEN, content[position : position + REJECT_TEXT_MAX]


# --- records ---------------------------------------------------------------------------------------------


def _parsed(schema: dict[str, pl.DataType], found: Iterator[tuple[int, Any, str | None]], line_count: int) -> Parsed:
    rows: list[dict[str, Any]] = []
    rejects: list[tuple[int, str, str]] = []
    for number, value, shown in found:
        try:
            rows.append({"line_number": number, **_row(value)})
        except Unreadable as problem:
            shown = json.dumps(value, ensure_ascii=False)[:REJECT_TEXT_MAX] if shown is None else shown
            # A lone half of a surrogate pair is legal in JSON, and in no column.
            rejects.append((number, str(problem), shown.encode("utf-8", "replace").decode()))
    frame = pl.DataFrame(rows, schema={"line_number": pl.Int64(), **schema})
    blank = line_count - len(rows) - len(rejects)
    return Parsed(frame, rejects_frame(rejects), Counter({"blank": blank} if blank else {}), line_count)


def _row(value: Any) -> dict[str, Any]:
    if isinstance(value, _Broken):
        raise Unreadable(_CUT_OFF)
    if not isinstance(value, dict):
        raise Unreadable("not a conversation: not a JSON object")
    if isinstance(value.get("conversations"), list):
        raise Unreadable("a page of conversations on one line: save each page as a file of its own")
    identity = text(value.get("conversationId"))
    if identity is None:
        raise Unreadable("not a conversation: no conversationId")
    started_at, ended_at = _start_and_end(value)
    sessions = _sessions(value)
    return {
        "conversation_id": identity,
        "started_at": started_at,
        "ended_at": ended_at,
        "last_seen_at": _last_seen_at(started_at, ended_at, sessions),
        "direction": text(value.get("originatingDirection")),
        "is_self_served": value["selfServed"] if isinstance(value.get("selfServed"), bool) else None,
        "external_tag": text(value.get("externalTag")),
        "session_count": len(sessions),
        "sessions": _written(sessions),
    }


def _start_and_end(value: dict[str, Any]) -> tuple[datetime, datetime | None]:
    started_at, ended_at = time_in(value, "conversationStart"), time_in(value, "conversationEnd")
    if started_at is None:
        raise Unreadable("conversationStart is missing")
    if ended_at is not None and ended_at < started_at:
        raise Unreadable("conversationEnd is before conversationStart")
    return started_at, ended_at


def _sessions(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The sessions of all participants."""
    if not isinstance(value.get("participants"), list):
        raise Unreadable("participants is not a list: no conversation detail")
    return [
        facts
        for participant in objects(value, "participants")
        for session in objects(participant, "sessions")
        for facts in session_facts(participant, session)
    ]


def _written(sessions: list[dict[str, Any]]) -> str:
    """As JSON, without what is not known, in an order that does not depend on the export's."""
    known = ({name: fact for name, fact in facts.items() if fact is not None} for facts in sessions)
    return f"[{','.join(sorted(map(_COMPACT.encode, known)))}]"


def _last_seen_at(started_at: datetime, ended_at: datetime | None, sessions: list[dict[str, Any]]) -> datetime:
    """The latest instant in the record: of two exports, the one that knows more has the later one."""
    seen = [instant(f["seen_at"]) for f in sessions if f["seen_at"]]
    return max([started_at, *([ended_at] if ended_at else []), *seen])
