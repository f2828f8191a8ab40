"""Figures drawn from rows a reader can see."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from dashboards import charts
from dashboards.components.words import Words
from dashboards.queries import OUTCOMES, QueueRow, TierRow, TimePoint

EN = Words("en")


def queue(name: str, offered: int = 100, abandonment: float | None = 0.1, **outcomes: int) -> QueueRow:
    counts = dict.fromkeys(OUTCOMES, 0) | outcomes
    return QueueRow(name, counts, offered, 0, 0.8, 90, 0.8, 20, abandonment, 10, 100)


def over_time(rows, **options):
    settings = {"timezone": "Europe/London", "is_by_interval": True, "target_rate": 0.8, "minimum_n": 30}
    return charts.visits_over_time(rows, EN, **(settings | options))


def test_the_hour_that_comes_twice_in_autumn_is_two_bars():
    rows = [TimePoint(f"2026-10-25T{hour}:00:00Z", 10, 9, 1, 0.9, 10) for hour in ("00", "01", "02")]
    figure = over_time(rows)
    assert list(figure.data[0].customdata) == ["01:00", "01:00", "02:00"]
    assert len(set(figure.data[0].x)) == 3


def test_parts_of_a_bar_add_up_to_all_who_entered():
    figure = over_time([TimePoint("2026-11-22T09:00:00Z", 40, 30, 6, 0.7, 38)])
    assert [(bar.name, list(bar.y)) for bar in figure.data[:3]] == [
        ("Answered", [30]), ("Abandoned", [6]), ("Left another way", [4]),
    ]  # fmt: skip


def test_points_of_too_few_callers_are_hollow_and_a_missing_one_is_a_gap():
    rows = [TimePoint("2026-11-21", 40, 40, 0, 0.9, 40), TimePoint("2026-11-22", 5, 0, 0, None, 5)]
    line = over_time(rows, is_by_interval=False).data[-1]
    assert list(line.marker.symbol) == ["circle", "circle-open"]
    assert (list(line.y), line.connectgaps) == ([0.9, None], False)


def test_no_chart_has_two_y_axes_on_one_plot():
    figure = over_time([TimePoint("2026-11-22", 40, 30, 6, 0.7, 38)], is_by_interval=False)
    domains = [figure.layout.yaxis.domain, figure.layout.yaxis2.domain]
    assert domains[0][0] > domains[1][1]
    assert figure.layout.yaxis.overlaying is None is figure.layout.yaxis2.overlaying


def test_a_chart_of_one_bar_and_of_no_bar_can_be_drawn():
    assert len(over_time([TimePoint("2026-11-22T09:00:00Z", 1, 1, 0, 1.0, 1)]).data[0].x) == 1
    assert over_time([]).data[0].x is None or len(over_time([]).data[0].x) == 0


def test_an_intervals_length_is_the_least_distance():
    moments = [charts.instant(f"2026-11-22T09:{minute}:00Z") for minute in ("00", "15")]
    late = charts.instant("2026-11-22T12:00:00Z")
    assert charts.step([*moments, late], is_by_interval=True).total_seconds() == 900
    assert charts.step([late], is_by_interval=True) == charts.INTERVAL_DEFAULT


def test_outcomes_are_shares_of_those_who_entered_with_the_biggest_queue_on_top():
    figure = charts.outcomes_by_queue([queue("big", 100, answered=75, abandoned=25), queue("vip", 4, answered=4)], EN)
    assert [bar.name for bar in figure.data] == ["Answered", "Abandoned"]
    assert list(figure.data[0].x) == [1.0, 0.75]
    assert [note.text for note in figure.layout.annotations] == ["vip · n 4", "big · n 100"]


def test_a_queues_name_cannot_bring_markup_into_a_chart():
    figure = charts.outcomes_by_queue([queue("<a href='x'>q", answered=1)], EN)
    assert figure.layout.annotations[0].text.startswith("&lt;a")


def test_tiers_sum_their_sources_in_the_order_given():
    rows = [TierRow("A", "model", "3", 2), TierRow("A", "rule", None, 1), TierRow("B", "rule", None, 9)]
    bars = charts.tier_mix(rows, EN).data[0]
    assert (list(bars.y), list(bars.x), list(bars.text)) == (["Tier A", "Tier B"], [3, 9], ["3 · 25%", "9 · 75%"])


def test_the_worst_queue_needs_enough_callers():
    rows = [queue("big", 100, 0.1), queue("tiny", 3, 0.9), queue("unknown", 100, None)]
    assert charts.worst_queue(rows, 30).queue == "big"
    assert charts.worst_queue(rows[1:], 30) is None


@pytest.mark.parametrize("colour", sorted({*charts.LIGHT.values(), *charts.DARK.values()}))
def test_labels_can_be_read_on_every_colour(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    contrast = 1.05 / (luminance + 0.05) if charts._ink(colour) == "#FFFFFF" else (luminance + 0.05) / 0.05
    assert contrast >= 4.5


def test_charts_never_offer_to_share_with_a_cloud():
    assert charts.CONFIG["showSendToCloud"] is False
    assert charts.CONFIG["plotlyServerURL"] == ""
    sources = list((Path(__file__).parents[2] / "dashboards").rglob("*.py"))
    calls = [line for path in sources for line in path.read_text("utf-8").splitlines() if "plotly_chart(" in line]
    assert len(calls) >= 5
    pages = [path.read_text("utf-8") for path in sources if path.parent.name in ("app_pages", "components")]
    assert sum(page.count("config=charts.CONFIG") for page in pages) == len(calls)


def test_marks_of_a_year_leave_the_line_to_be_seen():
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    rows = [TimePoint(day.isoformat(), 40, 40, 0, 0.9, 40) for day in days]
    sizes = [over_time(part, is_by_interval=False).data[-1].marker.size for part in (rows[:28], rows)]
    assert sizes == [8, 4]
