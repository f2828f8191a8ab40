"""The log of the pages: what went wrong goes here, not on a customer's screen."""

from __future__ import annotations

import logging

log = logging.getLogger("callwright.dashboards")
