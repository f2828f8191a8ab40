"""The published file as its readers see it: which one is newest, and opening it safely.

Belongs here: what analysts' commands need, and nothing slow to import. Does not belong here: writing it (publish.py).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.errors import CallwrightError
from pipelines.home import Home


@dataclass(frozen=True)
class Snapshot:
    """One published file.

    Attributes:
        name: Its id, which sorts by time.
        path: The file, HOME/serve/<name>.duckdb.
    """

    name: str
    path: Path


def current_snapshot(home: Home) -> Snapshot:
    """The newest published file, by its real path.

    Raises:
        CallwrightError: Nothing is published yet.
    """
    link = home.current_snapshot
    if not link.exists():
        raise CallwrightError(f"nothing is published in {home.path} yet", f"type: callwright run --home {home.path}")
    path = Path(os.path.realpath(link))
    return Snapshot(path.stem, path)


def open_published(home: Home) -> duckdb.DuckDBPyConnection:
    """The published file, read-only, without any access to files or network from SQL.

    Raises:
        CallwrightError: Nothing is published yet.
    """
    con = duckdb.connect(current_snapshot(home).path, read_only=True)
    con.execute("set enable_external_access = false")
    zone = con.execute("select timezone from meta.centre").fetchall()
    if zone:
        con.execute(f"set TimeZone = '{zone[0][0]}'")
        con.execute(f"set variable timezone = '{zone[0][0]}'")
    return con
