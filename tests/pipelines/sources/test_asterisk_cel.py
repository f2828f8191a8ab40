from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from pipelines.sources.asterisk_cel import CelReader

REST = (
    '"Zoë","+447946000037","+447946000037","","8003","8003","inbound","Local/8003@in-1;2","Queue","std,tTc","3","",'
    '"1.3","1.2","","","","{""a"":1}"'
)


def parse(*lines: str) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    parsed = CelReader().parse(pl.Series("line", lines, dtype=pl.String), first_line=1)
    assert parsed.line_count == parsed.rows.height + parsed.rejects.height + sum(parsed.ignored.values()) == len(lines)
    return parsed.rows.to_dicts(), parsed.rejects.to_dicts()


@pytest.mark.parametrize("head", ['"APP_START","1795319860.123457"', '"1795319860.123457","APP_START"'])
def test_event_first_and_time_first_are_both_read(head: str) -> None:
    (row,), _ = parse(f"{head},{REST}")
    assert row["event_type"] == "APP_START"
    assert row["event_at"] == datetime(2026, 11, 22, 3, 57, 40, 123457, tzinfo=UTC)
    assert (row["appname"], row["appdata"]) == ("Queue", "std,tTc")
    assert (row["uniqueid"], row["linkedid"], row["extra_json"]) == ("1.3", "1.2", '{"a":1}')


def test_a_time_without_a_zone_is_local() -> None:
    (row,), _ = parse(f'"2026-11-22 03:57:40.123457","APP_START",{REST}')
    assert row["event_at"] is None
    assert row["event_local"] == datetime(2026, 11, 22, 3, 57, 40, 123457)  # noqa: DTZ001 - the file states no zone


def test_a_short_fraction_is_a_fraction() -> None:
    (row,), _ = parse(f'"APP_START","1795319860.5",{REST}')
    assert row["event_at"] == datetime(2026, 11, 22, 3, 57, 40, 500000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f'"NO_EVENT","1795319860.5",{REST}', "channel event type"),
        (f'"APP_START","yesterday",{REST}', "event time"),
        ('"APP_START","1795319860.5","only","five","fields"', "uniqueid or linkedid"),
        (f'"APP_START","1795319860.5",{REST},"one more"', "more than 20"),
    ],
)
def test_what_is_no_channel_event_is_a_reject(line: str, reason: str) -> None:
    rows, rejects = parse(line)
    assert rows == []
    assert reason in str(rejects[0]["reason"])
