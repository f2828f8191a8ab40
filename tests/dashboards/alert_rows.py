"""Rows of the Alerts page that a reader can see, for the tests of its figures and sentences.

Belongs here: makers of alerts and points with everything unimportant filled in. Not here: tests, or published rows
(published/alerts.sql).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from dashboards.alert_queries import Alert, SeriesPoint

DAY = date(2026, 11, 10)


def alert(kind: str = "outside_limits", **said: Any) -> Alert:
    """One alert of 10 November 2026, above its limits."""
    told: dict[str, Any] = {
        "alert_key": "k1", "kind": kind, "identity": "a1", "raised_date": DAY, "from_date": DAY, "to_date": DAY,
        "from_hour": None, "to_hour": None, "metric": "abandonment_all", "series_key": "a1", "site": "leeds",
        "subject": "sales", "unit": "count", "value": 40.0, "expected_value": 10.0, "deviation": 6.0, "n": 40,
        "also_count": 0, "is_open": False, "text": {"en": "Offered, sales: 40", "zh": "进入队列数，sales：40"},
    }  # fmt: skip
    return Alert(**told | said)


def point(day: int, value: float, deviation: float = 0.0, **said: Any) -> SeriesPoint:
    """One day of November 2026: 10 were expected, 4 to 18 are within chance."""
    told: dict[str, Any] = {
        "business_date": date(2026, 11, day), "local_hour": None, "value": value, "n": 40, "expected_value": 10.0,
        "low_limit": 4.0, "high_limit": 18.0, "deviation": deviation, "is_usual": True, "good_direction": "down",
    }  # fmt: skip
    return SeriesPoint(**told | said)
