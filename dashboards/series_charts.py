"""The figure of a watched series beside what was to be expected of it (an XmR chart), and what its points are.

Belongs here: which points an alert rests on, and their marks. Not here: figures of the other kinds of alert
(evidence_charts.py), colours and style (charts.py), asking for data, Streamlit, any phrase of a language.
A point that matters differs by symbol as well as by colour: blue is better, orange is worse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from html import escape

import plotly.graph_objects as go

from dashboards.alert_queries import Alert, Annotation, SeriesPoint
from dashboards.charts import TICKS_MAX, colours, place, style
from dashboards.components import formats
from dashboards.components.words import Words

LIMIT = 3  # standard deviations: outside, by more than chance
LIMIT_TOGETHER = 2  # of a point while the five that end with it are outside together
LETTERS = "abcdefghijklmnopqrstuvwxyz"
LETTERS_APART = 0.05  # of the axis: nearer ones stand on two lines
HEADROOM = 2.5  # limits wider than this many times the values would leave these no room


def is_hourly(points: Sequence[SeriesPoint]) -> bool:
    """Whether the points are hours of the local clock, not whole days."""
    return any(point.local_hour is not None for point in points)


def is_outside(point: SeriesPoint) -> bool:
    """Whether a point differs by more than chance from what was to be expected."""
    return abs(point.deviation) > LIMIT


def is_part(about: Alert, point: SeriesPoint) -> bool:
    """Whether a point is one of those the alert was raised on: outside, or two off while the last five together are."""
    if not is_about(about, point) or (point.deviation > 0) != ((about.deviation or 0) > 0):
        return False
    return is_outside(point) or (abs(point.deviation) > LIMIT_TOGETHER and abs(point.sustained_deviation or 0) > LIMIT)


def is_about(about: Alert, point: SeriesPoint) -> bool:
    """Whether a point lies in the alert's days, and in its hours."""
    hour = point.local_hour
    first = (about.from_date, about.from_hour or 0)
    last = (about.to_date, 24 if about.to_hour is None else about.to_hour)
    return first <= (point.business_date, hour or 0) < last


def verdict(point: SeriesPoint, about: Alert) -> str:
    """Return what a point is: within, together (with those before it outside), better, worse, or other (neither)."""
    if not is_outside(point):
        return "together" if is_part(about, point) else "within"
    if about.kind == "missing" and point.value == 0:
        return "worse"
    if point.good_direction not in ("up", "down"):
        return "other"
    return "better" if (point.deviation > 0) == (point.good_direction == "up") else "worse"


def lettered(annotations: Sequence[Annotation]) -> list[tuple[str, Annotation]]:
    """Return each annotation with the letter that stands for it in the figure; after z letters come again."""
    return [(LETTERS[number % len(LETTERS)], annotation) for number, annotation in enumerate(annotations)]


def watched_series(
    points: Sequence[SeriesPoint],
    annotations: Sequence[Annotation],
    about: Alert,
    words: Words,
    *,
    label: str,
    is_dark: bool = False,
) -> go.Figure:
    """Draw a series beside what was to be expected of it, its limits as a band (an XmR chart).

    Days that are not usual are hollow; a time without a figure is a gap. The alert's own time is shaded; annotations
    are thin lines with the letters of `lettered`.
    """
    palette = colours(is_dark=is_dark)
    hourly = is_hourly(points)
    step = timedelta(hours=1) if hourly else timedelta(days=1)
    moments = [place(point.business_date, point.local_hour) for point in points]
    figure = go.Figure()
    _add_limits(figure, points, moments, step, words, palette)
    _add_values(figure, points, moments, step, about, words, palette)
    ends = (place(about.from_date), place(about.to_date))
    begin, end = (ends[0] - step / 2, ends[1] + step / 2)
    if hourly and about.from_hour is not None and about.to_hour is not None:
        begin, end = ends[0] + timedelta(hours=about.from_hour), ends[1] + timedelta(hours=about.to_hour)
    figure.add_vrect(begin, end, fillcolor=palette["bad"], opacity=0.12, line_width=0, layer="below")
    if moments:
        axis = (min(*moments, begin) - step, max(*moments, end) + step)
        figure.update_xaxes(range=axis)
        _add_letters(figure, annotations, axis, words, palette)
    _series_axes(figure, points, moments, about.unit, words)
    figure.update_yaxes(title_text=label)
    style(figure, height=400)
    # The letters stand where a legend would.
    figure.update_layout(bargap=0, legend={"yref": "container", "y": 0, "yanchor": "bottom"}, margin_t=32)
    return figure


def _add_limits(
    figure: go.Figure, points: Sequence[SeriesPoint], moments: Sequence[datetime], step: timedelta, words: Words,
    palette: dict[str, str],
) -> None:  # fmt: skip
    figure.add_bar(
        x=moments, base=[point.low_limit for point in points],
        y=[point.high_limit - point.low_limit for point in points], width=step.total_seconds() * 1000,
        name=words("evidence.limits"), marker={"color": palette["other"], "line": {"width": 0}}, opacity=0.28,
        hoverinfo="skip",
    )  # fmt: skip
    x: list[datetime | None] = []
    y: list[float | None] = []
    for moment, point in zip(moments, points, strict=True):
        x += [moment - step / 2, moment + step / 2, None]
        y += [point.expected_value, point.expected_value, None]
    figure.add_scatter(
        x=x, y=y, mode="lines", name=words("evidence.expected"), connectgaps=False, hoverinfo="skip",
        line={"color": palette["target"], "width": 1.5, "dash": "solid"},
    )  # fmt: skip


