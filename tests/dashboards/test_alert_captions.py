"""The list of alerts and the sentences of their evidence."""

from __future__ import annotations

import runpy
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from dashboards.alert_queries import (
    Annotation,
    CampaignArm,
    MonthPoint,
    Months,
    Policy,
    PolicyWeek,
    Series,
    TopicWeek,
    Watch,
)
from dashboards.components import alert_captions
from dashboards.components.words import LANGUAGES, Words
from dashboards.queries import Publication

ROWS = runpy.run_path(str(Path(__file__).with_name("alert_rows.py")))
DAY, alert, point = ROWS["DAY"], ROWS["alert"], ROWS["point"]
EN, ZH = Words("en"), Words("zh_CN")
METRICS = runpy.run_path(str(Path(__file__).with_name("build_home.py")))["catalogue"]()
CENTRE = Publication("s", None, 1, 0, None, currency="GBP", minimum_n=30, catalogue=METRICS)
KINDS = ("outside_limits", "missing", "contribution_fell", "harmful_campaign", "wrong_propensities", "new_topic")


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        (None, None),
        ("", None),
        ("abc", None),
        ("' or 1=1 --", None),
        ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000001"),
        ("{ABCDEF00-0000-0000-0000-000000000001}", "abcdef00-0000-0000-0000-000000000001"),
    ],
)
def test_only_a_key_is_looked_for(asked, key):
    assert alert_captions.key_of(asked) == key


def test_nothing_raised_is_said_with_how_much_was_watched():
    assert alert_captions.summary(Watch((), 312, 4100), EN) == "Nothing raised: 312 series, 4,100 figures judged."
    assert "no figure of this period" in alert_captions.summary(Watch(), EN)


def test_alerts_are_counted_and_those_still_going_on():
    watch = Watch((alert(), alert(is_open=True)), 3, 90)
    assert alert_captions.summary(watch, EN) == "2 alerts, 1 of them still going on; 3 series, 90 figures judged."
    assert alert_captions.summary(replace(watch, alerts=watch.alerts[:1]), EN).startswith("1 alert,")


def test_a_list_too_long_to_read_says_so():
    assert alert_captions.summary(Watch((alert(),) * 101, 1, 1), EN).endswith("The newest 100 are listed.")


def test_the_strongest_come_first_whatever_their_direction():
    alerts = [alert(alert_key=str(n), deviation=n) for n in (3.5, -9.0, 5.0, None)]
    assert [each.deviation for each in alert_captions.strongest(alerts, 3)] == [-9.0, 5.0, 3.5]


def test_a_line_of_the_list_says_all_of_an_alert():
    lines = alert_captions.table([alert(also_count=3)], None, METRICS, EN)
    plain = {name: cells[0].replace("\N{NO-BREAK SPACE}", " ").replace("\\", "") for name, cells in lines.items()}
    assert plain == {
        "Raised": "10 Nov 2026", "What": "Offered, sales: 40", "Deviation (SD)": ":orange[▲ +6.0]",
        "Kind": "Outside limits", "n": "40", "State": ":gray[over]", "Also in (series)": "3",
    }  # fmt: skip


def test_the_chosen_line_is_bold_and_markdown_in_a_sentence_is_text():
    chosen = alert(text={"en": "a *b*", "zh": "x"})
    assert alert_captions.table([chosen], chosen, METRICS, EN)["What"] == ["**a \\*b\\***"]


@pytest.mark.parametrize(
    ("said", "colour"),
    [
        ({"metric": "offered"}, "gray"),
        ({"metric": "abandonment_all"}, "orange"),
        ({"metric": "unheard of"}, "gray"),
        ({"metric": "offered", "kind": "missing"}, "orange"),
        ({"metric": None, "kind": "harmful_campaign"}, "orange"),
    ],
)
def test_what_is_neither_good_nor_bad_is_grey(said, colour):
    assert alert_captions.deviation(alert(**said), METRICS).startswith(f":{colour}[▲")


