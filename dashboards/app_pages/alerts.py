"""Alerts: what should somebody look at, and why? The list of a period, and the evidence of the one chosen.

Belongs here: the order of things on the page. Not here: SQL, figures, formats, words, which figure a kind has.
"""

from __future__ import annotations

import streamlit as st

from dashboards.components import alert_captions, alert_list, captions, empty, evidence, published
from dashboards.components.opening import Opened
from dashboards.components.words import Words

words: Words = st.session_state["words"]
opened: Opened = st.session_state["opened"]
watch = published.watch(opened.path, opened.period)

st.caption(captions.period(opened.period, None, words))
st.subheader(words("alerts.title"), anchor=False)
if watch is None:
    empty.no_alerts_table(words, published.home())
    st.stop()

said = alert_captions.summary(watch, words)
st.caption(captions.plain(said))
alert_list.known_of_days(watch, words)
listed = watch.alerts[: alert_captions.LISTED_MAX]
notice, place = st.container(key="alert_notice"), st.container(key="alert_table")
chosen = alert_list.choose(opened.path, listed, words, notice)
if listed:
    lines = alert_captions.table(listed, chosen, opened.facts.catalogue, words)
    place.table(lines, border="horizontal", hide_index=True, alt=said)
if chosen:
    evidence.draw(evidence.Case(chosen, opened.path, opened.facts, words, opened.is_dark))
