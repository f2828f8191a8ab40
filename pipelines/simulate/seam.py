"""What passes between the centre and its customers: calls in, answers out, and what they cause.

Belongs here: the shapes that both sides agree on. Does not belong here: what either side does with them (centre.py,
people.py). All times are whole UTC seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

UNKNOWN = -1


@dataclass(slots=True)
class Call:
    """One contact, as the engine carries it.

    Attributes:
        contact_id: The id in the files (Asterisk: uniqueid, which is the callid of ENTERQUEUE; FreeSWITCH: uuid).
        customer: Index of the customer; `UNKNOWN` is a caller who is no customer.
        number: As the switch writes it; '' is withheld.
        channel: voice, chat or email.
        site: The site that the contact belongs to; '' for chat and e-mail.
        reason: The true reason: sales, service, billing, cancel, …
        language: en or zh.
        cause: fresh, retry (after an abandonment), repeat (issue unsolved), callback, planted.
        cause_of: contact_id of the contact that caused this one.
        arrived_at: Whole UTC seconds.
    """

    contact_id: str
    customer: int
    number: str
    channel: str
    site: str
    reason: str
    language: str
    cause: str
    cause_of: str | None
    arrived_at: int


@dataclass(slots=True)
class Ended:
    """What the engine tells when a contact has ended.

    Attributes:
        call: The contact.
        outcome: A word of core.contacts.outcome.
        queue: The last queue it was in; None where it was in none.
        agent: Who spoke last with the customer; None where nobody did.
        wait_s: Of all its visits to queues.
        talk_s: Without hold.
        hold_s: On hold.
        wrap_s: After-call work.
        ended_at: When the customer was gone.
        transfer_count: Transfers to another queue.
        agent_skill: 0 to 1, how good the last agent was, learning included; 0 where nobody answered.
        is_resolved: Whether the customer's issue is solved by it; `People.ended` fills this in, for the truth.
    """

    call: Call
    outcome: str
    queue: str | None
    agent: str | None
    wait_s: int
    talk_s: int
    hold_s: int
    wrap_s: int
    ended_at: int
    transfer_count: int
    agent_skill: float
    is_resolved: bool | None = None


@dataclass(slots=True)
class CampaignAttempt:
    """One entry of a day's outbound list; the engine dials it and fills in the second half.

    Attributes:
        attempt_id: Unique.
        campaign_id: The list's campaign.
        customer: Index of the customer.
        number: The number to dial.
        site: The site whose agents dial.
        arm: treatment or holdout; who is held out is not dialled.
        propensity: The recorded probability of this arm.
        dial_at: When it is to be dialled, at the earliest.
        contact_id: The id in the call records, once dialled.
        dialled_at: When it was dialled; None: never (hold-out, or no agent was free on that day).
        connected: Whether somebody answered; None until dialled.
        agent: Who spoke with the customer.
        talk_s: How long they spoke.
        agent_skill: 0 to 1; 0 where nobody spoke.
    """

    attempt_id: str
    campaign_id: str
    customer: int
    number: str
    site: str
    arm: str
    propensity: float
    dial_at: int
    contact_id: str | None = None
    dialled_at: int | None = None
    connected: bool | None = None
    agent: str | None = None
    talk_s: int = 0
    agent_skill: float = 0.0


class Tables(Protocol):
    """Where the rows of a table go; one file per source and day or month, canonical columns."""

    def write(self, source: str, rows: Sequence[dict[str, Any]]) -> None:
        """Adds rows to `source`, a name such as crm_orders; values are text, numbers, truths, None or datetimes.

        A datetime must have a zone; it is written in UTC, ISO 8601.
        """
        ...

    def truth(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Adds rows to HOME/truth/<table>.parquet; the first row of a table gives its columns and their types."""
        ...


class People(Protocol):
    """The customers, as the engine knows them."""

    def begin_day(self, day: date) -> None:
        """Joins, leaves and purchases due on that day."""
        ...

    def caller(self, site: str, channel: str, at: int, tier: str | None = None) -> tuple[int, str, str, str]:
        """Who makes a fresh contact now: customer, number, reason, language. The engine decides when and how many.

        Args:
            site: Where; '' for chat and e-mail.
            channel: voice, chat or email.
            at: UTC seconds.
            tier: Only customers of whom `tier` says this, as far as there are any; None: anybody.
        """
        ...

    def tier(self, customer: int) -> str | None:
        """What the router is told: the customer's tier; None is unknown."""
        ...

    def decide(self, call: Call, at: int) -> None:
        """An agent has answered an inbound contact: an action is chosen, with its propensity."""
        ...

    def ended(self, ended: Ended) -> list[tuple[int, Call]]:
        """Takes note of a contact's end.

        Returns:
            Contacts that this one causes: when (later than its end), and a Call whose contact_id and arrived_at the
            engine fills in. One of cause `callback` is dialled by an agent of the queue where it was asked for, if one
            is free within four hours; its end is told as any other's, answered or failed.
        """
        ...

    def answer_rate(self, customer: int, at: int) -> float:
        """Chance that a customer answers an outbound call at that moment."""
        ...

    def campaign_attempts(self, day: date) -> Iterable[CampaignAttempt]:
        """The day's outbound list, arms drawn."""
        ...

    def attempted(self, attempt: CampaignAttempt) -> None:
        """An outbound attempt is over, or the day ended without it; nothing else is told of it."""
        ...

    def end_day(self, day: date) -> None:
        """Writes the rows of the day."""
        ...

    def close(self) -> None:
        """Writes the truth about all customers."""
        ...
