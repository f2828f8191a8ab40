"""Quoted comma-separated records, one a line, with a number of columns that may differ from line to line.

Belongs here: what Asterisk's CDR and CEL files share. Does not belong here: the meaning of a column.
"""

from __future__ import annotations

import csv

import polars as pl

from pipelines.sources.lines import Lines


def column_names(width: int) -> list[str]:
    """Positional names c1 … c`width`, plus `extra` for whatever stands beyond."""
    return [f"c{n}" for n in range(1, width + 1)] + ["extra"]


def split_records(lines: Lines, width: int) -> pl.DataFrame:
    """Splits each line into `width` text columns and `extra` (not null if there were more).

    The rows keep the order and number of the lines. The fast reader takes all lines at once; where its number of
    records differs (an unbalanced quote swallows the next line, a blank line vanishes), each line is read by itself.
    """
    names = column_names(width)
    try:
        frame = pl.read_csv(
            lines.plain,
            has_header=False,
            new_columns=names,
            schema={name: pl.String() for name in names},
            quote_char='"',
            missing_columns="insert",
            truncate_ragged_lines=True,
            raise_if_empty=False,
        ).with_columns(pl.when(pl.all() != "").then(pl.all()))
    except pl.exceptions.PolarsError:
        frame = None
    if frame is None or frame.height != lines.count:
        frame = pl.DataFrame(
            [_read_line(line, width) for line in lines.texts],
            schema=dict.fromkeys(names, pl.String()),
            orient="row",
        )
    return frame


def _read_line(line: str, width: int) -> list[str | None]:
    record: list[str | None] = list(next(csv.reader([line], strict=False), []))
    padded = record[: width + 1] + [None] * (width + 1 - len(record))
    return [value if value != "" else None for value in padded]
