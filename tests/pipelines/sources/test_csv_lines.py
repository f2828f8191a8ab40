from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.csv_lines import split_records
from pipelines.sources.lines import Lines

FIELDS = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x00"), max_size=6)
RECORDS = st.lists(st.lists(FIELDS, min_size=1, max_size=5), min_size=1, max_size=8)


def split(*lines: str, width: int = 3) -> list[tuple[object, ...]]:
    return split_records(Lines.of(lines), width).rows()


def test_quotes_commas_and_missing_fields() -> None:
    assert split('"a,b","say ""hi""",3', "1,2", '"",,x') == [
        ("a,b", 'say "hi"', "3", None),
        ("1", "2", None, None),
        (None, None, "x", None),
    ]


def test_what_stands_beyond_the_width_is_extra() -> None:
    assert split("1,2,3,4")[0][3] is not None


def test_an_unbalanced_quote_spoils_its_own_line_only() -> None:
    rows = split("1,2,3", '"open,2,3', "4,5,6", '7,"8,9', "a,b,c")
    assert (rows[0], rows[2], rows[4]) == (("1", "2", "3", None), ("4", "5", "6", None), ("a", "b", "c", None))


def test_a_blank_line_keeps_its_place() -> None:
    assert split("1,2,3", "", "4,5,6")[2] == ("4", "5", "6", None)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(RECORDS)
def test_each_line_is_the_record_that_was_written_whatever_its_neighbours(records: list[list[str]]) -> None:
    lines = []
    for record in records:
        text = io.StringIO()
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="").writerow(record)
        lines.append(text.getvalue())
    expected = [tuple([value or None for value in record] + [None] * (6 - len(record))) for record in records]
    assert split(*lines, width=5) == expected
