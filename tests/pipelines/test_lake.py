from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.lake import Lake, Segment, ingest_lines, line_config
from pipelines.landing import landed_files
from pipelines.sources.asterisk_queue_log import QueueLogReader
from pipelines.sources.lines import BLOCK_BYTES, LINE_BYTES_MAX

READER = QueueLogReader()
CONFIG = line_config(READER)
LINES = [
    b"1795319860|1.1|std|NONE|ENTERQUEUE||+447946000037|1|Zo\xc3\xab\n",
    b"1795319862|1.1|std|Carol|CONNECT|2|1.2|1\n",
    b"\n",
    b"1795319896|1.1|std|Carol|COMPLETECALLER|2|34|1\n",
    b"rubbish\n",
    b"1795319900|NONE|std|Bob|PAUSE|wrap|up\n",
]
LOG = b"".join(LINES)


class Landing:
    """A lake and its landing folder; each `read` is a run of its own."""

    def __init__(self, folder: Path) -> None:
        self.lake_folder, self.landing = folder / "lake", folder / "landing"
        (self.landing / READER.source).mkdir(parents=True)

    def write(self, name: str, data: bytes) -> Path:
        path = self.landing / READER.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def read(self) -> list[Segment]:
        lake = Lake(self.lake_folder, self.landing)
        lake.clear_temporary()
        new = []
        for path in landed_files(self.landing / READER.source):
            if not lake.is_known(READER.source, CONFIG, path):
                new += ingest_lines(lake, READER, path)
        lake.clear_temporary()
        return new

    def segments(self) -> list[Segment]:
        return Lake(self.lake_folder, self.landing).all_segments()

    def rows(self) -> list[tuple[object, ...]]:
        lake = Lake(self.lake_folder, self.landing)
        frames = [pl.read_parquet(lake.rows_path(s)) for s in self.segments() if s.row_count]
        return sorted({row for frame in frames for row in frame.drop("segment_id", "line_number").rows()}, key=repr)

    def rejected(self) -> list[tuple[int, str]]:
        lake = Lake(self.lake_folder, self.landing)
        frames = [pl.read_parquet(lake.rejects_path(s)) for s in self.segments() if s.rejected_count]
        return sorted(row for frame in frames for row in frame.select("line_number", "text").rows())


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Landing:
    landing = Landing(tmp_path_factory.mktemp("whole"))
    landing.write("queue_log", LOG)
    landing.read()
    assert len(landing.rows()) == 4
    assert landing.rejected() == [(5, "rubbish")]
    return landing


def test_every_line_is_a_row_a_reject_or_ignored(whole: Landing) -> None:
    (segment,) = whole.segments()
    assert (segment.line_count, segment.row_count, segment.rejected_count, segment.ignored) == (6, 4, 1, {"blank": 1})


def test_an_unchanged_file_is_not_read_again(landing: Landing) -> None:
    landing.write("queue_log", LOG)
    assert len(landing.read()) == 1
    assert landing.read() == []


def test_a_log_growing_byte_by_byte_ends_as_if_it_had_come_whole(landing: Landing, whole: Landing) -> None:
    for end in range(1, len(LOG) + 1):
        landing.write("queue_log", LOG[:end])
        landing.read()
    assert landing.rows() == whole.rows()
    assert landing.rejected() == whole.rejected()
    assert sum(s.line_count + s.copied_line_count for s in landing.segments()) == 6


@settings(max_examples=25, derandomize=True, deadline=None)
@given(st.lists(st.integers(0, len(LOG)), max_size=4).map(sorted), st.sampled_from(["queue_log", "queue_log.gz"]))
def test_a_log_growing_by_any_steps(
    tmp_path_factory: pytest.TempPathFactory, whole: Landing, ends: list[int], name: str
) -> None:
    landing = Landing(tmp_path_factory.mktemp("steps"))
    for end in [*ends, len(LOG)]:
        landing.write(name, gzip.compress(LOG[:end]) if name.endswith(".gz") else LOG[:end])
        landing.read()
    assert (landing.rows(), landing.rejected()) == (whole.rows(), whole.rejected())


def test_only_what_is_new_of_a_grown_file_is_read(landing: Landing) -> None:
    landing.write("queue_log", b"".join(LINES[:3]))
    landing.read()
    landing.write("queue_log", LOG)
    (segment,) = landing.read()
    assert (segment.line_from, segment.line_count, segment.bytes_from) == (4, 3, len(b"".join(LINES[:3])))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_renamed_or_compressed_copy_is_known_by_what_it_holds(landing: Landing, pack: object) -> None:
    landing.write("queue_log", LOG)
    landing.read()
    landing.write("queue_log.1", pack(LOG))  # type: ignore[operator]
    (segment,) = landing.read()
    assert (segment.line_count, segment.copied_line_count) == (0, 6)


def test_a_last_line_without_newline_is_read_and_replaced_when_it_has_grown(landing: Landing) -> None:
    landing.write("queue_log", LINES[0] + LINES[3][:-3])
    landing.read()
    assert {row[-1] for row in landing.rows()} == {"|+447946000037|1|Zoë", "2|34"}
    landing.write("queue_log", LINES[0] + LINES[3])
    landing.read()
    assert {row[-1] for row in landing.rows()} == {"|+447946000037|1|Zoë", "2|34|1"}


def test_a_half_line_does_not_stay_when_its_file_went_on_under_another_name(landing: Landing) -> None:
    log = landing.write("queue_log", LINES[0] + LINES[3][:-4])
    landing.read()
    log.unlink()
    landing.write("queue_log.1", LINES[0] + LINES[3] + LINES[5])
    landing.read()
    assert {row[-1] for row in landing.rows()} == {"|+447946000037|1|Zoë", "2|34|1", "wrap|up"}


