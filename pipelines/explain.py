"""`callwright explain`: what a metric is, how it is computed, what it says now, and how it differs from its variants.

Belongs here: putting the catalogue and the published figures together. Does not belong here: the catalogue
(metrics.py), the figures themselves (the kpi_ macros), how a terminal shows it (terminal.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import duckdb

from pipelines.errors import CallwrightError
from pipelines.home import Home
from pipelines.metrics import Catalogue, Metric, load_catalogue
from pipelines.published import open_published

WEEK = timedelta(days=6)
# Variants of an amount may be a total and a mean, which no difference compares.
_COMPARED = {("share", "share"), ("s", "s"), ("points", "points")}


@dataclass(frozen=True)
class Figure:
    """A metric over all of a period; value None: nothing to divide by, or nothing published."""

    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    n: int | None = None


@dataclass(frozen=True)
class Variant:
    """Another metric of the same macro, with its own figure and how it differs."""

    metric: str
    label: str
    formula: str
    unit: str
    unlike: str
    figure: Figure


@dataclass(frozen=True)
class Explanation:
    """All that there is to say of a metric.

    Attributes:
        sql: What to type to have the figure by queue, or by the metric's own grain.
        from_date, to_date: The period of the figures: the last seven days with data; None: nothing is published.
    """

    metric: str
    label: str
    label_zh: str
    meaning: str
    meaning_zh: str
    formula: str
    sums: str
    of: str
    unit: str
    good: str
    basis: str
    source: str
    unlike: str
    grains: tuple[str, ...]
    minimum_n: int | None
    sql: str
    from_date: date | None
    to_date: date | None
    figure: Figure
    variants: tuple[Variant, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as JSON has it."""
        found = asdict(self)
        dates = {key: found[key].isoformat() if found[key] else None for key in ("from_date", "to_date")}
        return {**found, **dates}


def explain(home: Home | None, name: str, period: tuple[date, date] | None = None) -> Explanation:
    """Explains one metric.

    Args:
        home: Whose figures; None: the definition alone.
        name: The metric, or its macro.
        period: First and last business date; else the last seven with data.

    Raises:
        CallwrightError: There is no such metric.
    """
    catalogue = load_catalogue()
    metric = catalogue.find(name)
    period, figures = _figures(home, catalogue, metric, period)
    dates = [f"date '{day}'" for day in period] if period else ["from_date", "to_date"]
    named = [] if metric == catalogue.macros[metric.macro][0] else [f"variant := '{metric.id}'"]
    call = f"kpi_{metric.macro}({', '.join([*dates, f'by := {chr(39)}{metric.sums.by}{chr(39)}', *named])})"
    return Explanation(
        metric.id, metric.label["en"], metric.label["zh"], metric.meaning["en"], metric.meaning["zh"], metric.formula,
        metric.sums.macro, metric.sums.of, metric.unit, metric.good, metric.basis, metric.source, metric.unlike,
        metric.grains, metric.smallest_n, f"from {call}",
        period[0] if period else None, period[1] if period else None, figures.get(metric.id, Figure()),
        tuple(
            Variant(v.id, v.label["en"], v.formula, v.unit, v.unlike, figures.get(v.id, Figure()))
            for v in catalogue.variants(metric)
        ),
    )  # fmt: skip


def overview(home: Home | None) -> tuple[tuple[date, date] | None, list[tuple[Metric, Figure]]]:
    """Every metric with its figure of the last seven days with data."""
    catalogue = load_catalogue()
    period, figures = _figures(home, catalogue, None, None)
    return period, [(m, figures.get(m.id, Figure())) for m in catalogue.metrics.values()]


