"""A seeded cohort of repeat buyers, described as sql/features/customer_features.sql would describe them.

Rates and lifetimes differ between customers, and customers with repeated contacts leave sooner, so that there is
something to learn beyond recency and frequency.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

DAY_S = 86_400.0
HORIZON_DAYS = 90
LOOKBACK_DAYS = 180
SPAN_DAYS = 1000
CUTOFFS = 6
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Cohort:
    training: pl.DataFrame
    now: pl.DataFrame


@dataclass(frozen=True)
class Buyer:
    key: str
    orders: np.ndarray[Any, Any]
    amounts: np.ndarray[Any, Any]
    repeats: np.ndarray[Any, Any]


def buyers(count: int, seed: int) -> list[Buyer]:
    draw = np.random.default_rng(seed)
    made = []
    for number in range(count):
        start = draw.uniform(0, SPAN_DAYS * 0.8)
        gap = 12 + draw.gamma(2.0, 12.0)
        is_troubled = draw.random() < 0.4
        lifetime = draw.exponential(180 if is_troubled else 900)
        orders = start + np.concatenate([[0.0], np.cumsum(draw.exponential(gap, size=200))])
        orders = orders[orders < min(start + lifetime, SPAN_DAYS)] if lifetime > 0 else orders[:1]
        orders = np.unique(np.concatenate([[start], orders]))
        amounts = draw.gamma(4.0, draw.gamma(4.0, 10.0) / 4.0, size=len(orders))
        calls = draw.uniform(start, SPAN_DAYS, size=draw.poisson(6 if is_troubled else 0.6))
        made.append(Buyer(f"customer-{number:05d}", orders, amounts, np.sort(calls)))
    return made


def describe(buyer: Buyer, at: float) -> dict[str, Any] | None:
    past = buyer.orders < at
    if not past.any():
        return None
    orders, amounts = buyer.orders[past], buyer.amounts[past]
    age, days = at - orders, np.unique(np.floor(orders))
    recency, first = age.min(), age.max()
    gap = (first - recency) / (len(days) - 1) if len(days) > 1 else None
    calls = at - buyer.repeats[buyer.repeats < at]
    after = (buyer.orders >= at) & (buyer.orders < at + HORIZON_DAYS)
    return {
        "customer_key": buyer.key,
        "as_of_at": NOW - timedelta(days=SPAN_DAYS - at),
        "purpose": "score" if at == SPAN_DAYS else "train",
        "tenure_s": first * DAY_S,
        "order_count": len(orders),
        "order_day_count": len(days),
        "order_90d_count": int((age <= 90).sum()),
        "order_365d_count": int((age <= 365).sum()),
        "returned_order_count": 0,
        "order_amount": float(amounts.sum()),
        "order_365d_amount": float(amounts[age <= 365].sum()),
        "mean_order_amount": float(amounts.mean()),
        "order_recency_s": recency * DAY_S,
        "order_age_s": first * DAY_S,
        "order_gap_s": None if gap is None else gap * DAY_S,
        "order_rhythm_rate": None if gap is None else gap / (gap + recency),
        "contact_90d_count": int((calls <= 90).sum()),
        "contact_365d_count": int((calls <= 365).sum()),
        "contact_recency_s": float(calls.min()) * DAY_S if len(calls) else None,
        "mean_wait_365d_s": None,
        "abandoned_365d_count": 0,
        "transfer_365d_count": 0,
        "repeat_365d_count": int((calls <= 365).sum()),
        "survey_365d_count": 0,
        "mean_csat_365d_rate": None,
        "mean_nps_365d_rate": None,
        "contract_remaining_s": None,
        "has_left": False,
        "segment": "retail",
        "marketing_opt_out": False,
        "profiling_objection": False,
        "is_churned": not after.any() if recency <= LOOKBACK_DAYS else None,
        "next_order_amount": float(buyer.amounts[after].sum()),
    }


def cohort_of(count: int, seed: int) -> Cohort:
    made = buyers(count, seed)
    cutoffs = [SPAN_DAYS - step * HORIZON_DAYS for step in range(1, CUTOFFS + 1)]
    past = [row for at in cutoffs for buyer in made if (row := describe(buyer, float(at))) is not None]
    now = [row for buyer in made if (row := describe(buyer, float(SPAN_DAYS))) is not None]
    optional = ("order_gap_s", "order_rhythm_rate", "contact_recency_s", "mean_wait_365d_s", "contract_remaining_s")
    schema = dict.fromkeys((*optional, "mean_csat_365d_rate", "mean_nps_365d_rate"), pl.Float64)
    training = pl.DataFrame(past, schema_overrides=schema, infer_schema_length=None)
    score = pl.DataFrame(now, schema_overrides=schema, infer_schema_length=None)
    return Cohort(training, score.drop("is_churned", "next_order_amount"))


@pytest.fixture(scope="session")
def make_cohort() -> Callable[[int, int], Cohort]:
    return cohort_of


@pytest.fixture(scope="session")
def cohort() -> Cohort:
    return cohort_of(1500, 7)


@pytest.fixture(scope="session")
def labelled(cohort: Cohort) -> pl.DataFrame:
    return cohort.training.filter(pl.col("is_churned").is_not_null())
