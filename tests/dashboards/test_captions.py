"""Sentences computed from answers, and the queue table."""

from __future__ import annotations

from datetime import date

import pytest

from dashboards.components import captions
from dashboards.components.words import Words
from dashboards.queries import OUTCOMES, Overview, Period, Publication, QueueRow, TierRow, TimePoint

EN = Words("en")
CENTRE = Publication("s", None, 1, 0, None, timezone="Asia/Shanghai", minimum_n=30)


def queue(name: str, *, level: float | None, judged: int = 100, offered: int = 100, blocked: int = 0) -> QueueRow:
    return QueueRow(name, dict.fromkeys(OUTCOMES, 0), offered, blocked, level, judged, 0.8, 20, 0.25, 10, 100)


def test_the_table_says_met_or_missed_in_words_and_points():
    table = captions.queue_table([queue("sales", level=0.85), queue("vip", level=0.706)], 30, EN)
    against = [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in table["Against target"]]
    assert against == [":blue[▲ +5.0 pt, met]", ":orange[▼ −9.4 pt, missed]"]


def test_too_few_callers_are_grey_and_neither_met_nor_missed():
    table = captions.queue_table([queue("sales", level=0.1, judged=29)], 30, EN)
    assert table["Against target"] == [":gray[too few]"]
    assert table["Service level"] == [":gray[10.0%]"]


def test_nothing_to_judge_is_not_applicable():
    assert captions.queue_table([queue("sales", level=None)], 30, EN)["Service level"] == ["N/A"]


@pytest.mark.parametrize("name", ["*bold*", "a|b", "$x$", ":red[x]", "<b>", "a_b_c"])
def test_a_queues_name_is_shown_as_it_is(name):
    shown = captions.queue_table([queue(name, level=1.0)], 30, EN)["Queue"][0]
    assert shown.replace("\\", "") == name
    assert "\\" in shown


def test_targets_are_counted_among_queues_that_can_be_judged():
    rows = (queue("a", level=0.9), queue("b", level=0.7), queue("c", level=0.1, judged=3), queue("d", level=None))
    assert captions.targets(Overview(queues=rows), CENTRE, EN).startswith("1 of 2 queues")
    assert captions.targets(Overview(queues=rows[2:]), CENTRE, EN).startswith("No queue has both")


def test_refused_callers_are_told_apart():
    said = captions.outcomes(Overview(queues=(queue("a", level=1.0, blocked=8),)), CENTRE, EN)
    assert said.startswith("Callers of a gave up most often: 25.0% of 100. 8 more were refused")


def test_the_busiest_interval_is_told_on_the_centres_clocks():
    points = (TimePoint("2026-11-22T01:00:00Z", 40, 30, 6, 0.7, 38), TimePoint("2026-11-22T01:30:00Z", 4, 4, 0, 1, 4))
    said = captions.busiest(Overview(points=points, is_by_interval=True), CENTRE, EN)
    assert said.startswith("Most callers came in the interval from 09:00: 40 entered a queue. Times in Asia/Shanghai.")
    assert "fewer than 30 callers" in said


def test_tiers_name_each_source_with_its_n():
    rows = (TierRow("A", "model", "v3", 2), TierRow("A", "rule", None, 1), TierRow("B", "rule", None, 4))
    said = captions.tiers(Overview(tiers=rows), EN)
    assert said.startswith(
        "7 scored customers. Where the tier comes from: a model (v3), n 2; the documented rule, n 5."
    )


def test_nothing_is_said_to_be_nothing():
    empty = Overview()
    assert captions.busiest(empty, CENTRE, EN) == captions.outcomes(empty, CENTRE, EN) == "No data in this period."
    assert captions.tiers(empty, EN) == "No customer has been scored yet."


def test_one_day_is_one_date_and_is_compared_with_the_day_before():
    day = Period(date(2026, 11, 22), date(2026, 11, 22))
    assert captions.period(day, day.prior(), EN) == "22 Nov 2026 · compared with 21 Nov 2026"
    assert captions.against(day.prior(), EN) == "vs prior day"
    assert captions.against(None, EN) is None
