"""Churn: what is learnt, when it is promoted, who is scored by what."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from models import churn, registry
from models.churn.core import fit_platt, sigmoid, tree_contributions, tree_margin
from models.churn.rule import apply_rule
from models.errors import MissingFeatures, ModelError
from models.features.matrix import to_matrix
from models.features.reasons import REASONS

DAY_S = 86_400.0
LABEL = churn.ChurnLabel()
PARAMS = churn.load_params()


@pytest.fixture(scope="module")
def trained(labelled: pl.DataFrame) -> registry.Trained:
    return churn.train(labelled, LABEL, PARAMS)


@pytest.fixture(scope="module")
def champion(trained: registry.Trained, tmp_path_factory: pytest.TempPathFactory) -> registry.Artefact:
    in_use = registry.apply(tmp_path_factory.mktemp("models"), trained)
    assert in_use is not None
    return in_use


def figure(trained: registry.Trained, metric: str, source: str = "model") -> tuple[float, float]:
    row = trained.metrics.filter(pl.col("metric") == metric, pl.col("source") == source)
    return row["value"].item(), row["baseline_value"].item()


def test_a_model_that_beats_the_baseline_later_is_promoted(trained: registry.Trained) -> None:
    auc, baseline_auc = figure(trained, "roc_auc")
    brier, baseline_brier = figure(trained, "brier")
    assert trained.decision == "promote"
    assert auc > baseline_auc
    assert brier < baseline_brier
    assert "promoted" in trained.reason


def test_its_probabilities_are_calibrated_on_the_later_window(trained: registry.Trained) -> None:
    assert figure(trained, "ece")[0] < 0.06


def test_the_rule_is_measured_beside_the_model(trained: registry.Trained) -> None:
    assert 0.5 < figure(trained, "roc_auc", "rule")[0] < 1


def test_test_rows_are_not_fitted(trained: registry.Trained, labelled: pl.DataFrame) -> None:
    assert trained.files is not None
    newest = labelled["as_of_at"].max()
    flipped = labelled.with_columns(
        pl.when(pl.col("as_of_at") == newest).then(~pl.col("is_churned")).otherwise("is_churned").alias("is_churned")
    )
    again = churn.train(flipped, LABEL, PARAMS)
    assert again.files is not None
    assert again.files["trees.txt"] == trained.files["trees.txt"]


def test_same_data_same_bytes_whatever_the_order_of_the_rows(trained: registry.Trained, labelled: pl.DataFrame) -> None:
    again = churn.train(labelled.sample(fraction=1.0, shuffle=True, seed=3), LABEL, PARAMS)
    assert trained.files is not None
    assert again.files is not None
    first = {name: hashlib.sha256(content).hexdigest() for name, content in trained.files.items()}
    second = {name: hashlib.sha256(content).hexdigest() for name, content in again.files.items()}
    assert first == second
    assert again.version == trained.version


def test_labels_without_a_pattern_fall_back_to_the_rule(labelled: pl.DataFrame) -> None:
    draw = np.random.default_rng(5)
    noise = labelled.with_columns(pl.Series("is_churned", draw.random(labelled.height) < 0.3))
    trained = churn.train(noise, LABEL, PARAMS)
    assert trained.decision == "rule"
    assert trained.reason.startswith("not promoted")


def test_a_gain_below_the_one_asked_for_falls_back_to_the_rule(labelled: pl.DataFrame) -> None:
    strict = replace(PARAMS, promotion=replace(PARAMS.promotion, auc_gain=0.2))
    trained = churn.train(labelled, LABEL, strict)
    assert trained.decision == "rule"
    assert "does not beat the baseline" in trained.reason
    assert trained.files is not None


def test_a_feature_that_knows_the_future_is_not_promoted(labelled: pl.DataFrame) -> None:
    leaking = labelled.with_columns((pl.col("is_churned").cast(pl.Float64) * 9).alias("contract_remaining_s"))
    trained = churn.train(leaking, LABEL, PARAMS)
    assert trained.decision == "rule"
    assert "know the future" in trained.reason


def test_a_pattern_that_turned_round_is_not_promoted(labelled: pl.DataFrame) -> None:
    later = labelled["as_of_at"].unique().sort()[-2:]
    turned = labelled.with_columns(
        pl.when(pl.col("as_of_at").is_in(later.implode()))
        .then(~pl.col("is_churned"))
        .otherwise("is_churned")
        .alias("is_churned")
    )
    trained = churn.train(turned, LABEL, PARAMS)
    assert trained.decision == "rule"
    assert "its order did not hold" in trained.reason


def test_too_little_data_is_said_with_its_figures(labelled: pl.DataFrame) -> None:
    few = labelled.filter(pl.col("customer_key") < "customer-00100")
    trained = churn.train(few, LABEL, PARAMS)
    assert trained.decision == "rule"
    assert trained.files is None
    assert trained.reason.startswith("too little to learn from: the fit window has ")
    assert trained.metrics.filter(pl.col("metric") == "training_row_count")["value"].item() == few.height
    assert trained.version == "churn-rule-1"


def test_no_data_at_all_is_no_error(labelled: pl.DataFrame) -> None:
    trained = churn.train(labelled.clear(), LABEL, PARAMS)
    assert trained.decision == "rule"
    assert trained.metric_rows(datetime(2026, 1, 1, tzinfo=UTC)).height == 1


def test_objectors_are_not_learnt_from(labelled: pl.DataFrame, trained: registry.Trained) -> None:
    objector = labelled.head(1).with_columns(pl.lit("objector").alias("customer_key"))
    for gate in (True, None):
        row = objector.with_columns(pl.lit(gate, pl.Boolean).alias("profiling_objection"))
        assert churn.train(pl.concat([labelled, row]), LABEL, PARAMS).version == trained.version


def test_an_unchanged_champion_is_promoted_again(labelled: pl.DataFrame, champion: registry.Artefact) -> None:
    again = churn.train(labelled, LABEL, PARAMS, champion)
    assert again.decision == "promote"
    assert again.version == champion.version


def test_a_better_champion_stays(labelled: pl.DataFrame, champion: registry.Artefact) -> None:
    crippled = replace(PARAMS, booster=replace(PARAMS.booster, tree_count=2))
    again = churn.train(labelled, LABEL, crippled, champion)
    assert again.decision == "keep"


def test_a_champion_of_another_label_is_not_compared(labelled: pl.DataFrame, champion: registry.Artefact) -> None:
    crippled = replace(PARAMS, promotion=replace(PARAMS.promotion, auc_gain=0.9))
    assert churn.train(labelled, replace(LABEL, horizon_s=89 * DAY_S), crippled, champion).decision == "rule"


def test_a_training_frame_without_a_feature_is_refused(labelled: pl.DataFrame) -> None:
    with pytest.raises(MissingFeatures, match="lacks tenure_s"):
        churn.train(labelled.drop("tenure_s"), LABEL, PARAMS)


def test_every_customer_gets_one_score_in_order(champion: registry.Artefact, now: pl.DataFrame) -> None:
    scores = churn.score(champion, now, LABEL, PARAMS)
    assert scores["customer_key"].to_list() == now["customer_key"].to_list()
    assert scores.columns == ["customer_key", "churn_probability", "reasons", "source", "model_version"]
    assert set(scores["source"]) == {"model", "rule", "default"}


@pytest.fixture(scope="module")
def now(cohort: Any) -> pl.DataFrame:
    special = cohort.now.head(4).with_columns(
        pl.Series("customer_key", ["objector", "unknown-gate", "gone", "never-bought"]),
        pl.Series("profiling_objection", [True, None, False, False]),
        pl.Series("has_left", [False, False, True, False]),
        pl.Series("order_count", [3, 3, 3, 0]),
    )
    return pl.concat([cohort.now, special])


def scored_by(champion: registry.Artefact | None, now: pl.DataFrame, key: str) -> dict[str, Any]:
    return churn.score(champion, now, LABEL, PARAMS).row(by_predicate=pl.col("customer_key") == key, named=True)


@pytest.mark.parametrize("key", ["objector", "unknown-gate", "gone", "never-bought"])
def test_some_customers_are_not_scored(champion: registry.Artefact, now: pl.DataFrame, key: str) -> None:
    for model in (champion, None):
        row = scored_by(model, now, key)
        assert (row["source"], row["churn_probability"], row["reasons"]) == ("default", None, [])


def test_active_customers_are_scored_by_the_model_and_lapsed_ones_by_the_rule(
    champion: registry.Artefact, now: pl.DataFrame
) -> None:
    known = now.filter(pl.col("customer_key").str.starts_with("customer-"))
    scores = churn.score(champion, known, LABEL, PARAMS)
    is_active = (known["order_recency_s"] <= LABEL.lookback_s).to_list()
    assert (scores["source"] == "model").to_list() == is_active
    assert scores.filter(pl.col("source") == "rule")["model_version"].unique().to_list() == ["churn-rule-1"]
    assert scores.filter(pl.col("source") == "model")["model_version"].unique().to_list() == [champion.version]


def test_without_a_champion_everybody_known_is_scored_by_the_rule(now: pl.DataFrame) -> None:
    assert set(churn.score(None, now, LABEL, PARAMS)["source"]) == {"rule", "default"}


def test_scores_are_probabilities_with_at_most_three_known_reasons(
    champion: registry.Artefact, now: pl.DataFrame
) -> None:
    scores = churn.score(champion, now, LABEL, PARAMS).filter(pl.col("source") != "default")
    assert scores["churn_probability"].is_between(0, 1).all()
    assert scores["reasons"].list.len().is_between(1, 3).all()
    assert set(scores["reasons"].explode(empty_as_null=True, keep_nulls=True)) <= set(REASONS)


def test_scoring_one_customer_alone_gives_the_same_score(champion: registry.Artefact, now: pl.DataFrame) -> None:
    together = churn.score(champion, now, LABEL, PARAMS)
    for place in (0, 1, 500):
        assert churn.score(champion, now[place], LABEL, PARAMS).rows() == together[place].rows()


def test_reasons_add_up_to_the_score(champion: registry.Artefact, now: pl.DataFrame) -> None:
    trees = champion.files["trees.txt"].decode()
    matrix = to_matrix("churn", now, champion.features)
    _, parts = tree_contributions(trees, matrix)
    np.testing.assert_allclose(parts.sum(axis=1), tree_margin(trees, matrix), atol=1e-12)


def test_the_first_reason_is_the_group_with_the_largest_sum(champion: registry.Artefact, now: pl.DataFrame) -> None:
    from models.features.declarations import BY_NAME

    scores = churn.score(champion, now, LABEL, PARAMS).with_row_index("place").filter(pl.col("source") == "model")
    place = scores["place"][0]
    matrix = to_matrix("churn", now[int(place)], champion.features)
    parts = tree_contributions(champion.files["trees.txt"].decode(), matrix)[1][0]
    sums: dict[str, float] = {}
    for name, part in zip(champion.features, parts, strict=False):
        group = str(BY_NAME[name].reason)
        sums[group] = sums.get(group, 0.0) + part
    first = max(sums, key=lambda group: abs(sums[group]))
    assert scores["reasons"][0][0] == f"{first}_{'up' if sums[first] > 0 else 'down'}"


def test_a_frame_without_a_feature_is_refused(champion: registry.Artefact, now: pl.DataFrame) -> None:
    with pytest.raises(MissingFeatures, match="churn: the frame lacks order_90d_count"):
        churn.score(champion, now.drop("order_90d_count"), LABEL, PARAMS)


def test_a_champion_of_another_label_is_refused(champion: registry.Artefact, now: pl.DataFrame) -> None:
    with pytest.raises(ModelError, match="retrain"):
        churn.score(champion, now, replace(LABEL, horizon_s=30 * DAY_S), PARAMS)


def test_a_frame_of_no_customers_gives_no_scores(champion: registry.Artefact, now: pl.DataFrame) -> None:
    assert churn.score(champion, now.clear(), LABEL, PARAMS).is_empty()


def test_longer_silence_never_lowers_the_risk(champion: registry.Artefact, now: pl.DataFrame) -> None:
    active = now.filter(pl.col("order_recency_s") < 30 * DAY_S, pl.col("customer_key").str.starts_with("customer-"))
    longer = active.with_columns(pl.col("order_recency_s") + 90 * DAY_S)
    before = churn.score(champion, active, LABEL, PARAMS)["churn_probability"]
    after = churn.score(champion, longer, LABEL, PARAMS)["churn_probability"]
    assert (after >= before).all()


def ruled(recency_days: float, gap_days: float | None, orders: int) -> dict[str, Any]:
    gap = None if gap_days is None else gap_days * DAY_S
    frame = pl.DataFrame(
        {"order_count": [orders], "order_recency_s": [recency_days * DAY_S], "order_gap_s": [gap]},
        schema_overrides={"order_gap_s": pl.Float64},
    )
    return apply_rule(frame, LABEL, PARAMS.rule).row(0, named=True)


@pytest.mark.parametrize(
    "recency_days, gap_days, orders, alive, reasons",
    [
        (20, 30, 5, 0.95, ["rule_on_time"]),
        (30, 30, 5, 0.95, ["rule_on_time"]),
        (50, 30, 5, 0.70, ["rule_overdue"]),
        (80, 30, 5, 0.40, ["rule_overdue"]),
        (100, 30, 5, 0.15, ["rule_overdue"]),
        (200, 30, 5, 0.15, ["rule_lapsed", "rule_overdue"]),
        (100, 200, 2, 0.95, ["rule_on_time", "rule_slow_rhythm"]),
        (10, None, 1, 0.95, ["rule_single_purchase", "rule_slow_rhythm"]),
        (5, 0.5, 9, 0.95, ["rule_on_time"]),
    ],
)
def test_the_rule_by_hand(
    recency_days: float, gap_days: float | None, orders: int, alive: float, reasons: list[str]
) -> None:
    gap = max(gap_days if gap_days is not None else 180, 7)
    row = ruled(recency_days, gap_days, orders)
    assert row["churn_probability"] == pytest.approx(1 - alive * (1 - np.exp(-90 / gap)))
    assert row["reasons"] == reasons


def test_the_rule_for_contracts_asks_when_they_end() -> None:
    frame = pl.DataFrame({"contract_remaining_s": [10 * DAY_S, 200 * DAY_S, None]})
    answer = apply_rule(frame, replace(LABEL, kind="cancellation"), PARAMS.rule)
    assert answer["churn_probability"].to_list() == [0.30, 0.10, 0.10]
    assert answer["reasons"].to_list() == [
        ["rule_contract_ending"],
        ["rule_contract_running"],
        ["rule_contract_running"],
    ]


def test_calibration_finds_the_line_that_made_the_outcomes() -> None:
    draw = np.random.default_rng(2)
    margin = draw.normal(size=200_000)
    line = fit_platt(margin, draw.random(len(margin)) < sigmoid(0.5 * margin - 1.0))
    assert line.slope == pytest.approx(0.5, abs=0.02)
    assert line.intercept == pytest.approx(-1.0, abs=0.02)


def test_figures_and_curves_have_the_published_columns(trained: registry.Trained) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    metrics = trained.metric_rows(at)
    assert metrics.columns == ["model", "version", "metric", "value", "baseline_value", "n", "trained_at", "source"]
    assert dict(metrics.select("source", "version").unique().rows()) == {
        "model": trained.version,
        "rule": "churn-rule-1",
    }
    assert trained.curve_rows().columns == ["model", "version", "curve", "x", "y", "n"]


def test_another_cohort_learns_as_well(make_cohort: Callable[[int, int], Any], tmp_path: Path) -> None:
    training = make_cohort(1200, 99).training.filter(pl.col("is_churned").is_not_null())
    trained = churn.train(training, LABEL, PARAMS)
    assert trained.decision == "promote"
    assert registry.apply(tmp_path, trained) is not None
