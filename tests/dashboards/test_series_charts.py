"""The figure of a watched series, drawn from points a reader can see."""

from __future__ import annotations

import runpy
from datetime import date
from pathlib import Path

import pytest

from dashboards import series_charts
from dashboards.alert_queries import Annotation
from dashboards.components.words import Words

ROWS = runpy.run_path(str(Path(__file__).with_name("alert_rows.py")))
DAY, alert, point = ROWS["DAY"], ROWS["alert"], ROWS["point"]
EN = Words("en")
POINTS = [point(8, 10), point(9, 12, 0.5), point(10, 40, 6.0), point(12, 2, -3.5), point(13, 0, -4.0, is_usual=False)]


def drawn(points=POINTS, annotations=(), about=None, words=EN, **options):
    return series_charts.watched_series(points, annotations, about or alert(), words, label="Offered", **options)


def traces(figure) -> dict[str, object]:
    return {trace.name: trace for trace in figure.data if trace.name}


def test_points_outside_differ_by_symbol_and_colour():
    found = traces(drawn())
    assert list(found["Outside, worse"].marker.symbol) == ["triangle-up"]
    assert list(found["Outside, better"].marker.symbol) == ["triangle-down"]
    assert found["Outside, worse"].marker.color != found["Outside, better"].marker.color
    assert set(found["Within limits"].marker.symbol) == {"circle"}


def test_days_that_are_not_usual_are_hollow():
    assert list(traces(drawn())["Outside, better, unusual day"].marker.symbol) == ["triangle-down-open"]


@pytest.mark.parametrize(
    ("deviation", "good_direction", "said"),
    [
        (3.0, "up", "within"),
        (3.1, "up", "better"),
        (-3.1, "up", "worse"),
        (3.1, "down", "worse"),
        (9, "neither", "other"),
    ],
)
def test_a_point_is_better_or_worse_by_its_metrics_direction(deviation, good_direction, said):
    assert series_charts.verdict(point(1, 5, deviation, good_direction=good_direction), alert()) == said


def test_nothing_where_something_was_to_come_is_worse_whatever_the_metric():
    gone = point(10, 0, -7.0, good_direction="neither")
    assert series_charts.verdict(gone, alert("missing", deviation=-7.0)) == "worse"


def test_a_point_off_together_with_those_before_is_marked_in_the_alerts_time_only():
    together = {"deviation": 2.5, "sustained_deviation": 4.8}
    assert series_charts.verdict(point(10, 17, **together), alert()) == "together"
    assert series_charts.verdict(point(9, 17, **together), alert()) == "within"
    assert series_charts.verdict(point(10, 17, deviation=2.5), alert()) == "within"


def test_the_band_is_that_of_the_limits():
    band = traces(drawn())["Within chance"]
    assert (set(band.base), set(band.y)) == ({4.0}, {14.0})


def test_a_day_without_a_figure_is_a_gap_in_the_line():
    line = next(trace for trace in drawn().data if trace.name is None)
    assert list(line.y) == [10, 12, 40, None, 2, 0]


def test_annotations_are_letters_and_near_ones_stand_on_two_lines():
    near = [Annotation(date(2026, 11, day), date(2026, 11, day), None, {"en": "<b>", "zh": "节"}) for day in (9, 9, 12)]
    letters = drawn(annotations=near).layout.annotations
    assert [note.text for note in letters] == ["a", "b", "c"]
    assert [note.yshift for note in letters] == [0, 12, 0]
    assert letters[0].hovertext == "&lt;b&gt;"


def test_hours_stand_in_the_middle_of_their_hour_and_only_the_alerts_hours_are_its():
    hours = [point(10, 1, -5.0, local_hour=hour, good_direction="up") for hour in (8, 9, 10)]
    about = alert(from_hour=9, to_hour=10, deviation=-5.0, unit="share")
    assert [series_charts.is_about(about, each) for each in hours] == [False, True, False]
    assert drawn(hours, about=about).data[0].x[0].isoformat() == "2026-11-10T08:30:00+00:00"
    assert series_charts.moment_of(hours[1], EN) == "10 Nov 2026 09:00–10:00"


def test_an_alert_of_days_holds_every_hour_of_them():
    assert series_charts.is_about(alert(), point(10, 1, local_hour=23))
    assert not series_charts.is_about(alert(), point(11, 1, local_hour=0))


def test_times_have_round_ticks_in_minutes_and_seconds():
    figure = drawn([point(10, 350), point(11, 410)], about=alert(unit="s"))
    assert list(figure.layout.yaxis.ticktext) == ["0:00", "2:00", "4:00", "6:00"]


def test_limits_far_wider_than_the_values_leave_these_room():
    figure = drawn([point(10, 10, high_limit=900.0)])
    assert figure.layout.yaxis.range[1] < 40


def test_no_point_and_one_point_can_be_drawn():
    assert drawn([]).layout.height == drawn(POINTS[:1]).layout.height


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_every_look_has_words(language):
    words = Words(language)
    looks = [
        point(10, 40, deviation, is_usual=is_usual, good_direction=good, sustained_deviation=9.0)
        for deviation in (6.0, 2.5, 0.0)
        for is_usual in (True, False)
        for good in ("up", "down", "neither")
    ]
    assert len(traces(drawn(looks, words=words, about=alert(raised_date=DAY)))) == 2 + 10
