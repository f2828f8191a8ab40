"""A stand-in for the centre, for tests of the customers: it answers with plausible waits, without queues or agents.

Belongs here: the stub, its tables, a scenario of people alone. Not here: tests.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from pipelines.simulate.draws import LognormalSeconds
from pipelines.simulate.people import SimulatedPeople
from pipelines.simulate.seam import Call, Ended
from pipelines.simulate.streams import Draws, seconds


class Fact(BaseModel):
    id: str
    kind: str
    from_date: date
    to_date: date
    site: str | None = None
    agent: str | None = None
    campaign: str | None = None
    more: dict[str, Any] = {}


class Company(BaseModel):
    currency: str = "GBP"


class PeopleAlone(BaseModel):
    starts_on: date = date(2025, 10, 1)
    company: Company = Company()
    seats: int = 30
    contacts_per_seat_year: float = 1700
    people: dict[str, Any] = {}
    facts: tuple[Fact, ...] = ()


GUEST = "Tamsin Oldacre"
FACTS = (
    Fact(id="bills", kind="repeat_cluster", from_date=date(2026, 4, 13), to_date=date(2026, 4, 24), site="leeds"),
    Fact(id="list", kind="harmful_list", from_date=date(2026, 5, 11), to_date=date(2026, 5, 22)),
    Fact(id="version", kind="miscalibrated_model", from_date=date(2026, 6, 8), to_date=date(2026, 6, 21)),
    Fact(id="costly", kind="costly_month", from_date=date(2026, 7, 1), to_date=date(2026, 7, 31)),
    Fact(id="guest", kind="guest_agent", from_date=date(2026, 2, 3), to_date=date(2026, 2, 3), agent=GUEST),
)


def scenario(seats: int = 30, facts: tuple[Fact, ...] = FACTS, **people: Any) -> PeopleAlone:
    return PeopleAlone(seats=seats, facts=facts, people=people)


class Kept:
    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.truths: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def write(self, source: str, rows: list[dict[str, Any]]) -> None:
        self.tables[source] += rows

    def truth(self, table: str, rows: list[dict[str, Any]]) -> None:
        self.truths[table] += rows


class World:
    """Runs days: fresh contacts by the hour, waits without a queue, and what contacts cause."""

    def __init__(self, settings: PeopleAlone, seed: int = 1, wait_s: float = 60.0) -> None:
        self.settings = settings
        self.kept = Kept()
        self.people = SimulatedPeople(settings, seed, self.kept)
        self.draws = Draws(seed, "test/world")
        self.talk_s = seconds(seed, "test/world/talk", LognormalSeconds(300, 0.7))
        self.wait_s = wait_s
        self.caused: list[tuple[int, int, Call]] = []
        self.contacts: list[Ended] = []
        self.count = 0

    def run(self, days: int) -> World:
        for number in range(days):
            self.day(self.settings.starts_on + timedelta(days=number))
        self.people.close()
        return self

    def day(self, day: date) -> None:
        self.people.begin_day(day)
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        per_day = self.settings.seats * self.settings.contacts_per_seat_year / 365
        count = int(per_day * (1.3 if day.weekday() < 5 else 0.25))
        moments = sorted(midnight + 8 * 3600 + self.draws.below(11 * 3600) for _ in range(count))
        for attempt in self.people.campaign_attempts(day):
            if attempt.arm == "treatment" and not self.draws.chance(0.02):
                attempt.dialled_at = attempt.dial_at
                attempt.connected = self.draws.chance(self.people.answer_rate(attempt.customer, attempt.dial_at))
                attempt.agent = "Agent/1001" if attempt.connected else None
                attempt.talk_s = 120 if attempt.connected else 0
            self.people.attempted(attempt)
        end = midnight + 86_400
        for at in [*moments, end]:
            while self.caused and self.caused[0][0] < at:
                when, _, call = heapq.heappop(self.caused)
                call.arrived_at = when
                self.contact(call)
            if at < end:
                self.fresh(at)
        self.people.end_day(day)

    def fresh(self, at: int) -> None:
        point = self.draws.uniform()
        site, channel = ("leeds", "voice") if point < 0.52 else ("chengdu", "voice")
        if point >= 0.78:
            site, channel = "leeds", "chat" if point < 0.9 else "email"
        customer, number, reason, language = self.people.caller(site, channel, at)
        self.contact(Call("", customer, number, channel, site, reason, language, "fresh", None, at))

    def contact(self, call: Call) -> None:
        draws = self.draws
        self.count += 1
        call.contact_id = f"{call.arrived_at}.{self.count}"
        wait_s = int(draws.exponential(self.wait_s))
        patience_s = int(draws.exponential(400))
        if wait_s > patience_s:
            ended = Ended(call, "abandoned", "q", None, patience_s, 0, 0, 0, call.arrived_at + patience_s, 0, 0.0)
        else:
            answered_at = call.arrived_at + wait_s
            self.people.decide(call, answered_at)
            talk_s, number = int(self.talk_s()), draws.below(30)
            transfers = int(draws.chance(0.06))
            agent, skill = f"Agent/{1001 + number}", 0.45 + 0.02 * number
            ended = Ended(call, "answered", "q", agent, wait_s, talk_s, 0, 30, answered_at + talk_s, transfers, skill)
        for when, caused in self.people.ended(ended):
            assert when > ended.ended_at
            heapq.heappush(self.caused, (when, self.count, caused))
        self.contacts.append(ended)
