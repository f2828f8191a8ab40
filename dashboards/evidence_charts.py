"""Figures of the Alerts page, by pure functions: what an alert that is no watched series rests on.

Belongs here: marks and axes of one figure per kind of alert. Not here: watched series (series_charts.py), colours and
style (charts.py), asking for data, Streamlit, any phrase of a language.
A point that matters differs by symbol as well as by colour: blue is better, orange is worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from html import escape
from itertools import pairwise

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboards.alert_queries import Alert, CampaignArm, MonthPoint, Months, Policy, PolicyWeek, TopicWeek
from dashboards.charts import TICKS_MAX, colours, place, style
from dashboards.components import formats
from dashboards.components.words import Words

NEWS = ("new", "rising")  # of a topic, what an alert is raised on
NAME_MAX = 44  # letters: what a telephone's width has room for
VERSION_MARKS = (("line", "circle", "solid"), ("timed_out", "square", "dash"), ("exited_by_key", "diamond", "dot"))


def contribution_and_csat(
    months: Months, about: Alert, words: Words, *, labels: tuple[str, str], currency: str | None, is_dark: bool = False
) -> go.Figure:
    """Draw contribution by month above, CSAT with its 95 % interval below, the alert's month marked in both."""
    palette = colours(is_dark=is_dark)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.1, row_heights=[0.58, 0.42])
    bars, line = months.contribution, months.csat
    is_it = [point.month_date == about.from_date for point in bars]
    figure.add_bar(
        x=[place(point.month_date) for point in bars], y=[point.value for point in bars], row=1, col=1,
        width=timedelta(days=22).total_seconds() * 1000, showlegend=False,
        marker={
            "color": [palette["bad"] if it else palette["other"] for it in is_it],
            "pattern": {"shape": ["/" if it else "" for it in is_it], "fillmode": "overlay", "size": 6},
        },
        text=[formats.money(point.value, currency, is_compact=True) if it else "" for point, it in
              zip(bars, is_it, strict=True)],
        textposition="outside", cliponaxis=False, textfont={"size": 12}, constraintext="none", textangle=0,
        customdata=[_month_hover(point, "amount", words, currency) for point in bars],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    _add_csat(figure, line, about, words, palette)
    shown = sorted({point.month_date for point in (*bars, *line)})
    ticks = shown[:: max(1, -(-len(shown) // TICKS_MAX))]
    figure.update_xaxes(
        tickvals=[place(day) for day in ticks], ticktext=[formats.month(day, words.language) for day in ticks],
        showgrid=False, tickangle=0,
    )  # fmt: skip
    if shown:
        figure.update_xaxes(range=[place(shown[0]) - timedelta(days=16), place(shown[-1]) + timedelta(days=16)])
    ends = [0.0, *(point.value for point in bars)]
    room = 0.25 * ((max(ends) - min(ends)) or 1)
    figure.update_yaxes(
        title_text=labels[0], row=1, col=1, zeroline=True, zerolinecolor=palette["target"],
        range=[min(ends) - (room if min(ends) < 0 else 0), max(ends) + room],
    )  # fmt: skip
    figure.update_yaxes(title_text=labels[1], tickformat=".0%", nticks=4, row=2, col=1)
    style(figure, height=420)
    figure.update_layout(margin_t=16)
    return figure


def _add_csat(
    figure: go.Figure, line: Sequence[MonthPoint], about: Alert, words: Words, palette: dict[str, str]
) -> None:
    figure.add_scatter(
        x=[place(point.month_date) for point in line], y=[point.value for point in line], row=2, col=1,
        mode="lines+markers", showlegend=False, line={"color": palette["line"], "width": 1.5},
        marker={
            "color": palette["line"],
            "size": [12 if point.month_date == about.from_date else 7 for point in line],
            "symbol": ["diamond" if point.month_date == about.from_date else "circle" for point in line],
        },
        error_y={
            "type": "data", "symmetric": False, "thickness": 1, "width": 3, "color": palette["target"],
            "array": [0 if point.high is None else point.high - point.value for point in line],
            "arrayminus": [0 if point.low is None else point.value - point.low for point in line],
        },
        customdata=[_month_hover(point, "share", words, None) for point in line],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip


def _month_hover(point: MonthPoint, unit: str, words: Words, currency: str | None) -> str:
    return f"{formats.month(point.month_date, words.language)}: {formats.quantity(unit, point.value, currency)}"


def campaign_uplift(rows: Sequence[CampaignArm], about: Alert, words: Words, *, is_dark: bool = False) -> go.Figure:
    """Draw what each campaign changed with its 95 % interval; one that did harm is told to stop or narrow.

    Where it cannot be measured, this is said instead of a number. The alert's campaign is in bold.
    """
    palette = colours(is_dark=is_dark)
    looks = {"harmful": ("bad", "bad_text", "diamond"), "useful": ("good", "good_text", "triangle-up")}
    shown = list(reversed(rows))
    figure = go.Figure()
    ends = [end for row in shown for end in (row.low, row.high) if end is not None]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    room = 0.08 * ((high - low) or 1)
    for height, row in enumerate(shown):
        colour, ink, symbol = looks.get(row.verdict, ("target", "target", "circle"))
        name = escape(_short(f"{row.campaign_id} {row.arm}"))
        name = f"<b>{name}</b>" if row.identity == about.identity else name
        said = words(f"verdict.{row.verdict}") if words.has(f"verdict.{row.verdict}") else escape(row.verdict)
        figure.add_annotation(
            x=0, xref="x domain", xanchor="left", y=height + 0.16, yanchor="bottom", showarrow=False, align="left",
            text=f"{name}<br><span style='color:{palette[ink]}'>{said}</span>",
            font={"size": 13, "color": palette["ink"]},
        )  # fmt: skip
        if row.uplift is None or row.low is None or row.high is None:
            continue
        figure.add_scatter(
            x=[row.uplift], y=[height], mode="markers", showlegend=False,
            marker={"size": 12, "symbol": symbol, "color": palette[colour]},
            error_x={
                "type": "data", "symmetric": False, "array": [row.high - row.uplift],
                "arrayminus": [row.uplift - row.low], "color": palette[colour], "thickness": 2, "width": 6,
            },
            text=[f"{escape(row.campaign_id)}: {uplift_text(row, words)}"], hoverinfo="text",
        )  # fmt: skip
    for height in range(len(shown)):  # a line through all would cross the names
        figure.add_shape(
            type="line", x0=0, x1=0, y0=height - 0.2, y1=height + 0.14, line={"color": palette["target"], "width": 1},
        )  # fmt: skip
    figure.update_xaxes(
        title_text=words("evidence.uplift_axis"), range=[low - room, high + room], showgrid=False, zeroline=False,
        tickformat="+.2f", nticks=TICKS_MAX,
    )  # fmt: skip
    figure.update_yaxes(visible=False, range=[-0.4, max(1, len(shown)) - 0.2])
    style(figure, height=90 + 78 * max(1, len(shown)))
    figure.update_layout(margin_t=8)
    return figure


def _short(text: str) -> str:
    return text if len(text) <= NAME_MAX else text[: NAME_MAX - 1] + "…"


def uplift_text(row: CampaignArm, words: Words) -> str:
    """Return an uplift with its 95 % interval, or that it cannot be measured."""
    if row.uplift is None or row.low is None or row.high is None:
        return words("verdict.not_measurable")
    return words("evidence.uplift", value=signed(row.uplift), low=signed(row.low), high=signed(row.high))


def signed(value: float) -> str:
    """0.115 -> +0.12; a value that rounds to nothing has no sign."""
    text = f"{abs(value):.2f}"
    if not text.strip("0."):
        return text
    return (formats.MINUS if value < 0 else "+") + text


def policy_weeks(policy: Policy, words: Words, *, is_dark: bool = False) -> go.Figure:
    """Draw 1 / propensity by week and version beside what it should average to; what is off is crossed."""
    palette = colours(is_dark=is_dark)
    figure = go.Figure()
    _add_expected(figure, policy.weeks, words, palette)
    versions = sorted({week.version for week in policy.weeks})
    for number, version in enumerate(versions):
        colour, symbol, dash = VERSION_MARKS[number % len(VERSION_MARKS)]
        own = [week for week in policy.weeks if week.version == version]
        x, y = _with_gaps(own)
        figure.add_scatter(
            x=x, y=y, mode="lines+markers", name=escape(version), connectgaps=False, hoverinfo="skip",
            line={"color": palette[colour], "dash": dash, "width": 1.5},
            marker={"symbol": symbol, "size": 7, "color": palette[colour]},
        )  # fmt: skip
    for is_off in (False, True):
        told = [week for week in policy.weeks if (week.is_consistent is False) == is_off]
        if told:
            figure.add_scatter(
                x=[place(week.week_date) for week in told], y=[week.value for week in told], mode="markers",
                name=words("evidence.off"), showlegend=is_off, cliponaxis=False,
                marker={
                    "symbol": "x-thin", "size": 15 if is_off else 10, "opacity": 1 if is_off else 0,
                    "color": palette["bad"], "line": {"width": 3, "color": palette["bad"]},
                },
                text=[_week_hover(week, words) for week in told], hoverinfo="text",
            )  # fmt: skip
    _week_axis(figure, [week.week_date for week in policy.weeks], words)
    is_all = policy.action == "all"
    figure.update_yaxes(
        title_text=words("evidence.choices") if is_all else words("evidence.share_of", action=policy.action),
        tickformat=".1f" if is_all else ".0%", nticks=6,
    )  # fmt: skip
    style(figure, height=360)
    return figure


def _add_expected(figure: go.Figure, weeks: Sequence[PolicyWeek], words: Words, palette: dict[str, str]) -> None:
    expected = [(place(week.week_date), week.expected_value) for week in weeks if week.expected_value is not None]
    _expected_line(figure, expected, words, palette)


def _expected_line(
    figure: go.Figure, expected: Sequence[tuple[datetime, float]], words: Words, palette: dict[str, str]
) -> None:
    figure.add_scatter(
        x=[at for at, _ in expected], y=[value for _, value in expected], mode="lines", name=words("evidence.expected"),
        line={"color": palette["target"], "width": 1.5, "shape": "hvh"}, hoverinfo="skip",
    )  # fmt: skip


def _with_gaps(weeks: Sequence[PolicyWeek]) -> tuple[list[datetime | None], list[float | None]]:
    x: list[datetime | None] = [place(week.week_date) for week in weeks[:1]]
    y: list[float | None] = [week.value for week in weeks[:1]]
    for earlier, week in pairwise(weeks):
        if week.week_date - earlier.week_date > timedelta(days=7):
            x.append(None)
            y.append(None)
        x.append(place(week.week_date))
        y.append(week.value)
    return x, y


def _week_hover(week: PolicyWeek, words: Words) -> str:
    expected = words("value.not_stated") if week.expected_value is None else f"{week.expected_value:.2f}"
    return words(
        "evidence.week_hover", version=escape(week.version), day=formats.local_date(week.week_date, words.language),
        value=f"{week.value:.2f}", expected=expected, n=formats.count(week.decision_count),
    )  # fmt: skip


def _week_axis(figure: go.Figure, days: Sequence[date], words: Words) -> None:
    weeks = sorted(set(days))
    ticks = weeks[:: max(1, -(-len(weeks) // TICKS_MAX))]
    figure.update_xaxes(
        tickvals=[place(day) for day in ticks], ticktext=[formats.short_date(day, words.language) for day in ticks],
        showgrid=False, tickangle=0,
    )  # fmt: skip


def topic_weeks(weeks: Sequence[TopicWeek], words: Words, *, is_dark: bool = False) -> go.Figure:
    """Draw a topic's share of the comments by week with its 95 % interval, beside the share before it.

    Weeks in which it was new or rising are triangles; weeks of too few comments to tell are hollow.
    """
    palette = colours(is_dark=is_dark)
    figure = go.Figure()
    expected = [(place(week.week_date), week.expected) for week in weeks if week.expected is not None]
    _expected_line(figure, expected, words, palette)
    groups = (
        ("few", [week for week in weeks if week.status == "too few"], ("target", "circle-open", 7)),
        ("usual", [week for week in weeks if week.status not in ("too few", *NEWS)], ("line", "circle", 7)),
        ("news", [week for week in weeks if week.status in NEWS], ("bad", "triangle-up", 12)),
    )
    for name, own, (colour, symbol, size) in groups:
        if not own:
            continue
        figure.add_scatter(
            x=[place(week.week_date) for week in own], y=[week.value for week in own], mode="markers",
            name=words(f"evidence.topic_{name}"), cliponaxis=False,
            marker={"symbol": symbol, "size": size, "color": palette[colour]},
            error_y={
                "type": "data", "symmetric": False, "thickness": 1, "width": 3, "color": palette[colour],
                "array": [0 if week.high is None else week.high - week.value for week in own],
                "arrayminus": [0 if week.low is None else week.value - week.low for week in own],
            },
            text=[_topic_hover(week, words) for week in own], hoverinfo="text",
        )  # fmt: skip
    _week_axis(figure, [week.week_date for week in weeks], words)
    figure.update_yaxes(title_text=words("evidence.topic_axis"), tickformat=".0%", rangemode="tozero", nticks=6)
    style(figure, height=340)
    return figure


def _topic_hover(week: TopicWeek, words: Words) -> str:
    return words(
        "evidence.topic_hover", day=formats.local_date(week.week_date, words.language),
        rate=formats.percent(week.value), n=formats.count(week.comment_count),
        all=formats.count(week.all_comment_count),
    )  # fmt: skip
