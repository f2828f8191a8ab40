"""One session of a Genesys Cloud conversation, its segments summed up to what a visit to a queue needs.

Belongs here: times, sums and words of one session. Does not belong here: files and records (genesys_conversations.py),
which sessions belong together (sql/staging). Metrics are in milliseconds, our facts in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate, groupby
from typing import Any
from urllib.parse import unquote

Span = tuple[datetime, datetime]

_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_METRIC_MAX = 10**15
_SCHEME = re.compile(r"^(tel|sips?|mailto):", re.IGNORECASE)
_NUMBER_OF_ADDRESS = re.compile(r"^(\+?[0-9]{2,})[@;]")


class Unreadable(ValueError):
    """The record is not what its format promises; says why."""


# --- values of a JSON object -----------------------------------------------------------------------------


def text(value: Any) -> str | None:
    """A text without what a column cannot hold (halves of surrogate pairs, NUL); None where there is none."""
    if not isinstance(value, str):
        return None
    if value.isascii() and value.isprintable():
        return value.strip() or None
    return value.encode("utf-8", "replace").decode().replace("\0", "").strip() or None


def objects(value: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects of a list; an absent list is empty.

    Raises:
        Unreadable: It is no list of objects.
    """
    found = value.get(key)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Unreadable(f"{key} is not a list of objects")
    return found


def time_in(value: dict[str, Any], key: str) -> datetime | None:
    """A UTC instant; None where the key is absent.

    Raises:
        Unreadable: It is there and no instant.
    """
    found = value.get(key)
    if found is None:
        return None
    try:
        return instant(found)
    except (TypeError, ValueError, OverflowError) as error:
        raise Unreadable(f"{key} is not an instant in UTC such as 2026-03-02T09:00:00.000Z") from error


def instant(written: str) -> datetime:
    """An ISO 8601 instant with a zone; ValueError for anything else, or a time that no clock shows."""
    time = datetime.fromisoformat(written)
    if time.tzinfo is None or not _EARLIEST <= time <= _LATEST:
        raise ValueError(written)
    return time.astimezone(UTC)


def address(*candidates: Any) -> str | None:
    """The first address that is given, as a plain number or address: no `tel:`, `sip:`, host or parameters."""
    for candidate in candidates:
        if not candidate:
            continue
        plain = unquote(_SCHEME.sub("", text(candidate) or ""))
        number = _NUMBER_OF_ADDRESS.match(plain)
        if plain := number[1] if number else plain.split(";")[0]:
            return plain
    return None


# --- segments --------------------------------------------------------------------------------------------


def _spans(segments: list[dict[str, Any]], kind: str) -> list[Span]:
    """The finished stretches of one segment type, put together where they overlap."""
    found = sorted((s["start"], s["end"]) for s in segments if s["kind"] == kind and s["end"])
    joined: list[Span] = []
    for start, end in found:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _length_s(spans: list[Span]) -> float | None:
    return round(sum((end - start).total_seconds() for start, end in spans), 6) if spans else None


def _overlap_s(one: list[Span], other: list[Span]) -> float:
    return sum(max(0.0, (min(b, d) - max(a, c)).total_seconds()) for a, b in one for c, d in other)


def _talk_s(segments: list[dict[str, Any]]) -> float | None:
    """Interacting, less what of it the customer was on hold."""
    talk = _spans(segments, "interact")
    length_s = _length_s(talk)
    return None if length_s is None else round(length_s - _overlap_s(talk, _spans(segments, "hold")), 6)


def _segments(session: dict[str, Any]) -> list[dict[str, Any]]:
    segments = [_segment(segment) for segment in objects(session, "segments")]
    return sorted(segments, key=lambda s: (s["start"], s["end"] or _LATEST, s["kind"] or ""))


def _segment(segment: dict[str, Any]) -> dict[str, Any]:
    start, end = time_in(segment, "segmentStart"), time_in(segment, "segmentEnd")
    if start is None:
        raise Unreadable("segmentStart is missing")
    return {
        "start": start,
        "end": None if end is None else max(start, end),
        "is_reversed": end is not None and end < start,
        "kind": text(segment.get("segmentType")),
        "queue_id": text(segment.get("queueId")),
        "disconnect": text(segment.get("disconnectType")),
        "wrap_up_code": text(segment.get("wrapUpCode")),
    }


