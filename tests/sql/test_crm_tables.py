"""Cases, campaign attempts, action outcomes, agents and schedules; and whom a contact is matched to, by what."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

CASE = "case_id,customer_id,opened_at,closed_at,status,reason,contact_id\n"
ATTEMPT = "attempt_id,campaign_id,customer_id,phone,dialled_at,arm,connected,right_party,outcome,agent,amount\n"
CALLS = """
[sources.desk]
kind = "calls"
format = "csv"
sql = "sources/desk.sql"
"""
CALL_SQL = """select id as source_contact_id, at as arrived_at, channel, nullif(who, '') as caller_number,
    nullif(customer, '') as customer_id, 'answered' as outcome from input"""
PEOPLE = (
    "customer_id,phone,email,updated_at\nC1,07946000001,Ann@Example.org,2026-01-01\n"
    "C2,+44 7946 000002; 07946000003,bo@example.org;b.o@example.org,2026-01-01\n"
    "C3,07946000009,desk@example.org,2026-01-01\nC4,07946000009,DESK@example.org,2026-01-01\n"
)


def land_calls(centre: Any, *rows: str) -> None:
    centre.write("callwright.toml", centre.home.settings_path.read_text() + CALLS)
    centre.write("sources/desk.sql", CALL_SQL)
    lines = [f"{n},2026-03-02 10:{n:02}:00,{row}" for n, row in enumerate(rows)]
    centre.land("desk", "calls.csv", "id,at,channel,who,customer\n" + "\n".join(lines) + "\n")


# --- cases ---------------------------------------------------------------------------------------------------


def test_a_case_is_solved_unsolved_open_or_closed_in_a_way_that_nobody_says(centre: Any) -> None:
    rows = ["A,C1,2026-03-01,2026-03-02,solved,bill,", "B,C1,2026-03-01,2026-03-02 12:00,unsolved,,",
            "C,C2,2026-03-01,,,,", "D,C2,2026-03-01,2026-03-01 00:01,,,"]  # fmt: skip
    centre.land("crm_cases", "a.csv", CASE + "\n".join(rows))
    centre.run(checks=True)
    assert centre.rows("select case_id, status, is_solved, open_s from core.cases order by 1") == [
        ("A", "solved", True, 86400.0), ("B", "unsolved", False, 129600.0), ("C", "open", False, None),
        ("D", None, None, 60.0),
    ]  # fmt: skip


def test_of_several_states_of_a_case_the_furthest_counts_in_whatever_order_they_come(
    make_centre: Any, tmp_path: Any
) -> None:
    states = ["A,C1,2026-03-01,,open,,", "A,C1,2026-03-01,2026-03-02,solved,,", "A,C1,2026-03-01,2026-03-09,unsolved,,"]
    for number, order in enumerate(list(permutations(states))[::2]):
        centre = make_centre(tmp_path / str(number))
        for name, row in zip("abc", order, strict=True):
            centre.land("crm_cases", f"{name}.csv", CASE + row + "\n")
        centre.run()
        assert centre.rows("select status, closed_at from core.cases") == [
            ("unsolved", datetime(2026, 3, 9, tzinfo=UTC))
        ]


def test_a_case_is_of_the_contact_that_the_crm_names_if_there_is_one_such(centre: Any) -> None:
    land_calls(centre, "voice,07946000001,")
    centre.land("crm_cases", "a.csv", CASE + "A,C1,2026-03-02,,,,0\nB,C1,2026-03-02,,,,77\n")
    centre.run(checks=True)
    found = "select s.case_id, c.source_contact_id from core.cases s left join core.contacts c using (contact_key)"
    assert centre.rows(found + " order by 1") == [("A", "0"), ("B", None)]


# --- campaign attempts ---------------------------------------------------------------------------------------


def test_an_attempt_by_number_alone_is_its_owners_and_holds_no_number(centre: Any) -> None:
    centre.land("crm_customers", "c.csv", PEOPLE)
    rows = ["1,spring,,+447946000001,2026-03-01 10:00,a,true,true,sold,Ann,20", "2,spring,C2,,2026-03-01,b,false,,,,",
            "3,spring,,07946000009,2026-03-01,,,,no_answer,,", "4,spring,,1001,2026-03-01,,,,no_answer,,"]  # fmt: skip
    centre.land("campaign_attempts", "a.csv", ATTEMPT + "\n".join(rows))
    centre.run(checks=True)
    found = centre.rows(
        "select attempt_id, k.customer_id, caller_token is not null, is_connected, outcome, amount, currency"
        " from core.campaign_attempts a left join staging.customer_keys k using (customer_key) order by 1"
    )
    assert found == [
        ("1", "C1", True, True, "sold", 20.0, "GBP"), ("2", "C2", False, False, None, None, "GBP"),
        ("3", None, True, None, "no_answer", None, "GBP"), ("4", None, False, None, "no_answer", None, "GBP"),
    ]  # fmt: skip
    columns = centre.rows("select column_name from duckdb_columns() where table_name = 'campaign_attempts'")
    assert ("phone",) in columns  # in raw and staging, which are private
    published = (
        "select column_name from duckdb_columns() where table_name = 'campaign_attempts' and schema_name = 'core'"
    )
    assert ("phone",) not in centre.rows(published)


def test_a_sale_of_a_campaign_is_no_order_and_no_money_twice(centre: Any) -> None:
    centre.land(
        "crm_orders", "o.csv", "order_id,customer_id,ordered_at,amount,campaign_id\nO1,C1,2026-03-01,20,spring\n"
    )
    row = "1,spring,C1,,2026-03-01 10:00,a,true,true,sold,Ann,20\n"
    centre.land("campaign_attempts", "a.csv", ATTEMPT + row)
    centre.run(checks=True)
    assert centre.rows("select order_id, amount from core.orders") == [("O1", 20.0)]
    assert centre.rows("select sum(amount) from core.campaign_attempts where outcome = 'sold'") == [(20.0,)]


def test_an_attempt_exported_before_and_after_it_ended_is_one(centre: Any) -> None:
    for name, row in (("b", "1,s,C1,,2026-03-01,a,,,,,"), ("a", "1,s,C1,,2026-03-01,a,true,true,opted_out,Ann,")):
        centre.land("campaign_attempts", f"{name}.csv", ATTEMPT + row + "\n")
    centre.run()
    assert centre.rows("select outcome, is_right_party from core.campaign_attempts") == [("opted_out", True)]


# --- action outcomes -----------------------------------------------------------------------------------------


def test_an_answer_replaces_the_same_showing_without_one(centre: Any) -> None:
    land_calls(centre, "voice,,C1")
    head = "contact_id,customer_id,action,shown_at,propensity,arm,accepted,revenue,version\n"
    centre.land("action_outcomes", "a.csv", head + "0,,offer,2026-03-02 10:01,0.5,treated,,,v1\n")
    centre.land(
        "action_outcomes",
        "b.csv",
        head + "0,,offer,2026-03-02 10:01,0.5,treated,true,12.5,v1\n,C9,offer,2026-03-02,1,,,,\n",
    )
    centre.run(checks=True)
    found = centre.rows(
        "select k.customer_id, o.contact_key is not null, o.is_accepted, o.revenue_amount, o.currency"
        " from core.action_outcomes o left join staging.customer_keys k using (customer_key) order by 1"
    )
    assert found == [("C1", True, True, 12.5, "GBP"), ("C9", False, None, None, "GBP")]


# --- agents and schedules ------------------------------------------------------------------------------------


def test_agents_and_their_shifts_go_by_the_name_that_visits_have(centre: Any) -> None:
    head = "agent_id,name,interface,site,team,skills,hourly_cost\n"
    centre.land("agents", "a.csv", head + "7,Ann,PJSIP/7,Leeds,gold,en;zh,25\n8,,,,,,\n7,Ann,,,,,\n")
    centre.land(
        "schedules", "s.csv", "agent_id,starts_at,ends_at,activity\n" + "7,2026-03-02 09:00,2026-03-02 17:00,work\n" * 2
    )
    centre.run(checks=True)
    assert centre.rows("select * from core.agents order by agent_id") == [
        ("Ann", "7", "Leeds", "gold", "en;zh", 25.0, "GBP", True), ("8", "8", None, None, None, None, "GBP", False),
    ]  # fmt: skip
    assert centre.rows("select agent, activity, planned_s from core.schedules") == [("Ann", "work", 28800.0)]


def test_a_survey_names_the_agent_as_visits_do(centre: Any) -> None:
    centre.land("agents", "a.csv", "agent_id,name\n7,Ann\n")
    centre.land("surveys", "s.csv", "survey_id,customer_id,kind,score,answered_at,agent\nS1,C1,csat,5,2026-03-01,7\n")
    centre.run()
    assert centre.rows("select agent from core.surveys") == [("Ann",)]


def test_two_rosters_of_one_agent_give_one_answer_in_either_order(make_centre: Any, tmp_path: Any) -> None:
    rows = ["7,Ann,20", "7,Ann,30"]
    for order in (rows, rows[::-1]):
        centre = make_centre(tmp_path / order[0])
        for name, row in zip("ab", order, strict=True):
            centre.land("agents", f"{name}.csv", f"agent_id,name,hourly_cost\n{row}\n")
        centre.run()
        assert centre.rows("select hourly_cost_amount, has_conflict from core.agents") == [(30.0, True)]


# --- identity ------------------------------------------------------------------------------------------------


WHO = [
    ("voice,07946000001,", "C1", "number"),
    ("voice,0044 7946 000003,", "C2", "number"),
    ("sms,+447946000001,", "C1", "number"),
    ("email,ANN@example.org,", "C1", "email"),
    ("email,Ann Smith <ann@EXAMPLE.org>,", "C1", "email"),
    ("chat,b.o@example.org,", "C2", "email"),
    ("messaging,07946000001,", "C1", "number"),
    ("voice,07946000001,C2", "C2", "crm_id"),
    ("email,nobody@example.org,C1", "C1", "crm_id"),
    ("voice,07946000009,", None, None),
    ("email,desk@example.org,", None, None),
    ("email,nobody@example.org,", None, None),
    ("email,07946000001@example.org,", None, None),
    ("voice,sip:+447946000001@pbx.example.org,", "C1", "number"),
    ("voice,ann@example.org,", None, None),
    ("voice,anonymous,", None, None),
    ("voice,1001,", None, None),
    ("chat,,", None, None),
]


@pytest.fixture(scope="module")
def callers(shared_centre: Any) -> Any:
    def fill(centre: Any) -> None:
        centre.land("crm_customers", "c.csv", PEOPLE)
        land_calls(centre, *(row for row, _, _ in WHO))
        centre.run()

    return shared_centre("callers", fill)


@pytest.mark.parametrize("number", range(len(WHO)), ids=[row for row, _, _ in WHO])
def test_who_a_contact_is_and_by_what_that_is_known(callers: Any, number: int) -> None:
    found = callers.rows(
        "select k.customer_id, j.identified_by from core._journeys j"
        f" left join staging.customer_keys k using (customer_key) where j.source_contact_id = '{number}'"
    )
    assert found == [WHO[number][1:]]


def test_coverage_counts_every_contact_once(centre: Any) -> None:
    centre.land("crm_customers", "c.csv", PEOPLE)
    land_calls(
        centre, "voice,07946000001,", "voice,07946000001,C2", "voice,anonymous,", "voice,1001,", "voice,07946000077,",
        "email,ann@example.org,", "email,nobody@example.org,", "email,,",
    )  # fmt: skip
    centre.run(whole=True)
    assert centre.published("select * from meta.identity_coverage order by channel") == [
        ("desk", "email", 3, 0, 0, 1, 1, 1), ("desk", "voice", 5, 1, 1, 0, 2, 1),
    ]  # fmt: skip


def test_the_newest_address_of_a_customer_is_his_and_the_old_one_is_nobodys(centre: Any) -> None:
    head = "customer_id,email,updated_at\n"
    centre.land("crm_customers", "a.csv", head + "C1,new@example.org,2026-02-01\n")
    centre.land("crm_customers", "b.csv", head + "C1,old@example.org,2026-01-01\n")
    land_calls(centre, "email,new@example.org,", "email,old@example.org,")
    centre.run()
    found = "select identified_by from core._journeys order by arrived_at"
    assert centre.rows(found) == [("email",), (None,)]
