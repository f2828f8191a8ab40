from __future__ import annotations

import json
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.base import Parsed, RecordReader
from pipelines.sources.genesys_conversations import GenesysReader
from pipelines.sources.genesys_sessions import address
from pipelines.sources.lines import Lines
from pipelines.sources.tabular import RefusedFile

READER = GenesysReader()


def segment(kind: str, start: str, end: str | None, **more: Any) -> dict[str, Any]:
    times = {"segmentStart": f"2026-03-02T{start}Z", **({"segmentEnd": f"2026-03-02T{end}Z"} if end else {})}
    return {"segmentType": kind, **times, **more}


def participant(purpose: str, *segments: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"purpose": purpose, "sessions": [{"mediaType": "voice", "segments": list(segments), **more}]}


def record(identity: str = "C1", *participants: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "conversationId": identity,
        "conversationStart": "2026-03-02T09:00:00.000Z",
        "conversationEnd": "2026-03-02T09:05:00.000Z",
        "originatingDirection": "inbound",
        "participants": list(participants),
        **more,
    }


def counted(parsed: Parsed) -> Parsed:
    assert parsed.line_count == parsed.rows.height + parsed.rejects.height + sum(parsed.ignored.values())
    assert list(parsed.rows.schema.items()) == [("line_number", pl.Int64()), *READER.schema.items()]
    return parsed


def of_lines(*lines: str) -> Parsed:
    return counted(READER.parse(Lines.of(lines), first_line=10))


def of_document(document: Any) -> Parsed:
    return counted(READER.parse_document(document if isinstance(document, bytes) else json.dumps(document).encode()))


def facts(*participants: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """The sessions of one record."""
    found = json.loads(of_document(record("C1", *participants, **more)).rows["sessions"][0])
    return [defaultdict(lambda: None, session) for session in found]


def reasons(parsed: Parsed) -> list[str]:
    return parsed.rejects["reason"].to_list()


def test_it_is_a_reader_of_records() -> None:
    assert isinstance(READER, RecordReader)


def test_a_record_is_one_row_with_utc_times() -> None:
    raw = record(
        "C1", participant("acd", segment("interact", "09:00:20", "09:06:30")), selfServed=False, externalTag="T"
    )
    row = of_lines(json.dumps(raw)).rows.to_dicts()[0]
    assert json.loads(row.pop("sessions"))[0]["purpose"] == "acd"
    assert row == {
        "line_number": 10,
        "conversation_id": "C1",
        "started_at": datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
        "ended_at": datetime(2026, 3, 2, 9, 5, tzinfo=UTC),
        "last_seen_at": datetime(2026, 3, 2, 9, 6, 30, tzinfo=UTC),
        "direction": "inbound",
        "is_self_served": False,
        "external_tag": "T",
        "session_count": 1,
    }


@pytest.mark.parametrize(
    "document",
    [
        {"conversations": [record("A"), record("B")], "totalHits": 2},
        {"cursor": "x", "conversations": [record("A"), record("B")]},
        [record("A"), record("B")],
    ],
)
def test_an_envelope_and_a_list_are_documents_minified_or_not(document: Any) -> None:
    for indent in (None, 0, 2):
        data = json.dumps(document, indent=indent).encode()
        assert not READER.reads_lines(data)
        parsed = of_document(data)
        assert parsed.rows.select("line_number", "conversation_id").rows() == [(1, "A"), (2, "B")]


def test_a_list_with_a_record_a_line_is_a_document() -> None:
    for before, after in (("[\n", "\n]\n"), ('{"conversations":[\n', "\n]}\n")):
        data = (before + ",\n".join(json.dumps(record(name)) for name in "AB") + after).encode()
        assert not READER.reads_lines(data)
        assert of_document(data).rows["conversation_id"].to_list() == ["A", "B"]


def test_pages_written_one_after_another_are_all_read() -> None:
    data = b"".join(json.dumps({"conversations": [record(name)]}).encode() + b"\n" for name in "AB")
    assert not READER.reads_lines(data)
    assert of_document(data).rows["conversation_id"].to_list() == ["A", "B"]


def test_one_object_is_read_either_way() -> None:
    pretty = json.dumps(record("A"), indent=4).encode()
    assert not READER.reads_lines(pretty)
    assert of_document(pretty).rows["conversation_id"].to_list() == ["A"]
    assert READER.reads_lines(json.dumps(record("A")).encode())


@pytest.mark.parametrize(
    "head",
    [
        json.dumps(record("A")) + "\n" + json.dumps(record("B")) + "\n",
        json.dumps(record("A")) + "\n" + json.dumps(record("B"))[:40],
        json.dumps(record("A"))[:60],
        '{"cut off\n' + json.dumps(record("B")) + "\n",
        "\ufeff" + json.dumps(record("A")) + "\n",
        "\n" + json.dumps(record("A", attributes={"note": '{"conversations":[1]}'})) + "\r\n",
    ],
)
def test_json_lines_are_lines_also_while_they_grow(head: str) -> None:
    assert READER.reads_lines(head.encode())


@pytest.mark.parametrize("head", [b"", b"\x00\xff\x10rubbish", b"id;start\n1;2\n", b'{"some": "thing"}\n', b"null\n"])
def test_what_shows_no_conversation_is_not_taken_for_lines(head: bytes) -> None:
    assert not READER.reads_lines(head)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"   ", b"\xff\xfe\x00", b"not json", b"null", b"[]", b'{"conversations": []}', b'{"some": "thing"}',
        b"[1, 2]", b'{"conversations": [{"conversationId": "A"', b"[" * 5000,
    ],
)  # fmt: skip
def test_a_document_of_which_nothing_can_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(RefusedFile):
        READER.parse_document(data)


