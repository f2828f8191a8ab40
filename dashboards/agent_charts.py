"""The funnel plot of the agents, by a pure function: each agent's share against its n, within limits of chance.

Belongs here: marks, axes, colours of that figure. Not here: the limits themselves (sql/macros/funnel_*.sql), other
figures (charts.py), the sentence about it (components/agents.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from statistics import median

import plotly.graph_objects as go

from dashboards import charts
from dashboards.agent_queries import AgentRow, Agents, FairMetric, Limits
from dashboards.components import agents, formats
from dashboards.components.words import Words

NAMED_MAX = 6  # more names at the marks would lie on one another; they are in the hover and in the table
LIGHT = {"better": "#0072B2", "worse": "#D55E00", "within": "#6B7480", "small": "#8A929C", "limit": "#8A929C"}
DARK = {"better": "#56B4E9", "worse": "#E69F00", "within": "#A3ADBA", "small": "#7D8794", "limit": "#7D8794"}
SYMBOLS = {"above": "triangle-up", "below": "triangle-down", "within": "circle"}


def funnel(view: Agents, metric: FairMetric, words: Words, *, is_dark: bool = False) -> go.Figure:
    """Draw every agent at its n and share; whoever is outside the 99.8 % limits by colour, symbol and name.

    Agents of fewer than the metric's `minimum_n` are hollow and grey, wherever they lie.
    """
    palette = DARK if is_dark else LIGHT
    figure = go.Figure()
    _add_limits(figure, view, words, palette)
    places = {row.agent: agents.place(row, metric) for row in view.rows}
    outside = [row for row in view.rows if places[row.agent] in ("better", "worse")]
    for place in ("small", "within", "better", "worse"):
        rows = [row for row in view.rows if places[row.agent] == place]
        if rows:
            is_named = place in ("better", "worse") and len(outside) <= NAMED_MAX
            _add_agents(figure, rows, place, palette[place], words, is_named=is_named)
    _add_minimum(figure, view, metric, words, palette)
    _axes(figure, view, metric, words)
    return figure


def _add_limits(figure: go.Figure, view: Agents, words: Words, palette: dict[str, str]) -> None:
    places = [limits.n for limits in view.funnel]
    for name, dash, lows, highs in (
        (words("agents.limit_95"), "dot", *_ends(view.funnel, "95")),
        (words("agents.limit_998"), "solid", *_ends(view.funnel, "998")),
    ):
        for ends, is_first in ((lows, True), (highs, False)):
            figure.add_scatter(
                x=places, y=ends, mode="lines", name=name, legendgroup=name, showlegend=is_first, hoverinfo="skip",
                line={"color": palette["limit"], "width": 1.5, "dash": dash},
            )  # fmt: skip
    if view.rows:
        figure.add_scatter(
            x=places, y=[view.rows[0].all_value] * len(places), mode="lines", name=words("agents.all_together"),
            hoverinfo="skip", line={"color": palette["limit"], "width": 1.5, "dash": "dash"},
        )  # fmt: skip


def _ends(funnel: Sequence[Limits], width: str) -> tuple[list[float], list[float]]:
    return [getattr(limits, f"low_{width}") for limits in funnel], [
        getattr(limits, f"high_{width}") for limits in funnel
    ]


def _add_agents(
    figure: go.Figure, rows: Sequence[AgentRow], place: str, colour: str, words: Words, *, is_named: bool
) -> None:
    most = max(row.n for row in rows)
    figure.add_scatter(
        x=[row.n for row in rows], y=[row.value for row in rows], name=agents.place_words(place, words),
        mode="markers+text" if is_named else "markers",
        marker={
            "color": colour, "size": 9 if place in ("small", "within") else 13,
            "symbol": ["circle-open" if place == "small" else SYMBOLS[row.position] for row in rows],
        },
        text=[escape(row.agent) for row in rows] if is_named else None,
        # A name on the left of a mark is not cut off at the right edge.
        textposition=["middle left" if row.n > most / 2 else "middle right" for row in rows],
        customdata=[
            [escape(row.agent), formats.percent(row.value), formats.count(row.n), formats.percent(row.shrunken_value)]
            for row in rows
        ],
        hovertemplate=(
            f"<b>%{{customdata[0]}}</b><br>%{{customdata[1]}} · n %{{customdata[2]}}<br>"
            f"{words('agents.estimate')} %{{customdata[3]}}<extra></extra>"
        ),
    )  # fmt: skip


def _add_minimum(figure: go.Figure, view: Agents, metric: FairMetric, words: Words, palette: dict[str, str]) -> None:
    """Mark where there are enough observations to judge, if somebody has fewer."""
    if any(row.n < metric.minimum_n for row in view.rows):
        is_low_good = metric.good == "down"  # the empty corner is where nobody should be
        figure.add_vline(metric.minimum_n, line={"color": palette["limit"], "dash": "longdash", "width": 1})
        figure.add_annotation(
            x=metric.minimum_n, xanchor="left", yref="paper", y=int(is_low_good), showarrow=False,
            yanchor="top" if is_low_good else "bottom", font={"size": 12, "color": palette["within"]},
            text=words("agents.minimum", minimum=metric.minimum_n),
        )  # fmt: skip


def value_range(view: Agents, minimum_n: int) -> tuple[float, float]:
    """Return the shares to show: of all agents, and the limits of the upper half of those who are judged.

    The wide end of the funnel is cut, which leaves the others room.
    """
    usual = median([row.n for row in view.rows if row.n >= minimum_n] or [row.n for row in view.rows] or [0])
    shown = [limits for limits in view.funnel if limits.n >= usual]
    lows = [*(row.value for row in view.rows), *(limits.low_998 for limits in shown)]
    highs = [*(row.value for row in view.rows), *(limits.high_998 for limits in shown)]
    low, high = min(lows, default=0.0), max(highs, default=1.0)
    room = 0.06 * max(high - low, 0.01)
    return low - room, high + room


def _axes(figure: go.Figure, view: Agents, metric: FairMetric, words: Words) -> None:
    numbers = [row.n for row in view.rows] or [metric.minimum_n]
    least, most = min(numbers), max(*numbers, metric.minimum_n)
    figure.update_xaxes(
        title_text=words("agents.axis_n"), range=[0 if 3 * least < most else 0.85 * least, 1.06 * most], showgrid=False,
        tickformat=",d", nticks=charts.TICKS_MAX + 1,
    )  # fmt: skip
    figure.update_yaxes(
        title_text=metric.label[words.language[:2]], range=value_range(view, metric.minimum_n), tickformat=".0%",
        nticks=8, zeroline=False,
    )  # fmt: skip
    figure.update_layout(
        height=460,
        margin={"l": 8, "r": 8, "t": 36, "b": 8},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal", "title": ""},
        hoverlabel={"namelength": -1},
        hovermode="closest",
    )
