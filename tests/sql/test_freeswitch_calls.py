"""FreeSWITCH: records in, canonical calls out. Records go through the reader, then through the staging files alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.freeswitch_cdr import FreeswitchReader
from pipelines.sources.lines import Lines
from pipelines.sqlgraph import load_models

NOON = 1_772_452_800  # 2026-03-02 12:00:00 UTC
A, B, AGENT = "leg-a", "leg-b", "leg-agent"
CANONICAL = (
    "source, source_contact_id, arrived_at, channel, direction, caller_number, customer_id, dialled_number, site, "
    "ivr_s, queue, entered_at, wait_s, answered_at, agent, ring_s, talk_s, hold_s, wrap_s, ended_at, outcome, "
    "transfer_type, transferred_to, priority, repairs"
)
MODELS = load_models()


def at(second: float) -> datetime:
    return datetime.fromtimestamp(NOON + second, UTC)


def epoch(second: float) -> str:
    return str(int(NOON + second))


def cdr(uuid: str, start: float, end: float, answer: float | None = None, **variables: str) -> str:
    values = {
        "uuid": uuid, "direction": "inbound", "start_stamp": "2026-03-02 12:00:00",
        "start_uepoch": str(int((NOON + start) * 1e6)),
        "answer_epoch": epoch(answer) if answer is not None else "0", "end_epoch": epoch(end),
        "billsec": str(int(end - answer)) if answer is not None else "0", "duration": str(int(end - start)),
        "hangup_cause": "NORMAL_CLEARING", **variables,
    }  # fmt: skip
    profile = {"caller_id_number": "+447946000037", "destination_number": "8003"}
    return json.dumps({"variables": values, "callflow": [{"profile_index": "1", "caller_profile": profile}]})


def member(joined: float, **variables: str) -> dict[str, str]:
    return {
        "cc_side": "member", "cc_queue": "support", "cc_member_uuid": "m1", "cc_queue_joined_epoch": epoch(joined),
        **variables,
    }  # fmt: skip


def answered(joined: float, answer: float, end: float) -> dict[str, str]:
    times = {"cc_queue_answered_epoch": epoch(answer), "cc_queue_terminated_epoch": epoch(end)}
    return member(joined, cc_cause="answered", cc_agent="ann", **times)


def cancelled(joined: float, end: float, reason: str) -> dict[str, str]:
    return member(joined, cc_cause="cancel", cc_cancel_reason=reason, cc_queue_canceled_epoch=epoch(end))


def event(action: str, second: int, visit: str = "m1", **headers: str) -> str:
    return json.dumps(
        {
            "Event-Subclass": "callcenter::info", "Event-Date-Timestamp": f"{epoch(second)}000000", "CC-Action": action,
            "CC-Queue": "support", "CC-Member-UUID": visit, "CC-Member-Session-UUID": A,
            "CC-Member-CID-Number": "+447946000037", **{k.replace("_", "-"): v for k, v in headers.items()},
        }
    )  # fmt: skip


def answered_events(joined: int, called: int, answer: int, end: int, visit: str = "m1") -> list[str]:
    agent = {"CC_Agent": "ann", "CC_Agent_Called_Time": epoch(called), "CC_Agent_Answered_Time": epoch(answer)}
    join = {"CC_Member_Joined_Time": epoch(joined)}
    return [
        event("member-queue-start", joined, visit, **join),
        event("agent-offering", joined + 1, visit, CC_Agent="bob"),
        event("bridge-agent-fail", called, visit, CC_Agent="bob", CC_Hangup_Cause="NO_ANSWER"),
        event("bridge-agent-start", answer, visit, **agent, **join),
        event("bridge-agent-end", end, visit, **agent, CC_Bridge_Terminated_Time=epoch(end)),
        event(
            "member-queue-end", end, visit, CC_Cause="Terminated", CC_Member_Leaving_Time=epoch(end), **agent, **join
        ),
    ]


def cancelled_events(joined: int, end: int, reason: str, visit: str = "m1") -> list[str]:
    join = {"CC_Member_Joined_Time": epoch(joined)}
    leave = {"CC_Cause": "Cancel", "CC_Cancel_Reason": reason, "CC_Member_Leaving_Time": epoch(end)}
    return [event("member-queue-start", joined, visit, **join), event("member-queue-end", end, visit, **join, **leave)]


def staged(files: Sequence[Sequence[str]], zone: str = "Europe/London") -> duckdb.DuckDBPyConnection:
    """The staging tables of some files of lines, each file a segment of the lake."""
    reader, frames = FreeswitchReader(), []
    for segment_id, lines in enumerate(files):
        parsed = reader.parse(Lines.of(list(lines)), first_line=1)
        assert parsed.rejects.height == 0, parsed.rejects
        frames.append(parsed.rows.with_columns(pl.lit(segment_id, pl.Int64).alias("segment_id")))
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    rows = pl.concat(frames).to_arrow()
    for schema in ("raw", "settings", "staging"):
        con.execute(f"create schema {schema}")
    con.register("incoming", rows)
    con.execute("create table raw.freeswitch_cdr as select * from incoming")
    con.execute("create table settings.sources as select 'freeswitch_cdr' as source, ? as timezone", [zone])
    for table in ("staging.freeswitch_cdr", "staging._freeswitch_visits", "staging.freeswitch_calls"):
        con.execute(f"create table {table} as {MODELS[table].sql}")
    return con


def calls(*lines: str, columns: str = CANONICAL, zone: str = "Europe/London") -> list[tuple[Any, ...]]:
    with staged([lines], zone) as con:
        query = f"select {columns} from staging.freeswitch_calls order by arrived_at, entered_at, source_contact_id"
        return con.execute(query).fetchall()


def test_columns_and_types_are_those_of_canonical_calls() -> None:
    with staged([[cdr(A, 0, 9)]]) as con:
        found = con.execute(
            "select column_name, data_type from duckdb_columns()"
            " where table_name = 'freeswitch_calls' order by column_index"
        ).fetchall()
    assert [name for name, _ in found] == CANONICAL.split(", ")
    wanted = {"_s": "DOUBLE", "_at": "TIMESTAMP WITH TIME ZONE"}
    wrong = [
        (name, kind)
        for name, kind in found
        if kind
        != next((k for s, k in wanted.items() if name.endswith(s)), "DOUBLE" if name == "priority" else "VARCHAR")
    ]
    assert wrong == []


def test_an_answered_visit_by_the_cdr() -> None:
    # Called at 0, menu to 10, waits 20 s, talks 60 s of which 15 s on hold.
    line = cdr(A, 0, 90, 1, **answered(10, 30, 90), hold_accum_ms="15000")
    assert calls(line) == [
        (
            "freeswitch_cdr", A, at(0), "voice", "inbound", "+447946000037", None, "8003", None, 10.0, "support",
            at(10), 20.0, at(30), "ann", None, 45.0, 15.0, None, at(90), "answered", None, None, None, None,
        )
    ]  # fmt: skip


ENDS = [
    ("NONE", "abandoned"), ("BREAK_OUT", "abandoned"), ("", "abandoned"), ("TIMEOUT", "timed_out"),
    ("NO_AGENT_TIMEOUT", "exited_empty"), ("EXIT_WITH_KEY", "exited_by_key"),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "outcome"), ENDS)
def test_every_cancel_reason_by_the_cdr(reason: str, outcome: str) -> None:
    found = calls(
        cdr(A, 0, 45, 1, **cancelled(10, 40, reason)), columns="outcome, wait_s, answered_at, agent, talk_s, ended_at"
    )
    assert found == [(outcome, 30.0, None, None, None, at(40))]


@pytest.mark.parametrize(("reason", "outcome"), [end for end in ENDS if end[0]])
def test_every_cancel_reason_by_events(reason: str, outcome: str) -> None:
    found = calls(
        *cancelled_events(10, 40, reason), columns="outcome, wait_s, answered_at, ended_at, arrived_at, ivr_s"
    )
    assert found == [(outcome, 30.0, None, at(40), at(10), None)]


def test_an_answered_visit_by_events_alone_and_an_agent_who_failed_is_not_who_answered() -> None:
    found = calls(
        *answered_events(10, 25, 30, 90),
        columns="outcome, agent, wait_s, ring_s, talk_s, hold_s, ended_at, caller_number",
    )
    assert found == [("answered", "ann", 20.0, 5.0, 60.0, None, at(90), "+447946000037")]


def test_cdr_and_events_of_one_session_are_one_contact_with_one_visit() -> None:
    found = calls(
        *answered_events(10, 25, 30, 90),
        cdr(A, 0, 90, 1, **answered(10, 30, 90), hold_accum_ms="15000"),
        columns="source_contact_id, arrived_at, wait_s, ring_s, talk_s, hold_s, ivr_s",
    )
    assert found == [(A, at(0), 20.0, 5.0, 45.0, 15.0, 10.0)]


def test_events_know_the_visits_that_the_variables_of_one_cdr_forget() -> None:
    # Ten seconds with ann, then back in the queue, and away: the variables still hold her name and her answer.
    last = member(50, cc_member_uuid="m2", cc_cause="cancel", cc_cancel_reason="BREAK_OUT")
    stale = {"cc_agent": "ann", "cc_queue_answered_epoch": epoch(30), "cc_queue_terminated_epoch": epoch(40)}
    line = cdr(A, 0, 60, 1, **last, **stale, cc_queue_canceled_epoch=epoch(60))
    columns = "source_contact_id, entered_at, outcome, agent, wait_s, talk_s, ivr_s"
    second = (A, at(50), "abandoned", None, 10.0, None)
    assert calls(line, columns=columns) == [(*second, 50.0)]
    assert calls(
        line, *answered_events(10, 25, 30, 40), *cancelled_events(50, 60, "BREAK_OUT", "m2"), columns=columns
    ) == [
        (A, at(10), "answered", "ann", 20.0, 10.0, 10.0),
        (*second, None),
    ]


def test_a_stale_answer_of_an_earlier_visit_is_no_answer_of_this_one() -> None:
    line = cdr(A, 0, 90, 1, **answered(50, 30, 40))
    assert calls(line, columns="outcome, answered_at, agent, repairs") == [("open", None, None, "answer_time_unknown")]


def test_the_bridge_tells_when_an_answer_without_a_time_was() -> None:
    line = cdr(A, 0, 90, 1, **member(10, cc_cause="answered", cc_agent="ann"), bridge_epoch=epoch(30))
    assert calls(line, columns="outcome, answered_at, wait_s, talk_s, repairs") == [
        ("answered", at(30), 20.0, 60.0, "answer_time_from_bridge")
    ]


def test_a_caller_still_waiting_is_open_and_one_still_talking_is_answered() -> None:
    waiting, *_, _end = cancelled_events(10, 40, "NONE")
    columns = "outcome, wait_s, answered_at, talk_s, ended_at"
    assert calls(waiting, columns=columns) == [("open", None, None, None, None)]
    talking = answered_events(10, 25, 30, 90)[:4]
    assert calls(*talking, columns=columns) == [("answered", 20.0, at(30), None, None)]


def test_an_event_log_that_begins_in_mid_call_says_so() -> None:
    end = event("member-queue-end", 40, CC_Cause="Cancel", CC_Cancel_Reason="NONE")
    assert calls(end, columns="entered_at, outcome, repairs") == [(at(40), "abandoned", "entered_at_first_event")]


def test_agent_legs_and_what_they_dial_are_no_contacts_but_tell_the_ring() -> None:
    agent = {"cc_side": "agent", "cc_member_session_uuid": A, "cc_member_uuid": "m1", "cc_queue": "support"}
    found = calls(
        cdr(A, 0, 90, 1, **answered(10, 30, 90)),
        cdr(AGENT, 24, 90, 30, **agent),
        cdr("leg-other-agent", 11, 24, **agent),
        cdr(B, 25, 90, 30, originator=AGENT),
        columns="source_contact_id, ring_s",
    )
    assert found == [(A, 6.0)]


def test_an_agent_leg_without_its_member_is_no_contact() -> None:
    assert calls(cdr(AGENT, 24, 90, 30, cc_side="agent", cc_member_session_uuid=A, cc_member_uuid="m1")) == []


def test_both_legs_of_a_plain_call_are_one_contact_and_the_a_leg_speaks() -> None:
    b_leg = cdr(B, 2, 50, 5, direction="outbound", originator=A)
    columns = "source_contact_id, arrived_at, direction, outcome, talk_s, answered_at, ended_at, queue, entered_at"
    assert calls(b_leg, cdr(A, 0, 50, 5), columns=columns) == [
        (A, at(0), "inbound", "answered", 45.0, at(5), at(50), None, None)
    ]
    assert calls(b_leg, columns="source_contact_id, arrived_at") == [(A, at(2))]


PLAIN = [
    ("inbound", 5, "USER_BUSY", "answered"),
    ("inbound", None, "ORIGINATOR_CANCEL", "abandoned_in_ivr"),
    ("inbound", None, "NORMAL_CLEARING", "abandoned_in_ivr"),
    ("inbound", None, "NO_USER_RESPONSE", "failed"),
    ("outbound", None, "ORIGINATOR_CANCEL", "failed"),
    ("outbound", 5, "NORMAL_CLEARING", "answered"),
]


@pytest.mark.parametrize(("direction", "answer", "cause", "outcome"), PLAIN)
def test_calls_without_a_queue(direction: str, answer: float | None, cause: str, outcome: str) -> None:
    found = calls(
        cdr(A, 0, 50, answer, direction=direction, hangup_cause=cause, hold_accum_seconds="4", bridge_epoch=epoch(5)),
        columns="direction, outcome, talk_s, hold_s, wait_s, queue",
    )
    talk, hold = (41.0, 4.0) if answer else (None, None)
    assert found == [(direction, outcome, talk, hold, None, None)]


def test_who_hangs_up_in_a_menu_that_answered_has_talked_to_nobody() -> None:
    found = calls(cdr(A, 0, 40, 1, direction="inbound"), columns="outcome, talk_s, answered_at, ivr_s")
    assert found == [("abandoned_in_ivr", None, None, 40.0)]


@pytest.mark.parametrize(
    ("second", "kind", "expected"),
    [
        (5, "bl_xfer", (None, None)),  # the dialplan's own, from the menu to the queue
        (90, "bl_xfer", ("blind", "8009")),
        (90, "att_xfer", ("attended", "8009")),
    ],
)
def test_only_a_transfer_in_the_talk_is_the_agents(
    second: int, kind: str, expected: tuple[str | None, str | None]
) -> None:
    line = cdr(A, 0, 200, 1, **answered(10, 30, 90), transfer_history=f"{epoch(second)}:x:{kind}:8009/default/XML")
    assert calls(line, columns="transfer_type, transferred_to") == [expected]


def test_hold_before_the_talk_cannot_make_the_talk_negative() -> None:
    line = cdr(A, 0, 90, 1, **answered(10, 80, 90), hold_accum_seconds="30")
    assert calls(line, columns="talk_s, hold_s, repairs") == [(0.0, 10.0, "hold_longer_than_talk")]


def test_whole_seconds_of_the_queue_do_not_put_the_call_after_its_entry() -> None:
    columns = "arrived_at, entered_at, ivr_s, repairs"
    assert calls(cdr(A, 10.6, 90, 11, **answered(10, 30, 90)), columns=columns) == [(at(10), at(10), None, None)]
    assert calls(cdr(A, 20, 90, 21, **answered(10, 30, 90)), columns=columns) == [
        (at(10), at(10), None, "entered_before_arrived")
    ]


UUIDS = [f"0b7f9c5e-1111-4222-8333-00000000000{n}" for n in range(4)]


def csv(uuid: str, bleg: str, start: str, answer: str, end: str, duration: int, billsec: int) -> str:
    values = (
        "Zoë",
        "+447946000037",
        "8003",
        "public",
        start,
        answer,
        end,
        duration,
        billsec,
        "NORMAL_CLEARING",
        uuid,
        bleg,
    )
    return ",".join(f'"{value}"' for value in (*values, "", "PCMU", "PCMU"))


def test_csv_times_are_of_the_sources_zone_in_winter_and_summer() -> None:
    winter = csv(UUIDS[0], "", "2026-01-02 12:00:00", "2026-01-02 12:00:05", "2026-01-02 12:01:00", 60, 55)
    summer = csv(UUIDS[1], "", "2026-07-02 12:00:00", "2026-07-02 12:00:05", "2026-07-02 12:01:00", 60, 55)
    found = calls(winter, summer, columns="arrived_at, answered_at, ended_at, talk_s", zone="America/New_York")
    assert found == [
        (
            datetime(2026, 1, 2, 17, tzinfo=UTC), datetime(2026, 1, 2, 17, 0, 5, tzinfo=UTC),
            datetime(2026, 1, 2, 17, 1, tzinfo=UTC), 55.0,
        ),
        (
            datetime(2026, 7, 2, 16, tzinfo=UTC), datetime(2026, 7, 2, 16, 0, 5, tzinfo=UTC),
            datetime(2026, 7, 2, 16, 1, tzinfo=UTC), 55.0,
        ),
    ]  # fmt: skip


def test_a_csv_call_over_the_night_when_clocks_go_back_keeps_its_length() -> None:
    # 01:50 summer time to 01:10 winter time is twenty minutes, not minus forty.
    line = csv(UUIDS[0], "", "2026-10-25 01:50:00", "2026-10-25 01:50:00", "2026-10-25 01:10:00", 1200, 1200)
    assert calls(line, columns="epoch(ended_at) - epoch(arrived_at), epoch(ended_at) - epoch(answered_at)") == [
        (1200, 1200)
    ]


def test_csv_legs_that_name_each_other_are_one_contact() -> None:
    start, end = "2026-03-02 12:00:00", "2026-03-02 12:01:00"
    a_leg = csv(UUIDS[3], UUIDS[1], start, start, end, 60, 60)
    for bleg in ("", UUIDS[3]):
        b_leg = csv(UUIDS[1], bleg, "2026-03-02 12:00:02", "", end, 58, 0)
        assert calls(b_leg, a_leg, columns="source_contact_id, outcome") == [(UUIDS[3], "answered")]


def test_a_leg_in_csv_and_json_is_counted_once_by_what_says_more() -> None:
    line = csv(A, "", "2026-03-02 12:00:00", "", "2026-03-02 12:01:00", 60, 0).replace(A, UUIDS[0])
    with staged([[line], [cdr(UUIDS[0], 0, 60, 1, **answered(10, 30, 60))]]) as con:
        assert con.execute("select layout, segment_id from staging.freeswitch_cdr").fetchall() == [("json", 0)]
        assert con.execute("select outcome, queue from staging.freeswitch_calls").fetchall() == [
            ("answered", "support")
        ]


def test_the_same_record_posted_twice_is_one_row_of_its_first_segment() -> None:
    line, start = cdr(A, 0, 50, 5), cancelled_events(10, 40, "NONE")[0]
    with staged([[line, start], [line, start, line]]) as con:
        assert con.execute("select record, segment_id from staging.freeswitch_cdr order by 1").fetchall() == [
            ("cdr", 0), ("event", 0),
        ]  # fmt: skip


EVERYTHING = [
    cdr(A, 0, 60, 1, **cancelled(50, 60, "BREAK_OUT"), cc_member_uuid_x="", hold_accum_ms="0"),
    cdr(B, 2, 50, 5, direction="outbound", originator=A),
    cdr(AGENT, 24, 90, 30, cc_side="agent", cc_member_session_uuid=A, cc_member_uuid="m0"),
    *answered_events(10, 25, 30, 40, "m0"),
    *cancelled_events(50, 60, "BREAK_OUT"),
    cdr("leg-c", 100, 150, 105, bridge_epoch=epoch(105)),
    cdr("leg-c", 100, 155, 105, bridge_epoch=epoch(105), hold_accum_seconds="3"),
    cdr("leg-d", 200, 205, hangup_cause="USER_BUSY"),
    csv(UUIDS[3], UUIDS[1], "2026-03-02 12:00:00", "", "2026-03-02 12:01:00", 60, 0),
    csv(UUIDS[1], "", "2026-03-02 12:00:02", "", "2026-03-02 12:01:00", 58, 0),
]
EXPECTED = calls(*EVERYTHING)


@settings(max_examples=12, deadline=None)
@given(st.permutations(EVERYTHING), st.lists(st.sampled_from(EVERYTHING), max_size=6), st.integers(1, 5))
def test_any_order_duplication_and_split_gives_the_same_calls(
    order: list[str], again: list[str], file_count: int
) -> None:
    lines = order + again
    with staged([lines[n::file_count] for n in range(file_count)]) as con:
        query = f"select {CANONICAL} from staging.freeswitch_calls order by arrived_at, entered_at, source_contact_id"
        assert con.execute(query).fetchall() == EXPECTED


def test_what_the_shuffled_lines_hold() -> None:
    found = {(row[1], row[20], row[10]) for row in EXPECTED}
    assert found == {
        (A, "answered", "support"), (A, "abandoned", "support"), ("leg-c", "answered", None), ("leg-d", "failed", None),
        (UUIDS[3], "abandoned_in_ivr", None),
    }  # fmt: skip
    assert len(EXPECTED) == 5
