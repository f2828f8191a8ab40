from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.sources.asterisk_cdr import CdrReader
from pipelines.sources.lines import Lines

FIXED = (
    '"","+447946000037","8003","inbound","""Zoë, M"" <+447946000037>","Local/8003@in-1;2","","Queue","std,tTc,,,120",'
    '"2026-11-22 03:57:39",,"2026-11-22 03:57:51",12,9,"ANSWERED","DOCUMENTATION"'
)
UNIQUEID = '"1795319859.3"'


def ignored(*lines: str) -> dict[str, int]:
    return dict(CdrReader().parse(Lines.of(lines), first_line=1).ignored)


def parse(*lines: str) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    parsed = CdrReader().parse(Lines.of(lines), first_line=1)
    assert parsed.line_count == parsed.rows.height + parsed.rejects.height + sum(parsed.ignored.values()) == len(lines)
    return parsed.rows.to_dicts(), parsed.rejects.to_dicts()


def test_a_record_by_the_order_of_cdr_csv() -> None:
    (row,), _ = parse(FIXED)
    assert row["src"] == "+447946000037"
    assert row["clid"] == '"Zoë, M" <+447946000037>'
    assert (row["lastapp"], row["lastdata"]) == ("Queue", "std,tTc,,,120")
    assert row["start_local"] == datetime(2026, 11, 22, 3, 57, 39)  # noqa: DTZ001 - the file states no zone
    assert row["answer_local"] is None
    assert (row["duration_s"], row["billsec_s"], row["disposition"]) == (12, 9, "ANSWERED")


LATE = [
    (16, "", (None, None, None, None, None)),
    (17, UNIQUEID, ("1795319859.3", None, None, None, None)),
    (17, '"pbx1-1795319859.3"', ("pbx1-1795319859.3", None, None, None, None)),
    (17, '"ref 1234"', (None, "ref 1234", None, None, None)),
    (18, f'{UNIQUEID},"note"', ("1795319859.3", "note", None, None, None)),
    (19, '"acc","1795319859.2",7', (None, None, "acc", "1795319859.2", 7)),
    (20, f'{UNIQUEID},"acc","1795319859.2",7', ("1795319859.3", None, "acc", "1795319859.2", 7)),
    (20, '"note","acc","1795319859.2",7', (None, "note", "acc", "1795319859.2", 7)),
    (21, f'{UNIQUEID},"note","acc","1795319859.2",7', ("1795319859.3", "note", "acc", "1795319859.2", 7)),
    (21, f'{UNIQUEID},"","","1795319859.2",7', ("1795319859.3", None, None, "1795319859.2", 7)),
]


@pytest.mark.parametrize(("width", "late", "expected"), LATE)
def test_16_to_21_columns_are_told_apart(width: int, late: str, expected: tuple[object, ...]) -> None:
    line = f"{FIXED},{late}" if late else FIXED
    (row,), rejects = parse(line)
    assert rejects == []
    assert tuple(row[c] for c in ("uniqueid", "userfield", "peeraccount", "linkedid", "sequence")) == expected
    assert row["src"] == "+447946000037", f"{width} columns"


def test_records_of_different_widths_in_one_file() -> None:
    rows, rejects = parse(FIXED, f"{FIXED},{UNIQUEID}", f'{FIXED},{UNIQUEID},"","","1.2",3')
    assert [row["uniqueid"] for row in rows] == [None, "1795319859.3", "1795319859.3"]
    assert rejects == []


@pytest.mark.parametrize(
    "line",
    [
        '"Zoë <07>","07","8003","inbound","SIP/1","","Queue","std","2026-11-22 03:57:39","","2026-11-22 03:57:51","12"',
        FIXED.replace("ANSWERED", "OK"),
        FIXED.replace("2026-11-22 03:57:39", "22/11/2026 03:57"),
        f"{FIXED},{UNIQUEID},1,2,3,4,5,6",
        f'{FIXED},{UNIQUEID},"note","acc","1.2","not a number"',
        FIXED.replace(',,"2026-11-22 03:57:51"', ',"03:57 am","2026-11-22 03:57:51"'),
        FIXED.replace(",12,9,", ",12,nine,"),
        FIXED.replace(",12,9,", ",12.5,9,"),
        FIXED.replace(",", ";"),
        '{"src": "07", "start": "2026-11-22 03:57:39"}',
        "\x00\x01\x02",
    ],
)
def test_any_other_layout_is_refused_never_misread(line: str) -> None:
    rows, rejects = parse(line)
    assert rows == []
    assert rejects[0]["text"] == line
    assert rejects[0]["reason"]


