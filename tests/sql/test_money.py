"""What contacts cost and bring, and what actions are modelled to keep: rows that a reader can add by hand.

Belongs here: kpi.money_day, ml.retained_day. Not here: the macros over them (test_macros.py).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from pipelines.sqlgraph import load_models

ACTION = """
[[actions]]
id = "offer"
label = { en = "Offer", zh = "优惠" }
channel = "voice"
cost = 10.0
eligible_when = "true"
expected_effect = 0.10
"""
SHOWN = "contact_id,action,shown_at,arm,accepted\n"
CALLS = """
[sources.desk]
kind = "calls"
format = "csv"
sql = "sources/desk.sql"
"""
CALL_SQL = """select id as source_contact_id, at as arrived_at, 'sales' as queue, at as entered_at, 0 as wait_s,
    at as answered_at, 360 as talk_s, 'Ann' as agent, 'answered' as outcome from input"""


def test_handled_contacts_bear_the_fixed_share_and_the_actions_that_were_taken(centre: Any) -> None:
    settings = centre.home.settings_path.read_text().replace("fixed_contact = 0.0", "fixed_contact = 1.5")
    centre.write("callwright.toml", settings + CALLS + ACTION)
    centre.write("sources/desk.sql", CALL_SQL)
    centre.land("desk", "calls.csv", "id,at\n1,2026-03-02 10:00:00\n2,2026-03-02 11:00:00\n")
    shown = "1,offer,2026-03-02 10:01:00,policy,true\n2,offer,2026-03-02 11:01:00,policy,false\n"
    centre.land("action_outcomes", "a.csv", SHOWN + shown)
    centre.run(checks=True)
    costs = "select handled_count, agent_cost_amount, fixed_cost_amount, action_cost_amount from kpi.money_day"
    assert centre.rows(costs) == [(2, 5.0, 3.0, 10.0)]  # twice six minutes at 25 an hour; two contacts; one taken


@pytest.fixture
def retained() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("""
        create schema core; create schema ml; create schema settings;
        create table core.contacts as select 'c1' as contact_key, 'leeds' as site, 'sales' as last_queue,
            'voice' as channel, 'A' as value_tier_at_arrival, date '2026-03-02' as business_date;
        create table ml.customer_score_history as from (values
            ('k1', timestamptz '2026-03-01 00:00:00+00', '1', 0.5, 400.0, 'GBP'),
            ('k1', timestamptz '2026-03-03 00:00:00+00', '2', 0.9, 900.0, 'GBP')
        ) as t(customer_key, scored_at, version, churn_probability, expected_value_amount, currency);
        create table settings.actions as select 'offer' as action, 0.10 as expected_effect_rate, 'churn' as effect_on;
        create table settings.churn as select 90 * 86400.0 as horizon_s;
        create table settings.costs as select 0.3 as margin_rate, 'centre-1' as assumption_set, 'GBP' as currency;
        create table core.action_outcomes (action_outcome_key uuid, contact_key varchar, customer_key varchar,
            action varchar, shown_at timestamptz, business_date date, arm varchar);
    """)
    return con


def asked(con: duckdb.DuckDBPyConnection, *outcomes: str) -> list[tuple[Any, ...]]:
    for outcome in outcomes:
        con.execute(f"insert into core.action_outcomes values ({outcome})")
    query = "select site, tier, offered_action_count, modelled_action_count, retained_value_amount, currency"
    return con.execute(f"{query} from ({load_models()['ml.retained_day'].sql}) order by 1, 3").fetchall()


def test_kept_is_effect_times_risk_times_value_at_the_margin_by_the_last_score_before_the_offer(retained: Any) -> None:
    offer = "uuid(), 'c1', 'k1', 'offer', timestamptz '2026-03-02 10:00:00+00', date '2026-03-02', 'policy'"
    assert asked(retained, offer) == [("leeds", "A", 1, 1, 6.0, "GBP")]  # 0.10 x 0.5 x 400 x 0.3


def test_an_action_that_is_to_add_value_keeps_nobody_and_nothing_is_modelled(retained: Any) -> None:
    retained.execute("update settings.actions set effect_on = 'value'")
    offer = "uuid(), 'c1', 'k1', 'offer', timestamptz '2026-03-02 10:00:00+00', date '2026-03-02', 'policy'"
    assert asked(retained, offer) == [("leeds", "A", 1, 0, None, "GBP")]


def test_without_a_score_before_it_an_offer_is_counted_and_not_modelled(retained: Any) -> None:
    offer = "uuid(), 'c1', 'k1', 'offer', timestamptz '2026-02-28 10:00:00+00', date '2026-02-28', 'policy'"
    assert asked(retained, offer) == [("leeds", "A", 1, 0, None, "GBP")]


def test_the_same_offer_again_within_the_horizon_keeps_nothing_more(retained: Any) -> None:
    days = ("2026-03-02", "2026-03-02", "2026-09-01")
    offers = [f"uuid(), 'c1', 'k1', 'offer', timestamptz '{day} 1{n}:00:00+00', date '{day}', 'policy'"
              for n, day in enumerate(days)]  # fmt: skip
    assert asked(retained, *offers) == [("leeds", "A", 3, 3, Decimal("30.3"), "GBP")]  # 6, and 24.3


def test_who_was_held_out_was_offered_nothing(retained: Any) -> None:
    at = "timestamptz '2026-03-02 10:00:00+00', date '2026-03-02'"
    assert asked(retained, f"uuid(), 'c1', 'k1', 'offer', {at}, 'holdout'") == []
