"""Builds a home with a published file out of plain SQL, for the tests of the pages and of the browser.

Belongs here: what publishing does as far as a reader can tell. Not here: rows (published/*.sql).
Run by hand to look at a page: `python tests/dashboards/build_home.py HOME rich`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import duckdb

from dashboards.queries import Metric, publication
from pipelines.metrics import METRIC_SCHEMA, load_catalogue, metric_rows
from pipelines.sqlgraph import load_macros

PUBLISHED = Path(__file__).parent / "published"


def create_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the macros, and fill the catalogue that they come from."""
    for text in load_macros():
        connection.execute(text)
    places = ", ".join("?" for _ in METRIC_SCHEMA)
    rows = [list(row.values()) for row in metric_rows(load_catalogue())]
    connection.executemany(f"insert into meta.metrics values ({places})", rows)


def catalogue() -> dict[str, Metric]:
    """The catalogue as the pages read it of a published file."""
    with duckdb.connect() as connection:
        connection.execute((PUBLISHED / "schema.sql").read_text(encoding="utf-8"))
        create_macros(connection)
        return publication(connection, "s").catalogue


def publish(home: Path, rows: str, snapshot: str = "20261122T141500Z") -> Path:
    """Publish `published/<rows>.sql` (several joined by +, or none) as a snapshot of `home` and swap the link to it."""
    serve = home / "serve"
    serve.mkdir(parents=True, exist_ok=True)
    path = serve / f"{snapshot}.duckdb"
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute((PUBLISHED / "schema.sql").read_text(encoding="utf-8"))
        for name in filter(None, rows.split("+")):
            connection.execute((PUBLISHED / f"{name}.sql").read_text(encoding="utf-8"))
        create_macros(connection)
        connection.execute(f"attach '{path}' as published (storage_version 'v1.4.0')")
        connection.execute("copy from database memory to published")
        connection.execute("detach published")
    link = serve / "current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(path.name)
    os.replace(link, serve / "current.duckdb")
    return path


if __name__ == "__main__":
    print(publish(Path(sys.argv[1]), sys.argv[2]))
