"""Customers that do little, so that the engine is tested by itself.

Belongs here: a stand-in for pipelines/simulate/people.py. Does not belong here: those customers (test_people.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from pipelines.simulate.scenario import Scenario
from pipelines.simulate.seam import UNKNOWN, Call, CampaignAttempt, Ended, Tables
from pipelines.simulate.streams import Draws

CUSTOMER_COUNT = 500
REASONS = ("sales", "service", "billing", "cancel", "fault")


class FewPeople:
    """Some hundred customers who call again when they gave up, and ask back when nobody solved it."""

    def __init__(self, scenario: Scenario, seed: int, tables: Tables) -> None:
        self._draw = Draws(seed, "few people")
        self._tiers = scenario.tiers.names
        self._sites = [site.name for site in scenario.sites]
        self.begun: list[tuple[str, int]] = []
        self.ended_calls: list[Ended] = []
        self.attempts: list[CampaignAttempt] = []
        self.list_size = 6

    def begin_day(self, day: date) -> None:
        pass

    def caller(self, site: str, channel: str, at: int, tier: str | None = None) -> tuple[int, str, str, str]:
        customer = self._draw.below(CUSTOMER_COUNT)
        while tier is not None and self.tier(customer) != tier:
            customer = self._draw.below(CUSTOMER_COUNT)
        self.begun.append((channel, at))
        number = f"+447946{customer:06d}" if channel == "voice" else f"c{customer}@example.com"
        if channel == "voice" and customer % 20 == 0:
            return UNKNOWN, "", REASONS[self._draw.below(len(REASONS))], "en"  # a withheld number
        return customer, number, REASONS[self._draw.below(len(REASONS))], "zh" if site == "chengdu" else "en"

    def tier(self, customer: int) -> str | None:
        return self._tiers[customer % len(self._tiers)] if customer % 5 else None

    def decide(self, call: Call, at: int) -> None:
        assert call.contact_id

    def ended(self, ended: Ended) -> list[tuple[int, Call]]:
        self.ended_calls.append(ended)
        call = ended.call
        cause = None
        if ended.outcome == "abandoned" and self._draw.chance(0.5):
            cause = "retry"
        elif ended.outcome == "exited_by_key":
            cause = "callback"
        elif ended.outcome == "answered" and self._draw.chance(0.1):
            cause = "repeat"
        ended.is_resolved = cause is None
        if cause is None:
            return []
        again = Call(
            "",
            call.customer,
            call.number,
            call.channel,
            call.site,
            call.reason,
            call.language,
            cause,
            call.contact_id,
            0,
        )
        delay_s = {"retry": 300, "callback": 1200, "repeat": 90_000}[cause]
        return [(ended.ended_at + round(self._draw.exponential(delay_s)), again)]

    def answer_rate(self, customer: int, at: int) -> float:
        return 0.45

    def campaign_attempts(self, day: date) -> Iterable[CampaignAttempt]:
        noon = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())
        for number in range(self.list_size):
            arm = "holdout" if number % 3 == 2 else "treatment"
            attempt = CampaignAttempt(
                f"{day}-{number}",
                "spring",
                number,
                f"+447946{number:06d}",
                self._sites[0],
                arm,
                0.5,
                noon + 60 * number,
            )
            yield attempt

    def attempted(self, attempt: CampaignAttempt) -> None:
        self.attempts.append(attempt)

    def end_day(self, day: date) -> None:
        pass

    def close(self) -> None:
        pass


class QuietPeople(FewPeople):
    """Nobody calls twice, and nobody is called."""

    def ended(self, ended: Ended) -> list[tuple[int, Call]]:
        return []

    def campaign_attempts(self, day: date) -> Iterable[CampaignAttempt]:
        return ()
