"""What `callwright demo` prints: first figures, where to look, the riddles, their answers; 80 columns are enough.

Belongs here: words and layout. Does not belong here: figures (demo.py), riddles and answers (hunt.py, hunt.toml).
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich.markup import escape

from pipelines import demo, hunt, terminal
from pipelines.home import Home
from pipelines.run import RunReport
from pipelines.terminal import out

WIDTH = 79
COMMAND = ".venv/bin/callwright"
LEFT = 5
# Where the words begin that stand beside `look`, `ask` and `explain`.
BESIDE = 14
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def print_year(home: Home, report: RunReport, where: Path) -> None:
    """The simulated year: what it is, its figures, the riddles."""
    figures = demo.first_figures(home)
    _print()
    _print(f"[bold]{escape(str(figures['name']))}[/], a centre that does not exist")
    _paragraph(
        f"{_day(figures['first_date'])} to {_day(figures['last_date'])}: {figures['contact_count']:,} contacts and"
        f" {figures['customer_count']:,} customers of {figures['site_count']} sites, simulated event by event, in the"
        f" files that real systems write. {_read(report)}"
    )
    _print_figures(home)
    _print_places(where)
    clues = hunt.clues_of(home)
    if clues:
        _print_hunt(clues, where)


def print_sample(home: Home, where: Path) -> None:
    """The committed sample: its figures, and where to look."""
    _print_figures(home)
    _print_places(where)


def print_answers(answers: Sequence[hunt.Answer]) -> None:
    """Truth and published file, side by side."""
    number, clue = 0, None
    for answer in answers:
        if answer.clue is not clue:
            number += 1
        is_last = answer is answers[-1] or answers[answers.index(answer) + 1].clue is not answer.clue
        clue = answer.clue
        _print_answer(number, answer)
        if is_last:
            _print()
            _paragraph(clue.moral, LEFT, "italic")
    found = sum(answer.is_found for answer in answers)
    _print()
    if not answers:
        _paragraph("No planted fact is over by the last of these days. A whole year: callwright demo")
        return
    _paragraph(
        f"{_number(found).capitalize()} of {_number(len(answers))} planted facts are found. Truth is what the simulator"
        " wrote down when it happened; published is the first row of the riddle's own query, which knows neither the"
        " day nor the culprit."
    )


def _print_answer(number: int, answer: hunt.Answer) -> None:
    said = "found" if answer.is_found else "not found"
    style = "green" if answer.is_found else "yellow"
    gap = " " * (WIDTH - LEFT - len(answer.clue.title) - len(said))
    _print(f"\n[bold]{number:>3}  {escape(answer.clue.title)}[/]{gap}[{style}]{said}[/]")
    _paragraph(answer.what, LEFT)
    _print(f"\n{'':<{LEFT}}[dim]{'':<28}{'truth':<18}published[/]")
    for line in answer.lines:
        mark = {True: "[green]=[/]", False: "[yellow]differs[/]", None: ""}[line.agrees]
        name, truth, published = line.name.replace("_", " "), _value(line.truth), _value(line.published)
        _print(f"{'':<{LEFT}}{name:<28}{escape(truth):<18}{escape(published):<18}{mark}".rstrip())
    if answer.clue.alert:
        _print()
    for raised_date, text in answer.alerts:
        _beside("alert", f"{raised_date}: {text}")
    if answer.clue.alert and not answer.alerts:
        _beside("alert", "none was raised")


def _print_figures(home: Home) -> None:
    columns, rows = demo.queue_figures(home)
    terminal.print_table(columns, rows, "\nQueues (service level SL, wait ASA, handling AHT in min:s)")
    callers = demo.callers_to_show(home)
    shown = ["number", "tier", "prio", "action", "reasons"]
    values = [(c["number"], c["tier"], c["priority"], c["action"], "\n".join(c["reasons"])) for c in callers]
    if values:
        terminal.print_table(shown, values, "What the router is told of some callers")


def _print_places(where: Path) -> None:
    _print("[bold]Look around[/]")
    for command, what in (
        ("dashboard", "Overview, Alerts and Agents, at http://127.0.0.1:8501"),
        ("dagster", "every table, its checks and lineage, at http://127.0.0.1:3000"),
        ("sql", "a SQL prompt over the published file"),
        ("explain", "every metric: what it means, and what it says now"),
    ):
        _print(f"  [cyan]{COMMAND} {command} --home {escape(str(where))}[/]")
        _print(f"      {what}")


def _print_hunt(clues: Sequence[hunt.Clue], where: Path) -> None:
    home = escape(str(where))
    _print("\n[bold]Treasure hunt[/]")
    _paragraph(
        f"{_number(len(clues)).capitalize()} riddles about facts that are planted in these days. The pipeline was not"
        " told of them: it read files, as ever. Each riddle says where to look, what to ask, and what explains it."
    )
    for number, clue in enumerate(clues, start=1):
        _print(f"\n[bold]{number:>3}  {escape(clue.title)}[/]  [dim]for the {clue.reader}[/]")
        _paragraph(clue.question, LEFT)
        _beside("look", clue.page)
        _beside("hint", clue.hint)
        _beside("ask", f'{COMMAND} sql --home {home} "', "cyan")
        for line in f'{clue.sql}"'.splitlines():
            _print(f"{'':<{LEFT}}[cyan]{escape(line)}[/]")
        if clue.explain:
            _beside("explain", f"{COMMAND} explain {clue.explain} --home {home}", "cyan")
    _print("\n[bold]Answers[/]")
    _print("  the truth, beside what the published file says:")
    _print(f"  [cyan]{COMMAND} demo --answers --home {home}[/]")


def _beside(name: str, what: str | None, style: str | None = None) -> None:
    """A name, and beside it what it is; prose is wrapped, a command is left in one piece."""
    if what is None:
        return
    lines = [what] if style else textwrap.wrap(what, WIDTH - BESIDE)
    for position, line in enumerate(lines):
        shown = f"[{style}]{line}[/]" if style else escape(line)
        _print(f"{'':<{LEFT}}[dim]{(name if position == 0 else ''):<{BESIDE - LEFT}}[/]{shown}")


def _paragraph(text: str, left: int = 0, style: str | None = None) -> None:
    for line in textwrap.wrap(text, WIDTH - left):
        _print(" " * left + (f"[{style}]{escape(line)}[/]" if style else escape(line)))


def _print(line: str = "") -> None:
    # A command that is longer than the terminal is wide stays in one piece, so that it can be copied.
    out.print(line, soft_wrap=True)


def _read(report: RunReport) -> str:
    read = [r for r in report.reports if r.file_count]
    if not report.is_new or not read:
        return "Nothing is new since the last run."
    files, lines = sum(r.file_count for r in read), sum(r.line_count for r in read)
    rejects = sum(r.rejected_count for r in read)
    return f"Read now: {files:,} files of {len(read)} sources, {lines:,} lines, {rejects:,} rejects."


def _number(count: int) -> str:
    return _WORDS[count] if count < len(_WORDS) else f"{count:,}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _value(value: Any) -> str:
    if value is None:
        return "·"
    if isinstance(value, float):
        return f"{value:,.2f}".removesuffix("0").removesuffix(".0")
    return f"{value:,}" if isinstance(value, int) else str(terminal.plain(value))
