from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.amazon_connect_contacts import (
    INITIATION_METHODS,
    MONITORED,
    WITHOUT_CUSTOMER,
    AmazonConnectReader,
)
from pipelines.sources.base import RecordReader
from pipelines.sources.lines import Lines
from pipelines.sources.tabular import RefusedFile

READER = AmazonConnectReader()
RECORD: dict[str, Any] = {
    "AWSContactTraceRecordFormatVersion": "2017-03-10",
    "ContactId": "c1",
    "Channel": "VOICE",
    "InitiationMethod": "INBOUND",
    "InitiationTimestamp": "2026-03-02T12:00:00Z",
    "ConnectedToSystemTimestamp": "2026-03-02T12:00:00Z",
    "DisconnectTimestamp": "2026-03-02T12:05:00Z",
    "LastUpdateTimestamp": "2026-03-02T12:06:00Z",
    "DisconnectReason": "CUSTOMER_DISCONNECT",
    "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+447946000001"},
    "SystemEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": "+447946000900"},
    "Queue": {
        "ARN": "arn:aws:connect:eu-west-2:1:instance/i/queue/q1",
        "Name": "sales",
        "EnqueueTimestamp": "2026-03-02T12:00:10Z",
        "DequeueTimestamp": "2026-03-02T12:00:40Z",
        "Duration": 30,
    },
    "Agent": {
        "Username": "ann",
        "ConnectedToAgentTimestamp": "2026-03-02T12:00:40Z",
        "AgentInteractionDuration": 200,
        "CustomerHoldDuration": 60,
        "AfterContactWorkDuration": 15,
        "AfterContactWorkStartTimestamp": "2026-03-02T12:05:00Z",
        "HierarchyGroups": None,
    },
    "SegmentAttributes": {"connect:Subtype": {"ValueString": "connect:Telephony"}},
    "QueuePriority": 5,
}


def record(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**RECORD, **changes}.items() if value != "absent"}


def parse(*lines: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, int]]:
    parsed = READER.parse(Lines.of(lines), first_line=10)
    assert parsed.line_count == parsed.rows.height + parsed.rejects.height + sum(parsed.ignored.values()) == len(lines)
    return parsed.rows.to_dicts(), parsed.rejects.to_dicts(), dict(parsed.ignored)


def parse_one(**changes: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, int]]:
    return parse(json.dumps(record(**changes)))


def document(data: bytes) -> tuple[list[str], list[dict[str, Any]]]:
    parsed = READER.parse_document(data)
    assert parsed.line_count == parsed.rows.height + parsed.rejects.height + sum(parsed.ignored.values())
    return parsed.rows["contact_id"].to_list(), parsed.rejects.to_dicts()


def ids(*names: str) -> list[str]:
    return [json.dumps(record(ContactId=name)) for name in names]


def test_it_is_a_record_reader() -> None:
    assert isinstance(READER, RecordReader)


def test_every_field_of_a_record_is_typed() -> None:
    (row,), _, _ = parse_one()
    assert row["line_number"] == 10
    assert (row["contact_id"], row["channel"], row["initiation_method"]) == ("c1", "VOICE", "INBOUND")
    assert row["initiated_at"] == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert row["enqueued_at"] == datetime(2026, 3, 2, 12, 0, 10, tzinfo=UTC)
    assert row["updated_at"] == datetime(2026, 3, 2, 12, 6, tzinfo=UTC)
    assert [row[c] for c in ("queue_s", "talk_s", "hold_s", "wrap_s", "priority")] == [30.0, 200.0, 60.0, 15.0, 5.0]
    assert (row["queue"], row["agent"], row["subtype"]) == ("sales", "ann", "connect:Telephony")
    assert (row["customer_address"], row["system_address"]) == ("+447946000001", "+447946000900")


def test_an_old_record_with_few_fields_is_a_row() -> None:
    (row,), _, _ = parse('{"ContactId": "c1", "ConnectedToSystemTimestamp": "2018-03-02T12:00:00Z", "Agent": null}')
    assert row["initiated_at"] == datetime(2018, 3, 2, 12, tzinfo=UTC)
    assert (row["queue"], row["talk_s"], row["channel"]) == (None, None, None)


