"""Asterisk's channel event log (cel_custom): the sample layout, event first, and the layout with the time first.

Belongs here: telling the two layouts and the two ways to write a time apart; the event's details stay JSON text. Does
not belong here: what the events say about a call (sql/staging).
Source: asterisk/asterisk cel/cel_custom.c and its sample configuration.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from pipelines.sources.base import LOCAL_TIME, UTC_TIME, Parsed
from pipelines.sources.csv_lines import split_records
from pipelines.sources.lines import Lines

EVENT_TYPES = [
    "CHAN_START",
    "CHAN_END",
    "ANSWER",
    "HANGUP",
    "APP_START",
    "APP_END",
    "PARK_START",
    "PARK_END",
    "BRIDGE_ENTER",
    "BRIDGE_EXIT",
    "BLINDTRANSFER",
    "ATTENDEDTRANSFER",
    "PICKUP",
    "FORWARD",
    "LINKEDID_END",
    "LOCAL_OPTIMIZE",
    "LOCAL_OPTIMIZE_BEGIN",
    "STREAM_BEGIN",
    "STREAM_END",
    "DTMF",
    "USER_DEFINED",
]
_FIELDS = [
    "caller_name",
    "caller_number",
    "ani",
    "rdnis",
    "dnid",
    "exten",
    "context",
    "channel",
    "appname",
    "appdata",
    "amaflags",
    "accountcode",
    "uniqueid",
    "linkedid",
    "bridge_peer",
    "userfield",
    "userdeftype",
    "extra_json",
]
_WIDTH = 20


class CelReader:
    """Reads cel_custom records of 20 columns; those at the end may be missing, as older versions have fewer."""

    source = "asterisk_cel"
    table = "asterisk_cel"
    version = 2
    time_column = "event_at"
    local_time_column = "event_local"
    schema: dict[str, pl.DataType] = {
        "event_at": UTC_TIME,
        "event_local": LOCAL_TIME,
        "event_type": pl.String(),
        **{name: pl.String() for name in _FIELDS},
    }

    def parse(self, lines: Lines, first_line: int) -> Parsed:
        """See `LineReader.parse`; a line in neither layout becomes a reject."""
        type_first = pl.col("c1").is_in(EVENT_TYPES)
        records = (
            split_records(lines, _WIDTH)
            .with_row_index("line_number", offset=first_line)
            .with_columns(pl.col("line_number").cast(pl.Int64))
            .rename({f"c{n}": name for n, name in enumerate(_FIELDS, start=3)})
            .with_columns(
                pl.when(type_first).then("c1").otherwise("c2").alias("event_type"),
                pl.when(type_first).then("c2").otherwise("c1").alias("time"),
            )
            .with_columns(_instant().alias("event_at"), _local().alias("event_local"))
            .with_columns(_reason().alias("reason"))
        )
        rows = records.filter(pl.col("reason").is_null()).select("line_number", *self.schema)
        refused = lines.refused(records.filter(pl.col("reason").is_not_null()), first_line)
        rejects = refused.filter(~_is_header()) if refused.height else refused
        blank_count = records.height - rows.height - refused.height
        ignored = Counter({"blank": blank_count, "header": refused.height - rejects.height})
        return Parsed(rows, rejects, +ignored, lines.count)


def _is_header() -> pl.Expr:
    """A header names its columns in the order that is read here; any other order is refused."""
    names = pl.col("text").str.replace_all(r'[\ufeff" ]', "").str.to_lowercase()
    return names.str.contains(r"^(eventtype,eventtime|eventtime,eventtype),")


def _instant() -> pl.Expr:
    """`<sec>.<usec>`, the default, is UTC; split as text, for a double cannot hold every microsecond."""
    parts = pl.col("time").str.extract_groups(r"^([0-9]{6,11})(?:\.([0-9]{1,6}))?$").struct
    fraction = parts.field("2").fill_null("").str.pad_end(6, "0").cast(pl.Int64)
    micros = parts.field("1").cast(pl.Int64) * 1_000_000 + fraction
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _local() -> pl.Expr:
    return pl.col("time").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")


def _reason() -> pl.Expr:
    return (
        pl.when(~pl.col("event_type").fill_null("").is_in(EVENT_TYPES))
        .then(pl.lit("neither of the first two columns is a channel event type"))
        .when(pl.col("event_at").is_null() & pl.col("event_local").is_null())
        .then(pl.lit("the event time is neither seconds.microseconds nor YYYY-MM-DD HH:MM:SS"))
        .when(pl.col("uniqueid").is_null() | pl.col("linkedid").is_null())
        .then(pl.lit("uniqueid or linkedid is missing: not the cel_custom order of the sample configuration"))
        .when(pl.col("extra").is_not_null())
        .then(pl.lit("more than 20 columns"))
    )
