"""What the models learn from. Not here: how they learn (tests/models), what they decide of the sample (end_to_end)."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from pipelines import scoring


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """A thousand customers at three past moments and now."""
    found = duckdb.connect()
    found.execute("""
        create schema features;
        create table features.customer_features as
            select 'k' || c as customer_key, make_date(2026, m::int, 1) as as_of_at,
                if(m = 4, 'score', 'train') as purpose
            from range(1000) as t(c), range(1, 5) as u(m);
        create table features.churn_labels as
            select customer_key, as_of_at, false as is_churned from features.customer_features where purpose = 'train';
    """)
    return found


def test_all_past_rows_are_learnt_from(con: Any) -> None:
    assert scoring.labelled(con, "is_churned", "churn_labels").height == 3000


def test_of_many_rows_a_share_of_the_customers_is_drawn_with_all_that_is_theirs(
    con: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "_TRAINING_ROWS_MAX", 600)
    drawn = scoring.labelled(con, "is_churned", "churn_labels")
    assert set(drawn.group_by("customer_key").len()["len"]) == {3}
    assert drawn["customer_key"].n_unique() == pytest.approx(200, abs=40)
    again = scoring.labelled(con, "is_churned", "churn_labels")
    assert set(again["customer_key"]) == set(drawn["customer_key"])
