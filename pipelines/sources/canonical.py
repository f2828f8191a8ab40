"""The canonical tables: what a CRM export or a custom source must come out as, column by column.

Belongs here: names, types, what is required, and which values are impossible. Does not belong here: reading files.
Types are DuckDB's; a rule is a reason and the SQL condition (over typed columns) that makes a row a reject.
"""

from __future__ import annotations

from dataclasses import dataclass

CONTACT_OUTCOMES = (
    "answered", "abandoned", "abandoned_in_ivr", "contained_in_ivr", "timed_out", "exited_by_key", "exited_empty",
    "withdrawn", "blocked", "failed", "callback", "open",
)  # fmt: skip
CHANNELS = ("voice", "ivr", "callback", "sms", "email", "chat", "messaging", "video", "fax", "social")

TEXT, TIME, NUMBER, COUNT, FLAG, DATE = "VARCHAR", "TIMESTAMPTZ", "DOUBLE", "BIGINT", "BOOLEAN", "DATE"


@dataclass(frozen=True)
class Kind:
    """One canonical table.

    Attributes:
        name: What a row is; also the raw table's name.
        columns: Column name to DuckDB type, in order.
        required: Columns that must be selected and hold a value.
        one_of: At least one of these must hold a value (empty: no such rule).
        rules: (reason, condition that makes the row a reject).
        time_column: When a row happened; None for a table of things rather than of events.
    """

    name: str
    columns: dict[str, str]
    required: tuple[str, ...]
    rules: tuple[tuple[str, str], ...] = ()
    one_of: tuple[str, ...] = ()
    time_column: str | None = None

    @property
    def earliest(self) -> str:
        """Before this a time is impossible: a clock never set says 1970, but a customer may have joined then."""
        return "1980-01-01 00:00:00+00" if self.time_column else "1900-01-01 00:00:00+00"


def _among(column: str, values: tuple[str, ...]) -> tuple[str, str]:
    listed = ", ".join(f"'{v}'" for v in values)
    return (f"{column} is none of {', '.join(values)}", f"{column} not in ({listed})")


def _not_negative(*columns: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"{column} is negative", f"{column} < 0") for column in columns)


def _ordered(first: str, second: str) -> tuple[str, str]:
    return (f"{second} is before {first}", f"{second} < {first}")


