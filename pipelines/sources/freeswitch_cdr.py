"""FreeSWITCH's call records: mod_json_cdr, mod_xml_cdr, mod_cdr_csv, and mod_callcenter's events.

Belongs here: what the raw table holds, lines and documents, and which of its lines are of which format. Does not belong
here: the formats themselves (freeswitch_json.py, freeswitch_xml.py, freeswitch_csv.py), or which records make one call
(sql/staging/freeswitch_calls.sql).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import polars as pl

from pipelines.sources.base import LOCAL_TIME, REJECT_SCHEMA, UTC_TIME, Parsed, rejects_frame
from pipelines.sources.freeswitch_csv import read_csv_lines
from pipelines.sources.freeswitch_json import Ignored, Record, read_mapping
from pipelines.sources.freeswitch_xml import read_xml
from pipelines.sources.lines import Lines, decode
from pipelines.sources.tabular import RefusedFile

_BOM = "\ufeff"


class FreeswitchReader:
    """Reads legs of calls (`record` is cdr) and events of their visits to queues (`record` is event)."""

    source = "freeswitch_cdr"
    table = "freeswitch_cdr"
    version = 1
    time_column = "event_at"
    schema: dict[str, pl.DataType] = {
        "record": pl.String(),
        "layout": pl.String(),
        "action": pl.String(),
        # A leg's start or an event's time; CSV has only the local one.
        "event_at": UTC_TIME,
        "start_local": LOCAL_TIME,
        "answered_at": UTC_TIME,
        "answer_local": LOCAL_TIME,
        "bridged_at": UTC_TIME,
        "ended_at": UTC_TIME,
        "duration_s": pl.Float64(),
        "billsec_s": pl.Float64(),
        "hold_s": pl.Float64(),
        "uuid": pl.String(),
        "originator_uuid": pl.String(),
        "bleg_uuid": pl.String(),
        "direction": pl.String(),
        "caller_number": pl.String(),
        "dialled_number": pl.String(),
        "hangup_cause": pl.String(),
        "last_app": pl.String(),
        "side": pl.String(),
        "queue": pl.String(),
        "agent": pl.String(),
        "member_uuid": pl.String(),
        "member_session_uuid": pl.String(),
        "joined_at": UTC_TIME,
        "called_at": UTC_TIME,
        "queue_answered_at": UTC_TIME,
        "terminated_at": UTC_TIME,
        "canceled_at": UTC_TIME,
        "left_at": UTC_TIME,
        "cause": pl.String(),
        "cancel_reason": pl.String(),
        "transferred_at": UTC_TIME,
        "transfer_type": pl.String(),
        "transferred_to": pl.String(),
    }

    def parse(self, lines: Lines, first_line: int) -> Parsed:
        """See `LineReader.parse`: JSON, XML and CSV records, one a line, told apart by their first character."""
        numbered = (
            pl.DataFrame({"line": lines.texts})
            .with_row_index("line_number", offset=first_line)
            .with_columns(pl.col("line_number").cast(pl.Int64), pl.col("line").str.strip_chars(_BOM + " \t\r\x00"))
            .filter(pl.col("line") != "")
        )
        is_mapping = pl.col("line").str.contains(r"^[{\[<]")
        mappings = _Collected()
        for number, line in numbered.filter(is_mapping).iter_rows():
            mappings.take_text(number, line)
        csv_rows, csv_rejects = read_csv_lines(numbered.filter(~is_mapping))
        rows = pl.concat([self._frame(mappings.rows), self._whole(csv_rows)]).sort("line_number")
        csv_rejects = csv_rejects.select(pl.col(name).cast(kind) for name, kind in REJECT_SCHEMA.items())
        rejects = pl.concat([rejects_frame(mappings.rejects), csv_rejects])
        blank = lines.count - numbered.height
        ignored = mappings.ignored + Counter({"blank": blank} if blank else {})
        return Parsed(rows, rejects.sort("line_number"), ignored, lines.count)

    def reads_lines(self, head: bytes) -> bool:
        """See `RecordReader.reads_lines`: an object that ends on its line is one of many, one over lines is not."""
        text = decode(head).lstrip(_BOM + " \t\r\n")
        if text.startswith(("<", "[")):
            return False
        if not text.startswith("{"):
            return True
        # The last line may be cut off by the head's length, or still be written.
        *whole, last = text.split("\n")
        return not whole or any(_is_object(line) for line in [*whole, last] if line.startswith("{"))

    def parse_document(self, data: bytes) -> Parsed:
        """See `RecordReader.parse_document`: XML, a JSON array, or JSON objects one after another, over any lines."""
        collected = _Collected()
        found = data.lstrip(b"\xef\xbb\xbf \t\r\n")
        if found.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
            try:
                records = read_xml(found)
            except ValueError as error:
                raise RefusedFile(str(error)) from error
            for number, record in enumerate(records, start=1):
                collected.take(number, record, "xml")
        else:
            for number, item in enumerate(_json_records(decode(found)), start=1):
                if isinstance(item, _Fragment):
                    collected.rejects.append((number, item.reason, item.text))
                else:
                    collected.take(number, item, "json")
        return Parsed(
            self._frame(collected.rows), rejects_frame(collected.rejects), collected.ignored, collected.record_count
        )

    def _frame(self, rows: list[Record]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema={"line_number": pl.Int64(), **self.schema}, orient="row")

    def _whole(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The columns of the schema, null where the frame has none."""
        columns = [
            (pl.col(name) if name in rows.columns else pl.lit(None)).cast(kind).alias(name)
            for name, kind in self.schema.items()
        ]
        return rows.select(pl.col("line_number").cast(pl.Int64), *columns)


