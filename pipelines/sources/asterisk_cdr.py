"""Asterisk's cdr_csv file (Master.csv): 16 to 21 columns, no header, local times without a zone.

Belongs here: telling the layouts apart, and refusing a cdr_custom file of the same name. Does not belong here: which
records make up one call (sql/staging), or the zone of the times (settings).
Source: asterisk/asterisk cdr/cdr_csv.c.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from pipelines.sources.base import LOCAL_TIME, Parsed
from pipelines.sources.csv_lines import split_records

DISPOSITIONS = ["NO ANSWER", "ANSWERED", "BUSY", "FAILED", "CONGESTION", "CANCEL"]
_FIXED = [
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
]
_WIDTH = 21
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
# systemname-1362424276.2 or 1362424276.2: how a uniqueid is told from a userfield in column 17.
_UNIQUEID = r"^(.*-)?\d{6,}\.\d+$"


class CdrReader:
    """Reads cdr_csv records; columns 17 to 21 are told apart by what stands in them."""

    source = "asterisk_cdr"
    table = "asterisk_cdr"
    version = 1
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

    def parse(self, lines: pl.Series, first_line: int) -> Parsed:
        """See `LineReader.parse`; a record of any other layout becomes a reject."""
        records = (
            split_records(lines, _WIDTH)
            .with_columns(lines.alias("line"))
            .with_row_index("line_number", offset=first_line)
            .with_columns(pl.col("line_number").cast(pl.Int64))
            .filter(pl.col("line").str.strip_chars() != "")
            .rename({f"c{n}": name for n, name in enumerate(_FIXED, start=1)})
            .with_columns(*_typed(), _width().alias("width"))
            .with_columns(*_late_columns())
            .with_columns(_reason().alias("reason"))
        )
        is_row = pl.col("reason").is_null()
        rows = records.filter(is_row).select("line_number", *self.schema)
        rejects = records.filter(~is_row).select("line_number", "reason", pl.col("line").alias("text"))
        blank = lines.len() - records.height
        return Parsed(rows, rejects, Counter({"blank": blank} if blank else {}), lines.len())


def _typed() -> list[pl.Expr]:
    times = [
        pl.col(name).str.to_datetime(_TIME_FORMAT, strict=False, time_unit="us").alias(f"{name}_local")
        for name in ("start", "answer", "end")
    ]
    seconds = [pl.col(name).cast(pl.Int64, strict=False).alias(f"{name}_s") for name in ("duration", "billsec")]
    return times + seconds


def _width() -> pl.Expr:
    """The last column that holds something: an empty column at the end says nothing anyway."""
    filled = [pl.when(pl.col(f"c{n}").is_not_null()).then(n) for n in range(_WIDTH, 16, -1)]
    return pl.coalesce(*filled, 16)


def _late_columns() -> list[pl.Expr]:
    """Columns 17 to 21: [uniqueid] [userfield] [peeraccount, linkedid, sequence], each present or not."""
    width = pl.col("width")
    has_new = width >= 19
    id_first = pl.col("c17").str.contains(_UNIQUEID)
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
    looks = (
        pl.col("start_local").is_not_null()
        & pl.col("end_local").is_not_null()
        & pl.col("disposition").is_in(DISPOSITIONS)
        & pl.col("duration_s").is_not_null()
    )
    return (
        pl.when(pl.col("extra").is_not_null())
        .then(pl.lit("more than 21 columns: not a cdr_csv record"))
        .when(~looks)
        .then(pl.lit("not the cdr_csv layout: columns 10, 12, 13 and 15 must be start, end, duration, disposition"))
        .when((pl.col("width") >= 19) & pl.col("sequence").is_null())
        .then(pl.lit("not the cdr_csv layout: the last column is not a sequence number"))
    )
