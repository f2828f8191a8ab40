"""sql/DICTIONARY.md: every metric and every published table, in words, made of the files that define them.

Belongs here: writing that page; `python -m pipelines.dictionary` writes it anew. Does not belong here: what it says.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.metrics import Metric, load_catalogue
from pipelines.sqlgraph import SQL_FOLDER, Model, load_models

DICTIONARY = SQL_FOLDER / "DICTIONARY.md"


def text() -> str:
    """The page."""
    catalogue = load_catalogue()
    published = [model for model in load_models().values() if model.is_published]
    lines = [
        "# Dictionary",
        "",
        "Made of `metrics.toml` and of the other files here by `python -m pipelines.dictionary`; a test keeps it so.",
        f"{len(catalogue.metrics)} metrics, {len(published)} published tables.",
        "`callwright explain METRIC` tells of one metric with this week's figure.",
        "",
        "## Metrics",
        "",
        "Each macro takes `(from_date, to_date, by := …, variant := …)`, both dates included, and answers"
        " `group_value, numerator, denominator, value, n`;",
        "`kpi(metric, from_date, to_date, by := …)` takes any of their names. Where a macro has several metrics, the"
        " first is what it computes if no variant is named.",
        "Formulas are over the columns of the sums macro named beside them.",
    ]
    for macro, metrics in catalogue.macros.items():
        first = metrics[0]
        told = f"By {', '.join(first.grains)}. Sums: `{first.sums.macro}`, {first.sums.of}."
        lines += ["", f"### kpi_{macro}", "", told]
        lines += [line for metric in metrics for line in _of_metric(metric)]
    lines += ["", "## Tables"]
    for model in published:
        lines += _of_table(model)
    return "\n".join(lines) + "\n"


def _of_metric(metric: Metric) -> list[str]:
    narrowed = f" of `{metric.argument}`" if metric.argument else ""
    return [
        "",
        f"**{metric.id}**: {metric.label['en']} · {metric.label['zh']}  ",
        f"{metric.meaning['en']} {metric.unlike}".rstrip() + "  ",
        f"`{metric.formula}`{narrowed}; {metric.unit}; better: {metric.good}; {metric.basis}. {metric.source}.",
    ]


def _of_table(model: Model) -> list[str]:
    rows = [f"| {column.name} | {column.description.replace('|', '/')} |" for column in model.columns]
    return ["", f"### {model.table}", "", model.description, "", "| column | meaning |", "|---|---|", *rows]


def write(path: Path = DICTIONARY) -> None:
    """Writes the page."""
    path.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    write()
