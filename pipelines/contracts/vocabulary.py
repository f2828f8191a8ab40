"""The words that outcome, state and kind columns may hold. Nothing else belongs here.

The words that readers check on the way in, contacts' outcomes and channels, are in pipelines/sources/canonical.py.
"""

from __future__ import annotations

VISIT_OUTCOMES = (
    "answered",
    "abandoned",
    "timed_out",
    "exited_by_key",
    "exited_empty",
    "withdrawn",
    "full",
    "join_empty",
    "closed",
    "diverted",
    "open",
)
# The caller never waited: such a visit has no wait, and is counted apart from what was offered.
REFUSED_OUTCOMES = ("full", "join_empty", "closed", "diverted")
DIRECTIONS = ("inbound", "outbound", "internal")
ENDED_BY = ("agent", "caller", "transfer", "system")
TRANSFER_TYPES = ("blind", "attended")
AGENT_STATES = ("logged_in", "paused", "ringing", "talking", "wrap_up")
RING_OUTCOMES = ("answered", "no_answer", "canceled")
SEGMENT_KINDS = ("ivr", "queue", "ring", "talk", "hold", "transfer", "wrap_up")
ORDER_STATUSES = ("paid", "cancelled", "returned")
SURVEY_KINDS = ("csat", "nps", "ces")
CASE_STATUSES = ("open", "solved", "unsolved")
ATTEMPT_OUTCOMES = ("sold", "refused", "callback", "opted_out", "no_answer")
SCHEDULE_ACTIVITIES = ("work", "break", "training", "off")


def sql_list(words: tuple[str, ...]) -> str:
    """Words as a SQL list: `('a', 'b')`."""
    return "(" + ", ".join(f"'{word}'" for word in words) + ")"
