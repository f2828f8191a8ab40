"""Figures a reader can check by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from models.evaluation.classification import curves, expected_calibration_error, measure, top_decile_lift
from models.evaluation.ranking import normalised_gini, top_share
from models.evaluation.splits import split_by_time

DAY = timedelta(days=1)
START = datetime(2025, 1, 1, tzinfo=UTC)


def rows_at(*days: int) -> pl.DataFrame:
    return pl.DataFrame({"as_of_at": [START + day * DAY for day in days], "day": list(days)})


def test_windows_follow_each_other_with_a_horizon_between_them() -> None:
    split = split_by_time(rows_at(0, 30, 60, 90, 120), horizon_s=30 * 86_400)
    assert split is not None
    assert split.test["day"].to_list() == [120]
    assert split.calibration["day"].to_list() == [90]
    assert split.fit["day"].to_list() == [0, 30, 60]


def test_cutoffs_closer_than_the_horizon_are_left_out() -> None:
    split = split_by_time(rows_at(0, 30, 60, 90, 120), horizon_s=60 * 86_400)
    assert split is not None
    assert split.test["day"].to_list() == [120]
    assert split.calibration["day"].to_list() == [60]
    assert split.fit["day"].to_list() == [0]


@pytest.mark.parametrize("days", [(), (0,), (0, 30), (0, 10, 30)])
def test_too_few_cutoffs_make_no_split(days: tuple[int, ...]) -> None:
    assert split_by_time(rows_at(*days), horizon_s=30 * 86_400) is None


def test_figures_of_four_customers() -> None:
    happened = np.array([True, False, True, False])
    figures = measure(happened, np.array([0.9, 0.8, 0.7, 0.1]))
    assert figures["roc_auc"] == 0.75
    assert figures["pr_auc"] == pytest.approx((1 + 2 / 3) / 2)
    assert figures["brier"] == pytest.approx((0.01 + 0.64 + 0.09 + 0.01) / 4)


def test_calibration_error_is_the_gap_between_said_and_seen() -> None:
    happened = np.array([True] * 2 + [False] * 8 + [True] * 6 + [False] * 4)
    # Said .3 where .2 happened and .6 where .6 did; bins of equal count split within ties, hence one value a row.
    said = np.array([0.3] * 10 + [0.6] * 10)
    by_bin = [abs(0.3 - 1), abs(0.3 - 0), 0.3, 0.3, 0.3, abs(0.6 - 1), 0.4, 0.4, 0.6, 0.6]
    assert expected_calibration_error(happened, said) == pytest.approx(np.mean(by_bin))


def test_lift_of_a_perfect_order_is_one_over_the_share() -> None:
    happened = np.arange(100) < 10
    assert top_decile_lift(happened, 1.0 - np.arange(100) / 100) == pytest.approx(10.0)


def test_lift_of_ties_is_chance_whatever_the_order_of_the_rows() -> None:
    happened = np.arange(100) < 20
    assert top_decile_lift(happened, np.full(100, 0.4)) == pytest.approx(1.0)
    assert top_decile_lift(happened[::-1].copy(), np.full(100, 0.4)) == pytest.approx(1.0)


def test_curves_start_and_end_where_they_must() -> None:
    draw = np.random.default_rng(1)
    probability = draw.random(300)
    points = curves("churn", draw.random(300) < probability, probability)
    roc = points.filter(pl.col("curve") == "roc")
    gain = points.filter(pl.col("curve") == "cumulative_gain")
    assert roc.select("x", "y").row(0) == (0.0, 0.0)
    assert roc.select("x", "y").row(-1) == (1.0, 1.0)
    assert gain.select("x", "y").row(-1) == (1.0, 1.0)
    assert points.filter(pl.col("curve") == "calibration")["n"].to_list() == [30] * 10


def test_gini_is_one_when_perfect_and_nought_when_all_tie() -> None:
    actual = np.array([0.0, 1.0, 5.0, 2.0])
    assert normalised_gini(actual, actual * 7) == pytest.approx(1.0)
    assert normalised_gini(actual, -actual) == pytest.approx(-1.0)
    assert normalised_gini(actual, np.ones(4)) == pytest.approx(0.0)


def test_top_share_counts_the_best_predicted() -> None:
    assert top_share(np.array([1.0, 2.0, 3.0, 4.0]), np.array([9.0, 1.0, 2.0, 3.0]), 0.5) == pytest.approx(0.5)
