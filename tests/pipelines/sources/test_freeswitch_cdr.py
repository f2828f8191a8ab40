from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest

from pipelines.sources.base import Parsed
from pipelines.sources.freeswitch_cdr import FreeswitchReader
from pipelines.sources.freeswitch_xml import XML_BYTES_MAX
from pipelines.sources.lines import Lines
from pipelines.sources.tabular import RefusedFile

NOON = 1_772_452_800  # 2026-03-02 12:00:00 UTC
SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "freeswitch"
UUID = "0b7f9c5e-1111-4222-8333-000000000001"
BLEG = "0b7f9c5e-1111-4222-8333-000000000002"
EXAMPLE = (
    '"Zoë","+447946000037","8003","public","2026-03-02 12:00:00","2026-03-02 12:00:05","2026-03-02 12:01:00",'
    f'"60","55","NORMAL_CLEARING","{UUID}","{BLEG}","acc","PCMU","PCMA"'
)
# ${caller_id} holds quotes of its own, which mod_cdr_csv does not escape.
ASTERISK = (
    '"acc","+447946000037","8003","public",""Zoë, M" <+447946000037>","sofia/internal/a","sofia/internal/b","bridge",'
    '"user/8003","2026-03-02 12:00:00","","2026-03-02 12:00:30","30","0","ORIGINATOR_CANCEL","3",'
    f'"{UUID}",""'
)


def at(second: float) -> datetime:
    return datetime.fromtimestamp(NOON + second, UTC)


def micros(second: float) -> str:
    return str(round((NOON + second) * 1_000_000))


def cdr(encode: bool = True, times: dict[str, str] | None = None, **variables: str) -> dict[str, Any]:
    values = {
        "uuid": UUID, "direction": "inbound", "start_stamp": "2026-03-02 12:00:00", "start_uepoch": micros(0.25),
        "start_epoch": str(NOON), "answer_epoch": str(NOON + 5), "answer_uepoch": "0", "end_uepoch": micros(60),
        "duration": "60", "billsec": "55", "hangup_cause": "NORMAL_CLEARING", **variables,
    }  # fmt: skip
    profile = {"caller_id_number": "+447946000037", "destination_number": "8003", "uuid": UUID}
    last = {"caller_id_number": "+447946000037", "destination_number": "transferred"}
    return {
        "core-uuid": "c",
        "variables": {name: quote(value, safe="") if encode else value for name, value in values.items()},
        "callflow": [
            {"profile_index": "2", "caller_profile": last, "times": times or {}},
            {"profile_index": "1", "caller_profile": profile, "times": times or {}},
        ],
    }


def event(action: str, second: int, **headers: str) -> dict[str, str]:
    return {
        "Event-Name": "CUSTOM", "Event-Subclass": "callcenter::info", "Event-Date-Timestamp": micros(second),
        "CC-Action": action, "CC-Queue": "support@default", "CC-Member-UUID": "m1", "CC-Member-Session-UUID": UUID,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }  # fmt: skip


def checked(parsed: Parsed) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    assert parsed.rows.columns == ["line_number", *FreeswitchReader.schema]
    assert dict(parsed.rows.schema) == {"line_number": pl.Int64(), **FreeswitchReader.schema}
    assert parsed.line_count == parsed.rows.height + parsed.rejects.height + parsed.ignored.total()
    return parsed.rows.to_dicts(), parsed.rejects.to_dicts()


