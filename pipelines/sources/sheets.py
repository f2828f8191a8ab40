"""Reads the first sheet of a spreadsheet (.xlsx) as text, cell by cell.

Belongs here: which sheet, its header, blank rows, the day its day numbers count from. Does not belong here: what a
text means (forms.py, tabular.py).
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

# Day 0 of the two calendars of spreadsheets; the older one takes 1900 for a leap year, so its day 0 is in December.
EPOCH_1900, EPOCH_1904 = "1899-12-30 00:00:00", "1904-01-01 00:00:00"


@dataclass(frozen=True)
class Sheet:
    """One sheet.

    Attributes:
        header: Its first row, as written.
        rows: Text columns named `c0`, `c1`, …, and `line`, the row's number in the sheet; blank rows are left out.
        serial_epoch: Day 0 of its day numbers.
        note: Which sheet was read, where there are several.
    """

    header: list[str]
    rows: pl.DataFrame
    serial_epoch: str
    note: str | None


def read_sheet(path: Path, line: str) -> Sheet:
    """Reads the first sheet.

    Args:
        path: The file.
        line: Name of the column of row numbers.

    Raises:
        ValueError: It is no spreadsheet, or its first sheet is empty.
    """
    import fastexcel

    try:
        book = fastexcel.read_excel(path)
        names = book.sheet_names
        # Row by row as it stands: with a header of its own the reader leaves out blank rows, and numbers shift.
        cells = book.load_sheet(0, header_row=None, skip_rows=0, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        raise ValueError(str(error)) from error
    if not cells.height:
        raise ValueError(f"its first sheet, {names[0]!r}, is empty")
    cells = cells.rename(dict(zip(cells.columns, (f"c{i}" for i in range(cells.width)), strict=True)))
    rows = cells.with_row_index(line, offset=1).with_columns(pl.col(line).cast(pl.Int64))
    has_cell = pl.any_horizontal(pl.exclude(line).str.strip_chars().fill_null("") != "")
    first, *_ = rows.filter(has_cell)[line].to_list() or [1]
    header = [str(value or "") for value in rows.row(int(first) - 1)[1:]]
    note = f"sheet {names[0]!r} read, the first of {len(names)}" if len(names) > 1 else None
    return Sheet(header, rows.filter(has_cell & (pl.col(line) > first)), _epoch(path), note)


def _epoch(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        workbook = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    return EPOCH_1904 if re.search(r'date1904\s*=\s*"(?:1|true)"', workbook) else EPOCH_1900