def test_new_fields_are_passed_over() -> None:
    rows, rejects, _ = parse_one(SomethingNew={"of": ["tomorrow"]})
    assert (len(rows), rejects) == (1, [])


@pytest.mark.parametrize("method", INITIATION_METHODS)
def test_each_initiation_method_is_a_row_but_monitoring_which_is_no_contact(method: str) -> None:
    rows, rejects, ignored = parse_one(InitiationMethod=method)
    assert rejects == []
    assert (len(rows), ignored) == ((0, {MONITORED: 1}) if method == "MONITOR" else (1, {}))


def test_a_task_is_a_contact_only_with_a_customer_at_its_end() -> None:
    assert parse_one(Channel="TASK", CustomerEndpoint=None)[2] == {WITHOUT_CUSTOMER: 1}
    assert len(parse_one(Channel="TASK")[0]) == 1


def test_a_time_with_an_offset_or_a_fraction_is_an_instant() -> None:
    (row,), _, _ = parse_one(InitiationTimestamp="2026-03-02T13:00:00.250+01:00")
    assert row["initiated_at"] == datetime(2026, 3, 2, 12, 0, 0, 250000, tzinfo=UTC)


def test_an_attribute_said_without_its_wrapping_is_read() -> None:
    (row,), _, _ = parse_one(SegmentAttributes={"connect:Subtype": "connect:SMS"})
    assert row["subtype"] == "connect:SMS"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("not json at all", "not JSON"),
        ('"a text"', "not a JSON object"),
        ("[1]", "not a JSON object"),
        ('{"a": 1}', "no ContactId"),
        ('{"ContactId": {"a": 1}}', "ContactId is not text"),
        (ids("a")[0] + ids("b")[0], "more than one record"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "not JSON"),
        ('{"ContactId": "c1"}', "no time"),
        (json.dumps(record(InitiationTimestamp="yesterday")), "InitiationTimestamp is not a time"),
        (json.dumps(record(InitiationTimestamp=1772452800)), "InitiationTimestamp is not a time"),
        (json.dumps(record(InitiationTimestamp="2026-03-02T12:00:00")), "no time zone"),
        (json.dumps(record(InitiationTimestamp="0001-01-01T00:00:00+14:00")), "not a time"),
        (json.dumps(record(InitiationTimestamp="1970-01-01T00:00:00Z")), "before 1990"),
        (json.dumps(record(Channel="PIGEON")), "Channel is none of"),
        (json.dumps(record(InitiationMethod="WALTZ")), "InitiationMethod is none of"),
        (json.dumps(record(Queue="sales")), "Queue is not an object"),
        (json.dumps(record(Agent={"AgentInteractionDuration": -1})), "AgentInteractionDuration is negative"),
        (json.dumps(record(Agent={"AgentInteractionDuration": 1e12})), "longer than a year"),
        (json.dumps(record(Agent={"AgentInteractionDuration": "x"})), "not a number"),
        ('{"ContactId": "c1", "QueuePriority": NaN, "InitiationTimestamp": "2026-03-02T12:00:00Z"}', "not a number"),
    ],
)
def test_what_is_no_contact_record_is_a_reject_with_line_reason_and_text(line: str, reason: str) -> None:
    rows, rejects, _ = parse(line)
    assert rows == []
    assert rejects[0]["line_number"] == 10
    assert reason in rejects[0]["reason"]
    assert rejects[0]["text"] == line[:2000]


def test_blank_lines_are_counted_and_a_byte_order_mark_is_no_fault() -> None:
    rows, rejects, ignored = parse("", "\ufeff" + ids("a")[0], " ")
    assert ([row["contact_id"] for row in rows], rejects, ignored) == (["a"], [], {"blank": 2})


