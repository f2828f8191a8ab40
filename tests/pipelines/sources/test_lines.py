from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.lines import ENDING_BYTES, LINE_BYTES_MAX, Lines, blocks, decode, open_plain


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("name", ["log", "log.gz", "log.txt"])
def test_compression_is_known_by_the_bytes_whatever_the_name(
    tmp_path: Path, pack: Callable[[bytes], bytes], name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(pack(b"one\ntwo\n"))
    with open_plain(path) as file:
        assert file.read() == b"one\ntwo\n"


@settings(max_examples=80, derandomize=True, deadline=None)
@given(
    st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")), max_size=20),
    st.booleans(),
    st.integers(1, 64),
)
def test_blocks_hold_every_byte_once_and_cut_only_at_line_ends(lines: list[bytes], bare: bool, size: int) -> None:
    data = b"".join(line + b"\n" for line in lines)
    data = data.removesuffix(b"\n") if bare else data
    found = list(blocks(io.BytesIO(data), size))
    assert b"".join(block.data for block in found) == data
    assert all(block.data.endswith(b"\n") for block in found if not block.is_tail)
    assert [block.is_tail for block in found[:-1]] == [False] * (len(found) - 1 if found else 0)
    assert not found or found[-1].is_tail == (not data.endswith(b"\n"))


@pytest.mark.parametrize("block_bytes", [1 << 16, 3 << 20])
def test_an_over_long_line_is_cut_and_its_neighbours_are_not(block_bytes: int) -> None:
    long = b"x" * (LINE_BYTES_MAX * 2 + 77)
    found = list(blocks(io.BytesIO(b"before\n" + long + b"\nafter\n"), block_bytes))
    assert not any(block.is_tail for block in found)
    assert b"".join(block.data for block in found if not block.is_oversize) == b"before\nafter\n"
    (oversize,) = [block for block in found if block.is_oversize]
    assert oversize.data == long[:LINE_BYTES_MAX]
    assert len(oversize.data) + oversize.skipped_bytes == len(long) + 1
    assert oversize.skipped_end == long[-ENDING_BYTES + 1 :] + b"\n"


def test_latin_1_and_utf_8_lines_in_one_file() -> None:
    data = "Zoë|1\n".encode() + "Zoë|2\n".encode("latin-1") + "王小明\n".encode()
    assert Lines(data).texts.to_list() == ["Zoë|1", "Zoë|2", "王小明"]


def test_line_ends_of_windows_and_a_last_line_without_one() -> None:
    assert Lines(b"one\r\ntwo\r\nthree").texts.to_list() == ["one", "two", "three"]


def test_line_separators_other_than_newline_end_no_line() -> None:
    assert Lines("a\u2028b\x0bc\x0cd\x85e\n".encode()).texts.len() == 1


def test_any_bytes_at_all_decode() -> None:
    assert decode(bytes(range(256))).startswith("\x00")