def test_an_unknown_kind_without_figures_has_a_line():
    lines = alert_captions.table([alert("moon_phase", deviation=None, n=None, metric=None)], None, METRICS, EN)
    assert [cells[0] for cells in lines.values()][2:5] == ["–", "moon\\_phase", "–"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_known_kind_has_a_name_and_a_method(kind, language):
    assert alert_captions.kind(alert(kind), Words(language)) != kind
    assert alert_captions.method(alert(kind), Words(language))


def test_chinese_cells_do_not_break_within_a_word():
    cells = alert_captions.table([alert()], None, METRICS, ZH)
    assert cells["类型"][0].replace("\N{WORD JOINER}", "") == "超出控制限"
    assert cells["状态"][0].startswith(":gray[已")


def test_the_worst_point_is_told_with_its_limits_and_how_often_it_was_outside():
    points = (point(8, 10), point(9, 30, 5.0), point(10, 40, 6.0), point(11, 30, 4.5), point(12, 12))
    said = alert_captions.series(alert(to_date=date(2026, 11, 12)), Series(points), EN)
    assert said == (
        "Outside its limits on 2 of 3 days; furthest on 10 Nov 2026: 40, where 4 to 18 is within chance. "
        "Of the 2 days before that are shown, 1 were outside."
    )


def test_a_single_point_is_not_counted():
    said = alert_captions.series(alert(), Series((point(10, 40, 6.0),)), EN)
    assert said == "10 Nov 2026: 40, where 4 to 18 is within chance."


def test_points_off_together_are_said_to_be():
    said = alert_captions.series(alert(), Series((point(10, 17, 2.5, sustained_deviation=5.0),)), EN)
    assert said.endswith("and outside with the four before them.")


def test_hours_are_told_as_hours():
    hours = tuple(point(10, 0.2, -5.0, local_hour=hour, low_limit=0.5, high_limit=1.0) for hour in (9, 10))
    about = alert(from_hour=9, to_hour=11, unit="share", deviation=-5.0)
    said = alert_captions.series(about, Series(hours), EN)
    assert said.startswith(
        "Outside its limits in 2 of 2 hours; furthest on 10 Nov 2026 09:00–10:00: 20.0%, where 50.0%"
    )


def test_evidence_that_is_not_in_the_file_is_said_to_be_missing():
    missing = "The figures behind this alert are not in the snapshot."
    assert alert_captions.series(alert(), Series(), EN) == missing
    assert alert_captions.months(alert(), Months(), CENTRE, EN) == missing
    assert alert_captions.campaigns(alert(), (), EN) == missing
    assert alert_captions.policy(alert(), Policy(), EN) == missing
    assert alert_captions.topic((), EN) == missing


def test_what_else_happened_is_told_by_letter():
    shown = Series((), (
        Annotation(DAY, DAY, None, {"en": "Clocks", "zh": "时钟"}),
        Annotation(DAY, DAY + timedelta(days=1), "leeds", {"en": "Holiday", "zh": "假日"}),
    ))  # fmt: skip
    assert alert_captions.beside(shown, EN) == (
        "Also at that time: (a) 10 Nov 2026: Clocks; (b) 10 Nov 2026 – 11 Nov 2026: Holiday, leeds."
    )
    assert alert_captions.beside(Series(), EN) is None


def test_what_is_known_of_the_days_is_told_newest_first_and_not_without_end():
    days = [date(2026, 1, n) for n in range(1, 8)]
    notes = [Annotation(day, day, None, {"en": f"event {day.day}", "zh": f"事件{day.day}"}) for day in days]
    assert alert_captions.known_of_days(Watch(annotations=tuple(notes[:2])), EN) == (
        "Known of these days: 2 Jan 2026: event 2; 1 Jan 2026: event 1."
    )
    told = alert_captions.known_of_days(Watch(annotations=tuple(notes)), EN)
    assert told is not None
    assert told.endswith("3 Jan 2026: event 3; and 2 more.")
    assert alert_captions.known_of_days(Watch(), EN) is None


def test_a_months_change_is_beyond_chance_or_within():
    october = date(2026, 10, 1)
    months = Months(
        (MonthPoint(date(2026, 9, 1), 800.0), MonthPoint(october, -500.0, deviation=-9.5)),
        (MonthPoint(date(2026, 9, 1), 0.8), MonthPoint(october, 0.85, deviation=0.9)),
    )
    assert alert_captions.months(alert("contribution_fell", from_date=october), months, CENTRE, EN) == (
        "Contribution was −£500.00 in Oct 2026 and £800.00 in Sep 2026, a difference beyond chance. "
        "CSAT was 85.0% in Oct 2026 and 80.0% in Sep 2026, a difference within chance."
    )


def test_a_campaign_that_did_harm_is_to_be_stopped():
    rows = (
        CampaignArm("spring|called", "spring", "called", 400, 300, -0.3, -0.4, -0.2, "harmful"),
        CampaignArm("autumn|called", "autumn", "called", 400, 0, None, None, None, "not_measurable"),
    )
    assert alert_captions.campaigns(alert("harmful_campaign", identity="spring|called"), rows, EN) == (
        "spring: −0.30 orders a customer (95% interval −0.40 to −0.20), n 400 called, 300 held out. "
        "Stop it, or narrow it to those who gain. 1 of 2 cannot be measured."
    )


def test_a_policy_is_told_by_its_weeks_and_beside_other_versions():
    day = date(2026, 11, 2)
    weeks = (
        PolicyWeek(day, "p1", 400, 3.2, 3.2, True),
        PolicyWeek(day, "p2", 400, 2.4, 3.2, False),
        PolicyWeek(day + timedelta(weeks=1), "p2", 400, 3.1, 3.2, True),
    )
    said = alert_captions.policy(alert("wrong_propensities", identity="p2"), Policy("all", weeks), EN)
    assert said.endswith("p2 was beyond chance in 1 of 2 weeks. Other versions: 0 of 1 weeks.")
    assert "of the action credit" in alert_captions.policy(
        alert("wrong_propensities", identity="p2"), Policy("credit", weeks), EN
    )


def test_a_topic_is_told_by_its_highest_week():
    week = TopicWeek(DAY, 20, 100, 0.2, 0.13, 0.29, 0.01, "new")
    assert alert_captions.topic((week,), EN) == (
        "In the week of 10 Nov 2026, 20 of 100 comments spoke of it: 20.0%, where 1.0% was to be expected."
    )
    assert alert_captions.topic((replace(week, expected=None),), EN).endswith("spoke of it: 20.0%.")