def parse(*lines: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    parsed = FreeswitchReader().parse(Lines.of(lines), first_line=1)
    assert parsed.line_count == len(lines)
    return checked(parsed)


def document(text: str | bytes) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return checked(FreeswitchReader().parse_document(text.encode() if isinstance(text, str) else text))


def one(record: object) -> dict[str, Any]:
    (row,), rejects = parse(json.dumps(record))
    assert rejects == []
    return row


@pytest.mark.parametrize("encode", [True, False])
def test_variables_are_read_url_encoded_or_not(encode: bool) -> None:
    row = one(cdr(encode, cc_side="member", cc_queue="support 100%25@default", cc_agent="ann+1@default"))
    assert (row["queue"], row["agent"]) == ("support 100%25@default", "ann+1@default")
    assert row["uuid"] == UUID


def test_microseconds_come_before_seconds_and_zero_means_never() -> None:
    row = one(cdr(bridge_uepoch="0", bridge_epoch="0"))
    assert (row["event_at"], row["answered_at"], row["ended_at"]) == (at(0.25), at(5), at(60))
    assert row["bridged_at"] is None
    assert row["start_local"] is None


def test_times_of_the_callflow_stand_in_for_missing_variables() -> None:
    empty = dict.fromkeys(("start_uepoch", "start_epoch", "answer_epoch", "end_uepoch", "start_stamp"), "")
    times = {"created_time": micros(1), "answered_time": "0", "hangup_time": micros(31), "hold_accum_time": "2500000"}
    row = one(cdr(times=times, **empty))
    assert (row["event_at"], row["answered_at"], row["ended_at"], row["hold_s"]) == (at(1), None, at(31), 2.5)


def test_a_local_stamp_alone_stays_local() -> None:
    row = one(cdr(start_uepoch="", start_epoch="0", answer_stamp="2026-03-02 12:00:05"))
    assert row["event_at"] is None
    assert row["start_local"] == datetime(2026, 3, 2, 12)  # noqa: DTZ001 - the file states no zone
    assert row["answer_local"] == datetime(2026, 3, 2, 12, 0, 5)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("variables", "hold"),
    [
        ({"hold_accum_usec": "1500000", "hold_accum_seconds": "1"}, 1.5),
        ({"hold_accum_ms": "1500"}, 1.5),
        ({"hold_accum_seconds": "0"}, 0.0),
        ({}, None),
    ],
)
def test_hold_is_read_in_its_finest_unit(variables: dict[str, str], hold: float | None) -> None:
    assert one(cdr(**variables))["hold_s"] == hold


def test_the_caller_is_he_of_the_first_profile_whatever_the_call_was_transferred_to() -> None:
    row = one(cdr())
    assert (row["caller_number"], row["dialled_number"]) == ("+447946000037", "8003")


@pytest.mark.parametrize("name", ["originator", "originating_leg_uuid"])
def test_a_b_leg_names_its_originator_and_says_nothing_of_the_direction(name: str) -> None:
    row = one(cdr(uuid=BLEG, direction="outbound", **{name: UUID}))
    assert (row["uuid"], row["originator_uuid"], row["direction"]) == (BLEG, UUID, None)


def test_a_b_leg_is_known_by_the_originator_of_its_caller_profile() -> None:
    found = cdr(uuid=BLEG)
    found["callflow"][1]["caller_profile"]["originator"] = {"originator_caller_profiles": [{"uuid": UUID}]}
    assert one(found)["originator_uuid"] == UUID


def test_the_calls_direction_comes_before_the_channels() -> None:
    assert one(cdr(direction="inbound", call_direction="outbound"))["direction"] == "outbound"
    assert one(cdr(direction="inbound", call_direction="local"))["direction"] == "inbound"


def test_callcenter_variables() -> None:
    row = one(
        cdr(
            cc_side="member", cc_queue="support@default", cc_member_uuid="m1", cc_member_session_uuid=UUID,
            cc_agent="ann@default", cc_queue_joined_epoch=str(NOON + 2), cc_queue_answered_epoch=str(NOON + 9),
            cc_queue_terminated_epoch=str(NOON + 60), cc_queue_canceled_epoch="", cc_cause="answered",
        )
    )  # fmt: skip
    assert (row["joined_at"], row["queue_answered_at"], row["terminated_at"]) == (at(2), at(9), at(60))
    assert (row["side"], row["cause"], row["canceled_at"], row["member_uuid"]) == ("member", "answered", None, "m1")


def test_of_several_transfers_the_last_counts() -> None:
    history = f"ARRAY::{NOON + 1}:{UUID}:bl_xfer:5000/default/XML|:{NOON + 40}:{UUID}:att_xfer:x@example/8009@example"
    row = one(cdr(transfer_history=history))
    assert (row["transfer_type"], row["transferred_to"], row["transferred_at"]) == ("attended", "x", at(40))


BAD = [
    ({"cc_side": "observer"}, "cc_side"),
    ({"cc_cause": "exploded"}, "cc_cause"),
    ({"cc_cancel_reason": "BORED"}, "unknown cancel reason: BORED"),
    ({"start_uepoch": "yesterday"}, "start_uepoch is not a whole number"),
    ({"start_uepoch": "17"}, "start_uepoch is not a call's time"),
    ({"billsec": "-6"}, "billsec is negative"),
    ({"billsec": "9" * 400}, "billsec is not a whole number"),
    ({"start_uepoch": "", "start_epoch": "0", "start_stamp": ""}, "no start"),
    ({"start_uepoch": "", "start_epoch": "", "start_stamp": "1/2/26"}, "does not match format"),
]


