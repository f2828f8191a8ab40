"""Contacts of Amazon Connect on records short enough to add by hand: each time a second after noon."""

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

from pipelines.sources.amazon_connect_contacts import AmazonConnectReader
from pipelines.sources.lines import Lines
from pipelines.sqlgraph import load_models

MODELS = load_models()
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEPS = ("staging.amazon_connect_contacts", "staging._amazon_records", "staging.amazon_calls")
CANONICAL = [
    "source", "source_contact_id", "arrived_at", "channel", "direction", "caller_number", "customer_id",
    "dialled_number", "site", "ivr_s", "queue", "entered_at", "wait_s", "answered_at", "agent", "ring_s", "talk_s",
    "hold_s", "wrap_s", "ended_at", "outcome", "transfer_type", "transferred_to", "priority", "repairs",
]  # fmt: skip
Record = dict[str, Any]


def at(second: float | None) -> datetime | None:
    return None if second is None else NOON + timedelta(seconds=second)


def time(second: int | None) -> str | None:
    return None if second is None else (NOON + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(
    contact: str,
    begin: int = 0,
    end: int | None = 100,
    *,
    method: str = "INBOUND",
    queued: tuple[int, int | None] | None = None,
    queue: str = "sales",
    answered: int | None = None,
    talk: int = 50,
    updated: int = 200,
    **more: Any,
) -> Record:
    """A record that began and ended so; `queued` is when it entered and left its queue."""
    agent = {
        "Username": "ann", "ConnectedToAgentTimestamp": time(answered), "AgentInteractionDuration": talk,
        "CustomerHoldDuration": 5, "AfterContactWorkDuration": 7,
    }  # fmt: skip
    entered, left = queued or (None, None)
    return {
        "ContactId": contact, "Channel": "VOICE", "InitiationMethod": method, "InitiationTimestamp": time(begin),
        "DisconnectTimestamp": time(end), "LastUpdateTimestamp": time(updated),
        "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+447946000001"},
        "SystemEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+447946000900"},
        "Queue": queued and {"Name": queue, "EnqueueTimestamp": time(entered), "DequeueTimestamp": time(left)},
        "Agent": None if answered is None else agent,
        **more,
    }  # fmt: skip


def build(records: Iterable[Record]) -> duckdb.DuckDBPyConnection:
    lines = Lines.of([json.dumps(r) for r in records])
    parsed = AmazonConnectReader().parse(lines, 1)
    assert parsed.rejects.height == 0, parsed.rejects.to_dicts()
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'; create schema raw; create schema staging")
    con.register("rows", parsed.rows.with_columns(segment_id=pl.lit(1, pl.Int64)).to_arrow())
    con.execute("create table raw.amazon_connect_contacts as select * from rows")
    for table in STEPS:
        con.execute(f"create table {table} as {MODELS[table].sql}")
    return con


def calls(columns: str, *records: Record) -> list[tuple[Any, ...]]:
    query = f"select {columns} from staging.amazon_calls order by source_contact_id, entered_at, queue"
    with build(records) as con:
        return con.execute(query).fetchall()


TRANSFER = (
    record("a", 0, 100, queued=(10, 30), answered=30, NextContactId="b"),
    record("b", 90, 300, method="TRANSFER", queued=(90, 120), queue="support", answered=120,
           InitialContactId="a", PreviousContactId="a"),
)  # fmt: skip


def test_the_columns_are_the_canonical_ones_in_order_and_type() -> None:
    with build(TRANSFER) as con:
        described = con.execute("describe staging.amazon_calls").fetchall()
    assert [row[0] for row in described] == CANONICAL
    kinds = {"_s": "DOUBLE", "_at": "TIMESTAMP WITH TIME ZONE", "priority": "DOUBLE"}
    for name, kind, *_ in described:
        assert kind == next((k for suffix, k in kinds.items() if name.endswith(suffix)), "VARCHAR"), name


def test_an_answered_call_has_its_menu_wait_talk_hold_and_wrap() -> None:
    found = calls(", ".join(CANONICAL), record("a", queued=(10, 30), answered=30, CustomerId="C1", QueuePriority=5))
    assert found == [(
        "amazon_connect_contacts", "a", at(0), "voice", "inbound", "+447946000001", "C1", "+447946000900", None, 10.0,
        "sales", at(10), 20.0, at(30), "ann", None, 50.0, 5.0, 7.0, at(100), "answered", None, None, 5.0, None,
    )]  # fmt: skip


