"""Tasks of Twilio TaskRouter on events short enough to add by hand: each time a second after noon."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.lines import Lines
from pipelines.sources.twilio_taskrouter import TaskRouterReader
from pipelines.sqlgraph import load_models

MODELS = load_models()
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEPS = (
    "staging.twilio_taskrouter", "staging._twilio_tasks", "staging._twilio_visits", "staging.twilio_calls",
)  # fmt: skip
CANONICAL = [
    "source", "source_contact_id", "arrived_at", "channel", "direction", "caller_number", "customer_id",
    "dialled_number", "site", "ivr_s", "queue", "entered_at", "wait_s", "answered_at", "agent", "ring_s", "talk_s",
    "hold_s", "wrap_s", "ended_at", "outcome", "transfer_type", "transferred_to", "priority", "repairs",
]  # fmt: skip
INBOUND = {"from": "+447946000001", "to": "+447946000900", "direction": "inbound", "call_sid": "CA1"}
Event = dict[str, Any]


def at(second: float | None) -> datetime | None:
    return None if second is None else NOON + timedelta(seconds=second)


def event(second: float, kind: str, queue: str | None = "sales", task: str = "WT1", **more: Any) -> Event:
    """One event; its Sid is made of what it says, so that the same event is the same event."""
    stamp = str(round((NOON.timestamp() + second) * 1000))
    given = {
        "EventType": kind, "TimestampMs": stamp, "TaskSid": task, "TaskQueueName": queue,
        "TaskChannelUniqueName": "voice", "TaskAttributes": json.dumps(INBOUND), **more,
    }  # fmt: skip
    return {"Sid": f"EV-{task}-{stamp}-{kind}-{more.get('ReservationSid')}", **given}


def offer(second: float, kind: str, reservation: str = "WR1", worker: str = "ann", **more: Any) -> Event:
    return event(second, f"reservation.{kind}", ReservationSid=reservation, WorkerName=worker, **more)


def build(events: Iterable[Event]) -> duckdb.DuckDBPyConnection:
    lines = Lines.of([json.dumps(e) for e in events])
    parsed = TaskRouterReader().parse(lines, 1)
    assert parsed.rejects.height == 0, parsed.rejects.to_dicts()
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'; create schema raw; create schema staging")
    con.register("rows", parsed.rows.with_columns(segment_id=pl.lit(1, pl.Int64)).to_arrow())
    con.execute("create table raw.twilio_taskrouter as select * from rows")
    for table in STEPS:
        con.execute(f"create table {table} as {MODELS[table].sql}")
    return con


def calls(columns: str, *events: Event) -> list[tuple[Any, ...]]:
    query = f"select {columns} from staging.twilio_calls order by source_contact_id, entered_at, queue"
    with build(events) as con:
        return con.execute(query).fetchall()


ANSWERED = (
    event(0, "task.created"),
    event(2, "task-queue.entered"),
    offer(12, "created"),
    offer(16, "accepted"),
    offer(76, "wrapup"),
    event(76, "task.wrapup"),
    offer(86, "completed"),
    event(86, "task.completed"),
)


def test_the_columns_are_the_canonical_ones_in_order_and_type() -> None:
    with build(ANSWERED) as con:
        described = con.execute("describe staging.twilio_calls").fetchall()
    assert [row[0] for row in described] == CANONICAL
    kinds = {"_s": "DOUBLE", "_at": "TIMESTAMP WITH TIME ZONE", "priority": "DOUBLE"}
    for name, kind, *_ in described:
        assert kind == next((k for suffix, k in kinds.items() if name.endswith(suffix)), "VARCHAR"), name


def test_an_accepted_task_waits_from_its_queue_entry_and_rings_talks_and_wraps_up() -> None:
    found = calls(", ".join(CANONICAL), *(e | {"TaskPriority": "5"} for e in ANSWERED))
    assert found == [(
        "twilio_taskrouter", "WT1", at(0), "voice", "inbound", "+447946000001", None, "+447946000900", None, None,
        "sales", at(2), 14.0, at(16), "ann", 4.0, 60.0, None, 10.0, at(76), "answered", None, None, 5.0, None,
    )]  # fmt: skip


def test_without_wrap_up_events_the_wrap_up_is_null_not_zero() -> None:
    events = [e for e in ANSWERED if "wrapup" not in e["EventType"]]
    assert calls("talk_s, wrap_s", *events) == [(70.0, None)]


def test_offers_that_nobody_took_leave_the_task_waiting() -> None:
    events = [
        event(0, "task-queue.entered"),
        offer(5, "created"), offer(10, "rejected"),
        offer(11, "created", "WR2", "bob"), offer(20, "timeout", "WR2", "bob"),
        offer(21, "created", "WR3", "cy"), offer(22, "rescinded", "WR3", "cy"),
        offer(30, "created", "WR4", "dee"), offer(34, "accepted", "WR4", "dee"),
    ]  # fmt: skip
    assert calls("outcome, wait_s, agent, ring_s, talk_s, ended_at", *events) == [
        ("answered", 34.0, "dee", 4.0, None, None),
    ]


def test_canceled_while_waiting_is_abandoned() -> None:
    events = [
        event(0, "task.created"), event(1, "task-queue.entered"), offer(5, "created"), offer(31, "canceled"),
        event(31, "task.canceled", TaskCanceledReason="hangup"),
    ]  # fmt: skip
    assert calls("outcome, wait_s, ended_at, answered_at, agent, talk_s", *events) == [
        ("abandoned", 30.0, at(31), None, None, None),
    ]


@pytest.mark.parametrize("reason", ["Task TTL Exceeded", "workflow timeout", "Timed out"])
def test_canceled_because_its_time_ran_out_is_timed_out(reason: str) -> None:
    events = [event(1, "task-queue.entered"), event(31, "task.canceled", TaskCanceledReason=reason)]
    assert calls("outcome, wait_s", *events) == [("timed_out", 30.0)]


def test_a_workflow_timeout_before_the_cancelling_is_timed_out() -> None:
    events = [event(1, "task-queue.entered"), event(31, "workflow.timeout"), event(31.1, "task.canceled")]
    assert calls("outcome", *events) == [("timed_out",)]


def test_still_waiting_is_open() -> None:
    assert calls("outcome, wait_s, ended_at", event(1, "task-queue.entered")) == [("open", None, None)]


def test_completed_without_a_worker_is_withdrawn() -> None:
    events = [event(1, "task-queue.entered"), event(9, "task.completed", TaskCompletedReason="voicemail")]
    assert calls("outcome, wait_s", *events) == [("withdrawn", 8.0)]


@pytest.mark.parametrize(("kind", "outcome"), [("task-queue.moved", "withdrawn"), ("task-queue.timeout", "timed_out")])
def test_a_moved_task_is_one_contact_with_two_visits_each_with_its_own_wait(kind: str, outcome: str) -> None:
    events = [
        event(0, "task.created"), event(1, "task-queue.entered"), event(40, kind),
        event(40, "task-queue.entered", "overflow"),
        offer(45, "created", queue="overflow"), offer(50, "accepted", queue="overflow"),
    ]  # fmt: skip
    assert calls("source_contact_id, arrived_at, queue, entered_at, wait_s, outcome", *events) == [
        ("WT1", at(0), "sales", at(1), 39.0, outcome),
        ("WT1", at(0), "overflow", at(40), 10.0, "answered"),
    ]


@pytest.mark.parametrize("timed_out_at", [40, 40.05])
def test_a_hang_up_in_the_second_queue_is_abandoned_though_the_first_ran_out(timed_out_at: float) -> None:
    events = [
        event(1, "task-queue.entered"), event(timed_out_at, "task-queue.timeout"),
        event(40, "task-queue.entered", "overflow"),
        event(55, "task.canceled", "overflow", TaskCanceledReason="hangup"),
    ]  # fmt: skip
    assert calls("queue, outcome, wait_s", *events) == [("sales", "timed_out", 39.0), ("overflow", "abandoned", 15.0)]


def test_an_offer_belongs_to_its_own_queue_when_two_were_entered_in_one_second() -> None:
    events = [
        event(1, "task-queue.entered", "a"), event(1, "task-queue.entered", "b"),
        offer(1, "created", queue="a"), offer(3, "accepted", queue="a"),
    ]  # fmt: skip
    assert ("a", "answered") in calls("queue, outcome", *events)


TRANSFER = event(
    60, "task.transfer-initiated", TransferSid="TT1", TransferMode="WARM", TransferTo="WQ2",
    TransferInitiatingReservationSid="WR1",
)  # fmt: skip


def test_a_transfer_to_another_queue_stays_answered_and_is_a_second_visit() -> None:
    events = [
        *ANSWERED[:4], TRANSFER, event(60, "task-queue.entered", "support"),
        offer(65, "created", "WR2", "bob", queue="support"), offer(70, "accepted", "WR2", "bob", queue="support"),
        offer(80, "completed"), offer(200, "completed", "WR2", "bob", queue="support"),
        event(200, "task.completed", "support"),
    ]  # fmt: skip
    columns = "queue, agent, outcome, entered_at, wait_s, talk_s, transfer_type, transferred_to, repairs"
    assert calls(columns, *events) == [
        ("sales", "ann", "answered", at(2), 14.0, 64.0, "attended", "support", None),
        ("support", "bob", "answered", at(60), 10.0, 130.0, None, None, None),
    ]


def test_a_cold_transfer_to_a_worker_waits_from_its_beginning() -> None:
    events = [
        *ANSWERED[:4], TRANSFER | {"TransferMode": "COLD", "TransferTo": "WK2"}, offer(61, "completed"),
        offer(65, "created", "WR2", "bob"), offer(70, "accepted", "WR2", "bob"), offer(100, "completed", "WR2", "bob"),
    ]  # fmt: skip
    assert calls("agent, entered_at, wait_s, talk_s, transfer_type, repairs", *events) == [
        ("ann", at(2), 14.0, 45.0, "blind", None),
        ("bob", at(60), 10.0, 30.0, None, None),
    ]


@pytest.mark.parametrize("kind", ["task.transfer-failed", "task.transfer-canceled"])
def test_a_transfer_that_came_to_nothing_is_none(kind: str) -> None:
    events = [*ANSWERED, TRANSFER, event(65, kind, TransferSid="TT1")]
    assert calls("outcome, transfer_type", *events) == [("answered", None)]


def test_without_queue_events_the_entry_is_reckoned_and_that_is_said() -> None:
    entered = str(round(NOON.timestamp()) + 3)
    events = [offer(12, "created", TaskQueueEnteredDate=entered), offer(16, "accepted", TaskQueueEnteredDate=entered)]
    assert calls("queue, entered_at, wait_s, repairs", *events) == [("sales", at(3), 13.0, "entered_at_reckoned")]


def test_an_answer_before_its_entry_is_not_a_negative_wait() -> None:
    events = [event(5, "task-queue.entered"), offer(3, "created"), offer(4, "accepted")]
    assert calls("entered_at, wait_s, repairs", *events) == [(at(4), 0.0, "entered_at_reckoned")]


def test_an_outbound_task_waits_in_no_queue() -> None:
    dialled = {"from": "+447946000900", "outbound_to": "+447946000001", "direction": "outbound"}
    events = [e | {"TaskAttributes": json.dumps(dialled)} for e in ANSWERED]
    columns = "direction, caller_number, dialled_number, queue, entered_at, answered_at, agent, talk_s, wrap_s, outcome"
    assert calls(columns, *events) == [
        ("outbound", "+447946000001", "+447946000900", None, None, at(16), "ann", 60.0, 10.0, "answered"),
    ]
    unanswered = [
        *events[:2],
        event(9, "task.canceled", TaskAttributes=json.dumps(dialled)),
    ]
    assert calls("outcome, queue, ended_at", *unanswered) == [("failed", None, at(9))]


def test_a_task_that_its_workflow_refused_is_failed_without_a_visit() -> None:
    assert calls("queue, outcome", event(0, "workflow.rejected", None)) == [(None, "failed")]


@pytest.mark.parametrize(
    ("task_channel", "attributes", "channel", "repairs"),
    [
        ("voice", {}, "voice", None),
        ("sms", {}, "sms", None),
        ("chat", {"channelType": "whatsapp"}, "messaging", None),
        ("chat", {"channelType": "sms"}, "sms", None),
        ("chat", {"channelType": "web"}, "chat", None),
        ("chat", {}, "chat", None),
        ("email", {}, "email", None),
        ("video", {}, "video", None),
        ("default", {"call_sid": "CA1"}, "voice", None),
        ("default", {}, "voice", "channel_assumed"),
    ],
)
def test_each_task_channel_has_a_canonical_one_and_a_guess_is_named(
    task_channel: str, attributes: dict[str, str], channel: str, repairs: str | None
) -> None:
    one = event(1, "task-queue.entered", TaskChannelUniqueName=task_channel, TaskAttributes=json.dumps(attributes))
    assert calls("channel, repairs", one) == [(channel, repairs)]


@pytest.mark.parametrize(
    ("address", "number"),
    [("whatsapp:+447946000001", "+447946000001"), ("client:ann", None), ("sip:a@b.example", None), ("Anonymous", None)],
)
def test_only_an_address_with_a_number_is_a_callers_number(address: str, number: str | None) -> None:
    one = event(1, "task-queue.entered", TaskAttributes=json.dumps({"from": address}))
    assert calls("caller_number", one) == [(number,)]


def test_an_event_delivered_again_counts_once_with_or_without_a_sid() -> None:
    nameless = [{key: value for key, value in e.items() if key != "Sid"} for e in ANSWERED]
    for events in (ANSWERED, nameless):
        with build([*events, *events]) as con:
            kept = con.execute("select segment_id, count(*) from staging.twilio_taskrouter group by 1").fetchall()
            assert kept == [(1, len(ANSWERED))]
            assert con.execute("select count(*), sum(talk_s) from staging.twilio_calls").fetchall() == [(1, 60.0)]


EVENTS = [
    *ANSWERED,
    TRANSFER,
    event(60, "task-queue.entered", "support"),
    offer(65, "created", "WR2", "bob", queue="support"),
    offer(70, "accepted", "WR2", "bob", queue="support"),
    event(0, "task-queue.entered", "a", "WT2"),
    event(40, "task-queue.timeout", "a", "WT2"),
    event(40, "task-queue.entered", "b", "WT2"),
    event(55, "task.canceled", "b", "WT2", TaskCanceledReason="hangup"),
]


@pytest.fixture(scope="module")
def expected() -> list[tuple[Any, ...]]:
    return calls(", ".join(CANONICAL), *EVENTS)


@settings(max_examples=12, deadline=None)
@given(st.permutations(EVENTS), st.lists(st.sampled_from(EVENTS), max_size=5))
def test_any_order_and_duplication_of_events_gives_the_same_calls(
    expected: list[tuple[Any, ...]], order: list[Event], again: list[Event]
) -> None:
    assert len(expected) == 4
    assert calls(", ".join(CANONICAL), *again, *order) == expected
