"""Figures of the Alerts page, by pure functions: what an alert rests on.

Belongs here: marks and axes of one figure per kind of alert. Not here: colours and style (charts.py), asking for
data, Streamlit, any phrase of a language.
A point that matters differs by symbol as well as by colour: blue is better, orange is worse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from itertools import pairwise

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboards.alert_queries import Alert, Annotation, CampaignArm, MonthPoint, Months, Policy, PolicyWeek, SeriesPoint
from dashboards.charts import TICKS_MAX, colours, style
from dashboards.components import formats
from dashboards.components.words import Words

NAME_MAX = 44  # letters: what a telephone's width has room for
LIMIT = 3  # standard deviations: outside, by more than chance
LETTERS = "abcdefghijklmnopqrstuvwxyz"
LETTERS_APART = 0.05  # of the axis: nearer ones stand on two lines
HEADROOM = 2.5  # limits wider than this many times the values would leave these no room
VERSION_MARKS = (("line", "circle", "solid"), ("timed_out", "square", "dash"), ("exited_by_key", "diamond", "dot"))


def is_hourly(points: Sequence[SeriesPoint]) -> bool:
    """Whether the points are hours of the local clock, not whole days."""
    return any(point.local_hour is not None for point in points)


def is_outside(point: SeriesPoint) -> bool:
    """Whether a point differs by more than chance from what was to be expected."""
    return abs(point.deviation) > LIMIT


def is_about(about: Alert, point: SeriesPoint) -> bool:
    """Whether a point lies in the alert's days, and in its hours."""
    hour = point.local_hour
    first = (about.from_date, about.from_hour or 0)
    last = (about.to_date, 24 if about.to_hour is None else about.to_hour)
    return first <= (point.business_date, hour or 0) < last


def verdict(point: SeriesPoint, kind: str) -> str:
    """Return what a point is: within, better, worse, or other (outside, neither good nor bad)."""
    if not is_outside(point):
        return "within"
    if kind == "missing" and point.value == 0:
        return "worse"
    if point.good_direction not in ("up", "down"):
        return "other"
    return "better" if (point.deviation > 0) == (point.good_direction == "up") else "worse"


def place(day: date, hour: int | None = None) -> datetime:
    """Return where a local day (or the middle of an hour) stands on the axis: a name there, not a moment."""
    at = datetime.combine(day, time(), UTC)
    return at if hour is None else at + timedelta(hours=hour, minutes=30)


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
        "better": (palette["good"], 11, _arrow),
        "worse": (palette["bad"], 11, _arrow),
        "other": (palette["ink"], 11, _arrow),
    }
    for name, (colour, size, symbol) in looks.items():
        for is_usual in (True, False):
            chosen = [
                (moment, point)
                for moment, point in zip(moments, points, strict=True)
                if verdict(point, about.kind) == name and point.is_usual == is_usual
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
    return words("evidence.hour_of_day", day=day, hour=f"{point.local_hour:02}:00–{point.local_hour + 1:02}:00")


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
        name = escape(row.subject if len(row.subject) <= NAME_MAX else row.subject[: NAME_MAX - 1] + "…")
        name = f"<b>{name}</b>" if row.subject == about.subject else name
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
            text=[f"{escape(row.subject)}: {uplift_text(row, words)}"], hoverinfo="text",
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
    weeks = sorted({week.week_date for week in policy.weeks})
    ticks = weeks[:: max(1, -(-len(weeks) // TICKS_MAX))]
    figure.update_xaxes(
        tickvals=[place(day) for day in ticks], ticktext=[formats.short_date(day, words.language) for day in ticks],
        showgrid=False, tickangle=0,
    )  # fmt: skip
    is_all = policy.action == "all"
    figure.update_yaxes(
        title_text=words("evidence.choices") if is_all else words("evidence.share_of", action=policy.action),
        tickformat=".1f" if is_all else ".0%", nticks=6,
    )  # fmt: skip
    style(figure, height=360)
    return figure


def _add_expected(figure: go.Figure, weeks: Sequence[PolicyWeek], words: Words, palette: dict[str, str]) -> None:
    expected = [(place(week.week_date), week.expected_value) for week in weeks if week.expected_value is not None]
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
