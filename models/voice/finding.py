"""From comments to topics: new ones, standing ones, each one's weeks, and each comment's topic.

Here: what is read, in which order topics take comments, the frames that come out. Not here: how topics are found
(emerging.py, standing.py), when they rise (surprise.py). New topics take their comments first, then standing ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from models.registry import require_columns
from models.voice.emerging import Emerged, belongs, find_emerging
from models.voice.labels import label_of
from models.voice.params import VoiceParams
from models.voice.standing import Standing, fit_standing
from models.voice.surprise import Counts, judge
from models.voice.text import LANGUAGES, language_of, terms_of

MODEL = "voice"
INPUTS = ("survey_key", "language", "week_date", "comment", "is_bottom_two")
TOPIC_SCHEMA = {
    "language": pl.String,
    "topic": pl.String,
    "label": pl.String,
    "found_date": pl.Date,
    "week_date": pl.Date,
    "comment_count": pl.Int64,
    "all_comment_count": pl.Int64,
    "comment_rate": pl.Float64,
    "expected_comment_rate": pl.Float64,
    "p_value": pl.Float64,
    "adjusted_p_value": pl.Float64,
    "status": pl.String,
    "answered_count": pl.Int64,
    "bottom_two_count": pl.Int64,
}
COMMENT_SCHEMA = {"survey_key": pl.String, "language": pl.String, "topic": pl.String, "week_date": pl.Date}
_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Voice:
    """What customers speak of.

    Attributes:
        topics: Columns of TOPIC_SCHEMA, one row per topic and week, weeks without a comment of the topic included.
        comments: Columns of COMMENT_SCHEMA, one row per comment that has a topic.
    """

    topics: pl.DataFrame
    comments: pl.DataFrame


def find_topics(comments: pl.DataFrame, params: VoiceParams) -> Voice:
    """Find the topics of comments in English and Chinese.

    Args:
        comments: Columns INPUTS: `survey_key` (text, unique; a hash, by which shares are drawn), `language` (null: by
            script), `week_date` (a Monday), `comment`, `is_bottom_two` (null: not asked).
        params: Bounds and levels.

    Returns:
        Topics by week and comments by topic, sorted; empty without comments.

    Raises:
        MissingFeatures: A column is absent.
    """
    require_columns(MODEL, comments, list(INPUTS))
    known = comments.filter(pl.col("comment").is_not_null() & pl.col("week_date").is_not_null()).sort("survey_key")
    if known.height:
        last = known["week_date"].max()
        assert isinstance(last, date)
        known = known.filter(pl.col("week_date") > last - _WEEK * params.scope.history_week_count)
    languages = [language_of(told, comment) for told, comment in known.select("language", "comment").iter_rows()]
    known = known.with_columns(pl.Series("language", languages, pl.String))
    found = [_found(known.filter(pl.col("language") == language), language, params) for language in LANGUAGES]
    return Voice(
        pl.concat([pl.DataFrame(schema=TOPIC_SCHEMA), *(voice.topics for voice in found)]),
        pl.concat([pl.DataFrame(schema=COMMENT_SCHEMA), *(voice.comments for voice in found)]),
    )


def _found(known: pl.DataFrame, language: str, params: VoiceParams) -> Voice:
    """Topics of one language; `known` is sorted by key."""
    if known.is_empty():
        return Voice(pl.DataFrame(schema=TOPIC_SCHEMA), pl.DataFrame(schema=COMMENT_SCHEMA))
    first, last = known["week_date"].min(), known["week_date"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    mondays = [first + _WEEK * n for n in range((last - first) // _WEEK + 1)]
    known = known.with_columns(((pl.col("week_date") - first).dt.total_days() // 7).alias("week"))
    totals = np.bincount(known["week"].to_numpy(), minlength=len(mondays)).astype(np.int64)

    searched = known.filter(pl.int_range(pl.len()).over("week") < params.emerging.week_comment_count)
    emerged = find_emerging(searched["comment"].to_list(), searched["week"].to_numpy(), totals, language, params)
    standing = _fitted(known, last, emerged, language, params)
    position = _positions(known["comment"], emerged, standing, language, params)
    known = known.with_columns(pl.Series("position", position))
    terms = [*(topic.terms for topic in emerged), *standing.terms]
    born = np.array([*(topic.week for topic in emerged), *(-1 for _ in standing.terms)], dtype=np.int64)
    birth = np.array([*(topic.adjusted_p_value for topic in emerged), *(np.nan for _ in standing.terms)])
    names = [
        _name(language, mondays[week] if week >= 0 else None, mine[0]) for week, mine in zip(born, terms, strict=True)
    ]

    topics = []
    counts = np.zeros((len(terms), len(mondays)), dtype=np.int64)
    answered, bottom = counts.copy(), counts.copy()
    for n in range(len(terms)):
        mine = known.filter(pl.col("position") == n)
        weeks, asked = mine["week"].to_numpy(), mine["is_bottom_two"]
        counts[n] = np.bincount(weeks, minlength=len(mondays))
        answered[n] = np.bincount(weeks[asked.is_not_null().to_numpy()], minlength=len(mondays))
        bottom[n] = np.bincount(weeks[asked.fill_null(value=False).to_numpy()], minlength=len(mondays))
    judged = judge(counts, totals, born, birth, params.rising, params.emerging)
    for n, name in enumerate(names):
        read = known.filter(pl.col("position") == n).head(params.label.read_count)["comment"].to_list()
        topics.append(
            pl.DataFrame(
                {
                    "language": language,
                    "topic": name,
                    "label": label_of(terms[n], read, language, params.label),
                    "found_date": mondays[born[n]] if born[n] >= 0 else None,
                    "week_date": mondays,
                    "comment_count": counts[n],
                    "all_comment_count": totals,
                    "comment_rate": pl.Series(counts[n] / np.maximum(totals, 1)),
                    "expected_comment_rate": judged.expected_share[n],
                    "p_value": judged.p_value[n],
                    "adjusted_p_value": judged.adjusted_p_value[n],
                    "status": judged.status[n].tolist(),
                    "answered_count": answered[n],
                    "bottom_two_count": bottom[n],
                },
                schema=TOPIC_SCHEMA,
            ).with_columns(pl.col(pl.Float64).fill_nan(None))
        )
    named = known.filter(pl.col("position") >= 0).with_columns(
        pl.col("position").map_elements(lambda n: names[n], return_dtype=pl.String).alias("topic")
    )
    return Voice(
        pl.concat([pl.DataFrame(schema=TOPIC_SCHEMA), *topics]).sort("language", "topic", "week_date"),
        named.select(*COMMENT_SCHEMA).sort("survey_key"),
    )


def _fitted(
    known: pl.DataFrame, last: date, emerged: Sequence[Emerged], language: str, params: VoiceParams
) -> Standing:
    """Standing topics, fitted to whole quarters where these are enough, so that they keep their names within one."""
    quarter = date(last.year, 3 * ((last.month - 1) // 3) + 1, 1)
    before = known.filter(pl.col("week_date") < quarter)
    fitted = before if before.height >= 10 * params.standing.fit_minimum_count else known
    comments = fitted["comment"].head(params.standing.fit_comment_count).to_list()
    usual = [comment for comment in comments if belongs(emerged, terms_of(comment, language)) < 0]
    return fit_standing(usual, language, params.standing)


def _positions(
    comments: pl.Series, emerged: Sequence[Emerged], standing: Standing, language: str, params: VoiceParams
) -> Counts:
    """Each comment's topic: its place among the new and then the standing ones, -1: none."""
    found = []
    for part in comments.to_frame().iter_slices(params.scope.read_batch_count):
        texts = part.to_series().to_list()
        new = np.array([belongs(emerged, terms_of(text, language)) for text in texts], dtype=np.int64)
        usual = standing.topics_of(texts, language, params.standing.likeness)
        found.append(np.where(new >= 0, new, np.where(usual >= 0, usual + len(emerged), -1)))
    return np.concatenate(found)


def _name(language: str, found: date | None, leading: str) -> str:
    """A topic's lasting name: a hash of its leading term, and of the week it was found in."""
    content = f"{language}|{found or 'standing'}|{leading}"
    return f"{language}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
