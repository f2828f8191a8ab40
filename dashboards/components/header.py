"""The line under every page's title: data time, snapshot, checks.

Belongs here: whose figures these are and how fresh. Not here: the figures.
"""

from __future__ import annotations

import streamlit as st

from dashboards.components import formats
from dashboards.components.words import Words
from dashboards.queries import Publication


def data_line(facts: Publication, words: Words) -> str:
    """Return the line: data time on the centre's clocks, and the snapshot's name."""
    if facts.data_through_at is None:
        data = words("header.data_unknown")
    else:
        moment = formats.local_moment(facts.data_through_at, facts.timezone, words.language)
        data = words("header.data_to", at=moment, zone=facts.timezone)
    return f"{data} · {words('header.snapshot', name=facts.snapshot)}"


def checks_text(facts: Publication, words: Words) -> str:
    """Return how many data checks passed, in words that name failures."""
    total = facts.checks_passed_count + facts.checks_failed_count
    key = "header.checks_failed" if facts.checks_failed_count else "header.checks"
    return words(key, passed=facts.checks_passed_count, total=total, failed=facts.checks_failed_count)


def draw(facts: Publication, words: Words, title: str) -> None:
    """Draw the page's title and the line under it."""
    st.title(f"{facts.centre} · {title}" if facts.centre else title, anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", key="data_line"):
        st.caption(data_line(facts, words), width="content")
        st.badge(
            checks_text(facts, words),
            color="orange" if facts.checks_failed_count else "gray",
            help=words("header.checks_help"),
        )