def test_scores_csv_of_cdr_custom_is_refused_line_by_line(shared_file: Callable[[str], Path]) -> None:
    lines = shared_file("asterisk_live/Scores.csv").read_text().splitlines()
    parsed = CdrReader().parse(Lines.of(lines), first_line=1)
    assert parsed.rows.height == 0
    assert parsed.rejects.height == len(lines) > 100


def test_scores_csv_says_why(shared_file: Callable[[str], Path]) -> None:
    line = shared_file("asterisk_live/Scores.csv").read_text().splitlines()[0]
    _, (reject,) = parse(line)
    assert "columns 10, 12, 13 and 15 must be start, end, duration, disposition" in str(reject["reason"])


def test_a_zero_date_is_empty_and_a_doubled_quote_is_one() -> None:
    (row,), _ = parse(FIXED)
    assert (row["answer_local"], row["clid"]) == (None, '"Zoë, M" <+447946000037>')


def test_the_same_record_in_the_file_of_an_account_is_a_duplicate(centre: Any) -> None:
    line = f'"sales"{FIXED[2:]},{UNIQUEID},"","","1.2",3\n'
    centre.land("asterisk_cdr", "Master.csv", line)
    centre.land("asterisk_cdr", "sales.csv", line)
    centre.run()
    assert centre.rows("select count(*) from staging.asterisk_cdr") == [(1,)]
    ledger = "select sum(line_count), sum(row_count), sum(duplicate_count) from meta.source_files"
    assert centre.rows(ledger) == [(2, 1, 1)]


ANSWERED = FIXED.replace(',,"2026-11-22 03:57:51"', ',"2026-11-22 03:57:42","2026-11-22 03:57:51"')
MASTER = f'{ANSWERED},{UNIQUEID},"note","acc","1795319859.2",7'
CUSTOM = (
    '"""Zoë, M"" <+447946000037>","+447946000037","8003","inbound","Local/8003@in-1;2","","Queue","std,tTc,,,120",'
    '"2026-11-22 03:57:39","2026-11-22 03:57:42","2026-11-22 03:57:51","12","9","ANSWERED","DOCUMENTATION","",'
    f'{UNIQUEID},"note",7'
)
TABLE = f'{ANSWERED},"note",{UNIQUEID},"1795319859.2","acc",7'
FREEPBX = (
    '"2026-11-22 03:57:39","""Zoë, M"" <+447946000037>","+447946000037","8003","inbound","Local/8003@in-1;2","",'
    f'"Queue","std,tTc,,,120","12","9","ANSWERED","3","",{UNIQUEID},"note","0800","","","","","","","1795319859.2","acc","7"'
)


def test_each_layout_gives_the_record_of_cdr_csv() -> None:
    (master, table, custom, freepbx), rejects = parse(MASTER, TABLE, CUSTOM, FREEPBX)
    assert rejects == []
    assert master["answer_local"] == datetime(2026, 11, 22, 3, 57, 42)  # noqa: DTZ001 - the file states no zone
    assert {**table, "line_number": 1} == master
    assert {**custom, "line_number": 1, "peeraccount": "acc", "linkedid": "1795319859.2"} == master
    assert {**freepbx, "line_number": 1, "amaflags": "DOCUMENTATION"} == master


def test_the_table_without_its_last_columns_has_userfield_before_uniqueid() -> None:
    rows, _ = parse(f'{FIXED},"note",{UNIQUEID}', f'{FIXED},"",{UNIQUEID},"1795319859.2"', f'{FIXED},"",{UNIQUEID}')
    assert [(row["uniqueid"], row["userfield"], row["linkedid"]) for row in rows] == [
        ("1795319859.3", "note", None),
        ("1795319859.3", None, "1795319859.2"),
        ("1795319859.3", None, None),
    ]


