"""What a card says of a figure, its change and its sample."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from dashboards.components import cards
from dashboards.components.words import Words
from dashboards.queries import Figure, Overview, Publication

EN = Words("en")
METRICS = runpy.run_path(str(Path(__file__).with_name("build_home.py")))["catalogue"]()
CENTRE = Publication("s", None, 1, 0, None, currency="GBP", minimum_n=30, catalogue=METRICS)


def card(name: str, figure: Figure | None, before: Figure | None = None, against: str | None = "vs before", **view):
    figures = {name: figure} if figure else {}
    prior = {name: before} if before else {}
    return cards.card(name, Overview(figures=figures, prior_figures=prior, **view), CENTRE, EN, against)


@pytest.mark.parametrize(
    ("name", "value", "before", "text", "is_up", "is_better"),
    [
        ("service_level", 0.812, 0.80, "+1.2 pt", True, True),
        ("abandonment", 0.09, 0.05, "+4.0 pt", True, False),
        ("dsat", 0.10, 0.20, "−10.0 pt", False, True),
        ("nps", 12.0, 20.0, "−8.0 pt", False, False),
        ("asa", 22.0, 20.0, "+10.0%", True, False),
        ("aht", 270.0, 300.0, "−10.0%", False, None),
        ("cost_per_contact", 1.8, 2.0, "−10.0%", False, True),
        ("contribution", -50.0, -80.0, "+£30.00", True, True),
        ("service_level", 0.8001, 0.80, "0.0 pt", None, None),
        ("contribution", 5.0, 5.0, "£0.00", None, None),
    ],
)
def test_change_is_points_for_rates_and_percent_or_money_for_the_rest(name, value, before, text, is_up, is_better):
    assert cards.change(METRICS[name], value, before, EN, "GBP") == cards.Change(text, is_up, is_better)


def test_a_percentage_of_nothing_is_no_change_at_all():
    assert cards.change(METRICS["asa"], 10, 0, EN, "GBP") is None


def test_a_figure_that_was_nothing_is_told_instead_of_its_percentage():
    said = card("asa", Figure(10.0, 40), Figure(0.0, 40))
    assert (said.change, said.change_note) == (None, "was 0:00 min")


def test_no_row_is_no_data_and_never_zero():
    said = card("csat", None)
    assert (said.value, said.is_grey, said.change, said.notes) == (
        "no data", True, None, ("Nothing recorded in this period",),
    )  # fmt: skip


def test_nothing_to_divide_by_is_not_applicable():
    assert card("asa", Figure(None, 0)).value == "N/A"


def test_a_window_that_has_not_passed_is_said_to_be_too_early():
    said = card("fcr", Figure(None, 0), immature_count=251)
    assert said.notes == ("Too early: 251 contacts are younger than 7 days",)


def test_no_earlier_figure_is_said_in_words():
    said = card("csat", Figure(0.75, 40))
    assert (said.change, said.change_note) == (None, "no earlier data")
    assert card("csat", Figure(0.75, 40), Figure(None, 0)).change_note == "no earlier data"


def test_without_a_comparison_nothing_is_said_of_earlier_data():
    assert card("csat", Figure(0.75, 40), against=None).change_note == ""


def test_a_small_sample_is_grey_and_its_change_neither_good_nor_bad():
    said = card("csat", Figure(0.75, 29), Figure(0.5, 400))
    assert said.is_grey
    assert said.change == cards.Change("+25.0 pt", True, None)
    assert said.notes[0] == "n 29, too small (below 30)"


def test_a_sample_of_exactly_the_minimum_is_enough():
    assert not card("csat", Figure(0.75, 30)).is_grey


def test_money_names_how_it_came_about_and_its_assumptions():
    said = card("contribution", Figure(6623.0, 3939), assumption_sets="centre-5f3a91c2")
    assert said.value == "£6,623"
    assert said.notes[1:] == (
        "Attributed: associated with contacts, not proven caused", "Assumptions centre-5f3a91c2",
    )  # fmt: skip


def test_service_level_names_its_variant_and_target():
    agreed = ("sl_short_abandons_excluded",)
    said = card("service_level", Figure(0.819, 1050), target_rate=0.8, threshold_s=20.0, service_level_variants=agreed)
    assert said.value == "81.9%"
    assert said.notes == ("n 1,050", "Short abandons left out", "Target 80% within 20 s")
    assert "without those abandoned within the short-abandon threshold" in said.help
    several = card("service_level", Figure(0.819, 1050), service_level_variants=(*agreed, "sl_answered_only"))
    assert several.notes == ("n 1,050", "As agreed for each queue")
    assert "the variant that its target names" in several.help
