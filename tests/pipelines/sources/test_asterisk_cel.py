from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.sources.asterisk_cel import CelReader
from pipelines.sources.lines import Lines

REST = (
    '"Zoë","+447946000037","+447946000037","","8003","8003","inbound","Local/8003@in-1;2","Queue","std,tTc","3","",'
    '"1.3","1.2","","","","{""a"":1}"'
)


def parse(*lines: str) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    parsed = CelReader().parse(Lines.of(lines), first_line=1)
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


def test_the_shared_sample_is_time_first_and_read_whole(shared_file: Callable[[str], Path]) -> None:
    lines = shared_file("asterisk_live/Master_cel.csv").read_text().splitlines()
    parsed = CelReader().parse(Lines.of(lines), first_line=1)
    assert (parsed.rows.height, parsed.rejects.height) == (10_001, 0)
    assert parsed.rows["event_at"].null_count() == 10_001
    assert parsed.rows["event_local"].null_count() == 0
    assert str(parsed.rows["event_local"][0]) == "2026-11-22 03:57:39.660509"


def test_the_same_events_in_both_orders_are_the_same_rows(shared_file: Callable[[str], Path]) -> None:
    lines = shared_file("asterisk_live/Master_cel.csv").read_text().splitlines()
    turned = [f"{kind},{time},{rest}" for time, kind, rest in (line.split(",", 2) for line in lines)]
    rows = [CelReader().parse(Lines.of(some), first_line=1).rows for some in (lines, turned)]
    assert rows[0].equals(rows[1])


def test_details_in_json_keep_their_quotes_commas_and_scripts() -> None:
    details = {"hangupcause": 16, "hangupsource": 'SIP/"a", b', "name": "王"}
    text = json.dumps(details, ensure_ascii=False)
    head = REST[: REST.rindex(',"{')]
    quoted = text.replace('"', '""')
    (row,), _ = parse(f'"HANGUP","1795319860.5",{head},"{quoted}"')
    assert json.loads(str(row["extra_json"])) == details


@pytest.mark.parametrize(
    ("time", "microsecond"), [("1795319860", 0), ("1795319860.000001", 1), ("1795319860.999999", 999_999)]
)
def test_an_epoch_with_and_without_microseconds_is_exact(time: str, microsecond: int) -> None:
    (row,), _ = parse(f'"APP_START","{time}",{REST}')
    assert row["event_at"] == datetime(2026, 11, 22, 3, 57, 40, microsecond, tzinfo=UTC)


def test_an_older_version_without_its_last_columns_is_read() -> None:
    (row,), _ = parse(f'"APP_START","1795319860.5",{REST[: REST.index(chr(34) + "1.2")]}"1.2"')
    assert (row["linkedid"], row["bridge_peer"], row["extra_json"]) == ("1.2", None, None)


@pytest.mark.parametrize("header", ["eventtype,eventtime,cidname,cidnum", '"EventTime","EventType","cid name"'])
def test_a_header_is_passed_over_and_counted(header: str) -> None:
    parsed = CelReader().parse(Lines.of([header, f'"APP_START","1795319860.5",{REST}']), first_line=1)
    assert (dict(parsed.ignored), parsed.rows["line_number"].to_list()) == ({"header": 1}, [2])
