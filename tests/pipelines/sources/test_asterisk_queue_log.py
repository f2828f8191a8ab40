from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.sources.asterisk_queue_log import EVENTS, QueueLogReader
from pipelines.sources.lines import Lines


def parse(*lines: str) -> tuple[list[dict[str, object]], list[dict[str, object]], dict[str, int]]:
    parsed = QueueLogReader().parse(Lines.of(lines), first_line=10)
    assert parsed.line_count == parsed.rows.height + parsed.rejects.height + sum(parsed.ignored.values()) == len(lines)
    return parsed.rows.to_dicts(), parsed.rejects.to_dicts(), dict(parsed.ignored)


def test_the_five_first_fields_and_the_rest_as_written() -> None:
    rows, _, _ = parse("1795319860|1795319859.3|std|Carol Clark|COMPLETECALLER|2|34|1")
    assert rows == [
        {
            "line_number": 10,
            "event_at": datetime(2026, 11, 22, 3, 57, 40, tzinfo=UTC),
            "event_local": None,
            "callid": "1795319859.3",
            "queue": "std",
            "agent": "Carol Clark",
            "event": "COMPLETECALLER",
            "data": "2|34|1",
        }
    ]


def test_a_parameter_with_pipes_stays_whole() -> None:
    rows, _, _ = parse("1795319860|NONE|std|Bob|PAUSE|wrap|up", "1795319860|1.1|std|NONE|ENTERQUEUE||07|1|a|b")
    assert [row["data"] for row in rows] == ["wrap|up", "|07|1|a|b"]


def test_an_epoch_with_microseconds_keeps_them() -> None:
    rows, _, _ = parse("1795319860.123457|1.1|std|NONE|ABANDON|1|1|9")
    assert rows[0]["event_at"] == datetime(2026, 11, 22, 3, 57, 40, 123457, tzinfo=UTC)


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_that_app_queue_and_dialplans_write_is_a_row(event: str) -> None:
    rows, rejects, _ = parse(f"1795319860|1.1|std|Bob|{event}|")
    assert (rows[0]["event"], rejects) == (event, [])


def test_a_line_without_parameters_or_last_pipe_is_a_row() -> None:
    rows, _, _ = parse("1795319860|NONE|NONE|NONE|QUEUESTART", "1795319860|NONE|NONE|NONE|QUEUESTART|")
    assert [row["data"] for row in rows] == [None, ""]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1795319860|1.1|std", "fewer than five fields"),
        ("not a log at all", "fewer than five fields"),
        ("2026-11-22 03:57:40|1.1|std|NONE|ABANDON|1|1|9", "not an epoch"),
        ("|1.1|std|NONE|ABANDON|1|1|9", "not an epoch"),
        ("99999999999999999999|1.1|std|NONE|ABANDON|", "not an epoch"),
        ("5|1.1|std|NONE|ABANDON|", "not an epoch"),
        ("1795319860|1.1|std|NONE|WALTZ|1", "unknown event"),
        ("1795319860|1.1|std|NONE||1", "unknown event"),
    ],
)
def test_what_is_no_event_is_a_reject_with_line_reason_and_text(line: str, reason: str) -> None:
    rows, rejects, _ = parse(line)
    assert rows == []
    assert (rejects[0]["line_number"], rejects[0]["text"]) == (10, line)
    assert reason in str(rejects[0]["reason"])


def test_blank_lines_are_ignored_and_counted() -> None:
    rows, rejects, ignored = parse("", "1795319860|1.1|std|NONE|ABANDON|1|1|9", "")
    assert (len(rows), rejects, ignored) == (1, [], {"blank": 2})
    assert rows[0]["line_number"] == 11


def test_names_in_any_script_with_quotes_and_sql() -> None:
    names = ["王小明", "Zoë Müller", 'Frank "Frankie"', "Robert'); DROP TABLE x;--", "=1+1", "a,b", "سارة", "a;b\tc"]
    rows, _, _ = parse(*(f"1795319860|1.1|std|{name}|CONNECT|1|1.2|1" for name in names))
    assert [row["agent"] for row in rows] == names


