"""Rejects: shown, masked, read again; and reading a source anew."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.errors import CallwrightError, SettingsError
from pipelines.ingest import ingest_source, readers
from pipelines.lake import Lake
from pipelines.rejects import find_rejects
from pipelines.reread import forget_rejected, forget_sources
from pipelines.settings import load_settings
from pipelines.sources import asterisk_queue_log as queue_log

LOG, ORDERS = "asterisk_queue_log", "crm_orders"
CSV = "order_id,customer_id,ordered_at,amount\n"
LINES = [
    "1795319860|1.1|std|NONE|ENTERQUEUE||+447946000037|1\n",
    "1795319861|1.1|std|NONE|NEWEVENT|for Zoe|+447946000037\n",
    "1795319862|1.1|std|NONE|ABANDON|1|1|2\n",
    "rubbish of Zoe, +447946000037\n",
    "1795319870|2.1|std|NONE|NEWEVENT\n",
    "1795319871|2.1|std|NONE|ENTERQUEUE||+447946000038|1\n",
]


def ingest(centre: Any) -> None:
    lake = Lake(centre.home.lake, centre.home.landing)
    lake.clear_temporary()
    for reader in readers(load_settings(centre.path), centre.home).values():
        ingest_source(lake, reader, centre.home)


def rows(centre: Any) -> list[tuple[Any, ...]]:
    lake = Lake(centre.home.lake, centre.home.landing)
    frames = [pl.read_parquet(lake.rows_path(s)) for s in lake.all_segments() if s.row_count]
    return sorted((row for f in frames for row in f.drop("segment_id").rows()), key=repr)


def counted(centre: Any) -> tuple[int, int]:
    segments = Lake(centre.home.lake, centre.home.landing).all_segments()
    return sum(s.row_count for s in segments), sum(s.rejected_count for s in segments)


@pytest.fixture
def learn(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda: monkeypatch.setattr(queue_log, "EVENTS", [*queue_log.EVENTS, "NEWEVENT"])


@pytest.fixture
def with_rejects(centre: Any) -> Any:
    centre.land(LOG, "queue_log", "".join(LINES))
    centre.land(ORDERS, "a.csv", CSV + "O1,C1,2026-01-01,5\nO2,C1,yesterday,5\nO3,C1,tomorrow,5\n")
    ingest(centre)
    assert counted(centre) == (4, 5)
    return centre


# --- shown -----------------------------------------------------------------------------------------------


def test_rejects_are_counted_by_reason_and_shown_with_file_and_line(with_rejects: Any) -> None:
    found = find_rejects(with_rejects.home)
    assert found.total == len(found.lines) == 5
    assert [(source, count) for source, _, _, count in found.groups] == [(LOG, 2), (ORDERS, 2), (LOG, 1)]
    assert [line[:3] for line in found.lines] == [
        (LOG, f"{LOG}/queue_log", 2), (LOG, f"{LOG}/queue_log", 4), (LOG, f"{LOG}/queue_log", 5),
        (ORDERS, f"{ORDERS}/a.csv", 3), (ORDERS, f"{ORDERS}/a.csv", 4),
    ]  # fmt: skip


def test_text_is_masked_unless_asked_for(with_rejects: Any) -> None:
    masked = find_rejects(with_rejects.home, reason="fewer than five").lines[0][4]
    assert masked == "xxxxxxx xx xxx, +999999999999"
    plain = find_rejects(with_rejects.home, reason="fewer than five", unmasked=True).lines[0][4]
    assert plain == LINES[3].rstrip()


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"source": ORDERS}, 2),
        ({"file": "a.csv"}, 2),
        ({"file": f"{LOG}/queue_log"}, 3),
        ({"file": "queue*"}, 3),
        ({"reason": "UNKNOWN event"}, 2),
        ({"source": ORDERS, "reason": "unknown event"}, 0),
        ({"limit": 1}, 1),
    ],
)
def test_rejects_are_chosen_by_source_file_and_reason(with_rejects: Any, wanted: dict[str, Any], count: int) -> None:
    assert len(find_rejects(with_rejects.home, **wanted).lines) == count


def test_the_command_prints_groups_first_json_and_csv(with_rejects: Any) -> None:
    def invoke(*options: str) -> str:
        done = CliRunner().invoke(app, ["rejects", "--home", str(with_rejects.path), *options])
        assert done.exit_code == 0, done.output
        return done.stdout

    text = invoke("--limit", "2")
    assert text.index("5 rejects") < text.index("line_number")
    assert "447946" not in text
    found = json.loads(invoke("--json", "--source", ORDERS))
    assert (found["total"], len(found["groups"]), len(found["rejects"])) == (2, 1, 2)
    assert found["rejects"][0]["line_number"] == 3
    lines = invoke("--csv", "--limit", "0").splitlines()
    assert lines[0] == "source,file,line_number,reason,text"
    assert len(lines) == 6
    assert "+447946000037" in invoke("--csv", "--unmasked")


def test_a_home_without_rejects_says_so(centre: Any) -> None:
    assert find_rejects(centre.home).total == 0
    done = CliRunner().invoke(app, ["rejects", "--home", str(centre.path)])
    assert (done.exit_code, done.stdout.strip()) == (0, "no rejects")


# --- read again ------------------------------------------------------------------------------------------


def fresh(make_centre: Any, path: Path, *lands: tuple[str, str, bytes | str]) -> Any:
    """A home that read everything right at first."""
    centre = make_centre(path)
    for source, name, content in lands:
        centre.land(source, name, content)
    ingest(centre)
    return centre


def test_a_retry_gives_what_a_first_reading_would_have_given(
    with_rejects: Any, make_centre: Any, tmp_path: Path, learn: Any
) -> None:
    learn()
    files, kept = forget_rejected(with_rejects.home)
    assert (files, kept) == ([f"{LOG}/queue_log", f"{ORDERS}/a.csv"], [])
    ingest(with_rejects)
    orders = (with_rejects.home.landing_of(ORDERS) / "a.csv").read_text()
    right = fresh(make_centre, tmp_path / "right", (LOG, "queue_log", "".join(LINES)), (ORDERS, "a.csv", orders))
    assert rows(with_rejects) == rows(right)
    assert counted(with_rejects) == counted(right) == (6, 3)


@pytest.mark.parametrize("ends", [[2], [1, 4], [2, 3, 5], [1, 2, 3, 4, 5]])
def test_a_log_read_in_parts_rotated_and_packed_is_read_again_whole(
    centre: Any, make_centre: Any, tmp_path: Path, learn: Any, ends: list[int]
) -> None:
    for end in ends:
        centre.land(LOG, "queue_log", "".join(LINES[:end]).rstrip("\n"))
        ingest(centre)
    (centre.home.landing_of(LOG) / "queue_log").unlink()
    centre.land(LOG, "queue_log.1.gz", gzip.compress("".join(LINES).encode()))
    ingest(centre)
    learn()
    assert forget_rejected(centre.home)[1] == []
    ingest(centre)
    right = fresh(make_centre, tmp_path / "right", (LOG, "queue_log", "".join(LINES)))
    assert rows(centre) == rows(right)
    assert counted(centre) == counted(right) == (5, 1)


def test_two_copies_of_a_log_are_read_again_as_one(centre: Any, learn: Any) -> None:
    centre.land(LOG, "a", "".join(LINES))
    centre.land(LOG, "b", "".join(LINES))
    ingest(centre)
    learn()
    forget_rejected(centre.home)
    ingest(centre)
    assert counted(centre) == (5, 1)


def test_rows_of_a_file_that_is_gone_stay_and_the_file_is_named(with_rejects: Any, learn: Any) -> None:
    log = with_rejects.home.landing_of(LOG) / "queue_log"
    log.write_text("".join(LINES[4:]))  # rotated: what stood before is nowhere any more
    before = rows(with_rejects)
    learn()
    files, kept = forget_rejected(with_rejects.home)
    assert (files, kept) == ([f"{ORDERS}/a.csv"], [f"{LOG}/queue_log"])
    ingest(with_rejects)
    assert set(before) - set(rows(with_rejects)) == set()


def test_a_second_retry_changes_nothing(with_rejects: Any) -> None:
    for _ in range(2):
        forget_rejected(with_rejects.home)
        ingest(with_rejects)
        assert counted(with_rejects) == (4, 5)


def test_a_file_in_the_wrong_folder_leaves_no_rejects_once_it_was_moved(centre: Any) -> None:
    text = "".join(LINES[i] for i in (0, 2))
    centre.land("asterisk_cdr", "queue_log", text)
    ingest(centre)
    assert counted(centre) == (0, 2)
    (centre.home.landing_of("asterisk_cdr") / "queue_log").unlink()
    centre.land(LOG, "queue_log", text)
    ingest(centre)
    assert counted(centre) == (2, 2)
    assert forget_rejected(centre.home) == (["asterisk_cdr/queue_log"], [])
    ingest(centre)
    assert counted(centre) == (2, 0)


def test_a_refused_file_is_tried_again(centre: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = centre.land(ORDERS, "a.csv", "id,when\n1,2\n")
    ingest(centre)
    stat = path.stat()
    path.write_text("order_id,c\n"[: stat.st_size])
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # mended, but as large and as old as before
    assert forget_rejected(centre.home) == ([f"{ORDERS}/a.csv"], [])
    assert Lake(centre.home.lake, centre.home.landing).all_segments() == []


# --- a source anew ---------------------------------------------------------------------------------------


def test_a_rebuild_refuses_and_names_files_that_are_gone_and_changes_nothing(with_rejects: Any) -> None:
    (with_rejects.home.landing_of(ORDERS) / "a.csv").unlink()
    before = rows(with_rejects)
    with pytest.raises(CallwrightError, match=f"{ORDERS}/a.csv") as caught:
        forget_sources(with_rejects.home, [ORDERS])
    assert "--forget-missing" in (caught.value.hint or "")
    assert rows(with_rejects) == before
    forget_sources(with_rejects.home, [ORDERS], forget_missing=True)
    ingest(with_rejects)
    assert counted(with_rejects) == (3, 3)


def test_a_rebuild_takes_renamed_packed_and_mended_files_for_present(with_rejects: Any) -> None:
    log = with_rejects.home.landing_of(LOG) / "queue_log"
    with_rejects.land(LOG, "queue_log.1.gz", gzip.compress(log.read_bytes()))
    log.unlink()
    orders = with_rejects.home.landing_of(ORDERS) / "a.csv"
    orders.write_text(orders.read_text().replace("yesterday", "2026-01-02"))
    forget_sources(with_rejects.home, [LOG, ORDERS])
    ingest(with_rejects)
    assert counted(with_rejects) == (5, 4)


def test_a_rebuild_refuses_when_a_log_was_rotated_away(with_rejects: Any) -> None:
    (with_rejects.home.landing_of(LOG) / "queue_log").write_text(LINES[5])
    with pytest.raises(CallwrightError, match=f"{LOG}/queue_log"):
        forget_sources(with_rejects.home, [LOG])


def test_a_rebuild_of_no_source_is_a_usage_error(centre: Any) -> None:
    with pytest.raises(SettingsError, match="there is no source nothing"):
        forget_sources(centre.home, ["nothing"])
