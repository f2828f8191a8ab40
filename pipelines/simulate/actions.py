"""What agents offer at answered contacts: a logging policy with exact propensities, and what its actions truly do.

Belongs here: the policy, acceptance, effects on churn and spend, potential outcomes. Does not belong here: when agents
answer (centre.py), how churn and orders react (feelings.py, purchases.py).

The policy is a softmax of preferences over what last night's export said of the customer and why the contact came,
mixed with exploration; the propensity it records is that of the action it drew, within its arm. A twentieth of
customers is held out for good: nothing is ever shown to them (propensity 1 within the arm `holdout`). Who objects to
profiling is in no arm and no record; who wants no marketing is never shown marketing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pipelines.simulate.crm import DAY_S, Outbox, Row, stamp
from pipelines.simulate.customers import Customers
from pipelines.simulate.feelings import churn_probability, is_sleeping
from pipelines.simulate.people_settings import PeopleSections
from pipelines.simulate.planted import Planted
from pipelines.simulate.purchases import Purchases
from pipelines.simulate.seam import Call
from pipelines.simulate.streams import Draws

NOTHING = "none"
POLICY, HOLDOUT = "policy", "holdout"
QUARTER_S = 91.3125 * DAY_S
YEAR_S = 365.25 * DAY_S
DIGITS = 6
# An assumption that one number stands for: an effect is told of this horizon.
HORIZON_DAYS = 90


class Actions:
    """The offers made at contacts; `truth` collects a day's decisions until they are written."""

    def __init__(
        self,
        sections: PeopleSections,
        seed: int,
        customers: Customers,
        purchases: Purchases,
        outbox: Outbox,
        planted: Planted,
    ) -> None:
        self._sections = sections
        self._effects = sections.action_effects
        self._policy = sections.customers.policy
        self._customers = customers
        self._purchases = purchases
        self._outbox = outbox
        self._planted = planted
        self._draws = Draws(seed, "people/actions")
        self.names = [NOTHING, *(effect.id for effect in self._effects)]
        self._live: dict[str, bool] = {}
        self.truth: list[Row] = []

    def decide(self, call: Call, at: int) -> None:
        """Choose, show, and learn what the customer says; once a contact, and not with those who have left."""
        i = call.customer
        if i < 0 or call.contact_id in self._live or self._customers.objects[i]:
            return
        if 0 < self._customers.left_at[i] <= at:
            return
        held_out = bool(self._customers.is_held_out[i])
        version = self._policy.version
        if held_out:
            true = recorded = [1.0, *(0.0 for _ in self._effects)]
        else:
            preferences = self.preferences(call, at)
            recorded = self.propensities(preferences, self._policy.temperature)
            true = recorded
            if self._planted.wrong_version:
                version = self._planted.wrong_version.version
                true = self.propensities(preferences, self._planted.wrong_version.true_temperature)
        chosen = _drawn(true, self._draws.uniform())
        would = self._would_accept(call)
        accepted = chosen > 0 and would[chosen - 1]
        revenue = self._show(call, chosen - 1, accepted, at) if chosen else 0.0
        self._live[call.contact_id] = accepted and revenue < 0
        who = self._customers.customer_id(i)
        row: Row = {
            "contact_id": call.contact_id,
            "customer_id": who,
            "action": self.names[chosen],
            "shown_at": stamp(at),
            "propensity": recorded[chosen],
            "arm": HOLDOUT if held_out else POLICY,
            "accepted": accepted,
            "revenue": revenue,
            "version": version,
        }
        self._outbox.add("action_outcomes", at, row)
        self.truth.append(
            {
                "contact_id": call.contact_id,
                "customer_id": who,
                "action": self.names[chosen],
                "propensity": true[chosen],
                "recorded_propensity": recorded[chosen],
                "arm": row["arm"],
                "accepted": accepted,
                "accepted_none": False,
                **{f"accepted_{name}": said for name, said in zip(self.names[1:], would, strict=True)},
            }
        )
        self._count(chosen, true, recorded, revenue)

    def ended(self, contact_id: str) -> bool:
        """Whether a credit was accepted in the contact, which is over now."""
        return self._live.pop(contact_id, False)

    # --- the policy -----------------------------------------------------------------------------------------

    def preferences(self, call: Call, at: int) -> list[float | None]:
        """What the policy thinks of nothing (0) and of each action; None: not allowed."""
        c, i = self._customers, call.customer
        ordered = int(c.order_count[i])
        known = {
            "intercept": 1.0,
            "recency": min(max(at - int(c.last_order_at[i]), 0) / QUARTER_S, 4.0) if ordered else 4.0,
            "orders": math.log1p(ordered),
            "tenure": max(at - int(c.joined_at[i]), 0) / YEAR_S,
            call.reason: 1.0,
        }
        shown, earliest = c.shown_day[i].tolist(), at // DAY_S - self._policy.rest_days
        found: list[float | None] = [0.0]
        for effect, last in zip(self._effects, shown, strict=True):
            if last > earliest or (effect.is_marketing and c.opts_out[i]):
                found.append(None)
                continue
            liked = sum(weight * known.get(name, 0.0) for name, weight in effect.prefer.items())
            if self._planted.costly_month and effect.revenue < 0:
                liked += self._planted.costly_month.preference
            found.append(liked)
        return found

    def propensities(self, preferences: Sequence[float | None], temperature: float) -> list[float]:
        """Softmax mixed with exploration, rounded as it is recorded; 0 where not allowed, together 1."""
        highest = max(liked for liked in preferences if liked is not None)
        weights = [0.0 if liked is None else math.exp((liked - highest) / temperature) for liked in preferences]
        total, allowed = sum(weights), sum(liked is not None for liked in preferences)
        explored = self._policy.exploration / allowed
        shares = [
            round((1 - self._policy.exploration) * weight / total + explored, DIGITS) if liked is not None else 0.0
            for weight, liked in zip(weights, preferences, strict=True)
        ]
        shares[0] = round(1.0 - sum(shares[1:]), DIGITS)
        return shares

    # --- what actions do ------------------------------------------------------------------------------------

    def acceptance(self, customer: int, reason: str) -> list[float]:
        """True chance of accepting each action, were it shown now."""
        c = self._customers
        pleased = float(c.satisfaction[customer]) - self._sections.satisfaction.neutral
        worth, tastes = float(c.worth[customer]), c.taste[customer].tolist()
        found = []
        for effect, taste in zip(self._effects, tastes, strict=True):
            logit = effect.accept + effect.accept_by_satisfaction * pleased + effect.accept_by_value * worth
            logit += effect.accept_by_reason.get(reason, 0.0) + effect.taste * taste
            found.append(1 / (1 + math.exp(-logit)))
        return found

    def _would_accept(self, call: Call) -> list[bool]:
        point = self._draws.uniform()
        return [point < chance for chance in self.acceptance(call.customer, call.reason)]

    def _show(self, call: Call, action: int, accepted: bool, at: int) -> float:
        """Let an action work; gives what it brings, negative for a credit."""
        c, i, effect = self._customers, call.customer, self._effects[action]
        day = at // DAY_S
        c.shown_day[i, action] = day
        c.effect[i] = self._log_effect(i, action, at) + (effect.churn_accepted if accepted else 0.0)
        c.effect_until[i] = day + self._sections.churn.effect_days
        c.spend_effect[i] = effect.spend_accepted if accepted else 0.0
        if not accepted or effect.revenue == 0:
            return 0.0
        if effect.revenue < 0:
            factor = self._planted.costly_month.amount_factor if self._planted.costly_month else 1.0
            c.credit[i] -= effect.revenue * factor
            return effect.revenue * factor
        spread = self._draws.normal()
        amount = round(effect.revenue * math.exp(0.3 * float(c.worth[i]) + 0.25 * spread), 2)
        self._purchases.place(i, amount, call.channel, at + 30, contact_id=call.contact_id)
        return amount

    def _log_effect(self, customer: int, action: int, at: int) -> float:
        """What being shown does to churn, a logarithm; a taste for an action makes it a little better."""
        effect = self._effects[action]
        c = self._customers
        silent_s = self._sections.customers.sleeping_days * DAY_S
        sleeps = bool(c.is_contract[customer]) and at - int(c.last_order_at[customer]) > silent_s
        own = effect.churn_taste * float(c.taste[customer, action])
        return effect.churn_shown + effect.churn_shown_sleeping * sleeps - own

    def true_effects(self, who: slice, at: int) -> list[Row]:
        """Rows of `effects`: what each action would do to each customer who has not left, were it shown now."""
        c, sections, day = self._customers, self._sections, at // DAY_S
        here = np.arange(who.start, who.stop)
        here = here[(c.left_at[here] == 0) & (c.joined_at[here] < at)]
        without = churn_probability(c, sections, day, here, HORIZON_DAYS)
        sleeps = is_sleeping(c, sections, at, here)
        pleased = c.satisfaction[here].astype(np.float64) - sections.satisfaction.neutral
        # Orders expected in the horizon, were nothing done, and what each brings.
        mean_spend = sections.purchases.p / c.scale[here]
        spend = np.where(c.is_buying[here], c.rate[here] * HORIZON_DAYS * mean_spend, 0.0)
        rows: list[Row] = []
        for number, effect in enumerate(self._effects):
            taste = c.taste[here, number].astype(np.float64)
            logit = effect.accept + effect.accept_by_satisfaction * pleased + effect.accept_by_value * c.worth[here]
            accepts = 1 / (1 + np.exp(-(logit + effect.taste * taste)))
            shown = effect.churn_shown + effect.churn_shown_sleeping * sleeps - effect.churn_taste * taste
            # What is in force already is replaced by what this action does.
            present = np.where(c.effect_until[here] >= day, c.effect[here], 0.0)
            refused = churn_probability(c, sections, day, here, HORIZON_DAYS, shown - present)
            taken = churn_probability(c, sections, day, here, HORIZON_DAYS, shown - present + effect.churn_accepted)
            change = accepts * taken + (1 - accepts) * refused - without
            gained = accepts * (
                spend * math.expm1(effect.spend_accepted) + effect.revenue * np.exp(0.3 * c.worth[here])
            )
            if effect.revenue < 0:
                gained = accepts * effect.revenue
            columns = (here.tolist(), accepts, without, change, gained, sleeps.tolist())
            rows += [
                {
                    "customer_id": c.customer_id(i),
                    "action": effect.id,
                    "acceptance_rate": round(float(accepted), 6),
                    "churn_without_rate": round(float(before), 6),
                    "churn_change_rate": round(float(changed), 6),
                    "spend_change_amount": round(float(gain), 2),
                    "is_harmful": bool(changed > 0),
                    "is_sleeping": asleep,
                }
                for i, accepted, before, changed, gain, asleep in zip(*columns, strict=True)
            ]
        return rows

    def _count(self, chosen: int, true: list[float], recorded: list[float], revenue: float) -> None:
        if self._planted.wrong_version and recorded[0] != 1.0:
            likely = max(range(len(true)), key=lambda number: recorded[number])
            self._planted.count("miscalibrated_model", "decision_count")
            self._planted.count("miscalibrated_model", "likeliest_recorded_sum", recorded[likely])
            self._planted.count("miscalibrated_model", "likeliest_true_sum", true[likely])
            self._planted.count("miscalibrated_model", "likeliest_chosen_count", float(chosen == likely))
            self._planted.count("miscalibrated_model", "inverse_recorded_sum", 1 / recorded[chosen])
            self._planted.count("miscalibrated_model", "allowed_sum", float(sum(share > 0 for share in true)))
        if self._planted.costly_month and revenue < 0:
            self._planted.count("costly_month", "credit_count")
            self._planted.count("costly_month", "credit_amount", -revenue)


def _drawn(shares: Sequence[float], point: float) -> int:
    for number, share in enumerate(shares):
        point -= share
        if point < 0:
            return number
    return max(number for number, share in enumerate(shares) if share > 0)
