"""Asterisk's queue_log out of its realtime database table: CSV with commas, semicolons or tabs, with or without header.

Belongs here: turning exported rows into the fields that the file would have held, so that an event that comes both ways
is one event. Does not belong here: the file (asterisk_queue_log.py, which passes on what it cannot read itself), or the
meaning of a parameter (sql/staging/asterisk_queue_log.sql).
Source: asterisk/asterisk main/logger.c; the table of contrib/ast-db-manage, and FreePBX's with serverid.

Each row is read by itself, so columns must stand in the table's order: [id], time, callid, queuename, [serverid],
agent, event, then data1 to data5, or the single `data` of the non-adaptive mode, or `data` and data1 to data5.

Times. The table's `time` is local, with microseconds, unless queue_log_realtime_use_gmt is set (then the source's
timezone must be UTC). An epoch (Asterisk 1.6) or a time with an offset needs no zone. `event_at` is cut to the whole
second, as the file has it; `event_local` keeps what was written. In the hour that the clocks repeat in autumn a local
time means two instants. The id of the call's channel ends in the second of its creation, and an event cannot be older
than its channel: if the channel was created after the earlier instant, the later one is meant, and if it was created
within the hour up to the earlier one, that is meant (wrong for calls of more than an hour, where the hour is repeated).
Without such an id, as for pauses, it is the later one, as DuckDB's timezone() has it for the other sources. The id only
chooses between the two; no time is taken from it. A local time that the clocks skip in spring is refused: the zone set
is not the table's.

What cannot be known for the same event as in the file, and stays two events: one that straddled the second between the
insert and the write; a parameter that the database cut at 100 characters; one with quotes or backslashes, which
Asterisk removes on the way into the table.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass

import polars as pl

from pipelines.sources.csv_lines import column_names, split_records
from pipelines.sources.lines import Lines

# id, time, callid, queuename, serverid, agent, event, and six columns of parameters.
_WIDTH = 13
_HEADER = r"^(id,)?time,callid,queue(name)?,(serverid,)?agent,event(,data)?(,data[1-5])*(,created)?$"
# [0-9] and not \d, which knows the digits of all scripts and takes twice as long.
_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?$"
_EPOCH = r"^[0-9]{9,10}$"
_UNIQUEID = r"([0-9]{9,10})\.[0-9]+$"
_CLOCK = "%Y-%m-%d %H:%M:%S"
_NO_VALUE = ["\\N", "NULL"]  # MySQL's INTO OUTFILE, and its --batch
# The slack between a channel's creation and its first event, for an id is made before the clock is read again.
_CLOCK_SLACK_S = 2
_SECOND_US = 1_000_000


@dataclass(frozen=True)
class TableLines:
    """What came of lines that might be rows of the table.

    Attributes:
        rows: The queue_log reader's columns and `line_number`.
        rejects: `line_number`, `reason`, `text` of lines that are of the table but cannot be read.
        header_count: Header lines.
        others: The input's rows that are not of the table at all.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    header_count: int
    others: pl.DataFrame


def read_table_lines(lines: pl.DataFrame, events: list[str], timezone: str | None) -> TableLines:
    """Reads the rows of table exports among lines.

    Args:
        lines: `line_number`, `line`, and whatever `others` shall keep.
        events: Event names.
        timezone: Zone of the table's local times; None refuses them, for a guess would be wrong by hours.
    """
    # The first field is an id, a time or the header's name of either; what follows it separates all.
    separator = pl.col("line").str.extract(r'^\ufeff?"?(?:[0-9][0-9TZ:.+/ -]*|(?i:id|time))"?([,;\t])', 1)
    shaped = lines.with_columns(separator.alias("separator")).with_columns(_field_count().alias("field_count"))
    is_table = (pl.col("field_count") >= 5).fill_null(False)
    tables = shaped.filter(is_table).select("line_number", "line", "separator", "field_count")
    others = shaped.filter(~is_table).select(lines.columns)
    groups = tables.partition_by("separator", as_dict=True) if tables.height else {(",",): tables}
    parts = [_read(group, str(separator), events, timezone) for (separator,), group in groups.items()]
    return TableLines(
        pl.concat([part.rows for part in parts]),
        pl.concat([part.rejects for part in parts]),
        sum(part.header_count for part in parts),
        others,
    )


def _field_count() -> pl.Expr:
    """How many fields the line has, empty ones included; null where no separator was found."""
    line = pl.col("line")
    bare = pl.when(line.str.contains('"', literal=True)).then(line.str.replace_all(r'"[^"]*"', "")).otherwise(line)
    return bare.str.count_matches(pl.col("separator"), literal=True).cast(pl.Int64) + 1


