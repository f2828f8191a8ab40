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
from models.voice.surprise import Counts, Floats, judge
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


@dataclass(frozen=True)
class _Topics:
    """Topics of one language: new ones first, then standing ones.

    Attributes:
        terms: Of each topic, the leading one first.
        found: Position of the week in which each was found, -1: standing. Shape (topics,).
        found_p_value: Adjusted p-value with which it was found, NaN: standing. Shape (topics,).
        names: Lasting names.
    """

    terms: list[tuple[str, ...]]
    found: Counts
    found_p_value: Floats
    names: list[str]


def _found(known: pl.DataFrame, language: str, params: VoiceParams) -> Voice:
    """Topics of one language; `known` is sorted by key."""
    if known.is_empty():
        return Voice(pl.DataFrame(schema=TOPIC_SCHEMA), pl.DataFrame(schema=COMMENT_SCHEMA))
    mondays = _mondays(known["week_date"])
    known = known.with_columns(((pl.col("week_date") - mondays[0]).dt.total_days() // 7).alias("week"))
    totals = _by_week(known, len(mondays))
    searched = known.filter(pl.int_range(pl.len()).over("week") < params.emerging.week_comment_count)
    emerged = find_emerging(searched["comment"].to_list(), searched["week"].to_numpy(), totals, language, params)
    standing = _fitted(known, mondays[-1], emerged, language, params)
    topics = _named(emerged, standing, mondays, language)
    known = known.with_columns(
        pl.Series("position", _positions(known["comment"], emerged, standing, language, params), pl.Int64)
    )
    return Voice(_weeks_of(topics, known, mondays, totals, language, params), _comments_of(topics, known))


def _mondays(weeks: pl.Series) -> list[date]:
    first, last = weeks.min(), weeks.max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    return [first + _WEEK * n for n in range((last - first) // _WEEK + 1)]


def _by_week(comments: pl.DataFrame, week_count: int) -> Counts:
    return np.bincount(comments["week"].to_numpy(), minlength=week_count).astype(np.int64)


def _named(emerged: Sequence[Emerged], standing: Standing, mondays: Sequence[date], language: str) -> _Topics:
    terms = [*(topic.terms for topic in emerged), *standing.terms]
    found = [*(topic.week for topic in emerged), *(-1 for _ in standing.terms)]
    names = [
        _name(language, mondays[week] if week >= 0 else None, mine[0]) for week, mine in zip(found, terms, strict=True)
    ]
    chances = [*(topic.adjusted_p_value for topic in emerged), *(np.nan for _ in standing.terms)]
    return _Topics(terms, np.array(found, dtype=np.int64), np.array(chances, dtype=np.float64), names)


def _name(language: str, found: date | None, leading: str) -> str:
    """A topic's lasting name: a hash of its leading term, and of the week it was found in."""
    content = f"{language}|{found or 'standing'}|{leading}"
    return f"{language}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def _weeks_of(
    topics: _Topics, known: pl.DataFrame, mondays: Sequence[date], totals: Counts, language: str, params: VoiceParams
) -> pl.DataFrame:
    """Columns of TOPIC_SCHEMA; `known` has each comment's week and the position of its topic."""
    members = [known.filter(pl.col("position") == n) for n in range(len(topics.terms))]
    counts = np.array([_by_week(mine, len(mondays)) for mine in members], dtype=np.int64).reshape(-1, len(mondays))
    judged = judge(counts, totals, topics.found, topics.found_p_value, params.rising, params.emerging)
    frames = [pl.DataFrame(schema=TOPIC_SCHEMA)]
    for n, mine in enumerate(members):
        read = mine["comment"].head(params.label.read_count).to_list()
        frame = pl.DataFrame(
            {
                "language": language,
                "topic": topics.names[n],
                "label": label_of(topics.terms[n], read, language, params.label),
                "found_date": mondays[topics.found[n]] if topics.found[n] >= 0 else None,
                "week_date": mondays,
                "comment_count": counts[n],
                "all_comment_count": totals,
                "comment_rate": counts[n] / np.maximum(totals, 1),
                "expected_comment_rate": judged.expected_share[n],
                "p_value": judged.p_value[n],
                "adjusted_p_value": judged.adjusted_p_value[n],
                "status": judged.status[n].tolist(),
                "answered_count": _by_week(mine.filter(pl.col("is_bottom_two").is_not_null()), len(mondays)),
                "bottom_two_count": _by_week(mine.filter(pl.col("is_bottom_two")), len(mondays)),
            },
            schema=TOPIC_SCHEMA,
        )
        frames.append(frame.with_columns(pl.col(pl.Float64).fill_nan(None)))
    return pl.concat(frames).sort("topic", "week_date")


def _comments_of(topics: _Topics, known: pl.DataFrame) -> pl.DataFrame:
    names = pl.DataFrame(
        {"position": range(len(topics.names)), "topic": topics.names},
        schema={"position": pl.Int64, "topic": pl.String},
    )
    return known.join(names, on="position").select(*COMMENT_SCHEMA).sort("survey_key")


def _fitted(
    known: pl.DataFrame, last: date, emerged: Sequence[Emerged], language: str, params: VoiceParams
) -> Standing:
    """Standing topics, fitted to whole quarters where these are enough, so that they keep their names within one."""
    quarter = date(last.year, 3 * ((last.month - 1) // 3) + 1, 1)
    before = known.filter(pl.col("week_date") < quarter)
    fitted = before if before.height >= 10 * params.standing.fit_minimum_count else known
    terms = [terms_of(comment, language) for comment in fitted["comment"].head(params.standing.fit_comment_count)]
    return fit_standing([mine for mine in terms if belongs(emerged, mine) < 0], params.standing)


def _positions(
    comments: pl.Series, emerged: Sequence[Emerged], standing: Standing, language: str, params: VoiceParams
) -> Counts:
    """Each comment's topic: its place among the new and then the standing ones, -1: none."""
    found = []
    for part in comments.to_frame().iter_slices(params.scope.read_batch_count):
        terms = [terms_of(comment, language) for comment in part.to_series()]
        new = np.array([belongs(emerged, mine) for mine in terms], dtype=np.int64)
        usual = standing.topics_of(terms, params.standing.likeness)
        found.append(np.where(new >= 0, new, np.where(usual >= 0, usual + len(emerged), -1)))
    return np.concatenate(found)
