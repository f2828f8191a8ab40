"""Next best action: arithmetic, hard gates, hold-out."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import next_best_action as nba
from models.errors import MissingFeatures, ModelError

PARAMS = nba.load_params()
OFFER = nba.Action("offer", cost_amount=10.0, expected_effect=0.10, channel="voice")
UPSELL = nba.Action("upsell", cost_amount=2.0, expected_effect=0.02, effect_on="value")
CALLBACK = nba.Action("callback", cost_amount=1.0, expected_effect=0.01, effect_on="value", is_marketing=False)
CATALOGUE = [OFFER, UPSELL, CALLBACK]


def customer(**changes: Any) -> pl.DataFrame:
    row: dict[str, Any] = {
        "customer_key": "c1",
        "churn_probability": 0.5,
        "expected_value_amount": 400.0,
        "marketing_opt_out": False,
        "profiling_objection": False,
        "eligible_offer": True,
        "eligible_upsell": True,
        "eligible_callback": True,
    }
    schema = {"churn_probability": pl.Float64, "expected_value_amount": pl.Float64}
    flags = ("marketing_opt_out", "profiling_objection", "eligible_offer", "eligible_upsell", "eligible_callback")
    schema |= dict.fromkeys(flags, pl.Boolean)
    return pl.DataFrame([{**row, **changes}], schema_overrides=schema)


def chosen(share: float = 0.0, margin_rate: float = 1.0, **changes: Any) -> dict[str, Any]:
    return nba.choose(customer(**changes), CATALOGUE, share, PARAMS, margin_rate).row(0, named=True)


def test_the_action_with_the_largest_gain_wins() -> None:
    # offer .10 x .5 x 400 - 10 = 10; upsell .02 x 400 - 2 = 6; callback .01 x 400 - 1 = 3
    row = chosen()
    assert (row["action"], row["expected_gain_amount"]) == ("offer", pytest.approx(10.0))
    assert (row["arm"], row["propensity"], row["effect_source"]) == ("policy", 1.0, "assumption")
    # churn .3: offer 2, upsell 6
    assert chosen(churn_probability=0.3)["action"] == "upsell"


def test_doing_nothing_wins_when_no_action_pays() -> None:
    row = chosen(expected_value_amount=80.0)
    assert (row["action"], row["expected_gain_amount"], row["effect_source"]) == ("none", 0.0, None)


def test_an_action_that_gains_exactly_nothing_is_not_taken() -> None:
    assert chosen(expected_value_amount=100.0)["action"] == "none"


def test_revenue_can_be_counted_by_its_margin() -> None:
    row = chosen(margin_rate=0.5)
    assert (row["action"], row["expected_gain_amount"]) == ("upsell", pytest.approx(2.0))


def test_what_is_not_eligible_is_not_chosen() -> None:
    assert chosen(eligible_offer=False)["action"] == "upsell"
    assert chosen(eligible_offer=None)["action"] == "upsell"


def test_an_unknown_risk_stakes_nothing_on_churn() -> None:
    assert chosen(churn_probability=None)["action"] == "upsell"
    assert chosen(churn_probability=float("nan"))["action"] == "upsell"


def test_an_unknown_value_means_no_action() -> None:
    assert chosen(expected_value_amount=None)["action"] == "none"


def test_an_empty_catalogue_means_no_action() -> None:
    assert nba.choose(customer(), [], 0.0, PARAMS)["action"].to_list() == ["none"]


def test_opting_out_of_marketing_leaves_service() -> None:
    assert chosen(marketing_opt_out=True)["action"] == "callback"
    assert chosen(marketing_opt_out=None)["action"] == "callback"


def test_objectors_are_neutral_and_in_no_arm() -> None:
    for objection in (True, None):
        row = chosen(share=1.0, profiling_objection=objection)
        assert (row["action"], row["arm"], row["is_default_treatment"]) == ("none", "excluded", True)


def test_the_held_out_get_the_default_treatment_and_are_marked() -> None:
    row = chosen(share=1.0)
    assert (row["action"], row["arm"], row["is_default_treatment"]) == ("none", "holdout", True)
    assert row["expected_gain_amount"] == 0.0


def test_the_holdout_has_its_share_and_does_not_change() -> None:
    keys = [f"customer-{number}" for number in range(20_000)]
    held = [nba.choosing.is_holdout(key, 0.05, PARAMS) for key in keys]
    assert sum(held) / len(held) == pytest.approx(0.05, abs=0.005)
    assert held == [nba.choosing.is_holdout(key, 0.05, PARAMS) for key in keys]
    # A wider hold-out keeps those who were in the narrower one.
    assert all(nba.choosing.is_holdout(key, 0.10, PARAMS) for key, is_held in zip(keys, held, strict=True) if is_held)


def test_the_draw_of_a_known_customer_is_pinned() -> None:
    # SHA-256 of "callwright-holdout-1 customer-0", first eight bytes over 2^64: a change would redraw every hold-out.
    import hashlib

    place = int(hashlib.sha256(b"callwright-holdout-1 customer-0").hexdigest()[:16], 16) / 2**64
    assert not nba.choosing.is_holdout("customer-0", place - 1e-9, PARAMS)
    assert nba.choosing.is_holdout("customer-0", place + 1e-9, PARAMS)


def test_a_missing_mask_is_refused() -> None:
    with pytest.raises(MissingFeatures, match="lacks eligible_offer"):
        nba.choose(customer().drop("eligible_offer"), CATALOGUE, 0.0, PARAMS)


@pytest.mark.parametrize("ids", [["none"], ["a", "a"]])
def test_a_catalogue_that_repeats_an_id_or_names_none_is_refused(ids: list[str]) -> None:
    with pytest.raises(ModelError, match="repeats an id"):
        nba.choose(customer(), [nba.Action(name, 1.0, 0.1) for name in ids], 0.0, PARAMS)


gates = st.sampled_from([True, False, None])
rates = st.one_of(st.none(), st.floats(0, 1))
amounts = st.one_of(st.none(), st.floats(0, 1e7))


@given(gates, gates, gates, gates, gates, rates, amounts, st.floats(0, 1))
def test_the_gates_hold_whatever_the_gain(
    opt_out: bool | None,
    objection: bool | None,
    offer: bool | None,
    upsell: bool | None,
    callback: bool | None,
    risk: float | None,
    amount: float | None,
    share: float,
) -> None:
    row = chosen(
        share,
        marketing_opt_out=opt_out,
        profiling_objection=objection,
        eligible_offer=offer,
        eligible_upsell=upsell,
        eligible_callback=callback,
        churn_probability=risk,
        expected_value_amount=amount,
    )
    if objection is not False:
        assert (row["action"], row["is_default_treatment"], row["arm"]) == ("none", True, "excluded")
    if opt_out is not False:
        assert row["action"] in {"none", "callback"}
    allowed = {"offer": offer, "upsell": upsell, "callback": callback}
    if row["action"] != "none":
        assert allowed[row["action"]] is True
        assert row["expected_gain_amount"] > 0
        assert row["arm"] == "policy"
