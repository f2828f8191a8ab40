"""What every page needs before it can show anything: the newest snapshot, its header, the shared filters.

Belongs here: the one order in which a page begins, and stopping kindly where nothing is published. Not here: figures.
Filters are drawn by the entry point, not by a page: Streamlit would take them from the address at a change of page.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import streamlit as st

from dashboards.components import captions, empty, filters, header, published
from dashboards.components.words import Words
from dashboards.logs import log
from dashboards.queries import Period, Publication


@dataclass(frozen=True)
class Opened:
    """The snapshot that a page shows, and what is asked of it; prior None = no comparison."""

    path: str
    facts: Publication
    period: Period
    prior: Period | None
    is_dark: bool


def begin(words: Words, title: str, *, is_compared: bool) -> Opened:
    """Draw the header and the filters; stop the run where there is nothing to show.

    Args:
        words: the language.
        title: the page's.
        is_compared: whether the page compares periods.
    """
    home = published.home()
    path = published.current_snapshot()
    if path is None:
        empty.not_published(words, home)
        st.stop()
    try:
        facts = published.publication(path)
    except duckdb.Error as error:
        log.error("cannot read %s: %s", path, error)
        empty.unreadable(words, home, path)
        st.stop()
    header.draw(facts, words, title)
    if facts.last_date is None:
        empty.no_contacts(words, home)
        st.stop()
    period = filters.period(words, facts.last_date)
    prior = filters.prior_period(words, period, is_compared=is_compared)
    st.sidebar.caption(captions.anchor(facts.last_date, words))
    return Opened(path, facts, period, prior, st.context.theme.type == "dark")
