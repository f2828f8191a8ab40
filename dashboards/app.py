"""Entry point of the dashboards: `callwright dashboard` runs this file with Streamlit.

Belongs here: page list, language, the pages' common ground (header and filters). Not here: any figure or query.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboards.components import filters, opening
from dashboards.components.words import Words

HERE = Path(__file__).parent

# A local picture: a Material icon would make the browser fetch its favicon from another host.
st.set_page_config(
    page_title="Callwright",
    page_icon=str(HERE / "static" / "icon.png"),
    layout="wide",
    initial_sidebar_state=330,
)

words = Words(filters.language())
st.session_state["words"] = words
page = st.navigation(
    {
        words("nav.section"): [
            st.Page(
                HERE / "app_pages" / "overview.py",
                title=words("nav.overview"),
                url_path="overview",
                default=True,
                help=words("nav.overview_help"),
            ),
            st.Page(
                HERE / "app_pages" / "alerts.py",
                title=words("nav.alerts"),
                url_path="alerts",
                help=words("nav.alerts_help"),
            ),
            st.Page(
                HERE / "app_pages" / "agents.py",
                title=words("nav.agents"),
                url_path="agents",
                help=words("nav.agents_help"),
            ),
        ]
    }
)
st.session_state["opened"] = opening.begin(words, page.title, is_compared=page.url_path not in ("alerts", "agents"))
page.run()
