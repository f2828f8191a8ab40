"""The customers of the demo centre: their day, what a contact does to them, and the truth about them.

Belongs here: the parts put together; joining, leaving, renewing, moving. Does not belong here: each part: who they are
(customers.py), who calls (callers.py), orders (purchases.py), feelings and hazards (feelings.py), offers (actions.py),
lists (campaigns.py), surveys.py, cases.py. Nothing is kept of a contact after it has ended, but an open case and what
the customer remembers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np

from pipelines.simulate.actions import Actions
from pipelines.simulate.callers import BILLING, CANCEL, SALES, Callers
from pipelines.simulate.campaigns import Campaigns
from pipelines.simulate.cases import Cases
from pipelines.simulate.crm import CHUNK, DAY_S, Integers, Outbox, Row, day_number, instant
from pipelines.simulate.customers import NEVER, Customers
from pipelines.simulate.feelings import (
    MONTH_DAYS,
    churn_probability,
    experience,
    is_sleeping,
    monthly_hazard,
    solve_probability,
)
from pipelines.simulate.people_settings import PeopleScenario, sections_of
from pipelines.simulate.planted import Planted
from pipelines.simulate.purchases import Purchases
from pipelines.simulate.seam import UNKNOWN, Call, CampaignAttempt, Ended, Tables
from pipelines.simulate.streams import Draws, stream
from pipelines.simulate.surveys import Surveys
from pipelines.simulate.words import NEW_BILL, Lived

# The cause of contacts that the centre brings in for a planted fact.
PLANTED = "planted"
OFFICE_OPENS_S, OFFICE_HOURS_S = 9 * 3600, 8 * 3600


class SimulatedPeople:
    """Customers, as the centre meets them (seam.People)."""

    def __init__(self, scenario: PeopleScenario, seed: int, tables: Tables) -> None:
        self._sections = sections = sections_of(scenario)
        self._tables = tables
        self._outbox = Outbox(tables)
        self._rng = stream(seed, "people/days")
        self._draws = Draws(seed, "people/contacts")
        self._planted = Planted(scenario.facts, sections.campaigns.lists)
        self.customers = Customers(sections, seed)
        self.purchases = Purchases(sections, seed, self.customers, self._outbox, scenario.company.currency)
        shared = self.customers, self.purchases
        self._callers = Callers(sections, seed, *shared, self._planted)
        self.actions = Actions(sections, seed, *shared, self._outbox, self._planted)
        self._campaigns = Campaigns(sections, seed, *shared, self._outbox, self._planted)
        self._surveys = Surveys(sections.surveys, seed, self.customers, self._outbox)
        self._cases = Cases(sections.customers, seed, self.customers, self._outbox)
        year = scenario.seats * scenario.contacts_per_seat_year
        self._first_count = max(50, round(year / sections.customers.contacts_per_customer))
        self._day = day_number(scenario.starts_on)
        self._is_begun = False
        self._tiers: list[str] = list(sections.customers.tiers)

    # --- the day --------------------------------------------------------------------------------------------

    def begin_day(self, day: date) -> None:
        """Customers join, leave, renew, move and buy; effects that are over end."""
        self._day = day_number(day)
        self._planted.begin_day(day)
        if not self._is_begun:
            self._begin()
        self._leave()
        self._renew()
        self._move()
        self._join()
        self.purchases.end_rate_changes(self._day)
        self.purchases.begin_day(self._day)
        self._cases.begin_day(self._day)
        self._callers.begin_day(self._day)
        if day.day == 1:
            self._rank()

    def end_day(self, day: date) -> None:
        """Opinions drift back to normal; the day's rows go out."""
        c = self.customers
        self.purchases.end_day(self._day)
        self._campaigns.count_orders(self._day)
        share = np.float32(1 - 0.5 ** (1 / self._sections.satisfaction.half_life_days))
        c.satisfaction[: c.count] += share * (c.baseline[: c.count] - c.satisfaction[: c.count])
        self._outbox.flush(day_number(day))
        if self.actions.truth:
            self._tables.truth("decisions", self.actions.truth)
            self.actions.truth = []

    def close(self) -> None:
        """The truth about customers, effects and what was planted."""
        now, count = (self._day + 1) * DAY_S, self.customers.count
        for start in range(0, count, CHUNK):
            piece = slice(start, min(start + CHUNK, count))
            self._tables.truth("customers", self._truth_rows(piece, now))
            if effects := self.actions.true_effects(piece, now):
                self._tables.truth("effects", effects)
        if figures := self.fact_figures():
            self._tables.truth("fact_figures", figures)

    def fact_figures(self) -> list[Row]:
        """What was really planted so far: rows of fact, measure, value."""
        return self._planted.rows()

    # --- contacts -------------------------------------------------------------------------------------------

    def caller(self, site: str, channel: str, at: int, tier: str | None = None) -> tuple[int, str, str, str]:
        """Who makes the next fresh contact: customer, number, reason, language."""
        return self._callers.caller(site, channel, None if tier is None else self._tiers.index(tier))

    def tier(self, customer: int) -> str | None:
        """What the router is told; nothing of unknown callers, of objectors and of the hold-out."""
        c = self.customers
        if customer == UNKNOWN or c.objects[customer] or c.is_held_out[customer]:
            return None
        return self._tiers[int(c.tier[customer])]

    def decide(self, call: Call, at: int) -> None:
        """An agent has answered an inbound contact: choose an action, show it, log it."""
        self.actions.decide(call, at)

    def ended(self, ended: Ended) -> list[tuple[int, Call]]:
        """What a contact leaves behind; gives the contacts that it causes."""
        call, i = ended.call, ended.call.customer
        is_answered = ended.outcome == "answered"
        cluster = self._planted.repeat_cluster
        if cluster and i >= 0 and call.cause == PLANTED and call.reason == BILLING:
            self.customers.is_affected[i] = True
        about_bill = bool(cluster and i >= 0 and call.reason == BILLING and self.customers.is_affected[i])
        solved: bool | None = None
        if is_answered:
            ease = cluster.ease if cluster and about_bill else self._sections.customers.reasons[call.reason].ease
            chance = solve_probability(ease, ended.agent_skill, ended.transfer_count, self._sections.satisfaction)
            solved = self._draws.chance(chance)
        ended.is_resolved = solved
        if ended.outcome == "contained_in_ivr":
            return []
        if i >= 0:
            self._felt(ended, solved, NEW_BILL if about_bill else call.reason)
        if about_bill:
            self._planted.count("repeat_cluster", f"{'fresh' if call.cause == 'fresh' else 'again'}_ended_count")
        share = cluster.repeat_share if cluster and about_bill else self._sections.customers.again.repeat_share
        return self._callers.caused_by(ended, solved, share)

    def campaign_attempts(self, day: date) -> Iterable[CampaignAttempt]:
        """The day's outbound list, arms drawn, in order of time."""
        return self._campaigns.attempts(day)

    def answer_rate(self, customer: int, at: int) -> float:
        """Chance that this customer answers an outbound call at this moment."""
        return self._campaigns.answer_rate(customer, at)

    def attempted(self, attempt: CampaignAttempt) -> None:
        """An outbound attempt is over, or the day ended without it."""
        self._campaigns.attempted(attempt)

    def _felt(self, ended: Ended, solved: bool | None, topic: str) -> None:
        """The customer's opinion, intent, order, case and survey after a contact."""
        c, call, settings = self.customers, ended.call, self._sections.satisfaction
        i, has_credit = call.customer, self.actions.ended(call.contact_id)
        felt = experience(
            settings, float(c.baseline[i]), ended.wait_s if call.channel == "voice" else 0, ended.transfer_count,
            ended.agent_skill, solved, has_credit, self._draws.normal(),
        )  # fmt: skip
        c.satisfaction[i] += settings.memory * (felt - float(c.satisfaction[i]))
        if solved is not None:
            if call.reason == SALES:
                self.purchases.place_in_contact(i, call.channel, call.contact_id, ended.ended_at)
            elif call.reason == CANCEL:
                c.intent_until[i] = ended.ended_at // DAY_S + self._sections.churn.intent_days
            self._cases.after(ended, solved)
        is_guest = ended.agent in self._planted.guests
        if is_guest:
            self._planted.count("guest_agent", "survey_count")
        lived = Lived(
            c.language(i), topic, call.channel != "voice", solved, has_credit, ended.wait_s, ended.transfer_count
        )
        self._surveys.after(ended, felt, lived, is_guest)

    # --- joining and leaving --------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Those who were customers before the first day, and the CRM's first export."""
        self._is_begun = True
        c, people, start = self.customers, self._sections.customers, self._day * DAY_S
        joined = start - self._rng.integers(1, people.history_days * DAY_S, self._first_count)
        new = c.add(np.sort(joined).astype(np.int64))
        everybody = np.arange(new.stop)
        hazard = monthly_hazard(c, self._sections, self._day, everybody) / MONTH_DAYS / DAY_S
        left = c.joined_at[new] + (self._rng.exponential(1, new.stop) / hazard).astype(np.int64)
        gone = c.is_contract[new] & (left < start)
        c.left_at[new] = np.where(gone, left, 0)
        c.updated_at[new] = np.where(gone, left, c.joined_at[new])
        # A contract has renewed itself since it began.
        periods = np.maximum(0, -((c.renewal_day[new] - self._day) // people.contract_days))
        c.renewal_day[new] += (periods * people.contract_days).astype(np.int32)
        c.intent_until[new] = c.effect_until[new] = c.surveyed_day[new] = -1
        c.shown_day[new] = -1
        self.purchases.history(start)
        self._outbox.write("crm_customers", (c.row(i) for i in range(new.stop)))
        self._rank()

    def _join(self) -> None:
        count = int(self._rng.poisson(self._first_count * self._sections.customers.join_rate / 365))
        at = self._day * DAY_S + np.sort(self._rng.integers(0, DAY_S, count))
        new = self.customers.add(at.astype(np.int64))
        c = self.customers
        c.intent_until[new] = c.effect_until[new] = c.surveyed_day[new] = -1
        c.shown_day[new] = -1
        c.next_order_at[new] = at
        c.tier[new] = len(self._tiers) - 1
        for i in range(new.start, new.stop):
            self._outbox.add("crm_customers", int(c.joined_at[i]), c.row(i))

    def _leave(self) -> None:
        """Contracts that are cancelled on this day, by their true hazard."""
        c = self.customers
        hazard = monthly_hazard(c, self._sections, self._day, slice(0, c.count)) / MONTH_DAYS
        leaves = self._rng.random(c.count) < 1 - np.exp(-hazard)
        leaving = np.flatnonzero(leaves & c.is_contract[: c.count] & (c.left_at[: c.count] == 0))
        at = self._office(len(leaving))
        c.left_at[leaving] = at
        c.is_buying[leaving], c.next_order_at[leaving] = False, NEVER
        self._changed(leaving, at)

    def _renew(self) -> None:
        c = self.customers
        due = (c.renewal_day[: c.count] == self._day) & c.is_contract[: c.count] & (c.left_at[: c.count] == 0)
        renewing = np.flatnonzero(due)
        c.renewal_day[renewing] += self._sections.customers.contract_days
        self._changed(renewing, np.full(len(renewing), self._day * DAY_S + 3600))

    def _move(self) -> None:
        c, people = self.customers, self._sections.customers
        count = int(self._rng.poisson(c.count * people.moved_rate / 365))
        moving = np.unique(self._rng.integers(0, c.count, count))
        moving = moving[c.left_at[moving] == 0]
        regions = np.array([len(site.regions) for site in people.sites.values()])[c.site[moving]]
        c.region[moving] = (c.region[moving] + 1 + self._rng.integers(0, regions - 1, len(moving))) % regions
        self._changed(moving, self._office(len(moving)))

    def _office(self, count: int) -> Integers:
        moments = self._day * DAY_S + OFFICE_OPENS_S + self._rng.integers(0, OFFICE_HOURS_S, count)
        return np.asarray(moments, dtype=np.int64)

    def _changed(self, who: Integers, at: Integers) -> None:
        """New rows in the CRM."""
        c = self.customers
        c.updated_at[who] = at
        for i, when in zip(who.tolist(), at.tolist(), strict=True):
            self._outbox.add("crm_customers", when, c.row(i))

    def _rank(self) -> None:
        """Tiers by what was spent lately: those who have left are in the last."""
        c = self.customers
        spend = np.where(c.left_at[: c.count] > 0, -1.0, c.recent_spend[: c.count])
        place = np.empty(c.count)
        place[np.argsort(-spend, kind="stable")] = np.arange(c.count) / max(c.count, 1)
        edges = np.cumsum(list(self._sections.customers.tiers.values()))[:-1]
        c.tier[: c.count] = np.searchsorted(edges, place, side="right")

    # --- the truth ------------------------------------------------------------------------------------------

    def _truth_rows(self, who: slice, now: int) -> list[Row]:
        """Rows of `customers` of the truth."""
        c, sections, day = self.customers, self._sections, now // DAY_S
        here = np.arange(who.start, who.stop)
        hazard = np.where(c.is_contract[here], monthly_hazard(c, sections, day, here), np.nan)
        churn = churn_probability(c, sections, day, here, MONTH_DAYS)
        asleep = is_sleeping(c, sections, now, here) & (c.left_at[here] == 0)
        mean_spend = sections.purchases.p / c.scale[here]
        columns = zip(here.tolist(), hazard.tolist(), churn.tolist(), asleep.tolist(), mean_spend.tolist(), strict=True)
        return [
            {
                "customer_id": c.customer_id(i),
                "site": c.sites[c.site[i]],
                "segment": c.segments[c.segment[i]],
                "language": c.language(i),
                "joined_at": instant(int(c.joined_at[i])),
                "left_at": instant(int(c.left_at[i])) if c.left_at[i] else None,
                "has_contract": bool(c.is_contract[i]),
                "is_buying": bool(c.is_buying[i]),
                "is_sleeping": sleeps,
                "purchase_day_rate": round(float(c.rate[i]), 8),
                "dropout_rate": round(float(c.dropout[i]), 6),
                "mean_spend_amount": round(spend, 2),
                "contact_weight": round(float(c.contact_weight[i]), 6),
                "baseline_satisfaction": round(float(c.baseline[i]), 6),
                "satisfaction": round(float(c.satisfaction[i]), 6),
                "monthly_churn_hazard": None if np.isnan(rate) else round(rate, 8),
                "monthly_churn_rate": round(leaves, 8),
                "is_held_out": bool(c.is_held_out[i]),
            }
            for i, rate, leaves, sleeps, spend in columns
        ]
