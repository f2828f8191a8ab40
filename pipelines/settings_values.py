"""The kinds of value in callwright.toml, each with its rule: a time zone, a currency, a condition, …

Belongs here: one value at a time. Does not belong here: sections and keys (settings_sections.py).
"""

from __future__ import annotations

import re
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import phonenumbers
from pydantic import AfterValidator, Field

from pipelines.settings_report import nearest

EVERY = "*"


def _known_zone(key: str) -> str:
    try:
        ZoneInfo(key)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # "Europe" alone is a folder of the zone database
        like = nearest(key, available_timezones())
        more = f'; the nearest is "{like}"' if like else "; write it as Area/City, such as Europe/London"
        raise ValueError(f'no time zone is called "{key}"{more}') from None
    return key


def _known_region(code: str) -> str:
    if code not in phonenumbers.SUPPORTED_REGIONS:
        like = "GB" if code.upper() == "UK" else nearest(code, phonenumbers.SUPPORTED_REGIONS)
        more = f'; the nearest is "{like}"' if like else ""
        raise ValueError(f'no region has the code "{code}" (two capital letters, ISO 3166){more}')
    return code


def _known_currency(code: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ValueError(f'a currency is three capital letters (ISO 4217), such as "GBP", not "{code}"')
    return code


def _one_line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("should be one line of text, not empty")
    return text


def _queue_pattern(queue: str) -> str:
    if queue != EVERY and (EVERY in queue or not queue.strip()):
        raise ValueError(f'should be one name, or "{EVERY}" for every one, not "{queue}"')
    return queue


Zone = Annotated[str, AfterValidator(_known_zone)]
Region = Annotated[str, AfterValidator(_known_region)]
Currency = Annotated[str, AfterValidator(_known_currency)]
Name = Annotated[str, AfterValidator(_one_line)]
NameOrEvery = Annotated[str, AfterValidator(_queue_pattern)]
Share = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Priority = Annotated[int, Field(ge=0, le=100)]


def condition_columns(condition: str) -> frozenset[str]:
    """The columns named by an `eligible_when`.

    Args:
        condition: One true-or-false DuckDB SQL expression over the columns of one customer.

    Raises:
        ValueError: It is no such expression. Sub-queries, aggregates, windows, comments and functions that
            sqlglot does not know are refused: the text becomes part of a query over the private warehouse.
    """
    # Imported here: it costs 0.4 s, and a centre without actions never needs it.
    import sqlglot
    from sqlglot import exp

    try:
        parsed = sqlglot.parse(condition, read="duckdb")
    except sqlglot.errors.SqlglotError as error:
        raise ValueError(f"is not SQL: {str(error).splitlines()[0]}") from None
    refused = (
        exp.Query,
        exp.DDL,
        exp.AggFunc,
        exp.Window,
        exp.Star,
        exp.Anonymous,
        exp.Placeholder,
        exp.Command,
    )
    truths = (exp.Predicate, exp.Connector, exp.Not, exp.Boolean, exp.Column, exp.Paren, exp.Coalesce)
    if len(parsed) != 1 or not isinstance(parsed[0], truths):
        raise ValueError("should be one condition that is true or false, such as churn_probability >= 0.3")
    for node in parsed[0].walk():
        if isinstance(node, refused) or node.comments or (isinstance(node, exp.Column) and node.table):
            raise ValueError(f"may only compare columns and values, without {node.sql('duckdb')[:60]}")
    return frozenset(column.name for column in parsed[0].find_all(exp.Column))


def span_s(span: str) -> tuple[int, int]:
    """Seconds since midnight of both ends of "08:30-17:30"."""
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))", span)
    if not found:
        raise ValueError(f'hours are written "08:30-17:30", not "{span}"')
    numbers = [int(part) for part in found.groups() if part is not None]
    opens_s, closes_s = (numbers[0] * 60 + numbers[1]) * 60, (numbers[2] * 60 + numbers[3]) * 60
    if closes_s <= opens_s:
        raise ValueError(f'"{span}" closes before it opens; split hours over midnight into two days')
    return opens_s, closes_s


def frequency(at_most: str) -> tuple[int, float]:
    """The count and the period in seconds of "1 per 90 days"."""
    found = re.fullmatch(r"([1-9]\d*) per ([1-9]\d*) (day|hour)s?", at_most)
    if not found:
        raise ValueError(f'is written "1 per 90 days" (or hours), not "{at_most}"')
    return int(found[1]), int(found[2]) * (86_400.0 if found[3] == "day" else 3_600.0)
