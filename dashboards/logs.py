"""The log of the pages: what went wrong goes here, not on a customer's screen.

Belongs here: writing it down. Does not belong here: what the customer is told instead (components/)."""

from __future__ import annotations

import logging

log = logging.getLogger("callwright.dashboards")
