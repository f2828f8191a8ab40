"""Agents: who needs help, fairly judged? Each agent beside all of them, within the limits of chance.

Belongs here: the order of things on the page. Not here: SQL, figures, formats, words.
"""

from __future__ import annotations

import streamlit as st

from dashboards import agent_charts, charts
from dashboards.components import agents, captions, published
from dashboards.components.opening import Opened
from dashboards.components.words import Words

METRIC_KEY = "ag_metric"

words: Words = st.session_state["words"]
opened: Opened = st.session_state["opened"]
metrics = {metric.name: metric for metric in published.fair_metrics(opened.path)}
if not metrics:
    st.info(words("agents.older_body", home=published.home()), title=words("agents.older_title"))
    st.stop()


def take_metric() -> None:
    """Write what was picked into the address, which alone says what is shown; its words differ by language."""
    st.query_params[METRIC_KEY] = st.session_state[METRIC_KEY]


asked = st.query_params.get(METRIC_KEY)
st.session_state[METRIC_KEY] = asked if asked in metrics else next(iter(metrics))
picked = st.segmented_control(
    words("agents.metric"), list(metrics), format_func=lambda name: metrics[name].label[words.language[:2]],
    key=METRIC_KEY, required=True, on_change=take_metric,
)  # fmt: skip
metric = metrics[picked or next(iter(metrics))]
view = published.agents(opened.path, metric, opened.period)

st.caption(captions.period(opened.period, None, words))
st.subheader(words("agents.funnel_title"), anchor=False, help=metric.meaning[words.language[:2]])
answer = agents.answer(view, metric, words)
st.markdown(captions.plain(answer))
if view.rows:
    figure = agent_charts.funnel(view, metric, words, is_dark=opened.is_dark)
    st.plotly_chart(figure, key="agents_funnel", config=charts.CONFIG, alt=answer)
    st.caption(words("agents.funnel_note"))

    st.subheader(words("agents.table_title"), anchor=False)
    order = words("agents.table_note")
    st.caption(order)
    with st.container(key="agents_table"):
        st.table(agents.table(view, metric, words), border="horizontal", hide_index=True, alt=order)