def test_a_document_that_is_cut_off_gives_what_stands_before_the_cut() -> None:
    for document in ({"conversations": [record("A"), record("B")]}, [record("A"), record("B")]):
        data = json.dumps(document).encode()
        parsed = of_document(data[: data.rindex(b"conversationStart") + 5])
        assert parsed.rows["conversation_id"].to_list() == ["A"]
        assert parsed.rejects.select("line_number", "reason").rows() == [
            (2, "not JSON from here on: cut off or damaged")
        ]
        assert parsed.rejects["text"][0].startswith('{"conversationId": "B"')


def test_utf_16_and_a_byte_order_mark_are_read() -> None:
    content = json.dumps(record("Ä"), ensure_ascii=False)
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        assert of_document(content.encode(encoding)).rows["conversation_id"].to_list() == ["Ä"]


BAD = [
    ("null", "not a JSON object"),
    ("[1]", "not a JSON object"),
    ("{", "cut off"),
    ("rubbish", "cut off"),
    (json.dumps({"conversations": [record()]}), "a page of conversations"),
    (json.dumps({**record(), "conversationId": 7}), "no conversationId"),
    (json.dumps({**record(), "conversationId": " "}), "no conversationId"),
    (json.dumps({**record(), "conversationStart": None}), "conversationStart is missing"),
    (json.dumps({**record(), "conversationStart": "02/03/2026"}), "conversationStart is not an instant"),
    (json.dumps({**record(), "conversationStart": "2026-03-02T09:00:00"}), "conversationStart is not an instant"),
    (json.dumps({**record(), "conversationStart": 1772442000}), "conversationStart is not an instant"),
    (json.dumps({**record(), "conversationStart": "0001-01-01T00:00:00+14:00"}), "conversationStart is not an instant"),
    (json.dumps({**record(), "conversationEnd": "2026-03-02T08:00:00Z"}), "conversationEnd is before"),
    (json.dumps({**record(), "participants": None}), "participants is not a list"),
    (json.dumps({**record(), "participants": ["x"]}), "participants is not a list of objects"),
    (json.dumps(record("C", {"purpose": "acd", "sessions": {}})), "sessions is not a list of objects"),
    (json.dumps(record("C", participant("acd", {"segmentType": "interact"}))), "segmentStart is missing"),
    (json.dumps(record("C", participant("acd", {"segmentStart": "soon"}))), "segmentStart is not an instant"),
    (json.dumps(record("C", participant("acd", metrics=[{"emitDate": 1}]))), "emitDate is not an instant"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "reason"), BAD)
