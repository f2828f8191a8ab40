"""How a contact is felt, what it leaves behind, and how it makes customers leave: formulas without chance.

Belongs here: experience, solving, hazards. Does not belong here: when they are applied (people.py), their parameters
(people.toml). An effect on churn is a logarithm: of the hazard of a contract, of the odds of not buying again.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pipelines.simulate.customers import Customers, Floats
from pipelines.simulate.people_settings import PeopleSections, SatisfactionSection

MONTH_DAYS = 365.25 / 12
Which = NDArray[np.int64] | slice


def solve_probability(ease: float, skill: float, transfer_count: int, settings: SatisfactionSection) -> float:
    """Chance that an answered contact solves what it is about."""
    logit = ease + settings.solve_skill * (skill - 0.5) + settings.solve_transfer * transfer_count
    return 1 / (1 + math.exp(-logit))


def experience(
    settings: SatisfactionSection,
    baseline: float,
    wait_s: float,
    transfer_count: int,
    skill: float,
    is_solved: bool | None,
    has_credit: bool,
    noise: float,
) -> float:
    """How one contact is felt, 0 to 1.

    Args:
        settings: The weights.
        baseline: What the customer thinks when nothing happens, 0 to 1.
        wait_s: In queues.
        transfer_count: To other queues.
        skill: Of the agent, 0 to 1; without an agent it does not count.
        is_solved: None: nobody answered.
        has_credit: A credit was accepted.
        noise: Standard normal.
    """
    felt = settings.start + 0.5 * (baseline - settings.neutral) + settings.noise * noise
    felt += settings.wait * math.log1p(wait_s / settings.wait_scale_s) + settings.transfer * transfer_count
    if is_solved is None:
        felt += settings.unanswered
    else:
        felt += settings.skill * (skill - 0.5) + (settings.solved if is_solved else settings.unsolved)
    return min(max(felt + settings.credit * has_credit, 0.0), 1.0)


def monthly_hazard(customers: Customers, sections: PeopleSections, day: int, who: Which) -> Floats:
    """Hazard a month of cancelling a contract, as if each had one, shape of `who`."""
    c, churn = customers, sections.churn
    log = math.log(churn.monthly_rate) + c.frailty[who].astype(np.float64)
    log += churn.by_satisfaction * (sections.satisfaction.neutral - c.satisfaction[who])
    until = c.renewal_day[who] - day
    log += churn.contract_end * ((until >= 0) & (until < churn.contract_end_days))
    log += churn.intent * (c.intent_until[who] >= day)
    log += np.where(c.effect_until[who] >= day, c.effect[who], 0.0)
    return np.exp(log)


def dropout_probability(
    customers: Customers, sections: PeopleSections, day: int, who: Which, effect: Floats | float = 0.0
) -> Floats:
    """Chance of not buying again after an order, shape of `who`; at neutral satisfaction, that of BG/NBD."""
    own = np.clip(customers.dropout[who].astype(np.float64), 1e-6, 1 - 1e-6)
    pull = sections.churn.dropout_by_satisfaction * (sections.satisfaction.neutral - customers.satisfaction[who])
    felt = np.where(customers.effect_until[who] >= day, customers.effect[who], 0.0)
    odds = own / (1 - own) * np.exp(pull + felt + effect)
    return np.asarray(odds / (1 + odds), dtype=np.float64)


def churn_probability(
    customers: Customers, sections: PeopleSections, day: int, who: Which, days: float, effect: Floats | float = 0.0
) -> Floats:
    """True chance of leaving within `days`, if nothing else happens; 1 for those who have left.

    A contract is cancelled; who has none leaves when no further order will come.
    """
    c = customers
    contract = 1 - np.exp(-monthly_hazard(c, sections, day, who) * np.exp(effect) * days / MONTH_DAYS)
    stopping = c.rate[who] * c.rate_factor[who] * dropout_probability(c, sections, day, who, effect)
    buyer = np.where(c.is_buying[who], 1 - np.exp(-stopping * days), 1.0)
    return np.where(c.left_at[who] > 0, 1.0, np.where(c.is_contract[who], contract, buyer))


def is_sleeping(customers: Customers, sections: PeopleSections, at: int, who: Which) -> NDArray[np.bool_]:
    """Who pays a contract and has ordered nothing for long: do not wake."""
    silent = at - customers.last_order_at[who] > sections.customers.sleeping_days * 86_400
    return np.asarray(customers.is_contract[who] & silent, dtype=np.bool_)
