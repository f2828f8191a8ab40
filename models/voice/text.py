"""Comments as terms: words and pairs of words in English, groups of two to four characters in Chinese.

Here: masking, cutting, which terms lie within which. Not here: counting them, what they mean.
A run is an unbroken stretch of a comment, as a tuple of units: words in English; in Chinese characters, and words
written in Latin letters. A term is a tuple of neighbouring units of a run, written out.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

ENGLISH, CHINESE = "en", "zh"
LANGUAGES = (ENGLISH, CHINESE)
Run = tuple[str, ...]

# Telephone, account and card numbers, however they are grouped. What is masked breaks the run.
_NUMBER = re.compile(r"\d(?:[ ./()+-]*\d){6,}")
_HAN = r"[\u3400-\u9fff]"
_WORD = r"[a-z0-9]+(?:'[a-z]+)?"
_RUN = {
    ENGLISH: re.compile(rf"{_WORD}(?:[ \t-]+{_WORD})*"),
    CHINESE: re.compile(rf"(?:{_HAN}|{_WORD}|[ \t])+"),
}
_UNIT = re.compile(rf"{_HAN}|{_WORD}")
_IS_HAN = re.compile(_HAN)

# Words that hold sentences together: a term neither begins nor ends with one.
_ENGLISH_STOPS = frozenset(
    """a about after again all also am an and any are as at be because been before being but by can could did do does
    done down during each even ever every few for from further get give go got had has have having he her here him his
    how i i'd i'll i'm i've if in into is isn't it it's its just let me more most much must my no nor not now of off on
    once one only or other our out over own rather really same shall she should so some such than that that's the
    their them then there these they this those through to too two under until up upon us very was we were what when
    where which while who whom why will with would you your yours didn't don't doesn't wasn't won't can't couldn't
    """.split()
)
_CHINESE_STOPS = frozenset(
    "因的了是在我你他她它们也就都很和与及或但而又还把被给对从向让这那个着过吗呢吧啊呀么之其于为以所不没有要会能可到说去来上下"
)


def language_of(language: str | None, comment: str) -> str | None:
    """The language a comment is read in: as told, else by its script; None: neither English nor Chinese."""
    if language:
        told = language.strip().lower()[:2]
        return told if told in LANGUAGES else None
    return CHINESE if _IS_HAN.search(comment) else ENGLISH


def runs_of(comment: str, language: str) -> list[Run]:
    """The runs of a comment, in lower case, numbers of seven digits and more left out."""
    plain = unicodedata.normalize("NFKC", comment).lower().replace("’", "'")
    plain = _NUMBER.sub(" | ", plain)
    runs = (tuple(_UNIT.findall(run)) for run in _RUN[language].findall(plain))
    return [run for run in runs if run]


def terms_of(comment: str, language: str) -> list[str]:
    """The different terms of a comment, in the order in which they begin."""
    return list(dict.fromkeys(term for run in runs_of(comment, language) for term in _terms(run, language)))


def _terms(run: Run, language: str) -> list[str]:
    longest = 2 if language == ENGLISH else 4
    found = []
    for start in range(len(run)):
        for end in range(start + 1, min(start + longest, len(run)) + 1):
            if is_term(run[start:end], language):
                found.append(written(run[start:end], language))
    return found


def is_term(units: Run, language: str) -> bool:
    """Whether units may stand as a term: no stop at either end, no bare number, no single Chinese character."""
    if is_stop(units[0], language) or is_stop(units[-1], language) or any(unit.isdigit() for unit in units):
        return False
    return len(units) > 1 or (not _IS_HAN.match(units[0]) and len(units[0]) > 1)


def is_stop(unit: str, language: str) -> bool:
    """Whether a unit only holds a sentence together."""
    return unit in (_ENGLISH_STOPS if language == ENGLISH else _CHINESE_STOPS)


def written(units: Run, language: str) -> str:
    """Units as a reader expects them."""
    return " ".join(units) if language == ENGLISH else "".join(units)


@lru_cache(maxsize=100_000)
def units_of(term: str) -> Run:
    """The units of a written term."""
    return tuple(_UNIT.findall(term))


def position_in(part: Run, whole: Run) -> int:
    """Where units lie within others, -1: not."""
    for start in range(len(whole) - len(part) + 1):
        if whole[start : start + len(part)] == part:
            return start
    return -1


def parts_of(term: str, language: str) -> set[str]:
    """The smallest terms within a term: words, or pairs of characters."""
    units, length = units_of(term), 1 if language == ENGLISH else 2
    pieces = (units[start : start + length] for start in range(len(units) - length + 1))
    return {written(piece, language) for piece in pieces if is_term(piece, language)}
