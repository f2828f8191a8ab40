"""Contracts of what was ingested: each row names its line, and nothing a reader should have refused got in.

Belongs here: raw.*. Does not belong here: the meaning of a row, which staging and core give it; what a reader refuses,
which is said once, in pipelines/sources.
A new canonical raw table is four lines: subclass `CanonicalTable`, name the table, take its kind's columns and rules.
"""

from __future__ import annotations

import re
from typing import ClassVar

from pipelines.contracts.base import Column, Contract, Rule
from pipelines.sources import canonical
from pipelines.sources.canonical import Kind

# What names a line: the piece of a file that was read in one go, and the line's number in the file.
LINE = ("segment_id", "line_number")


def log_columns(*required: str) -> tuple[Column, ...]:
    """The columns of a log's raw table: its line, and what no row of it may lack."""
    segment_id, line_number = LINE
    line = (Column(segment_id, nullable=False), Column(line_number, nullable=False, minimum="1"))
    return (*line, *(Column(name, nullable=False) for name in required))


def kind_columns(kind: Kind) -> tuple[Column, ...]:
    """The canonical columns with their types; the line's number is null where a custom SQL loses it."""
    segment_id, line_number = LINE
    line = (Column("source", "VARCHAR", nullable=False), Column(segment_id, nullable=False), Column(line_number))
    own = (Column(name, type_, nullable=name not in kind.required) for name, type_ in kind.columns.items())
    return (*line, *own)


def kind_rules(kind: Kind) -> tuple[Rule, ...]:
    """The reader's reasons to refuse a row, the other way round."""
    rules = [
        Rule(_name(reason), f"not ({condition})", f"The reader refuses a row where {reason}.")
        for reason, condition in kind.rules
    ]
    if kind.one_of:
        known = " or ".join(f"{name} is not null" for name in kind.one_of)
        rules.append(Rule("one_of", known, f"One of {', '.join(kind.one_of)} is known."))
    return tuple(rules)


def _name(reason: str) -> str:
    """A check's name from a reason; of a list of words, the first will do."""
    return "not_where_" + re.sub(r"\W+", "_", re.sub(r"(none of \w+),.*", r"\1", reason)).strip("_").lower()


class LogTable(Contract):
    """Lines of a log: a line is a row, so no line is there twice."""

    key: ClassVar[tuple[str, ...]] = LINE
    columns: ClassVar[tuple[Column, ...]] = log_columns()


class CanonicalTable(Contract):
    """Rows of a table; a custom source's SQL may make several rows of one line."""

    shown: ClassVar[tuple[str, ...]] = ("source", *LINE)
    columns: ClassVar[tuple[Column, ...]]


class RawAsteriskQueueLog(LogTable):
    """Events of queue_log."""

    table = "raw.asterisk_queue_log"
    columns = log_columns("event_at", "event")


class RawAsteriskCdr(LogTable):
    """Call detail records."""

    table = "raw.asterisk_cdr"
    columns = log_columns("start_local", "end_local", "disposition")


class RawAsteriskCel(LogTable):
    """Channel events."""

    table = "raw.asterisk_cel"
    columns = (*log_columns("event_type"), Column("event_at"), Column("event_local"))
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
    columns = kind_columns(canonical.CALLS)
    row_rules = kind_rules(canonical.CALLS)


class RawCustomers(CanonicalTable):
    """Customers as exported."""

    table = "raw.customers"
    columns = kind_columns(canonical.CUSTOMERS)
    row_rules = kind_rules(canonical.CUSTOMERS)


class RawOrders(CanonicalTable):
    """Orders as exported."""

    table = "raw.orders"
    columns = kind_columns(canonical.ORDERS)
    row_rules = kind_rules(canonical.ORDERS)


class RawSurveys(CanonicalTable):
    """Surveys as exported."""

    table = "raw.surveys"
    columns = kind_columns(canonical.SURVEYS)
    row_rules = kind_rules(canonical.SURVEYS)


class RawCases(CanonicalTable):
    """Cases as exported."""

    table = "raw.cases"
    columns = kind_columns(canonical.CASES)
    row_rules = kind_rules(canonical.CASES)


class RawCampaignAttempts(CanonicalTable):
    """Attempts of outbound campaigns as exported."""

    table = "raw.campaign_attempts"
    columns = kind_columns(canonical.CAMPAIGN_ATTEMPTS)
    row_rules = kind_rules(canonical.CAMPAIGN_ATTEMPTS)


class RawAgents(CanonicalTable):
    """The roster as exported."""

    table = "raw.agents"
    columns = kind_columns(canonical.AGENTS)
    row_rules = kind_rules(canonical.AGENTS)


class RawSchedules(CanonicalTable):
    """Shifts as exported."""

    table = "raw.schedules"
    columns = kind_columns(canonical.SCHEDULES)
    row_rules = kind_rules(canonical.SCHEDULES)


class RawActionOutcomes(CanonicalTable):
    """Outcomes of actions as recorded."""

    table = "raw.action_outcomes"
    columns = kind_columns(canonical.ACTION_OUTCOMES)
    row_rules = kind_rules(canonical.ACTION_OUTCOMES)
