"""The forms of what is written, piece by piece; test_pipeline_equals_truth.py reads them all."""

from __future__ import annotations

import csv
import re
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from pipelines.errors import CallwrightError
from pipelines.simulate.writers.files import LandingFiles, settle
from pipelines.simulate.writers.freeswitch import Uuids
from pipelines.simulate.writers.local_stamps import LocalStamps
from pipelines.simulate.writers.tables import CsvTables, plain


def test_file_grows_by_the_day_and_is_there_when_its_month_is_over(tmp_path):
    files = LandingFiles(tmp_path)
    for day in (date(2025, 10, 30), date(2025, 10, 31), date(2025, 11, 1)):
        files.begin_day(day)
        files.add("s", "of-{month}", f"{day}\n", "head\n")
        files.add("s", "of-{day}", "x\n")
        files.end_day()
    assert (tmp_path / "s" / "of-2025-10").read_text() == "head\n2025-10-30\n2025-10-31\n"
    assert {path.name for path in (tmp_path / "s").glob("of*")} == {"of-2025-10", "of-20251030", "of-20251031"}
    files.close()
    assert (tmp_path / "s" / "of-2025-11").read_text() == "head\n2025-11-01\n"
    assert list((tmp_path / "s").glob(".*")) == []


def test_draft_of_an_interrupted_simulation_is_not_gone_on_with(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / ".a.part").write_text("left behind")
    files = LandingFiles(tmp_path)
    files.add("s", "a", "new\n")
    files.close()
    assert (tmp_path / "s" / "a").read_text() == "new\n"


@pytest.mark.parametrize("there, is_kept", [("abc", True), ("ab", False)])
def test_file_that_is_the_same_stays_and_a_shorter_one_grows(tmp_path, there, is_kept):
    (tmp_path / "place").write_text(there)
    (tmp_path / "draft").write_text("abc")
    stamp = (tmp_path / "place").stat().st_ino
    settle(tmp_path / "draft", tmp_path / "place")
    assert (tmp_path / "place").read_text() == "abc"
    assert ((tmp_path / "place").stat().st_ino == stamp) == is_kept
    assert not (tmp_path / "draft").exists()


@pytest.mark.parametrize("there", ["abd", "abcd", "x"])
def test_file_that_says_something_else_is_never_replaced(tmp_path, there):
    (tmp_path / "place").write_text(there)
    (tmp_path / "draft").write_text("abc")
    with pytest.raises(CallwrightError, match="not what this simulation wrote"):
        settle(tmp_path / "draft", tmp_path / "place")
    assert (tmp_path / "place").read_text() == there


def test_tables_have_their_columns_whatever_a_row_has(tmp_path):
    files = LandingFiles(tmp_path)
    files.begin_day(date(2025, 10, 1))
    tables = CsvTables(files)
    tables.write("crm_orders", [{"order_id": "O1", "amount": 12.5, "status": None}, {"order_id": 'a,"b', "margin": 1}])
    with pytest.raises(ValueError, match="crm_orders has no column ammount"):
        tables.write("crm_orders", [{"ammount": 1}])
    files.close()
    with (tmp_path / "crm_orders" / "crm_orders-2025-10.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["order_id"], row["amount"], row["margin"], row["status"]) for row in rows] == [
        ("O1", "12.5", "", ""),
        ('a,"b', "", "1", ""),
    ]


def test_values_are_written_in_utc_and_plain():
    china = timezone(timedelta(hours=8))
    assert plain(datetime(2026, 3, 2, 20, 0, 1, tzinfo=china)) == "2026-03-02T12:00:01Z"
    assert [plain(value) for value in (True, False, None, 3, "x")] == ["true", "false", "", 3, "x"]
    with pytest.raises(ValueError, match="has no zone"):
        plain(datetime(2026, 3, 2))  # noqa: DTZ001 - that is what is refused


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "Asia/Kolkata", "Asia/Shanghai"])
def test_stamps_are_those_of_the_wall_clock(zone):
    stamps, begin = LocalStamps(ZoneInfo(zone)), int(datetime(2025, 10, 26, tzinfo=UTC).timestamp())
    for at in range(begin - 7200, begin + 14_400, 599):
        assert stamps.text(at) == datetime.fromtimestamp(at, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


def test_uuids_are_random_ones_and_the_same_for_the_same_seed():
    first, again = Uuids(1, "x"), Uuids(1, "x")
    found = [first.next() for _ in range(5000)]
    assert found == [again.next() for _ in range(5000)]
    assert len(set(found)) == 5000
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", u) for u in found)
