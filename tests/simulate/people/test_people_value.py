"""Orders follow the models they are said to follow: models/value finds the parameters they were drawn with."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime

import numpy as np
import pytest
from people_world import World, scenario

from models.value import bgnbd, gamma_gamma
from pipelines.simulate.people_settings import sections_of

DAY_S = 86_400.0


@pytest.fixture(scope="module")
def orders():
    """Orders before the first day of 12,000 customers whom nobody has touched and no contract binds."""
    world = World(scenario(seats=46, facts=(), customers={"contract_share": 0.0}))
    world.people.begin_day(date(2025, 10, 1))
    return world.kept.tables["crm_orders"]


def test_bgnbd_finds_the_parameters(orders):
    truth = sections_of(scenario()).purchases
    end = datetime(2025, 10, 1, tzinfo=UTC).timestamp()
    times = defaultdict(list)
    for row in orders:
        times[row["customer_id"]].append(datetime.fromisoformat(row["ordered_at"]).timestamp())
    x = np.array([len(found) - 1.0 for found in times.values()])
    t_x = np.array([(max(found) - min(found)) / DAY_S for found in times.values()])
    observed = np.array([(end - min(found)) / DAY_S for found in times.values()])
    found = bgnbd.fit(x, t_x, observed)
    assert not found.is_boundary
    assert found.r == pytest.approx(truth.r, rel=0.08)
    assert found.alpha == pytest.approx(truth.alpha_days, rel=0.08)
    assert found.a == pytest.approx(truth.a, rel=0.25)
    assert found.a / (found.a + found.b) == pytest.approx(truth.a / (truth.a + truth.b), rel=0.10)


def test_gamma_gamma_finds_the_parameters(orders):
    truth = sections_of(scenario()).purchases
    amounts = defaultdict(list)
    for row in orders:
        amounts[row["customer_id"]].append(row["amount"])
    counts = np.array([float(len(found)) for found in amounts.values()])
    found = gamma_gamma.fit(counts, np.array([np.mean(found) for found in amounts.values()]))
    assert found.p == pytest.approx(truth.p, rel=0.08)
    assert found.q == pytest.approx(truth.q, rel=0.08)
    mean = found.p * found.gamma / (found.q - 1)
    assert mean == pytest.approx(truth.p * truth.gamma / (truth.q - 1), rel=0.05)


def test_customers_stay_findable_after_a_year_of_contacts_offers_and_lists(year):
    truth = sections_of(scenario()).purchases
    end = datetime(2026, 10, 1, tzinfo=UTC).timestamp()
    free = {row["customer_id"] for row in year.kept.truths["customers"] if not row["has_contract"]}
    # What an offer or a list brought in comes on top of what the models say.
    extra = {row["contact_id"] for row in year.kept.tables["action_outcomes"] if row["revenue"] > 0}
    times = defaultdict(list)
    for row in year.kept.tables["crm_orders"]:
        if row["customer_id"] in free and row["contact_id"] not in extra and not row["campaign_id"]:
            times[row["customer_id"]].append(datetime.fromisoformat(row["ordered_at"]).timestamp())
    x = np.array([len(found) - 1.0 for found in times.values()])
    t_x = np.array([(max(found) - min(found)) / DAY_S for found in times.values()])
    found = bgnbd.fit(x, t_x, np.array([(end - min(found)) / DAY_S + 0.01 for found in times.values()]))
    assert found.a / (found.a + found.b) == pytest.approx(truth.a / (truth.a + truth.b), rel=0.30)
    assert found.r / found.alpha == pytest.approx(truth.r / truth.alpha_days, rel=0.25)
