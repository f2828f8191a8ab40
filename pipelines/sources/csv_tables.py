"""Loads a CSV file in UTF-8 into DuckDB: its delimiter, its header, and the lines that are no record of it.

Belongs here: what DuckDB's CSV reader has to be told, and what it says of refused lines. Does not belong here:
encodings (encodings.py), what a column means (tabular.py).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb


def dialect(plain: str) -> tuple[dict[str, Any], list[str]]:
    """Reader options of a built-in table, from its header, and that header; a spreadsheet may say `sep=;` above it."""
    with Path(plain).open("rb") as file:
        line = file.readline(1 << 16).decode("utf-8", "replace").strip("\r\n")
        options: dict[str, Any] = {"header": True, "quote": '"', "escape": '"'}
        stated = re.fullmatch(r"sep=(.)", line)
        if stated:
            options["skip"] = 1
            line = file.readline(1 << 16).decode("utf-8", "replace").strip("\r\n")
    outside_quotes = re.sub(r'"[^"]*"', "", line)
    delimiter = stated[1] if stated else max(",;\t|", key=outside_quotes.count)
    options["delim"] = delimiter
    return options, next(csv.reader([line], delimiter=delimiter), [])


def load_csv(
    con: duckdb.DuckDBPyConnection, plain: str, given: Mapping[str, Any], line: str
) -> list[tuple[int, str, str]]:
    """Makes the table `input` of a CSV file.

    Args:
        con: An empty database.
        plain: Path of the file, uncompressed, in UTF-8.
        given: DuckDB's reader options; every column is text unless `types` names it.
        line: Name of the column of line numbers to add.

    Returns:
        Lines that are no record: number, reason, text.
    """
    options: dict[str, Any] = {"all_varchar": True, "store_rejects": True, **given}
    if "types" in options:
        options.pop("all_varchar")
        columns = con.execute(
            f"describe select * from read_csv(?, {_literal_options({**options, 'types': {}})})", [plain]
        )
        options["types"] = {row[0]: "VARCHAR" for row in columns.fetchall()} | dict(given["types"])
    header_lines = 0 if options.get("header") is False else 1
    lines_before = header_lines + int(options.get("skip", 0))
    con.execute(
        f"create table input as select row_number() over () + {lines_before} as {line}, *"
        f" from read_csv(?, {_literal_options(options)})",
        [plain],
    )
    errors = con.execute(
        "select line, string_agg(distinct lower(error_type), ', '), any_value(csv_line)"
        " from reject_errors group by line order by line"
    ).fetchall()
    if errors:
        _shift_lines(con, line)
    return [(int(number), f"not a record of this file: {kind}", text or "") for number, kind, text in errors]


def _shift_lines(con: duckdb.DuckDBPyConnection, line: str) -> None:
    """Numbers were given to the records that were read; those after a refused line stand one line further down."""
    con.execute(
        "create temp table refused as select line - row_number() over (order by line) + 1 as before"
        " from (select distinct line from reject_errors)"
    )
    con.execute(f"update input set {line} = {line} + (select count(*) from refused where before <= {line})")


def _literal_options(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {_literal(value)}" for name, value in options.items() if value != {})


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(v) for v in value) + "]"
    return "'" + str(value).replace("'", "''") + "'"
