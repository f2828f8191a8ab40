"""Who makes contact, and why: fresh contacts, and those that an earlier contact causes.

Belongs here: the choice of customer and reason, numbers as the switch writes them, retries, repeats and callbacks. Does
not belong here: how many fresh contacts there are and when (arrivals.py).
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipelines.simulate.crm import DAY_S
from pipelines.simulate.customers import Customers, Floats, address, as_switch_writes, stranger
from pipelines.simulate.people_settings import PeopleSections
from pipelines.simulate.planted import Planted
from pipelines.simulate.purchases import Purchases
from pipelines.simulate.seam import UNKNOWN, Call, Ended
from pipelines.simulate.streams import Draws, stream

SALES, BILLING, CANCEL = "sales", "billing", "cancel"
NEW_CUSTOMER_DAYS = 30
NATIONAL_SHARE = 0.85  # of British callers: their line writes the number in national form
# How much more the discontent call to leave or to complain: log of the odds, times (neutral - satisfaction).
DISCONTENT = {CANCEL: 4.0, "complaint": 3.0}


class Callers:
    """Demand of all customers."""

    def __init__(
        self, sections: PeopleSections, seed: int, customers: Customers, purchases: Purchases, planted: Planted
    ) -> None:
        self._people = sections.customers
        self._neutral = sections.satisfaction.neutral
        self._customers = customers
        self._purchases = purchases
        self._planted = planted
        self._rng = stream(seed, "people/affected")
        self._draws = Draws(seed, "people/callers")
        self._again_draws = Draws(seed, "people/again")
        self._zones = {name: ZoneInfo(site.zone) for name, site in sections.customers.sites.items()}
        self._reasons = [name for name in sections.customers.reasons if name != SALES]
        self._shares = [sections.customers.reasons[name].share for name in self._reasons]
        self._sales_share = sections.customers.reasons[SALES].share
        self._pools: dict[str, tuple[NDArray[np.int64], Floats]] = {}

    def begin_day(self, day: int) -> None:
        """Who may call today, and how likely; those who left do not, and those who join today do from tomorrow."""
        c = self._customers
        n = c.count
        if self._planted.begins("repeat_cluster", day) and self._planted.repeat_cluster:
            self._mark_affected(self._planted.repeat_cluster.affected_share)
        weight = c.contact_weight[:n].astype(np.float64)
        weight *= np.where(c.is_contract[:n] | c.is_buying[:n], 1.0, self._people.lapsed_contact_factor)
        age_days = day - c.joined_at[:n] // DAY_S
        weight *= np.where(age_days < NEW_CUSTOMER_DAYS, self._people.new_contact_factor, 1.0)
        if self._planted.repeat_cluster:
            weight *= np.where(c.is_affected[:n], self._planted.repeat_cluster.contact_factor, 1.0)
        weight[(c.left_at[:n] > 0) | (age_days < 1)] = 0
        everybody = np.flatnonzero(weight > 0)
        self._pools = {"": (everybody, np.cumsum(weight[everybody]))}
        for number, name in enumerate(c.sites):
            at_site = everybody[c.site[everybody] == number]
            self._pools[name] = (at_site, np.cumsum(weight[at_site]))

    def caller(self, site: str, channel: str, tier: int | None = None) -> tuple[int, str, str, str]:
        """Who makes the next fresh contact: customer, number, reason, language; with a tier, one known to be of it."""
        draws, c = self._draws, self._customers
        home = site if site in self._pools else ""
        pool, weights = self._pools[home]
        if tier is not None:
            known = pool[(c.tier[pool] == tier) & ~c.objects[pool] & ~c.is_held_out[pool]]
            if known.size:
                chosen = int(known[draws.below(known.size)])
                return chosen, self._number(chosen, channel), self._reason(chosen), c.language(chosen)
        is_sales = draws.chance(self._sales_share)
        if draws.chance(self._people.unknown_share) or not pool.size:
            return self._unknown(home, channel, SALES if is_sales else self._reason(None))
        customer = self._purchases.next_buyer(c.site_index.get(home)) if is_sales else None
        if customer is None:
            customer = int(pool[np.searchsorted(weights, draws.uniform() * weights[-1], side="right")])
        reason = SALES if is_sales else self._reason(customer)
        cluster = self._planted.repeat_cluster
        if cluster and c.is_affected[customer] and draws.chance(cluster.about_it_share):
            reason = BILLING
            self._planted.count("repeat_cluster", "fresh_count")
        return customer, self._number(customer, channel), reason, c.language(customer)

    def caused_by(self, ended: Ended, is_solved: bool | None, repeat_share: float) -> list[tuple[int, Call]]:
        """The contacts that one causes: a callback that was asked for (by a key), a retry, or a repeat.

        Args:
            ended: The contact.
            is_solved: None: nobody answered.
            repeat_share: Chance that an unsolved issue comes back.
        """
        again, draws = self._people.again, self._again_draws
        if ended.outcome in ("callback", "exited_by_key"):
            delay_s = again.callback_from_s + (again.callback_to_s - again.callback_from_s) * draws.uniform()
            return [self._next(ended, "callback", ended.ended_at + int(delay_s))]
        if is_solved is None:
            if not draws.chance(again.retry_share.get(ended.outcome, 0.0)):
                return []
            delay_s = again.retry_median_s * math.exp(again.retry_sigma * draws.normal())
            at = ended.ended_at + 20 + int(min(delay_s, 2 * DAY_S))
            # Who was refused, mostly because it was closed, does not call all night long.
            is_refused = ended.outcome in ("blocked", "failed")
            return [self._next(ended, "retry", self._waking(at, ended.call.site) if is_refused else at)]
        if is_solved or not draws.chance(repeat_share):
            return []
        delay_s = again.repeat_median_s * math.exp(again.repeat_sigma * draws.normal())
        at = ended.ended_at + 600 + int(min(delay_s, 20 * DAY_S))
        return [self._next(ended, "repeat", self._waking(at, ended.call.site))]

    # --- pieces ---------------------------------------------------------------------------------------------

    def _mark_affected(self, share: float) -> None:
        c = self._customers
        chosen = c.is_contract[: c.count] & (c.left_at[: c.count] == 0)
        site = self._planted.site("repeat_cluster")
        if site in c.site_index:
            chosen &= c.site[: c.count] == c.site_index[site]
        chosen &= self._rng.random(c.count) < share
        c.is_affected[: c.count] = chosen
        self._planted.count("repeat_cluster", "affected_customer_count", float(chosen.sum()))

    def _reason(self, customer: int | None) -> str:
        """Anything but sales; only contracts can be cancelled."""
        shares = self._shares
        if customer is not None:
            c = self._customers
            down, has_contract = self._neutral - float(c.satisfaction[customer]), bool(c.is_contract[customer])
            shares = [
                share * math.exp(DISCONTENT.get(name, 0.0) * down) * (has_contract or name != CANCEL)
                for name, share in zip(self._reasons, self._shares, strict=True)
            ]
        point = self._draws.uniform() * sum(shares)
        for name, share in zip(self._reasons, shares, strict=True):
            point -= share
            if point < 0:
                return name
        return self._reasons[0]

    def _unknown(self, home: str, channel: str, reason: str) -> tuple[int, str, str, str]:
        draws = self._draws
        site = self._people.sites.get(home) or next(iter(self._people.sites.values()))
        is_chinese = draws.chance(site.chinese_share)
        language = "zh" if is_chinese else "en"
        if channel == "email":
            return UNKNOWN, f"guest{draws.below(10**7):07d}@example.com", reason, language
        number = as_switch_writes(stranger(is_chinese, draws), draws.chance(NATIONAL_SHARE))
        return UNKNOWN, number, reason, language

    def _number(self, customer: int, channel: str) -> str:
        if channel == "email":
            return address(customer)
        if channel == "voice" and self._draws.chance(self._people.withheld_share):
            return ""
        return as_switch_writes(self._customers.e164(customer), self._draws.chance(NATIONAL_SHARE))

    def _next(self, ended: Ended, cause: str, at: int) -> tuple[int, Call]:
        old = ended.call
        call = Call(
            contact_id="",
            customer=old.customer,
            number=old.number,
            channel=old.channel,
            site=old.site,
            reason=old.reason,
            language=old.language,
            cause=cause,
            cause_of=old.contact_id,
            arrived_at=at,
        )
        return at, call

    def _waking(self, at: int, site: str) -> int:
        """The moment itself, or a later one on a weekday by day: nobody calls again about a bill at night."""
        again = self._people.again
        zone = self._zones.get(site) or next(iter(self._zones.values()))
        local = datetime.fromtimestamp(at, UTC).astimezone(zone)
        if local.weekday() < 5 and again.waking_from_hour <= local.hour < again.waking_to_hour:
            return at
        day = local.date() + timedelta(days=local.hour >= again.waking_to_hour)
        day += timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)
        hours = again.waking_to_hour - again.waking_from_hour
        opening = datetime(day.year, day.month, day.day, again.waking_from_hour, tzinfo=zone)
        # Early rather than late: what has waited overnight comes in the morning.
        return int(opening.timestamp()) + int(hours * 3600 * self._again_draws.uniform() ** 2)