def test_queued_and_never_connected_is_abandoned_and_the_wait_is_until_it_left() -> None:
    found = calls("outcome, wait_s, ended_at, talk_s, hold_s, agent", record("a", 0, 45, queued=(10, 45)))
    assert found == [("abandoned", 35.0, at(45), None, None, None)]


def test_the_wait_of_a_record_without_dequeue_time_is_its_duration() -> None:
    old = record("a", 0, 45)
    old["Queue"] = {"Name": "sales", "EnqueueTimestamp": time(10), "Duration": 31}
    assert calls("outcome, wait_s, ended_at", old) == [("abandoned", 31.0, at(41))]


def test_still_waiting_is_open() -> None:
    found = calls("outcome, wait_s, ended_at", record("a", 0, None, queued=(10, None)))
    assert found == [("open", None, None)]


def test_a_contact_updated_three_times_is_one_contact_and_the_highest_update_counts() -> None:
    versions = [
        record("a", 0, 100, queued=(10, 30), answered=30, talk=40, updated=200),
        record("a", 0, 100, queued=(10, 30), answered=30, talk=60, updated=400),
        record("a", 0, 100, queued=(10, 30), answered=30, talk=50, updated=300),
    ]
    assert calls("outcome, talk_s", *versions) == [("answered", 60.0)]


def test_two_deliveries_of_one_instant_are_told_apart_by_content_not_order() -> None:
    one = record("a", 0, None, queued=(10, None))
    two = record("a", 0, 45, queued=(10, 45))
    assert calls("outcome", one, two) == calls("outcome", two, one) == [("abandoned",)]


def test_the_ledger_can_count_what_was_delivered_again() -> None:
    with build([record("a"), record("a"), record("a", updated=300), record("b")]) as con:
        kept = con.execute("select segment_id, count(*) from staging.amazon_connect_contacts group by 1").fetchall()
    assert kept == [(1, 2)]


def test_a_transfer_is_one_contact_with_two_visits_and_stays_answered() -> None:
    columns = "source_contact_id, arrived_at, queue, entered_at, wait_s, outcome, transfer_type, transferred_to, ivr_s"
    assert calls(columns, *TRANSFER) == [
        ("a", at(0), "sales", at(10), 20.0, "answered", "attended", "support", 10.0),
        ("a", at(0), "support", at(90), 30.0, "answered", None, None, None),
    ]


def test_a_transfer_that_the_agent_left_before_the_next_came_is_blind() -> None:
    first = {**TRANSFER[0], "TransferCompletedTimestamp": time(88)}
    (row, _) = calls("transfer_type, ended_at", first, TRANSFER[1])
    assert row == ("blind", at(88))


def test_a_transfer_out_of_the_centre_says_where_to() -> None:
    out = record("a", queued=(10, 30), answered=30, TransferredToEndpoint={"Address": "+447946000002"})
    assert calls("transfer_type, transferred_to", out) == [("attended", "+447946000002")]


def test_a_transfer_whose_first_record_names_no_next_is_known_by_the_second() -> None:
    first = {key: value for key, value in TRANSFER[0].items() if key != "NextContactId"}
    assert calls("outcome, transfer_type", first, TRANSFER[1])[0] == ("answered", "attended")


def test_a_record_that_names_only_the_one_before_it_belongs_to_the_same_contact() -> None:
    second = {key: value for key, value in TRANSFER[1].items() if key != "InitialContactId"}
    assert {row[0] for row in calls("source_contact_id", TRANSFER[0], second)} == {"a"}


def test_the_second_record_alone_already_bears_the_id_of_the_contact() -> None:
    assert calls("source_contact_id, queue, outcome", TRANSFER[1]) == [("a", "support", "answered")]


def test_a_transfer_abandoned_in_the_second_queue_is_one_visit_answered_and_one_abandoned() -> None:
    second = record("b", 90, 130, method="TRANSFER", queued=(90, 130), queue="support", InitialContactId="a",
                    PreviousContactId="a")  # fmt: skip
    assert calls("queue, outcome", TRANSFER[0], second) == [("sales", "answered"), ("support", "abandoned")]


