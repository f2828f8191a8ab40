"""Asterisk's call detail records: Master.csv of cdr_csv with 21 columns, usegmtime=yes.

Belongs here: which records one call leaves and what stands in them. Does not belong here: queue_log (asterisk.py).

A record is a path of communication: one for each agent whose telephone rang, one where none did; a consultation is a
channel of its own with the same linkedid. The sequence number, the last column, is the switch's to add.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol
from zoneinfo import ZoneInfo

from pipelines.simulate.journeys import Attempt, Journey, Visit
from pipelines.simulate.scenario_sections import Site
from pipelines.simulate.writers.local_stamps import LocalStamps

_STAMPS = LocalStamps(ZoneInfo("UTC"))


class Switch(Protocol):
    """What records need of the switch that writes them."""

    site: Site
    extensions: dict[str, str]
    timeouts: dict[str, int]


def call_records(switch: Switch, journey: Journey) -> Iterator[str]:
    """The records of a call, in the order of their begins, without their sequence number."""
    call = journey.call
    if not journey.visits:
        yield _record(switch, journey, call.arrived_at, journey.ended_at, True, "", "BackGround", "welcome")
        return
    begin = call.arrived_at
    consult = next((visit for visit in journey.visits if visit.consulted_by is not None), None)
    for visit in journey.visits:
        if visit is consult:
            continue
        if visit.outcome == "closed":
            yield _record(switch, journey, begin, visit.left_at, True, "", "Playback", "we-are-closed")
            continue
        yield from _visit_records(switch, journey, visit, begin)
        begin = visit.left_at
    if consult is not None:
        yield from _consult_records(switch, journey, consult)


def _visit_records(switch: Switch, journey: Journey, visit: Visit, begin: int) -> Iterator[str]:
    if not visit.attempts:
        yield _queue_record(switch, journey, visit, begin, visit.left_at, None)
    for number, attempt in enumerate(visit.attempts):
        started_at = begin if number == 0 else attempt.started_at
        ended_at = visit.left_at if attempt.is_answered else attempt.ended_at
        yield _queue_record(switch, journey, visit, started_at, ended_at, attempt)
    if visit.attempts and not visit.attempts[-1].is_answered and visit.attempts[-1].ended_at < visit.left_at:
        yield _queue_record(switch, journey, visit, visit.attempts[-1].ended_at, visit.left_at, None)


def _queue_record(switch: Switch, journey: Journey, visit: Visit, begin: int, end: int, attempt: Attempt | None) -> str:
    data = f"{visit.queue},tT,,,{switch.timeouts[visit.queue]}"
    to = f"{attempt.agent.interface}-{_channel(attempt.channel_id or journey.call.contact_id)}" if attempt else ""
    is_answered = attempt is None or attempt.is_answered
    return _record(switch, journey, begin, end, is_answered, to, "Queue", data)


def _consult_records(switch: Switch, journey: Journey, visit: Visit) -> Iterator[str]:
    """The agent's own channel to the other queue, then the customer's to whoever answered there."""
    agent = visit.consulted_by
    assert agent is not None
    extension = agent.interface.removeprefix("PJSIP/")
    channel = f"{agent.interface}-{_channel(visit.call_id)}"
    data = f"{visit.queue},tT,,,{switch.timeouts[visit.queue]}"
    answered = next((attempt for attempt in visit.attempts if attempt.is_answered), None)
    to = f"{answered.agent.interface}-{_channel(answered.channel_id)}" if answered else ""
    passed_at = journey.visits[0].left_at if answered else visit.left_at
    yield _line(
        extension, switch.extensions[visit.queue], "from-internal", channel, to, "Queue", data,
        visit.entered_at, passed_at, answered is not None, visit.call_id, journey.call.contact_id,
    )  # fmt: skip
    if answered is not None and visit.left_at > passed_at:
        # The customer's channel still runs the application that it ran all the time.
        first = journey.visits[0].queue
        own = f"{first},tT,,,{switch.timeouts[first]}"
        yield _record(switch, journey, passed_at, visit.left_at, True, to, "Queue", own)


def _record(
    switch: Switch, journey: Journey, begin: int, end: int, is_answered: bool, to: str, application: str, data: str
) -> str:
    """A record of the customer's own channel."""
    call = journey.call
    channel = f"PJSIP/trunk-{_channel(call.contact_id)}"
    return _line(
        call.number, switch.site.number, "from-trunk", channel, to, application, data, begin, end, is_answered,
        call.contact_id, call.contact_id,
    )  # fmt: skip


def _line(
    source: str, target: str, context: str, channel: str, to: str, application: str, data: str,
    begin: int, end: int, is_answered: bool, uniqueid: str, linkedid: str,
) -> str:  # fmt: skip
    answer, billed_s = (f'"{stamp(begin)}"', end - begin) if is_answered else ("", 0)
    state = "ANSWERED" if is_answered else "NO ANSWER"
    return (
        f'"","{source}","{target}","{context}","""{source}"" <{source}>","{channel}","{to}","{application}","{data}",'
        f'"{stamp(begin)}",{answer},"{stamp(end)}",{end - begin},{billed_s},"{state}","DOCUMENTATION","{uniqueid}",'
        f'"","","{linkedid}"'
    )


def stamp(at: int) -> str:
    """A time as cdr_csv writes it, in UTC."""
    return _STAMPS.text(at)


def _channel(uniqueid: str) -> str:
    """The hexadecimal number that ends a channel's name."""
    return f"{int(uniqueid.rpartition('.')[2]):08x}"
