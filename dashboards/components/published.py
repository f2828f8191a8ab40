"""The published file behind the pages, cached.

Belongs here: finding the home's newest snapshot and remembering answers by its path, so that a publish
is seen at the next rerun and no answer outlives its snapshot. Not here: SQL (queries.py).
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import streamlit as st

from dashboards import agent_queries, queries

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