def _read(lines: pl.DataFrame, separator: str, events: list[str], timezone: str | None) -> TableLines:
    """Reads lines of one separator; `others` is empty."""
    is_header = pl.col("line").str.contains(r'^\ufeff?"?[A-Za-z]')
    headers = lines.filter(is_header).with_columns(_in_order(separator).alias("in_order"))
    rows = lines.filter(~is_header)
    records = (
        pl.concat([rows, _split(rows["line"], separator)], how="horizontal")
        .with_columns(_has_id().alias("has_id"))
        .with_columns(_fields(events))
        .with_columns(_time("time"))
        .with_columns(_data())
        .with_columns(_instant(timezone))
        .with_columns(_reason(events, timezone).alias("reason"))
    )
    wanted = ["line_number", "event_at", "event_local", "callid", "queue", "agent", "event", "data"]
    wrong_order = headers.filter(~pl.col("in_order")).with_columns(pl.lit(_WRONG_ORDER).alias("reason"))
    return TableLines(
        records.filter(pl.col("reason").is_null()).select(wanted),
        pl.concat([_rejects(records), _rejects(wrong_order)]),
        int(headers["in_order"].sum()),
        lines.clear(),
    )


def _in_order(separator: str) -> pl.Expr:
    """Whether a header's names stand in the order of the table."""
    bare = pl.col("line").str.replace_all(r'[\ufeff" ]', "").str.to_lowercase()
    return bare.str.replace_all(separator, ",", literal=True).str.contains(_HEADER)


def _rejects(records: pl.DataFrame) -> pl.DataFrame:
    refused = records.filter(pl.col("reason").is_not_null())
    return refused.select("line_number", "reason", pl.col("line").alias("text"))


def _split(lines: pl.Series, separator: str) -> pl.DataFrame:
    """The fields as text columns c1, c2, …; empty ones are null."""
    bare = lines.str.strip_chars_start("\ufeff")
    names = column_names(_WIDTH)
    if separator == ",":
        return split_records(Lines.of(bare), _WIDTH).select(names)
    if not bare.str.contains('"', literal=True).any():
        fields = bare.str.splitn(separator, _WIDTH + 1).struct.rename_fields(names)
        return fields.struct.unnest().with_columns(pl.all().replace("", None))
    records = [next(csv.reader([line], delimiter=separator), [])[: _WIDTH + 1] for line in bare]
    padded = [[value or None for value in r] + [None] * (_WIDTH + 1 - len(r)) for r in records]
    return pl.DataFrame(padded, schema=dict.fromkeys(names, pl.String()), orient="row")


def _is_time(name: str) -> pl.Expr:
    return pl.col(name).str.contains(_ISO) | pl.col(name).str.contains(_EPOCH)


def _has_id() -> pl.Expr:
    """Whether the time stands second. A callid in that place has a dot in it, and so is no epoch."""
    return (pl.col("c1").str.contains(r"^[0-9]+$") & _is_time("c2")).fill_null(False)


def _fields(events: list[str]) -> list[pl.Expr]:
    """The named fields; `event_place` says after which column the parameters begin."""
    shift = pl.col("has_id").cast(pl.Int64)
    is_plain = pl.when("has_id").then("c6").otherwise("c5").is_in(events)
    has_server = pl.when("has_id").then("c7").otherwise("c6").is_in(events) & ~is_plain.fill_null(False)
    has_server = has_server.fill_null(False)

    def at(place: int) -> pl.Expr:
        """The column at a place that is counted without id and serverid."""
        moved = pl.when(pl.col("has_id") & has_server).then(f"c{place + 2}")
        one = pl.when(pl.col("has_id") | has_server).then(f"c{place + 1}").otherwise(f"c{place}")
        return moved.otherwise(one) if place > 3 else pl.when("has_id").then(f"c{place + 1}").otherwise(f"c{place}")

    parameters = [at(5 + n).alias(f"a{n}") for n in range(1, 7)]
    named = [at(place).fill_null("").alias(name) for place, name in enumerate(_NAMES, start=1)]
    return [*named, *parameters, (shift + has_server.cast(pl.Int64) + 5).alias("event_place")]


_NAMES = ("time", "callid", "queue", "agent", "event")


def _data() -> list[pl.Expr]:
    """The parameters as the file has them: `data1|data2|…` without empty ones at the end, or the single `data`."""
    values = [pl.when(~pl.col(f"a{n}").is_in(_NO_VALUE)).then(f"a{n}").fill_null("") for n in range(1, 7)]
    first, rest = (pl.concat_str(some, separator="|").str.strip_chars_end("|") for some in (values[:5], values[1:]))
    parameter_count = pl.col("field_count") - pl.col("event_place")
    is_dated = (parameter_count == 6) & pl.col("a6").str.contains(_ISO).fill_null(False)  # FreePBX's `created`
    has_both = (parameter_count == 6) & ~is_dated
    single = pl.when(values[0] == "").then(rest).otherwise(values[0])
    is_twofold = has_both & (values[0] != "") & (rest != "")
    data = pl.when(has_both).then(single).otherwise(first)
    return [data.alias("data"), is_twofold.alias("is_twofold"), (parameter_count > 6).alias("is_long")]


