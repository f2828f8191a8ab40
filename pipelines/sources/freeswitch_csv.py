"""FreeSWITCH's mod_cdr_csv lines, by the templates `example` (15 columns) and `asterisk` (18).

Belongs here: telling the two apart and refusing any other template. Does not belong here: JSON and XML, the zone of
the times (settings).
Source: signalwire/freeswitch mod_cdr_csv.c and its cdr_csv.conf.xml. Values are quoted and quotes in them are not
escaped, so a line is cut at `","` and not read as CSV, unless that gives another number of columns.
"""

from __future__ import annotations

import csv

import polars as pl

# Place of each column in a template, from 0.
_EXAMPLE = {
    "caller_number": 1, "dialled_number": 2, "start": 4, "answer": 5, "end": 6, "duration": 7, "billsec": 8,
    "hangup_cause": 9, "uuid": 10, "bleg_uuid": 11,
}  # fmt: skip
_ASTERISK = {
    "caller_number": 1, "dialled_number": 2, "last_app": 7, "start": 9, "answer": 10, "end": 11, "duration": 12,
    "billsec": 13, "hangup_cause": 14, "uuid": 16,
}  # fmt: skip
_TEMPLATES = {15: ("csv_example", _EXAMPLE), 18: ("csv_asterisk", _ASTERISK)}
_CDR_STATS = "switch,cdr_source_type,callid,"
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


def read_csv_lines(numbered: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows (typed columns that a template has) and rejects of the columns `line_number` and `line`."""
    cut = numbered.with_columns(_fields(numbered["line"])).with_columns(pl.col("fields").list.len().alias("width"))
    layouts = [_layout(cut, width, name, places) for width, (name, places) in _TEMPLATES.items()]
    others = cut.filter(~pl.col("width").is_in(list(_TEMPLATES))).with_columns(_other_reason().alias("reason"))
    judged = [layout.with_columns(_reason().alias("reason")) for layout in layouts]
    rows = pl.concat(
        [part.filter(pl.col("reason").is_null()).drop("reason", "line") for part in judged], how="diagonal"
    )
    refused = [part.filter(pl.col("reason").is_not_null()) for part in [*judged, others]]
    rejects = pl.concat([part.select("line_number", "reason", pl.col("line").alias("text")) for part in refused])
    return rows, rejects.sort("line_number")


def _fields(lines: pl.Series) -> pl.Series:
    line = pl.col("line")
    is_quoted = line.str.starts_with('"') & line.str.ends_with('"') & (line.str.len_chars() > 1)
    cut = pl.when(is_quoted).then(line.str.head(-1).str.tail(-1).str.split('","'))
    fields = lines.to_frame("line").select(cut.alias("fields")).to_series()
    widths = fields.list.len()
    if widths.is_in(list(_TEMPLATES)).all() and not widths.has_nulls():
        return fields
    # Saved again by another program, or of another template.
    read = [
        found if width in _TEMPLATES else next(csv.reader([text], strict=False), [])
        for text, found, width in zip(lines, fields, widths, strict=True)
    ]
    return pl.Series("fields", read, dtype=pl.List(pl.String))


def _layout(cut: pl.DataFrame, width: int, name: str, places: dict[str, int]) -> pl.DataFrame:
    columns = [pl.col("fields").list.get(place).replace("", None).alias(column) for column, place in places.items()]
    whole = [
        pl.col(name).str.strip_chars().cast(pl.Int64, strict=False).cast(pl.Float64).alias(f"{name}_s")
        for name in ("duration", "billsec")
    ]
    times = [
        pl.col(name).str.to_datetime(_TIME_FORMAT, strict=False, time_unit="us").alias(f"{name}_local")
        for name in ("start", "answer", "end")
    ]
    return (
        cut.filter(pl.col("width") == width)
        .select("line_number", "line", *columns)
        .with_columns(*whole, *times, pl.lit("cdr").alias("record"), pl.lit(name).alias("layout"))
    )


def _reason() -> pl.Expr:
    looks = (
        pl.col("start_local").is_not_null()
        & pl.col("end_local").is_not_null()
        & (pl.col("answer").is_null() == pl.col("answer_local").is_null())
        & pl.col("duration_s").is_not_null()
        & pl.col("billsec_s").is_not_null()
        & pl.col("hangup_cause").str.contains(r"^[A-Z][A-Z0-9_]*$")
    )
    return (
        pl.when(~looks.fill_null(False))
        .then(pl.lit("as many columns as a mod_cdr_csv template, but not its stamps, lengths and hangup cause"))
        .when(~pl.col("uuid").fill_null("").str.contains(_UUID))
        .then(pl.lit("the uuid's column holds no uuid"))
        .when((pl.col("billsec_s") < 0) | (pl.col("duration_s") < pl.col("billsec_s")))
        .then(pl.lit("billsec is negative or more than duration"))
    )


def _other_reason() -> pl.Expr:
    line = pl.col("line")
    advice = '; a custom source can read it ([sources.<name>] with kind = "calls")'
    return (
        pl.when(line.str.starts_with("INSERT INTO"))
        .then(pl.lit("mod_cdr_csv's `sql` template: an SQL statement is not read" + advice))
        .when(line.str.starts_with(_CDR_STATS))
        .then(pl.lit("the header of CDR-Stats' import file, which is not a layout of FreeSWITCH" + advice))
        .otherwise(
            pl.format(
                "{} columns: neither JSON, nor mod_cdr_csv's templates `example` (15) or `asterisk` (18)" + advice,
                pl.col("width"),
            )
        )
    )