def test_a_queue_transfer_by_the_flow_is_no_abandon() -> None:
    first = record("a", 0, 60, queued=(10, 60), NextContactId="b")
    second = record("b", 60, 200, method="QUEUE_TRANSFER", queued=(60, 80), queue="overflow", answered=80,
                    InitialContactId="a", PreviousContactId="a")  # fmt: skip
    assert calls("queue, outcome, transferred_to", first, second) == [
        ("sales", "withdrawn", "overflow"),
        ("overflow", "answered", None),
    ]


def test_queued_for_a_callback_is_no_abandon_even_if_the_customer_hung_up() -> None:
    first = record("a", 0, 60, queued=(10, 60), NextContactId="b", DisconnectReason="CUSTOMER_DISCONNECT")
    second = record("b", 60, 500, method="CALLBACK", queued=(60, 400), answered=400, InitialContactId="a",
                    PreviousContactId="a")  # fmt: skip
    assert calls("outcome, channel, direction, answered_at", first, second) == [
        ("callback", "voice", "inbound", None),
        ("answered", "voice", "inbound", at(400)),
    ]


def test_gone_on_to_a_record_that_is_not_here_yet_is_no_abandon_unless_the_customer_hung_up() -> None:
    first = record("a", 0, 60, queued=(10, 60), NextContactId="b")
    assert calls("outcome", {**first, "DisconnectReason": "CONTACT_FLOW_DISCONNECT"}) == [("withdrawn",)]
    assert calls("outcome", {**first, "DisconnectReason": "CUSTOMER_DISCONNECT"}) == [("abandoned",)]


def test_an_abandon_with_a_disconnect_flow_after_it_is_an_abandon() -> None:
    first = record("a", 0, 60, queued=(10, 60), NextContactId="b", DisconnectReason="CONTACT_FLOW_DISCONNECT")
    survey = record("b", 60, 80, method="DISCONNECT", InitialContactId="a", PreviousContactId="a")
    assert calls("source_contact_id, queue, outcome", first, survey) == [("a", "sales", "abandoned")]


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("CUSTOMER_DISCONNECT", "abandoned_in_ivr"),
        ("CONTACT_FLOW_DISCONNECT", "contained_in_ivr"),
        ("TELECOM_PROBLEM", "failed"),
        ("CUSTOMER_NEVER_ARRIVED", "failed"),
        ("OTHER", None),
        (None, None),
    ],
)
def test_a_call_that_stayed_in_the_menu_is_of_the_menu(reason: str | None, outcome: str | None) -> None:
    found = calls("channel, queue, entered_at, ivr_s, wait_s, outcome", record("a", 0, 33, DisconnectReason=reason))
    assert found == [("ivr", None, None, 33.0, None, outcome)]


def test_a_call_still_in_the_menu_is_open() -> None:
    assert calls("outcome, ended_at, ivr_s", record("a", 0, None)) == [("open", None, None)]


@pytest.mark.parametrize("method", ["OUTBOUND", "EXTERNAL_OUTBOUND"])
def test_an_agent_who_dials_waits_in_no_queue(method: str) -> None:
    dialled = record("a", method=method, queued=(0, 0), answered=2)
    taken = {**dialled, "ConnectedToSystemTimestamp": time(9)}
    columns = "direction, channel, queue, entered_at, answered_at, agent, talk_s, outcome, ivr_s"
    assert calls(columns, taken) == [("outbound", "voice", None, None, at(9), "ann", 50.0, "answered", None)]
    assert calls(columns, dialled) == [("outbound", "voice", None, None, None, "ann", None, "failed", None)]


@pytest.mark.parametrize(
    ("changes", "channel", "direction"),
    [
        ({}, "voice", "inbound"),
        ({"Channel": "CHAT", "InitiationMethod": "API"}, "chat", "inbound"),
        ({"InitiationMethod": "API"}, "voice", "outbound"),
        ({"InitiationMethod": "WEBRTC_API"}, "voice", "inbound"),
        ({"InitiationMethod": "CALLBACK"}, "callback", "inbound"),
        ({"InitiationMethod": "CAMPAIGN_PREVIEW"}, "voice", "outbound"),
        ({"Channel": "EMAIL"}, "email", "inbound"),
        ({"Channel": "TASK"}, "messaging", "inbound"),
        ({"Channel": "CHAT", "SegmentAttributes": {"connect:Subtype": "connect:SMS"}}, "sms", "inbound"),
        ({"Channel": "CHAT", "SegmentAttributes": {"connect:Subtype": "connect:WhatsApp"}}, "messaging", "inbound"),
        ({"SegmentAttributes": {"connect:Direction": {"ValueString": "OUTBOUND"}}}, "voice", "outbound"),
        ({"Channel": None, "InitiationMethod": None}, "voice", "inbound"),
    ],
)  # fmt: skip
def test_each_channel_and_method_has_a_canonical_channel_and_direction(
    changes: Record, channel: str, direction: str
) -> None:
    found = calls("channel, direction, outcome", {**record("a", queued=(10, 30), answered=30), **changes})
    assert found == [(channel, direction, "answered")]


