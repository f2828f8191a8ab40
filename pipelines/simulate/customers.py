"""The customers: one array for each thing that is known or true of them.

Belongs here: who they are, how they come into being, their row in the CRM. Does not belong here: what they do.

Numbers are invented. English ones are +44 7946 000000 to 999999; Chinese ones are +86 28 0nnnnnnn: Chengdu's area code
and a local number that begins with 0, which no network in China can assign. People unknown to the CRM have the last
tenth of each range. Beyond 900,000 British customers, numbers are shared, as in households.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.simulate.crm import DAY_S, Row, stamp
from pipelines.simulate.people_settings import PeopleSections
from pipelines.simulate.streams import Draws, stream
from pipelines.simulate.words import NAMES

Floats = NDArray[np.float64]
NEVER = np.iinfo(np.int64).max // 4
KNOWN_ENGLISH, ALL_ENGLISH = 900_000, 1_000_000
KNOWN_CHINESE, ALL_CHINESE = 9_000_000, 10_000_000
# Numbers are spread over their range; neither factor has a divisor in common with its range.
_SPREAD_ENGLISH, _SPREAD_CHINESE = 7_919, 1_299_709

# What is said of each customer. Times are UTC seconds (0: none), days are days since 1970.
_FIELDS: dict[str, type] = {
    "site": np.int8, "segment": np.int8, "region": np.int8, "tier": np.int8, "given": np.int16, "family": np.int16,
    "phone": np.int32, "phone_form": np.int8, "birth_year": np.int16, "is_chinese": np.bool_,
    "has_email": np.bool_, "is_contract": np.bool_, "opts_out": np.bool_, "objects": np.bool_, "is_held_out": np.bool_,
    "is_affected": np.bool_, "joined_at": np.int64, "left_at": np.int64, "updated_at": np.int64,
    "renewal_day": np.int32, "contact_weight": np.float32, "baseline": np.float32, "satisfaction": np.float32,
    "frailty": np.float32, "rate": np.float64, "dropout": np.float32, "scale": np.float64, "worth": np.float32,
    "is_buying": np.bool_, "next_order_at": np.int64, "last_order_at": np.int64, "order_count": np.int32,
    "recent_spend": np.float32, "credit": np.float32, "intent_until": np.int32, "effect": np.float32,
    "effect_until": np.int32, "spend_effect": np.float32, "rate_factor": np.float32, "rate_until": np.int32,
    "surveyed_day": np.int32,
}  # fmt: skip


class Customers:
    """Arrays of shape (capacity,), of which the first `count` are customers; `taste` and `shown_day` by action too."""

    site: NDArray[np.int8]
    segment: NDArray[np.int8]
    region: NDArray[np.int8]
    tier: NDArray[np.int8]
    given: NDArray[np.int16]
    family: NDArray[np.int16]
    phone: NDArray[np.int32]
    phone_form: NDArray[np.int8]
    birth_year: NDArray[np.int16]
    is_chinese: NDArray[np.bool_]
    has_email: NDArray[np.bool_]
    is_contract: NDArray[np.bool_]
    opts_out: NDArray[np.bool_]
    objects: NDArray[np.bool_]
    is_held_out: NDArray[np.bool_]
    is_affected: NDArray[np.bool_]
    joined_at: NDArray[np.int64]
    left_at: NDArray[np.int64]
    updated_at: NDArray[np.int64]
    renewal_day: NDArray[np.int32]
    contact_weight: NDArray[np.float32]
    baseline: NDArray[np.float32]
    satisfaction: NDArray[np.float32]
    frailty: NDArray[np.float32]
    rate: Floats
    dropout: NDArray[np.float32]
    scale: Floats
    worth: NDArray[np.float32]
    is_buying: NDArray[np.bool_]
    next_order_at: NDArray[np.int64]
    last_order_at: NDArray[np.int64]
    order_count: NDArray[np.int32]
    recent_spend: NDArray[np.float32]
    credit: NDArray[np.float32]
    intent_until: NDArray[np.int32]
    effect: NDArray[np.float32]
    effect_until: NDArray[np.int32]
    spend_effect: NDArray[np.float32]
    rate_factor: NDArray[np.float32]
    rate_until: NDArray[np.int32]
    surveyed_day: NDArray[np.int32]

    def __init__(self, sections: PeopleSections, seed: int) -> None:
        self._sections = sections
        self._rng = stream(seed, "people/customers")
        self.count = 0
        self.sites = list(sections.customers.sites)
        self.segments = list(sections.customers.segments)
        self.site_index = {name: number for number, name in enumerate(self.sites)}
        self._phones = [0, 0]
        self._capacity = 0
        actions = len(sections.action_effects)
        self.taste = np.zeros((0, actions), np.float32)
        self.shown_day = np.zeros((0, actions), np.int32)
        for name, dtype in _FIELDS.items():
            setattr(self, name, np.zeros(0, dtype))

    def add(self, joined_at: NDArray[np.int64]) -> slice:
        """New customers, who joined at these moments and have not done anything yet."""
        new = slice(self.count, self.count + len(joined_at))
        self._reserve(new.stop)
        self.count = new.stop
        n, rng, people = len(joined_at), self._rng, self._sections.customers
        homes = list(people.sites.values())
        shares = np.array([home.share for home in homes])
        site = rng.choice(len(homes), n, p=shares / shares.sum()).astype(np.int8)
        self.site[new] = site
        self.is_chinese[new] = rng.random(n) < np.array([home.chinese_share for home in homes])[site]
        regions = np.array([len(home.regions) for home in homes])
        self.region[new] = (rng.random(n) * regions[site]).astype(np.int8)
        self.joined_at[new] = self.updated_at[new] = joined_at
        self._add_identity(new, n)
        self.is_contract[new] = rng.random(n) < people.contract_share
        self.renewal_day[new] = joined_at // DAY_S + people.contract_days
        self.opts_out[new] = rng.random(n) < people.opt_out_share
        self.objects[new] = rng.random(n) < people.objection_share
        self.is_held_out[new] = rng.random(n) < people.policy.holdout_share
        self.contact_weight[new] = rng.gamma(people.contact_shape, 1 / people.contact_shape, n)
        self._add_character(new, n)
        return new

    def _add_identity(self, new: slice, n: int) -> None:
        rng, chinese = self._rng, self.is_chinese[new]
        for language, mask in enumerate((~chinese, chinese)):
            total = int(mask.sum())
            known, spread = ((KNOWN_ENGLISH, _SPREAD_ENGLISH), (KNOWN_CHINESE, _SPREAD_CHINESE))[language]
            ordinals = self._phones[language] + np.arange(total)
            self.phone[new][mask] = ordinals * spread % known
            self._phones[language] += total
        self.given[new] = rng.integers(0, 1 << 14, n)
        self.family[new] = rng.integers(0, 1 << 14, n)
        self.phone_form[new] = rng.choice(4, n, p=[0.70, 0.15, 0.08, 0.07])
        self.birth_year[new] = np.where(rng.random(n) < 0.8, rng.integers(1942, 2006, n), 0)
        self.has_email[new] = rng.random(n) < 0.85

    def _add_character(self, new: slice, n: int) -> None:
        rng, buying, feeling = self._rng, self._sections.purchases, self._sections.satisfaction
        self.rate[new] = rng.gamma(buying.r, 1 / buying.alpha_days, n)
        self.dropout[new] = rng.beta(buying.a, buying.b, n)
        scale = rng.gamma(buying.q, 1 / buying.gamma, n)
        self.scale[new] = scale
        self.is_buying[new] = True
        self.next_order_at[new] = NEVER
        self.rate_factor[new] = 1
        # Log of the mean order, standardised: q is the shape of a gamma distribution, whose log has this deviation.
        self.worth[new] = (np.log(buying.q / buying.gamma) - np.log(scale)) * np.sqrt(buying.q)
        # The biggest spenders are companies, with some noise: a segment tells something about money, not all.
        rank = self.worth[new] + 0.5 * rng.standard_normal(n)
        edges = _normal_edges(list(self._sections.customers.segments.values())) * np.sqrt(1.35)
        self.segment[new] = np.searchsorted(edges, rank)
        baseline = np.clip(feeling.neutral + feeling.spread * rng.standard_normal(n), 0.05, 0.98)
        self.baseline[new] = self.satisfaction[new] = baseline
        self.frailty[new] = self._sections.churn.frailty * rng.standard_normal(n)
        self.taste[new] = rng.standard_normal((n, self.taste.shape[1]))

    def _reserve(self, wanted: int) -> None:
        if wanted <= self._capacity:
            return
        self._capacity = max(wanted + 1024, self._capacity * 5 // 4)
        for name in (*_FIELDS, "taste", "shown_day"):
            old = getattr(self, name)
            grown = np.zeros((self._capacity, *old.shape[1:]), old.dtype)
            grown[: self.count] = old[: self.count]
            setattr(self, name, grown)

    # --- as others see them ---------------------------------------------------------------------------------

    def customer_id(self, customer: int) -> str:
        """The CRM's id."""
        return f"C{customer:07d}"

    def e164(self, customer: int) -> str:
        """The number they call from."""
        return _number(bool(self.is_chinese[customer]), int(self.phone[customer]))

    def language(self, customer: int) -> str:
        """en or zh."""
        return "zh" if self.is_chinese[customer] else "en"

    def row(self, customer: int) -> Row:
        """The customer's row in the CRM as of now; a joining date has no time of day."""
        i = customer
        people, chinese = self._sections.customers, bool(self.is_chinese[i])
        names, left_at = NAMES["zh" if chinese else "en"], int(self.left_at[i])
        given = names["given"][int(self.given[i]) % len(names["given"])]
        family = names["family"][int(self.family[i]) % len(names["family"])]
        ends_on = int(self.renewal_day[i]) * DAY_S if self.is_contract[i] else 0
        return {
            "customer_id": self.customer_id(i),
            "name": f"{family}{given}" if chinese else f"{given} {family}",
            "phone": _written(chinese, int(self.phone[i]), int(self.phone_form[i])),
            "email": address(i) if self.has_email[i] else None,
            "segment": self.segments[self.segment[i]],
            "region": people.sites[self.sites[self.site[i]]].regions[self.region[i]],
            "language": "zh" if chinese else "en",
            "joined_at": stamp(int(self.joined_at[i]))[:10],
            "left_at": stamp(left_at) if left_at else None,
            "contract_end_at": stamp(left_at or ends_on) if ends_on else None,
            "birth_year": int(self.birth_year[i]) or None,
            "marketing_opt_out": bool(self.opts_out[i]),
            "profiling_objection": bool(self.objects[i]),
            "updated_at": stamp(int(self.updated_at[i])),
        }


