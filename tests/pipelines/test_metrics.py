"""The catalogue of metrics: what it holds, what it refuses, and that nothing of it is said a second time."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from pipelines import dictionary
from pipelines.errors import CallwrightError
from pipelines.metrics import CATALOGUE, CatalogueError, Metric, load_catalogue
from pipelines.sqlgraph import SQL_FOLDER

ROOT = Path(__file__).parents[2]
METRICS = load_catalogue().metrics
every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.id)


def test_the_catalogue_holds_what_metrics_md_names() -> None:
    assert len(METRICS) >= 60
    assert {"service_level", "abandonment", "asa", "aht", "occupancy", "fcr", "csat", "nps", "connect_rate",
            "cost_per_contact", "contribution"} <= set(load_catalogue().macros)  # fmt: skip


@every_metric
def test_every_label_and_meaning_is_said_in_both_languages(metric: Metric) -> None:
    for words in (metric.label, metric.meaning):
        assert re.search("[A-Za-z]", words["en"])
        assert re.search("[\u4e00-\u9fff]", words["zh"])
    assert metric.meaning["en"].endswith(".")
    assert metric.source


@every_metric
def test_formulas_are_over_columns_that_their_sums_have(metric: Metric) -> None:
    for sums in (metric.sums, *metric.sums_by.values()):
        text = (SQL_FOLDER / "macros" / f"{sums.macro}.sql").read_text(encoding="utf-8")
        given = set(re.findall(r"\bas (\w+)", text.rsplit("\nselect\n", 1)[1]))
        for formula in filter(None, (metric.numerator, metric.denominator, metric.n)):
            used = {column.name for column in sqlglot.parse_one(formula, read="duckdb").find_all(exp.Column)}
            assert used <= given


def test_labels_tell_metrics_apart() -> None:
    for language in ("en", "zh"):
        labels = [metric.label[language] for metric in METRICS.values()]
        assert len(set(labels)) == len(labels)


def test_no_two_metrics_are_the_same() -> None:
    formulas = [(m.sums.id, m.argument, m.formula) for m in METRICS.values()]
    assert len(set(formulas)) == len(formulas)


def _compound(metrics: dict[str, Any]) -> list[str]:
    """The formulas that are more than a column."""
    parts = [entry[key] for entry in metrics.values() for key in ("numerator", "denominator") if key in entry]
    return ["".join(part.split()) for part in parts if re.search(r"[-+*/(]", part) and not part.startswith("{")]


def test_no_formula_is_written_twice() -> None:
    """Numerators are referred to by name; and no other file of ours computes what the catalogue does."""
    written = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))["metrics"]
    numerators = ["".join(entry.get("numerator", "").split()) for entry in written.values()]
    compound = [n for n in numerators if re.search(r"[-+*/(]", n) and not n.startswith("{")]
    assert sorted(compound) == sorted(set(compound))
    folders = [SQL_FOLDER / "kpi", SQL_FOLDER / "macros", ROOT / "pipelines", ROOT / "dashboards"]
    for folder in folders:
        for path in [*folder.rglob("*.sql"), *folder.rglob("*.py")]:
            text = "".join(path.read_text(encoding="utf-8").split())
            for formula in _compound(written):
                assert formula not in text, f"{path}: {formula}"


def test_sums_and_pages_hold_no_ratio() -> None:
    sums = [*(SQL_FOLDER / "macros").glob("kpi_*_sums.sql"), *(SQL_FOLDER / "kpi").glob("*.sql")]
    for path in [*sums, *(ROOT / "dashboards").rglob("*.py")]:
        assert "nullif(" not in path.read_text(encoding="utf-8"), path


def test_a_macros_name_is_its_default_metric() -> None:
    catalogue = load_catalogue()
    assert catalogue.find("service_level").id == "sl_short_abandons_excluded"
    assert catalogue.find("kpi_asa").id == "asa"
    assert [m.id for m in catalogue.variants(catalogue.find("abandonment"))] == [
        "abandonment_short_excluded",
        "abandonment_short_not_counted",
    ]


def test_an_unknown_metric_is_refused_with_the_nearest() -> None:
    with pytest.raises(CallwrightError, match="no metric servce_level; did you mean service_level"):
        load_catalogue().find("servce_level")


ENTRY = """
[sums.queue]
macro = "kpi_queue_sums"
grains = ["total"]
of = "visits"
[metrics.a]
macro = "a"
sums = "queue"
label = { en = "A", zh = "甲" }
meaning = { en = "A.", zh = "甲。" }
numerator = "x_count"
unit = "count"
good = "up"
source = "us"
"""


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ('unit = "count"', 'unit = "parsec"', "metrics.a.unit must be one of share"),
        ('good = "up"', 'good = "sideways"', "metrics.a.good must be one of up"),
        (', zh = "甲" }', " }", "metrics.a.label must be said in en and zh"),
        ('source = "us"', 'source = "us"\nsorce = "them"', "metrics.a: unknown key sorce"),
        ('"x_count"', '"{b}"', r"metrics.a: \{b\} is no metric"),
        ('"x_count"', '"{a} + 1"', r"metrics.a: \{a\} is itself"),
        ('source = "us"', 'source = "us"\nargument = "7d"', "must both have an argument, or neither"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, was: str, becomes: str, says: str) -> None:
    assert was in ENTRY
    path = tmp_path / "metrics.toml"
    path.write_text(ENTRY.replace(was, becomes, 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match=says):
        load_catalogue(path)


def test_one_of_several_variants_must_be_the_default(tmp_path: Path) -> None:
    second = ENTRY[ENTRY.index("[metrics.a]") :].replace("metrics.a", "metrics.b")
    path = tmp_path / "metrics.toml"
    path.write_text(ENTRY + second, encoding="utf-8")
    with pytest.raises(CatalogueError, match="kpi_a: one of its metrics must be the default: a, b"):
        load_catalogue(path)


def test_the_dictionary_is_as_the_files_have_it() -> None:
    assert dictionary.DICTIONARY.read_text(encoding="utf-8") == dictionary.text(), "python -m pipelines.dictionary"