def test_names_in_any_script_and_lone_surrogates_survive() -> None:
    names = ["王小明", "Zoë Müller", "Robert'); DROP TABLE x;--", 'a|b,c"d']
    rows, _, _ = parse(*(json.dumps(record(Agent={"Username": name})) for name in names))
    assert [row["agent"] for row in rows] == names
    assert parse('{"ContactId": "\\ud800", "InitiationTimestamp": "2026-03-02T12:00:00Z"}')[0][0]["contact_id"] == "?"


def test_one_record_a_line_is_lines_even_after_a_broken_one() -> None:
    assert READER.reads_lines("\n".join(ids("a", "b")).encode())
    assert READER.reads_lines(b'{"ContactId": "cut\n' + ids("b")[0].encode())
    assert READER.reads_lines(b"\xef\xbb\xbf" + ids("a")[0].encode())
    assert READER.reads_lines(b"\n \n")


def test_arrays_indented_and_concatenated_records_are_documents() -> None:
    a, b = ids("a", "b")
    pretty = json.dumps(record(), indent=2)
    for text in (f"[{a},{b}]", f"[\n{a},\n{b}\n]", f"{a}{b}", pretty, pretty + "\n" + pretty, "no json", "\x00\x01"):
        assert not READER.reads_lines(text.encode()), text


@pytest.mark.parametrize(
    "form", ["[{a},{b}]", "[\n{a},\n{b}\n]\n", "{a}{b}", "{a}\n{b}\n", "{a}\r\n\r\n{b}", "{a},\n{b}"]
)
def test_a_document_holds_its_records_in_an_array_or_one_after_the_other(form: str) -> None:
    a, b = ids("a", "b")
    assert document(form.replace("{a}", a).replace("{b}", b).encode()) == (["a", "b"], [])


def test_an_indented_document_and_utf_16_are_read() -> None:
    pretty = "\n".join(json.dumps(record(ContactId=name), indent=2) for name in "ab")
    assert document(pretty.encode()) == (["a", "b"], [])
    assert document(f"[{ids('a')[0]}]".encode("utf-16")) == (["a"], [])


@pytest.mark.parametrize("form", ["{a}{cut}{b}", "{a}\n{cut}\n{b}", "[{a},\n{cut},\n{b}]", "[{a},{cut}"])
def test_a_broken_record_of_a_document_is_a_reject_and_the_others_are_rows(form: str) -> None:
    a, b = ids("a", "b")
    text = form.replace("{a}", a).replace("{b}", b).replace("{cut}", '{"ContactId": "cut}')
    rows, rejects = document(text.encode())
    assert rows[0] == "a"
    assert rows[-1] == ("b" if "{b}" in form else "a")
    assert rejects
    assert rejects[0]["reason"].startswith("not JSON")
    assert "cut" in rejects[0]["text"]


def test_what_stands_among_records_and_is_none_is_a_reject_with_its_number() -> None:
    rows, rejects = document(f'[{ids("a")[0]}, 7, null, {{"x": 1}}]'.encode())
    assert rows == ["a"]
    assert [(r["line_number"], r["text"]) for r in rejects] == [(2, "7"), (3, "null"), (4, '{"x": 1}')]


@pytest.mark.parametrize("data", [b"\x00\x01\x02\xff", b"a,b\n1,2\n", b"<xml/>", b"[]", b'{"a": 1}', b"[" * 200_000])
def test_a_file_without_any_record_is_refused_whole(data: bytes) -> None:
    with pytest.raises(RefusedFile, match="not contact records of Amazon Connect"):
        READER.parse_document(data)


@given(st.lists(st.sampled_from(["one", "two", "three"]), min_size=1, max_size=6), st.data())
def test_lines_and_documents_give_the_same_records(names: list[str], data: st.DataObject) -> None:
    lines = ids(*names)
    between = data.draw(st.sampled_from(["", "\n", ",", "\r\n", " \n\n"]))
    from_lines = READER.parse(Lines.of(lines), 1)
    assert READER.parse_document(between.join(lines).encode()).rows.equals(from_lines.rows)


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_refusal(data: bytes) -> None:
    READER.reads_lines(data)
    try:
        READER.parse_document(data)
    except RefusedFile:
        return
    raise AssertionError("random bytes hold a contact")
