"""Tiers: shares, ties, and customers who stay where they are at the edge."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import ModelError
from models.value import assign_tiers

NAMES, SHARES = ["A", "B", "C", "D"], [0.05, 0.15, 0.30, 0.50]


def values(*amounts: float | None) -> pl.DataFrame:
    keys = [f"c{place}" for place in range(len(amounts))]
    return pl.DataFrame(
        {"customer_key": keys, "expected_value_amount": list(amounts)},
        schema={"customer_key": pl.String, "expected_value_amount": pl.Float64},
    )


def test_shares_are_kept_exactly_without_ties() -> None:
    tiers = assign_tiers(values(*(float(amount) for amount in range(1, 101))), NAMES, SHARES)
    assert tiers["tier"].value_counts().sort("tier").rows() == [("A", 5), ("B", 15), ("C", 30), ("D", 50)]
    assert tiers["tier"][99] == "A"
    assert tiers["tier"][0] == "D"


def test_ties_stand_together_in_the_lower_tier() -> None:
    tiers = assign_tiers(values(9.0, 5.0, 5.0, 5.0, 5.0, 1.0), ["high", "low"], [0.5, 0.5])
    assert tiers["tier"].to_list() == ["high", "low", "low", "low", "low", "low"]


def test_nothing_expected_is_the_last_tier_and_nothing_known_is_none() -> None:
    tiers = assign_tiers(values(0.0, None, 10.0, 0.0), ["high", "low"], [0.99, 0.01])
    assert tiers["tier"].to_list() == ["low", None, "high", "low"]


def edge(place_from_top: int, hysteresis: float, before: str) -> str:
    frame = values(*(float(100 - place) for place in range(100)))
    previous = pl.DataFrame({"customer_key": [f"c{place_from_top}"], "tier": [before]})
    tiers = assign_tiers(frame, ["high", "low"], [0.5, 0.5], hysteresis, previous)
    return str(tiers["tier"][place_from_top])


def test_a_customer_just_over_the_edge_stays() -> None:
    assert edge(51, 0.0, "high") == "low"
    assert edge(51, 0.02, "high") == "high"
    assert edge(52, 0.02, "high") == "low"
    assert edge(48, 0.02, "low") == "low"
    assert edge(47, 0.02, "low") == "high"


def test_a_tier_that_is_no_more_is_forgotten() -> None:
    assert edge(10, 0.5, "platinum") == "high"


def test_the_order_of_the_customers_is_kept() -> None:
    frame = values(3.0, 9.0, 1.0)
    previous = pl.DataFrame({"customer_key": ["c2", "c0"], "tier": ["high", "low"]})
    assert assign_tiers(frame, ["high", "low"], [0.5, 0.5], 0.1, previous)["customer_key"].to_list() == [
        "c0",
        "c1",
        "c2",
    ]


@pytest.mark.parametrize("names, shares", [(["A"], [0.5, 0.5]), (["A", "B"], [0.5, 0.4]), ([], [])])
def test_shares_that_make_no_whole_are_refused(names: list[str], shares: list[float]) -> None:
    with pytest.raises(ModelError, match="do not make a whole"):
        assign_tiers(values(1.0), names, shares)


@given(st.lists(st.floats(min_value=0.01, max_value=1e6), min_size=1, max_size=60))
def test_more_value_is_never_a_lower_tier(amounts: list[float]) -> None:
    tiers = assign_tiers(values(*amounts), NAMES, SHARES)["tier"].to_list()
    ordered = sorted(zip(amounts, tiers, strict=True), reverse=True)
    assert [NAMES.index(tier) for _, tier in ordered] == sorted(NAMES.index(tier) for _, tier in ordered)
