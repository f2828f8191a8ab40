from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.base import RecordReader
from pipelines.sources.lines import Lines
from pipelines.sources.tabular import RefusedFile
from pipelines.sources.twilio_taskrouter import EVENTS, OTHER_EVENTS, TaskRouterReader

READER = TaskRouterReader()
ATTRIBUTES = {"from": "+447946000001", "to": "+447946000900", "direction": "inbound", "call_sid": "CA1"}
# As a callback posts it: every value is text.
EVENT = {
    "Sid": "EV1",
    "EventType": "reservation.accepted",
    "Timestamp": "1772452800",
    "TimestampMs": "1772452800250",
    "TaskSid": "WT1",
    "TaskAttributes": json.dumps(ATTRIBUTES),
    "TaskPriority": "5",
    "TaskDateCreated": "1772452700",
    "TaskQueueEnteredDate": "1772452710",
    "TaskQueueSid": "WQ1",
    "TaskQueueName": "sales",
    "TaskChannelUniqueName": "voice",
    "ReservationSid": "WR1",
    "WorkerSid": "WK1",
    "WorkerName": "ann",
}


def event(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**EVENT, **changes}.items() if value is not None}


def parse(*lines: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, int]]:
    parsed = READER.parse(Lines.of(lines), first_line=10)
    assert parsed.line_count == parsed.rows.height + parsed.rejects.height + sum(parsed.ignored.values()) == len(lines)
    return parsed.rows.to_dicts(), parsed.rejects.to_dicts(), dict(parsed.ignored)


def parse_one(**changes: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, int]]:
    return parse(json.dumps(event(**changes)))


SNAKE = {
    "sid": "EV1", "task_sid": "WT1", "task_attributes": ATTRIBUTES, "task_priority": 5,
    "task_date_created": "2026-03-02T11:58:20.000Z", "task_queue_entered_date": "2026-03-02T11:58:30Z",
    "task_queue_sid": "WQ1", "task_queue_name": "sales", "task_channel_unique_name": "voice",
    "reservation_sid": "WR1", "worker_sid": "WK1", "worker_name": "ann",
}  # fmt: skip
STREAM = {
    "specversion": "1.0", "type": "com.twilio.taskrouter.reservation.accepted", "id": "NO1",
    "data": {"sid": "EV1", "payload": {
        **SNAKE, "eventtype": "reservation.accepted", "timestamp": "2026-03-02T12:00:00.250Z",
    }},
}  # fmt: skip
LISTED = {
    "sid": "EV1", "event_type": "reservation.accepted", "event_date": "2026-03-02T12:00:00Z",
    "event_date_ms": 1772452800250, "resource_sid": "WR1",
    "event_data": {**SNAKE, "task_attributes": json.dumps(ATTRIBUTES)},
}  # fmt: skip


def test_it_is_a_record_reader() -> None:
    assert isinstance(READER, RecordReader)


def test_every_field_of_a_callback_is_typed() -> None:
    (row,), _, _ = parse_one()
    assert row["event_at"] == datetime(2026, 3, 2, 12, 0, 0, 250000, tzinfo=UTC)
    assert row["queue_entered_at"] == datetime(2026, 3, 2, 11, 58, 30, tzinfo=UTC)
    assert row["task_created_at"] == datetime(2026, 3, 2, 11, 58, 20, tzinfo=UTC)
    names = ("event_sid", "event_type", "task_sid", "reservation_sid", "worker", "queue", "task_channel", "priority")
    assert [row[n] for n in names] == ["EV1", "reservation.accepted", "WT1", "WR1", "ann", "sales", "voice", 5.0]
    assert [row[n] for n in ("caller", "called", "direction", "call_sid")] == [
        "+447946000001", "+447946000900", "inbound", "CA1",
    ]  # fmt: skip


@pytest.mark.parametrize("line", [urlencode(EVENT), json.dumps(STREAM), json.dumps(LISTED)])
def test_a_form_the_stream_and_the_event_list_give_the_same_row(line: str) -> None:
    assert parse(line) == parse_one()


@pytest.mark.parametrize("kind", EVENTS)
def test_each_event_of_a_task_is_a_row(kind: str) -> None:
    rows, rejects, ignored = parse_one(EventType=kind)
    assert ([row["event_type"] for row in rows], rejects, ignored) == ([kind], [], {})


@pytest.mark.parametrize("kind", OTHER_EVENTS)
def test_each_event_that_is_not_of_a_task_is_ignored_and_counted_by_name(kind: str) -> None:
    rows, rejects, ignored = parse(json.dumps({"EventType": kind, "Timestamp": "1772452800", "WorkerSid": "WK1"}))
    assert (rows, rejects, ignored) == ([], [], {f"not of a task: {kind}": 1})


