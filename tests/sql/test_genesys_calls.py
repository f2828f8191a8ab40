"""Conversation details in, canonical calls out; records are parsed as they land, each second is counted by hand.

Belongs here: what the SQL makes of Genesys Cloud conversations. Not here: parsing (tests/pipelines/sources), core.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.sources.canonical import CALLS
from pipelines.sources.genesys_conversations import GenesysReader
from pipelines.sqlgraph import load_models

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TABLES = ("genesys_conversations", "_genesys_sessions", "_genesys_visits", "genesys_calls")
COLUMNS = (
    "source source_contact_id arrived_at channel direction caller_number customer_id dialled_number site ivr_s queue"
    " entered_at wait_s answered_at agent ring_s talk_s hold_s wrap_s ended_at outcome transfer_type transferred_to"
    " priority repairs"
).split()
CALLER = "tel:+447946000111"


def at(second: float) -> str:
    return (START + timedelta(seconds=second)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def segment(kind: str, start: float, end: float | None, **more: Any) -> dict[str, Any]:
    return {
        "segmentType": kind,
        "segmentStart": at(start),
        **({} if end is None else {"segmentEnd": at(end)}),
        **more,
    }


def session(
    *segments: dict[str, Any], media: str = "voice", metrics: Sequence[str] = (), **more: Any
) -> dict[str, Any]:
    return {
        "mediaType": media,
        "segments": list(segments),
        "metrics": [{"name": name, "value": 1, "emitDate": segments[0]["segmentStart"]} for name in metrics],
        **more,
    }


def customer(end: float | None, *, disconnect: str = "endpoint", media: str = "voice", **more: Any) -> dict[str, Any]:
    held = session(segment("interact", 0, end, disconnectType=disconnect), media=media, sessionId="customer", **more)
    return {"purpose": "customer", "participantName": "Nobody", "sessions": [held]}


def queue(
    name: str, start: float, end: float | None, disconnect: str = "transfer", *, media: str = "voice", **more: Any
) -> dict[str, Any]:
    stay = segment("interact", start, end, queueId=f"id-{name}", disconnectType=disconnect)
    held = session(stay, media=media, sessionId=f"acd-{name}-{start}", **more)
    return {"purpose": "acd", "participantName": name, "participantId": f"acd-{name}-{start}", "sessions": [held]}


def agent(
    name: str, *segments: dict[str, Any], of: str | None = None, media: str = "voice", **more: Any
) -> dict[str, Any]:
    marked = [{**({"queueId": f"id-{of}"} if of else {}), **s} for s in segments]
    identity = f"{name}-{segments[0]['segmentStart']}"
    held = session(*marked, media=media, sessionId=identity, **more)
    return {
        "purpose": "agent", "userId": f"user-{name}", "participantName": name, "participantId": identity,
        "sessions": [held],
    }  # fmt: skip


def conversation(*participants: dict[str, Any], end: float | None, identity: str = "C1", **more: Any) -> dict[str, Any]:
    return {
        "conversationId": identity,
        "conversationStart": at(0),
        **({} if end is None else {"conversationEnd": at(end)}),
        "originatingDirection": "inbound",
        "participants": list(participants),
        **more,
    }


@cache
def sql_of(table: str) -> str:
    return load_models()[f"staging.{table}"].sql


def built(*documents: bytes) -> duckdb.DuckDBPyConnection:
    """The staging tables, as made of some files in this order."""
    reader = GenesysReader()
    con = duckdb.connect()
    con.execute("set TimeZone = 'America/New_York'")
    con.execute("create schema raw; create schema staging")
    for number, document in enumerate(documents, start=1):
        parsed = reader.parse_document(document)
        assert parsed.rejects.height == 0, parsed.rejects.to_dicts()
        con.register("rows", parsed.rows)
        verb = "create table raw.genesys_conversations as" if number == 1 else "insert into raw.genesys_conversations"
        con.execute(f"{verb} select *, {number} as segment_id from rows")
    for table in TABLES:
        con.execute(f"create table staging.{table} as {sql_of(table)}")
    return con


def calls(*conversations: dict[str, Any]) -> list[dict[str, Any]]:
    """The canonical rows, by contact and time."""
    with built(json.dumps({"conversations": list(conversations)}).encode()) as con:
        assert impossible(con) == []
        return rows(con)


def impossible(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """Rows that a custom source of calls would have rejected."""
    broken = " union all ".join(
        f"select '{reason}', source_contact_id from staging.genesys_calls where {condition}"
        for reason, condition in CALLS.rules
    )
    return con.execute(broken).fetchall()


def rows(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    con.execute("set TimeZone = 'UTC'")
    found = con.execute("select * from staging.genesys_calls order by source_contact_id, entered_at, queue")
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def parts(found: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in found]


def second(row: dict[str, Any], name: str) -> float | None:
    return None if row[name] is None else (row[name] - START).total_seconds()


ANSWERED = conversation(
    customer(190, ani=CALLER, dnis="tel:+447946000999", disconnect="peer"),
    {"purpose": "ivr", "participantName": "Menu", "sessions": [session(segment("ivr", 0, 20))]},
    queue("Sales", 20, 50),
    agent(
        "Ann", segment("alert", 42, 50), segment("interact", 50, 110), segment("hold", 110, 130),
        segment("interact", 130, 190, disconnectType="client"), segment("wrapup", 190, 205, wrapUpCode="W1"),
        of="Sales",
    ),
    end=205,
)  # fmt: skip


def test_an_answered_call_second_by_second() -> None:
    (row,) = calls(ANSWERED)
    assert list(row) == COLUMNS
    assert {name: row[name] for name in ("source", "source_contact_id", "channel", "direction", "outcome")} == {
        "source": "genesys_conversations", "source_contact_id": "C1", "channel": "voice", "direction": "inbound",
        "outcome": "answered",
    }  # fmt: skip
    assert (row["caller_number"], row["dialled_number"]) == ("+447946000111", "+447946000999")
    assert [second(row, n) for n in ("arrived_at", "entered_at", "answered_at", "ended_at")] == [0, 20, 50, 190]
    assert parts([row], "ivr_s", "wait_s", "ring_s", "talk_s", "hold_s", "wrap_s") == [(20, 30, 8, 120, 20, 15)]
    assert parts([row], "queue", "agent", "transfer_type", "transferred_to", "repairs") == [
        ("Sales", "Ann", None, None, None)
    ]


def test_columns_and_types_are_those_of_calls() -> None:
    with built(json.dumps(ANSWERED).encode()) as con:
        found = dict(
            con.execute(
                "select column_name, data_type from duckdb_columns() where table_name = 'genesys_calls'"
            ).fetchall()
        )
    times = ("arrived_at", "entered_at", "answered_at", "ended_at")
    numbers = ("ivr_s", "wait_s", "ring_s", "talk_s", "hold_s", "wrap_s", "priority")
    assert found == dict.fromkeys(COLUMNS, "VARCHAR") | dict.fromkeys(
        times, "TIMESTAMP WITH TIME ZONE"
    ) | dict.fromkeys(numbers, "DOUBLE")


def test_a_caller_who_hangs_up_in_the_queue_abandoned() -> None:
    (row,) = calls(conversation(customer(65, ani=CALLER), queue("Sales", 20, 65, "peer"), end=65))
    assert parts([row], "outcome", "wait_s", "agent", "talk_s", "wrap_s") == [("abandoned", 45, None, None, None)]
    assert second(row, "ended_at") == 65


def test_what_the_platform_counted_as_abandoned_is_so_whatever_the_disconnect_type() -> None:
    found = calls(
        conversation(customer(65), queue("Sales", 20, 65, "system", metrics=["nOffered", "tAbandon"]), end=65)
    )
    assert parts(found, "outcome", "wait_s") == [("abandoned", 45)]


def test_several_agents_alerted_are_one_visit_and_the_one_who_answers_counts() -> None:
    silent = agent("Bob", segment("alert", 25, 33, disconnectType="client"), segment("wrapup", 33, 90), of="Sales")
    late = agent("Ann", segment("alert", 36, 40), segment("interact", 40, 100, disconnectType="peer"), of="Sales")
    found = calls(conversation(customer(100), queue("Sales", 20, 40), silent, late, end=100))
    assert parts(found, "outcome", "agent", "wait_s", "ring_s", "talk_s", "wrap_s") == [
        ("answered", "Ann", 20, 4, 60, 0)
    ]


def test_a_caller_who_gives_up_while_an_agent_is_alerted_abandoned() -> None:
    alerted = agent("Bob", segment("alert", 25, 30, disconnectType="peer"), of="Sales")
    assert parts(calls(conversation(customer(30), queue("Sales", 20, 30, "peer"), alerted, end=30)), "outcome") == [
        ("abandoned",)
    ]


def transferred(disconnect: str, *metrics: str) -> list[dict[str, Any]]:
    talk = segment("interact", 20, 80, disconnectType=disconnect)
    return calls(
        conversation(
            customer(300),
            queue("Sales", 10, 20),
            agent("Ann", segment("alert", 15, 20), talk, of="Sales", metrics=metrics),
            queue("Help", 80.1, 140),
            agent("Eve", segment("alert", 135, 140), segment("interact", 140, 300, disconnectType="peer"), of="Help"),
            end=300,
        )
    )


@pytest.mark.parametrize(
    ("disconnect", "metrics", "transfer_type"),
    [
        ("transfer", (), "blind"),
        ("transfer", ("nTransferred", "nBlindTransferred"), "blind"),
        ("consultTransfer", (), "attended"),
        ("transfer", ("nTransferred", "nConsultTransferred"), "attended"),
        ("conferenceTransfer", (), "attended"),
    ],
)
def test_a_transfer_to_another_queue_is_two_answered_visits_of_one_contact(
    disconnect: str, metrics: tuple[str, ...], transfer_type: str
) -> None:
    found = transferred(disconnect, *metrics)
    assert parts(found, "source_contact_id", "queue", "outcome", "agent", "talk_s") == [
        ("C1", "Sales", "answered", "Ann", 60), ("C1", "Help", "answered", "Eve", 160),
    ]  # fmt: skip
    assert parts(found, "transfer_type", "transferred_to") == [(transfer_type, "Help"), (None, None)]
    assert [second(row, "ended_at") for row in found] == [80, 300]


def test_a_consulted_queue_that_nobody_answered_is_a_visit_of_its_own() -> None:
    found = calls(
        conversation(
            customer(200),
            queue("Sales", 10, 20),
            agent("Ann", segment("interact", 20, 200, disconnectType="peer"), of="Sales"),
            queue("Help", 60, 90, "peer"),
            end=200,
        )
    )
    assert parts(found, "queue", "outcome", "transfer_type") == [
        ("Sales", "answered", None), ("Help", "abandoned", None),
    ]  # fmt: skip


def test_a_transfer_to_a_colleague_leads_to_him_and_his_time_is_not_the_first_agents() -> None:
    found = calls(
        conversation(
            customer(300),
            queue("Sales", 10, 20),
            agent("Ann", segment("interact", 20, 80, disconnectType="transfer"), of="Sales"),
            agent("Eve", segment("alert", 81, 85), segment("interact", 85, 300, disconnectType="peer")),
            end=300,
        )
    )
    assert parts(found, "queue", "agent", "talk_s", "transfer_type", "transferred_to") == [
        ("Sales", "Ann", 60, "blind", "Eve")
    ]


def test_the_same_queue_entered_twice_is_two_visits() -> None:
    found = calls(
        conversation(
            customer(200),
            queue("Sales", 10, 20),
            agent("Ann", segment("interact", 20, 50, disconnectType="transfer"), of="Sales"),
            queue("Sales", 51, 60),
            agent("Eve", segment("interact", 60, 200, disconnectType="peer"), of="Sales"),
            end=200,
        )
    )
    assert parts(found, "queue", "agent", "wait_s", "talk_s") == [("Sales", "Ann", 10, 30), ("Sales", "Eve", 9, 140)]


def test_a_queue_session_that_changes_its_queue_is_two_visits() -> None:
    stays = [
        segment("interact", 10, 40, queueId="q1"),
        segment("interact", 40, 55, queueId="q2", disconnectType="peer"),
    ]
    found = calls(conversation(customer(55), {"purpose": "acd", "sessions": [session(*stays)]}, end=55))
    assert parts(found, "queue", "outcome", "wait_s", "transferred_to") == [
        ("q1", "withdrawn", 30, "q2"), ("q2", "abandoned", 15, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("disconnect", "outcome"),
    [
        ("transfer", "withdrawn"), ("system", "withdrawn"), ("forwardTransfer", "withdrawn"), ("timeout", "timed_out"),
        ("inactivity", "timed_out"), ("sessionExpired", "timed_out"), ("noAnswerTransfer", "timed_out"),
        ("notAvailableTransfer", "exited_empty"), ("client", "abandoned"), ("endpoint", "abandoned"),
    ],
)  # fmt: skip
def test_a_visit_that_no_agent_answered_ends_as_its_disconnect_type_says(disconnect: str, outcome: str) -> None:
    found = calls(conversation(customer(60), queue("Sales", 10, 50, disconnect), end=60))
    assert parts(found, "outcome", "wait_s", "talk_s") == [(outcome, 40, None)]


def test_a_flow_out_is_no_abandon_even_if_the_other_side_hung_up() -> None:
    voicemail = {"purpose": "voicemail", "sessions": [session(segment("voicemail", 50, 70))]}
    out = queue("Sales", 10, 50, "peer", metrics=["tFlowOut"], flowOutType="voicemail")
    found = calls(conversation(customer(70), out, voicemail, end=70))
    assert parts(found, "outcome", "transferred_to") == [("withdrawn", "voicemail")]


def test_a_queue_left_for_a_callback_and_the_callback_with_its_call() -> None:
    back = agent(
        "Ann",
        segment("alert", 600, 605),
        segment("interact", 605, 700, disconnectType="client"),
        of="Sales",
        media="callback",
    )
    back["sessions"].append(
        session(segment("dialing", 610, 620), segment("interact", 620, 690), segment("wrapup", 690, 695), sessionId="v")
    )
    found = calls(
        conversation(
            customer(50, ani=CALLER),
            queue("Sales", 10, 50, "transfer", metrics=["tFlowOut"]),
            queue("Sales", 51, 605, media="callback"),
            back,
            end=700,
        )
    )  # fmt: skip
    assert parts(found, "channel", "outcome", "wait_s", "ring_s", "talk_s", "wrap_s") == [
        ("voice", "callback", 40, None, None, None), ("callback", "answered", 554, 5, 70, 5),
    ]  # fmt: skip
    assert parts(found, "caller_number") == [("+447946000111",)] * 2


@pytest.mark.parametrize(
    ("media", "more", "channel"),
    [
        ("voice", {}, "voice"), ("chat", {}, "chat"), ("email", {}, "email"), ("video", {}, "video"),
        ("message", {"messageType": "whatsapp"}, "messaging"), ("message", {"messageType": "sms"}, "sms"),
        ("callback", {}, "callback"),
    ],
)  # fmt: skip
def test_each_media_type_is_its_channel(media: str, more: dict[str, str], channel: str) -> None:
    ann = agent("Ann", segment("interact", 20, 80, disconnectType="client"), of="Sales", media=media, **more)
    found = calls(
        conversation(customer(80, media=media, **more), queue("Sales", 10, 20, media=media, **more), ann, end=80)
    )
    assert parts(found, "channel", "outcome", "talk_s") == [(channel, "answered", 60)]


def test_hold_is_not_zero_where_the_channel_knows_none() -> None:
    ann = agent("Ann", segment("interact", 20, 80, disconnectType="client"), of="Sales", media="email")
    mail = customer(80, media="email", addressFrom="someone@example.com", addressTo="help@example.com")
    found = calls(conversation(mail, queue("Sales", 10, 20, media="email"), ann, end=80))
    assert parts(found, "hold_s", "wrap_s", "caller_number", "dialled_number") == [
        (None, 0, "someone@example.com", "help@example.com")
    ]


def menu(disconnect: str, customers: str, **more: Any) -> list[dict[str, Any]]:
    ivr = {
        "purpose": "ivr",
        "participantName": "Menu",
        "sessions": [session(segment("ivr", 0, 30, disconnectType=disconnect))],
    }
    return calls(conversation(customer(30, disconnect=customers, ani=CALLER), ivr, end=30, **more))


def test_a_caller_who_leaves_the_menu_abandoned_in_it() -> None:
    (row,) = menu("peer", "endpoint")
    assert parts([row], "outcome", "channel", "ivr_s", "queue", "entered_at", "wait_s") == [
        ("abandoned_in_ivr", "voice", 30, None, None, None)
    ]
    assert second(row, "ended_at") == 30


def test_a_caller_whom_the_menu_served_was_contained() -> None:
    assert parts(menu("client", "peer"), "outcome") == [("contained_in_ivr",)]
    assert parts(menu("peer", "endpoint", selfServed=True), "outcome") == [("contained_in_ivr",)]


def test_an_outbound_call_reached_its_customer_or_failed() -> None:
    ann = agent("Ann", segment("dialing", 0, 10), segment("interact", 10, 70, disconnectType="client"))
    reached = session(segment("dialing", 0, 10), segment("interact", 10, 70), ani="tel:+447946000999", dnis=CALLER)
    silent = session(segment("dialing", 0, 30, disconnectType="timeout"), ani="tel:+447946000999", dnis=CALLER)
    rung = agent("Ann", segment("dialing", 0, 30, disconnectType="peer"))
    outbound = {"originatingDirection": "outbound"}
    found = calls(
        conversation({"purpose": "customer", "sessions": [reached]}, ann, end=70, identity="A", **outbound),
        conversation({"purpose": "customer", "sessions": [silent]}, rung, end=30, identity="B", **outbound),
    )
    assert parts(found, "direction", "outcome", "agent", "talk_s", "queue") == [
        ("outbound", "answered", "Ann", 60, None), ("outbound", "failed", "Ann", None, None),
    ]  # fmt: skip
    assert parts(found, "caller_number") == [("+447946000111",)] * 2
    assert [second(row, "answered_at") for row in found] == [10, None]


def test_a_campaigns_callback_without_a_direction_is_outbound() -> None:
    contact = customer(80, media="callback", callbackNumbers=["+447946000111"], outboundCampaignId="K1")
    ann = agent(
        "Ann",
        segment("alert", 5, 20),
        segment("interact", 20, 80, disconnectType="client"),
        of="Sales",
        media="callback",
    )
    raw = conversation(contact, queue("Sales", 0, 20, media="callback"), ann, end=80)
    del raw["originatingDirection"]
    found = calls(raw)
    assert parts(found, "direction", "channel", "caller_number", "repairs") == [
        ("outbound", "callback", "+447946000111", None)
    ]


def test_a_direct_call_that_came_to_no_queue_is_an_answered_contact_without_a_visit() -> None:
    direct = agent("Ann", segment("alert", 0, 6), segment("interact", 6, 66, disconnectType="peer"))
    direct["purpose"] = "user"
    found = calls(conversation(customer(66, ani=CALLER), direct, end=66))
    assert parts(found, "outcome", "queue", "entered_at", "agent", "ring_s", "talk_s") == [
        ("answered", None, None, "Ann", 6, 60)
    ]


def test_a_call_among_colleagues_is_no_contact() -> None:
    one, other = (agent(name, segment("interact", 0, 60, disconnectType="peer")) for name in ("Ann", "Bob"))
    with built(
        json.dumps(conversation({**one, "purpose": "user"}, {**other, "purpose": "user"}, end=60)).encode()
    ) as con:
        assert rows(con) == []
        assert con.execute("select count(*) from staging.genesys_conversations").fetchall() == [(1,)]


def test_an_open_conversation_is_open_in_the_queue_and_answered_without_a_talk_time_at_an_agent() -> None:
    talking = agent("Ann", segment("alert", 15, 20), segment("interact", 20, None), of="Sales")
    found = calls(
        conversation(customer(None), queue("Sales", 10, None), end=None, identity="A"),
        conversation(customer(None), queue("Sales", 10, 20), talking, end=None, identity="B"),
        conversation(customer(None), end=None, identity="C"),
    )
    assert parts(found, "outcome", "wait_s", "talk_s", "wrap_s", "ended_at") == [
        ("open", None, None, None, None), ("answered", 10, None, None, None), ("open", None, None, None, None),
    ]  # fmt: skip


def test_an_end_that_is_missing_from_a_closed_conversation_is_taken_from_it_and_said_so() -> None:
    found = calls(conversation(customer(60), queue("Sales", 10, None, "peer"), end=60))
    assert parts(found, "outcome", "wait_s", "repairs") == [("abandoned", 50, "end_from_conversation")]


def test_a_segment_that_ends_before_it_begins_has_no_length_and_says_so() -> None:
    ann = agent("Ann", segment("interact", 20, 80), segment("wrapup", 85, 82), of="Sales")
    found = calls(conversation(customer(80), queue("Sales", 10, 20), ann, end=85))
    assert parts(found, "talk_s", "wrap_s", "repairs") == [(60, 0, "segment_reversed")]


def test_whoever_queued_before_the_conversation_began_arrived_then() -> None:
    (row,) = calls(conversation(customer(30), queue("Sales", -2, 30, "peer"), end=30))
    assert (second(row, "arrived_at"), row["repairs"]) == (-2, "entered_before_arrived")


def test_a_media_type_and_direction_that_are_not_stated_are_repairs() -> None:
    raw = conversation(customer(30, media="unknown"), queue("Sales", 5, 30, "peer", media="unknown"), end=30)
    del raw["originatingDirection"]
    assert parts(calls(raw), "channel", "direction", "repairs") == [
        ("voice", "inbound", "channel_not_stated;direction_not_stated")
    ]


def test_a_queue_or_agent_without_a_name_goes_by_the_name_that_another_record_gives_its_id() -> None:
    def unnamed(participant: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in participant.items() if k != "participantName"}

    ann = agent("Ann", segment("interact", 20, 80, disconnectType="client"), of="Sales")
    bare = conversation(customer(80), unnamed(queue("Sales", 10, 20)), unnamed(ann), end=80, identity="A")
    full = conversation(customer(80), queue("Sales", 10, 20), ann, end=80, identity="B")
    assert parts(calls(bare, full), "queue", "agent") == [("Sales", "Ann")] * 2
    assert parts(calls(bare), "queue", "agent") == [("id-Sales", "user-Ann")]


def test_two_agents_of_one_name_stay_two() -> None:
    def by(user: str) -> dict[str, Any]:
        ann = agent("Ann", segment("interact", 20, 80, disconnectType="client"), of="Sales")
        return conversation(customer(80), queue("Sales", 10, 20), {**ann, "userId": user}, end=80, identity=user)

    assert parts(calls(by("u1"), by("u2")), "agent") == [("u1",), ("u2",)]


def test_the_later_state_of_a_conversation_counts_and_the_earlier_is_a_duplicate() -> None:
    opened = conversation(customer(None), queue("Sales", 20, None), end=None)
    for files in ([opened, ANSWERED], [ANSWERED, opened], [opened, ANSWERED, opened, ANSWERED]):
        with built(*(json.dumps(file).encode() for file in files)) as con:
            assert parts(rows(con), "outcome", "talk_s") == [("answered", 120)]
            kept = con.execute("select segment_id from staging.genesys_conversations").fetchall()
            assert kept == [(files.index(ANSWERED) + 1,)]


def test_the_real_chat_comes_out_as_the_platform_counted_it(shared_file: Any) -> None:
    with built(shared_file("genesys/conversation1.json").read_bytes()) as con:
        (row,) = rows(con)
    # tAcd 11,179 ms, tAlert 11,050 ms, tTalk 374,561 ms, tHeld 544,176 ms; tHandle 918,737 ms is talk and hold.
    assert parts([row], "channel", "outcome", "wait_s", "ring_s", "talk_s", "hold_s", "wrap_s") == [
        ("chat", "answered", 11.179, 11.05, 374.561, 544.176, 0)
    ]
    assert round(row["talk_s"] + row["hold_s"], 3) == 918.737
    assert (row["queue"], row["agent"]) == ("Yuri", "50fcd33c-f432-4726-abc9-979f3ca01555")
    assert row["entered_at"] == datetime(2021, 4, 1, 12, 27, 53, 388000, tzinfo=UTC)


STATES = [
    ANSWERED,
    conversation(customer(None), queue("Sales", 20, None), end=None),
    conversation(customer(None), queue("Sales", 20, 50), end=None),
    conversation(customer(65), queue("Help", 20, 65, "peer"), end=65, identity="C2"),
    conversation(customer(None), end=None, identity="C3"),
]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    order=st.permutations([*range(len(STATES)), 0, 3]),
    cut=st.integers(1, 6),
    shuffled=st.randoms(use_true_random=False),
)
def test_any_order_duplication_and_split_of_the_files_gives_the_same_calls(
    order: list[int], cut: int, shuffled: Any
) -> None:
    def document(numbers: list[int]) -> bytes:
        states = [
            {**STATES[n], "participants": shuffled.sample(STATES[n]["participants"], len(STATES[n]["participants"]))}
            for n in numbers
        ]
        return json.dumps({"conversations": states}).encode()

    with (
        built(json.dumps({"conversations": STATES}).encode()) as expected,
        built(document(order[:cut]), document(order[cut:])) as con,
    ):
        assert rows(con) == rows(expected)


def test_a_page_and_json_lines_in_landing_come_to_core_as_one_contact_each(centre: Any) -> None:
    opened = conversation(customer(None), queue("Sales", 20, None), end=None)
    gone = conversation(customer(65, ani=CALLER), queue("Sales", 20, 65, "peer"), end=65, identity="C2")
    centre.land("genesys_conversations", "page.json", json.dumps({"conversations": [ANSWERED, gone]}, indent=2))
    centre.land("genesys_conversations", "growing.jsonl", json.dumps(opened) + "\n" + json.dumps({"x": 1}) + "\n")
    centre.run()
    assert centre.rows(
        "select source_contact_id, outcome, queue_wait_s, talk_s, hold_s, wrap_s, ivr_s from core.contacts order by 1"
    ) == [("C1", "answered", 30, 120, 20, 15, 20), ("C2", "abandoned", 45, None, None, None, None)]
    counts = "select sum(line_count), sum(row_count), sum(duplicate_count), sum(rejected_count) from meta.source_files"
    assert centre.rows(counts) == [(4, 2, 1, 1)]
