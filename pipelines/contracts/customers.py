"""Contracts of the facts about customers: who they are, what they bought, what they said.

Belongs here: core.customers, core.orders, core.surveys. Does not belong here: contacts, scores.
"""

from __future__ import annotations

from pipelines.contracts.base import Column, Contract, Rule, flag, instant, text, uuid
from pipelines.contracts.contacts import business_date_rule, not_in_future_rule
from pipelines.contracts.vocabulary import ORDER_STATUSES, SURVEY_KINDS


class Customers(Contract):
    """One row per stretch of a customer's history."""

    table = "core.customers"
    key = ("customer_key", "valid_from")
    columns = (
        text("customer_key", nullable=False),
        Column("valid_from", "TIMESTAMPTZ", nullable=False),
        Column("valid_to", "TIMESTAMPTZ"),
        text("segment"),
        text("region"),
        text("language"),
        # A customer may have joined long before 1980, so these are not `instant`.
        Column("joined_at", "TIMESTAMPTZ"),
        Column("left_at", "TIMESTAMPTZ"),
        Column("contract_end_at", "TIMESTAMPTZ"),
        Column("birth_year", "BIGINT | INTEGER", minimum="1900", maximum="2100", severity="warn"),
        flag("marketing_opt_out"),
        flag("profiling_objection"),
    )
    row_rules = (
        Rule("valid_to_after_valid_from", "valid_to > valid_from", "A version of a customer lasts some time."),
        Rule("left_after_joined", "left_at >= joined_at", "A customer leaves after joining.", "warn"),
    )


class Orders(Contract):
    """One row per order."""

    table = "core.orders"
    key = ("order_key",)
    columns = (
        uuid("order_key", nullable=False),
        text("order_id", nullable=False),
        text("customer_key", nullable=False),
        instant("ordered_at", nullable=False),
        Column("business_date", "DATE", nullable=False),
        Column("amount", "DOUBLE", nullable=False, minimum="0"),
        text("currency", nullable=False),
        Column("margin_amount", "DOUBLE"),
        text("channel"),
        uuid("contact_key"),
        text("campaign_id"),
        text("status", values=ORDER_STATUSES),
    )
    row_rules = (
        business_date_rule("ordered_at"),
        not_in_future_rule("ordered_at"),
        Rule("amount_is_finite", "isfinite(amount)", "An amount is a number, not infinity and not NaN."),
        Rule(
            "margin_within_amount",
            "amount < 0 or margin_amount <= amount",
            "An order's margin is no more than its amount.",
            "warn",
        ),
    )


class Surveys(Contract):
    """One row per survey sent, answered or not."""

    table = "core.surveys"
    key = ("survey_key",)
    columns = (
        uuid("survey_key", nullable=False),
        uuid("contact_key"),
        text("customer_key"),
        text("queue"),
        text("channel"),
        text("agent"),
        instant("sent_at"),
        instant("answered_at"),
        Column("business_date", "DATE"),
        text("kind", nullable=False, values=SURVEY_KINDS),
        *(Column(name, "DOUBLE | BIGINT | INTEGER") for name in ("score", "scale_min", "scale_max")),
        *(flag(name) for name in ("is_top_two", "is_bottom_two", "is_promoter", "is_detractor")),
        text("comment"),
        text("language"),
    )
    row_rules = (
        Rule("score_on_scale", "score between scale_min and scale_max", "A score lies on its scale."),
        Rule("scale_has_two_ends", "scale_min < scale_max", "A scale runs from a lower to a higher end.", "warn"),
        Rule(
            "answered_after_sent",
            "answered_at >= sent_at",
            "A survey is answered after it is sent.",
            "warn",
        ),
        Rule(
            "score_means_answered",
            "score is null or answered_at is not null",
            "A survey with a score was answered at a known time.",
            "warn",
        ),
        Rule(
            "promoter_or_detractor",
            "not (is_promoter and is_detractor)",
            "Nobody is promoter and detractor at once.",
        ),
        Rule(
            "only_nps_promotes",
            "kind = 'nps' or not (coalesce(is_promoter, false) or coalesce(is_detractor, false))",
            "Only an NPS answer makes a promoter or a detractor.",
        ),
        Rule(
            "someone_was_asked",
            "contact_key is not null or customer_key is not null",
            "A survey belongs to a contact or to a customer.",
            "warn",
        ),
    )
