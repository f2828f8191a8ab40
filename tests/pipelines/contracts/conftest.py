"""Good rows and tables for the contracts' tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pytest

from pipelines.contracts.base import Contract

Row = Mapping[str, Any]
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = date(2026, 3, 2)

# The contracts of logs promise no types, so the tests give them the readers'.
LOG_TYPES = {
    "segment_id": "BIGINT",
    "line_number": "BIGINT",
    "event_at": "TIMESTAMPTZ",
    "event_local": "TIMESTAMP",
    "start_local": "TIMESTAMP",
    "end_local": "TIMESTAMP",
}

_LINE = {"segment_id": 1, "line_number": 1}
_ROW = {**_LINE, "source": "bank"}
GOOD_ROWS: dict[str, dict[str, Any]] = {
    "raw.asterisk_queue_log": {**_LINE, "event_at": NOON, "event": "ENTERQUEUE"},
    "raw.asterisk_cdr": {**_LINE, "start_local": NOON, "end_local": NOON, "disposition": "ANSWERED"},
    "raw.asterisk_cel": {**_LINE, "event_at": NOON, "event_local": None, "event_type": "CHAN_START"},
    "raw.calls": {
        **_ROW,
        "source_contact_id": "c1",
        "channel": "voice",
        "direction": "inbound",
        "queue": "sales",
        "entered_at": NOON,
        "answered_at": NOON + timedelta(seconds=5),
        "arrived_at": NOON,
        "ended_at": NOON + timedelta(seconds=60),
        "outcome": "answered",
        **dict.fromkeys(("ivr_s", "wait_s", "ring_s", "talk_s", "hold_s", "wrap_s"), 1.0),
    },
    "raw.customers": {**_ROW, "customer_id": "k1", "joined_at": NOON, "left_at": NOON},
    "raw.orders": {**_ROW, "status": "paid", "order_id": "o1", "customer_id": "k1", "ordered_at": NOON, "amount": 10.0},
    "raw.surveys": {
        **_ROW,
        "survey_id": "s1",
        "customer_id": "k1",
        "kind": "csat",
        "score": 5.0,
        "answered_at": NOON,
    },
    "raw.cases": {
        **_ROW,
        "case_id": "1",
        "customer_id": "k1",
        "opened_at": NOON,
        "closed_at": NOON,
        "status": "solved",
    },
    "raw.campaign_attempts": {
        **_ROW,
        "attempt_id": "1",
        "campaign_id": "spring",
        "customer_id": "k1",
        "dialled_at": NOON,
        "outcome": "sold",
        "propensity": 0.5,
    },
    "raw.agents": {**_ROW, "agent_id": "7", "hourly_cost": 25.0},
    "raw.schedules": {**_ROW, "agent_id": "7", "starts_at": NOON, "ends_at": NOON, "activity": "work"},
    "raw.action_outcomes": {**_ROW, "customer_id": "k1", "action": "offer", "shown_at": NOON, "propensity": 0.5},
    "core.contacts": {
        "contact_key": "00000000-0000-0000-0000-0000000000c1",
        "source": "asterisk_queue_log",
        "source_contact_id": "1.1",
        "channel": "voice",
        "direction": "inbound",
        "arrived_at": NOON,
        "ended_at": NOON + timedelta(seconds=100),
        "business_date": DAY,
        "is_in_business_hours": True,
        "first_queue": "sales",
        "last_queue": "sales",
        "queue_visit_count": 1,
        "queue_wait_s": 10.0,
        "elapsed_wait_s": 10.0,
        "ivr_s": 0.0,
        "ring_s": 3.0,
        "talk_s": 80.0,
        "hold_s": 5.0,
        "wrap_s": 5.0,
        "handle_s": 90.0,
        "outcome": "answered",
        "is_answered": True,
        "is_short_abandon": False,
        "transfer_count": 0,
    },
    "core.queue_visits": {
        "visit_key": "00000000-0000-0000-0000-0000000000f1",
        "contact_key": "00000000-0000-0000-0000-0000000000c1",
        "source": "asterisk_queue_log",
        "source_call_id": "1.1",
        "queue": "sales",
        "channel": "voice",
        "direction": "inbound",
        "visit_seq": 1,
        "entered_at": NOON,
        "answered_at": NOON + timedelta(seconds=10),
        "left_at": NOON + timedelta(seconds=95),
        "business_date": DAY,
        "wait_s": 10.0,
        "ring_s": 3.0,
        "talk_s": 80.0,
        "hold_s": 5.0,
        "wrap_s": 5.0,
        "outcome": "answered",
        "agent": "ann",
        "ended_by": "caller",
        "transfer_type": "blind",
        "position_in": 1,
        "position_out": 1,
        "is_within_sl": True,
        "is_short_abandon": False,
        "sl_threshold_s": 20.0,
    },
    "core.segments": {
        "contact_key": "00000000-0000-0000-0000-0000000000c1",
        "segment_seq": 1,
        "kind": "queue",
        "queue": "sales",
        "started_at": NOON,
        "ended_at": NOON + timedelta(seconds=10),
        "duration_s": 10.0,
    },
    "core.agent_states": {
        "agent": "ann",
        "queue": "sales",
        "state": "logged_in",
        "started_at": NOON,
        "ended_at": NOON + timedelta(hours=1),
        "is_open": False,
    },
    "core.ring_attempts": {
        "visit_key": "00000000-0000-0000-0000-0000000000f1",
        "contact_key": "00000000-0000-0000-0000-0000000000c1",
        "queue": "sales",
        "agent": "ann",
        "started_at": NOON,
        "ended_at": NOON + timedelta(seconds=3),
        "ring_s": 3.0,
        "outcome": "answered",
    },
    "core.customers": {
        "customer_key": "k1",
        "valid_from": NOON,
        "valid_to": NOON + timedelta(days=1),
        "joined_at": NOON,
        "left_at": NOON + timedelta(days=1),
        "birth_year": 1980,
    },
    "core.orders": {
        "order_key": "00000000-0000-0000-0000-0000000000d1",
        "order_id": "1",
        "customer_key": "k1",
        "ordered_at": NOON,
        "business_date": DAY,
        "amount": 10.0,
        "currency": "GBP",
        "margin_amount": 4.0,
        "status": "paid",
    },
    "core.surveys": {
        "survey_key": "00000000-0000-0000-0000-0000000000e1",
        "contact_key": "00000000-0000-0000-0000-0000000000c1",
        "sent_at": NOON,
        "answered_at": NOON + timedelta(hours=1),
        "business_date": DAY,
        "kind": "nps",
        "score": 9.0,
        "scale_min": 0.0,
        "scale_max": 10.0,
        "is_promoter": True,
        "is_detractor": False,
    },
    "core.cases": {
        "case_key": "00000000-0000-0000-0000-0000000000f1",
        "case_id": "1",
        "customer_key": "k1",
        "opened_at": NOON,
        "closed_at": NOON + timedelta(hours=1),
        "business_date": DAY,
        "open_s": 3600.0,
        "status": "solved",
        "is_solved": True,
    },
    "core.campaign_attempts": {
        "attempt_key": "00000000-0000-0000-0000-0000000000f2",
        "source": "campaign_attempts",
        "attempt_id": "1",
        "campaign_id": "spring",
        "dialled_at": NOON,
        "business_date": DAY,
        "is_connected": True,
        "is_right_party": True,
        "outcome": "sold",
        "amount": 10.0,
        "currency": "GBP",
        "propensity": 0.5,
    },
    "core.action_outcomes": {
        "action_outcome_key": "00000000-0000-0000-0000-0000000000f3",
        "source": "action_outcomes",
        "customer_key": "k1",
        "action": "offer",
        "shown_at": NOON,
        "business_date": DAY,
        "currency": "GBP",
        "propensity": 0.5,
    },
    "core.agents": {
        "agent": "Ann",
        "agent_id": "7",
        "hourly_cost_amount": 25.0,
        "currency": "GBP",
        "has_conflict": False,
    },
    "core.schedules": {
        "agent": "Ann",
        "agent_id": "7",
        "activity": "work",
        "started_at": NOON,
        "ended_at": NOON + timedelta(hours=1),
        "business_date": DAY,
        "planned_s": 3600.0,
    },
}

FillTable = Callable[..., None]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'Asia/Tokyo'")
        yield connection


@pytest.fixture
def good_rows() -> dict[str, dict[str, Any]]:
    return {table: dict(row) for table, row in GOOD_ROWS.items()}


@pytest.fixture
def fill(con: duckdb.DuckDBPyConnection) -> FillTable:
    """Makes the contract's table anew and fills it with rows; a column left out is null."""

    def fill_table(contract: type[Contract], *rows: Row) -> None:
        types = {
            column.name: (column.type or LOG_TYPES.get(column.name, "VARCHAR")).split(" |")[0]
            for column in contract.columns
        }
        con.execute(f"create schema if not exists {contract.table.split('.')[0]}")
        declared = ", ".join(f'"{name}" {type_}' for name, type_ in types.items())
        con.execute(f"create or replace table {contract.table} ({declared})")
        marks = ", ".join("?" * len(types))
        for row in rows:
            con.execute(f"insert into {contract.table} values ({marks})", [row.get(name) for name in types])

    return fill_table
