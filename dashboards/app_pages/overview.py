"""Overview: is the centre healthy, and is it earning? Quality first, then efficiency and money.

Belongs here: the order of things on the page. Not here: SQL, figures, formats, words.
"""

from __future__ import annotations

import duckdb
import streamlit as st

from dashboards import charts
from dashboards.components import captions, cards, empty, filters, header, published
from dashboards.components.words import Words
from dashboards.logs import log

words: Words = st.session_state["words"]
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

header.draw(facts, words, words("nav.overview"))
if facts.last_date is None:
    empty.no_contacts(words, home)
    st.stop()

period = filters.period(words, facts.last_date)
prior = filters.prior_period(words, period)
st.sidebar.caption(captions.anchor(facts.last_date, words))
view = published.overview(path, period, prior)

st.caption(captions.period(period, prior, words))
against = captions.against(prior, words)
for section, names in (("quality", cards.QUALITY), ("efficiency", cards.EFFICIENCY), ("money", cards.MONEY)):
    st.subheader(words(f"section.{section}"), anchor=False)
    with st.grid(4, min_column_width=205, key=f"cards_{section}"):
        for name in names:
            cards.draw(cards.card(name, view, facts, words, against), name)

is_dark = st.context.theme.type == "dark"
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
