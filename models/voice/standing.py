"""Topics that are there all year: non-negative factors of what comments say (Lee and Seung 1999).

Here: fitting them, and the topic of each comment. Not here: new topics (emerging.py), weeks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.voice.params import StandingParams
from models.voice.surprise import Counts, Floats

_LEADING_TERMS = 12


@dataclass(frozen=True)
class Standing:
    """Topics of one language.

    Attributes:
        terms: Leading terms of each topic, the strongest first; no two topics lead with the same one.
        vocabulary: Terms in column order.
        rarity: Weight of each term, ln((1 + n) / (1 + comments with it)) + 1, shape (terms,).
        weights: Weight of each term in each topic, each row of length 1, shape (topics, terms).
    """

    terms: tuple[tuple[str, ...], ...]
    vocabulary: tuple[str, ...]
    rarity: Floats
    weights: Floats

    def topics_of(self, comments: Sequence[Sequence[str]], likeness: float) -> Counts:
        """Position of the topic of each comment, given as its terms, by the largest cosine; -1 below `likeness`."""
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.preprocessing import normalize

        if not self.terms or not comments:
            return np.full(len(comments), -1, dtype=np.int64)
        counter = CountVectorizer(analyzer=list, vocabulary=list(self.vocabulary), binary=True)
        cosines = normalize(counter.transform(comments).multiply(self.rarity).tocsr()) @ self.weights.T
        best = cosines.argmax(axis=1).astype(np.int64)
        return np.where(cosines.max(axis=1) >= likeness, best, -1)


NO_TOPICS = Standing((), (), np.zeros(0), np.zeros((0, 0)))


def fit_standing(comments: Sequence[Sequence[str]], params: StandingParams) -> Standing:
    """Fit topics to comments; none where they are too few.

    Args:
        comments: Terms of each comment of one language, in an order that is always the same.
        params: How many topics, of which terms.
    """
    from sklearn.decomposition import NMF
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(comments) < params.fit_minimum_count:
        return NO_TOPICS
    weighing = TfidfVectorizer(
        analyzer=list,
        min_df=params.term_minimum_count,
        max_df=params.term_maximum_share,
        max_features=params.term_count,
        binary=True,
    )
    try:
        matrix = weighing.fit_transform(comments)
    except ValueError:  # no term is in so many comments
        return NO_TOPICS
    vocabulary = tuple(str(term) for term in weighing.get_feature_names_out())
    topic_count = min(params.topic_count(len(comments)), len(vocabulary))
    factors = NMF(topic_count, init="nndsvda", random_state=params.seed, tol=1e-4, max_iter=params.step_count)
    with np.errstate(invalid="ignore"):  # of the root of an error that is nought but for rounding
        factors.fit(matrix)
    # The last digits of sums depend on the machine; topics shall not.
    weights = np.round(np.asarray(factors.components_, dtype=np.float64), 6)
    lengths = np.linalg.norm(weights, axis=1)
    weights = weights[lengths > 0] / lengths[lengths > 0, None]
    return Standing(_leading(weights, vocabulary), vocabulary, np.asarray(weighing.idf_, dtype=np.float64), weights)


def _leading(weights: Floats, vocabulary: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The strongest terms of each topic, the first of them its own."""
    leaders: set[str] = set()
    found = []
    for row in weights:
        order: NDArray[np.intp] = np.lexsort((np.arange(len(row)), -row))
        terms = [vocabulary[n] for n in order[: _LEADING_TERMS * 2] if row[n] > 0]
        lead = next((term for term in terms if term not in leaders), terms[0])
        leaders.add(lead)
        found.append((lead, *(term for term in terms[:_LEADING_TERMS] if term != lead)))
    return tuple(found)
