"""Local times as text, fast. Nothing else belongs here."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

_HOUR_S = 3600


class LocalStamps:
    """Stamps like 2026-03-02 12:00:00 of one zone; an hour of UTC has one offset, which is looked up once.

    Args:
        zone: The zone.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._hour = -1
        self._begin = ""
        self._minutes = 0

    def text(self, at: int) -> str:
        """The local time of an instant."""
        hour, second = divmod(at, _HOUR_S)
        if hour != self._hour:
            local = datetime.fromtimestamp(hour * _HOUR_S, self._zone)
            self._hour, self._begin, self._minutes = hour, local.strftime("%Y-%m-%d %H:"), local.minute
            if self._minutes:
                self._hour = -1  # a zone of half hours: the hour on the clock changes within
                return datetime.fromtimestamp(at, self._zone).strftime("%Y-%m-%d %H:%M:%S")
        return f"{self._begin}{second // 60:02d}:{second % 60:02d}"
