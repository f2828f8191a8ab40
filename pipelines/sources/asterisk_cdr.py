"""Asterisk's call detail records as CSV, local times without a zone: first of all cdr_csv's Master.csv.

Belongs here: cdr_csv's layout of 16 to 21 columns, without header, and refusing what is no record. Does not belong
here: which records make up one call (sql/staging), the zone of the times (settings), other layouts of the same columns
(asterisk_cdr_layouts.py, which is given the lines that are not of this one).

Each record is read by itself, so its layout is known by what stands in its columns. Of 17 columns the last is a
uniqueid if it has the form of one, else a userfield. Copies per account are records like any other; staging counts them
as duplicates.
Source: asterisk/asterisk cdr/cdr_csv.c.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from pipelines.sources.asterisk_cdr_layouts import (
    FIXED,
    UNIQUEID,
    has_odd_value,
    is_record,
    is_table_order,
    read_others,
    typed,
)
from pipelines.sources.base import LOCAL_TIME, Parsed
from pipelines.sources.csv_lines import split_records
from pipelines.sources.lines import Lines

_WIDTH = 21


class CdrReader:
    """Reads cdr_csv records; columns 17 to 21 are told apart by what stands in them."""

    source = "asterisk_cdr"
    table = "asterisk_cdr"
    version = 2
    time_column = "start_local"
    schema: dict[str, pl.DataType] = {
        "accountcode": pl.String(),
        "src": pl.String(),
        "dst": pl.String(),
        "dcontext": pl.String(),
        "clid": pl.String(),
        "channel": pl.String(),
        "dstchannel": pl.String(),
        "lastapp": pl.String(),
        "lastdata": pl.String(),
        "start_local": LOCAL_TIME,
        "answer_local": LOCAL_TIME,
        "end_local": LOCAL_TIME,
        "duration_s": pl.Int64(),
        "billsec_s": pl.Int64(),
        "disposition": pl.String(),
        "amaflags": pl.String(),
        "uniqueid": pl.String(),
        "userfield": pl.String(),
        "peeraccount": pl.String(),
        "linkedid": pl.String(),
        "sequence": pl.Int64(),
    }

    def parse(self, lines: Lines, first_line: int) -> Parsed:
        """See `LineReader.parse`; a record of any other layout becomes a reject."""
        records = (
            split_records(lines, _WIDTH)
            .with_row_index("line_number", offset=first_line)
            .with_columns(pl.col("line_number").cast(pl.Int64))
            .rename({f"c{n}": name for n, name in enumerate(FIXED, start=1)})
            .with_columns(*typed(), _width().alias("width"))
            .with_columns(*_late_columns())
            .with_columns(_reason().alias("reason"))
        )
        rows = records.filter(pl.col("reason").is_null()).select("line_number", *self.schema)
        rejects = lines.refused(records.filter(pl.col("reason").is_not_null()), first_line)
        ignored = Counter({"blank": records.height - rows.height - rejects.height})
        if rejects.height:
            read = read_others(rejects)
            rows = pl.concat([rows, read.rows.select(rows.columns)]).sort("line_number")
            rejects = read.others
            ignored["header"] = read.header_count
        return Parsed(rows, rejects, +ignored, lines.count)


def _width() -> pl.Expr:
    """The last column that holds something: an empty column at the end says nothing anyway."""
    filled = [pl.when(pl.col(f"c{n}").is_not_null()).then(n) for n in range(_WIDTH, 16, -1)]
    return pl.coalesce(*filled, 16)


def _late_columns() -> list[pl.Expr]:
    """Columns 17 to 21: [uniqueid] [userfield] [peeraccount, linkedid, sequence], each present or not."""
    width = pl.col("width")
    has_new = width >= 19
    id_first = pl.col("c17").str.contains(UNIQUEID)
    offset = pl.when(has_new).then(width - 3).otherwise(width)  # the last of the two optional ones
    both = offset == 18

    def late(n: int) -> pl.Expr:
        """The n-th of the three new columns."""
        return (
            pl.when(width == 21)
            .then(f"c{18 + n}")
            .when(width == 20)
            .then(f"c{17 + n}")
            .when(width == 19)
            .then(f"c{16 + n}")
        )

    return [
        pl.when(both | ((offset == 17) & id_first)).then("c17").alias("uniqueid"),
        pl.when(both).then("c18").when((offset == 17) & ~id_first).then("c17").alias("userfield"),
        late(1).alias("peeraccount"),
        late(2).alias("linkedid"),
        late(3).cast(pl.Int64, strict=False).alias("sequence"),
    ]


def _reason() -> pl.Expr:
    # Sequence and accounts follow both ids, or neither is there: only then do columns 17 and 18 tell the table's order.
    of_table = pl.col("width").is_in([18, 21]) & is_table_order()
    return (
        pl.when(pl.col("extra").is_not_null())
        .then(pl.lit("more than 21 columns: not a cdr_csv record, and no other layout that is known"))
        .when(~is_record().fill_null(False))
        .then(pl.lit(_NO_LAYOUT))
        .when((pl.col("width") >= 19) & pl.col("sequence").is_null())
        .then(pl.lit("not the cdr_csv layout: the last column is not a sequence number"))
        .when(of_table)
        .then(pl.lit("not the cdr_csv layout: a uniqueid in column 18 and none in 17"))
        .when(has_odd_value())
        .then(pl.lit("columns 11 or 14, answer and billsec, hold no time or number"))
    )


_NO_LAYOUT = (
    "not the cdr_csv layout: columns 10, 12, 13 and 15 must be start, end, duration, disposition;"
    " nor the layout of cdr_custom's sample (9, 11, 12, 14) or of FreePBX's table (calldate first, disposition 12th)"
)
