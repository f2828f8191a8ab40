"""Numbers, times and money as text."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from dashboards.components import formats


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (9.4, "0:09"), (59.6, "1:00"), (75, "1:15"), (3599.6, "1:00:00"), (-75, "−1:15"), (-0.2, "0:00")],
)
def test_durations_are_minutes_and_seconds(seconds, text):
    assert formats.duration(seconds) == text


@pytest.mark.parametrize(
    ("amount", "is_compact", "text"),
    [
        (4.2, False, "£4.20"),
        (-4.2, False, "−£4.20"),
        (1234.5, False, "£1,234.50"),
        (35, True, "£35.00"),
        (6623.4, True, "£6,623"),
        (123456, True, "£123k"),
        (-12345678, True, "−£12.3M"),
    ],
)
def test_money_carries_its_currency(amount, is_compact, text):
    assert formats.money(amount, "GBP", is_compact=is_compact) == text


def test_a_currency_without_a_sign_is_named_and_an_unknown_one_is_left_out():
    assert formats.money(5, "CHF") == "CHF 5.00"
    assert formats.money(5, None) == "5.00"


def test_points_and_counts_have_no_minus_zero():
    assert (formats.points(-0.01), formats.points(-12.34), formats.count(-0.2)) == ("0.0", "−12.3", "0")


def test_moments_are_told_on_the_centres_clocks_in_summer_and_winter():
    summer, winter = datetime(2026, 7, 1, 23, 30, tzinfo=UTC), datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert formats.local_moment(summer, "Europe/London", "en") == "2 Jul 2026 00:30 BST"
    assert formats.local_moment(winter, "Europe/London", "zh_CN") == "2026年11月22日 23:30 GMT"


def test_dates_read_in_both_languages():
    assert formats.short_date(date(2026, 11, 2), "en") == "2 Nov"
    assert formats.short_date(date(2026, 11, 2), "zh_CN") == "11月2日"


@pytest.mark.parametrize(
    ("seconds", "span"),
    [
        (20, ("s", "20")),
        (7.5, ("s", "7.5")),
        (60, ("s", "60")),
        (600, ("min", "10")),
        (28800, ("h", "8")),
        (5400, ("min", "90")),
    ],
)
def test_limits_are_said_in_the_largest_whole_unit(seconds, span):
    assert formats.span(seconds) == span
