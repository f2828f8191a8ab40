"""One contact on its way through the centre: its visits to queues, who was rung, who spoke with it.

Belongs here: what is kept of a contact while it lasts. Does not belong here: what moves it (voice.py, digital.py), how
it is written (writers/, truth.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.simulate.seam import Call

if TYPE_CHECKING:
    from pipelines.simulate.agents import Agent


@dataclass(slots=True)
class Attempt:
    """An agent's telephone that rang: from when to when, and whether he answered."""

    agent: Agent
    started_at: int
    ended_at: int
    is_answered: bool
    channel_id: str = ""


@dataclass(slots=True)
class Visit:
    """A stay in one queue, refused ones included; times are UTC seconds.

    Attributes:
        key: Place in the queue: seconds of entering, less the head start.
        call_id: Id of the channel that waits: the contact's own, or that of a consulting agent.
        outcome: As core.queue_visits; '' while it lasts.
        ended_by: caller, agent, transfer or system.
        offer: Number of the present ring; a ring's end that tells of another is stale.
    """

    journey: Journey
    queue: str
    entered_at: int
    key: int
    number: int
    call_id: str
    position_in: int = 0
    position_out: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    ringing: Agent | None = None
    ringing_since: int = 0
    offer: int = 0
    agent: Agent | None = None
    answered_at: int = 0
    ring_s: int = 0
    talk_s: int = 0
    hold_s: int = 0
    wrap_s: int = 0
    left_at: int = 0
    outcome: str = ""
    ended_by: str = ""
    transfer_type: str | None = None
    transfer_to: str | None = None
    consulted_by: Agent | None = None

    @property
    def wait_s(self) -> int:
        """Until the answer, or until it ended without one."""
        return (self.answered_at or self.left_at) - self.entered_at


@dataclass(slots=True)
class Journey:
    """A contact from the first sign of it to the last.

    Attributes:
        source: The landing folder that tells of it.
        direction: inbound or outbound.
        tier: What the router was told.
        greeted_s: From its arrival to the first queue, or to its end if it came to none.
        fraction_us: What its first and last times have beyond the second, where the files show it.
        note: How it ended before any queue: closed, left.
    """

    call: Call
    source: str
    direction: str = "inbound"
    tier: str | None = None
    greeted_s: int = 0
    fraction_us: int = 0
    note: str = ""
    visits: list[Visit] = field(default_factory=list)
    outcome: str = ""
    ended_at: int = 0
    is_delivered: bool = True
    talk_s: int = 0
    agent: Agent | None = None
