"""The models on public data with published figures; skipped where the data is absent."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from models import churn
from models.churn.core import fit_trees, tree_margin
from models.value import bgnbd, gamma_gamma

DATA = Path(__file__).parents[2].parent / "shared" / "data"
TELCO = DATA / "churn" / "telco_churn.csv"
CDNOW = DATA / "cdnow" / "cdnow_customers_summary_with_transactions.csv"


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