def _time(name: str) -> list[pl.Expr]:
    """`local`: the time as written; `offset_s` and `epoch_s`, where it states an instant."""
    text = pl.col(name)
    clock, fraction = text.str.slice(0, 19), text.str.extract(r"^.{19}\.([0-9]{1,6})", 1)
    zone = text.str.extract(r"^.{19}(?:\.[0-9]+)?(Z|[+-].+)$", 1)
    hours, minutes = zone.str.slice(1, 2), zone.str.slice(3).str.strip_chars(":").replace("", "0")
    offset = hours.cast(pl.Int64, strict=False) * 3600 + minutes.cast(pl.Int64, strict=False) * 60
    signed = pl.when(zone == "Z").then(0).when(zone.str.starts_with("-")).then(-offset).otherwise(offset)
    local = clock.str.replace("T", " ", literal=True).str.to_datetime(_CLOCK, strict=False, time_unit="us")
    micros = fraction.str.pad_end(6, "0").cast(pl.Int64, strict=False).fill_null(0)
    return [
        (local + pl.duration(microseconds=micros)).alias("local"),
        signed.alias("offset_s"),
        pl.when(text.str.contains(_EPOCH)).then(text.cast(pl.Int64, strict=False)).alias("epoch_s"),
    ]


def _instant(timezone: str | None) -> list[pl.Expr]:
    """`event_at` in whole seconds, and `event_local` where the time was local."""
    second = pl.col("local").dt.truncate("1s")
    stated = pl.coalesce(pl.col("epoch_s"), second.dt.epoch("s") - pl.col("offset_s"))
    is_local = stated.is_null() & pl.col("local").is_not_null()
    if timezone is None:
        meant = pl.lit(None, pl.Int64)
    else:
        earlier, later = (
            second.dt.replace_time_zone(timezone, ambiguous=which, non_existent="null").dt.epoch("s")
            for which in ("earliest", "latest")
        )
        created = pl.col("callid").str.extract(_UNIQUEID, 1).cast(pl.Int64)
        is_earlier = created.is_between(later - 2 * (later - earlier), earlier + _CLOCK_SLACK_S)
        meant = pl.when(is_earlier.fill_null(False)).then(earlier).otherwise(later)
    micros = pl.coalesce(stated, meant) * _SECOND_US
    return [
        micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("event_at"),
        pl.when(is_local).then("local").alias("event_local"),
    ]


_WRONG_ORDER = (
    "a header of queue_log's table whose columns are not [id], time, callid, queuename, [serverid], agent, event, data…"
)


def _reason(events: list[str], timezone: str | None) -> pl.Expr:
    line = pl.col("line")
    # Only MySQL writes \" within a field; at the end of one it would be a name that ends in a backslash.
    is_spoilt = line.str.contains('\\"', literal=True) | (line.str.count_matches('"', literal=True) % 2 == 1)
    looks_like_id = _UNIQUEID
    is_swapped = pl.col("queue").str.contains(looks_like_id) & ~pl.col("callid").str.contains(looks_like_id)
    no_instant = (
        "a local time, but no time zone is known for the source"
        if timezone is None
        else f"a local time that the clocks of {timezone} skip: is it the source's timezone?"
    )
    return (
        pl.when(is_spoilt)
        .then(pl.lit("a quote that is not closed, or follows a backslash: export with doubled quotes"))
        .when(~_is_time("time"))
        .then(pl.lit("a row of queue_log's table must begin with [id], time; time as YYYY-MM-DD HH:MM:SS"))
        .when(~pl.col("event").is_in(events))
        .then(pl.lit("unknown event in the column after agent of a row of queue_log's table"))
        .when(is_swapped)
        .then(pl.lit("a uniqueid in the column of the queue: not the order time, callid, queuename, agent, event"))
        .when("is_long")
        .then(pl.lit("more columns than data1 to data5 after the event"))
        .when("is_twofold")
        .then(pl.lit("parameters both in data and in data1 to data5"))
        .when(pl.col("local").is_null() & pl.col("epoch_s").is_null())
        .then(pl.lit("the time is no date and time of the calendar"))
        .when(pl.col("event_at").is_null())
        .then(pl.lit(no_instant))
    )
