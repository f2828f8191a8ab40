"""Which encoding a table file is written in, and a copy of it in UTF-8.

Belongs here: the rule that decides, and the transcoding. Does not belong here: what the text means (tabular.py), logs,
whose lines are decoded one by one (lines.py).

The rule, in this order; it looks at nothing but the bytes, so equal bytes always give equal text:

1. A byte-order mark decides: UTF-8, UTF-16, UTF-32.
2. Bytes that are zero at every other place are UTF-16 without its mark; other zero bytes are no text.
3. A file that is valid UTF-8 is UTF-8.
4. If some lines are UTF-8 with letters beyond ASCII and others are not UTF-8, exports were pasted together: only the
   others are read as Windows-1252.
5. If what is not UTF-8 decodes as GB18030 and `HANZI_SHARE_MIN` of it are the common characters of GB 2312, it is
   GB18030. Letters of Western text stand between ASCII ones, and pairs of them are seldom common characters.
6. Else Windows-1252, as browsers read it: latin-1 with the printable characters that Windows added. Every byte has a
   meaning there, so nothing is lost; other single-byte alphabets come out wrong, which is why what was taken is told.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO

HEAD_BYTES = 1 << 16
PIECE_BYTES = 1 << 20
# Newspaper Chinese is 99 % characters of level 1 of GB 2312; lists of names have rarer ones.
HANZI_SHARE_MIN = 0.8
# Enough text to tell by; a gigabyte of it says no more.
EVIDENCE_BYTES = 1 << 20

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like UTF-16, so it is asked first
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_GB_UNIT = re.compile(
    rb"(?P<common>[\xa1-\xa3\xb0-\xd7][\xa1-\xfe])|(?P<pair>[\x81-\xfe][\x40-\x7e\x80-\xfe])"
    rb"|(?P<four>[\x81-\xfe][0-9][\x81-\xfe][0-9])"
)


class UnknownEncoding(ValueError):
    """The bytes are no text, or not of the encoding that was named."""


@dataclass(frozen=True)
class Encoding:
    """What a file is written in.

    Attributes:
        name: Python's name of the encoding.
        mark_bytes: Length of the byte-order mark to leave out.
        is_mixed: Only the lines that are not UTF-8 are in `name`.
        foreign_line_count: How many lines are not UTF-8, where that is why `name` was taken.
    """

    name: str
    mark_bytes: int = 0
    is_mixed: bool = False
    foreign_line_count: int = 0

    @property
    def note(self) -> str | None:
        """A sentence for whoever must know; None for plain UTF-8."""
        if self.name == "utf-8":
            return None
        if self.is_mixed:
            return f"read as utf-8, and {self.foreign_line_count} lines that are none as {self.name}"
        return f"read as {self.name}"


def find_encoding(path: Path) -> Encoding:
    """Decides what an uncompressed file is written in, by the rule of this module.

    Raises:
        UnknownEncoding: It holds zero bytes as text never does.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return Encoding(name, len(mark))
        if b"\0" in head:
            return _without_mark(head)
        file.seek(0)
        if _is_utf8(file):
            return Encoding("utf-8")
        file.seek(0)
        return _by_lines(file)


def named_encoding(path: Path, name: str) -> Encoding:
    """The encoding that the settings name, past a mark that says the same."""
    plain = codecs.lookup(name).name
    with path.open("rb") as file:
        head = file.read(4)
    marked = next(((mark, found) for mark, found in _MARKS if head.startswith(mark)), None)
    if marked and marked[1].startswith(plain.removesuffix("-sig")):
        return Encoding(marked[1], len(marked[0]))
    return Encoding("utf-8" if plain == "utf-8-sig" else plain)


def _without_mark(head: bytes) -> Encoding:
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) / 2
    # Headers and figures are ASCII, so most of one half is zero and none of the other.
    if odd > half / 2 and not even:
        return Encoding("utf-16-le")
    if even > half / 2 and not odd:
        return Encoding("utf-16-be")
    raise UnknownEncoding("it holds zero bytes, as no text does")


def _is_utf8(file: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := file.read(PIECE_BYTES):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _by_lines(file: IO[bytes]) -> Encoding:
    foreign_count, foreign_bytes, is_mixed = 0, 0, False
    evidence: list[bytes] = []
    for line in file:
        if line.isascii():
            continue
        if _decodes(line, "utf-8"):
            is_mixed = True
            continue
        foreign_count += 1
        if foreign_bytes < EVIDENCE_BYTES:
            evidence.append(line)
            foreign_bytes += len(line)
    if is_mixed:
        return Encoding("windows-1252", is_mixed=True, foreign_line_count=foreign_count)
    name = "gb18030" if _looks_chinese(evidence) and _all_decode(file, "gb18030") else "windows-1252"
    return Encoding(name, foreign_line_count=foreign_count)


def _looks_chinese(lines: list[bytes]) -> bool:
    common = other = 0
    for line in lines:
        if not _decodes(line, "gb18030"):
            return False
        for unit in _GB_UNIT.finditer(line):
            common, other = (common + 1, other) if unit.lastgroup == "common" else (common, other + 1)
    return common >= HANZI_SHARE_MIN * (common + other) and common > 0


def _all_decode(file: IO[bytes], name: str) -> bool:
    file.seek(0)
    return all(_decodes(line, name) for line in file)


def _decodes(line: bytes, name: str) -> bool:
    try:
        line.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def windows_1252(data: bytes) -> str:
    """Windows-1252 by the browsers' table: the five bytes that it leaves open are control characters, as in latin-1."""
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(
            byte.decode("latin-1") if byte in _OPEN else byte.decode("cp1252")
            for byte in (data[i : i + 1] for i in range(len(data)))
        )


_OPEN = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")


def write_utf8(path: Path, encoding: Encoding, copy: Path) -> None:
    """Writes the file's text as UTF-8 without a mark.

    Raises:
        UnknownEncoding: The bytes are not of that encoding.
    """
    with path.open("rb") as file, copy.open("wb") as out:
        file.seek(encoding.mark_bytes)
        if encoding.name == "windows-1252":
            for line in file:
                is_kept = encoding.is_mixed and _decodes(line, "utf-8")
                out.write(line if is_kept else windows_1252(line).encode())
            return
        decoder = codecs.getincrementaldecoder(encoding.name)()
        try:
            while piece := file.read(PIECE_BYTES):
                out.write(decoder.decode(piece).encode())
            out.write(decoder.decode(b"", final=True).encode())
        except UnicodeError as error:
            raise UnknownEncoding(f"not {encoding.name} throughout: {error}") from error