def test_a_bad_record_is_a_reject_with_its_line_and_reason_and_the_next_is_read(line: str, reason: str) -> None:
    parsed = of_lines(line, json.dumps(record("good")))
    assert parsed.rows.select("line_number", "conversation_id").rows() == [(11, "good")]
    assert parsed.rejects.select("line_number", "text").rows() == [(10, line)]
    assert reason in reasons(parsed)[0]


def test_a_bad_record_of_a_document_is_a_reject_with_its_number() -> None:
    parsed = of_document([record("A"), {"some": "thing"}, record("B")])
    assert parsed.rows["line_number"].to_list() == [1, 3]
    assert parsed.rejects.rows() == [(2, "not a conversation: no conversationId", '{"some": "thing"}')]


def test_blank_lines_are_ignored_and_counted() -> None:
    parsed = of_lines("", json.dumps(record("A")), "  ")
    assert (parsed.rows["line_number"].to_list(), dict(parsed.ignored)) == ([11], {"blank": 2})


def test_half_a_surrogate_pair_and_nul_fit_no_column_and_stop_nothing() -> None:
    parsed = of_lines('{"conversationId": "\\ud800", "x": 1}', json.dumps(record("A\ud800\0B")))
    assert parsed.rows["conversation_id"].to_list() == ["A?B"]
    assert reasons(parsed) == ["conversationStart is missing"]


def test_a_conversation_without_an_end_is_open() -> None:
    raw = record("C1", participant("acd", segment("interact", "09:00:20", None)))
    del raw["conversationEnd"]
    row = of_document(raw).rows.to_dicts()[0]
    assert (row["ended_at"], row["last_seen_at"]) == (None, datetime(2026, 3, 2, 9, 0, 20, tzinfo=UTC))
    assert "ended_at" not in json.loads(row["sessions"])[0]


def test_times_with_another_offset_are_turned_to_utc() -> None:
    raw = {**record(), "conversationStart": "2026-03-02T10:00:00.5+01:00"}
    assert of_document(raw).rows["started_at"][0] == datetime(2026, 3, 2, 9, 0, 0, 500000, tzinfo=UTC)


def test_segments_are_summed_up_by_their_type() -> None:
    (session,) = facts(
        participant(
            "agent",
            segment("alert", "09:00:10", "09:00:18.5"),
            segment("interact", "09:00:18.5", "09:01:00", queueId="Q1"),
            segment("hold", "09:01:00", "09:01:30"),
            segment("interact", "09:01:30", "09:02:00", disconnectType="peer"),
            segment("wrapup", "09:02:00", "09:02:20", wrapUpCode="W1", disconnectType="client"),
            metrics=[
                {"name": "nConsultTransferred", "value": 1, "emitDate": "2026-03-02T09:02:00Z"},
                {"name": "tTalk", "value": "many", "emitDate": "2026-03-02T09:03:00Z"},
            ],
        )
    )
    found = {n: session[n] for n in ("queue_id", "ring_s", "talk_s", "hold_s", "wrap_s", "disconnect", "wrap_up_code")}
    assert found == {
        "queue_id": "Q1", "ring_s": 8.5, "talk_s": 71.5, "hold_s": 30.0, "wrap_s": 20.0, "disconnect": "peer",
        "wrap_up_code": "W1",
    }  # fmt: skip
    assert session["interact_at"] == "2026-03-02T09:00:18.500000+00:00"
    assert session["ended_at"] == "2026-03-02T09:02:00+00:00"
    assert session["seen_at"] == "2026-03-02T09:03:00+00:00"
    assert (session["is_consult"], session["is_blind"], session["has_abandoned"]) == (True, False, False)


def test_hold_that_lies_within_the_interaction_is_not_talk_and_overlaps_count_once() -> None:
    (session,) = facts(
        participant(
            "agent",
            segment("interact", "09:00:00", "09:01:00"),
            segment("interact", "09:00:30", "09:01:30"),
            segment("hold", "09:00:40", "09:01:00"),
        )
    )
    assert (session["talk_s"], session["hold_s"]) == (70.0, 20.0)


def test_a_segment_that_ends_before_it_begins_has_no_length_and_is_marked() -> None:
    (session,) = facts(participant("agent", segment("interact", "09:01:00", "09:00:00")))
    assert (session["talk_s"], session["is_reversed"]) == (0.0, True)


