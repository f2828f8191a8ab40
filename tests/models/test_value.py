"""Value: formulas against simulation, promotion against the spend that followed, the rule by hand."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from models import registry, value
from models.errors import MissingFeatures
from models.value import bgnbd, gamma_gamma

DAY_S = 86_400.0
HORIZON_S = 90 * DAY_S
PARAMS = value.load_params()


@pytest.fixture(scope="module")
def trained(cohort: Any) -> registry.Trained:
    return value.train(cohort.training, HORIZON_S, PARAMS)


@pytest.fixture(scope="module")
def champion(trained: registry.Trained, tmp_path_factory: pytest.TempPathFactory) -> registry.Artefact:
    in_use = registry.apply(tmp_path_factory.mktemp("models"), trained)
    assert in_use is not None
    return in_use


TRUE = bgnbd.BgNbd(r=0.8, alpha=6.0, a=0.9, b=2.5, log_likelihood=0.0, is_boundary=False)


def simulate(count: int, observed: float, horizon: float) -> tuple[np.ndarray[Any, Any], ...]:
    """Customers of the BG/NBD TRUE, purchase by purchase: x, t_x, T and purchases in the horizon."""
    draw = np.random.default_rng(11)
    rate, drop = draw.gamma(TRUE.r, 1 / TRUE.alpha, count), draw.beta(TRUE.a, TRUE.b, count)
    at, x, t_x, bought = np.zeros((4, count))
    buying = np.arange(count)
    while len(buying):
        at[buying] += draw.exponential(1 / rate[buying])
        buying = buying[at[buying] <= observed + horizon]
        past, later = buying[at[buying] <= observed], buying[at[buying] > observed]
        x[past] += 1
        t_x[past] = at[past]
        bought[later] += 1
        buying = buying[draw.random(len(buying)) >= drop[buying]]
    return x, t_x, np.full(count, observed), bought


def test_the_fit_finds_the_parameters_that_made_the_customers() -> None:
    x, t_x, observed, _ = simulate(20_000, 52.0, 26.0)
    fitted = bgnbd.fit(x, t_x, observed)
    assert not fitted.is_boundary
    assert fitted.r == pytest.approx(TRUE.r, rel=0.05)
    assert fitted.alpha == pytest.approx(TRUE.alpha, rel=0.05)
    assert fitted.a == pytest.approx(TRUE.a, rel=0.15)
    assert fitted.b == pytest.approx(TRUE.b, rel=0.15)


def test_expected_purchases_are_those_that_follow() -> None:
    x, t_x, observed, bought = simulate(300_000, 52.0, 26.0)
    expected = TRUE.expected_purchases(x, t_x, observed, 26.0)
    for times in (0, 1, 2, 3, 5):
        group = x == times
        error = bought[group].std() / np.sqrt(group.sum())
        assert abs(expected[group].mean() - bought[group].mean()) < 3.5 * error


def test_the_unit_of_time_does_not_matter() -> None:
    x, t_x, observed, _ = simulate(3_000, 52.0, 1.0)
    weeks, seconds = bgnbd.fit(x, t_x, observed), bgnbd.fit(x, t_x * 604_800, observed * 604_800)
    assert seconds.alpha / 604_800 == pytest.approx(weeks.alpha, rel=1e-3)
    np.testing.assert_allclose(
        seconds.expected_purchases(x, t_x * 604_800, observed * 604_800, 10 * 604_800.0),
        weeks.expected_purchases(x, t_x, observed, 10.0),
        rtol=1e-3,
    )


def test_nobody_dropping_out_is_a_boundary_and_is_said() -> None:
    draw = np.random.default_rng(4)
    rates = draw.gamma(2.0, 0.25, 2_000)
    x = draw.poisson(rates * 50).astype(float)
    # Last of x uniform purchases in 50 weeks: nobody ever stops.
    t_x = np.where(x > 0, 50 * draw.random(2_000) ** (1 / np.maximum(x, 1)), 0.0)
    assert bgnbd.fit(x, t_x, np.full(2_000, 50.0)).is_boundary


def test_silence_makes_a_frequent_buyer_less_likely_alive() -> None:
    fitted = bgnbd.BgNbd(r=0.8, alpha=6.0, a=0.9, b=2.5, log_likelihood=0.0, is_boundary=False)
    x, observed = np.array([10.0, 10.0, 0.0]), np.array([52.0, 52.0, 52.0])
    recent, silent, single = fitted.alive_probability(x, np.array([51.0, 20.0, 0.0]), observed)
    assert recent > 0.9 > 0.3 > silent
    assert single == 1.0


def test_the_singular_point_of_the_formula_is_smooth() -> None:
    x, t_x, observed = np.array([3.0]), np.array([40.0]), np.array([52.0])
    near = [
        bgnbd.BgNbd(r=0.8, alpha=6.0, a=a, b=2.5, log_likelihood=0.0, is_boundary=False).expected_purchases(
            x, t_x, observed, 26.0
        )[0]
        for a in (0.999, 1.0, 1.001)
    ]
    assert near[0] > near[1] > near[2]
    assert near[1] == pytest.approx((near[0] + near[2]) / 2, rel=1e-4)


def test_spend_is_drawn_towards_the_mean_of_all_the_less_the_more_is_known() -> None:
    draw = np.random.default_rng(8)
    scales = 1 / draw.gamma(4.0, 1 / 60.0, 5_000)
    counts = draw.integers(1, 12, 5_000).astype(float)
    means = draw.gamma(5.0 * counts, scales) / counts
    fitted = gamma_gamma.fit(counts, means)
    overall = fitted.p * fitted.gamma / (fitted.q - 1)
    once, often = fitted.expected_spend(np.array([1.0, 11.0]), np.array([3 * overall, 3 * overall]))
    assert not fitted.is_boundary
    assert overall < once < often < 3 * overall


def test_the_model_is_promoted_when_it_ranks_better_than_spend_so_far(trained: registry.Trained) -> None:
    gini = trained.metrics.filter(pl.col("metric") == "normalised_gini", pl.col("source") == "model")
    total = trained.metrics.filter(pl.col("metric") == "total_ratio", pl.col("source") == "model")
    assert trained.decision == "promote"
    assert gini["value"].item() > gini["baseline_value"].item()
    assert 0.7 < total["value"].item() < 1.3


def test_same_data_same_bytes(trained: registry.Trained, cohort: Any) -> None:
    again = value.train(cohort.training.sample(fraction=1.0, shuffle=True, seed=5), HORIZON_S, PARAMS)
    assert trained.files is not None
    assert again.files is not None
    for name, content in trained.files.items():
        assert hashlib.sha256(content).digest() == hashlib.sha256(again.files[name]).digest()


def test_a_model_that_ranks_worse_is_not_promoted(cohort: Any) -> None:
    reversed_spend = cohort.training.with_columns((1 / (1 + pl.col("order_amount"))).alias("next_order_amount"))
    trained = value.train(reversed_spend, HORIZON_S, PARAMS)
    assert trained.decision == "rule"
    assert "the RFM rule is used" in trained.reason


def test_a_total_that_is_far_off_is_not_promoted(cohort: Any) -> None:
    tripled = cohort.training.with_columns(pl.col("next_order_amount") * 3)
    trained = value.train(tripled, HORIZON_S, PARAMS)
    assert trained.decision == "rule"
    assert "total is too far off" in trained.reason


def test_little_history_is_said_and_the_rule_named(cohort: Any, tmp_path: Path) -> None:
    few = cohort.training.filter(pl.col("customer_key") < "customer-00050")
    trained = value.train(few, HORIZON_S, PARAMS)
    assert trained.reason == "no model: 50 buyers at the newest cut-off, 200 are needed; the RFM rule is used"
    assert registry.apply(tmp_path, trained) is None
    estimates = value.estimate(None, cohort.now, "GBP", PARAMS)
    assert estimates["source"].unique().to_list() == ["rule"]
    assert estimates["model_version"].unique().to_list() == ["value-rfm-rule-1"]


def test_every_buyer_gets_an_amount_in_order(champion: registry.Artefact, cohort: Any) -> None:
    estimates = value.estimate(champion, cohort.now, "GBP", PARAMS)
    assert estimates["customer_key"].to_list() == cohort.now["customer_key"].to_list()
    assert estimates["expected_value_amount"].is_finite().all()
    assert (estimates["expected_value_amount"] >= 0).all()
    assert estimates["source"].unique().to_list() == ["model"]
    assert estimates["currency"].unique().to_list() == ["GBP"]


def test_a_longer_horizon_is_worth_more(champion: registry.Artefact, cohort: Any) -> None:
    short = value.estimate(champion, cohort.now, "GBP", PARAMS, 30 * DAY_S)["expected_value_amount"]
    long = value.estimate(champion, cohort.now, "GBP", PARAMS, 365 * DAY_S)["expected_value_amount"]
    assert (long >= short).all()
    assert long.sum() < short.sum() * 365 / 30


def test_objectors_and_strangers_have_no_value_and_leavers_none_left(champion: registry.Artefact, cohort: Any) -> None:
    special = cohort.now.head(4).with_columns(
        pl.Series("profiling_objection", [True, None, False, False]),
        pl.Series("order_day_count", [3, 3, 0, 3]),
        pl.Series("has_left", [False, False, False, True]),
    )
    for model in (champion, None):
        estimates = value.estimate(model, special, "GBP", PARAMS)
        assert estimates["expected_value_amount"].to_list() == [None, None, None, 0.0]
        assert estimates["source"].to_list() == ["default", "default", "default", "rule"]


@pytest.mark.parametrize(
    "tenure_days, recency_days, spent, amount",
    [(365, 10, 100.0, 100.0), (730, 10, 100.0, 100.0), (730, 200, 100.0, 50.0), (30, 1, 30.0, 30 / 90 * 365)],
)
def test_the_rule_by_hand(cohort: Any, tenure_days: int, recency_days: int, spent: float, amount: float) -> None:
    row = cohort.now.head(1).with_columns(
        pl.lit(tenure_days * DAY_S).alias("tenure_s"),
        pl.lit(recency_days * DAY_S).alias("order_recency_s"),
        pl.lit(spent).alias("order_365d_amount"),
    )
    estimate = value.estimate(None, row, "GBP", PARAMS, 365 * DAY_S)
    assert estimate["expected_value_amount"].item() == pytest.approx(amount)


def test_a_frame_without_a_feature_is_refused(champion: registry.Artefact, cohort: Any) -> None:
    with pytest.raises(MissingFeatures, match="value: the frame lacks order_age_s"):
        value.estimate(champion, cohort.now.drop("order_age_s"), "GBP", PARAMS)
