"""When topics are found, and of which comments. Not here: how (tests/models), of a year (tests/simulate)."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.plan import make_plan
from pipelines.session import open_session

SAID = [
    "The parcel came late.",
    "A torn coat again, call 020 7946 0000.",
    "No gift wrapping.",
    "Opening hours are short.",
]
HEAD = "survey_id,customer_id,sent_at,answered_at,kind,score,comment,language\n"


def land(centre: Any, name: str, comments: list[str], begin: int = 0) -> None:
    lines = [
        f'{begin + n},C{n},{day} 10:00,{day} 11:00,csat,{1 + n % 5},"{comment}",en\n'
        for n, comment in enumerate(comments)
        for day in [f"2026-03-{1 + n % 28:02d}"]
    ]
    centre.land("surveys", f"{name}.csv", HEAD + "".join(lines))


def find(centre: Any) -> tuple[bool, int]:
    """Whether topics were found anew, and their rows."""
    with open_session(centre.home, (plan := make_plan(centre.home, {})).models, plan.checks, "test") as session:
        outcome = plan.steps["ml/_voice_topics"].run(session)
        for table in ("ml/voice_topics", "ml/voice_comments"):
            plan.steps[table].run(session)
        return outcome["changed"], outcome["rows"]


@pytest.fixture
def surveyed(centre: Any) -> Any:
    land(centre, "a", SAID * 40)
    centre.run()
    return centre


def test_topics_are_found_once_and_anew_only_where_a_comment_changed(surveyed: Any) -> None:
    assert find(surveyed)[0] is True
    assert find(surveyed)[0] is False
    land(surveyed, "b", ["", ""], begin=900)
    surveyed.run()
    assert find(surveyed)[0] is False
    land(surveyed, "c", ["Lovely gift wrapping."], begin=950)
    surveyed.run()
    assert find(surveyed)[0] is True


def test_topics_count_comments_by_monday_and_lead_to_their_surveys(surveyed: Any) -> None:
    assert find(surveyed)[1] > 0
    (total,) = surveyed.rows("select sum(all_comment_count) from ml.voice_topics group by topic limit 1")[0]
    assert total == 160
    assert surveyed.rows("select distinct dayname(week_date) from ml.voice_topics") == [("Monday",)]
    joined = "ml.voice_comments join core.surveys using (survey_key) where comment like '%parcel%'"
    assert surveyed.rows(f"select count(*), count(distinct topic) from {joined}") == [(40, 1)]
    assert surveyed.rows("select count(*) from ml.voice_topics where regexp_matches(label, '[0-9]')") == [(0,)]


def test_without_a_comment_the_tables_are_empty_and_have_their_columns(centre: Any) -> None:
    centre.run()
    assert find(centre) == (True, 0)
    kinds = centre.rows(
        "select column_name, data_type from duckdb_columns() where table_name in ('voice_topics', 'voice_comments')"
    )
    assert {("week_date", "DATE"), ("survey_key", "UUID"), ("p_value", "DOUBLE"), ("comment_count", "BIGINT")} <= set(
        kinds
    )
    assert centre.rows("select * from ml.voice_comments") == []
