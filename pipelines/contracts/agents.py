"""Contracts of the facts about agents: their states and the calls that rang at their places.

Belongs here: core.agent_states, core.ring_attempts. Does not belong here: contacts, sums by agent.
"""

from __future__ import annotations

from pipelines.contracts.base import Contract, Rule, flag, instant, seconds, text, uuid
from pipelines.contracts.vocabulary import AGENT_STATES, RING_OUTCOMES


class AgentStates(Contract):
    """One row per stretch of one agent's state."""

    table = "core.agent_states"
    # Two calls may ring at one place within one second, so no columns tell every stretch apart.
    shown = ("agent", "queue", "state", "started_at")
    columns = (
        text("agent", nullable=False),
        text("queue"),
        text("state", nullable=False, values=AGENT_STATES),
        text("reason"),
        instant("started_at", nullable=False),
        instant("ended_at"),
        flag("is_open", nullable=False),
    )
    row_rules = (
        Rule("ended_after_started", "ended_at >= started_at", "A state ends after it starts."),
        Rule("closed_has_end", "is_open or ended_at is not null", "A state that is over ended at a known time."),
    )


class RingAttempts(Contract):
    """One row per time a waiting call rang at an agent's place."""

    table = "core.ring_attempts"
    shown = ("visit_key", "agent", "started_at")
    columns = (
        uuid("visit_key", nullable=False),
        uuid("contact_key", nullable=False),
        text("queue", nullable=False),
        text("agent", nullable=False),
        instant("started_at", nullable=False),
        instant("ended_at"),
        seconds("ring_s"),
        text("outcome", nullable=False, values=RING_OUTCOMES),
    )
    row_rules = (Rule("ended_after_started", "ended_at >= started_at", "Ringing ends after it starts."),)
