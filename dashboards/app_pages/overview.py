"""Overview: is the centre healthy, and is it earning? Quality first, then efficiency and money.

Belongs here: the order of things on the page. Not here: SQL, figures, formats, words.
"""

from __future__ import annotations

import streamlit as st

from dashboards import charts
from dashboards.components import alert_list, captions, cards, published
from dashboards.components.opening import Opened
from dashboards.components.words import Words

words: Words = st.session_state["words"]
opened: Opened = st.session_state["opened"]
facts, prior, is_dark = opened.facts, opened.prior, opened.is_dark
view = published.overview(opened.path, opened.period, prior)

st.caption(captions.period(opened.period, prior, words))
alert_list.what_changed(published.watch(opened.path, opened.period), facts, words)
against = captions.against(prior, words)
for section, names in (("quality", cards.QUALITY), ("efficiency", cards.EFFICIENCY), ("money", cards.MONEY)):
    st.subheader(words(f"section.{section}"), anchor=False)
    with st.grid(4, min_column_width=205, key=f"cards_{section}"):
        for name in names:
            cards.draw(cards.card(name, view, facts, words, against), name)

st.subheader(words("chart.when_title"), anchor=False)
when = captions.busiest(view, facts, words)
st.caption(when)
if view.points:
    st.plotly_chart(
        charts.visits_over_time(
            view.points, words, timezone=facts.timezone, is_by_interval=view.is_by_interval,
            target_rate=view.target_rate, minimum_n=facts.minimum_n, is_dark=is_dark,
        ),
        key="visits_over_time", config=charts.CONFIG, alt=when,
    )  # fmt: skip

with st.grid(2, min_column_width=340, key="queues_and_tiers", gap="large") as pair:
    with pair.cell():
        st.subheader(words("chart.outcome_title"), anchor=False)
        left = captions.outcomes(view, facts, words)
        st.caption(captions.plain(left))
        if any(row.offered_count for row in view.queues):
            figure = charts.outcomes_by_queue(view.queues, words, is_dark=is_dark)
            st.plotly_chart(figure, key="outcomes", config=charts.CONFIG, alt=left)
    with pair.cell():
        st.subheader(words("chart.tiers_title"), anchor=False)
        mix = captions.tiers(view, words)
        st.caption(captions.plain(mix))
        if view.tiers:
            st.plotly_chart(charts.tier_mix(view.tiers, words), key="tiers", config=charts.CONFIG, alt=mix)

st.subheader(words("chart.table_title"), anchor=False)
met = captions.targets(view, facts, words)
st.caption(met)
if view.queues:
    with st.container(key="queue_table"):
        st.table(
            captions.queue_table(view.queues, facts.minimum_n, words), border="horizontal", hide_index=True, alt=met
        )
