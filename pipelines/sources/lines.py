"""Streams a text file, plain or compressed, as blocks of whole lines in bounded memory.

Belongs here: compression, decoding, splitting, over-long lines. Does not belong here: what a line means.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BufferedIOBase
from pathlib import Path
from typing import cast

import numpy as np
import polars as pl

# Small enough for memory to be used again from block to block, large enough for the cost of a call not to show.
BLOCK_BYTES = 8 << 20
# Asterisk cuts a queue_log line at 8,192 bytes and a CDR at 1,024; a line of a megabyte is not a line.
LINE_BYTES_MAX = 1 << 20
# Enough of what was read last to know the place again.
ENDING_BYTES = 4096

_MAGIC = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))


def open_plain(path: Path) -> BufferedIOBase:
    """Opens a file for reading, decompressing gzip, bzip2 and xz by their first bytes, whatever the name."""
    with path.open("rb") as file:
        head = file.read(6)
    for magic, opener in _MAGIC:
        if head.startswith(magic):
            return cast("BufferedIOBase", opener(path, "rb"))
    return path.open("rb")


@dataclass(frozen=True)
class Block:
    """Whole lines of a file.

    Attributes:
        data: The bytes, ending in a newline unless `is_tail`.
        is_tail: The file's last line has no newline yet: it may still be growing.
        is_oversize: `data` is the beginning of one line longer than `LINE_BYTES_MAX`; the rest was passed over.
        skipped_bytes: How many bytes of an over-long line were passed over after `data`.
        skipped_end: The last of them, up to `ENDING_BYTES`.
    """

    data: bytes
    is_tail: bool = False
    is_oversize: bool = False
    skipped_bytes: int = 0
    skipped_end: bytes = b""


def blocks(file: BufferedIOBase, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Yields the rest of an open file as blocks of whole lines; memory stays within a few blocks."""
    carry = b""
    buffer = bytearray(LINE_BYTES_MAX + block_bytes)
    view = memoryview(buffer)
    while True:
        buffer[: len(carry)] = carry
        read_bytes = file.readinto(view[len(carry) : len(carry) + block_bytes])
        if not read_bytes:
            break
        filled = len(carry) + read_bytes
        end = buffer.rfind(b"\n", 0, filled) + 1
        data, carry = bytes(view[:end]), bytes(view[end:filled])
        yield from _whole_lines(data)
        while len(carry) > LINE_BYTES_MAX:
            begin = carry[:LINE_BYTES_MAX]
            skipped, ending, rest = _skip_line(file, carry, block_bytes)
            yield Block(begin, is_oversize=True, skipped_bytes=skipped, skipped_end=ending)
            end = rest.rfind(b"\n") + 1
            yield from _whole_lines(rest[:end])
            carry = rest[end:]
    if carry:
        yield Block(carry, is_tail=True)


def _whole_lines(data: bytes) -> Iterator[Block]:
    """One block, unless a line in it is over-long: that must not depend on where blocks were cut."""
    start = position = 0
    while position < len(data):
        end = data.rfind(b"\n", position, position + LINE_BYTES_MAX + 1) + 1
        if end:
            position = end
            continue
        if position > start:
            yield Block(data[start:position])
        kept = position + LINE_BYTES_MAX
        start = position = data.index(b"\n", kept) + 1
        ending = data[max(kept, position - ENDING_BYTES) : position]
        yield Block(
            data[kept - LINE_BYTES_MAX : kept], is_oversize=True, skipped_bytes=position - kept, skipped_end=ending
        )
    if position > start:
        yield Block(data[start:] if start else data)


def _skip_line(file: BufferedIOBase, seen: bytes, block_bytes: int) -> tuple[int, bytes, bytes]:
    """Reads past the end of an over-long line: bytes passed over beyond the kept part, their end, what follows."""
    skipped, ending = len(seen) - LINE_BYTES_MAX, seen[LINE_BYTES_MAX:][-ENDING_BYTES:]
    while piece := file.read(block_bytes):
        end = piece.find(b"\n") + 1
        passed = piece[:end] if end else piece
        skipped, ending = skipped + len(passed), (ending + passed[-ENDING_BYTES:])[-ENDING_BYTES:]
        if end:
            return skipped, ending, piece[end:]
    return skipped, ending, b""


def decode(data: bytes) -> str:
    """Text of a block: UTF-8, and latin-1 for just those lines that are not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "\n".join(_decode_line(line) for line in data.split(b"\n"))


def _decode_line(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


class Lines:
    """Whole lines, in bytes and as texts, each made of the other only where somebody asks for it.

    Args:
        data: Lines, the last of which may lack its newline.

    """

    def __init__(self, data: bytes) -> None:
        self._data = data

    @classmethod
    def of(cls, texts: Iterable[str]) -> Lines:
        """Lines of these texts."""
        return cls("".join(f"{text}\n" for text in texts).encode())

    @cached_property
    def count(self) -> int:
        """How many lines there are."""
        newlines = int(np.count_nonzero(np.frombuffer(self._data, np.uint8) == ord("\n")))
        return newlines + (self._data[-1:] not in (b"", b"\n"))

    @cached_property
    def texts(self) -> pl.Series:
        """The lines without line ends (LF or CRLF)."""
        try:
            return pl.read_lines(io.BytesIO(self._data), name="line").to_series()
        except pl.exceptions.ComputeError:  # not UTF-8
            text = decode(self._data).removesuffix("\n")
        lines = pl.Series("line", [text]).str.split("\n").explode()
        return lines.str.strip_suffix("\r") if "\r" in text else lines

    @property
    def plain(self) -> bytes:
        """The lines in UTF-8, with LF."""
        if b"\r" not in self._data and (self._data.isascii() or _is_utf8(self._data)):
            return self._data
        return Lines.of(self.texts)._data

    def refused(self, records: pl.DataFrame, first_line: int) -> pl.DataFrame:
        """The lines of records that are none, but for blank lines.

        Args:
            records: `line_number` and `reason`.
            first_line: The number of the first line.

        Returns:
            `line_number`, `reason` and `text`.
        """
        if not records.height:
            return records.select("line_number", "reason", pl.lit(None, pl.String).alias("text"))
        texts = self.texts.gather(records["line_number"] - first_line)
        refused = records.select("line_number", "reason", texts.alias("text"))
        return refused.filter(pl.col("text").str.strip_chars() != "")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
