"""How numbers, times and money look.

Belongs here: pure functions from a value to text. Not here: whole sentences (locales/).
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

MINUS = "\N{MINUS SIGN}"
CURRENCY_SIGNS = {"GBP": "£", "EUR": "€", "USD": "$", "CNY": "¥", "JPY": "¥", "INR": "₹", "ILS": "₪"}


def percent(rate: float) -> str:
    """0.8190 -> 81.9%."""
    return f"{100 * rate:.1f}%"


def duration(seconds: float) -> str:
    """75.4 -> 1:15, in minutes and seconds; hours come first from 60 minutes on."""
    whole = round(abs(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes_of_hour = divmod(minutes, 60)
    text = f"{hours}:{minutes_of_hour:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return MINUS + text if seconds < 0 and whole else text


def span(seconds: float) -> tuple[str, str]:
    """28800 -> (h, 8): a limit in the largest unit that is whole, from five minutes on."""
    for unit, length, least in (("h", 3600, 3600), ("min", 60, 300)):
        if seconds >= least and seconds % length == 0:
            return unit, f"{seconds / length:g}"
    return "s", f"{seconds:g}"


def points(value: float) -> str:
    """12.34 -> 12.3, as for the net promoter score; the sign only where it is negative."""
    return _signed_minus(f"{value:.1f}")


def count(number: float) -> str:
    """12345 -> 12,345."""
    return _signed_minus(f"{number:,.0f}")


def money(amount: float, currency: str | None, *, is_compact: bool = False) -> str:
    """4.2 GBP -> £4.20; compact amounts of 100,000 and more carry k or M."""
    sign = CURRENCY_SIGNS.get(currency or "", f"{currency} " if currency else "")
    size = abs(amount)
    if is_compact and size >= 10_000_000:
        text = f"{size / 1_000_000:,.1f}M"
    elif is_compact and size >= 100_000:
        text = f"{size / 1_000:,.0f}k"
    else:
        text = f"{size:,.0f}" if is_compact and size >= 1_000 else f"{size:,.2f}"
    return (MINUS if amount < 0 else "") + sign + text


def _signed_minus(text: str) -> str:
    is_zero = not text.strip("-0.,")
    return text.lstrip("-") if is_zero else text.replace("-", MINUS)


def local_date(day: date, language: str) -> str:
    """2026-11-22 -> 22 Nov 2026, or 2026年11月22日."""
    if language == "zh_CN":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {day:%b %Y}"


def short_date(day: date, language: str) -> str:
    """2026-11-22 -> 22 Nov, or 11月22日."""
    return f"{day.month}月{day.day}日" if language == "zh_CN" else f"{day.day} {day:%b}"


def month(day: date, language: str) -> str:
    """2026-07-01 -> Jul 2026, or 2026年7月."""
    return f"{day.year}年{day.month}月" if language == "zh_CN" else f"{day:%b %Y}"


def quantity(unit: str, value: float, currency: str | None = None) -> str:
    """Return a value by its unit: share, s, count, amount, or a mean such as per_customer or choices."""
    match unit:
        case "share":
            return percent(value)
        case "s":
            return duration(value)
        case "amount":
            return money(value, currency, is_compact=True)
        case "count":
            return count(value) if value == round(value) or abs(value) >= 100 else _signed_minus(f"{value:,.1f}")
        case _:
            return _signed_minus(f"{value:,.2f}")


def local_clock(at: datetime, timezone: str) -> str:
    """An instant on the centre's clocks: 14:30."""
    return f"{at.astimezone(ZoneInfo(timezone)):%H:%M}"


def local_moment(at: datetime, timezone: str, language: str) -> str:
    """An instant on the centre's clocks, with the zone's short name: 22 Nov 2026 14:15 GMT."""
    local = at.astimezone(ZoneInfo(timezone))
    return f"{local_date(local.date(), language)} {local:%H:%M %Z}"
