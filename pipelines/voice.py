"""Topics of comments: surveys in, topics and their weeks out.

Belongs here: which comments are read, and when their topics are found anew. Does not belong here: how topics are found
(models/voice), what their columns mean (sql/ml), scores of customers (scoring.py).
"""

from __future__ import annotations

import hashlib
import json
from typing import cast

import polars as pl

from pipelines.sqlgraph import Column
from pipelines.warehouse import Built, Warehouse

# In days, because a bound in weeks must not cut the first one.
_COMMENTS = (
    "select cast(survey_key as varchar) as survey_key, language,"
    " cast(date_trunc('week', business_date) as date) as week_date, comment, is_bottom_two"
    " from core.surveys where nullif(trim(comment), '') is not null and business_date is not null"
    " and business_date > (select max(business_date) from core.surveys where comment is not null) - {day_count}"
)
_CONTENT = "select count(*), coalesce(sum(cast(hash(c) as hugeint)), 0) from ({comments}) as c"


def find_topics(warehouse: Warehouse) -> Built:
    """`ml._voice_topics`, `ml._voice_comments`: finds topics anew if a comment, or how they are found, has changed."""
    from models import voice

    params = voice.load_params()
    comments = _COMMENTS.format(day_count=7 * (params.scope.history_week_count + 1))
    # Of the comments alone: every new call makes core.surveys anew, and leaves it as it was.
    content = warehouse.con.execute(_CONTENT.format(comments=comments)).fetchall()[0]
    version = hashlib.sha256(json.dumps([params.as_json(), *map(str, content)]).encode()).hexdigest()[:16]
    if warehouse.version("ml._voice_topics") == version and warehouse.version("ml._voice_comments") == version:
        return Built("ml._voice_topics", warehouse.row_count("ml._voice_topics"), is_fresh=False)
    found = voice.find_topics(cast("pl.DataFrame", warehouse.con.sql(comments).pl()), params)
    warehouse.write_frame("ml._voice_comments", found.comments, version)
    return Built("ml._voice_topics", warehouse.write_frame("ml._voice_topics", found.topics, version), is_fresh=True)


# Tables that a step writes beside its own.
BY_PRODUCTS = {"ml._voice_comments": "ml._voice_topics"}
_AS_PUBLISHED = "As in ml.voice_topics."
STEPS = (
    (
        "ml/_voice_topics",
        ("core/surveys",),
        find_topics,
        "Topics of comments, new and rising ones among them. Grain: one row per language, topic and week.",
        tuple(
            Column(name, _AS_PUBLISHED, {})
            for name in (
                "language",
                "topic",
                "label",
                "found_date",
                "week_date",
                "comment_count",
                "all_comment_count",
                "comment_rate",
                "expected_comment_rate",
                "p_value",
                "adjusted_p_value",
                "status",
                "answered_count",
                "bottom_two_count",
            )
        ),
    ),
)
