"""Cases: what customers want solved, opened in a contact, closed when it is solved or when nobody asks any more.

Belongs here: the CRM's cases. Does not belong here: whether a contact solved anything (people.py).
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

from pipelines.simulate.crm import DAY_S, Outbox, stamp
from pipelines.simulate.customers import Customers
from pipelines.simulate.people_settings import CustomersSection
from pipelines.simulate.seam import Ended
from pipelines.simulate.streams import Draws

CLOSED_AFTER_MEDIAN_S = 30_000.0
CLOSED_AFTER_SIGMA = 1.2


class Case(NamedTuple):
    """An open case."""

    case_id: str
    customer: int
    opened_at: int
    reason: str
    contact_id: str


class Cases:
    """Open cases, one a customer; nothing else is kept."""

    def __init__(self, settings: CustomersSection, seed: int, customers: Customers, outbox: Outbox) -> None:
        self._settings = settings
        self._customers = customers
        self._outbox = outbox
        self._draws = Draws(seed, "people/cases")
        self._open: dict[int, Case] = {}
        self._by_age: deque[Case] = deque()
        self._count = 0

    def after(self, ended: Ended, is_solved: bool) -> None:
        """An answered contact opens a case, or closes the one it is about."""
        call, draws = ended.call, self._draws
        case = self._open.get(call.customer)
        if case is not None:
            if case.reason == call.reason and is_solved:
                del self._open[call.customer]
                self._close(case, ended.ended_at + 60 + draws.below(3600), "solved")
            return
        if not draws.chance(self._settings.reasons[call.reason].case_share):
            return
        self._count += 1
        case = Case(f"K{self._count:08d}", call.customer, ended.ended_at, call.reason, call.contact_id)
        self._write(case, case.opened_at, None, "open")
        if is_solved:
            delay_s = CLOSED_AFTER_MEDIAN_S * math.exp(CLOSED_AFTER_SIGMA * draws.normal())
            self._close(case, case.opened_at + 60 + int(min(delay_s, 10 * DAY_S)), "solved")
        else:
            self._open[call.customer] = case
            self._by_age.append(case)

    def begin_day(self, day: int) -> None:
        """Close what nobody has solved in time."""
        oldest = (day - self._settings.again.case_days) * DAY_S
        while self._by_age and self._by_age[0].opened_at < oldest:
            case = self._by_age.popleft()
            if self._open.get(case.customer) is case:
                del self._open[case.customer]
                self._close(case, day * DAY_S + 36_000, "unsolved")

    def _close(self, case: Case, at: int, status: str) -> None:
        self._write(case, at, at, status)

    def _write(self, case: Case, known_at: int, closed_at: int | None, status: str) -> None:
        row = {
            "case_id": case.case_id,
            "customer_id": self._customers.customer_id(case.customer),
            "opened_at": stamp(case.opened_at),
            "closed_at": None if closed_at is None else stamp(closed_at),
            "status": status,
            "reason": case.reason,
            "contact_id": case.contact_id,
        }
        self._outbox.add("crm_cases", known_at, row)
