"""Contracts of what the centre did and planned: cases, campaign attempts, actions shown, the roster.

Belongs here: core.cases, core.campaign_attempts, core.action_outcomes, core.agents, core.schedules.
Does not belong here: customers, orders and surveys (customers.py), agents' states (agents.py).
"""

from __future__ import annotations

from pipelines.contracts.base import Column, Contract, Rule, flag, instant, seconds, text, uuid
from pipelines.contracts.contacts import business_date_rule, not_in_future_rule
from pipelines.contracts.vocabulary import ATTEMPT_OUTCOMES, CASE_STATUSES, SCHEDULE_ACTIVITIES


def _propensity() -> Column:
    return Column("propensity", "DOUBLE", minimum="0", maximum="1", meaning="A probability is between 0 and 1.")


class Cases(Contract):
    """One row per case."""

    table = "core.cases"
    key = ("case_key",)
    columns = (
        uuid("case_key", nullable=False),
        text("case_id", nullable=False),
        text("customer_key", nullable=False),
        uuid("contact_key"),
        instant("opened_at", nullable=False),
        Column("business_date", "DATE", nullable=False),
        instant("closed_at"),
        seconds("open_s"),
        text("status", values=CASE_STATUSES),
        flag("is_solved"),
        text("reason"),
    )
    row_rules = (
        business_date_rule("opened_at"),
        not_in_future_rule("opened_at"),
        Rule("closed_after_opened", "closed_at >= opened_at", "A case is closed after it is opened."),
        Rule("open_is_not_closed", "status <> 'open' or closed_at is null", "An open case has no close.", "warn"),
        Rule("solved_is_closed", "status <> 'solved' or closed_at is not null", "A solved case was closed.", "warn"),
    )


class CampaignAttempts(Contract):
    """One row per outbound attempt."""

    table = "core.campaign_attempts"
    key = ("attempt_key",)
    columns = (
        uuid("attempt_key", nullable=False),
        text("source", nullable=False),
        text("attempt_id", nullable=False),
        text("campaign_id", nullable=False),
        text("customer_key"),
        text("caller_token"),
        instant("dialled_at", nullable=False),
        Column("business_date", "DATE", nullable=False),
        text("arm"),
        flag("is_connected"),
        flag("is_right_party"),
        text("outcome", values=ATTEMPT_OUTCOMES),
        text("agent"),
        Column("amount", "DOUBLE"),
        text("currency", nullable=False),
        _propensity(),
    )
    row_rules = (
        business_date_rule("dialled_at"),
        not_in_future_rule("dialled_at"),
        Rule(
            "right_party_was_connected",
            "not is_right_party or coalesce(is_connected, true)",
            "Nobody is reached on a call that nobody answered.",
            "warn",
        ),
        Rule(
            "sale_was_connected",
            "outcome <> 'sold' or coalesce(is_connected, true)",
            "Nothing is sold on a call that nobody answered.",
            "warn",
        ),
        Rule("only_a_sale_has_an_amount", "outcome = 'sold' or coalesce(amount, 0) = 0", "Only a sale brings.", "warn"),
    )


class ActionOutcomes(Contract):
    """One row per action shown."""

    table = "core.action_outcomes"
    key = ("action_outcome_key",)
    columns = (
        uuid("action_outcome_key", nullable=False),
        text("source", nullable=False),
        uuid("contact_key"),
        text("customer_key"),
        text("action", nullable=False),
        instant("shown_at", nullable=False),
        Column("business_date", "DATE", nullable=False),
        _propensity(),
        text("arm"),
        flag("is_accepted"),
        Column("revenue_amount", "DOUBLE"),
        text("currency", nullable=False),
        text("version"),
    )
    row_rules = (
        business_date_rule("shown_at"),
        not_in_future_rule("shown_at"),
        Rule(
            "somebody_was_shown",
            "contact_key is not null or customer_key is not null",
            "An action belongs to a contact or a customer that is known.",
            "warn",
        ),
    )


class Agents(Contract):
    """One row per agent of the roster."""

    table = "core.agents"
    key = ("agent_id",)
    columns = (
        text("agent", nullable=False),
        text("agent_id", nullable=False),
        text("site"),
        text("team"),
        text("skills"),
        Column("hourly_cost_amount", "DOUBLE", minimum="0"),
        text("currency", nullable=False),
        flag("has_conflict", nullable=False),
    )
    row_rules = (Rule("rosters_agree", "not has_conflict", "The rosters say one thing of each agent.", "warn"),)


class Schedules(Contract):
    """One row per planned stretch of an agent's time."""

    table = "core.schedules"
    key = ("agent_id", "activity", "started_at", "ended_at")
    columns = (
        text("agent", nullable=False),
        text("agent_id", nullable=False),
        text("activity", nullable=False, values=SCHEDULE_ACTIVITIES),
        instant("started_at", nullable=False),
        instant("ended_at", nullable=False),
        Column("business_date", "DATE", nullable=False),
        seconds("planned_s"),
    )
    row_rules = (
        business_date_rule("started_at"),
        Rule("ended_after_started", "ended_at >= started_at", "A shift ends after it starts."),
        Rule("day_at_most", "planned_s <= 100000", "A stretch of a shift lasts a day at most.", "warn"),
    )
