"""Contracts of the facts about contacts: contacts, their visits to queues, and their timelines.

Belongs here: core.contacts, core.queue_visits, core.segments.
Does not belong here: agents, customers, raw tables.
"""

from __future__ import annotations

from pipelines.contracts.base import Column, Contract, Rule, count, flag, instant, seconds, text, uuid
from pipelines.contracts.vocabulary import (
    DIRECTIONS,
    ENDED_BY,
    REFUSED_OUTCOMES,
    SEGMENT_KINDS,
    TRANSFER_TYPES,
    VISIT_OUTCOMES,
    sql_list,
)
from pipelines.sources.canonical import CHANNELS, CONTACT_OUTCOMES


def business_date_rule(instant_name: str) -> Rule:
    """The local date of an instant is its UTC date or a neighbour of it."""
    utc_date = f"cast({instant_name} at time zone 'UTC' as date)"
    return Rule(
        "business_date_near",
        f"business_date between {utc_date} - 1 and {utc_date} + 1",
        f"business_date is the local date of {instant_name}, at most a day from the UTC date.",
    )


def not_in_future_rule(instant_name: str) -> Rule:
    """Nothing has happened later than tomorrow."""
    return Rule(
        f"{instant_name}_not_in_future",
        f"{instant_name} <= now() + interval 1 day",
        f"{instant_name} is not in the future: a later time is a wrong clock or a wrong time zone.",
        "warn",
    )


class Contacts(Contract):
    """One row per customer contact on any channel."""

    table = "core.contacts"
    key = ("contact_key",)
    columns = (
        uuid("contact_key", nullable=False),
        text("source", nullable=False),
        text("source_contact_id", nullable=False),
        text("linked_id"),
        text("site"),
        text("channel", nullable=False, values=CHANNELS),
        text("direction", values=DIRECTIONS, severity="warn"),
        text("customer_key"),
        text("caller_token"),
        text("identified_by", values=("crm_id", "number", "email")),
        text("dialled_number"),
        instant("arrived_at", nullable=False),
        instant("ended_at"),
        Column("business_date", "DATE", nullable=False),
        flag("is_in_business_hours", nullable=False),
        text("first_queue"),
        text("last_queue"),
        count("queue_visit_count"),
        *(
            seconds(name)
            for name in (
                "queue_wait_s",
                "elapsed_wait_s",
                "ivr_s",
                "ring_s",
                "talk_s",
                "hold_s",
                "wrap_s",
                "handle_s",
            )
        ),
        text("outcome", nullable=False, values=CONTACT_OUTCOMES),
        flag("is_answered", nullable=False),
        flag("is_short_abandon"),
        count("transfer_count"),
        text("first_agent"),
        text("last_agent"),
        uuid("repeat_of"),
        text("value_tier_at_arrival"),
    )
    row_rules = (
        Rule("ended_after_arrived", "ended_at >= arrived_at", "A contact ends after it arrives."),
        not_in_future_rule("arrived_at"),
        business_date_rule("arrived_at"),
        Rule(
            "answered_means_answered",
            "is_answered = (outcome = 'answered')",
            "is_answered says the same as outcome = answered.",
        ),
        Rule(
            "short_abandon_is_abandoned",
            "not is_short_abandon or outcome in ('abandoned', 'abandoned_in_ivr')",
            "A short abandon is an abandoned contact.",
        ),
        Rule(
            "visits_have_a_queue",
            "queue_visit_count = 0 or (first_queue is not null and last_queue is not null)",
            "A contact that visited a queue names its first and last queue.",
        ),
        Rule("not_repeat_of_itself", "repeat_of <> contact_key", "A contact does not repeat itself."),
        Rule(
            "elapsed_wait_covers_queue_wait",
            "elapsed_wait_s >= queue_wait_s - 1",
            "The wait as the caller lived it is no shorter than his waits in queues together.",
            "warn",
        ),
        Rule(
            "handle_is_talk_hold_wrap",
            "abs(handle_s - coalesce(talk_s, 0) - coalesce(hold_s, 0) - coalesce(wrap_s, 0)) <= 0.001",
            "Handling time is talk, hold and wrap-up together.",
            "warn",
        ),
    )


