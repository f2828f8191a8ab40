"""What an alert rests on, drawn under the list: one small function for each kind of alert.

Belongs here: which figure shows which kind. A new kind needs a line in `DRAWN` and words (`kind.`, `method.`);
until it has them its sentence stands alone.
Not here: figures (series_charts.py, evidence_charts.py), sentences (alert_captions.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from dashboards import charts, evidence_charts, series_charts
from dashboards.alert_queries import Alert
from dashboards.components import alert_captions, captions, published
from dashboards.components.words import Words
from dashboards.queries import Publication


@dataclass(frozen=True)
class Case:
    """An alert to show the evidence of, and all that the showing needs."""

    alert: Alert
    path: str
    centre: Publication
    words: Words
    is_dark: bool


def _watched_series(case: Case) -> None:
    shown = published.series(case.path, case.alert)
    said = alert_captions.series(case.alert, shown, case.words)
    figure = None
    if shown.points:
        figure = series_charts.watched_series(
            shown.points, shown.annotations, case.alert, case.words,
            label=alert_captions.label(case.alert, case.centre, case.words), is_dark=case.is_dark,
        )  # fmt: skip
    _draw(case, "series", said, figure)
    notes = alert_captions.beside(shown, case.words)
    if notes and figure:
        st.caption(captions.plain(notes))


def _months(case: Case) -> None:
    shown = published.months(case.path, case.alert)
    labels = (alert_captions.metric_label(name, case.centre, case.words) for name in ("contribution", "csat"))
    figure = None
    if shown.contribution:
        figure = evidence_charts.contribution_and_csat(
            shown, case.alert, case.words, labels=(next(labels), next(labels)), currency=case.centre.currency,
            is_dark=case.is_dark,
        )  # fmt: skip
    _draw(case, "months", alert_captions.months(case.alert, shown, case.centre, case.words), figure)


def _campaigns(case: Case) -> None:
    rows = published.campaigns(case.path, case.alert)
    figure = evidence_charts.campaign_uplift(rows, case.alert, case.words, is_dark=case.is_dark) if rows else None
    _draw(case, "campaigns", alert_captions.campaigns(case.alert, rows, case.words), figure)


def _policy(case: Case) -> None:
    shown = published.policy(case.path, case.alert)
    figure = evidence_charts.policy_weeks(shown, case.words, is_dark=case.is_dark) if shown.weeks else None
    _draw(case, "policy", alert_captions.policy(case.alert, shown, case.words), figure)


def _topic(case: Case) -> None:
    weeks = published.topic(case.path, case.alert)
    figure = evidence_charts.topic_weeks(weeks, case.words, is_dark=case.is_dark) if weeks else None
    _draw(case, "topic", alert_captions.topic(weeks, case.words), figure)


DRAWN: dict[str, Callable[[Case], None]] = {
    "outside_limits": _watched_series,
    "missing": _watched_series,
    "contribution_fell": _months,
    "harmful_campaign": _campaigns,
    "wrong_propensities": _policy,
    "new_topic": _topic,
}


def _draw(case: Case, name: str, said: str, figure: go.Figure | None) -> None:
    st.markdown(f"**{case.words(f'question.{name}')}**")
    st.caption(captions.plain(said))
    if figure is not None:
        st.plotly_chart(figure, key=f"evidence_{name}", config=charts.CONFIG, alt=said)


def draw(case: Case) -> None:
    """Draw an alert's sentence, and below it what it rests on if its kind is known."""
    st.subheader(alert_captions.sentence(case.alert, case.words), anchor=False)
    st.caption(captions.plain(alert_captions.facts(case.alert, case.words)))
    shown = DRAWN.get(case.alert.kind)
    if shown:
        shown(case)
    method = alert_captions.method(case.alert, case.words)
    if method:
        st.caption(captions.plain(method))
