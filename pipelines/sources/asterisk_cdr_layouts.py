"""The columns of a call detail record, and the layouts other than cdr_csv's in which Asterisk and FreePBX write them.

Belongs here: telling those layouts by what stands in their columns, and giving their columns cdr_csv's names. Does not
belong here: cdr_csv's own layout (asterisk_cdr.py, which passes on the lines that are not of it), comma-separated text.
Source: asterisk/asterisk configs/samples/cdr_custom.conf.sample, contrib/ast-db-manage/cdr; FreePBX's table cdr.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.sources.csv_lines import split_records
from pipelines.sources.lines import Lines

DISPOSITIONS = ["NO ANSWER", "ANSWERED", "BUSY", "FAILED", "CONGESTION", "CANCEL"]
FIXED = [
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
# systemname-1362424276.2 or 1362424276.2: how a uniqueid is told from a userfield.
UNIQUEID = r"^(.*-)?[0-9]{6,}\.[0-9]+$"
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

_WIDTH = 26
_NO_VALUE = ["\\N", "NULL"]  # MySQL's INTO OUTFILE, and its --batch
_ZERO_DATE = "0000-00-00 00:00:00"

# By column number from 1; the layout's own condition says where it is this one.
_CUSTOM_SAMPLE = ["clid", *FIXED[1:4], *FIXED[5:16], "accountcode", "uniqueid", "userfield", "sequence"]
_TABLE = [*FIXED, "userfield", "uniqueid", "linkedid", "peeraccount", "sequence"]
_FREEPBX = (
    "start clid src dst dcontext channel dstchannel lastapp lastdata duration billsec disposition amaflags accountcode"
    " uniqueid userfield did recordingfile cnum cnam outbound_cnum outbound_cnam dst_cnam linkedid peeraccount sequence"
).split()
_HEADERS = [",".join(names) for names in (["calldate", *_FREEPBX[1:13]], FIXED, _CUSTOM_SAMPLE[:16])]


@dataclass(frozen=True)
class OtherLayouts:
    """What came of lines that are not of cdr_csv.

    Attributes:
        rows: `line_number` and the typed columns of a record.
        others: The input's lines that are of no layout known here.
        header_count: Header lines of a layout that is known.
    """

    rows: pl.DataFrame
    others: pl.DataFrame
    header_count: int


def typed() -> list[pl.Expr]:
    """Times and lengths of the columns in `FIXED`; null where they are none."""
    times = [
        # Times hardly repeat: looking them up costs more than reading them.
        pl.col(name).str.to_datetime(TIME_FORMAT, strict=False, time_unit="us", cache=False).alias(f"{name}_local")
        for name in ("start", "answer", "end")
    ]
    seconds = [pl.col(name).cast(pl.Int64, strict=False).alias(f"{name}_s") for name in ("duration", "billsec")]
    return times + seconds


def is_record() -> pl.Expr:
    """Whether start, end, duration and disposition are such."""
    return (
        pl.col("start_local").is_not_null()
        & pl.col("end_local").is_not_null()
        & pl.col("disposition").is_in(DISPOSITIONS)
        & pl.col("duration_s").is_not_null()
    )


def has_odd_value() -> pl.Expr:
    """Whether the answer or billsec holds something that is no time or number: not empty, and not nothing."""
    odd_answer = pl.col("answer_local").is_null() & (pl.col("answer") != _ZERO_DATE)
    return (odd_answer | (pl.col("billsec_s").is_null() & pl.col("billsec").is_not_null())).fill_null(False)


def is_table_order() -> pl.Expr:
    """Whether columns 17 and 18 stand as in the database table: userfield before uniqueid."""
    return pl.col("c18").str.contains(UNIQUEID).fill_null(False) & ~pl.col("c17").str.contains(UNIQUEID).fill_null(
        False
    )


def read_others(lines: pl.DataFrame) -> OtherLayouts:
    """Reads records of the other layouts among lines.

    Args:
        lines: `line_number`, `text`, and whatever `others` shall keep.
    """
    names = pl.col("text").str.replace_all(r'[\ufeff"` ]', "").str.to_lowercase()
    is_header = pl.any_horizontal(*(names.str.starts_with(head) for head in _HEADERS))
    headers = lines.filter(is_header).height
    rest = lines.filter(~is_header)
    fields = split_records(Lines.of(rest["text"]), _WIDTH).with_columns(pl.all().replace(_NO_VALUE, None))
    frame = pl.concat([rest.select("line_number"), fields], how="horizontal")
    found = pl.concat([_read(frame, names) for names in (_TABLE, _CUSTOM_SAMPLE, _FREEPBX)])
    # Only a line made up for it can be of two layouts; it must not be two rows.
    found = found.unique(subset="line_number", keep="first", maintain_order=True)
    others = rest.filter(~pl.col("line_number").is_in(found["line_number"].implode()))
    return OtherLayouts(found, others, headers)


def _read(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The frame's records of the layout whose columns are `names`."""
    width = len(names)
    beyond = [*(f"c{n}" for n in range(width + 1, _WIDTH + 1)), "extra"]
    fits = pl.all_horizontal(pl.col(name).is_null() for name in beyond) & _condition(names)
    ids = [pl.col(f"c{names.index('uniqueid') + 1}"), pl.col(f"c{names.index('userfield') + 1}")]
    if names is _FREEPBX:  # older tables have the two the other way round
        is_swapped = ~ids[0].str.contains(UNIQUEID).fill_null(False)
        ids = [pl.when(is_swapped).then(ids[1]).otherwise(ids[0]), pl.when(is_swapped).then(ids[0]).otherwise(ids[1])]
    columns = {name: pl.col(f"c{number}") for number, name in enumerate(names, start=1)}
    columns |= {"uniqueid": ids[0], "userfield": ids[1]}
    wanted = [*FIXED, "uniqueid", "userfield", "peeraccount", "linkedid"]
    nothing = pl.lit(None, pl.String)
    sequence = columns.get("sequence", nothing)
    records = frame.filter(fits).select(
        "line_number",
        *(columns.get(name, nothing).alias(name) for name in wanted),
        sequence.cast(pl.Int64, strict=False).alias("sequence"),
        (sequence.is_not_null() & sequence.cast(pl.Int64, strict=False).is_null()).alias("has_odd_sequence"),
    )
    complete = records.with_columns(typed())
    if names is _FREEPBX:
        complete = complete.with_columns(_reckoned())
    good = is_record() & ~has_odd_value() & ~pl.col("has_odd_sequence") & pl.col("uniqueid").str.contains(UNIQUEID)
    return complete.filter(good)


def _condition(names: list[str]) -> pl.Expr:
    """What no record of another layout can be."""
    if names is _TABLE:
        return is_table_order()
    # The disposition stands in another column in each.
    return pl.col(f"c{names.index('disposition') + 1}").is_in(DISPOSITIONS).fill_null(False)


def _reckoned() -> list[pl.Expr]:
    """End and answer, which FreePBX's table lacks; local, so staging reckons the instants anew from the lengths."""
    start, duration, billed = pl.col("start_local"), pl.col("duration_s"), pl.col("billsec_s")
    answer = start + pl.duration(seconds=duration - billed.fill_null(0))
    return [
        (start + pl.duration(seconds=duration)).alias("end_local"),
        pl.when(pl.col("disposition") == "ANSWERED").then(answer).alias("answer_local"),
    ]
