"""The two languages say the same things."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from string import Formatter

import pytest

from dashboards import queries
from dashboards.components import cards
from dashboards.components.words import LANGUAGES, Words, language_of, phrases

SOURCES = list((Path(__file__).parents[2] / "dashboards").rglob("*.py"))


def gaps(phrase: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(phrase) if name}


def test_every_language_has_the_same_phrases_with_the_same_gaps():
    languages = [{key: gaps(phrase) for key, phrase in phrases(name).items()} for name in LANGUAGES]
    assert languages[0] == languages[1]
    assert len(languages[0]) > 80


def test_no_phrase_was_left_untranslated():
    same = {"app.title", "app.sentence_gap"}
    english, chinese = phrases("en"), phrases("zh_CN")
    assert {key for key in english if english[key] == chinese[key]} <= same


def test_phrases_asked_for_in_the_code_exist_and_all_phrases_are_asked_for():
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    asked = set(re.findall(r"words\(\s*\"([\w.]+)\"|words\('([\w.]+)'", text))
    asked = {one or other for one, other in asked} | set(re.findall(r"\"((?:note|header)\.\w+)\"", text))
    known = set(phrases("en"))
    assert asked <= known
    built = re.compile(
        r"^(outcome\.|section\.|variant\.|source\.|tag\.|table\.|unit\.(s|min|h)$"
        r"|kind\.|method\.|verdict\.|question\.|alerts\.|evidence\.)"
    )
    assert {key for key in known - asked if not built.match(key)} <= {"app.title"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_metric_and_outcome_has_words(language):
    words = Words(language)
    known = runpy.run_path(str(Path(__file__).with_name("build_home.py")))["catalogue"]()
    asked = {name: metric for metrics in queries.CARDS.values() for name, metric in metrics.items()}
    assert {*cards.QUALITY, *cards.EFFICIENCY, *cards.MONEY} == set(asked)
    for name in asked.values():
        assert known[name].label[language[:2]]
        assert known[name].meaning[language[:2]]
    assert all(words(f"outcome.{name}") for name in (*queries.OUTCOMES, "other"))


@pytest.mark.parametrize(("locale", "language"), [("zh-CN", "zh_CN"), ("zh", "zh_CN"), ("en-GB", "en"), (None, "en")])
def test_the_browsers_locale_picks_the_first_language(locale, language):
    assert language_of(locale) == language


def test_an_unknown_phrase_is_an_error():
    with pytest.raises(KeyError):
        Words("en")("note.happiness")
