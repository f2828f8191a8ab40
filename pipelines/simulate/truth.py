"""What really happened: HOME/truth, which the pipeline never reads.

Belongs here: the truth about contacts, visits and agents, and tables that others give, as Parquet in streams. Does not
belong here: planted facts (found_facts.py), what the machines of the centre wrote of it (writers/).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.simulate.agents import Agent
from pipelines.simulate.journeys import Journey, Visit
from pipelines.simulate.seam import Ended
from pipelines.simulate.writers.files import settle

INSTANT = pa.timestamp("us", "UTC")
BATCH_ROWS = 20_000
SCHEMAS = {
    "contacts": pa.schema(
        [
            ("contact_id", pa.string()), ("source", pa.string()), ("site", pa.string()), ("channel", pa.string()),
            ("direction", pa.string()), ("customer", pa.int64()), ("reason", pa.string()), ("cause", pa.string()),
            ("cause_of", pa.string()), ("tier", pa.string()), ("arrived_at", INSTANT), ("first_queue", pa.string()),
            ("last_queue", pa.string()), ("queue_visit_count", pa.int64()),
            ("outcome", pa.string()), ("wait_s", pa.int64()), ("ring_s", pa.int64()),
            ("talk_s", pa.int64()), ("hold_s", pa.int64()), ("wrap_s", pa.int64()), ("ended_at", INSTANT),
            ("agent", pa.string()), ("transfer_count", pa.int64()), ("is_resolved", pa.bool_()),
            ("is_delivered", pa.bool_()),
        ]
    ),
    "visits": pa.schema(
        [
            ("contact_id", pa.string()), ("visit_seq", pa.int64()), ("site", pa.string()), ("queue", pa.string()),
            ("channel", pa.string()), ("tier", pa.string()), ("entered_at", INSTANT), ("left_at", INSTANT),
            ("outcome", pa.string()), ("wait_s", pa.int64()), ("ring_s", pa.int64()), ("talk_s", pa.int64()),
            ("hold_s", pa.int64()), ("wrap_s", pa.int64()), ("agent", pa.string()), ("transfer_type", pa.string()),
            ("is_delivered", pa.bool_()),
        ]
    ),
    "agent_states": pa.schema(
        [
            ("agent", pa.string()), ("site", pa.string()), ("state", pa.string()), ("reason", pa.string()),
            ("started_at", INSTANT), ("ended_at", INSTANT),
        ]
    ),
}  # fmt: skip
REFUSED = ("full", "join_empty", "closed")


class Truth:
    """Writes the truth as it happens.

    Args:
        folder: HOME/truth.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Adds rows to a table; where its columns are not known here, the first rows give them."""
        waiting = self._rows.setdefault(table, [])
        waiting.extend(rows)
        if len(waiting) >= BATCH_ROWS:
            self._write(table)

    def _write(self, table: str) -> None:
        rows, writer = self._rows[table], self._writers.get(table)
        schema = writer.schema if writer is not None else SCHEMAS.get(table)
        batch = pa.Table.from_pylist(rows, schema=schema)
        if writer is None:
            writer = self._writers[table] = pq.ParquetWriter(self._draft(table), batch.schema, compression="zstd")
        writer.write_table(batch)
        rows.clear()

    def _draft(self, table: str) -> Path:
        return self._folder / f".{table}.parquet.part"

    def contact(self, journey: Journey, ended: Ended) -> None:
        """A contact that is over."""
        call, visits = journey.call, journey.visits
        waited = [visit for visit in visits if visit.outcome not in REFUSED]
        is_answered = journey.outcome == "answered"
        row = {
            "contact_id": call.contact_id, "source": journey.source, "site": call.site,
            "channel": "callback" if call.cause == "callback" else call.channel,
            "direction": journey.direction, "customer": call.customer, "reason": call.reason, "cause": call.cause,
            "cause_of": call.cause_of, "tier": journey.tier,
            "arrived_at": _instant(call.arrived_at, journey.fraction_us),
            "first_queue": visits[0].queue if visits else None, "last_queue": visits[-1].queue if visits else None,
            "queue_visit_count": len(visits),
            "outcome": journey.outcome, "wait_s": ended.wait_s if waited else None,
            "ring_s": sum(visit.ring_s for visit in visits) if is_answered else None,
            "talk_s": ended.talk_s if is_answered else None, "hold_s": ended.hold_s if is_answered else None,
            "wrap_s": ended.wrap_s if is_answered else None, "ended_at": _instant(journey.ended_at),
            "agent": ended.agent, "transfer_count": ended.transfer_count, "is_resolved": ended.is_resolved,
            "is_delivered": journey.is_delivered,
        }  # fmt: skip
        self.add("contacts", [row])
        self.add("visits", [_visit_row(journey, number, visit) for number, visit in enumerate(visits, start=1)])

    def agent_state(self, agent: Agent, state: str, reason: str | None, begin: int, end: int) -> None:
        """A stretch of an agent's state that is over."""
        row = {
            "agent": agent.name, "site": agent.site, "state": state, "reason": reason,
            "started_at": _instant(begin), "ended_at": _instant(end),
        }  # fmt: skip
        self.add("agent_states", [row])

    def agents(self, agents: Sequence[Agent]) -> None:
        """Who works here, and how well by nature."""
        rows = [
            {
                "agent_id": agent.agent_id, "agent": agent.name, "site": agent.site, "team": agent.team.name,
                "skill": agent.skill, "speed": agent.speed, "joined_on": agent.joined_on,
                "left_on": agent.left_on,
                "learning_contacts": agent.learning_contacts if agent.joined_on else None,
            }
            for agent in agents
        ]  # fmt: skip
        self.add("agents", rows)

    def close(self) -> None:
        """All tables are where they belong; one that is the same as before is left alone."""
        for table in list(self._rows):
            if self._rows[table] or table not in self._writers:
                self._write(table)
            self._writers[table].close()
            place = self._folder / f"{table}.parquet"
            draft = self._draft(table)
            if place.exists() and place.read_bytes() == draft.read_bytes():
                draft.unlink()
            else:
                settle(draft, place, may_change=True)

    def discard(self) -> None:
        """Nothing of what was not finished stays."""
        for table, writer in self._writers.items():
            writer.close()
            self._draft(table).unlink(missing_ok=True)


def _visit_row(journey: Journey, number: int, visit: Visit) -> dict[str, Any]:
    is_answered = visit.outcome == "answered"
    return {
        "contact_id": journey.call.contact_id, "visit_seq": number, "site": journey.call.site, "queue": visit.queue,
        "channel": journey.call.channel, "tier": journey.tier, "entered_at": _instant(visit.entered_at),
        "left_at": _instant(visit.left_at), "outcome": visit.outcome,
        "wait_s": None if visit.outcome in REFUSED else visit.wait_s,
        "ring_s": visit.ring_s if is_answered else None, "talk_s": visit.talk_s if is_answered else None,
        "hold_s": visit.hold_s if is_answered else None, "wrap_s": visit.wrap_s if is_answered else None,
        "agent": visit.agent.name if visit.agent else None, "transfer_type": visit.transfer_type,
        "is_delivered": journey.is_delivered,
    }  # fmt: skip


def toml(value: object) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _instant(at: int, fraction_us: int = 0) -> datetime:
    return datetime.fromtimestamp(at, UTC).replace(microsecond=fraction_us)
