"""`callwright sql`: a query, or a prompt, over the published file.

Belongs here: running an analyst's SQL safely. Does not belong here: printing tables (terminal.py).
"""

from __future__ import annotations

from typing import Any

import duckdb

from pipelines.errors import CallwrightError
from pipelines.home import Home
from pipelines.published import open_published
from pipelines.terminal import err, print_rows


def query(home: Home, text: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows of a query over the published file.

    Raises:
        CallwrightError: The SQL is wrong, or nothing is published yet.
    """
    with open_published(home) as con:
        return _ask(con, text)


def _ask(con: duckdb.DuckDBPyConnection, text: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    try:
        result = con.execute(text)
        return [column[0] for column in result.description or []], result.fetchall()
    except duckdb.Error as error:
        raise CallwrightError(str(error), 'the tables and columns: callwright sql "from meta.columns"') from error


def prompt(home: Home) -> None:
    """Reads queries that end in a semicolon from the terminal until end of file; a wrong one does not end it."""
    import readline  # noqa: F401  gives input() history and editing

    err.print("end a query with ;   leave with Ctrl-D   the tables: from meta.columns;")
    pending = ""
    with open_published(home) as con:
        while True:
            try:
                pending += input("callwright> " if not pending else "        ... ") + "\n"
            except EOFError:
                return
            if pending.strip().endswith(";"):
                try:
                    columns, rows = _ask(con, pending)
                    print_rows(columns, rows, "table")
                except CallwrightError as error:
                    err.print(str(error), markup=False)
                pending = ""
