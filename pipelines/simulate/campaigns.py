"""Outbound lists: who is on them, who is held out by chance, what a call leads to and leaves behind.

Belongs here: lists, arms, attempts and their outcomes. Does not belong here: dialling (centre.py), which tells when an
attempt is over whether somebody answered and who spoke.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipelines.simulate.crm import DAY_S, Outbox, Row, day_number, stamp
from pipelines.simulate.customers import Customers
from pipelines.simulate.people_settings import Campaign, PeopleSections
from pipelines.simulate.planted import Planted
from pipelines.simulate.purchases import Purchases
from pipelines.simulate.seam import CampaignAttempt
from pipelines.simulate.streams import Draws, stream

TREATED, HELD_OUT = "treatment", "holdout"
# Instead of a next day: nothing more to do, or an attempt of which nobody has told yet how it ended.
DONE = np.iinfo(np.int32).max
OUT = DONE - 1
WATCHED_DAYS = 60


@dataclass(slots=True)
class OpenList:
    """A list that is being dialled; arrays of shape (members,)."""

    campaign_id: str
    campaign: Campaign
    members: NDArray[np.int64]
    is_treated: NDArray[np.bool_]
    next_day: NDArray[np.int32]
    tries: NDArray[np.int8]


class Campaigns:
    """The lists of a sections."""

    def __init__(
        self,
        sections: PeopleSections,
        seed: int,
        customers: Customers,
        purchases: Purchases,
        outbox: Outbox,
        planted: Planted,
    ) -> None:
        self._settings = sections.campaigns
        self._zones = [ZoneInfo(site.zone) for site in sections.customers.sites.values()]
        self._hours = {int(hour): rate for hour, rate in sections.campaigns.hours.items()}
        self._customers = customers
        self._purchases = purchases
        self._outbox = outbox
        self._planted = planted
        self._rng = stream(seed, "people/campaigns")
        self._draws = Draws(seed, "people/campaigns/outcomes")
        self._lists: list[OpenList] = []
        self._out: dict[str, tuple[OpenList, int]] = {}
        self._watched: tuple[int, NDArray[np.int8]] | None = None

    def attempts(self, day: date) -> list[CampaignAttempt]:
        """The day's attempts in order of time; a member of the hold-out comes once, and is not dialled."""
        today = day_number(day)
        for campaign_id, campaign in self._settings.lists.items():
            if campaign.starts_on == day:
                self._lists.append(self._draw_list(campaign_id, campaign, today))
        self._lists = [one for one in self._lists if (one.next_day != DONE).any()]
        if day.weekday() >= 5:
            return []
        for one in self._lists:
            one.next_day[self._customers.left_at[one.members] > 0] = DONE
        found = [self._attempt(one, int(p), day) for one in self._lists for p in np.flatnonzero(one.next_day <= today)]
        return sorted(found, key=lambda attempt: (attempt.dial_at, attempt.attempt_id))

    def answer_rate(self, customer: int, at: int) -> float:
        """Chance that a call to this customer is answered, by the hour of the customer's local clock."""
        hour = datetime.fromtimestamp(at, UTC).astimezone(self._zones[self._customers.site[customer]]).hour
        return self._hours.get(hour, min(self._hours.values()) / 2)

    def attempted(self, attempt: CampaignAttempt) -> None:
        """An attempt is over, or was not made: its row, its consequences, and whether to try again."""
        one, p = self._out.pop(attempt.attempt_id)
        if attempt.arm == HELD_OUT:
            one.next_day[p] = DONE
            self._write(attempt, attempt.dial_at, None, None, None)
            return
        if attempt.dialled_at is None:
            one.next_day[p] = attempt.dial_at // DAY_S + 1  # nobody was free
            return
        one.tries[p] += 1
        today = attempt.dialled_at // DAY_S
        again = today + self._settings.retry_days if one.tries[p] < self._settings.most_attempts else DONE
        if not attempt.connected:
            one.next_day[p] = again
            self._write(attempt, attempt.dialled_at, False, "no_answer", None)
            return
        if not self._draws.chance(self._settings.right_party):
            one.next_day[p] = again
            self._write(attempt, attempt.dialled_at, False, "callback", None)
            return
        outcome = self._outcome(one.campaign)
        one.next_day[p] = again if outcome == "callback" else DONE
        self._write(attempt, attempt.dialled_at, True, outcome, self._reached(attempt, one.campaign, outcome))

    def count_orders(self, day: int) -> None:
        """Note who of the harmful list has bought today."""
        if self._watched is None or day > self._watched[0]:
            return
        arms = self._watched[1]
        buyers = self._purchases.buyers_of_day
        of_list = arms[buyers[buyers < len(arms)]]
        for number, arm in enumerate((TREATED, HELD_OUT), start=1):
            self._planted.count("harmful_list", f"{arm}_order_count", float((of_list == number).sum()))

    # --- pieces ---------------------------------------------------------------------------------------------

    def _draw_list(self, campaign_id: str, campaign: Campaign, today: int) -> OpenList:
        c = self._customers
        now = today * DAY_S
        callable_now = (c.left_at[: c.count] == 0) & (c.joined_at[: c.count] < now)
        callable_now &= ~c.opts_out[: c.count] & ~c.objects[: c.count]
        everybody = np.flatnonzero(callable_now)
        members = np.sort(self._rng.permutation(everybody)[: round(campaign.share * len(everybody))])
        is_treated = self._rng.random(len(members)) < campaign.treated_share
        next_day = (today + self._rng.integers(0, campaign.days, len(members))).astype(np.int32)
        if campaign_id == self._planted.harmful_campaign:
            arms = np.zeros(c.count, np.int8)
            arms[members] = np.where(is_treated, 1, 2)
            self._watched = (today + WATCHED_DAYS, arms)
            self._planted.count("harmful_list", f"{TREATED}_count", float(is_treated.sum()))
            self._planted.count("harmful_list", f"{HELD_OUT}_count", float((~is_treated).sum()))
        return OpenList(campaign_id, campaign, members, is_treated, next_day, np.zeros(len(members), np.int8))

    def _attempt(self, one: OpenList, p: int, day: date) -> CampaignAttempt:
        i = int(one.members[p])
        hours = list(self._hours)
        second = hours[self._draws.below(len(hours))] * 3600 + self._draws.below(3600)
        zone = self._zones[self._customers.site[i]]
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        dial_at = int((midnight + timedelta(seconds=second)).timestamp())
        is_treated, share = bool(one.is_treated[p]), one.campaign.treated_share
        attempt = CampaignAttempt(
            attempt_id=f"{one.campaign_id}-{p:07d}-{int(one.tries[p]) + 1}",
            campaign_id=one.campaign_id,
            customer=i,
            number=self._customers.e164(i),
            site=self._customers.sites[self._customers.site[i]],
            arm=TREATED if is_treated else HELD_OUT,
            propensity=share if is_treated else round(1 - share, 6),
            dial_at=dial_at,
        )
        one.next_day[p] = OUT
        self._out[attempt.attempt_id] = (one, p)
        return attempt

    def _outcome(self, campaign: Campaign) -> str:
        point = self._draws.uniform()
        for outcome in ("sold", "opted_out", "callback"):
            point -= getattr(campaign, outcome)
            if point < 0:
                return outcome
        return "refused"

    def _reached(self, attempt: CampaignAttempt, campaign: Campaign, outcome: str) -> float | None:
        """The right person was spoken to: what that leaves behind, and what was sold."""
        i, at = attempt.customer, attempt.dialled_at or attempt.dial_at
        if campaign.rate_factor != 1 and self._customers.left_at[i] == 0:
            self._purchases.change_rate(i, campaign.rate_factor, at // DAY_S + campaign.rate_days, at)
        if outcome == "opted_out":
            self._customers.opts_out[i] = True
            self._customers.updated_at[i] = at
            self._outbox.add("crm_customers", at, self._customers.row(i))
        if outcome != "sold":
            return None
        amount = round(campaign.amount * float(np.exp(0.3 * self._draws.normal())), 2)
        self._purchases.place(i, amount, "outbound", at + attempt.talk_s + 20, campaign=attempt.campaign_id)
        return amount

    def _write(
        self, attempt: CampaignAttempt, at: int, right_party: bool | None, outcome: str | None, amount: float | None
    ) -> None:
        row: Row = {
            "attempt_id": attempt.attempt_id,
            "campaign_id": attempt.campaign_id,
            "customer_id": self._customers.customer_id(attempt.customer),
            "phone": attempt.number,
            "dialled_at": stamp(at),
            "arm": attempt.arm,
            "connected": attempt.connected if outcome else None,
            "right_party": right_party,
            "outcome": outcome,
            "agent": attempt.agent,
            "amount": amount,
            "propensity": attempt.propensity,
        }
        self._outbox.add("campaign_attempts", at, row)
