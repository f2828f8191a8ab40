from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.asterisk_queue_log import QueueLogReader
from pipelines.sources.lines import Lines

LONDON = "Europe/London"
NAMES = ["id", "time", "callid", "queuename", "agent", "event", "data1", "data2", "data3", "data4", "data5"]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SAMPLE = Path(__file__).parents[3] / "data" / "sample" / "landing" / "asterisk_queue_log"
FILE_COLUMNS = ["line_number", "event_at", "callid", "queue", "agent", "event", "data"]


def parse(*lines: str, zone: str | None = LONDON) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, int]]:
    parsed = QueueLogReader(zone).parse(Lines.of(lines), first_line=1)
    assert parsed.line_count == parsed.rows.height + parsed.rejects.height + sum(parsed.ignored.values()) == len(lines)
    return parsed.rows.to_dicts(), parsed.rejects.to_dicts(), dict(parsed.ignored)


def one(line: str, zone: str | None = LONDON) -> dict[str, Any]:
    (row,), rejects, _ = parse(line, zone=zone)
    assert rejects == []
    return row


def reason(line: str, zone: str | None = LONDON) -> str:
    rows, (reject,), _ = parse(line, zone=zone)
    assert (rows, reject["text"], reject["line_number"]) == ([], line, 1)
    return str(reject["reason"])


def written(fields: list[str], separator: str, quoting: Any) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, quoting=quoting, lineterminator="").writerow(fields)
    return text.getvalue()


def exported(line: str, number: int, zone: str, separator: str = ",", quoting: Any = csv.QUOTE_ALL) -> str:
    """The row that Asterisk would have put into the table for a line of the file: the fifth column takes the rest."""
    epoch, *four, data = line.split("|", 5)
    local = datetime.fromtimestamp(int(epoch), ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S.123456")
    parameters = data.split("|", 4)
    return written([str(number), local, *four, *parameters, *[""] * (5 - len(parameters))], separator, quoting)


def sample_lines() -> list[str]:
    lines = [line for path in sorted(SAMPLE.iterdir()) for line in path.read_text().splitlines()]
    assert len(lines) == 1862
    return lines


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_a_table_export_of_the_sample_gives_the_rows_of_the_file(separator: str, quoting: Any, zone: str) -> None:
    lines = sample_lines()
    export = [exported(line, number, zone, separator, quoting) for number, line in enumerate(lines, start=1)]
    from_file = QueueLogReader().parse(Lines.of(lines), 1)
    from_table = QueueLogReader(zone).parse(Lines.of(export), 1)
    assert from_table.rejects.to_dicts() == []
    assert from_table.rows.select(FILE_COLUMNS).equals(from_file.rows.select(FILE_COLUMNS))
    assert from_file.rows["event_local"].null_count() == from_table.rows["event_local"].count() == len(lines)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters='\n\r\x00|\\"'), max_size=8)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.tuples(TEXT, TEXT, TEXT, TEXT), st.sampled_from([",", ";", "\t"]))
def test_names_of_any_characters_are_the_same_from_file_and_table(
    names: tuple[str, str, str, str], separator: str
) -> None:
    queue, agent, first, second = names
    line = f"1772452800|1.1|{queue}|{agent}|PAUSE|{first}|{second}x"
    row = one(exported(line, 1, "UTC", separator), "UTC")
    assert (row["queue"], row["agent"], row["data"]) == (queue, agent, f"{first}|{second}x")


def test_microseconds_stay_in_the_local_time_and_the_event_is_of_the_files_second() -> None:
    row = one("7,2026-07-02 13:00:00.987654,1.1,q,Ann,CONNECT,7,1.2,3,,")
    assert row["event_at"] == datetime(2026, 7, 2, 12, tzinfo=UTC)
    assert row["event_local"] == datetime(2026, 7, 2, 13, 0, 0, 987654)  # noqa: DTZ001 - the table states no zone


def test_link_has_its_call_time_and_position_in_the_fifth_column() -> None:
    row = one("7,2026-03-02 12:00:00,1.1,q,Ann,ATTENDEDTRANSFER,LINK,SIP/a,SIP/b,7,40|1")
    assert row["data"] == "LINK|SIP/a|SIP/b|7|40|1"


