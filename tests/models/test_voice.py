"""Topics of comments: planted ones are found, shuffled ones are not, and nobody's number is in a name.

Belongs here: generated comments of a few words. Not here: those of a simulated centre.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import voice
from models.voice.surprise import spread_of, tail_probability
from models.voice.text import language_of, runs_of, terms_of

FIRST = date(2026, 1, 5)
PARAMS = voice.load_params()
ABOUT = {
    "en": [
        "parking at the shop",
        "a late parcel",
        "my loyalty card",
        "the opening hours",
        "a torn coat",
        "gift wrapping",
    ],
    "zh": ["停车场很难找", "包裹迟到", "会员卡积分", "营业时间太短", "外套破损", "礼品包装"],
}
SAID = {
    "en": ["Nice people.", "Rather slow today.", "All good in the end.", "Nobody knew anything.", "Would come back."],
    "zh": ["店员很热情。", "今天有点慢。", "结果还不错。", "没有一个人知道。", "下次再来。"],
}
NEW = {
    "en": ["the self checkout froze", "self checkout took my coins", "the self checkout has no receipt"],
    "zh": ["自助收银机死机", "自助收银机吞了硬币", "自助收银机没有小票"],
}


def comments(
    language: str = "en", weeks: int = 30, a_week: int = 40, seed: int = 0, planted: dict[int, int] | None = None
) -> pl.DataFrame:
    """Comments of usual topics; `planted`: in which weeks how many speak of something new instead."""
    draw, rows = random.Random(seed), []
    for week in range(weeks):
        for n in range(a_week):
            about = NEW if n < (planted or {}).get(week, 0) else ABOUT
            said = [draw.choice(about[language]) + ("." if language == "en" else "。"), draw.choice(SAID[language])]
            rows.append((week, " ".join(said), draw.random() < 0.2 if draw.random() < 0.5 else None))
    return frame([(week, language, text, low) for week, text, low in rows], seed)


def frame(rows: Sequence[tuple[int, str | None, str | None, bool | None]], seed: int = 0) -> pl.DataFrame:
    draw = random.Random(seed)
    return pl.DataFrame(
        {
            "survey_key": [f"{draw.getrandbits(128):032x}" for _ in rows],
            "language": [language for _, language, _, _ in rows],
            "week_date": [FIRST + timedelta(weeks=week) for week, _, _, _ in rows],
            "comment": [text for _, _, text, _ in rows],
            "is_bottom_two": [low for _, _, _, low in rows],
        },
        schema_overrides={"is_bottom_two": pl.Boolean, "language": pl.String, "comment": pl.String},
    )


def flagged(found: voice.Voice) -> pl.DataFrame:
    return found.topics.filter(pl.col("status").is_in(["new", "rising"])).sort("week_date", "p_value")


@pytest.mark.parametrize("language, word", [("en", "self checkout"), ("zh", "自助收银机")])
def test_what_is_new_in_a_week_is_new_in_that_week_and_nothing_else_is(language: str, word: str) -> None:
    found = voice.find_topics(comments(language, planted={20: 7}), PARAMS)
    (row,) = flagged(found).iter_rows(named=True)
    assert word in row["label"]
    assert (row["week_date"], row["found_date"]) == (FIRST + timedelta(weeks=20),) * 2
    assert (row["status"], row["comment_count"], row["all_comment_count"]) == ("new", 7, 40)
    assert row["expected_comment_rate"] == 0
    assert row["p_value"] < row["adjusted_p_value"] < PARAMS.rising.false_alarm_count


def test_a_new_topic_that_goes_on_stays_new_for_a_month_and_is_usual_then() -> None:
    found = voice.find_topics(comments(planted=dict.fromkeys(range(15, 30), 8)), PARAMS)
    topic = found.topics.filter(pl.col("found_date").is_not_null())
    assert topic["topic"].n_unique() == 1
    status = dict(topic.select("week_date", "status").iter_rows())
    told = [status[FIRST + timedelta(weeks=week)] for week in range(14, 30)]
    assert told[:6] == ["usual", *["new"] * 5]
    assert told[-1] == "usual"


def test_a_standing_topic_that_doubles_is_rising_and_not_new() -> None:
    told = comments(weeks=40, a_week=60)
    is_last = pl.col("week_date") == FIRST + timedelta(weeks=39)
    louder = pl.int_range(pl.len()) % 2 == 0
    told = told.with_columns(
        pl.when(is_last & louder)
        .then(pl.lit("A late parcel. Rather slow today."))
        .otherwise("comment")
        .alias("comment")
    )
    (row,) = flagged(voice.find_topics(told, PARAMS)).filter(status="rising").head(1).iter_rows(named=True)
    assert "late parcel" in row["label"]
    assert row["found_date"] is None
    assert row["comment_rate"] > PARAMS.rising.rise_factor * row["expected_comment_rate"] > 0


# Of chance alone the level allows 0.2 a year and language; these eight are the same in every run.
@pytest.mark.parametrize("language", ["en", "zh"])
def test_hardly_anything_is_found_in_weeks_that_are_shuffled(language: str) -> None:
    told = comments(language, planted={20: 12, 21: 12})
    shuffled = [told.with_columns(told["week_date"].shuffle(seed=seed)) for seed in range(4)]
    assert sum(not flagged(voice.find_topics(weeks, PARAMS)).is_empty() for weeks in shuffled) <= 1


def test_what_came_later_changes_no_earlier_finding() -> None:
    told = comments(planted={18: 8, 25: 9})
    until = told.filter(pl.col("week_date") <= FIRST + timedelta(weeks=20))
    wanted = ["topic", "week_date", "comment_count", "expected_comment_rate", "status"]

    def new(found: voice.Voice) -> pl.DataFrame:
        known = found.topics.filter(pl.col("found_date").is_not_null())
        return known.filter(pl.col("week_date") <= FIRST + timedelta(weeks=20)).select(wanted)

    assert new(voice.find_topics(until, PARAMS)).equals(new(voice.find_topics(told, PARAMS)))


def test_same_comments_in_any_order_give_the_same_bytes() -> None:
    told = pl.concat([comments("en", planted={20: 7}), comments("zh", seed=1)])
    first, second = (voice.find_topics(f, PARAMS) for f in (told, told.sample(fraction=1, shuffle=True, seed=3)))
    assert first.topics.write_json() == second.topics.write_json()
    assert first.comments.write_json() == second.comments.write_json()


def test_a_cap_and_small_batches_change_no_count_of_comments() -> None:
    told, small = comments(planted={20: 7}), PARAMS.as_json()
    small["scope"]["read_batch_count"] = 7
    batched = voice.VoiceParams(
        **{k: type(getattr(PARAMS, k))(**v) if isinstance(v, dict) else v for k, v in small.items()}
    )
    assert voice.find_topics(told, batched).topics.equals(voice.find_topics(told, PARAMS).topics)


def test_each_topic_has_a_row_for_each_week_and_each_comment_one_topic_or_none() -> None:
    told = pl.concat([comments("en"), comments("zh", seed=1)])
    found = voice.find_topics(told, PARAMS)
    assert found.topics.schema == voice.TOPIC_SCHEMA
    assert found.comments.schema == voice.COMMENT_SCHEMA
    assert not found.topics.select("language", "topic", "week_date").is_duplicated().any()
    assert set(found.topics.group_by("topic").len()["len"]) == {30}
    assert not found.comments["survey_key"].is_duplicated().any()
    by_week = found.comments.group_by("topic", "week_date").len().sort("topic", "week_date")
    counted = found.topics.filter(pl.col("comment_count") > 0).sort("topic", "week_date")
    assert counted["comment_count"].to_list() == by_week["len"].to_list()
    assert (found.topics["bottom_two_count"] <= found.topics["answered_count"]).all()
    assert (found.topics["answered_count"] <= found.topics["comment_count"]).all()
    assert found.topics["bottom_two_count"].sum() > 0


def test_too_few_comments_give_no_verdict_and_none_give_empty_tables() -> None:
    few = voice.find_topics(comments(a_week=10, planted={20: 9}), PARAMS)
    assert set(few.topics["status"]) == {"too few"}
    assert few.topics["p_value"].null_count() == few.topics.height
    assert voice.find_topics(comments(weeks=1, a_week=9), PARAMS).topics.is_empty()
    for rows in ([], [(0, "en", None, None)], [(0, "fr", "Bonjour à tous.", None)], [(0, "en", "?!", None)]):
        nothing = voice.find_topics(frame(rows), PARAMS)
        assert nothing.topics.is_empty()
        assert nothing.comments.is_empty()
        assert (nothing.topics.schema, nothing.comments.schema) == (voice.TOPIC_SCHEMA, voice.COMMENT_SCHEMA)


@pytest.mark.parametrize(
    "number",
    [
        "13800138000",
        "138 0013 8000",
        "(0113) 496-0000",
        "１３８００１３８０００",
        "+44.113.496.0000",
        "4111 1111 1111 1111",
    ],
)
@pytest.mark.parametrize("language, text", [("en", "call me on {} please"), ("zh", "请打{}联系")])
def test_no_label_holds_a_number_that_may_be_somebodys(number: str, language: str, text: str) -> None:
    said = text.format(number)
    assert not any(re.search(r"\d", unit) for run in runs_of(said, language) for unit in run)
    told = comments(language, planted={20: 8})
    told = told.with_columns(
        pl.when(pl.col("comment").str.contains("self|自助")).then(pl.lit(said)).otherwise("comment").alias("comment")
    )
    found = voice.find_topics(told, PARAMS)
    assert flagged(found).height == 1
    assert not found.topics["label"].str.contains(r"\d").any()


def test_short_numbers_stay_where_they_belong_to_a_word() -> None:
    assert terms_of("My 5g line, 24 hours", "en") == ["5g", "5g line", "line", "hours"]
    assert "5g" in terms_of("办理5G套餐", "zh")


def test_a_term_neither_begins_nor_ends_with_a_word_that_says_nothing() -> None:
    assert terms_of("It was about the late fee. Fee!", "en") == ["late", "late fee", "fee"]
    assert terms_of("我的账单", "zh") == ["账单"]


@pytest.mark.parametrize(
    "told, comment, language",
    [("EN-gb", "x", "en"), ("zh-CN", "x", "zh"), ("fr", "x", None), (None, "账单", "zh"), ("", "bill", "en")],
)
def test_language_is_as_told_or_by_script(told: str | None, comment: str, language: str | None) -> None:
    assert language_of(told, comment) == language


@given(st.integers(1, 30), st.integers(0, 60), st.integers(100, 3000))
@settings(max_examples=50, deadline=None)
def test_tail_probability_is_that_of_fishers_exact_test(k: int, earlier: int, total: int) -> None:
    from scipy.stats import hypergeom

    week = 50
    mine = tail_probability(np.array([k]), week, np.array([earlier]), np.array([total]), np.zeros(1))[0]
    assert mine == pytest.approx(hypergeom.sf(k - 1, week + total, k + earlier, week), rel=1e-6, abs=1e-300)


def test_what_varies_beyond_chance_makes_a_rise_less_surprising() -> None:
    draw = np.random.default_rng(1)
    totals = np.full(26, 60)
    calm, wild = draw.binomial(totals, 0.1), draw.binomial(totals, draw.beta(1, 9, 26))
    assert spread_of(calm, totals) < 0.02 < spread_of(wild, totals)
    chance: Callable[[float], Any] = lambda spread: tail_probability(  # noqa: E731
        np.array([15]), 60, np.array([150]), np.array([1560]), np.array([spread])
    )[0]
    assert chance(0.0) < chance(0.02) < chance(0.1)
    assert spread_of(np.zeros(26, dtype=np.int64), totals) == 0
