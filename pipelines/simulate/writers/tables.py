"""Tables as other systems export them, one file per month: CRM, surveys, chat, e-mail, hosted menu, dialler.

Belongs here: columns, and values as text. Does not belong here: what the rows say (people.py, output.py).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pipelines.simulate.writers.files import LandingFiles

COLUMNS: dict[str, tuple[str, ...]] = {
    "crm_customers": (
        "customer_id", "name", "phone", "email", "segment", "region", "language", "joined_at", "left_at",
        "contract_end_at", "birth_year", "marketing_opt_out", "profiling_objection", "updated_at",
    ),
    "crm_orders": (
        "order_id", "customer_id", "ordered_at", "amount", "currency", "margin", "channel", "contact_id", "campaign_id",
        "status",
    ),
    "crm_cases": ("case_id", "customer_id", "opened_at", "closed_at", "status", "reason", "contact_id"),
    "surveys": (
        "survey_id", "customer_id", "contact_id", "answered_at", "sent_at", "kind", "score", "scale_min", "scale_max",
        "comment", "language", "agent",
    ),
    "campaign_attempts": (
        "attempt_id", "campaign_id", "customer_id", "phone", "dialled_at", "arm", "connected", "right_party", "outcome",
        "agent", "amount", "propensity",
    ),
    "action_outcomes": (
        "contact_id", "customer_id", "action", "shown_at", "propensity", "arm", "accepted", "revenue", "version",
    ),
    "agents": ("agent_id", "name", "interface", "site", "team", "skills", "hourly_cost"),
    "schedules": ("agent_id", "starts_at", "ends_at", "activity"),
    "email": ("ticket", "received", "sender", "mailbox", "site", "first_opened", "closed", "clerk", "work_seconds"),
    "menu": ("session", "site", "began", "ended", "caller", "dialled", "result"),
    "dialler": ("call", "kind", "site", "dialled", "ended", "phone", "clerk", "ring_seconds", "talk_seconds", "result"),
}  # fmt: skip
PATTERNS = {"agents": "agents.csv"}


class CsvTables:
    """Writes rows of tables.

    Args:
        files: Where they go.
    """

    def __init__(self, files: LandingFiles) -> None:
        self._files = files

    def write(self, source: str, rows: Sequence[dict[str, Any]]) -> None:
        """Adds rows; a column that a row does not have is empty.

        Raises:
            ValueError: A row has a column that the table has not.
        """
        if not rows:
            return
        columns = COLUMNS[source]
        unknown = {name for row in rows for name in row} - set(columns)
        if unknown:
            raise ValueError(f"{source} has no column {', '.join(sorted(unknown))}; it has {', '.join(columns)}")
        header = csv_text([columns])
        text = csv_text([plain(row.get(name)) for name in columns] for row in rows)
        self._files.add(source, PATTERNS.get(source, f"{source}-{{month}}.csv"), text, header)

    def write_json(self, source: str, row: dict[str, Any]) -> None:
        """Adds an object, one a line."""
        line = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        self._files.add(source, f"{source}-{{month}}.jsonl", line + "\n")


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV text."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def plain(value: object) -> object:
    """A value as a CSV cell: instants in UTC, truths as true and false."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value} has no zone")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


def utc(at: int) -> str:
    """An instant as ISO 8601."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
