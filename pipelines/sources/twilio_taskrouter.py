"""Twilio TaskRouter's events: as callbacks post them (JSON or form), as the event list or the event stream holds them.

Belongs here: which events tell of a task, and their fields, whichever of the three ways of naming them was used. Does
not belong here: what the events of a task come to (sql/staging).
Source: Twilio's TaskRouter events reference and event types of the TaskRouter stream.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import polars as pl

from pipelines.sources.base import UTC_TIME, Parsed
from pipelines.sources.json_records import (
    Ignored,
    Record,
    Row,
    Unreadable,
    epoch_or_instant_of,
    holds_lines,
    load_object,
    number_of,
    parse_lines,
    parse_records,
    text_of,
)
from pipelines.sources.lines import Lines

EVENTS = (
    "task.created task.updated task.canceled task.wrapup task.completed task.deleted task.system-deleted "
    "task.transfer-initiated task.transfer-attempt-failed task.transfer-failed task.transfer-canceled "
    "task.transfer-completed "
    "task-queue.entered task-queue.timeout task-queue.moved "
    "reservation.created reservation.accepted reservation.rejected reservation.timeout reservation.canceled "
    "reservation.rescinded reservation.completed reservation.failed reservation.wrapup "
    "workflow.entered workflow.timeout workflow.target-matched workflow.skipped workflow.rejected"
).split()
# What is set up or signed in, and not what happens to a task.
OTHER_EVENTS = (
    "activity.created activity.updated activity.deleted "
    "task-channel.created task-channel.updated task-channel.deleted "
    "task-queue.created task-queue.deleted task-queue.expression.updated task-queue.expression-updated "
    "worker.created worker.deleted worker.activity.update worker.attributes.update worker.capacity.update "
    "worker.channel.availability.update "
    "workflow.created workflow.updated workflow.deleted workspace.created workspace.updated workspace.deleted"
).split()
NOT_OF_A_TASK = "not of a task: {kind}"

_STREAM = "com.twilio.taskrouter."
# Column, and the names of its field without case and underscores.
_TEXTS = {
    "event_sid": ("sid",),
    "event_type": ("eventtype",),
    "task_sid": ("tasksid",),
    "reservation_sid": ("reservationsid",),
    "transfer_sid": ("transfersid",),
    "worker_sid": ("workersid",),
    "worker": ("workername",),
    "queue_sid": ("taskqueuesid",),
    "queue": ("taskqueuename",),
    "task_channel": ("taskchanneluniquename",),
    "completed_reason": ("taskcompletedreason",),
    "canceled_reason": ("taskcanceledreason",),
    "transfer_mode": ("transfermode",),
    "transfer_to": ("transferto",),
    "transfer_reservation_sid": ("transferinitiatingreservationsid", "initiatingreservationsid"),
}
# Of several names the first that holds something.
_TIMES = {
    "event_at": ("timestampms", "timestamp", "eventdatems", "eventdate"),
    "queue_entered_at": ("taskqueueentereddate",),
    "task_created_at": ("taskdatecreated",),
}
# Task attributes are the centre's own; these names are Twilio's conventions.
_ATTRIBUTES = {
    "caller": ("from", "caller", "customerAddress"),
    "called": ("to", "called"),
    "outbound_to": ("outbound_to",),
    "direction": ("direction",),
    "channel_type": ("channelType",),
    "call_sid": ("call_sid",),
    "customer_id": ("customer_id",),
}
# Under this key the event list answers with its page of events.
_LIST = "events"
_FILE_SAYS = "TaskRouter events of Twilio (JSON)"


class TaskRouterReader:
    """Reads TaskRouter events; all their times are UTC."""

    source = "twilio_taskrouter"
    table = "twilio_taskrouter"
    version = 1
    time_column = "event_at"
    schema: dict[str, pl.DataType] = {
        **dict.fromkeys(_TEXTS, pl.String()),
        **dict.fromkeys(_TIMES, UTC_TIME),
        **dict.fromkeys(_ATTRIBUTES, pl.String()),
        "priority": pl.Float64(),
    }

    def reads_lines(self, head: bytes) -> bool:
        """See `RecordReader.reads_lines`; a line may also be a form, as the callback posts it."""
        return holds_lines(head, _is_event_line)

    def parse(self, lines: Lines, first_line: int) -> Parsed:
        """See `LineReader.parse`; what is no TaskRouter event becomes a reject."""
        return parse_lines(lines, first_line, self.schema, _row_of_line)

    def parse_document(self, data: bytes) -> Parsed:
        """See `RecordReader.parse_document`; also the answer of the event list, and batches of the stream."""
        return parse_records(data, self.schema, _row, _FILE_SAYS, lists=(_LIST,))


def _row_of_line(line: str) -> Row:
    if _is_form(line):
        return _row(dict(parse_qsl(line.strip(), keep_blank_values=True)))
    return _row(load_object(line))


def _is_event_line(line: bytes) -> bool:
    text = line.decode("utf-8", "replace")
    try:
        return _is_form(text) or _LIST not in load_object(text)
    except Unreadable:
        return False


def _is_form(line: str) -> bool:
    return "EventType=" in line and not line.lstrip().startswith(("{", "["))


def _row(record: Record) -> Row:
    """The columns of one event, in the schema's order.

    Raises:
        Unreadable: It is no event that Twilio documents, or lacks its time or task.
        Ignored: It tells of no task.
    """
    fields = _fields(record)
    texts = {column: text_of(_first(fields, names), names[0]) for column, names in _TEXTS.items()}
    kind = texts["event_type"]
    if kind is None:
        raise Unreadable("no EventType: not a TaskRouter event")
    if kind in OTHER_EVENTS:
        raise Ignored(NOT_OF_A_TASK.format(kind=kind))
    if kind not in EVENTS:
        raise Unreadable("unknown EventType")
    if texts["task_sid"] is None:
        raise Unreadable("no TaskSid")
    if kind.startswith("reservation.") and texts["reservation_sid"] is None:
        raise Unreadable("an event of a reservation without ReservationSid")
    times: dict[str, datetime | None] = {
        column: epoch_or_instant_of(_first(fields, names), names[0]) for column, names in _TIMES.items()
    }
    if times["event_at"] is None:
        raise Unreadable("no Timestamp")
    attributes = _attributes(fields.get("taskattributes"))
    priority = number_of(fields.get("taskpriority"), "TaskPriority")
    return (*texts.values(), *times.values(), *(attributes.get(column) for column in _ATTRIBUTES), priority)


def _fields(record: Record) -> Record:
    """The event's fields by names without case and underscores: TaskSid and task_sid are one.

    The event list keeps an event's own fields in `event_data`, the stream in `data.payload`; what stands outside is
    about the event and wins.
    """
    kind = record.get("type")
    if isinstance(kind, str) and kind.startswith(_STREAM):
        data = _inner(record.get("data"), "data")
        payload = _inner(data.get("payload", data), "data.payload")
        return {"eventtype": kind.removeprefix(_STREAM), **_plain(payload)}
    inner = record.get("event_data") or record.get("EventData")
    return {**_plain(_inner(inner, "event_data")), **_plain(record)} if inner else _plain(record)


def _plain(fields: Record) -> Record:
    return {name.lower().replace("_", ""): value for name, value in fields.items()}


def _inner(value: object, name: str) -> Record:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Unreadable(f"{name} is not JSON") from None
    if not isinstance(value, dict):
        raise Unreadable(f"{name} is not an object")
    return value


def _first(fields: Record, names: tuple[str, ...]) -> Any:
    for name in names:
        value = fields.get(name)
        if value is not None and value != "":
            return value
    return None


def _attributes(value: object) -> dict[str, str | None]:
    """The task attributes of known names; a centre may put anything under them, and what is no text is not one."""
    if value is None or value == "":
        return {}
    found = _inner(value, "TaskAttributes")
    known = {column: _loose_text(_first(found, names)) for column, names in _ATTRIBUTES.items()}
    customers = found.get("customers")
    if isinstance(customers, dict) and customers.get("external_id"):
        known["customer_id"] = _loose_text(customers["external_id"])
    return known


def _loose_text(value: object) -> str | None:
    return text_of(value, "") if isinstance(value, (str, int)) and not isinstance(value, bool) else None
