"""One row a customer that claims no more than its weakest part; the whole chain on a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from models import churn, next_best_action, registry, scores, value


def combined(churn_source: str, value_source: str) -> dict[str, Any]:
    churned = pl.DataFrame(
        {
            "customer_key": ["c"],
            "churn_probability": [0.2],
            "reasons": [["spend_up"]],
            "source": [churn_source],
            "model_version": ["v1"],
        }
    )
    worth = pl.DataFrame(
        {
            "customer_key": ["c"],
            "expected_value_amount": [5.0],
            "currency": ["GBP"],
            "source": [value_source],
            "model_version": ["v2"],
        }
    )
    tiers = pl.DataFrame({"customer_key": ["c"], "tier": ["A"]})
    choices = pl.DataFrame(
        {
            "customer_key": ["c"],
            "action": ["none"],
            "arm": ["policy"],
            "propensity": [1.0],
            "is_default_treatment": [False],
            "policy_version": ["p"],
        }
    )
    return scores.combine(churned, worth, tiers, choices).row(0, named=True)


@pytest.mark.parametrize(
    "churn_source, value_source, source",
    [
        ("model", "model", "model"),
        ("model", "rule", "rule"),
        ("rule", "model", "rule"),
        ("default", "model", "model"),
        ("default", "rule", "rule"),
        ("default", "default", "default"),
    ],
)
def test_the_source_is_that_of_the_weakest_part(churn_source: str, value_source: str, source: str) -> None:
    row = combined(churn_source, value_source)
    assert row["source"] == source
    assert row["model_version"] == "churn:v1 value:v2 action:p"


def test_the_whole_chain_from_features_to_scores(cohort: Any, labelled: pl.DataFrame, tmp_path: Path) -> None:
    label, churn_params, value_params = churn.ChurnLabel(), churn.load_params(), value.load_params()
    churn_champion = registry.apply(tmp_path, churn.train(labelled, label, churn_params))
    value_champion = registry.apply(tmp_path, value.train(cohort.training, label.horizon_s, value_params))
    risk = churn.score(churn_champion, cohort.now, label, churn_params)
    worth = value.estimate(value_champion, cohort.now, "GBP", value_params)
    tiers = value.assign_tiers(worth, ["A", "B", "C", "D"], [0.05, 0.15, 0.30, 0.50], 0.02)
    frame = (
        cohort.now.join(risk.select("customer_key", "churn_probability"), on="customer_key")
        .join(worth.select("customer_key", "expected_value_amount"), on="customer_key")
        .with_columns((pl.col("churn_probability") >= 0.3).alias("eligible_offer"))
    )
    offer = next_best_action.Action("offer", cost_amount=1.0, expected_effect=0.1)
    choices = next_best_action.choose(frame, [offer], 0.05, next_best_action.load_params())
    rows = scores.combine(risk, worth, tiers, choices)
    assert rows["customer_key"].to_list() == sorted(cohort.now["customer_key"])
    assert tuple(rows.columns) == scores.COMBINED
    assert set(rows["action"]) == {"none", "offer"}
    assert rows["tier"].null_count() == 0
    assert list(tmp_path.rglob("*.pkl")) == []
