"""Amazon Connect's contact records (CTR): JSON, one a line, in an array, or concatenated by a delivery stream.

Belongs here: which records are contacts, and their fields as written. Does not belong here: which delivery of a record
counts, and which records are one customer contact (sql/staging): they come at least once, in any order and any file.
Source: the data model for contact records in Amazon Connect's administrator guide.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import polars as pl

from pipelines.sources.base import UTC_TIME, Parsed
from pipelines.sources.json_records import (
    Ignored,
    Record,
    Row,
    Unreadable,
    holds_lines,
    instant_of,
    load_object,
    number_of,
    parse_lines,
    parse_records,
    seconds_of,
    text_of,
)
from pipelines.sources.lines import Lines

CHANNELS = ("VOICE", "CHAT", "TASK", "EMAIL")
INITIATION_METHODS = (
    "INBOUND", "OUTBOUND", "TRANSFER", "QUEUE_TRANSFER", "CALLBACK", "API", "DISCONNECT", "MONITOR",
    "EXTERNAL_OUTBOUND", "WEBRTC_API", "AGENT_REPLY", "FLOW", "CAMPAIGN_PREVIEW",
)  # fmt: skip

MONITORED = "a supervisor's monitoring: no contact"
WITHOUT_CUSTOMER = "a task without a customer endpoint: no contact"

# Column, and where in the record it stands.
_TEXTS = {
    "contact_id": ("ContactId",),
    "initial_contact_id": ("InitialContactId",),
    "previous_contact_id": ("PreviousContactId",),
    "next_contact_id": ("NextContactId",),
    "channel": ("Channel",),
    "subtype": ("SegmentAttributes", "connect:Subtype", "ValueString"),
    "stated_direction": ("SegmentAttributes", "connect:Direction", "ValueString"),
    "initiation_method": ("InitiationMethod",),
    "disconnect_reason": ("DisconnectReason",),
    "queue": ("Queue", "Name"),
    "queue_arn": ("Queue", "ARN"),
    "agent": ("Agent", "Username"),
    "agent_arn": ("Agent", "ARN"),
    "customer_id": ("CustomerId",),
    "customer_endpoint_type": ("CustomerEndpoint", "Type"),
    "customer_address": ("CustomerEndpoint", "Address"),
    "system_endpoint_type": ("SystemEndpoint", "Type"),
    "system_address": ("SystemEndpoint", "Address"),
    "transferred_to_address": ("TransferredToEndpoint", "Address"),
}
_TIMES = {
    "initiated_at": ("InitiationTimestamp",),
    "connected_at": ("ConnectedToSystemTimestamp",),
    "enqueued_at": ("Queue", "EnqueueTimestamp"),
    "dequeued_at": ("Queue", "DequeueTimestamp"),
    "agent_connected_at": ("Agent", "ConnectedToAgentTimestamp"),
    "wrap_started_at": ("Agent", "AfterContactWorkStartTimestamp"),
    "transfer_completed_at": ("TransferCompletedTimestamp",),
    "disconnected_at": ("DisconnectTimestamp",),
    "updated_at": ("LastUpdateTimestamp",),
}
_DURATIONS = {
    "queue_s": ("Queue", "Duration"),
    "talk_s": ("Agent", "AgentInteractionDuration"),
    "hold_s": ("Agent", "CustomerHoldDuration"),
    "wrap_s": ("Agent", "AfterContactWorkDuration"),
}
_FILE_SAYS = "contact records of Amazon Connect (JSON)"


class AmazonConnectReader:
    """Reads contact records; all their times are UTC."""

    source = "amazon_connect_contacts"
    table = "amazon_connect_contacts"
    version = 1
    time_column = "initiated_at"
    schema: dict[str, pl.DataType] = {
        **dict.fromkeys(_TEXTS, pl.String()),
        **dict.fromkeys(_TIMES, UTC_TIME),
        **dict.fromkeys(_DURATIONS, pl.Float64()),
        "priority": pl.Float64(),
    }

    def reads_lines(self, head: bytes) -> bool:
        """See `RecordReader.reads_lines`."""
        return holds_lines(head)

    def parse(self, lines: Lines, first_line: int) -> Parsed:
        """See `LineReader.parse`; what is no contact record becomes a reject."""
        return parse_lines(lines, first_line, self.schema, lambda line: _row(load_object(line)))

    def parse_document(self, data: bytes) -> Parsed:
        """See `RecordReader.parse_document`."""
        return parse_records(data, self.schema, _row, _FILE_SAYS)


def _row(record: Record) -> Row:
    """The columns of one record, in the schema's order.

    Raises:
        Unreadable: A field that a contact cannot do without is missing, or one holds what it cannot.
        Ignored: The record is no customer contact.
    """
    at = partial(_at, record)
    texts = {column: text_of(at(path), path[0]) for column, path in _TEXTS.items()}
    if texts["contact_id"] is None:
        raise Unreadable("no ContactId: not a contact record")
    _among(texts["channel"], CHANNELS, "Channel")
    _among(texts["initiation_method"], INITIATION_METHODS, "InitiationMethod")
    if texts["initiation_method"] == "MONITOR":
        raise Ignored(MONITORED)
    if texts["channel"] == "TASK" and texts["customer_address"] is None:
        raise Ignored(WITHOUT_CUSTOMER)
    times = {column: instant_of(at(path), ".".join(path)) for column, path in _TIMES.items()}
    if times["initiated_at"] is None:
        # Records of the first versions lack it now and then; the first sign of the contact is the next best.
        signs = [times[c] for c in ("connected_at", "enqueued_at", "agent_connected_at", "disconnected_at")]
        times["initiated_at"] = min((t for t in signs if t is not None), default=None)
    if times["initiated_at"] is None:
        raise Unreadable("no time says when the contact began")
    durations = [seconds_of(at(path), ".".join(path)) for path in _DURATIONS.values()]
    return (*texts.values(), *times.values(), *durations, number_of(record.get("QueuePriority"), "QueuePriority"))


def _at(record: Record, path: tuple[str, ...]) -> Any:
    """What stands at a path; null where anything on the way is missing.

    Raises:
        Unreadable: Something on the way is no object.
    """
    value: Any = record.get(path[0])
    for place, key in enumerate(path[1:], 1):
        if value is None:
            return None
        if not isinstance(value, dict):
            # Exports flatten {"ValueString": "x"} to "x"; that is the same thing said shorter.
            if key == "ValueString":
                return value
            raise Unreadable(f"{'.'.join(path[:place])} is not an object")
        value = value.get(key)
    return value


def _among(value: str | None, known: tuple[str, ...], name: str) -> None:
    if value is not None and value not in known:
        raise Unreadable(f"{name} is none of {', '.join(known)}")
