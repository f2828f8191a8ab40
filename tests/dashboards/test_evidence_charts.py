"""Figures of alerts that are no watched series, drawn from rows a reader can see."""

from __future__ import annotations

import runpy
from datetime import date, timedelta
from pathlib import Path

import pytest

from dashboards import evidence_charts
from dashboards.alert_queries import CampaignArm, MonthPoint, Months, Policy, PolicyWeek, TopicWeek
from dashboards.components.words import Words

ROWS = runpy.run_path(str(Path(__file__).with_name("alert_rows.py")))
alert = ROWS["alert"]
EN = Words("en")
CAMPAIGNS = (
    CampaignArm("new|called", "new", "called", 400, 0, None, None, None, "not_measurable"),
    CampaignArm("<b>|called", "<b>", "called", 400, 300, 0.2, 0.1, 0.3, "useful"),
    CampaignArm("spring|called", "spring", "called", 400, 300, -0.3, -0.4, -0.2, "harmful"),
)
MONTHS = Months(
    (MonthPoint(date(2026, 9, 1), 800.0), MonthPoint(date(2026, 10, 1), -500.0, deviation=-9.5)),
    (MonthPoint(date(2026, 9, 1), 0.8), MonthPoint(date(2026, 10, 1), 0.85, 0.77, 0.9, 0.9)),
)


def week(number: int, version: str, value: float, *, is_consistent: bool | None = True) -> PolicyWeek:
    return PolicyWeek(date(2026, 10, 5) + timedelta(weeks=number), version, 400, value, 3.2, is_consistent)


def test_the_month_in_which_contribution_fell_is_hatched_and_has_its_amount():
    about = alert("contribution_fell", from_date=date(2026, 10, 1))
    figure = evidence_charts.contribution_and_csat(MONTHS, about, EN, labels=("Contribution", "CSAT"), currency="GBP")
    bars, line = figure.data
    assert list(bars.marker.pattern.shape) == ["", "/"]
    assert list(bars.text) == ["", "−£500.00"]
    assert [round(end, 2) for end in line.error_y.array] == [0, 0.05]
    assert figure.layout.yaxis.range[0] < -500


def test_months_without_csat_can_be_drawn():
    figure = evidence_charts.contribution_and_csat(
        Months(MONTHS.contribution), alert("contribution_fell"), EN, labels=("Contribution", "CSAT"), currency=None
    )
    assert len(figure.data[0].y) == 2


def test_what_cannot_be_measured_is_said_and_has_no_mark():
    about = alert("harmful_campaign", identity="spring|called")
    figure = evidence_charts.campaign_uplift(CAMPAIGNS, about, EN)
    said = [note.text for note in figure.layout.annotations]
    assert len(figure.data) == 2
    assert said[2].startswith("new called<br>")
    assert "not measurable" in said[2]
    assert said[0].startswith("<b>spring called</b><br>")
    assert "stop or narrow" in said[0]


def test_a_campaigns_name_cannot_bring_markup_into_a_chart_and_is_cut_to_fit():
    long = CampaignArm("c" * 90, "c" * 90, "called", 40, 30, 0.1, 0.0, 0.2, "unclear")
    figure = evidence_charts.campaign_uplift((*CAMPAIGNS, long), alert(), EN)
    said = [note.text.split("<br>")[0] for note in figure.layout.annotations]
    assert "&lt;b&gt; called" in said
    assert said[0] == "c" * 43 + "…"


def test_harm_and_use_differ_by_symbol():
    marks = {trace.marker.symbol for trace in evidence_charts.campaign_uplift(CAMPAIGNS, alert(), EN).data}
    assert marks == {"diamond", "triangle-up"}


@pytest.mark.parametrize(("value", "text"), [(-0.293, "−0.29"), (0.115, "+0.12"), (-0.001, "0.00")])
def test_differences_carry_their_sign(value, text):
    assert evidence_charts.signed(value) == text


def test_weeks_beyond_chance_are_crossed_and_a_week_left_out_is_a_gap():
    weeks = (week(0, "p1", 3.2), week(1, "p2", 2.4, is_consistent=False), week(2, "p1", 3.1), week(3, "p1", 3.0))
    figure = evidence_charts.policy_weeks(Policy("all", weeks), EN)
    found = {trace.name: trace for trace in figure.data if trace.showlegend is not False}
    assert list(found["p1"].y) == [3.2, None, 3.1, 3.0]
    assert (list(found["Beyond chance"].y), found["Beyond chance"].marker.symbol) == ([2.4], "x-thin")


def test_versions_differ_by_symbol_and_dash():
    figure = evidence_charts.policy_weeks(Policy("all", (week(0, "p1", 3.2), week(0, "p2", 3.1))), EN)
    looks = {(trace.marker.symbol, trace.line.dash) for trace in figure.data if trace.name in ("p1", "p2")}
    assert len(looks) == 2


def test_one_action_is_a_share_and_all_of_them_a_number():
    titles = [
        evidence_charts.policy_weeks(Policy(action, (week(0, "p1", 0.9),)), EN).layout.yaxis.title.text
        for action in ("all", "credit")
    ]
    assert titles == ["Mean of 1 / propensity", "Share that could get credit"]


def test_a_new_topic_is_a_triangle_and_too_few_comments_are_hollow():
    day = date(2026, 11, 2)
    weeks = (
        TopicWeek(day, 1, 9, 0.11, 0.02, 0.4, None, "too few"),
        TopicWeek(day + timedelta(weeks=1), 1, 100, 0.01, 0.0, 0.05, 0.01, "usual"),
        TopicWeek(day + timedelta(weeks=2), 20, 100, 0.2, 0.13, 0.29, 0.01, "new"),
    )
    figure = evidence_charts.topic_weeks(weeks, EN)
    assert [(trace.name, trace.marker.symbol) for trace in figure.data[1:]] == [
        ("Too few comments to tell", "circle-open"), ("As before", "circle"), ("New or rising", "triangle-up"),
    ]  # fmt: skip
