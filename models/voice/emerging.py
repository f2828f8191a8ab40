"""New topics: terms that were practically unseen before and are in more of a week's comments than chance allows.

Here: finding them week by week, from that week and earlier ones only. Not here: topics that are there all year, and
how a topic fares after it was found (surprise.py). A topic once found keeps its terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.voice.params import VoiceParams
from models.voice.surprise import Bools, Counts, tail_probability, window_of
from models.voice.text import parts_of, terms_of


@dataclass(frozen=True)
class Emerged:
    """A topic found in a week.

    Attributes:
        terms: Its terms, the leading one first.
        week: Position of the week in which it was found.
        adjusted_p_value: Of its leading term, corrected for all terms and weeks of a year.
    """

    terms: tuple[str, ...]
    week: int
    adjusted_p_value: float


def find_emerging(
    comments: Sequence[str], weeks: Counts, totals: Counts, language: str, params: VoiceParams
) -> list[Emerged]:
    """New topics in the order in which they were found.

    Args:
        comments: Comments of one language.
        weeks: Position of each one's week, shape (comments,).
        totals: Comments of each week, those that are not among `comments` included, shape (weeks,).
        language: Theirs.
        params: Bounds.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(
        analyzer=lambda comment: terms_of(comment, language),
        min_df=params.emerging.joining_minimum_count,
        binary=True,
        dtype=np.int32,
    )
    try:
        held = counter.fit_transform(comments).tocsr()
    except ValueError:  # no term is in so many comments
        return []
    terms = counter.get_feature_names_out()
    read = np.bincount(weeks, minlength=len(totals)).astype(np.int64)
    by_week = np.stack([np.asarray(held[weeks == n].sum(axis=0), dtype=np.int64)[0] for n in range(len(totals))])
    found: list[Emerged] = []
    for week in range(len(totals)):
        window = window_of(totals, week, params.rising)
        if not window.has_enough:
            continue
        count, earlier = by_week[week], by_week[window.start : week].sum(axis=0)
        # A term in too few comments to be found in any week was never a chance for a false alarm.
        test_count = int((count + earlier >= params.emerging.term_minimum_count).sum()) * params.rising.year_week_count
        often = np.flatnonzero(count >= params.emerging.joining_minimum_count)
        rows = held[weeks == week]
        known = {term for topic in found for term in topic.terms}
        taken = np.asarray(rows[:, [n for n, term in enumerate(terms) if term in known]].sum(axis=1)).ravel() > 0
        week_terms = _WeekTerms(
            week,
            [str(term) for term in terms[often]],
            rows[:, often].toarray().astype(bool),
            earlier[often],
            np.full(len(often), read[window.start : week].sum()),
            test_count,
        )
        found += _found_in(week_terms, np.asarray(taken, dtype=bool), language, params)
    return found


@dataclass(frozen=True)
class _WeekTerms:
    """Terms that are in some comments of a week.

    Attributes:
        week: Its position.
        terms: The terms.
        rows: Which comment holds which, shape (comments, terms).
        earlier: Earlier comments with each, shape (terms,).
        earlier_total: Earlier comments, shape (terms,).
        test_count: Terms that might have been found, in a year of such weeks.
    """

    week: int
    terms: list[str]
    rows: Bools
    earlier: Counts
    earlier_total: Counts
    test_count: int


def _found_in(of: _WeekTerms, taken: Bools, language: str, params: VoiceParams) -> list[Emerged]:
    """New topics of one week; `taken`: which of its comments belong to topics found before, shape (comments,)."""
    wanted, count = params.emerging, of.rows.sum(axis=0).astype(np.int64)
    p_value = tail_probability(count, len(of.rows), of.earlier, of.earlier_total, np.zeros(len(count)))
    adjusted = np.minimum(p_value * of.test_count, 1.0)
    unseen = of.earlier <= wanted.unseen_share * of.earlier_total
    carries = unseen & (count >= wanted.term_minimum_count) & (adjusted <= params.rising.false_alarm_count)
    if not carries.any():
        return []
    free = of.rows[~taken].sum(axis=0) > count / 2
    members = np.flatnonzero((carries | (unseen & (p_value <= wanted.joining_p_value))) & free)
    risen = {term for term, chance in zip(of.terms, p_value, strict=True) if chance <= wanted.linking_p_value}
    parts = [parts_of(of.terms[n], language) & risen for n in members]
    found = []
    for group in _groups(members, of.rows, parts, params):
        if carries[group].any():
            order = sorted(group, key=lambda n: (p_value[n], -len(of.terms[n]), of.terms[n]))
            found.append(Emerged(tuple(of.terms[n] for n in order), of.week, float(adjusted[order[0]])))
    return sorted(found, key=lambda topic: (topic.adjusted_p_value, topic.terms))


def _groups(members: Counts, rows: Bools, parts: Sequence[set[str]], params: VoiceParams) -> list[Counts]:
    """Terms that go together: in the same comments, or by a word of both that has risen."""
    from scipy.sparse.csgraph import connected_components

    held = rows[:, members].astype(np.int64)
    both = held.T @ held
    alone = np.diag(both)
    linked: Bools = both >= params.emerging.shared_share * np.minimum.outer(alone, alone)
    for n, mine in enumerate(parts):
        linked[n] |= np.array([bool(mine & other) for other in parts], dtype=bool)
    number, group = connected_components(linked, directed=False)
    return [members[group == n] for n in range(number)]


def belongs(topics: Sequence[Emerged], terms: Sequence[str]) -> int:
    """Position of the first topic that one of a comment's terms belongs to, -1: none."""
    mine = set(terms)
    return next((n for n, topic in enumerate(topics) if mine.intersection(topic.terms)), -1)
