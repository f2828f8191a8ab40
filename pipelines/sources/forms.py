"""In which form a column of a table file writes its numbers and dates, and the SQL that reads that form.

Belongs here: decimal points and commas, day and month, dates that a spreadsheet shows or counts in its own way.
Does not belong here: which columns there are (canonical.py), reading files (tabular.py).

A form is decided for a whole column of one file, from what its values can mean. Where they can mean two things and
nothing decides, the rows in question are rejects that name the setting; a number or date is never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import duckdb

from pipelines.sources.base import sql_text

DateOrder = Literal["day_first", "month_first"]
DecimalMark = Literal[".", ","]

# 1,234.50 and 1.234,50; a group of thousands never begins with 0, so 0.125 and 0,125 each have one meaning.
_POINT = r"[+-]?(?:[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]*)?"
_COMMA = r"[+-]?(?:[0-9]+|[1-9][0-9]{0,2}(?:[.' \x{a0}\x{202f}][0-9]{3})+)(?:,[0-9]*)?"
_GROUP_MARK = r"[.' \x{a0}\x{202f}]"
_WHOLE = r"[+-]?[0-9]+"
_SHORT_DATE = r"(?:[0-9]{1,2}/[0-9]{1,2}/|[0-9]{1,2}-[0-9]{1,2}-|[0-9]{1,2}\.[0-9]{1,2}\.)[0-9]{4}(?:[ T]+.*)?"
_SERIAL = r"[1-9][0-9]{4}(?:\.[0-9]+)?"
_HAN_DATE = r"([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日"
_TIMES = ("", " %H:%M:%S.%f", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")


@dataclass(frozen=True)
class Stated:
    """What the settings say of a source's files, so that nothing need be decided.

    Attributes:
        encoding: Python's name of the encoding.
        decimal_mark: What stands before the decimals.
        date_order: How 02/03/2026 is meant.
    """

    encoding: str | None = None
    decimal_mark: DecimalMark | None = None
    date_order: DateOrder | None = None


@dataclass(frozen=True)
class Form:
    """How one column is read.

    Attributes:
        value: SQL of the typed value; null where the text is not of the form.
        doubts: (SQL condition, reason): why a null is one, before anything more general is said.
        note: What was decided, where it is not the plain form.
    """

    value: str
    doubts: tuple[tuple[str, str], ...] = ()
    note: str | None = None


def _matches(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {sql_text(pattern)})"


# --- numbers ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Signs:
    """How many values of a column can only be read one way, and how many both ways."""

    point_count: int
    comma_count: int
    either_point_count: int
    either_comma_count: int

    @property
    def mark(self) -> DecimalMark | None:
        if bool(self.point_count) == bool(self.comma_count):
            return None
        return "." if self.point_count else ","


def number_forms(
    con: duckdb.DuckDBPyConnection, table: str, texts: Mapping[str, str], source: str, stated: Stated,
    is_semicolon: bool, is_sheet: bool,
) -> dict[str, Form]:  # fmt: skip
    """Decides how the number columns of one file are read.

    Args:
        con: Where `table` is.
        table: The file's rows.
        texts: Canonical column to the SQL of its trimmed text.
        source: Landing folder, for reasons that name its settings.
        stated: What the settings say.
        is_semicolon: Fields are divided by semicolons, as where the comma stands in numbers: 1.234 is in doubt then.
        is_sheet: A spreadsheet's cells that are numbers come with a point.

    Returns:
        The form of each column.
    """
    signs = {column: _signs(con, table, text, is_sheet) for column, text in texts.items()}
    marks = {s.mark for s in signs.values()} - {None}
    of_file = next(iter(marks)) if len(marks) == 1 and not any(_is_mixed(s) for s in signs.values()) else None
    return {
        column: _number_form(column, text, signs[column], of_file, source, stated.decimal_mark, is_semicolon)
        for column, text in texts.items()
    }


def _is_mixed(signs: _Signs) -> bool:
    return bool(signs.point_count and signs.comma_count)


def _signs(con: duckdb.DuckDBPyConnection, table: str, text: str, is_sheet: bool) -> _Signs:
    row = con.execute(f"""
        select count_if(sign = 'point'), count_if(sign = 'comma'), count_if(sign = 'either point'),
            count_if(sign = 'either comma')
        from (select {_sign("v")} as sign from (select {text} as v from {table}) where v is not null)""").fetchall()[0]
    point, comma, either_point, either_comma = (int(value or 0) for value in row)
    return _Signs(point + either_point * is_sheet, comma, either_point * (not is_sheet), either_comma)


def _sign(text: str) -> str:
    return (
        f"case when {_matches(text, _WHOLE)} then 'whole'"
        f" when {_matches(text, _POINT)} and {_matches(text, _COMMA)}"
        f" then case when contains({text}, ',') then 'either comma' else 'either point' end"
        f" when {_matches(text, _COMMA)} then 'comma'"
        f" when {_matches(text, _POINT)} or try_cast({text} as double) is not null then 'point' end"
    )


def _number_form(
    column: str, text: str, signs: _Signs, of_file: DecimalMark | None, source: str, stated: DecimalMark | None,
    is_semicolon: bool,
) -> Form:  # fmt: skip
    setting = f'set sources.{source}.decimal_mark to "." or ","'
    point = f"try_cast(case when {_matches(text, _POINT)} then replace({text}, ',', '') else {text} end as double)"
    grouped = f"regexp_replace({text}, {sql_text(_GROUP_MARK)}, '', 'g')"
    comma = f"case when {_matches(text, _COMMA)} then try_cast(replace({grouped}, ',', '.') as double) end"
    is_either = signs.either_comma_count or (signs.either_point_count and is_semicolon)
    mark = stated or (None if _is_mixed(signs) else signs.mark or of_file or (None if is_either else "."))
    if mark is None:
        sign = _sign(text)
        reason = (
            f"{column}: some rows have a decimal point, others a decimal comma; {setting}"
            if _is_mixed(signs)
            else f"{column}: the mark in it may stand before decimals or thousands, and no row tells; {setting}"
        )
        doubtful = f"coalesce({sign} not in ('whole', 'point'), false)"
        return Form(f"case when not {doubtful} then {point} end", ((doubtful, reason),))
    if mark == ",":
        return Form(comma, note=f"{column} read with a decimal comma")
    return Form(point)


# --- times -----------------------------------------------------------------------------------------------


def time_form(
    con: duckdb.DuckDBPyConnection, table: str, column: str, text: str, source: str, stated: Stated,
    serial_epoch: str | None,
) -> Form:  # fmt: skip
    """Decides how a column of times is read.

    ISO forms need no decision. Of 02/03/2026 and 02-03-2026 the order is taken that every row of the column allows;
    with points (02.03.2026) the day comes first in every locale that writes so.

    Args:
        con: Where `table` is; its session's zone is that of zone-less times.
        table: The file's rows.
        column: Canonical column.
        text: SQL of its trimmed text.
        source: Landing folder, for reasons that name its settings.
        stated: What the settings say.
        serial_epoch: Day 0 of a spreadsheet's day numbers; None: numbers are no times here.

    Returns:
        The form.
    """
    plain = f"regexp_replace({text}, {sql_text(_HAN_DATE)}, '\\1-\\2-\\3')"
    options = [f"try_cast({plain} as timestamptz)"]
    if serial_epoch:
        milliseconds = f"cast(round(try_cast({text} as double) * 86400000) as bigint)"
        moment = f"timestamp {sql_text(serial_epoch)} + to_milliseconds({milliseconds})"
        options.append(f"case when {_matches(text, _SERIAL)} then cast({moment} as timestamptz) end")
    options.append(f"case when {_matches(text, _SHORT_DATE)} and {_dots(text)}"
                   f" then {_strptime(text, 'day_first')} end")  # fmt: skip
    is_slashed = _slashed(text)
    order, doubt = _date_order(con, table, text, stated.date_order)
    doubts: tuple[tuple[str, str], ...] = ()
    note = None
    if order:
        options.append(f"case when {is_slashed} then {_strptime(text, order)} end")
        note = f"{column} read as {'day/month/year' if order == 'day_first' else 'month/day/year'}"
    elif doubt:
        same = f"{_part(text, 1)} = {_part(text, 2)}"
        options.append(f"case when {is_slashed} and {same} then {_strptime(text, 'day_first')} end")
        setting = f'set sources.{source}.date_order to "day_first" or "month_first"'
        doubts = ((f"{is_slashed} and not ({same})", f"{column}: {doubt}; {setting}"),)
    return Form(f"coalesce({', '.join(options)})", doubts, note)


def _dots(text: str) -> str:
    return f"regexp_matches({text}, '^[0-9]{{1,2}}[.]')"


def _slashed(text: str) -> str:
    return f"coalesce({_matches(text, _SHORT_DATE)} and not {_dots(text)}, false)"


def _part(text: str, number: int) -> str:
    return f"try_cast(regexp_extract({text}, '^([0-9]{{1,2}})[./-]([0-9]{{1,2}})', {number}) as integer)"


def _strptime(text: str, order: DateOrder) -> str:
    day = "%d/%m/%Y" if order == "day_first" else "%m/%d/%Y"
    formats = ", ".join(sql_text(day + time) for time in _TIMES)
    spaced = f"regexp_replace({text}, '[ T]+', ' ')"
    slashed = f"regexp_replace({spaced}, '^([0-9]{{1,2}})[./-]([0-9]{{1,2}})[./-]', '\\1/\\2/')"
    return f"cast(try_strptime({slashed}, [{formats}]) as timestamptz)"


def _date_order(
    con: duckdb.DuckDBPyConnection, table: str, text: str, stated: DateOrder | None
) -> tuple[DateOrder | None, str | None]:
    """The order that every row allows, or why there is none; neither, if the column has no such date."""
    row = con.execute(f"""
        select count_if(a > 12 and b <= 12), count_if(b > 12 and a <= 12), count(*)
        from (
            select {_part("v", 1)} as a, {_part("v", 2)} as b
            from (select {text} as v from {table})
            where {_slashed("v")}
        )""").fetchall()[0]
    day_first, month_first, total = (int(value or 0) for value in row)
    if not total:
        return None, None
    if stated:
        return stated, None
    if day_first and month_first:
        return None, "some rows have the day first, others the month, so a spreadsheet may have turned some round"
    if not day_first and not month_first:
        return None, "day and month cannot be told apart, and no row of the column tells"
    return ("day_first" if day_first else "month_first"), None


def notes_of(forms: Sequence[Form]) -> list[str]:
    """What was decided of all columns, for whoever must know."""
    return [form.note for form in forms if form.note]
