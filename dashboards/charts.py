"""Figures of the Overview, by pure functions: rows and words in, a Plotly figure out; colours and style of all figures.

Belongs here: marks, axes, colours, and the sentence that says what a figure shows. Not here: the Alerts page's
figures (series_charts.py, evidence_charts.py), asking for data, Streamlit, any phrase of a language.
Colours are Okabe and Ito's, told apart by colour-blind readers; no chart has two y axes on one plot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from itertools import pairwise

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboards.components import formats
from dashboards.components.words import Words
from dashboards.queries import OUTCOMES, QueueRow, TierRow, TimePoint

# Sharing with a cloud is on by default in plotly.js: it would let figures leave the house.
CONFIG = {
    "displaylogo": False,
    "displayModeBar": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "toImageButtonOptions": {"scale": 2},
}
LIGHT = {
    "answered": "#0072B2", "abandoned": "#E69F00", "timed_out": "#009E73", "exited_by_key": "#CC79A7",
    "exited_empty": "#56B4E9", "withdrawn": "#D55E00", "open": "#999999",
    "line": "#0072B2", "target": "#5A6472", "other": "#999999",
    "good": "#0072B2", "bad": "#D55E00", "bad_text": "#A84700", "good_text": "#005A8C", "ink": "#1B2430",
}  # fmt: skip
DARK = LIGHT | {
    "answered": "#56B4E9", "exited_empty": "#F0E442", "line": "#56B4E9", "target": "#A3ADBA",
    "good": "#56B4E9", "bad": "#E69F00", "bad_text": "#F0B429", "good_text": "#7CC6F0", "ink": "#E8ECF1",
}  # fmt: skip
TIER_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
TICKS_MAX = 5  # what a telephone's width has room for
# With more points than this their marks would hide the line.
MARKS_MAX = 120
INTERVAL_DEFAULT = timedelta(minutes=30)
LABEL_SHARE_MIN = 0.06  # a narrower part of a bar has no room for its own label


def colours(*, is_dark: bool) -> dict[str, str]:
    """Return the colour of every mark for a theme."""
    return DARK if is_dark else LIGHT


def instant(group_value: str) -> datetime:
    """Return the UTC instant of a macro's group: an interval's start, or a business date's midnight."""
    if "T" in group_value:
        return datetime.fromisoformat(group_value.replace("Z", "+00:00"))
    return place(date.fromisoformat(group_value))


def place(day: date, hour: int | None = None) -> datetime:
    """Return where a local day (or the middle of an hour) stands on the axis.

    That is at UTC midnight whatever the zone: there it is a name, not a moment.
    """
    at = datetime.combine(day, time(), UTC)
    return at if hour is None else at + timedelta(hours=hour, minutes=30)


def step(moments: Sequence[datetime], *, is_by_interval: bool) -> timedelta:
    """Return the length of an interval: the least distance between two, a default when there is one."""
    if not is_by_interval:
        return timedelta(days=1)
    gaps = [later - earlier for earlier, later in pairwise(moments) if later > earlier]
    return min(gaps, default=INTERVAL_DEFAULT)


def moment_label(moment: datetime, timezone: str, language: str, *, is_by_interval: bool) -> str:
    """Return the tick of a moment: 14:30 on the centre's clocks, or the business date."""
    if is_by_interval:
        return formats.local_clock(moment, timezone)
    return formats.short_date(moment.date(), language)


