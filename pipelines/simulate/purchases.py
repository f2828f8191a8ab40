"""What customers buy, and when they stop: BG/NBD and gamma-gamma, as models/value assumes them.

Belongs here: orders, before the first day and on each day. Does not belong here: contracts (churn is in people.py),
offers (actions.py).

Rates are gamma distributed, the chance of stopping after a repeat order is beta distributed, an order's amount is gamma
with a scale of the customer's own. What centre and campaigns do moves these by satisfaction and by effects; customers
whom nobody touches follow the models exactly. A share of a day's orders is placed by calling: whoever calls about sales
is one of the day's buyers, and the order is made in that contact; who does not get through buys online that evening.
What is known of a customer (orders, recency, spend) changes at the end of a day, as a nightly export would tell it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipelines.simulate.crm import DAY_S, Integers, Outbox, Row, stamp, stamps
from pipelines.simulate.customers import NEVER, Customers, Floats
from pipelines.simulate.feelings import dropout_probability
from pipelines.simulate.people_settings import PeopleSections
from pipelines.simulate.streams import stream

SPEND_HALF_LIFE_DAYS = 180.0


class Pending(NamedTuple):
    """An order that will be placed by calling, or online in the evening."""

    customer: int
    due_at: int
    amount: float


class Purchases:
    """Orders of all customers."""

    def __init__(
        self, sections: PeopleSections, seed: int, customers: Customers, outbox: Outbox, currency: str
    ) -> None:
        self._sections = sections
        self._settings = sections.purchases
        self._customers = customers
        self._outbox = outbox
        self._currency = currency
        self._rng = stream(seed, "people/purchases")
        self._order_count = 0
        self._pending: dict[int, list[Pending]] = defaultdict(list)
        self._calling: dict[int, Pending] = {}
        self._placed: list[tuple[int, int, float]] = []
        self.buyers_of_day: Integers = np.zeros(0, np.int64)

    # --- before the first day -------------------------------------------------------------------------------

    def history(self, until: int) -> None:
        """Orders from joining until the first day, written at once; nothing but the models moves them."""
        c = self._customers
        parts: list[tuple[Integers, Integers, Floats]] = []
        who = np.flatnonzero(c.joined_at[: c.count] < until)
        at = c.joined_at[who].copy()
        end = np.where(c.left_at[who] > 0, c.left_at[who], until)
        is_first = True
        while who.size:
            amount = self._amounts(who)
            parts.append((who, at, amount))
            stays = np.ones(len(who), np.bool_)
            if not is_first:
                stays = self._rng.random(len(who)) >= c.dropout[who]
            c.is_buying[who[~stays]] = False
            c.order_count[who] += 1
            c.last_order_at[who] = at
            weight = 0.5 ** ((until - at) / DAY_S / SPEND_HALF_LIFE_DAYS)
            c.recent_spend[who] += (amount * weight).astype(np.float32)
            who, end = who[stays], end[stays]
            at = at[stays] + self._gaps(who)
            over = at >= end
            c.next_order_at[who[over]] = at[over]
            who, at, end = who[~over], at[~over], end[~over]
            is_first = False
        gone = np.flatnonzero(c.left_at[: c.count] > 0)
        c.next_order_at[gone], c.is_buying[gone] = NEVER, False
        self._outbox.write("crm_orders", self._history_rows(parts))

    def _history_rows(self, parts: list[tuple[Integers, Integers, Floats]]) -> Iterator[Row]:
        who, at = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        amount = np.concatenate([p[2] for p in parts])
        order = np.lexsort((who, at))
        for piece in np.array_split(order, max(1, len(order) // 50_000)):
            columns = (who[piece].tolist(), stamps(at[piece]), amount[piece].tolist(), self._margins(amount[piece]))
            returned = (self._rng.random(len(piece)) < self._settings.return_share).tolist()
            for customer, when, paid, margin, is_returned in zip(*columns, returned, strict=True):
                yield self._row(customer, when, paid, margin, "online", None, None, is_returned)

    # --- a day ----------------------------------------------------------------------------------------------

    def begin_day(self, day: int) -> None:
        """Draw what is bought on this day."""
        c = self._customers
        day_end = (day + 1) * DAY_S
        self._pending.clear()
        due = np.flatnonzero(c.next_order_at[: c.count] < day_end)
        while due.size:
            at, amount = c.next_order_at[due], self._amounts(due)
            effective = c.effect_until[due] >= day
            amount = np.round(amount * np.exp(np.where(effective, c.spend_effect[due], 0.0)), 2)
            is_first = at == c.joined_at[due]
            by_phone = (self._rng.random(len(due)) < self._settings.phone_share) & ~is_first
            self._place_online(due[~by_phone], at[~by_phone], amount[~by_phone])
            for customer, when, paid in zip(*(x[by_phone].tolist() for x in (due, at, amount)), strict=True):
                self._pending[int(c.site[customer])].append(Pending(customer, when, paid))
            stops = self._rng.random(len(due)) < dropout_probability(c, self._sections, day, due)
            stops &= ~is_first
            c.is_buying[due[stops]], c.next_order_at[due[stops]] = False, NEVER
            due, at = due[~stops], at[~stops]
            c.next_order_at[due] = at + self._gaps(due)
            due = due[c.next_order_at[due] < day_end]

    def next_buyer(self, site: int | None) -> int | None:
        """Who calls next to place today's order, at a site or anywhere; None: everybody has, or buys online."""
        if site is None:
            site = max(self._pending, key=lambda number: (len(self._pending[number]), -number), default=-1)
        waiting = self._pending.get(site)
        if not waiting:
            return None
        order = waiting.pop()
        self._calling[order.customer] = order
        return order.customer

    def place_in_contact(self, customer: int, channel: str, contact_id: str, at: int) -> None:
        """An answered sales contact: the order is placed, if this is one of the day's buyers."""
        order = self._calling.pop(customer, None)
        if order is not None:
            self.place(customer, order.amount, channel, at, contact_id=contact_id)

    def place(
        self,
        customer: int,
        amount: float,
        channel: str,
        at: int,
        contact_id: str | None = None,
        campaign: str | None = None,
    ) -> None:
        """Place one order, outside the models if nothing was due: an accepted offer, a sale of a campaign."""
        margin = self._margins(np.array([amount]))[0] - float(self._customers.credit[customer])
        self._customers.credit[customer] = 0
        self._outbox.add(
            "crm_orders", at, self._row(customer, stamp(at), amount, margin, channel, contact_id, campaign, False)
        )
        self._placed.append((customer, at, amount))

    def end_day(self, day: int) -> None:
        """Orders not placed by calling are placed online; what is known of customers catches up."""
        last = (day + 1) * DAY_S - 1
        rest = [*self._calling.values(), *(order for site in sorted(self._pending) for order in self._pending[site])]
        self._calling.clear()
        self._pending.clear()
        if rest:
            who, at, amount = (np.array(column) for column in zip(*rest, strict=True))
            self._place_online(who, np.minimum(np.maximum(at, last - 3 * 3600), last), amount)
        c = self._customers
        c.recent_spend[: c.count] *= np.float32(0.5 ** (1 / SPEND_HALF_LIFE_DAYS))
        for customer, when, paid in self._placed:
            c.order_count[customer] += 1
            c.last_order_at[customer] = max(int(c.last_order_at[customer]), when)
            c.recent_spend[customer] += paid
        self.buyers_of_day = np.array([customer for customer, _, _ in self._placed], np.int64)
        self._placed.clear()

    def change_rate(self, customer: int, factor: float, until_day: int, now: int) -> None:
        """Buy more or less often until a day: exact, because the time to the next order has no memory."""
        c = self._customers
        self._rescale(np.array([customer]), np.array([factor / float(c.rate_factor[customer])]), now)
        c.rate_factor[customer], c.rate_until[customer] = factor, until_day

    def end_rate_changes(self, day: int) -> None:
        """Those whose time is over buy as often as before."""
        c = self._customers
        over = np.flatnonzero((c.rate_factor[: c.count] != 1) & (c.rate_until[: c.count] < day))
        if over.size:
            self._rescale(over, 1 / c.rate_factor[over].astype(np.float64), day * DAY_S)
            c.rate_factor[over] = 1

    # --- pieces ---------------------------------------------------------------------------------------------

    def _rescale(self, who: Integers, factor: Floats, now: int) -> None:
        left = self._customers.next_order_at[who]
        moves = (left < NEVER) & (left > now)
        rest = (np.where(moves, left - now, 0) / factor).astype(np.int64)
        self._customers.next_order_at[who] = np.where(moves, now + np.maximum(rest, 1), left)

    def _place_online(self, who: Integers, at: Integers, amount: Floats) -> None:
        c = self._customers
        margins = self._margins(amount)
        returned = (self._rng.random(len(who)) < self._settings.return_share).tolist()
        for i, when, paid, margin, is_returned in zip(
            who.tolist(), at.tolist(), amount.tolist(), margins, returned, strict=True
        ):
            left = margin - float(c.credit[i])
            c.credit[i] = 0
            row = self._row(i, stamp(when), paid, left, "online", None, None, is_returned)
            self._outbox.add("crm_orders", when, row)
            self._placed.append((i, when, paid))

    def _amounts(self, who: NDArray[np.int64]) -> Floats:
        amounts = self._rng.gamma(self._settings.p, 1 / self._customers.scale[who])
        return np.maximum(np.round(amounts, 2), 0.5)

    def _gaps(self, who: NDArray[np.int64]) -> Integers:
        c = self._customers
        days = self._rng.exponential(1, len(who)) / np.maximum(c.rate[who] * c.rate_factor[who], 1e-7)
        return np.maximum(days * DAY_S, 1).astype(np.int64)

    def _margins(self, amount: Floats) -> list[float]:
        rates = self._settings.margin_rate + self._settings.margin_sigma * self._rng.standard_normal(len(amount))
        return [float(value) for value in np.round(amount * rates, 2)]

    def _row(
        self, customer: int, at: str, amount: float, margin: float, channel: str, contact_id: str | None,
        campaign: str | None, is_returned: bool,
    ) -> Row:  # fmt: skip
        self._order_count += 1
        return {
            "order_id": f"O{self._order_count:09d}",
            "customer_id": self._customers.customer_id(customer),
            "ordered_at": at,
            "amount": round(amount, 2),
            "currency": self._currency,
            "margin": round(margin, 2),
            "channel": channel,
            "contact_id": contact_id,
            "campaign_id": campaign,
            "status": "returned" if is_returned else "paid",
        }