def address(customer: int) -> str:
    """An e-mail address at a domain kept free for examples."""
    return f"c{customer:07d}@example.com"


def stranger(is_chinese: bool, draws: Draws) -> str:
    """The number of somebody who is not in the CRM."""
    known, total = (KNOWN_CHINESE, ALL_CHINESE) if is_chinese else (KNOWN_ENGLISH, ALL_ENGLISH)
    return _number(is_chinese, known + int(draws.uniform() * (total - known)))


def as_switch_writes(e164: str, is_national: bool) -> str:
    """A British number in national form on some lines; any other always with its country."""
    return f"0{e164[3:]}" if is_national and e164.startswith("+44") else e164


def _number(is_chinese: bool, number: int) -> str:
    return f"+86280{number:07d}" if is_chinese else f"+447946{number:06d}"


def _written(is_chinese: bool, number: int, form: int) -> str:
    """In one of the forms people type: with +, with 00 or 0, with spaces, with a second number."""
    e164 = _number(is_chinese, number)
    if form == 0:
        return e164
    if is_chinese:
        spaced = f"+86 28 {e164[5:9]} {e164[9:]}"
        return (f"00{e164[1:]}", spaced, f"+86-28-{e164[5:]}")[form - 1]
    return (f"0{e164[3:]}", f"0044{e164[3:]}", f"0{e164[3:7]} {e164[7:10]} {e164[10:]}")[form - 1]


def _normal_edges(shares: list[float]) -> Floats:
    """Where a standard normal is cut so that the pieces have these shares."""
    from statistics import NormalDist

    sums = np.cumsum(shares)[:-1] / sum(shares)
    return np.array([NormalDist().inv_cdf(float(part)) for part in sums])