def visits_over_time(
    rows: Sequence[TimePoint],
    words: Words,
    *,
    timezone: str,
    is_by_interval: bool,
    target_rate: float | None,
    minimum_n: int,
    is_dark: bool = False,
) -> go.Figure:
    """Draw callers by outcome above, service level below, on one time axis.

    Positions are instants, so that the hour that comes twice in autumn is two bars; a time without rows is
    a gap. A point of fewer than `minimum_n` judged visits is hollow and grey.
    """
    palette = colours(is_dark=is_dark)
    moments = [instant(row.group_value) for row in rows]
    width = step(moments, is_by_interval=is_by_interval)
    labels = [moment_label(moment, timezone, words.language, is_by_interval=is_by_interval) for moment in moments]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.09, row_heights=[0.58, 0.42])
    for name, counts in _parts(rows):
        figure.add_bar(
            x=moments, y=counts, name=words(f"outcome.{name}"), marker_color=palette[name], row=1, col=1,
            width=0.8 * width.total_seconds() * 1000, customdata=labels,
            hovertemplate="%{customdata}: %{y:,}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    _add_service_level(figure, rows, moments, labels, words, palette, minimum_n)
    if target_rate is not None:
        figure.add_hline(target_rate, row=2, col=1, line={"color": palette["target"], "dash": "dash", "width": 1})
        figure.add_annotation(
            x=1, xref="x2 domain", xanchor="left", y=target_rate, yref="y2", yanchor="middle", showarrow=False,
            text=words("chart.target", rate=f"{100 * target_rate:.0f}%"), align="left",
            font={"color": palette["target"], "size": 12},
        )  # fmt: skip
    _time_axes(figure, moments, labels, width, words)
    return figure


def _parts(rows: Sequence[TimePoint]) -> list[tuple[str, list[int]]]:
    others = [max(0, row.offered_count - row.answered_count - row.abandoned_count) for row in rows]
    parts = [("answered", [row.answered_count for row in rows]), ("abandoned", [row.abandoned_count for row in rows])]
    return [*parts, ("other", others)] if any(others) else parts


def _add_service_level(
    figure: go.Figure,
    rows: Sequence[TimePoint],
    moments: Sequence[datetime],
    labels: Sequence[str],
    words: Words,
    palette: dict[str, str],
    minimum_n: int,
) -> None:
    is_small = [row.judged_count < minimum_n for row in rows]
    is_crowded = len(rows) > MARKS_MAX
    figure.add_scatter(
        x=moments, y=[row.service_level for row in rows], name=words("chart.service_level"),
        mode="lines+markers", connectgaps=False, row=2, col=1, showlegend=False,
        line={"color": palette["line"], "width": 1 if is_crowded else 2},
        marker={
            "size": 4 if is_crowded else 8,
            "color": [palette["other"] if small else palette["line"] for small in is_small],
            "symbol": ["circle-open" if small else "circle" for small in is_small],
        },
        customdata=[[label, row.judged_count] for label, row in zip(labels, rows, strict=True)],
        hovertemplate="%{customdata[0]}: %{y:.1%} · n %{customdata[1]:,}<extra></extra>",
    )  # fmt: skip


def _time_axes(
    figure: go.Figure, moments: Sequence[datetime], labels: Sequence[str], width: timedelta, words: Words
) -> None:
    every = max(1, -(-len(moments) // TICKS_MAX))
    figure.update_xaxes(tickvals=moments[::every], ticktext=labels[::every], showgrid=False, tickangle=0)
    if moments:
        figure.update_xaxes(range=[min(moments) - width, max(moments) + width])
    figure.update_yaxes(title_text=words("chart.callers"), rangemode="tozero", tickformat=",d", row=1, col=1)
    figure.update_yaxes(
        title_text=words("chart.service_level"), range=[0, 1.05], tickformat=".0%", tickvals=[0, 0.5, 1], row=2, col=1
    )
    style(figure, height=420)
    figure.update_layout(barmode="stack", bargap=0.2, margin_r=56)


def outcomes_by_queue(rows: Sequence[QueueRow], words: Words, *, is_dark: bool = False) -> go.Figure:
    """Draw how callers left each queue, as shares of those who entered; name and n stand above each bar.

    Names beside the bars would leave them no room on a telephone.
    """
    palette = colours(is_dark=is_dark)
    shown = [row for row in reversed(rows) if row.offered_count]
    places = list(range(len(shown)))
    figure = go.Figure()
    for outcome in OUTCOMES:
        counts = [row.outcomes[outcome] for row in shown]
        if not any(counts):
            continue
        shares = [number / row.offered_count for number, row in zip(counts, shown, strict=True)]
        figure.add_bar(
            y=places, x=shares, orientation="h", name=words(f"outcome.{outcome}"), marker_color=palette[outcome],
            width=0.5, text=[f"{100 * share:.0f}%" if share >= LABEL_SHARE_MIN else "" for share in shares],
            textposition="inside", insidetextanchor="middle", textangle=0, constraintext="none",
            textfont={"color": _ink(palette[outcome]), "size": 12},
            customdata=[[row.queue, number] for row, number in zip(shown, counts, strict=True)],
            hovertemplate="%{customdata[0]}: %{customdata[1]:,} (%{x:.1%})<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    for place, row in zip(places, shown, strict=True):
        figure.add_annotation(
            x=0, y=place + 0.28, xanchor="left", yanchor="bottom", showarrow=False, align="left",
            text=f"{escape(row.queue)} · n {formats.count(row.offered_count)}", font={"size": 13},
        )  # fmt: skip
    figure.update_xaxes(range=[0, 1], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1], showgrid=False)
    figure.update_yaxes(visible=False, range=[-0.4, max(1, len(shown)) - 0.2])
    style(figure, height=110 + 58 * max(1, len(shown)))
    figure.update_layout(barmode="stack", margin_r=20)
    return figure


def tier_mix(rows: Sequence[TierRow], words: Words) -> go.Figure:
    """Draw how many customers each value tier holds, the highest tier on top, with n and share at the bar."""
    totals: dict[str, int] = {}
    for row in rows:
        totals[row.tier] = totals.get(row.tier, 0) + row.customer_count
    everyone = sum(totals.values())
    names = list(totals)
    figure = go.Figure(
        go.Bar(
            y=[words("chart.tier", tier=name) for name in names], x=list(totals.values()), orientation="h",
            marker_color=[TIER_COLOURS[place % len(TIER_COLOURS)] for place in range(len(names))],
            text=[f"{formats.count(n)} · {100 * n / everyone:.0f}%" for n in totals.values()],
            textposition="outside", cliponaxis=False, hovertemplate="%{y}: %{x:,}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", showgrid=False, automargin=True)
    figure.update_xaxes(visible=False, rangemode="tozero", range=[0, 1.5 * max(totals.values(), default=1)])
    style(figure, height=60 + 42 * max(2, len(names)))
    return figure


def _ink(colour: str) -> str:
    """Return black or white, whichever is easier to read on `colour` (relative luminance, WCAG 2)."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#FFFFFF" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#000000"


def style(figure: go.Figure, *, height: int) -> None:
    """Give a figure its height and the house's margins and legend."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 36, "b": 8},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal", "title": ""},
        hoverlabel={"namelength": -1},
    )


def worst_queue(rows: Sequence[QueueRow], minimum_n: int) -> QueueRow | None:
    """Return the queue whose callers give up most, among those with enough callers to say so."""
    judged = [row for row in rows if row.abandonment is not None and row.offered_count >= minimum_n]
    return max(judged, key=lambda row: (row.abandonment or 0, row.offered_count), default=None)


def busiest(rows: Sequence[TimePoint]) -> TimePoint | None:
    """Return the time at which most callers came, the first of equals."""
    return max(rows, key=lambda row: row.offered_count, default=None)