def _stays(purpose: str | None, segments: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """A queue's session, taken apart where it changes its queueId; any other session whole."""
    if purpose != "acd":
        return [segments]
    queues: list[str | None] = list(accumulate((s["queue_id"] for s in segments), lambda known, now: now or known))
    first = next((q for q in queues if q), None)
    pairs = groupby(zip(queues, segments, strict=True), key=lambda pair: pair[0] or first)
    return [[segment for _, segment in stay] for _, stay in pairs] or [segments]


# --- metrics ---------------------------------------------------------------------------------------------


def _metrics(session: dict[str, Any]) -> tuple[dict[str, float], list[datetime]]:
    """Sums by name, and when they were emitted."""
    sums: dict[str, float] = {}
    emitted: list[datetime] = []
    for metric in objects(session, "metrics"):
        name, value, at = text(metric.get("name")), metric.get("value"), time_in(metric, "emitDate")
        emitted += [at] if at else []
        # Beyond ten thousand years in milliseconds it is no measurement; NaN and infinity are not within it either.
        if name and isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _METRIC_MAX:
            sums[name] = sums.get(name, 0) + value
    return sums, emitted


# --- the session -----------------------------------------------------------------------------------------


def session_facts(participant: dict[str, Any], session: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The facts of one session, ready for JSON; a queue's session gives one for each queueId it stayed in.

    Raises:
        Unreadable: A segment or metric has a time that is none.
    """
    purpose = text(participant.get("purpose"))
    metrics, emitted = _metrics(session)
    stays = _stays(purpose, _segments(session))
    who = {
        "participant_id": text(participant.get("participantId")),
        # Of queues, agents and flows only: the customer's name serves no figure.
        "name": None if purpose in ("customer", "external") else text(participant.get("participantName")),
        "purpose": purpose,
        "user_id": text(participant.get("userId")),
        **_session_words(session),
    }
    for number, stay in enumerate(stays, start=1):
        is_last = number == len(stays)
        times = [t for s in stay for t in (s["start"], s["end"]) if t] + (emitted if is_last else [])
        yield {
            **who,
            **_stay_facts(stay),
            # What cuts a stay short is the next queue.
            **({} if is_last else {"disconnect": "transfer"}),
            **_metric_facts(metrics if is_last else {}),
            "seen_at": max(times).isoformat() if times else None,
        }


def _session_words(session: dict[str, Any]) -> dict[str, Any]:
    numbers = session.get("callbackNumbers")
    callback = numbers[0] if isinstance(numbers, list) and numbers else None
    return {
        "session_id": text(session.get("sessionId")),
        "media": text(session.get("mediaType")),
        "direction": text(session.get("direction")),
        "message_type": text(session.get("messageType")),
        "from_address": address(session.get("ani"), session.get("addressFrom"), session.get("addressOther"), callback),
        "to_address": address(session.get("dnis"), session.get("sessionDnis"), session.get("addressTo")),
        "callback_number": address(callback),
        "flow_out": text(session.get("flowOutType")),
        "campaign_id": text(session.get("outboundCampaignId")),
    }


def _stay_facts(segments: list[dict[str, Any]]) -> dict[str, Any]:
    """Times and sums; `ended_at` is null while something but the wrap-up goes on."""
    contact = [s for s in segments if s["kind"] != "wrapup"]
    last = max(contact, key=lambda s: (s["end"] or _LATEST, s["start"]), default=None)
    is_open = any(s["end"] is None for s in contact)
    return {
        "queue_id": next((s["queue_id"] for s in segments if s["queue_id"]), None),
        "started_at": _written(min((s["start"] for s in segments), default=None)),
        "ended_at": None if last is None or is_open else _written(last["end"]),
        "interact_at": _written(min((s["start"] for s in segments if s["kind"] == "interact"), default=None)),
        "disconnect": next((s["disconnect"] for s in reversed(contact) if s["disconnect"]), None),
        "wrap_up_code": next((s["wrap_up_code"] for s in reversed(segments) if s["wrap_up_code"]), None),
        "ring_s": _length_s(_spans(segments, "alert")),
        "talk_s": None if is_open else _talk_s(segments),
        "hold_s": None if is_open else _length_s(_spans(segments, "hold")),
        "wrap_s": _length_s(_spans(segments, "wrapup")),
        "ivr_s": _length_s(_spans(segments, "ivr")),
        "is_reversed": any(s["is_reversed"] for s in segments),
    }


def _metric_facts(metrics: dict[str, float]) -> dict[str, Any]:
    return {
        "has_abandoned": "tAbandon" in metrics or "tShortAbandon" in metrics,
        "has_flowed_out": "tFlowOut" in metrics,
        "is_blind": metrics.get("nBlindTransferred", 0) > 0,
        "is_consult": metrics.get("nConsultTransferred", 0) > 0,
    }


def _written(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