CALLS = Kind(
    "calls",
    {
        "source_contact_id": TEXT, "arrived_at": TIME, "channel": TEXT, "direction": TEXT, "caller_number": TEXT,
        "customer_id": TEXT, "dialled_number": TEXT, "site": TEXT, "ivr_s": NUMBER, "queue": TEXT, "entered_at": TIME,
        "wait_s": NUMBER, "answered_at": TIME, "agent": TEXT, "ring_s": NUMBER, "talk_s": NUMBER, "hold_s": NUMBER,
        "wrap_s": NUMBER, "ended_at": TIME, "outcome": TEXT, "transfer_type": TEXT, "transferred_to": TEXT,
        "priority": NUMBER,
    },
    ("source_contact_id", "arrived_at"),
    (
        _among("outcome", CONTACT_OUTCOMES),
        _among("channel", CHANNELS),
        _among("direction", ("inbound", "outbound")),
        *_not_negative("wait_s", "ring_s", "talk_s", "hold_s", "wrap_s"),
        # What a source is known to get wrong is repaired in staging, not refused: a menu's clock that runs behind
        # (ivr_s negative, entered before arrived), talk of a call that nobody answered.
        ("ended_at is before arrived_at", "ended_at < least(arrived_at, coalesce(entered_at, arrived_at))"),
        _ordered("entered_at", "answered_at"),
        _ordered("entered_at", "ended_at"),
        _ordered("answered_at", "ended_at"),
        _among("transfer_type", ("blind", "attended")),
        ("entered_at is set and queue is not", "entered_at is not null and queue is null"),
    ),
    time_column="arrived_at",
)  # fmt: skip
CUSTOMERS = Kind(
    "customers",
    {
        "customer_id": TEXT, "name": TEXT, "phone": TEXT, "email": TEXT, "segment": TEXT, "region": TEXT,
        "language": TEXT, "joined_at": TIME, "left_at": TIME, "contract_end_at": TIME, "birth_year": COUNT,
        "marketing_opt_out": FLAG, "profiling_objection": FLAG, "updated_at": TIME,
    },
    ("customer_id",),
    (_ordered("joined_at", "left_at"),),
)  # fmt: skip
ORDERS = Kind(
    "orders",
    {
        "order_id": TEXT, "customer_id": TEXT, "ordered_at": TIME, "amount": NUMBER, "currency": TEXT,
        "margin": NUMBER, "channel": TEXT, "contact_id": TEXT, "campaign_id": TEXT, "status": TEXT,
    },
    ("order_id", "customer_id", "ordered_at", "amount"),
    (_among("status", ("paid", "cancelled", "returned")), *_not_negative("amount")),
    time_column="ordered_at",
)  # fmt: skip
CASES = Kind(
    "cases",
    {
        "case_id": TEXT, "customer_id": TEXT, "opened_at": TIME, "closed_at": TIME, "status": TEXT, "reason": TEXT,
        "contact_id": TEXT,
    },
    ("case_id", "customer_id", "opened_at"),
    (_among("status", ("open", "solved", "unsolved")), _ordered("opened_at", "closed_at")),
    time_column="opened_at",
)  # fmt: skip
SURVEYS = Kind(
    "surveys",
    {
        "survey_id": TEXT, "customer_id": TEXT, "contact_id": TEXT, "answered_at": TIME, "sent_at": TIME, "kind": TEXT,
        "score": NUMBER, "scale_min": NUMBER, "scale_max": NUMBER, "comment": TEXT, "language": TEXT, "agent": TEXT,
    },
    ("survey_id", "kind"),
    (
        _among("kind", ("csat", "nps", "ces")),
        (
            "score is outside its scale",
            "score not between"
            " coalesce(scale_min, case kind when 'nps' then 0 else 1 end)"
            " and coalesce(scale_max, case kind when 'csat' then 5 when 'nps' then 10 else 7 end)",
        ),
        ("answered, but without a score", "answered_at is not null and score is null"),
    ),
    one_of=("customer_id", "contact_id"),
    time_column="sent_at",
)  # fmt: skip
CAMPAIGN_ATTEMPTS = Kind(
    "campaign_attempts",
    {
        "attempt_id": TEXT, "campaign_id": TEXT, "customer_id": TEXT, "phone": TEXT, "dialled_at": TIME, "arm": TEXT,
        "connected": FLAG, "right_party": FLAG, "outcome": TEXT, "agent": TEXT, "amount": NUMBER, "propensity": NUMBER,
    },
    ("attempt_id", "campaign_id", "dialled_at"),
    (
        _among("outcome", ("sold", "refused", "callback", "opted_out", "no_answer")),
        ("propensity is not between 0 and 1", "propensity not between 0 and 1"),
    ),
    one_of=("customer_id", "phone"),
    time_column="dialled_at",
)  # fmt: skip
AGENTS = Kind(
    "agents",
    {
        "agent_id": TEXT, "name": TEXT, "interface": TEXT, "site": TEXT, "team": TEXT, "skills": TEXT,
        "hourly_cost": NUMBER,
    },
    ("agent_id",),
    _not_negative("hourly_cost"),
)  # fmt: skip
SCHEDULES = Kind(
    "schedules",
    {"agent_id": TEXT, "starts_at": TIME, "ends_at": TIME, "activity": TEXT},
    ("agent_id", "starts_at", "ends_at", "activity"),
    (_among("activity", ("work", "break", "training", "off")), _ordered("starts_at", "ends_at")),
    time_column="starts_at",
)
ACTION_OUTCOMES = Kind(
    "action_outcomes",
    {
        "contact_id": TEXT, "customer_id": TEXT, "action": TEXT, "shown_at": TIME, "propensity": NUMBER, "arm": TEXT,
        "accepted": FLAG, "revenue": NUMBER, "version": TEXT,
    },
    ("action", "shown_at"),
    (("propensity is not between 0 and 1", "propensity not between 0 and 1"),),
    one_of=("contact_id", "customer_id"),
    time_column="shown_at",
)  # fmt: skip

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        CALLS, CUSTOMERS, ORDERS, CASES, SURVEYS, CAMPAIGN_ATTEMPTS, AGENTS, SCHEDULES, ACTION_OUTCOMES,
    )
}  # fmt: skip
