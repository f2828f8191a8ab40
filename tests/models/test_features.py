"""Declarations, reasons and the matrix."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.errors import MissingFeatures
from models.features.declarations import CUSTOMER_FEATURES, Feature, model_inputs
from models.features.matrix import fill_defaults, to_matrix
from models.features.reasons import GROUPS, REASONS

UNIT_SUFFIXES = {"s": "_s", "count": "_count", "rate": "_rate", "amount": "_amount"}


@pytest.mark.parametrize("feature", CUSTOMER_FEATURES, ids=lambda feature: feature.name)
def test_a_name_carries_its_unit(feature: Feature) -> None:
    if feature.unit in UNIT_SUFFIXES:
        assert feature.name.endswith(UNIT_SUFFIXES[feature.unit])


@pytest.mark.parametrize("feature", CUSTOMER_FEATURES, ids=lambda feature: feature.name)
def test_every_feature_says_what_it_means_and_when_it_is_known(feature: Feature) -> None:
    assert feature.meaning
    assert feature.as_of_rule


def test_names_are_declared_once() -> None:
    names = [feature.name for feature in CUSTOMER_FEATURES]
    assert len(names) == len(set(names))


def test_every_model_input_has_a_reason_group_and_a_default() -> None:
    inputs = [feature for feature in CUSTOMER_FEATURES if feature.reason is not None]
    assert {feature.reason for feature in inputs} == set(GROUPS)
    assert all(feature.default is not None for feature in inputs)


def test_there_are_eight_to_twelve_business_reasons() -> None:
    assert 8 <= len(GROUPS) <= 12


def test_what_our_own_scores_change_is_no_input() -> None:
    assert not {"mean_wait_365d_s", "abandoned_365d_count"} & set(model_inputs())


def test_protected_attributes_and_gates_are_no_inputs() -> None:
    assert not {"birth_year", "language", "region", "segment", "marketing_opt_out", "profiling_objection"} & set(
        model_inputs()
    )


def test_every_reason_has_words_in_both_languages_and_some_are_never_read_out() -> None:
    assert all(reason.en and reason.zh and reason.code == code for code, reason in REASONS.items())
    assert {reason.is_spoken for reason in REASONS.values()} == {True, False}


def test_the_matrix_keeps_the_order_asked_for_and_marks_the_missing() -> None:
    frame = pl.DataFrame({"a": [1, None], "b": [True, False]})
    matrix = to_matrix("churn", frame, ["b", "a"])
    np.testing.assert_array_equal(matrix, [[1.0, 1.0], [0.0, np.nan]])


def test_the_matrix_of_no_rows_has_its_columns() -> None:
    assert to_matrix("churn", pl.DataFrame({"a": []}, schema={"a": pl.Float64}), ["a"]).shape == (0, 1)


def test_the_matrix_names_what_is_missing() -> None:
    with pytest.raises(MissingFeatures, match="lacks tenure_s"):
        to_matrix("churn", pl.DataFrame({"a": [1]}), ["a", "tenure_s"])


def test_defaults_stand_in_for_missing_values_only() -> None:
    filled = fill_defaults(np.array([[np.nan, np.nan], [3.0, 4.0]]), ["mean_csat_365d_rate", "order_count"])
    np.testing.assert_array_equal(filled, [[0.5, 0.0], [3.0, 4.0]])
