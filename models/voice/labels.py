"""Names for topics: the phrases that its comments share.

Here: terms grown to phrases, fragments dropped. Not here: which terms lead a topic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from models.voice.params import LabelParams
from models.voice.text import ENGLISH, Run, is_stop, position_in, runs_of, units_of, written


def label_of(terms: Sequence[str], comments: Sequence[str], language: str, params: LabelParams) -> str:
    """A topic's label: its leading terms as phrases, none of them mostly another.

    Args:
        terms: The topic's terms, the leading one first.
        comments: Comments of the topic; the first `read_count` of them are read.
        language: Of terms and comments.
        params: Bounds.
    """
    runs = [run for comment in comments[: params.read_count] for run in runs_of(comment, language)]
    chosen: list[Run] = []
    for term in terms:
        phrase = _grown(units_of(term), runs, language, params)
        if not any(_shared(phrase, other) > min(len(phrase), len(other)) / 2 for other in chosen):
            chosen.append(phrase)
        if len(chosen) >= params.phrase_count:
            break
    return ", ".join(written(phrase, language) for phrase in chosen)


def _grown(term: Run, runs: Iterable[Run], language: str, params: LabelParams) -> Run:
    """A term with the neighbours that nearly always stand beside it."""
    longest = params.word_maximum_count if language == ENGLISH else params.character_maximum_count
    holding = [run for run in runs if position_in(term, run) >= 0]
    enough, phrase = params.phrase_share * len(holding), term
    while len(phrase) < longest:
        sides: Counter[tuple[bool, str]] = Counter()
        for run in holding:
            start = position_in(phrase, run)
            if start > 0:
                sides[False, run[start - 1]] += 1
            if 0 <= start < len(run) - len(phrase):
                sides[True, run[start + len(phrase)]] += 1
        if not sides:
            break
        (is_after, unit), count = min(sides.items(), key=lambda item: (-item[1], item[0]))
        if count < enough or unit.isdigit():
            break
        phrase = (*phrase, unit) if is_after else (unit, *phrase)
    return _trimmed(phrase, term, holding, enough, language)


def _trimmed(phrase: Run, term: Run, holding: Sequence[Run], enough: float, language: str) -> Run:
    """Drops stops at an end that is not where people begin or end, too: "bill for the" becomes "bill"."""
    places = [(run, start) for run in holding if (start := position_in(phrase, run)) >= 0]
    begins = sum(start == 0 for _, start in places) >= enough
    ends = sum(start + len(phrase) == len(run) for run, start in places) >= enough
    while not begins and phrase != term and is_stop(phrase[0], language):
        phrase = phrase[1:]
    while not ends and phrase != term and is_stop(phrase[-1], language):
        phrase = phrase[:-1]
    return phrase


def _shared(one: Run, other: Run) -> int:
    """Units of the longest stretch that is in both."""
    for length in range(min(len(one), len(other)), 0, -1):
        if any(position_in(one[start : start + length], other) >= 0 for start in range(len(one) - length + 1)):
            return length
    return 0
