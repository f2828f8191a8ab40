"""What customers write: comments put together from parts, in their language, that agree with what happened.

Belongs here: how a comment is composed, and the invented names. Does not belong here: the words (words.toml), who
writes something (surveys.py).
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.simulate.streams import Draws

_WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
NAMES: dict[str, dict[str, list[str]]] = _WORDS["names"]
# What a planted billing change makes people write about: nobody did before.
NEW_BILL = "new_bill"
LONG_WAIT_S = 120
SHORT_WAIT_S = 20


@dataclass(frozen=True, slots=True)
class Lived:
    """What a customer lived through in one contact.

    Attributes:
        topic: One of the topics of words.toml; a reason, or something planted.
        is_written: By chat or e-mail.
        is_solved: None: nobody answered.
    """

    language: str
    topic: str
    is_written: bool
    is_solved: bool | None
    has_credit: bool
    wait_s: int
    transfer_count: int


def compose(lived: Lived, score: float, draws: Draws) -> str:
    """A comment.

    Args:
        lived: What happened.
        score: 0 (worst) to 1 (best), as answered: the comment's sentiment is the score's.
        draws: Chance.
    """
    words = _WORDS[lived.language]
    opening = words["opening_written" if lived.is_written else "opening"]
    topics = words["topics"]
    sentences = []
    if draws.chance(0.75) or lived.topic == NEW_BILL:
        about = pick(topics[lived.topic], draws)
        sentences.append(pick(opening, draws).format(topic=about))
    if score >= 0.7:
        sentences += _told(words["good"], _merits(lived), draws)
    elif score <= 0.4:
        sentences += _told(words["bad"], _faults(lived), draws)
    else:
        merit = pick(words["good"][pick(_merits(lived), draws)], draws)
        fault = pick(words["bad"][pick(_faults(lived), draws)], draws)
        if lived.language == "en" and not fault.startswith("I "):
            fault = fault[0].lower() + fault[1:]
        sentences += [merit, words["middle"]["but"] + fault]
        if draws.chance(0.5):
            sentences.append(pick(words["middle"]["close"], draws))
    return str(words["join"].join(sentences))


def pick(items: Sequence[str], draws: Draws) -> str:
    """One of them, each as likely."""
    return items[draws.below(len(items))]


def _told(words: dict[str, list[str]], aspects: list[str], draws: Draws) -> list[str]:
    """One or two aspects, and often an end."""
    first = draws.below(len(aspects))
    chosen = [aspects[first]]
    if len(aspects) > 1 and draws.chance(0.45):
        chosen.append(aspects[(first + 1 + draws.below(len(aspects) - 1)) % len(aspects)])
    sentences = [pick(words[aspect], draws) for aspect in chosen]
    return [*sentences, pick(words["close"], draws)] if draws.chance(0.5) else sentences


def _merits(lived: Lived) -> list[str]:
    found = ["agent"]
    if lived.is_solved:
        found.append("solved")
    if lived.wait_s <= SHORT_WAIT_S and not lived.is_written:
        found.append("quick")
    if lived.has_credit:
        found.append("credit")
    return found


def _faults(lived: Lived) -> list[str]:
    if lived.is_solved is None:
        return ["unanswered"]
    found = []
    if lived.wait_s >= LONG_WAIT_S and not lived.is_written:
        found.append("wait")
    if lived.transfer_count:
        found.append("transfer")
    if not lived.is_solved:
        found.append("unsolved")
    return found or ["agent"]
