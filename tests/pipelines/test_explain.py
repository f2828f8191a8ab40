"""What `callwright explain` says: the definition anywhere, the figures of a published file where there is one."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines import explain
from pipelines.cli import app
from pipelines.errors import CallwrightError
from pipelines.published import open_published


def test_a_definition_needs_no_home() -> None:
    found = explain.explain(None, "service_level")
    assert (found.metric, found.from_date, found.figure.value) == ("sl_short_abandons_excluded", None, None)
    assert found.variants[0].metric == "sl_abandons_positive"
    assert len(found.variants) == 7  # with the one that is agreed
    text = explain.as_text(found)
    assert "answered_in_sl_count / (answered_count + abandoned_count - short_abandoned_count)" in text
    assert "nothing is published yet" in text


def test_the_figure_is_that_of_the_macro_and_its_variants_of_theirs(sample: Any) -> None:
    found = explain.explain(sample.home, "abandonment")
    assert (found.from_date, found.to_date) == (date(2026, 11, 16), date(2026, 11, 22))
    with open_published(sample.home) as con:
        # What it tells to type, by total instead of by queue.
        asked = found.sql.replace("by := 'queue'", "by := 'total'")
        numerator, denominator, value, n = con.execute(f"select * exclude (group_value) {asked}").fetchall()[0]
    assert (found.figure.numerator, found.figure.denominator, found.figure.value, found.figure.n) == (
        numerator, denominator, value, n,
    )  # fmt: skip
    # The sample's log, counted by hand: 405 offered, 78 abandoned, 32 of them short.
    assert {v.metric: (v.figure.numerator, v.figure.denominator) for v in found.variants} == {
        "abandonment_short_excluded": (46, 373),
        "abandonment_short_not_counted": (46, 405),
    }
    text = explain.as_text(found)
    assert "19.26 % = 78 / 405" in text
    assert "-6.93 pt" in text


def test_every_metric_can_be_had_of_a_published_file(sample: Any) -> None:
    period, figures = explain.overview(sample.home)
    assert period is not None
    assert {metric.id: figure for metric, figure in figures}["asa"].n == 251


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("share", 0.12345, "12.35 %"), ("s", 1234.56, "1,234.6 s"), ("count", 1234.0, "1,234"),
        ("amount", 12.5, "12.50 GBP"), ("points", -8.3, "-8.3 points"), ("per_hour", 6.04, "6.0 per hour"),
        ("attempts", 2.0, "2.00 attempts"), ("score", 3.456, "3.46"), ("share", None, "N/A"),
    ],
)  # fmt: skip
def test_a_value_has_its_unit(unit: str, value: float | None, text: str) -> None:
    assert explain.value_text(unit, value, "GBP") == text


def test_an_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(CallwrightError, match="no metric occupency; did you mean occupancy"):
        explain.explain(None, "occupency")


def test_the_command_prints_one_metric_all_of_them_and_json(sample: Any) -> None:
    runner, home = CliRunner(), ["--home", str(sample.home.path)]
    assert "Average speed of answer   平均应答速度" in runner.invoke(app, ["explain", "asa", *home]).stdout
    told = json.loads(runner.invoke(app, ["explain", "asa", "--json", *home]).stdout)
    assert (told["metric"], told["unit"], told["figure"]["n"]) == ("asa", "s", 251)
    listed = json.loads(runner.invoke(app, ["explain", "--json", *home]).stdout)
    assert len(listed) >= 60
    assert runner.invoke(app, ["explain", "happiness", *home]).exit_code == 1