@pytest.mark.parametrize(("variables", "reason"), BAD)
def test_an_impossible_value_rejects_its_record_alone(variables: dict[str, str], reason: str) -> None:
    text = json.dumps(cdr(**variables))
    rows, rejects = parse(json.dumps(cdr()), text, json.dumps(cdr()))
    assert [row["line_number"] for row in rows] == [1, 3]
    assert (rejects[0]["line_number"], rejects[0]["text"]) == (2, text[:2000] if len(text) > 2000 else text)
    assert reason in rejects[0]["reason"]


FRAGMENTS = [
    '{"variables": {"uuid": "abc", "start_ep', '{"variables": []}', "{}", "[1]", '{"a": ' * 3, "not json at all",
    "<html>", "<cdr><variables>", '{"x":' * 5000, '{"variables": {"uuid": ' + "9" * 5000 + "}}", "\x00\x01\x02",
]  # fmt: skip


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=range(len(FRAGMENTS)))
def test_fragments_that_are_not_json_are_rejects_and_the_others_are_read(fragment: str) -> None:
    rows, rejects = parse(json.dumps(cdr()), fragment, json.dumps(cdr()))
    assert [row["line_number"] for row in rows] == [1, 3]
    assert [(reject["line_number"], bool(reject["reason"])) for reject in rejects] == [(2, True)]


def test_a_lone_surrogate_does_not_stop_the_file() -> None:
    text = json.dumps(cdr(False, cc_queue="x")).replace('"x"', '"\\ud800"')
    assert one(json.loads(text))["queue"] == "?"


def test_blank_lines_are_counted() -> None:
    parsed = FreeswitchReader().parse(Lines.of(["", json.dumps(cdr()), "  "]), first_line=7)
    assert (parsed.ignored, parsed.rows["line_number"].to_list()) == ({"blank": 2}, [8])


def test_no_line_at_all() -> None:
    assert parse() == ([], [])


EVENTS = [
    ("member-queue-start", {"CC_Member_Joined_Time": str(NOON)}, {"joined_at": at(0)}),
    ("member-queue-resume", {"CC_Member_Joined_Time": str(NOON)}, {"joined_at": at(0)}),
    (
        "member-queue-end",
        {"CC_Cause": "Cancel", "CC_Cancel_Reason": "BREAK_OUT", "CC_Member_Leaving_Time": str(NOON + 9)},
        {"cause": "cancel", "cancel_reason": "BREAK_OUT", "left_at": at(9)},
    ),
    ("member-queue-end", {"CC_Cause": "Terminated"}, {"cause": "terminated", "left_at": at(10)}),
    ("agent-offering", {"CC_Agent": "ann"}, {"agent": "ann"}),
    (
        "bridge-agent-start",
        {"CC_Agent_Called_Time": str(NOON + 3), "CC_Agent_Answered_Time": str(NOON + 8)},
        {"called_at": at(3), "queue_answered_at": at(8)},
    ),
    ("bridge-agent-end", {"CC_Bridge_Terminated_Time": str(NOON + 60)}, {"terminated_at": at(60)}),
    ("bridge-agent-fail", {"CC_Hangup_Cause": "NO_ANSWER"}, {"hangup_cause": "NO_ANSWER"}),
]


@pytest.mark.parametrize(("action", "headers", "expected"), EVENTS)
def test_every_event_of_a_visit(action: str, headers: dict[str, str], expected: dict[str, object]) -> None:
    row = one(event(action, 10, **headers))
    assert (row["record"], row["action"], row["event_at"], row["member_session_uuid"]) == (
        "event",
        action,
        at(10),
        UUID,
    )
    assert {name: row[name] for name in expected} == expected


def test_an_event_serialised_for_the_wire_is_decoded() -> None:
    found = {name: quote(value, safe="") for name, value in event("agent-offering", 1, CC_Agent="ann@x").items()}
    assert one(found)["agent"] == "ann@x"


def test_an_event_without_a_date_has_the_time_of_its_action() -> None:
    found = event("member-queue-start", 10, CC_Member_Joined_Time=str(NOON + 4))
    del found["Event-Date-Timestamp"]
    assert one(found)["event_at"] == at(4)


