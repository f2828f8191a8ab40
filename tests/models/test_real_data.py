"""The models on public data with published figures; skipped where the data is absent."""

from __future__ import annotations

import hashlib
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from models import churn, voice
from models.churn.core import fit_trees, tree_margin
from models.value import bgnbd, gamma_gamma

DATA = Path(__file__).parents[2].parent / "shared" / "data"
TELCO = DATA / "churn" / "telco_churn.csv"
BANKING = DATA / "banking77" / "train.csv"
CDNOW = DATA / "cdnow" / "cdnow_customers_summary_with_transactions.csv"


@pytest.mark.skipif(not BANKING.is_file(), reason=f"public questions are not at {BANKING}")
def test_a_matter_that_arrives_among_real_questions_is_first_in_its_week_and_no_other_week_is_told() -> None:
    asked = pl.read_csv(BANKING).sample(fraction=1, shuffle=True, seed=1)
    usual, new = asked.filter(pl.col("category") != "passcode_forgotten"), asked.filter(category="passcode_forgotten")
    usual = usual.head(4800).with_columns(week=pl.int_range(pl.len()) % 40)
    asked = pl.concat([usual, new.head(20).with_columns(week=pl.lit(30, pl.Int64))]).with_row_index("n")
    comments = asked.select(
        pl.col("n").map_elements(lambda n: hashlib.md5(str(n).encode()).hexdigest(), pl.String).alias("survey_key"),
        pl.lit("en").alias("language"),
        (pl.lit(date(2026, 1, 5)) + pl.duration(weeks="week")).alias("week_date"),
        pl.col("text").alias("comment"),
        pl.lit(None, pl.Boolean).alias("is_bottom_two"),
    )
    found = voice.find_topics(comments, voice.load_params()).topics.filter(pl.col("status").is_in(["new", "rising"]))
    assert set(found["week_date"]) == {date(2026, 1, 5) + timedelta(weeks=30)}
    assert "passcode" in found.sort("p_value")["label"][0]


@pytest.mark.skipif(not TELCO.is_file(), reason=f"public churn data is not at {TELCO}")
def test_the_training_core_reaches_the_known_auc_on_telco_and_does_not_leak() -> None:
    frame = pl.read_csv(TELCO)
    happened = (frame["Churn"] == "Yes").to_numpy()
    inputs = frame.drop("customerID", "Churn")
    matrix = np.column_stack(
        [column.rank("dense").to_numpy() if column.dtype == pl.String else column.to_numpy() for column in inputs]
    ).astype(np.float64)
    params = churn.load_params().booster
    folds = StratifiedKFold(5, shuffle=True, random_state=42).split(matrix, happened)
    areas = []
    for fit, test in folds:
        trees = fit_trees(matrix[fit], happened[fit], inputs.columns, params)
        areas.append(roc_auc_score(happened[test], tree_margin(trees, matrix[test])))
    assert 0.835 < np.mean(areas) < 0.87


@pytest.mark.skipif(not CDNOW.is_file(), reason=f"public purchase data is not at {CDNOW}")
def test_the_published_cdnow_parameters_come_out() -> None:
    frame = pl.read_csv(CDNOW)
    x, t_x, observed = (frame[name].cast(pl.Float64).to_numpy() for name in ("x", "t_x", "T"))
    started = time.perf_counter()
    fitted = bgnbd.fit(x, t_x, observed)
    assert time.perf_counter() - started < 5
    assert [round(value, 3) for value in (fitted.r, fitted.alpha, fitted.a, fitted.b)] == [0.243, 4.414, 0.793, 2.426]
    assert round(fitted.log_likelihood, 1) == -9582.4
    assert not fitted.is_boundary


@pytest.mark.skipif(not CDNOW.is_file(), reason=f"public purchase data is not at {CDNOW}")
def test_the_published_spend_parameters_come_out() -> None:
    frame = pl.read_csv(CDNOW).filter(pl.col("x") > 0, pl.col("zbar") > 0)
    fitted = gamma_gamma.fit(frame["x"].cast(pl.Float64).to_numpy(), frame["zbar"].to_numpy())
    assert (round(fitted.p, 2), round(fitted.q, 2)) == (6.25, 3.74)
    assert fitted.gamma == pytest.approx(15.44, abs=0.01)
