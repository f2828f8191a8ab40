"""The filters in the sidebar, each bound to the address of the page so that a link keeps them.

Belongs here: which period and comparison are asked for. Not here: asking (queries.py).
Keys are the same on every page: `lang`, `d` first and last date, `cmp` comparison. Streamlit writes into
the address what a widget shows, so only widgets whose values read alike in every language are bound.
"""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from dashboards.components.words import LANGUAGES, Words, language_of
from dashboards.queries import Period

PRESETS_DAYS = (1, 7, 28, 90)
DEFAULT_DAYS = 28
OLDEST_DAYS = 3650


def last_days(days: int, last_date: date) -> Period:
    """Return the days that end with the last day that has data."""
    return Period(last_date - timedelta(days=days - 1), last_date)


def period_of(picked: object, last_date: date) -> Period:
    """Return the period of what a range widget holds: none, one or both of its ends may be picked."""
    held = picked if isinstance(picked, tuple) else (picked,)
    days = sorted(day for day in held if isinstance(day, date))
    return Period(days[0], days[-1]) if days else last_days(DEFAULT_DAYS, last_date)


def language() -> str:
    """Draw the language switch; the browser's own language is the default."""
    names = list(LANGUAGES.values())
    first = list(LANGUAGES).index(language_of(st.context.locale))
    chosen = st.sidebar.selectbox("Language · 语言", names, index=first, key="lang", bind="query-params")
    return next((code for code, name in LANGUAGES.items() if name == chosen), language_of(None))


def period(words: Words, last_date: date) -> Period:
    """Draw the date range and its shortcuts; nothing lies after `last_date`."""
    default = last_days(DEFAULT_DAYS, last_date)
    picked = st.sidebar.date_input(
        words("filter.dates"), (default.from_date, default.to_date), key="d", bind="query-params",
        min_value=last_date - timedelta(days=OLDEST_DAYS), max_value=last_date, format="YYYY-MM-DD",
    )  # fmt: skip
    shown = period_of(picked, last_date)
    st.session_state["preset"] = next((n for n in PRESETS_DAYS if last_days(n, last_date) == shown), None)
    st.sidebar.pills(words("filter.last_days"), PRESETS_DAYS, key="preset", on_change=_take_preset, args=(last_date,))
    return shown


def _take_preset(last_date: date) -> None:
    taken = last_days(st.session_state["preset"] or DEFAULT_DAYS, last_date)
    st.session_state["d"] = (taken.from_date, taken.to_date)


def prior_period(words: Words, shown: Period, *, is_compared: bool) -> Period | None:
    """Draw the comparison switch, at rest on a page that compares nothing; None means no comparison."""
    is_on = st.sidebar.toggle(
        words("filter.comparison"), value=True, key="cmp", bind="query-params", disabled=not is_compared,
        help=None if is_compared else words("filter.comparison_unused"),
    )  # fmt: skip
    return shown.prior() if is_on and is_compared else None
