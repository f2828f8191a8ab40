"""Contracts of what was ingested: each row names its line, and has what its kind cannot do without.

Belongs here: raw.*. Does not belong here: the meaning of a row, which staging and core give it.
A new raw table is three lines: subclass `LogTable` or `CanonicalTable`, name the table and what it requires.
"""

from __future__ import annotations

from typing import ClassVar

from pipelines.contracts.base import Column, Contract, Rule
from pipelines.contracts.vocabulary import CONTACT_OUTCOMES, SURVEY_KINDS, VISIT_OUTCOMES

# What names a line: the piece of input it came in, and its number there.
LINE = ("file_id", "line_number")


def line_columns(*required: str) -> tuple[Column, ...]:
    """The columns of every raw table, and those no row of this one may lack; types are the reader's."""
    file_id, line_number = LINE
    line = (Column(file_id, nullable=False), Column(line_number, nullable=False, minimum="1"))
    return (*line, *(Column(name, nullable=False) for name in required))


class LogTable(Contract):
    """Lines of a log: a line is a row, so no line is there twice."""

    key: ClassVar[tuple[str, ...]] = LINE
    columns: ClassVar[tuple[Column, ...]] = line_columns()


class CanonicalTable(Contract):
    """Rows of a table; a custom source's SQL may make several rows of one line."""

    shown: ClassVar[tuple[str, ...]] = LINE
    columns: ClassVar[tuple[Column, ...]] = line_columns()


class RawAsteriskQueueLog(LogTable):
    """Events of queue_log."""

    table = "raw.asterisk_queue_log"
    columns = line_columns("event_at", "event")


class RawAsteriskCdr(LogTable):
    """Call detail records."""

    table = "raw.asterisk_cdr"
    columns = line_columns("start_local", "end_local", "disposition")


class RawAsteriskCel(LogTable):
    """Channel events."""

    table = "raw.asterisk_cel"
    columns = line_columns("event_type")
    row_rules = (
        Rule(
            "has_time",
            "event_at is not null or event_local is not null",
            "An event has its time, as an instant or as local time.",
        ),
    )


class RawCalls(CanonicalTable):
    """Contacts of custom sources."""

    table = "raw.calls"
    columns = line_columns("source_contact_id", "arrived_at")
    row_rules = (
        Rule(
            "outcome_values",
            "outcome in (" + ", ".join(f"'{word}'" for word in sorted({*CONTACT_OUTCOMES, *VISIT_OUTCOMES})) + ")",
            "An outcome that no vocabulary knows is a reject, not a row.",
        ),
        *(
            Rule(f"{name}_range", f"{name} >= 0", f"{name} is a duration: a negative one is a reject.")
            for name in ("ivr_s", "wait_s", "ring_s", "talk_s", "hold_s", "wrap_s")
        ),
        Rule(
            "ended_after_arrived",
            "ended_at >= arrived_at",
            "A contact ends after it arrives.",
        ),
    )


class RawCustomers(CanonicalTable):
    """Customers as exported."""

    table = "raw.customers"
    columns = line_columns("customer_id")


class RawOrders(CanonicalTable):
    """Orders as exported."""

    table = "raw.orders"
    columns = line_columns("order_id", "customer_id", "ordered_at", "amount")


class RawSurveys(CanonicalTable):
    """Surveys as exported."""

    table = "raw.surveys"
    columns = (*line_columns("survey_id"), Column("kind", nullable=False, values=SURVEY_KINDS))
