"""The published file behind the pages, cached.

Belongs here: finding the home's newest snapshot and remembering answers by its path, so that a publish
is seen at the next rerun and no answer outlives its snapshot. Not here: SQL (queries.py).
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import streamlit as st

from dashboards import agent_queries, alert_queries, queries

HOME_DEFAULT = "data/home"


def home() -> Path:
    """Return the centre's home, from CALLWRIGHT_HOME."""
    return Path(os.environ.get("CALLWRIGHT_HOME") or HOME_DEFAULT)


def current_snapshot() -> str | None:
    """Return the real path of the newest snapshot; asked anew at every rerun, never cached."""
    return queries.snapshot_path(home())


@st.cache_resource(max_entries=2, show_spinner=False)
def _opened(path: str) -> duckdb.DuckDBPyConnection:
    """Open the snapshot once: that takes longer than most answers. Sessions ask on cursors of their own."""
    return queries.connect(path)


@st.cache_data(max_entries=8, show_spinner=False)
def publication(path: str) -> queries.Publication:
    """Return what the snapshot at `path` says of itself."""
    with _opened(path).cursor() as cursor:
        return queries.publication(cursor, path)


@st.cache_data(max_entries=64, show_spinner=False)
def overview(path: str, period: queries.Period, prior: queries.Period | None) -> queries.Overview:
    """Return the Overview's answers from the snapshot at `path`."""
    with _opened(path).cursor() as cursor:
        return queries.overview(cursor, period, prior)


@st.cache_data(max_entries=8, show_spinner=False)
def fair_metrics(path: str) -> tuple[agent_queries.FairMetric, ...]:
    """Return the shares that the snapshot at `path` compares agents by."""
    with _opened(path).cursor() as cursor:
        return agent_queries.fair_metrics(cursor)


@st.cache_data(max_entries=64, show_spinner=False)
def agents(path: str, metric: agent_queries.FairMetric, period: queries.Period) -> agent_queries.Agents:
    """Return the agents' shares from the snapshot at `path`."""
    with _opened(path).cursor() as cursor:
        return agent_queries.agents(cursor, metric, period)


@st.cache_data(max_entries=64, show_spinner=False)
def watch(path: str, period: queries.Period) -> alert_queries.Watch | None:
    """Return the alerts of a period from the snapshot at `path`, None if it knows no alerts."""
    with _opened(path).cursor() as cursor:
        return alert_queries.watch(cursor, period)


@st.cache_data(max_entries=64, show_spinner=False)
def alert(path: str, alert_key: str) -> alert_queries.Alert | None:
    """Return the alert of a key, None if there is none."""
    with _opened(path).cursor() as cursor:
        return alert_queries.alert(cursor, alert_key)


@st.cache_data(max_entries=32, show_spinner=False)
def series(path: str, about: alert_queries.Alert) -> alert_queries.Series:
    """Return the points around an alert of a watched series."""
    with _opened(path).cursor() as cursor:
        return alert_queries.series(cursor, about)


@st.cache_data(max_entries=32, show_spinner=False)
def months(path: str, about: alert_queries.Alert) -> alert_queries.Months:
    """Return the months around an alert."""
    with _opened(path).cursor() as cursor:
        return alert_queries.months(cursor, about)


@st.cache_data(max_entries=32, show_spinner=False)
def campaigns(path: str, about: alert_queries.Alert) -> tuple[alert_queries.CampaignArm, ...]:
    """Return what each campaign changed."""
    with _opened(path).cursor() as cursor:
        return alert_queries.campaigns(cursor, about)


@st.cache_data(max_entries=32, show_spinner=False)
def topic(path: str, about: alert_queries.Alert) -> tuple[alert_queries.TopicWeek, ...]:
    """Return the weeks of the topic around an alert."""
    with _opened(path).cursor() as cursor:
        return alert_queries.topic(cursor, about)


@st.cache_data(max_entries=32, show_spinner=False)
def policy(path: str, about: alert_queries.Alert) -> alert_queries.Policy:
    """Return the weeks of the policy around an alert."""
    with _opened(path).cursor() as cursor:
        return alert_queries.policy(cursor, about)
