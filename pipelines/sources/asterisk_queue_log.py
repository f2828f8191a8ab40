"""Asterisk's queue_log file: `epoch|callid|queue|agent|EVENT|p1|p2|…`, no quoting, no header.

Belongs here: which lines are events, and their first five fields. Does not belong here: the parameters, which stay one
text (`data`), because their meaning depends on the event and a pause reason may hold a pipe:
sql/staging/asterisk_queue_log.sql takes them apart; nor rows of the database table, which may lie in the same folder:
asterisk_queue_log_table.py reads the lines that are not of the file.
Source: asterisk/asterisk apps/app_queue.c and main/logger.c.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from pipelines.sources.asterisk_queue_log_table import read_table_lines
from pipelines.sources.base import LOCAL_TIME, UTC_TIME, Parsed
from pipelines.sources.lines import Lines

EVENTS = (
    # app_queue.c
    "ENTERQUEUE CONNECT COMPLETEAGENT COMPLETECALLER ABANDON EXITWITHTIMEOUT EXITEMPTY EXITWITHKEY WITHDRAW "
    "RINGNOANSWER RINGCANCELED BLINDTRANSFER ATTENDEDTRANSFER TRANSFER AGENTDUMP SYSCOMPAT ADDMEMBER REMOVEMEMBER "
    "PAUSE UNPAUSE PAUSEALL UNPAUSEALL PENALTY RINGINUSE QUEUESTART CONFIGRELOAD OUTCALL "
    # agents
    "AGENTLOGIN AGENTLOGOFF AGENTCALLBACKLOGIN AGENTCALLBACKLOGOFF "
    # written by dialplans through QueueLog(): FreePBX, Wazo, NethVoice, Loway, and our own router's SCORE
    "DID INFO WRAPUPSTART FULL JOINEMPTY JOINUNAVAIL CLOSED DIVERT_CA_RATIO DIVERT_HOLDTIME "
    "CALLERONHOLD CALLEROFFHOLD CALLSTATUS CALLOUTBOUND FEATURECODE SCORE"
).split()

_FIELDS = ["epoch", "callid", "queue", "agent", "event", "data"]


class QueueLogReader:
    """Reads queue_log lines; the epoch is UTC, so the file knows no daylight saving.

    Args:
        timezone: Zone of the local times in table exports. None: such rows are refused. The file needs none.

    Attributes:
        settings: What of the settings decides the rows: another zone means other instants.
    """

    source = "asterisk_queue_log"
    table = "asterisk_queue_log"
    version = 2
    time_column = "event_at"
    schema: dict[str, pl.DataType] = {
        "event_at": UTC_TIME,
        "event_local": LOCAL_TIME,
        "callid": pl.String(),
        "queue": pl.String(),
        "agent": pl.String(),
        "event": pl.String(),
        "data": pl.String(),
    }

    def __init__(self, timezone: str | None = None) -> None:
        self.timezone = timezone
        self.settings = (timezone or "",)

    def parse(self, lines: Lines, first_line: int) -> Parsed:
        """See `LineReader.parse`; unknown events and lines without five fields become rejects."""
        fields = (
            pl.DataFrame({"line": lines.texts})
            .with_row_index("line_number", offset=first_line)
            .with_columns(pl.col("line_number").cast(pl.Int64))
            .filter(pl.col("line") != "")
            .with_columns(pl.col("line").str.splitn("|", 6).struct.rename_fields(_FIELDS).alias("fields"))
            .unnest("fields")
            .with_columns(_seconds().alias("event_us"), pl.lit(None, LOCAL_TIME).alias("event_local"))
        )
        if fields["event_us"].null_count():
            fields = fields.with_columns(pl.col("event_us").fill_null(_fraction()))
        fields = fields.with_columns(_event_at().alias("event_at")).with_columns(_reason().alias("reason"))
        is_row = pl.col("reason").is_null()
        rows = fields.filter(is_row).select("line_number", *self.schema)
        refused = fields.filter(~is_row).select("line_number", "reason", "line")
        ignored = Counter({"blank": lines.count - fields.height} if lines.count > fields.height else {})
        if refused.height:
            table = read_table_lines(refused, EVENTS, self.timezone)
            rows = pl.concat([rows, table.rows.select(rows.columns)]).sort("line_number")
            refused = table.others
            ignored += Counter({"header": table.header_count})
            rejects = pl.concat([refused.rename({"line": "text"}), table.rejects]).sort("line_number")
        else:
            rejects = refused.rename({"line": "text"})
        return Parsed(rows, rejects, ignored, lines.count)


def _seconds() -> pl.Expr:
    """The epoch in microseconds; whole seconds, by rule."""
    return pl.col("epoch").cast(pl.Int64, strict=False) * 1_000_000


def _fraction() -> pl.Expr:
    """An epoch with a fraction of a second, as some patched builds write it."""
    micros = (pl.col("epoch").cast(pl.Float64, strict=False) * 1e6).round().cast(pl.Int64, strict=False)
    return pl.when(pl.col("epoch").str.contains(".", literal=True)).then(micros)


def _event_at() -> pl.Expr:
    micros = pl.col("event_us")
    # Beyond year 2200 or before 1990 it is not a queue_log's clock, and would open absurd windows.
    return (
        pl.when(micros.is_between(631_152_000_000_000, 7_258_118_400_000_000))
        .then(micros)
        .cast(pl.Datetime("us"))
        .dt.replace_time_zone("UTC")
    )


def _reason() -> pl.Expr:
    return (
        pl.when(pl.col("event").is_null())
        .then(pl.lit("not a queue_log line: fewer than five fields separated by |"))
        .when(pl.col("event_at").is_null())
        .then(pl.lit("the first field is not an epoch in seconds"))
        .when(~pl.col("event").is_in(EVENTS))
        .then(pl.lit("unknown event in the fifth field"))
    )