def test_a_queue_session_is_taken_apart_where_its_queue_changes() -> None:
    stays = facts(
        participant(
            "acd",
            segment("delay", "09:00:00", "09:00:01"),
            segment("interact", "09:00:01", "09:00:30", queueId="Q1"),
            segment("interact", "09:00:30", "09:00:40", queueId="Q2", disconnectType="peer"),
            metrics=[{"name": "tAbandon", "value": 40, "emitDate": "2026-03-02T09:00:40Z"}],
        )
    )
    named = [(s["queue_id"], s["disconnect"], s["has_abandoned"]) for s in stays]
    assert named == [("Q1", "transfer", False), ("Q2", "peer", True)]


@pytest.mark.parametrize("value", [None, "1", True, float("nan"), float("inf"), 10**400, [1]])
def test_a_metric_that_is_no_number_says_nothing(value: object) -> None:
    metrics = [{"name": "nBlindTransferred", "value": value, "emitDate": "2026-03-02T09:00:40Z"}]
    assert [s["is_blind"] for s in facts(participant("agent", metrics=metrics))] == [False]


def test_a_session_without_segments_has_no_times() -> None:
    (session,) = facts(participant("user"))
    assert (session["started_at"], session["seen_at"], session["talk_s"]) == (None, None, None)


def test_order_of_participants_and_segments_does_not_matter() -> None:
    one = participant("acd", segment("interact", "09:00:20", "09:00:40"))
    two = participant("agent", segment("alert", "09:00:30", "09:00:40"), segment("interact", "09:00:40", "09:02:00"))
    other = participant("agent", *reversed(two["sessions"][0]["segments"]))
    assert facts(one, two) == facts(other, one)


def test_the_customers_name_is_not_kept() -> None:
    assert "Somebody" not in json.dumps(facts({**participant("customer"), "participantName": "Somebody"}))


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("tel:+447946000111", "+447946000111"),
        ("TEL:+447946000111", "+447946000111"),
        ("sip:+447946000111@example.invalid;user=phone", "+447946000111"),
        ("sip:ann%40example.com@localhost", "ann@example.com@localhost"),
        ("tel:anonymous", "anonymous"),
        ("mailto:someone@example.com", "someone@example.com"),
        ("", None),
        (None, None),
    ],
)
def test_an_address_loses_its_scheme_and_host(written: str | None, plain: str | None) -> None:
    assert address(written) == plain


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(data: bytes) -> None:
    READER.reads_lines(data)
    with suppress(RefusedFile):
        of_document(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.just("2026-03-02T09:00:00Z"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "conversationId conversationStart conversationEnd participants sessions segments metrics segmentStart"
                " segmentEnd purpose name value callbackNumbers ani".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["participants", "selfServed", "externalTag", "conversationEnd"]), JSON))
def test_a_record_of_any_shape_is_a_row_or_a_reject(more: dict[str, Any]) -> None:
    parsed = of_lines(json.dumps({**record(), **more}))
    assert parsed.line_count == 1


@given(st.lists(st.sampled_from(["A", "B", "C", "D"]), min_size=1, max_size=6), st.integers(0, 6))
def test_lines_and_documents_split_anywhere_give_the_same_rows(names: list[str], cut: int) -> None:
    def rows(*parts: Parsed) -> list[tuple[Any, ...]]:
        return [row for part in parts for row in part.rows.drop("line_number").rows()]

    lines = [json.dumps(record(name)) for name in names]
    whole = of_document([json.loads(line) for line in lines])
    assert rows(of_lines(*lines[:cut]), of_lines(*lines[cut:])) == rows(whole)


def test_the_real_chat_is_one_row_of_three_sessions(shared_file: Any) -> None:
    data = shared_file("genesys/conversation1.json").read_bytes()
    assert not READER.reads_lines(data)
    row = of_document(data).rows.to_dicts()[0]
    assert (row["conversation_id"], row["session_count"]) == ("1bc96a39-6725-40c4-9345-db72aa67b8c6", 3)
    agent = next(s for s in json.loads(row["sessions"]) if s["purpose"] == "agent")
    assert (agent["ring_s"], agent["talk_s"], agent["hold_s"]) == (11.05, 374.561, 544.176)