def test_a_freepbx_table_without_later_columns_or_with_userfield_first() -> None:
    short = FREEPBX[: FREEPBX.index(f'{UNIQUEID},"note"')]
    rows, _ = parse(f'{short}{UNIQUEID},"note"', f'{short}"note",{UNIQUEID}', f"{short}{UNIQUEID},\\N")
    ids = [(row["uniqueid"], row["userfield"]) for row in rows]
    assert ids == [("1795319859.3", "note"), ("1795319859.3", "note"), ("1795319859.3", None)]


def test_an_unanswered_record_of_freepbx_has_no_answer() -> None:
    (row,), _ = parse(FREEPBX.replace('"12","9","ANSWERED"', '"12","0","NO ANSWER"'))
    assert (row["answer_local"], row["end_local"]) == (None, datetime(2026, 11, 22, 3, 57, 51))  # noqa: DTZ001


def test_a_zero_date_of_a_table_is_no_answer() -> None:
    (row,), _ = parse(TABLE.replace("2026-11-22 03:57:42", "0000-00-00 00:00:00"))
    assert row["answer_local"] is None


@pytest.mark.parametrize(
    "line",
    [
        FREEPBX.replace(UNIQUEID, '"x"'),
        FREEPBX.replace('"7"', '"7","more"'),
        FREEPBX.replace('"7"', '"seven"'),
        FREEPBX.replace('"12"', '"twelve"'),
        CUSTOM.replace(UNIQUEID, '"x"'),
        f'{CUSTOM},"more"',
        TABLE.replace("2026-11-22 03:57:42", "03:57"),
    ],
)
def test_a_layout_that_is_almost_known_is_refused(line: str) -> None:
    rows, (reject,) = parse(line)
    assert (rows, reject["text"]) == ([], line)


HEADER = "accountcode,src,dst,dcontext,clid,channel,dstchannel,lastapp,lastdata,start,answer,end,duration,billsec"


@pytest.mark.parametrize(
    "header",
    [
        f"{HEADER},disposition,amaflags,uniqueid,userfield",
        "\ufeff" + '"' + f"{HEADER},disposition,amaflags,uniqueid".replace(",", '","').upper() + '"',
        "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,billsec,disposition,amaflags,accountcode",
    ],
)
def test_a_header_of_a_known_layout_is_passed_over(header: str) -> None:
    assert ignored(header, FIXED, "") == {"header": 1, "blank": 1}


def test_a_header_in_another_order_is_refused() -> None:
    rows, rejects = parse("src,dst,start,answer,end,duration,billsec,disposition,uniqueid", FIXED)
    assert ([row["line_number"] for row in rows], [reject["line_number"] for reject in rejects]) == ([2], [1])


def test_times_over_midnight_and_both_nights_of_the_clocks_add_up_by_the_lengths(centre: Any) -> None:
    line = '"","07","8003","in","x","SIP/1","","Queue","","{}","{}","{}",{},{},"ANSWERED","D",{}\n'
    calls = [
        ("2026-03-29 00:59:30", "2026-03-29 00:59:40", "2026-03-29 02:00:30", 60, 50, '"1774745970.1"'),
        ("2026-10-25 01:59:30", "2026-10-25 01:59:40", "2026-10-25 01:00:30", 60, 50, '"1792889970.1"'),
        ("2026-12-31 23:59:30", "2026-12-31 23:59:40", "2027-01-01 00:00:30", 60, 50, '"1798761570.1"'),
    ]
    centre.land("asterisk_cdr", "Master.csv", "".join(line.format(*call) for call in calls))
    centre.run()
    found = centre.rows("select started_at, answered_at, ended_at from staging.asterisk_cdr order by 1")
    lengths = [((b - a).total_seconds(), (c - a).total_seconds()) for a, b, c in found]
    assert lengths == [(10.0, 60.0)] * 3
    assert found[0][0] == datetime(2026, 3, 29, 0, 59, 30, tzinfo=UTC)