@pytest.mark.parametrize("action", ["agent-status-change", "agent-state-change", "members-count", "agent-status-get"])
def test_events_that_are_no_visit_are_ignored_by_name(action: str) -> None:
    parsed = FreeswitchReader().parse(Lines.of([json.dumps(event(action, 1))]), first_line=1)
    assert (parsed.ignored, parsed.rows.height, parsed.rejects.height) == ({action: 1}, 0, 0)


def test_events_of_other_modules_are_ignored_and_unknown_actions_rejected() -> None:
    lines = [json.dumps({"Event-Name": "CHANNEL_HANGUP"}), json.dumps(event("member-teleported", 1))]
    parsed = FreeswitchReader().parse(Lines.of(lines), first_line=1)
    assert parsed.ignored == {"not a callcenter event": 1}
    assert parsed.rejects["reason"].to_list() == ["unknown CC-Action: member-teleported"]


def test_the_example_template() -> None:
    (row,), rejects = parse(EXAMPLE)
    assert rejects == []
    assert (row["layout"], row["uuid"], row["bleg_uuid"], row["hangup_cause"]) == (
        "csv_example", UUID, BLEG, "NORMAL_CLEARING",
    )  # fmt: skip
    assert (row["caller_number"], row["dialled_number"], row["duration_s"], row["billsec_s"]) == (
        "+447946000037", "8003", 60.0, 55.0,
    )  # fmt: skip
    assert row["start_local"] == datetime(2026, 3, 2, 12)  # noqa: DTZ001 - the file states no zone
    assert row["event_at"] is None


def test_the_asterisk_template_has_the_hangup_cause_in_column_15_and_quotes_inside_values() -> None:
    (row,), rejects = parse(ASTERISK)
    assert rejects == []
    assert (row["layout"], row["hangup_cause"], row["uuid"]) == ("csv_asterisk", "ORIGINATOR_CANCEL", UUID)
    assert (row["billsec_s"], row["answer_local"], row["last_app"], row["bleg_uuid"]) == (0.0, None, "bridge", None)


def test_a_csv_file_that_a_spreadsheet_saved_again_without_quotes() -> None:
    (row,), _ = parse(EXAMPLE.replace('"', ""))
    assert (row["layout"], row["uuid"]) == ("csv_example", UUID)


def test_json_xml_and_both_templates_in_one_file_keep_their_line_numbers() -> None:
    rows, rejects = parse(EXAMPLE, json.dumps(cdr()), "nothing", ASTERISK, json.dumps(event("agent-offering", 1)))
    assert [(row["line_number"], row["layout"]) for row in rows] == [
        (1, "csv_example"), (2, "json"), (4, "csv_asterisk"), (5, "event"),
    ]  # fmt: skip
    assert [reject["line_number"] for reject in rejects] == [3]


OTHER_CSV = [
    EXAMPLE.replace("NORMAL_CLEARING", "16"),
    EXAMPLE.replace("2026-03-02 12:00:00", "02/03/2026 12:00"),
    EXAMPLE.replace('"2026-03-02 12:00:05"', '"soon"'),
    EXAMPLE.replace('"55"', '"-6"'),
    EXAMPLE.replace('"55"', '"61"'),
    EXAMPLE.replace(UUID, "x"),
    EXAMPLE + ',"PCMU","x"',
    ASTERISK.replace("ORIGINATOR_CANCEL", "NO ANSWER"),
    f'INSERT INTO cdr VALUES ("Zoë","+447946000037","8003","public","{UUID}");',
]


@pytest.mark.parametrize("line", OTHER_CSV)
def test_any_other_layout_is_refused_never_misread(line: str) -> None:
    rows, rejects = parse(line)
    assert rows == []
    assert rejects[0]["text"] == line
    assert rejects[0]["reason"]


XML = """<?xml version="1.0"?>
<cdr core-uuid="c"><channel_data><state>CS_REPORTING</state></channel_data>
<variables><uuid>{uuid}</uuid><direction>inbound</direction><start_stamp>2026-03-02%2012%3A00%3A00</start_stamp>
<start_uepoch>{start}</start_uepoch><duration>60</duration><billsec>55</billsec><cc_side>member</cc_side>
<cc_queue>support%40default</cc_queue></variables>
<callflow profile_index="2"><caller_profile><destination_number>x</destination_number></caller_profile></callflow>
<callflow dialplan="XML" profile_index="1"><caller_profile><caller_id_number>+447946000037</caller_id_number>
<destination_number>8003</destination_number>{originator}</caller_profile>
<times><answered_time>{answer}</answered_time><hangup_time>0</hangup_time></times></callflow></cdr>"""
ORIGINATOR = "<originator><originator_caller_profile><uuid>a</uuid></originator_caller_profile></originator>"


