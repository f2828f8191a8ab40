from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import SettingsError
from pipelines.ingest import ingest_source, new_files, readers, unclaimed_folders
from pipelines.lake import Lake
from pipelines.settings import load_settings

LINE = "1795319860|1.1|std|NONE|ABANDON|1|1|9\n"
CSV = "order_id,customer_id,ordered_at,amount\n"


def ingest(centre: Any, source: str) -> Any:
    reader = readers(load_settings(centre.path), centre.home)[source]
    return ingest_source(Lake(centre.home.lake, centre.home.landing), reader, centre.home)


def counts(report: Any) -> tuple[int, int, int, int, int]:
    return report.file_count, report.line_count, report.row_count, report.rejected_count, report.ignored_count


def segments(centre: Any) -> list[Any]:
    return Lake(centre.home.lake, centre.home.landing).all_segments()


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_gzip_is_named_and_the_other_files_are_read(centre: Any, damage: str) -> None:
    packed = bytearray(gzip.compress((LINE * 500).encode()))
    packed = packed[:-20] if damage == "cut" else packed[:30] + bytes([packed[30] ^ 0xFF]) + packed[31:]
    centre.land("asterisk_queue_log", "a.gz", bytes(packed))
    centre.land("asterisk_queue_log", "b", LINE)
    report = ingest(centre, "asterisk_queue_log")
    assert report.row_count == 1
    assert len(report.problems) == 1
    assert report.problems[0].startswith("asterisk_queue_log/a.gz: ")
    refused = next(s for s in segments(centre) if s.file.endswith("a.gz"))
    assert refused.problem
    assert (refused.rejected_count, refused.row_count) == (1, 0)


def test_a_refused_file_is_not_tried_again_until_it_changes(centre: Any) -> None:
    whole = gzip.compress(LINE.encode())
    centre.land("asterisk_queue_log", "a.gz", whole[:-6])
    assert len(ingest(centre, "asterisk_queue_log").problems) == 1
    assert ingest(centre, "asterisk_queue_log").file_count == 0
    centre.land("asterisk_queue_log", "a.gz", whole)
    assert counts(ingest(centre, "asterisk_queue_log")) == (1, 1, 1, 0, 0)


def test_the_same_export_under_another_name_gives_nothing_new(centre: Any) -> None:
    text = CSV + "O1,C1,2026-01-01,5\n"
    centre.land("crm_orders", "a.csv", text)
    centre.land("crm_orders", "b/again.csv.gz", gzip.compress(text.encode()))
    assert counts(ingest(centre, "crm_orders")) == (2, 1, 1, 0, 0)
    assert [s.copied_line_count for s in segments(centre)] == [0, 1]


def test_a_table_without_its_required_columns_is_refused_and_the_others_are_read(centre: Any) -> None:
    centre.land("crm_orders", "a.csv", "id,when\n1,2\n")
    centre.land("crm_orders", "b.csv", CSV + "O1,C1,2026-01-01,5\n")
    report = ingest(centre, "crm_orders")
    assert report.row_count == 1
    assert "required column missing: order_id" in report.problems[0]


def test_other_settings_read_a_custom_source_again(centre: Any) -> None:
    section = '\n[sources.acd]\nkind = "calls"\nformat = "csv"\nsql = "sources/acd.sql"\n'
    centre.write("callwright.toml", centre.home.settings_path.read_text() + section)
    centre.write("sources/acd.sql", "select id as source_contact_id, at as arrived_at from input")
    centre.land("acd", "a.csv", "id,at\n1,2026-01-01 10:00:00\n")
    assert ingest(centre, "acd").row_count == 1
    assert ingest(centre, "acd").file_count == 0
    centre.write("sources/acd.sql", "select id as source_contact_id, at as arrived_at, 'chat' as channel from input")
    assert ingest(centre, "acd").row_count == 1


def test_a_missing_sql_file_of_a_custom_source_is_a_settings_error(centre: Any) -> None:
    section = '\n[sources.acd]\nkind = "calls"\nformat = "csv"\nsql = "sources/acd.sql"\n'
    centre.write("callwright.toml", centre.home.settings_path.read_text() + section)
    with pytest.raises(SettingsError, match=r"sources\.acd\] sql|sources\.acd\.sql"):
        ingest(centre, "acd")


def test_folders_that_no_source_claims_are_named(centre: Any) -> None:
    centre.land("asterisk_queue_logs", "a", LINE)
    (centre.home.landing / "empty").mkdir()
    known = readers(load_settings(centre.path), centre.home)
    assert unclaimed_folders(centre.home, known) == ["asterisk_queue_logs"]


def test_landed_files_are_never_changed(centre: Any) -> None:
    path = centre.land("asterisk_queue_log", "a", LINE + "rubbish")
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    ingest(centre, "asterisk_queue_log")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_new_files_are_those_not_known_as_they_stand(centre: Any) -> None:
    reader = readers(load_settings(centre.path), centre.home)["asterisk_queue_log"]
    path = centre.land("asterisk_queue_log", "a", LINE)
    assert new_files(Lake(centre.home.lake, centre.home.landing), reader, centre.home) == [path]
    ingest(centre, "asterisk_queue_log")
    assert new_files(Lake(centre.home.lake, centre.home.landing), reader, centre.home) == []


def test_scores_csv_beside_the_cdrs_is_refused(centre: Any, shared_file: Callable[[str], Path]) -> None:
    content = shared_file("asterisk_live/Scores.csv").read_bytes()
    centre.land("asterisk_cdr", "Master.csv", content)
    report = ingest(centre, "asterisk_cdr")
    assert report.row_count == 0
    assert report.rejected_count == report.line_count == len(content.splitlines())