class _Collected:
    """Rows, rejects and ignored records as they come."""

    def __init__(self) -> None:
        self.rows: list[Record] = []
        self.rejects: list[tuple[int, str, str]] = []
        self.ignored: Counter[str] = Counter()

    @property
    def record_count(self) -> int:
        return len(self.rows) + len(self.rejects) + self.ignored.total()

    def take_text(self, number: int, line: str) -> None:
        """One line that holds one object or XML document."""
        try:
            if not line.startswith("<"):
                self.take(number, json.loads(line), "json", line)
                return
            (record,) = read_xml(line)
            self.take(number, record, "xml", line)
        except json.JSONDecodeError as error:
            self.rejects.append((number, f"not JSON: {error.msg} at character {error.pos}", line))
        except RecursionError:
            self.rejects.append((number, "not JSON: nested too deeply", line))
        except ValueError as error:
            self.rejects.append((number, str(error), line))

    def take(self, number: int, found: object, layout: str, text: str | None = None) -> None:
        """One record; what is wrong with it makes it a reject."""
        try:
            self.rows.append({"line_number": number, **read_mapping(found, layout)})
        except Ignored as reason:
            self.ignored[str(reason)] += 1
        except ValueError as error:
            self.rejects.append((number, str(error), text if text is not None else json.dumps(found)))


class _Fragment:
    """A piece of a document that is not JSON."""

    def __init__(self, reason: str, text: str) -> None:
        self.reason = reason
        self.text = text


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _json_records(text: str) -> Iterator[object]:
    """The objects of a document and, between them, fragments that are not JSON.

    Raises:
        RefusedFile: There is no whole object in it.
    """
    records = list(_scan(text))
    if all(isinstance(record, _Fragment) for record in records):
        reason = records[0].reason if records and isinstance(records[0], _Fragment) else "nothing in it"
        raise RefusedFile(f"no whole JSON document: {reason}")
    for record in records:
        yield from record if isinstance(record, list) else [record]


def _scan(text: str) -> Iterator[object]:
    decoder = json.JSONDecoder()
    position = 0
    while position < len(text):
        if text[position] in " \t\r\n\x00":
            position += 1
            continue
        try:
            record, position = decoder.raw_decode(text, position)
            yield record
        except (ValueError, RecursionError) as error:
            # A record begins at the beginning of a line; within one, lines are indented.
            begin, next_record = position, text.find("\n{", position)
            position = next_record + 1 if next_record >= 0 else len(text)
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply or a number too long"
            yield _Fragment(f"not JSON: {reason}", text[begin:position].rstrip()[:4000])
