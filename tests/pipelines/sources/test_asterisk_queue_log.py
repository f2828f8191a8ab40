from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from pipelines.sources.asterisk_queue_log import EVENTS, QueueLogReader


def parse(*lines: str) -> tuple[list[dict[str, object]], list[dict[str, object]], dict[str, int]]:
    parsed = QueueLogReader().parse(pl.Series("line", lines, dtype=pl.String), first_line=10)
    assert parsed.line_count == parsed.rows.height + parsed.rejects.height + sum(parsed.ignored.values()) == len(lines)
    return parsed.rows.to_dicts(), parsed.rejects.to_dicts(), dict(parsed.ignored)


def test_the_five_first_fields_and_the_rest_as_written() -> None:
    rows, _, _ = parse("1795319860|1795319859.3|std|Carol Clark|COMPLETECALLER|2|34|1")
    assert rows == [
        {
            "line_number": 10,
            "event_at": datetime(2026, 11, 22, 3, 57, 40, tzinfo=UTC),
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
    names = ["王小明", "Zoë Müller", 'Frank "Frankie"', "Robert'); DROP TABLE x;--", "=1+1", "a,b"]
    rows, _, _ = parse(*(f"1795319860|1.1|std|{name}|CONNECT|1|1.2|1" for name in names))
    assert [row["agent"] for row in rows] == names