def _add_values(
    figure: go.Figure, points: Sequence[SeriesPoint], moments: Sequence[datetime], step: timedelta, about: Alert,
    words: Words, palette: dict[str, str],
) -> None:  # fmt: skip
    x: list[datetime | None] = []
    y: list[float | None] = []
    for number, (moment, point) in enumerate(zip(moments, points, strict=True)):
        if number and moment - moments[number - 1] > step:
            x.append(None)
            y.append(None)
        x.append(moment)
        y.append(point.value)
    figure.add_scatter(
        x=x, y=y, mode="lines", connectgaps=False, showlegend=False, hoverinfo="skip",
        line={"color": palette["line"], "width": 1},
    )  # fmt: skip
    looks: dict[str, tuple[str, int, Callable[[SeriesPoint], str]]] = {
        "within": (palette["line"], 6, lambda _: "circle"),
        "together": (palette["bad"], 9, lambda _: "square"),
        "better": (palette["good"], 11, _arrow),
        "worse": (palette["bad"], 11, _arrow),
        "other": (palette["ink"], 11, _arrow),
    }
    for name, (colour, size, symbol) in looks.items():
        for is_usual in (True, False):
            chosen = [
                (moment, point)
                for moment, point in zip(moments, points, strict=True)
                if verdict(point, about) == name and point.is_usual == is_usual
            ]
            if not chosen:
                continue
            figure.add_scatter(
                x=[moment for moment, _ in chosen], y=[point.value for _, point in chosen], mode="markers",
                name=words(f"evidence.{name}" if is_usual else f"evidence.{name}_unusual"), cliponaxis=False,
                marker={
                    "size": size, "color": colour, "line": {"width": 0 if is_usual else 1.5, "color": colour},
                    "symbol": [symbol(point) + ("" if is_usual else "-open") for _, point in chosen],
                },
                text=[_hover(point, about.unit, words) for _, point in chosen], hoverinfo="text",
            )  # fmt: skip


def _arrow(point: SeriesPoint) -> str:
    return "triangle-up" if point.deviation > 0 else "triangle-down"


def _hover(point: SeriesPoint, unit: str, words: Words) -> str:
    return words(
        "evidence.hover", moment=moment_of(point, words), value=formats.quantity(unit, point.value),
        expected=formats.quantity(unit, point.expected_value), low=formats.quantity(unit, point.low_limit),
        high=formats.quantity(unit, point.high_limit), n=formats.count(point.n),
    )  # fmt: skip


def moment_of(point: SeriesPoint, words: Words) -> str:
    """Name a point's day, and its hour on the local clock."""
    day = formats.local_date(point.business_date, words.language)
    if point.local_hour is None:
        return day
    return f"{day} {point.local_hour:02}:00–{point.local_hour + 1:02}:00"


def _add_letters(
    figure: go.Figure, annotations: Sequence[Annotation], axis: tuple[datetime, datetime], words: Words,
    palette: dict[str, str],
) -> None:  # fmt: skip
    """Mark what else happened: a thin line with a letter above the plot; near ones alternate between two lines."""
    language = words.language[:2]
    before: datetime | None = None
    is_raised = False
    for letter, annotation in lettered(annotations):
        at = max(place(annotation.from_date), axis[0])
        is_raised = before is not None and at - before < LETTERS_APART * (axis[1] - axis[0]) and not is_raised
        figure.add_vline(at, line={"color": palette["target"], "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=at, y=1, yref="y domain", yanchor="bottom", yshift=12 if is_raised else 0, showarrow=False, text=letter,
            font={"size": 12, "color": palette["target"]}, hovertext=escape(annotation.what[language]),
        )  # fmt: skip
        before = at


def _series_axes(
    figure: go.Figure, points: Sequence[SeriesPoint], moments: Sequence[datetime], unit: str, words: Words
) -> None:
    days = sorted({point.business_date for point in points})
    shown = days[:: max(1, -(-len(days) // TICKS_MAX))]
    figure.update_xaxes(
        tickvals=[place(day) for day in shown], ticktext=[formats.short_date(day, words.language) for day in shown],
        showgrid=is_hourly(points), tickangle=0, ticklabelposition="outside right" if is_hourly(points) else "outside",
    )  # fmt: skip
    del moments
    top = max((max(point.value, min(point.high_limit, HEADROOM * _seen(points))) for point in points), default=1)
    if unit == "share":
        figure.update_yaxes(range=[0, min(1.05, 1.08 * top) or 1], tickformat=".0%")
    elif unit == "s":
        steps = _steps(top)
        figure.update_yaxes(range=[0, 1.08 * top], tickvals=steps, ticktext=[formats.duration(at) for at in steps])
    else:
        figure.update_yaxes(range=[0, 1.08 * top or 1], tickformat=",d", rangemode="tozero")


def _seen(points: Sequence[SeriesPoint]) -> float:
    return max(max(point.value, point.expected_value) for point in points)


def _steps(top: float, count: int = 4) -> list[float]:
    """Return round numbers of seconds from zero to `top`."""
    sizes = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400]
    size = next((size for size in sizes if top / size <= count), sizes[-1])
    return [float(size * number) for number in range(int(top // size) + 1)]
