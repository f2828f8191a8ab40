"""Which alert is looked at: the choice on the Alerts page, and the sentences that lead there from the Overview.

Belongs here: the `alert` of the address, both ways; the filters are carried along by Streamlit.
Not here: the list's text (alert_captions.py), evidence.
The address is the truth: a widget bound to it would write a whole sentence there.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards.alert_queries import Alert, Watch
from dashboards.components import alert_captions, captions, published
from dashboards.components.words import Words
from dashboards.queries import Publication

PARAMETER = "alert"
PAGE = "app_pages/alerts.py"
CHANGED_MAX = 5


def choose(path: str, listed: Sequence[Alert], words: Words, notice: DeltaGenerator) -> Alert | None:
    """Draw the choice and return what is chosen: of the address, else the newest of the list.

    `notice` is where it is said that the address names no alert of the list.
    """
    known = {alert.alert_key: alert for alert in listed}
    asked = st.query_params.get(PARAMETER)
    key: str | None = next(iter(known), None)
    if asked:
        key = alert_captions.key_of(asked)
        found = known.get(key or "") or (published.alert(path, key) if key else None)
        if found is None:
            notice.warning(words("alerts.unknown"))
            key = None
        elif found.alert_key not in known:
            notice.info(words("alerts.elsewhere"))
            known = {found.alert_key: found} | known
    if not known:
        return None
    st.session_state["chosen_alert"] = key
    picked = st.selectbox(
        words("alerts.choose"), list(known), key="chosen_alert", on_change=_take_choice,
        format_func=lambda key: alert_captions.choice(known[key], words), placeholder=words("alerts.choose_one"),
    )  # fmt: skip
    return known.get(picked or "")


def _take_choice() -> None:
    chosen = st.session_state["chosen_alert"]
    if chosen:
        st.query_params[PARAMETER] = chosen


def what_changed(watch: Watch | None, facts: Publication, words: Words) -> None:
    """Draw the strongest alerts of the period as links to their evidence; nothing for a file that knows none."""
    if watch is None:
        return
    with st.container(key="what_changed", gap="small"):
        st.subheader(words("alerts.changed_title"), anchor=False)
        if not watch.alerts:
            st.caption(alert_captions.summary(watch, words))
        for alert in alert_captions.strongest(watch.alerts, CHANGED_MAX):
            with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall"):
                # A link's own label is cut off at the edge of the page; the sentence beside it breaks.
                st.markdown(alert_captions.marked(alert, facts.catalogue, words), width="content")
                link = f":blue[{words('alerts.why')}]"
                st.page_link(PAGE, label=link, query_params={PARAMETER: alert.alert_key})
        more = len(watch.alerts) - CHANGED_MAX
        if more > 0:
            st.page_link(PAGE, label=f":blue[{words('alerts.more', n=more)}]")
        known_of_days(watch, words)


def known_of_days(watch: Watch, words: Words) -> None:
    """Draw what is known of the days, whatever the figures say."""
    known = alert_captions.known_of_days(watch, words)
    if known:
        st.caption(captions.plain(known))