def test_without_milliseconds_the_second_counts() -> None:
    (row,), _, _ = parse_one(TimestampMs=None)
    assert row["event_at"] == datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_transfers_own_fields() -> None:
    (row,), _, _ = parse_one(
        EventType="task.transfer-initiated", TransferSid="TT1", TransferMode="COLD", TransferTo="WQ2",
        TransferInitiatingReservationSid="WR1", ReservationSid=None,
    )  # fmt: skip
    assert [row[n] for n in ("transfer_sid", "transfer_mode", "transfer_to", "transfer_reservation_sid")] == [
        "TT1", "COLD", "WQ2", "WR1",
    ]  # fmt: skip


def test_attributes_are_the_centres_own_and_only_text_is_taken() -> None:
    attributes = {"from": {"x": 1}, "customerAddress": 5, "customers": {"external_id": "C1"}, "direction": True}
    (row,), rejects, _ = parse_one(TaskAttributes=json.dumps(attributes))
    assert rejects == []
    assert (row["caller"], row["customer_id"], row["direction"]) == (None, "C1", None)
    assert parse_one(TaskAttributes=None)[0][0]["caller"] is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("rubbish", "not JSON"),
        ("{}", "no EventType"),
        ("EventType=&TaskSid=WT1", "no EventType"),
        ("EventType=task.waltz&TaskSid=WT1", "unknown EventType"),
        (json.dumps(event(EventType="worker.waltz")), "unknown EventType"),
        (json.dumps(event(TaskSid=None)), "no TaskSid"),
        (json.dumps(event(ReservationSid="")), "without ReservationSid"),
        (json.dumps(event(Timestamp=None, TimestampMs=None)), "no Timestamp"),
        (json.dumps(event(TimestampMs="soon")), "timestampms is not a time"),
        (json.dumps(event(TimestampMs="9" * 400)), "not a number"),
        (json.dumps(event(TimestampMs="9" * 40)), "not a time"),
        (json.dumps(event(TimestampMs="5")), "before 1990"),
        (json.dumps(event(TimestampMs="2026-03-02T12:00:00")), "no time zone"),
        (json.dumps(event(TaskAttributes="{cut")), "TaskAttributes is not JSON"),
        (json.dumps(event(TaskAttributes="[1]")), "TaskAttributes is not an object"),
        (json.dumps(event(TaskQueueName=["a"])), "taskqueuename is not text"),
        (json.dumps({"type": "com.twilio.taskrouter.task.created", "data": 5}), "data is not an object"),
    ],
)
def test_what_is_no_event_is_a_reject_with_line_reason_and_text(line: str, reason: str) -> None:
    rows, rejects, _ = parse(line)
    assert rows == []
    assert (rejects[0]["line_number"], rejects[0]["text"]) == (10, line[:2000])
    assert reason in rejects[0]["reason"]


def test_lines_are_json_or_forms_and_the_rest_are_documents() -> None:
    one = json.dumps(EVENT)
    for lines in (one, f"{one}\n{one}", urlencode(EVENT), f"{urlencode(EVENT)}\n{one}\n"):
        assert READER.reads_lines(lines.encode()), lines
    listed = json.dumps({"meta": {"page": 0}, "events": [LISTED]})
    for text in (f"[{one}]", one + one, json.dumps(EVENT, indent=1), listed, "x", "a,b\n1,2"):
        assert not READER.reads_lines(text.encode()), text


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"meta": {"page": 0}, "events": [LISTED, {**LISTED, "sid": "EV2"}]}),
        json.dumps([EVENT, {**EVENT, "Sid": "EV2"}], indent=2),
        json.dumps([STREAM]) + "\n" + json.dumps([{**EVENT, "Sid": "EV2"}]),
        json.dumps(EVENT) + json.dumps({**EVENT, "Sid": "EV2"}),
    ],
)
def test_a_document_is_an_event_list_an_array_batches_or_one_after_the_other(text: str) -> None:
    parsed = READER.parse_document(text.encode())
    assert (parsed.rows["event_sid"].to_list(), parsed.rejects.height) == (["EV1", "EV2"], 0)
    assert parsed.rows["line_number"].to_list() == [1, 2]


def test_a_file_without_any_event_is_refused_whole() -> None:
    with pytest.raises(RefusedFile, match="not TaskRouter events"):
        READER.parse_document(b'{"ContactId": "c1"}')


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_refusal(data: bytes) -> None:
    READER.reads_lines(data)
    READER.parse(Lines.of([data.decode("latin-1")]), 1)
    with pytest.raises(RefusedFile):
        READER.parse_document(data)
