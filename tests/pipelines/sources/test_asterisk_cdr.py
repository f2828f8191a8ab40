from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.sources.asterisk_cdr import CdrReader

FIXED = (
    '"","+447946000037","8003","inbound","""Zoë, M"" <+447946000037>","Local/8003@in-1;2","","Queue","std,tTc,,,120",'
    '"2026-11-22 03:57:39",,"2026-11-22 03:57:51",12,9,"ANSWERED","DOCUMENTATION"'
)
UNIQUEID = '"1795319859.3"'


def parse(*lines: str) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    parsed = CdrReader().parse(pl.Series("line", lines, dtype=pl.String), first_line=1)
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
    parsed = CdrReader().parse(pl.Series("line", lines), first_line=1)
    assert parsed.rows.height == 0
    assert parsed.rejects.height == len(lines) > 100