def test_an_agents_reply_by_email_is_outbound_and_in_no_queue() -> None:
    reply = record("a", method="AGENT_REPLY", answered=5, Channel="EMAIL")
    assert calls("channel, direction, queue, outcome", reply) == [("email", "outbound", None, "answered")]


def test_what_a_chat_or_email_does_not_have_is_null_not_zero() -> None:
    for channel, ivr_s in (("CHAT", 10.0), ("EMAIL", None)):
        found = calls("hold_s, ring_s, ivr_s", record("a", queued=(10, 30), answered=30, Channel=channel))
        assert found == [(None, None, ivr_s)]


def test_only_a_telephone_number_is_a_callers_number() -> None:
    mail = {"Type": "EMAIL_ADDRESS", "Address": "someone@example.com"}
    found = calls("channel, caller_number", record("a", Channel="TASK", CustomerEndpoint=mail))
    assert found == [("email", None)]


def test_an_agents_own_queue_is_named_by_its_id() -> None:
    direct = record("a", queued=(10, 30), answered=30)
    direct["Queue"] |= {"Name": None, "ARN": "arn:aws:connect:eu-west-2:1:instance/i/queue/agent/u7"}
    direct["Agent"] |= {"Username": None, "ARN": "arn:aws:connect:eu-west-2:1:instance/i/agent/u7"}
    assert calls("queue, agent", direct) == [("agent/u7", "agent/u7")]


def test_repairs_are_named() -> None:
    late = record("a", queued=(40, 40), answered=30)
    early = record("b", 20, queued=(10, 30), answered=30)
    old = record("c", answered=30)
    old["Queue"] = {"Name": "sales", "Duration": 12}
    nameless = record("d", queued=(10, 30), queue="", answered=30)
    assert calls("arrived_at, queue, entered_at, answered_at, wait_s, repairs", late, early, old, nameless) == [
        (at(0), "sales", at(30), at(30), 0.0, "entered_after_answered"),
        (at(10), "sales", at(10), at(30), 20.0, "entered_before_arrived"),
        (at(0), "sales", at(18), at(30), 12.0, "entered_at_from_duration"),
        (at(0), "unknown", at(10), at(30), 20.0, "queue_unknown"),
    ]


def test_a_visit_whose_end_nobody_states_has_no_wait_rather_than_none() -> None:
    gone = record("a", 0, None, queued=(10, None), TransferredToEndpoint={"Address": "+447946000002"})
    assert calls("outcome, wait_s, ended_at", gone) == [("withdrawn", None, None)]


def test_a_calls_end_is_never_before_its_answer() -> None:
    assert calls("ended_at", record("a", 0, 25, queued=(10, 30), answered=30)) == [(at(30),)]


RECORDS = [
    *TRANSFER,
    {**TRANSFER[1], "LastUpdateTimestamp": time(500), "DisconnectTimestamp": time(310)},
    {**TRANSFER[1], "LastUpdateTimestamp": time(500), "DisconnectTimestamp": time(305)},
    record("x", 0, 60, queued=(10, 60), NextContactId="y"),
    record("y", 60, 500, method="CALLBACK", queued=(60, 400), answered=400, InitialContactId="x"),
    record("z", 0, 20, DisconnectReason="CUSTOMER_DISCONNECT"),
    record("o", method="OUTBOUND", answered=2),
]


@pytest.fixture(scope="module")
def expected() -> list[tuple[Any, ...]]:
    return calls(", ".join(CANONICAL), *RECORDS)


@settings(max_examples=12, deadline=None)
@given(st.permutations(RECORDS), st.lists(st.sampled_from(RECORDS), max_size=5))
def test_any_order_and_duplication_of_deliveries_gives_the_same_calls(
    expected: list[tuple[Any, ...]], order: list[Record], again: list[Record]
) -> None:
    assert calls(", ".join(CANONICAL), *again, *order) == expected
