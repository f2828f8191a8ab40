"""What a page says when there is nothing to show: what is missing and which command to type.

Belongs here: kind pages without figures. Not here: cards without data (cards.py).
"""

from __future__ import annotations

import shlex
from pathlib import Path

import streamlit as st

from dashboards.components.words import Words


def not_published(words: Words, home: Path) -> None:
    """There is no snapshot yet."""
    st.title(words("empty.title"), anchor=False)
    st.write(words("empty.body", home=home))
    st.code(f"callwright run --home {shlex.quote(str(home))}", language="bash")
    st.write(words("empty.after"))


def no_contacts(words: Words, home: Path) -> None:
    """The snapshot is readable and holds no contact."""
    st.info(words("empty.no_contacts_body", home=home), title=words("empty.no_contacts_title"))


def unreadable(words: Words, home: Path, path: str) -> None:
    """The snapshot cannot be opened."""
    st.error(words("empty.unreadable_body", home=home, path=path), title=words("empty.unreadable_title"))


def no_alerts_table(words: Words, home: Path) -> None:
    """The snapshot is of a version that raised no alerts."""
    st.info(words("empty.no_alerts_body"), title=words("empty.no_alerts_title"))
    st.code(f"callwright run --home {shlex.quote(str(home))}", language="bash")