class QueueVisits(Contract):
    """One row per visit of a contact to a queue."""

    table = "core.queue_visits"
    key = ("visit_key",)
    columns = (
        uuid("visit_key", nullable=False),
        uuid("contact_key", nullable=False),
        text("source", nullable=False),
        text("source_call_id", nullable=False),
        text("site"),
        text("queue", nullable=False),
        text("channel", nullable=False, values=CHANNELS),
        text("direction", values=DIRECTIONS, severity="warn"),
        Column("visit_seq", "BIGINT | INTEGER", nullable=False, minimum="1"),
        instant("entered_at", nullable=False),
        instant("answered_at"),
        instant("left_at"),
        Column("business_date", "DATE", nullable=False),
        *(seconds(name) for name in ("wait_s", "ring_s", "talk_s", "hold_s", "wrap_s")),
        text("talk_source", values=("logged", "cel", "cdr")),
        text("repairs"),
        text("outcome", nullable=False, values=VISIT_OUTCOMES),
        text("agent"),
        text("ended_by", values=ENDED_BY),
        text("transfer_type", values=TRANSFER_TYPES),
        text("transferred_to"),
        Column("position_in", "BIGINT | INTEGER", minimum="0"),
        Column("position_out", "BIGINT | INTEGER", minimum="0"),
        Column("priority", "DOUBLE | BIGINT | INTEGER"),
        text("tier"),
        flag("is_within_sl"),
        flag("is_short_abandon"),
        seconds("sl_threshold_s"),
    )
    row_rules = (
        Rule("left_after_entered", "left_at >= entered_at", "A caller leaves a queue after entering it."),
        Rule("answered_after_entered", "answered_at >= entered_at", "A caller is answered after entering."),
        Rule("left_after_answered", "left_at >= answered_at", "A visit ends after it is answered."),
        not_in_future_rule("entered_at"),
        business_date_rule("entered_at"),
        Rule(
            "only_answered_has_answer_time",
            "answered_at is null or outcome = 'answered'",
            "Only answered visits were answered at some time.",
        ),
        Rule(
            "answered_has_time",
            "outcome <> 'answered' or answered_at is not null",
            "An answered visit says when it was answered.",
            "warn",
        ),
        Rule(
            "decided_has_end",
            "outcome in ('answered', 'open') or left_at is not null",
            "A caller who gave up, was sent on or was refused left at a known time.",
            "warn",
        ),
        Rule(
            "open_has_no_end",
            "outcome <> 'open' or left_at is null or coalesce(repairs like '%closed_by_restart%', false)",
            "A caller who is still waiting has not left.",
            "warn",
        ),
        Rule(
            "only_answered_talk",
            "outcome = 'answered' or coalesce(talk_s, 0) + coalesce(hold_s, 0) = 0",
            "Only answered visits have talk or hold time.",
        ),
        Rule(
            "refused_never_wait",
            f"outcome not in {sql_list(REFUSED_OUTCOMES)} or coalesce(wait_s, 0) = 0",
            "A caller whom the queue refused did not wait in it.",
            "warn",
        ),
        Rule(
            "within_sl_is_within",
            "not is_within_sl or wait_s <= sl_threshold_s",
            "Within the service level means a wait no longer than the threshold.",
        ),
        Rule(
            "short_abandon_is_abandoned",
            "not is_short_abandon or outcome = 'abandoned'",
            "A short abandon is an abandoned visit.",
        ),
        Rule(
            "answered_has_agent",
            "outcome <> 'answered' or agent is not null",
            "An answered visit names its agent.",
            "warn",
        ),
        Rule(
            "wait_known",
            f"outcome in {sql_list(('open', *REFUSED_OUTCOMES))} or wait_s is not null",
            "The wait of a visit that was decided is known.",
            "warn",
        ),
        Rule(
            "wait_agrees_with_clock",
            # Two seconds: the switch rounds the wait and the two times each by itself.
            "abs(wait_s - (epoch(answered_at) - epoch(entered_at))) <= 2",
            "The wait of an answered visit is the time from entering to the answer.",
            "warn",
        ),
    )


class Segments(Contract):
    """The timeline of a contact."""

    table = "core.segments"
    key = ("contact_key", "segment_seq")
    columns = (
        uuid("contact_key", nullable=False),
        Column("segment_seq", "BIGINT | INTEGER", nullable=False, minimum="0"),
        text("kind", nullable=False, values=SEGMENT_KINDS),
        text("queue"),
        text("agent"),
        instant("started_at", nullable=False),
        instant("ended_at"),
        seconds("duration_s"),
    )
    row_rules = (
        Rule("ended_after_started", "ended_at >= started_at", "A segment ends after it starts."),
        Rule(
            "queue_segments_name_queue",
            "kind <> 'queue' or queue is not null",
            "A wait in a queue names the queue.",
        ),
    )
