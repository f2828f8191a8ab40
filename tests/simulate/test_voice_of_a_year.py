"""Topics of a simulated year's comments: what was planted is first in its week, and hardly anything else is told.

Belongs here: what is published of them. Not here: generated comments of a few words (tests/models/test_voice.py).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

pytestmark = pytest.mark.end_to_end

FLAGGED = "select * from ml.voice_topics where status in ('new', 'rising') order by week_date, p_value"


def test_planted_topic_is_first_among_the_rising_ones_of_its_weeks(simulated_year: Any) -> None:
    fact, told = simulated_year.facts["billing_change"], simulated_year.published(FLAGGED)
    for monday in (fact["from_date"], fact["from_date"] + timedelta(days=7)):
        first = told.filter(week_date=monday).row(0, named=True)
        assert (first["language"], first["status"]) == ("en", "new")
        assert "new bill" in first["label"]
        assert first["found_date"] == fact["from_date"]


def test_hardly_any_other_week_of_a_topic_is_told(simulated_year: Any) -> None:
    fact, told = simulated_year.facts["billing_change"], simulated_year.published(FLAGGED)
    assert told.filter(pl.col("found_date").is_null() | (pl.col("found_date") != fact["from_date"])).height <= 1


def test_a_topic_leads_to_comments_that_speak_of_it(simulated_year: Any) -> None:
    topic = simulated_year.published(FLAGGED)["topic"][0]
    said = simulated_year.published(
        f"select comment from ml.voice_comments join core.surveys using (survey_key) where topic = '{topic}'"
    )["comment"]
    counted = simulated_year.published(f"select sum(comment_count) from ml.voice_topics where topic = '{topic}'").item()
    assert len(said) == counted > 10
    assert said.str.to_lowercase().str.contains("bill|tariff").all()