def test_an_xml_document_says_what_the_json_one_says() -> None:
    (row,), _ = document(XML.format(uuid=UUID, start=micros(0.25), answer=micros(5), originator=ORIGINATOR))
    assert (row["layout"], row["queue"], row["dialled_number"], row["caller_number"]) == (
        "xml", "support@default", "8003", "+447946000037",
    )  # fmt: skip
    assert (row["event_at"], row["answered_at"], row["ended_at"]) == (at(0.25), at(5), None)
    assert row["originator_uuid"] == "a"


def test_an_xml_document_on_one_line_is_read_among_lines() -> None:
    text = XML.format(uuid=UUID, start=micros(0), answer="0", originator="").replace("\n", "")
    (row,), _ = parse(text)
    assert (row["layout"], row["uuid"]) == ("xml", UUID)


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?><!DOCTYPE cdr [<!ENTITY x SYSTEM "file:///etc/hostname">]><cdr>&x;</cdr>',
        '<?xml version="1.0"?><!DOCTYPE cdr [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><cdr>&b;</cdr>',
        "<cdr><variables></cdr>",
        "<html><body>502 Bad Gateway</body></html>",
        "<cdr>" + " " * XML_BYTES_MAX + "</cdr>",
    ],
    ids=["external", "entities", "torn", "html", "large"],
)
def test_xml_with_entities_torn_large_or_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(RefusedFile):
        document(text)


def test_pretty_printed_documents_one_after_another_with_a_fragment_between() -> None:
    whole = json.dumps(cdr(), indent=4)
    rows, rejects = document(f"{whole}\n{whole[:300]}\n{whole}\n")
    assert [row["line_number"] for row in rows] == [1, 3]
    assert [(reject["line_number"], reject["reason"][:8]) for reject in rejects] == [(2, "not JSON")]


def test_an_array_of_records() -> None:
    rows, rejects = document(json.dumps([cdr(), "x", event("agent-offering", 1)], indent=1))
    assert [row["record"] for row in rows] == ["cdr", "event"]
    assert rejects[0]["reason"] == "not a JSON object"


@pytest.mark.parametrize("text", ['{\n  "variables": {\n', "[1, ", "", "\x00"])
def test_a_document_with_nothing_to_read_is_refused(text: str) -> None:
    with pytest.raises(RefusedFile):
        document(text)


LINES = json.dumps(cdr()) + "\n"
HEADS = [
    (LINES, True),
    (LINES.rstrip(), True),
    (LINES[:-40], True),
    ("\ufeff" + LINES, True),
    (LINES[:50] + "\n" + LINES + LINES[:20], True),
    (EXAMPLE, True),
    ("", True),
    (json.dumps(cdr(), indent=4), False),
    (json.dumps(cdr(), indent=4)[:400], False),
    ("[" + LINES + "]", False),
    ("<cdr/>", False),
]


@pytest.mark.parametrize(("head", "expected"), HEADS, ids=range(len(HEADS)))
def test_lines_and_documents_are_told_apart_by_the_beginning(head: str, expected: bool) -> None:
    assert FreeswitchReader().reads_lines(head.encode()) is expected


def test_the_same_record_printed_either_way_is_the_same_row() -> None:
    (pretty,), _ = document(json.dumps(cdr(), indent=4))
    assert pretty == one(cdr())


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real samples, ../shared/data/freeswitch, are not here")
def test_real_import_files_of_another_program_are_refused_line_by_line_and_never_misread() -> None:
    # 100 and 5 records and a header, in the layouts of CDR-Stats' importer: no template of mod_cdr_csv.
    lines = [line for path in sorted(SAMPLES.iterdir()) for line in path.read_text(encoding="utf-8").splitlines()]
    rows, rejects = parse(*lines)
    assert (len(lines), len(rows), len(rejects)) == (106, 0, 106)
    assert [reject["line_number"] for reject in rejects] == list(range(1, 107))
    assert all("custom source" in reject["reason"] for reject in rejects)
