"""The scenario file: what it may say, and what is said of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import SettingsError
from pipelines.simulate.scenario import load_scenario

FACT = (
    '[[facts]]\nid = "x"\nkind = "repeat_cluster"\nwhat = ""\nseen_in = ""\nfrom_date = 2026-01-01\n'
    "to_date = 2026-01-02\n"
)


def overlay(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_default_scenario_is_whole():
    scenario = load_scenario()
    assert sum(stream.share for stream in scenario.streams) == pytest.approx(1)
    assert sum(team.share for team in scenario.teams) == pytest.approx(1)
    assert {fact.kind for fact in scenario.facts} >= {"site_absence", "tier_abandonment", "guest_agent"}


def test_overlay_changes_what_it_names_and_nothing_else(tmp_path):
    changed = load_scenario(overlay(tmp_path, "seats = 8\n[menu]\nleft_rate = 0.5\n"))
    default = load_scenario()
    assert (changed.seats, changed.menu.left_rate) == (8, 0.5)
    assert changed.menu.greeting_s == default.menu.greeting_s
    assert changed.queues == default.queues


def test_option_counts_more_than_the_file(tmp_path):
    assert load_scenario(overlay(tmp_path, "seats = 8"), seats=3).seats == 3


def test_unknown_key_is_refused_with_its_line_and_the_nearest_known_one(tmp_path):
    with pytest.raises(SettingsError) as refused:
        load_scenario(overlay(tmp_path, "seets = 3\n[menu]\nleft_rat = 1\n"))
    assert 'line 1: unknown key "seets"; the nearest known one is "seats"' in str(refused.value)
    assert 'line 3, [menu]: unknown key "left_rat"; the nearest known one is "left_rate"' in str(refused.value)


@pytest.mark.parametrize(
    "text, said",
    [
        ("seats = 0", "seats"),
        ("[patience]\nedges_s = [1]\nrates = [0.1]", "ascending edges from 0"),
        ("[patience]\nedges_s = [0]\nrates = [0.0]", "the last should be above 0"),
        ('[arrivals]\nlike = "bank_2000"', "bank_1999"),
        ("[people.purchases]\nphone_shar = 0.1", 'unknown key "phone_shar"; the nearest known one is "phone_share"'),
        ("[people.campaigns.lists.new_year]\nshare = 2", "less than or equal to 1"),
        (FACT + "more = { easy = 3 }", '"x", more, easy'),
        ('[[streams]]\nname = "x"\nsite = "leds"\nchannel = "voice"\nshare = 1', '"leds"; the nearest is "leeds"'),
        ("seats = ", "not valid TOML"),
    ],
)  # fmt: skip
def test_what_makes_no_centre_is_refused(tmp_path, text, said):
    with pytest.raises(SettingsError) as refused:
        load_scenario(overlay(tmp_path, text))
    assert said in str(refused.value)


def test_missing_file_is_said(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        load_scenario(tmp_path / "none.toml")
