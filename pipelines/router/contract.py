"""What a router is told about a caller: the typed answer, the default treatment, JSON and form encodings.

Not here: where scores are kept (store.py) and how a number becomes a customer (lookup.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from urllib.parse import quote, urlencode

Arm = Literal["policy", "exploration", "holdout"]
Source = Literal["scored", "default", "stale"]
Format = Literal["json", "form"]

ARMS: tuple[Arm, ...] = ("policy", "exploration", "holdout")
MAX_REASONS = 3
INSTANT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
"""How instants are written. Of one length and in UTC, so that their order as text is their order in time."""

# Made once: json.dumps makes an encoder a call when it is given options.
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class RouterSettings(Protocol):
    """The part of the centre's settings that a default treatment is made from."""

    @property
    def default_priority(self) -> int:
        """Priority (0 to 100) of a caller of whom nothing is known."""
        ...

    @property
    def default_head_start_s(self) -> float:
        """Seconds of waiting such a caller is given."""
        ...

    @property
    def default_queue(self) -> str | None:
        """Queue hint for such a caller."""
        ...


@dataclass(frozen=True, slots=True)
class DefaultTreatment:
    """What happens to a caller of whom we know nothing, or nothing that is still true."""

    tier: str | None = None
    priority: int = 0
    head_start_s: float = 0.0
    queue: str | None = None
    action: str | None = None

    @classmethod
    def from_settings(cls, router: RouterSettings) -> DefaultTreatment:
        """The default treatment of a centre, from `settings.router`."""
        return cls(
            priority=router.default_priority,
            head_start_s=router.default_head_start_s,
            queue=router.default_queue,
        )


@dataclass(frozen=True, slots=True)
class Score:
    """One answer to a router. Instants are UTC texts in INSTANT_FORMAT."""

    customer_key: str | None
    tier: str | None
    priority: int
    head_start_s: float
    queue: str | None
    action: str | None
    propensity: float | None
    arm: Arm | None
    reasons: tuple[str, ...]
    scored_at: str | None
    expires_at: str | None
    version: str | None
    source: Source

    def as_dict(self) -> dict[str, Any]:
        """The fields in the order of the contract, ready for JSON."""
        return {
            "customer_key": self.customer_key,
            "tier": self.tier,
            "priority": self.priority,
            "head_start_s": self.head_start_s,
            "queue": self.queue,
            "action": self.action,
            "propensity": self.propensity,
            "arm": self.arm,
            "reasons": list(self.reasons),
            "scored_at": self.scored_at,
            "expires_at": self.expires_at,
            "version": self.version,
            "source": self.source,
        }

    def as_json(self) -> bytes:
        """A JSON object in UTF-8."""
        return _to_json(self.as_dict()).encode()

    def as_form(self) -> bytes:
        """A form-encoded answer for dialplans: null is empty, reasons are joined by commas, 120.0 is 120.

        Spaces are `%20`, not `+`: Asterisk's `hashcompat=yes` leaves a plus sign as it is.
        """
        pairs = {name: _form_value(value) for name, value in self.as_dict().items()}
        return urlencode(pairs, quote_via=quote, safe="").encode()


def _form_value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def now_text() -> str:
    """This instant, as instants are written in answers."""
    return time.strftime(INSTANT_FORMAT, time.gmtime())


def default_score(
    treatment: DefaultTreatment,
    *,
    version: str | None,
    customer_key: str | None = None,
    source: Source = "default",
    scored_at: str | None = None,
    expires_at: str | None = None,
) -> Score:
    """The centre's default treatment as an answer: for unknown callers, and for scores that have expired."""
    return Score(
        customer_key=customer_key,
        tier=treatment.tier,
        priority=treatment.priority,
        head_start_s=treatment.head_start_s,
        queue=treatment.queue,
        action=treatment.action,
        propensity=None,
        arm=None,
        reasons=(),
        scored_at=scored_at,
        expires_at=expires_at,
        version=version,
        source=source,
    )


def answer(
    customer_key: str,
    record: Mapping[str, Any],
    *,
    version: str,
    treatment: DefaultTreatment,
    now: str | None = None,
) -> Score:
    """Turn a published record into an answer.

    An expired score is the default treatment, marked stale. A hold-out customer gets the default treatment
    too, marked by the arm: telling what the score would have done would leak into what is measured.

    Args:
        customer_key: Whose record it is.
        record: The record as store.py wrote it.
        version: The publication it comes from.
        treatment: The centre's default treatment.
        now: This instant as text; the clock's by default.
    """
    if record["expires_at"] <= (now or now_text()):
        return default_score(
            treatment,
            version=version,
            customer_key=customer_key,
            source="stale",
            scored_at=record["scored_at"],
            expires_at=record["expires_at"],
        )
    treated: Mapping[str, Any] = record
    if record["arm"] == "holdout":
        treated = {
            "tier": treatment.tier,
            "priority": treatment.priority,
            "head_start_s": treatment.head_start_s,
            "queue": treatment.queue,
            "action": treatment.action,
            "reasons": (),
        }
    return Score(
        customer_key=customer_key,
        tier=treated["tier"],
        priority=treated["priority"],
        head_start_s=treated["head_start_s"],
        queue=treated["queue"],
        action=treated["action"],
        propensity=record["propensity"],
        arm=record["arm"],
        reasons=tuple(treated["reasons"])[:MAX_REASONS],
        scored_at=record["scored_at"],
        expires_at=record["expires_at"],
        version=version,
        source=record["source"],
    )