def _figures(
    home: Home | None, catalogue: Catalogue, metric: Metric | None, period: tuple[date, date] | None
) -> tuple[tuple[date, date] | None, dict[str, Figure]]:
    """Figures of a metric and its variants, or of all; none where nothing is published."""
    if home is None or not home.current_snapshot.exists():
        return period, {}
    asked = list(catalogue.metrics.values()) if metric is None else [metric, *catalogue.variants(metric)]
    with open_published(home) as con:
        period = period or _last_week(con)
        return period, {m.id: _figure(con, m, period) for m in asked} if period else {}


def _last_week(con: duckdb.DuckDBPyConnection) -> tuple[date, date] | None:
    last = con.execute("select max(business_date) from core.contacts").fetchall()[0][0]
    return (last - WEEK, last) if last else None


def _figure(con: duckdb.DuckDBPyConnection, metric: Metric, period: tuple[date, date]) -> Figure:
    call = f"kpi_{metric.macro}(?, ?, by := 'total', variant := '{metric.id}')"
    query = f"select value, numerator, denominator, n from {call}"
    try:
        rows = con.execute(query, list(period)).fetchall()
    except duckdb.CatalogException as error:
        raise CallwrightError(
            f"the published file does not know kpi_{metric.macro}: it is older than this version",
            "publish again: callwright run",
        ) from error
    return Figure(*rows[0]) if rows else Figure()


# --- words -----------------------------------------------------------------------------------------------


def value_text(unit: str, value: float | None, currency: str = "") -> str:
    """A value as people read it, with its unit."""
    if value is None:
        return "N/A"
    match unit:
        case "share":
            return f"{100 * value:.2f} %"
        case "s":
            return f"{value:,.1f} s"
        case "count":
            return f"{value:,.0f}"
        case "amount":
            return f"{value:,.2f} {currency}".rstrip()
        case "points":
            return f"{value:,.1f} points"
        case "per_hour":
            return f"{value:,.1f} per hour"
        case "per_contact":
            return f"{value:,.3f} per contact"
        case "attempts":
            return f"{value:,.2f} attempts"
    return f"{value:,.2f}"


def as_text(found: Explanation, currency: str = "") -> str:
    """The explanation as lines for a terminal."""
    lines = [
        f"{found.label}   {found.label_zh}   [{found.metric}]",
        "",
        f"  {found.meaning}",
        f"  {found.meaning_zh}",
        "",
        f"  formula     {found.formula}",
        f"  of          {found.sums}: {found.of}",
        f"  unit        {found.unit}; better: {found.good}; {found.basis}",
        f"  by          {', '.join(found.grains)}",
        f"  definition  {found.source}",
    ]
    if found.unlike:
        lines.append(f"  mind        {found.unlike}")
    lines += ["", f"  {_now(found, currency)}", f'  callwright sql "{found.sql}"']
    if found.variants:
        lines += ["", "Its variants, over the same days:"]
        width = max(len(v.metric) for v in found.variants)
        for variant in found.variants:
            value = value_text(variant.unit, variant.figure.value, currency)
            lines.append(f"  {variant.metric:<{width}}  {value:>14}  {variant.formula}")
            lines.append(f"  {'':<{width}}  {_apart(found, variant):>14}  {variant.unlike or variant.label}")
    return "\n".join(lines)


def _now(found: Explanation, currency: str) -> str:
    if found.from_date is None:
        return "nothing is published yet, so there is no figure"
    figure = found.figure
    parts = f" = {figure.numerator:,.6g} / {figure.denominator:,.6g}" if figure.denominator else ""
    days = f"{found.from_date} to {found.to_date}"
    return f"{value_text(found.unit, figure.value, currency)}{parts}, n {figure.n or 0:,}   ({days})"


def _apart(found: Explanation, variant: Variant) -> str:
    """How far a variant lies from the metric, in its own unit."""
    value, other = found.figure.value, variant.figure.value
    if value is None or other is None or (found.unit, variant.unit) not in _COMPARED:
        return ""
    difference = other - value
    return f"{100 * difference:+.2f} pt" if found.unit == "share" else f"{difference:+,.1f}"