def test_a_last_line_without_newline_stays_when_its_file_is_gone(landing: Landing) -> None:
    landing.write("queue_log", LINES[0] + LINES[3].rstrip())
    landing.read()
    (landing.landing / READER.source / "queue_log").unlink()
    landing.write("other", LINES[5])
    landing.read()
    assert len(landing.rows()) == 3


def test_a_file_that_was_cut_short_and_written_anew_is_read_anew(landing: Landing) -> None:
    landing.write("queue_log", b"".join(LINES[:2]))
    landing.read()
    landing.write("queue_log", LINES[5])
    landing.read()
    assert len(landing.rows()) == 3  # what was there once is kept


def test_two_files_with_the_same_beginning_are_two_files(landing: Landing) -> None:
    landing.write("a", LINES[0] + LINES[1])
    landing.write("b", LINES[0] + LINES[5])
    landing.read()
    assert len(landing.rows()) == 3


def test_an_over_long_line_is_one_reject_and_its_neighbours_are_rows(landing: Landing) -> None:
    long = LINES[5].rstrip() + b"x" * LINE_BYTES_MAX + b"\n"
    landing.write("queue_log", LINES[0] + long + LINES[1])
    (segment,) = landing.read()
    assert (segment.line_count, segment.row_count, segment.rejected_count) == (3, 2, 1)
    ((number, text),) = landing.rejected()
    assert number == 2
    assert len(text) == 2000
    landing.write("queue_log", LINES[0] + long + LINES[1] + LINES[3])
    (segment,) = landing.read()
    assert segment.line_from == 4


def test_latin_1_and_utf_8_in_one_file(landing: Landing) -> None:
    landing.write("queue_log", "1795319860|1.1|std|Zoë|CONNECT|1|1.2|1\n".encode("latin-1") + LINES[0])
    landing.read()
    assert {row[-3] for row in landing.rows()} == {"Zoë", "NONE"}


@pytest.mark.parametrize("data", [b"", bytes(range(256)) * 40, b"\x00" * 5000, b"\n" * 50])
def test_empty_files_and_rubbish_give_no_rows_and_lose_no_line(landing: Landing, data: bytes) -> None:
    landing.write("queue_log", data)
    for segment in landing.read():
        assert segment.row_count == 0
        assert segment.line_count == segment.rejected_count + sum(segment.ignored.values())
    assert landing.read() == []


def test_files_that_are_still_being_written_are_left_alone(landing: Landing) -> None:
    for name in (".queue_log.x7", "queue_log.part", "queue_log.tmp", "~queue_log", "queue_log.filepart"):
        landing.write(name, LOG)
    assert landing.read() == []


def test_what_a_killed_run_left_behind_is_removed(landing: Landing) -> None:
    landing.write("queue_log", LOG)
    landing.read()
    orphan = landing.lake_folder / "raw" / READER.table / f"{READER.source}-00000099.parquet"
    draft = landing.lake_folder / "tmp" / "x.parquet"
    orphan.write_bytes(b"half")
    draft.write_bytes(b"half")
    landing.read()
    assert not orphan.exists()
    assert not draft.exists()
    assert len(landing.rows()) == 4


EMPTY_HASH = hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("data", [LOG, LOG.rstrip(b"\n"), LINES[0].rstrip(b"\n"), b""])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_same_log_landed_again_adds_no_segment(landing: Landing, data: bytes, pack: Any) -> None:
    landing.write("queue_log", pack(data))
    landing.read()
    before = [(s.segment_id, s.content_hash) for s in landing.segments()]
    for seconds in (1, 2):
        path = landing.write("queue_log", pack(data))
        os.utime(path, (1_795_400_000 + seconds,) * 2)
        assert landing.read() == []
        assert [(s.segment_id, s.content_hash) for s in landing.segments()] == before
        lake = Lake(landing.lake_folder, landing.landing)
        assert lake.is_known(READER.source, CONFIG, path)


def test_a_copy_of_a_log_has_the_content_of_the_log(landing: Landing) -> None:
    landing.write("a", LOG)
    landing.write("b", LOG)
    landing.read()
    first, copy = landing.segments()
    assert copy.content_hash == first.content_hash != EMPTY_HASH
    os.utime(landing.landing / READER.source / "b", (1_795_400_000, 1_795_400_000))
    assert landing.read() == []
    assert [(s.line_count, s.copied_line_count) for s in landing.segments()] == [(6, 0), (0, 6)]


def test_a_log_that_was_touched_and_has_grown_is_read_on(landing: Landing) -> None:
    path = landing.write("queue_log", b"".join(LINES[:3]))
    landing.read()
    os.utime(path, (1_795_400_000, 1_795_400_000))
    landing.read()
    landing.write("queue_log", LOG)
    (segment,) = landing.read()
    assert (segment.line_from, segment.line_count) == (4, 3)


def test_rejects_are_written_block_by_block_and_not_held_until_the_end(landing: Landing) -> None:
    line = b"no queue_log line: " + b"x" * 980 + b"\n"
    block = line * (BLOCK_BYTES // len(line))
    landing.write("queue_log", block * 4)
    (segment,) = landing.read()
    lake = Lake(landing.lake_folder, landing.landing)
    assert segment.rejected_count == 4 * len(block) // len(line)
    assert pq.ParquetFile(lake.rejects_path(segment)).num_row_groups >= 4