LAYOUTS = [
    ("7,{t},1.1,q,Ann,CONNECT,7,1.2,3,,", "7|1.2|3"),
    ("{t},1.1,q,Ann,CONNECT,7,1.2,3,,", "7|1.2|3"),
    ("7,{t},1.1,q,Ann,CONNECT,7|1.2|3", "7|1.2|3"),
    ("{t},1.1,q,Ann,CONNECT,7|1.2|3", "7|1.2|3"),
    ("7,{t},1.1,q,Ann,CONNECT,,7,1.2,3,,", "7|1.2|3"),
    ("7,{t},1.1,q,Ann,CONNECT,7|1.2|3,,,,,", "7|1.2|3"),
    ("7,{t},1.1,q,pbx1,Ann,CONNECT,7,1.2,3,,", "7|1.2|3"),
    ("{t},1.1,q,,Ann,CONNECT,7,1.2,3,,", "7|1.2|3"),
    ("7,{t},1.1,q,,Ann,CONNECT,7,1.2,3,,,2026-03-02 12:00:01", "7|1.2|3"),
    ("7,{t},1.1,q,Ann,CONNECT,7,1.2,3,\\N,NULL", "7|1.2|3"),
    ("7,{t},1.1,q,Ann,PAUSE,,,,,", ""),
    ("7,{t},1.1,q,Ann,PAUSE", ""),
    ("7,{t},1.1,q,NONE,ENTERQUEUE,,07,1,,", "|07|1"),
]


@pytest.mark.parametrize(("line", "data"), LAYOUTS)
def test_each_layout_of_the_table(line: str, data: str) -> None:
    row = one(line.format(t="2026-03-02 12:00:00.5"))
    assert (row["event_at"], row["callid"], row["queue"], row["data"]) == (NOON, "1.1", "q", data)
    assert row["agent"] == ("NONE" if row["event"] == "ENTERQUEUE" else "Ann")


TIMES = [
    "2026-03-02T12:00:00",
    "2026-03-02 12:00:00.123456+00",
    "2026-03-02 17:30:00+05:30",
    "2026-03-02 07:00:00-0500",
]


@pytest.mark.parametrize("time", [*TIMES, "2026-03-02T12:00:00Z", "1772452800"])
def test_each_way_to_write_the_time(time: str) -> None:
    assert one(f"7,{time},NONE,q,Ann,PAUSE,x")["event_at"] == NOON


def test_a_time_that_states_its_instant_needs_no_zone_and_a_local_one_does() -> None:
    assert one("7,2026-03-02 12:00:00+00,NONE,q,Ann,PAUSE,x", zone=None)["event_at"] == NOON
    assert one("7,1772452800,NONE,q,Ann,PAUSE,x", zone=None)["event_local"] is None
    assert "no time zone" in reason("7,2026-03-02 12:00:00,NONE,q,Ann,PAUSE,x", zone=None)


HEADERS = [
    ",".join(NAMES),
    "\ufeff" + ",".join(f'"{name}"' for name in NAMES),
    ";".join(name.upper() for name in NAMES),
    "\t".join(NAMES[1:]),
    "id,time,callid,queuename,serverid,agent,event,data1,data2,data3,data4,data5,created",
    "time,callid,queuename,agent,event,data",
]


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_is_passed_over_and_counted(header: str) -> None:
    assert parse(header, "1772452800|1.1|q|NONE|ABANDON|1|1|9")[2] == {"header": 1}


def test_a_header_in_another_order_is_refused() -> None:
    assert "header" in reason("id,time,queuename,callid,agent,event,data1,data2,data3,data4,data5")


def test_rows_of_the_table_and_lines_of_the_file_in_one_file_keep_their_places() -> None:
    rows, rejects, ignored = parse(
        ",".join(NAMES), "junk", "1772452800|1.1|q|NONE|ABANDON|1|1|9",
        "8;2026-03-02 12:00:00;1.1;q;NONE;ABANDON;1;1;9;;", "", "9\t2026-03-02 12:00:00\t1.1\tq\tNONE\tWALTZ",
    )  # fmt: skip
    assert [(row["line_number"], row["data"]) for row in rows] == [(3, "1|1|9"), (4, "1|1|9")]
    assert [reject["line_number"] for reject in rejects] == [2, 6]
    assert ignored == {"header": 1, "blank": 1}


REFUSED = [
    ("7,02/03/2026 12:00,1.1,q,Ann,PAUSE,x", "YYYY-MM-DD"),
    ("7,2026-02-30 12:00:00,1.1,q,Ann,PAUSE,x", "calendar"),
    ("7,2026-03-02 12:00:00,1.1,q,Ann,WALTZ,x", "unknown event"),
    ("7,2026-03-02 12:00:00,q,1772452799.1,Ann,PAUSE,x", "uniqueid in the column of the queue"),
    ("7,2026-03-02 12:00:00,1.1,q,Ann,CONNECT,7|1.2|3,7,1.2,3,,", "both in data"),
    ("7,2026-03-02 12:00:00,1.1,q,Ann,CONNECT,7,1.2,3,,,,", "more columns"),
    ('7,2026-03-02 12:00:00,1.1,q,"Ann \\"A\\"",PAUSE,x', "quote"),
    ('7,2026-03-02 12:00:00,1.1,q,"Ann,PAUSE,x', "quote"),
    ("12345,2026-03-02,33.5,paid,GBP,web", "YYYY-MM-DD"),
]


