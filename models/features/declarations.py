"""Every customer feature, declared once: name, unit, meaning, as-of rule, default, use.

Here: what sql/features/customer_features.sql delivers and who may use it. Not here: how it is computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["s", "count", "rate", "amount", "boolean", "text"]

ORDERS_BEFORE = "orders with ordered_at before the moment; the status is the newest known, no history of it is kept"
CONTACTS_BEFORE = "inbound contacts that arrived and ended before the moment"
SURVEYS_BEFORE = "surveys answered within 365 days before the moment"
RECORD_THEN = "customer record valid at the moment"
DATED_FACT = "newest customer record, used only if its own date lies before the moment"
NEWEST_RECORD = "newest customer record: an objection counts from when it is known"


@dataclass(frozen=True)
class Feature:
    """One column of the customer features.

    Attributes:
        name: Column name, with its unit as suffix.
        unit: Unit of the value.
        meaning: What it says about the customer.
        as_of_rule: Which rows may be used, so that nothing is known before its time.
        default: Stands for a missing value where a method cannot take one (None: not for such methods).
        reason: Business reason it belongs to; None: no model may use it.
        monotone: Sign of its certain effect on the risk of leaving; 0 where the domain is not sure.
    """

    name: str
    unit: Unit
    meaning: str
    as_of_rule: str
    default: float | None
    reason: str | None = None
    monotone: Literal[-1, 0, 1] = 0


YEAR_S = 365 * 86_400.0

CUSTOMER_FEATURES: tuple[Feature, ...] = (
    Feature("tenure_s", "s", "time since joining or first being seen", DATED_FACT, 0.0, "tenure"),
    Feature("order_count", "count", "paid orders so far", ORDERS_BEFORE, 0.0, "purchase_frequency"),
    Feature("order_day_count", "count", "days with a paid order", ORDERS_BEFORE, 0.0, "purchase_frequency"),
    Feature("order_90d_count", "count", "paid orders, 90 days", ORDERS_BEFORE, 0.0, "purchase_frequency"),
    Feature("order_365d_count", "count", "paid orders, 365 days", ORDERS_BEFORE, 0.0, "purchase_frequency"),
    Feature("returned_order_count", "count", "orders returned", ORDERS_BEFORE, 0.0, "returns"),
    Feature("order_amount", "amount", "paid so far", ORDERS_BEFORE, 0.0, "spend"),
    Feature("order_365d_amount", "amount", "paid in 365 days", ORDERS_BEFORE, 0.0, "spend"),
    Feature("mean_order_amount", "amount", "mean paid order", ORDERS_BEFORE, 0.0, "spend"),
    Feature(
        "order_recency_s",
        "s",
        "time since the last paid order",
        ORDERS_BEFORE,
        2 * YEAR_S,
        "purchase_rhythm",
        1,
    ),
    Feature("order_age_s", "s", "time since the first paid order", ORDERS_BEFORE, 0.0, "tenure"),
    Feature("order_gap_s", "s", "mean time between days with orders", ORDERS_BEFORE, YEAR_S, "purchase_rhythm"),
    Feature("order_rhythm_rate", "rate", "own gap / (gap + recency)", ORDERS_BEFORE, 0.5, "purchase_rhythm", -1),
    Feature("contact_90d_count", "count", "contacts, 90 days", CONTACTS_BEFORE, 0.0, "contact_frequency"),
    Feature("contact_365d_count", "count", "contacts, 365 days", CONTACTS_BEFORE, 0.0, "contact_frequency"),
    Feature(
        "contact_recency_s",
        "s",
        "time since the last contact",
        CONTACTS_BEFORE,
        2 * YEAR_S,
        "contact_frequency",
    ),
    # Our scores shorten some waits and lengthen others: learning from them would learn our own treatment.
    Feature("mean_wait_365d_s", "s", "mean wait in queues, 365 days", CONTACTS_BEFORE, 0.0),
    Feature("abandoned_365d_count", "count", "contacts abandoned, 365 days", CONTACTS_BEFORE, 0.0),
    Feature("transfer_365d_count", "count", "transfers suffered, 365 days", CONTACTS_BEFORE, 0.0, "transfers"),
    Feature(
        "repeat_365d_count",
        "count",
        "contacts that repeated, 365 days",
        CONTACTS_BEFORE,
        0.0,
        "repeat_contacts",
    ),
    Feature("survey_365d_count", "count", "surveys answered, 365 days", SURVEYS_BEFORE, 0.0, "survey_answers"),
    Feature("mean_csat_365d_rate", "rate", "mean satisfaction, 0 to 1", SURVEYS_BEFORE, 0.5, "survey_answers"),
    Feature("mean_nps_365d_rate", "rate", "mean recommendation, 0 to 1", SURVEYS_BEFORE, 0.5, "survey_answers"),
    Feature("contract_remaining_s", "s", "time until the contract ends", RECORD_THEN, 0.0, "contract"),
    Feature("has_left", "boolean", "leaving recorded before the moment", DATED_FACT, 0.0),
    Feature("segment", "text", "segment, for eligibility rules", RECORD_THEN, None),
    Feature("marketing_opt_out", "boolean", "wants no offers: a gate, no input", NEWEST_RECORD, None),
    Feature("profiling_objection", "boolean", "objects to profiling: a gate, no input", NEWEST_RECORD, None),
)

KEY_COLUMNS = ("customer_key", "as_of_at", "purpose")
BY_NAME = {feature.name: feature for feature in CUSTOMER_FEATURES}


def model_inputs() -> list[str]:
    """Names of the features a model may learn from, in their declared order."""
    return [feature.name for feature in CUSTOMER_FEATURES if feature.reason is not None]
