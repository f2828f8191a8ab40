"""What the command line prints: results on stdout, progress and errors on stderr, plain where nobody is watching.

Belongs here: formatting for a terminal. Does not belong here: where the figures come from.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.errors import CallwrightError

# rich honours NO_COLOR and writes plain text where stdout is no terminal.
# A file or a pipe has no width of its own: wide enough there that no table is folded.
PIPE_WIDTH = 200
out = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else PIPE_WIDTH)


def fail(error: CallwrightError) -> None:
    """Prints what went wrong and what to do next."""
    err.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
    if error.hint:
        err.print(f"[bold]next:[/] {escape(error.hint)}", soft_wrap=True)


@contextmanager
def progress(title: str) -> Iterator[Callable[[str], None]]:
    """Shows what is being done: one line that changes on a terminal, elsewhere a line every few seconds."""
    begun = time.monotonic()
    if err.is_terminal:
        with err.status(f"{title} …") as status:
            yield lambda what: status.update(f"{title}: {escape(what)}  [dim]{time.monotonic() - begun:.0f} s[/]")
        return
    said = [begun]

    def say(what: str) -> None:
        now = time.monotonic()
        if now - said[0] >= 5:
            said[0] = now
            err.print(f"{title}: {escape(what)} ({now - begun:.0f} s)")

    yield say


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]], form: str) -> None:
    """Prints a result as `table`, `json` (a list of objects, one a row) or `csv`."""
    if form == "json":
        objects = [dict(zip(columns, row, strict=True)) for row in rows]
        sys.stdout.write(json.dumps(objects, default=plain, ensure_ascii=False, indent=1) + "\n")
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([["" if v is None else plain(v) for v in row] for row in rows])
    else:
        print_table(columns, rows)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> None:
    """Prints rows as a table; numbers to the right, null as an empty cell."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=box.SIMPLE_HEAD)
    for position, name in enumerate(columns):
        is_number = any(isinstance(row[position], int | float | Decimal) for row in rows)
        table.add_column(escape(name), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*[escape(_shown(value)) for value in row])
    out.print(table)


def print_figures(figures: Mapping[str, Any]) -> None:
    """Prints one figure a line, its name first; a list takes a line for each of its entries."""
    width = max(map(len, figures))
    for name, value in figures.items():
        lines = [str(v) for v in value] or ["none"] if isinstance(value, list) else [_shown(value)]
        for position, line in enumerate(lines):
            out.print(f"{(name if position == 0 else '').replace('_', ' '):<{width}}  {escape(line)}", soft_wrap=True)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else repr(value)
    return str(plain(value))


def plain(value: Any) -> Any:
    """A value as JSON has it; times as ISO 8601 with their offset."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, str | int | float | dict) or value is None:
        return value
    return str(value)