@pytest.mark.parametrize(("line", "words"), REFUSED)
def test_what_is_no_row_of_the_table_is_refused_with_its_reason(line: str, words: str) -> None:
    assert words in reason(line)


AUTUMN = datetime(2026, 10, 25, tzinfo=UTC)  # London's clocks go back at 01:00 UTC, from 02:00 to 01:00


@pytest.mark.parametrize("minute", [0, 10, 59])
@pytest.mark.parametrize("hour", [0, 1])
def test_in_the_repeated_hour_the_channels_id_tells_which_of_the_two_is_meant(hour: int, minute: int) -> None:
    event_at = AUTUMN + timedelta(hours=hour, minutes=minute)
    created = int(event_at.timestamp()) - 45
    line = f"{int(event_at.timestamp())}|pbx-1-{created}.7|q|NONE|ABANDON|1|1|45"
    assert one(exported(line, 1, LONDON))["event_at"] == event_at


@pytest.mark.parametrize("callid", ["NONE", "MANAGER", "wrap-up", "1234567.1", "1500000000.1"])
def test_in_the_repeated_hour_an_event_without_such_an_id_is_of_the_second_pass(callid: str) -> None:
    row = one(f"7,2026-10-25 01:30:00.25,{callid},q,Ann,PAUSE,x")
    assert row["event_at"] == AUTUMN + timedelta(hours=1, minutes=30)


def test_a_call_over_the_repeated_hour_keeps_its_order() -> None:
    first = int((AUTUMN + timedelta(minutes=55)).timestamp())
    steps = [(0, "ENTERQUEUE"), (240, "CONNECT"), (900, "COMPLETECALLER"), (3400, "INFO")]
    lines = [f"{first + s}|{first}.1|q|Ann|{event}|1" for s, event in steps]
    rows, _, _ = parse(*(exported(line, n, LONDON) for n, line in enumerate(lines)))
    assert [int(row["event_at"].timestamp()) - first for row in rows] == [0, 240, 900, 3400]


def test_a_local_time_that_the_clocks_skip_is_refused() -> None:
    assert "skip" in reason("7,2026-03-29 01:30:00,NONE,q,Ann,PAUSE,x")
    assert one("7,2026-03-29 01:30:00,NONE,q,Ann,PAUSE,x", "UTC")["event_at"].hour == 1


def test_times_just_outside_the_repeated_hour_are_plain() -> None:
    found = [one(f"7,2026-10-25 {time},NONE,q,Ann,PAUSE,x")["event_at"] for time in ("00:59:59.9", "02:00:00.0")]
    assert found == [AUTUMN - timedelta(seconds=1), AUTUMN + timedelta(hours=2)]


def test_an_event_that_came_by_file_and_by_table_is_one_and_the_other_a_duplicate(centre: Any) -> None:
    lines = ["1772452800|1.1|q|NONE|ENTERQUEUE||07|1", "1772452807|1.1|q|Ann|CONNECT|7|1.2|3"]
    lines += ["1772452847|1.1|q|Ann|ATTENDEDTRANSFER|LINK|SIP/a|SIP/b|7|40|1"]
    rows = [exported(line, n, "UTC").replace(".123456", ".123456+00") for n, line in enumerate(lines)]
    centre.land("asterisk_queue_log", "table.csv", "\n".join([",".join(NAMES), *rows]) + "\n")
    centre.run()
    centre.land("asterisk_queue_log", "queue_log", "\n".join(lines) + "\n")
    centre.run()
    assert centre.rows("select event, segment_id from staging.asterisk_queue_log order by event_at") == [
        ("ENTERQUEUE", 1), ("CONNECT", 1), ("ATTENDEDTRANSFER", 1),
    ]  # fmt: skip
    assert centre.rows("select outcome, wait_s, talk_s from core.queue_visits") == [("answered", 7.0, 40.0)]
    ledger = "select sum(line_count), sum(row_count), sum(duplicate_count), sum(ignored_count) from meta.source_files"
    assert centre.rows(ledger) == [(7, 3, 3, 1)]