WRITTEN = {
    "ENTERQUEUE": ["|07|1", "|07|1|Zoë_M", "|07"],  # the last as Asterisk 1.6 has it
    "CONNECT": ["7|1.2|3", "7|1.2"],
    "COMPLETECALLER": ["7|40|1", "7|40"],
    "ABANDON": ["2|3|30", "2|3|"],
    "EXITWITHTIMEOUT": ["2", "2|3", "2|3|30"],
    "EXITWITHKEY": ["5|2|3|30"],
    "WITHDRAW": ["2|3|30|moved"],
    "RINGNOANSWER": ["5500"],
    "RINGCANCELED": ["2250"],
    "BLINDTRANSFER": ["8003|inbound|7|40|1"],
    "ATTENDEDTRANSFER": ["BRIDGE|uuid|7|40|1", "APP|VoiceMail|7|40|1", "LINK|SIP/a|SIP/b|7|40|1"],
    "AGENTLOGOFF": ["SIP/a|60"],
    "AGENTCALLBACKLOGOFF": ["8003@in|60|"],
    "INFO": ["IVRAPPEND|1|ivr-2|main"],
}


@pytest.mark.parametrize(("event", "data"), [(event, data) for event, many in WRITTEN.items() for data in many])
def test_the_parameters_of_every_version_stay_as_written(event: str, data: str) -> None:
    (row,), rejects, _ = parse(f"1795319860|1.1|std|Bob|{event}|{data}")
    assert (row["event"], row["data"], rejects) == (event, data, [])


@pytest.mark.parametrize("callid", ["NONE", "REALTIME", "MANAGER", "CLI", "", "pbx-01-1795319859.3"])
def test_a_callid_that_is_no_call_or_has_a_system_name_stays_as_written(callid: str) -> None:
    (row,), _, _ = parse(f"1795319860|{callid}|std|SIP/1|ADDMEMBER|PAUSED")
    assert row["callid"] == callid


def test_an_abandon_with_an_agent_keeps_the_agent() -> None:
    rows, _, _ = parse("1795319860|1.1|std|Ann|ABANDON|1|1|9")
    assert rows[0]["agent"] == "Ann"


def test_latin_1_and_utf_8_names_in_one_log_whose_last_line_has_no_newline() -> None:
    lines = [f"1795319860|1.1|std|{name}|CONNECT|1|1.2|1" for name in ("Zoë", "Müller", "王")]
    data = lines[0].encode() + b"\n" + lines[1].encode("latin-1") + b"\r\n" + lines[2].encode()
    rows = QueueLogReader().parse(Lines(data), 1).rows
    assert rows["agent"].to_list() == ["Zoë", "Müller", "王"]
    assert rows["data"].to_list() == ["1|1.2|1"] * 3


def test_a_wait_is_found_in_exits_of_one_to_three_parameters_and_callids_of_no_call_are_none(centre: Any) -> None:
    exits = ["2", "2|3", "2|3|30"]
    lines = [f"177245280{n}|{n}.1|q|NONE|EXITWITHTIMEOUT|{data}" for n, data in enumerate(exits)]
    names = ["NONE", "REALTIME", "MANAGER", "CLI"]
    lines += [f"177245281{n}|{name}|q|SIP/1|ADDMEMBER|" for n, name in enumerate(names)]
    centre.land("asterisk_queue_log", "log", "\n".join(lines))
    centre.run()
    query = "select callid, position_out, position_in, wait_s from staging.asterisk_queue_log order by event_at"
    found = centre.rows(query)
    assert found[:3] == [("0.1", 2, None, None), ("1.1", 2, 3, None), ("2.1", 2, 3, 30.0)]
    assert [row[0] for row in found[3:]] == [None] * 4
