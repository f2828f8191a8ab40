"""The customers' days: the same again for the same seed, nothing lost, and they behave as their parameters say."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date

import numpy as np
import phonenumbers
import pytest
from people_world import GUEST, World, scenario

from pipelines.simulate.feelings import experience, solve_probability
from pipelines.simulate.people_settings import sections_of
from pipelines.simulate.seam import UNKNOWN, Call, Ended


def day_of(stamp: str) -> date:
    return date.fromisoformat(stamp[:10])


@pytest.fixture(scope="module")
def small() -> World:
    return World(scenario(seats=3)).run(40)


# --- the same again --------------------------------------------------------------------------------------


def test_same_seed_same_rows(small):
    again = World(scenario(seats=3)).run(40)
    assert again.kept.tables == small.kept.tables
    assert again.kept.truths == small.kept.truths


def test_another_seed_other_rows(small):
    other = World(scenario(seats=3), seed=2).run(40)
    assert all(other.kept.tables[name] != rows for name, rows in small.kept.tables.items())


def test_first_days_do_not_depend_on_how_many_follow(small):
    shorter = World(scenario(seats=3)).run(20)
    for name, rows in shorter.kept.tables.items():
        assert small.kept.tables[name][: len(rows)] == rows


# --- nothing lost, nothing twice -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table, key", [("crm_orders", "order_id"), ("campaign_attempts", "attempt_id"), ("action_outcomes", "contact_id")]
)
def test_ids_are_unique(year, table, key):
    ids = [row[key] for row in year.kept.tables[table]]
    assert len(ids) == len(set(ids))


def test_every_answered_contact_of_a_present_customer_has_its_decision_unless_he_objects(year):
    objectors = {
        row["customer_id"] for row in year.kept.tables["crm_customers"] if row["profiling_objection"]
    }  # an objection is never taken back
    customers = year.people.customers
    expected = {
        e.call.contact_id
        for e in year.contacts
        if e.outcome == "answered" and e.call.customer >= 0
        if customers.customer_id(e.call.customer) not in objectors
        if not 0 < customers.left_at[e.call.customer] <= e.call.arrived_at + e.wait_s
    }
    assert {row["contact_id"] for row in year.kept.tables["action_outcomes"]} == expected


def test_sales_are_made_in_answered_contacts_of_their_customer(year):
    answered = {e.call.contact_id: e for e in year.contacts if e.outcome == "answered"}
    sold = [row for row in year.kept.tables["crm_orders"] if row["contact_id"]]
    assert len(sold) > 5000
    for row in sold:
        ended = answered[row["contact_id"]]
        assert row["customer_id"] == year.people.customers.customer_id(ended.call.customer)


def test_caused_contacts_name_their_cause_and_keep_customer_and_reason(year):
    by_id = {ended.call.contact_id: ended for ended in year.contacts}
    caused = [e.call for e in year.contacts if e.call.cause != "fresh"]
    assert {call.cause for call in caused} == {"retry", "repeat"}
    for call in caused:
        before = by_id[call.cause_of]
        assert (call.customer, call.reason) == (before.call.customer, before.call.reason)
        assert before.is_resolved is (None if call.cause == "retry" else False)


def test_unsolved_issues_and_abandonments_come_back_as_often_as_said(year):
    again = sections_of(scenario()).customers.again
    early = [e for e in year.contacts if e.ended_at < year.contacts[-1].ended_at - 30 * 86_400]
    caused = Counter(e.call.cause_of for e in year.contacts)
    unsolved = [caused[e.call.contact_id] for e in early if e.is_resolved is False]
    given_up = [caused[e.call.contact_id] for e in early if e.outcome == "abandoned"]
    assert np.mean(unsolved) == pytest.approx(again.repeat_share, abs=0.03)
    assert np.mean(given_up) == pytest.approx(again.retry_share["abandoned"], abs=0.03)


def test_case_is_opened_once_and_closed_at_most_once(year):
    states = defaultdict(list)
    for row in year.kept.tables["crm_cases"]:
        states[row["case_id"]].append(row)
    assert {tuple(row["status"] for row in rows) for rows in states.values()} == {
        ("open",), ("open", "solved"), ("open", "unsolved"),
    }  # fmt: skip
    assert all(rows[0]["opened_at"] <= (rows[-1]["closed_at"] or "9") for rows in states.values())


def test_nobody_calls_or_buys_after_leaving(year):
    left = {row["customer_id"]: row["left_at"] for row in year.kept.tables["crm_customers"] if row["left_at"]}
    bought = [r for r in year.kept.tables["crm_orders"] if left.get(r["customer_id"], "9") < r["ordered_at"]]
    # Who gives notice in the morning may still have an order or a conversation on that day.
    assert all(row["ordered_at"][:10] == left[row["customer_id"]][:10] for row in bought)
    fresh = [e.call for e in year.contacts if e.call.cause == "fresh" and e.call.customer != UNKNOWN]
    name, day_s = year.people.customers.customer_id, 86_400
    for call in fresh:
        when = left.get(name(call.customer))
        assert when is None or call.arrived_at // day_s <= (day_of(when) - date(1970, 1, 1)).days


def test_crm_tells_of_changes_in_rows_of_their_own(year):
    rows = defaultdict(list)
    for row in year.kept.tables["crm_customers"]:
        rows[row["customer_id"]].append(row)
    assert all(stamps == sorted(stamps) for stamps in ([r["updated_at"] for r in found] for found in rows.values()))
    truth = {row["customer_id"]: row for row in year.kept.truths["customers"]}
    assert rows.keys() == truth.keys()
    for customer_id, found in rows.items():
        assert (found[-1]["left_at"] is not None) == (truth[customer_id]["left_at"] is not None)


def answered(call, outcome="answered", at=1_770_120_000):
    agent = "Agent/1" if outcome == "answered" else None
    return Ended(call, outcome, "billing", agent, 30, 200, 0, 20, at, 0, 0.5)


@pytest.mark.parametrize(
    "outcome, cause",
    [("callback", "callback"), ("exited_by_key", "callback"), ("abandoned", "retry"), ("answered", "repeat")],
)
def test_outcome_causes_what_it_should(outcome, cause):
    people = World(scenario(seats=1)).people
    people.begin_day(date(2026, 2, 3))
    caused = []
    for number in range(200):
        call = Call(f"x{number}", -1, "07946999999", "voice", "leeds", "fault", "en", "fresh", None, 1_770_119_000)
        caused += people.ended(answered(call, outcome))
    assert {call.cause for _, call in caused} == {cause}
    assert all(call.cause_of and call.contact_id == "" and call.site == "leeds" for _, call in caused)


def test_repeats_come_on_weekdays_by_day_of_their_site():
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    people = World(scenario(seats=1)).people
    people.begin_day(date(2026, 2, 6))
    for site, zone in (("leeds", "Europe/London"), ("chengdu", "Asia/Shanghai")):
        for number in range(300):
            call = Call(f"{site}{number}", -1, "", "voice", site, "complaint", "en", "fresh", None, 1_770_380_000)
            for when, _ in people.ended(answered(call, at=1_770_380_000 + 301 * number)):
                local = datetime.fromtimestamp(when, UTC).astimezone(ZoneInfo(zone))
                assert local.weekday() < 5
                assert 9 <= local.hour < 18


def test_unknown_callers_leave_no_rows(year):
    unknown = [e.call for e in year.contacts if e.call.customer == UNKNOWN]
    assert len(unknown) / len(year.contacts) == pytest.approx(0.04, abs=0.01)
    known = {row["phone"] for row in year.kept.tables["crm_customers"]}
    assert not {call.number for call in unknown} & known
    ids = {call.contact_id for call in unknown}
    assert not ids & {row["contact_id"] for row in year.kept.tables["action_outcomes"]}
    assert not ids & {row["contact_id"] for row in year.kept.tables["surveys"]}


def test_scenario_changes_single_values_and_unknown_ones_are_refused():
    changed = sections_of(scenario(purchases={"phone_share": 0.1}))
    assert (changed.purchases.phone_share, changed.purchases.r) == (0.1, 1.2)
    with pytest.raises(ValueError, match="phone_shar"):
        sections_of(scenario(purchases={"phone_shar": 0.1}))


def test_tiers_are_of_the_stated_shares_and_the_first_spends_most(year):
    people, customers = year.people, year.people.customers
    tiers = [people.tier(i) for i in range(customers.count)]
    known = Counter(tier for tier in tiers if tier)
    assert known["A"] / sum(known.values()) == pytest.approx(0.05, abs=0.01)
    spend = {tier: np.mean(customers.recent_spend[: customers.count][[t == tier for t in tiers]]) for tier in "ABCD"}
    assert spend["A"] > spend["B"] > spend["C"] > spend["D"]
    assert people.tier(UNKNOWN) is None


# --- numbers ---------------------------------------------------------------------------------------------


def test_numbers_are_valid_and_each_is_one_customers(year):
    customers = year.people.customers
    numbers = [customers.e164(i) for i in range(customers.count)]
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"\+447946\d{6}|\+86280\d{7}", number) for number in numbers)
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers[::50])


def test_pipeline_reads_every_written_form_as_the_number_it_is(year):
    from pipelines.identity import normalise_number

    customers = year.people.customers
    for i in range(0, customers.count, 7):
        assert normalise_number(customers.row(i)["phone"], "GB") == customers.e164(i)
    for ended in year.contacts[::50]:
        call = ended.call
        if call.channel == "voice" and call.number and call.customer >= 0:
            assert normalise_number(call.number, "GB") == customers.e164(call.customer)


# --- satisfaction, churn ---------------------------------------------------------------------------------


def felt(**changes):
    settings = sections_of(scenario()).satisfaction
    given = {
        "baseline": 0.7, "wait_s": 0, "transfer_count": 0, "skill": 0.7, "is_solved": True, "has_credit": False,
        "noise": 0.0,
    }  # fmt: skip
    return experience(settings, **(given | changes))


def test_experience_falls_with_wait_and_transfers_and_rises_with_skill_solving_and_credits():
    waits = [felt(wait_s=wait) for wait in (0, 30, 120, 600, 3600)]
    assert waits == sorted(waits, reverse=True)
    assert felt(transfer_count=2) < felt(transfer_count=1) < felt()
    assert felt(skill=0.4) < felt(skill=0.9)
    assert felt(is_solved=None) < felt(is_solved=False) < felt() < felt(has_credit=True)


def test_skill_solves_and_transfers_do_not():
    settings = sections_of(scenario()).satisfaction
    assert solve_probability(1.0, 0.9, 0, settings) > solve_probability(1.0, 0.4, 0, settings)
    assert solve_probability(1.0, 0.9, 2, settings) < solve_probability(1.0, 0.9, 0, settings)


def test_a_centre_that_lets_people_wait_has_discontent_customers_who_leave_more_often():
    quick, slow = (World(scenario(facts=()), wait_s=wait).run(270) for wait in (10.0, 500.0))

    def of(world):
        rows = [row for row in world.kept.truths["customers"] if row["has_contract"]]
        left = sum(row["left_at"] is not None and row["left_at"].date() >= date(2025, 10, 1) for row in rows)
        return np.mean([row["satisfaction"] for row in rows if not row["left_at"]]), left

    (content, few), (discontent, many) = of(quick), of(slow)
    assert discontent < content - 0.05
    assert many > few * 1.15


def test_true_hazard_is_that_by_which_contracts_are_cancelled(year):
    months = defaultdict(lambda: [0.0, 0])
    world = World(scenario(facts=()))
    from datetime import timedelta

    from pipelines.simulate.feelings import MONTH_DAYS, monthly_hazard

    c = world.people.customers
    for number in range(90):
        world.day(world.settings.starts_on + timedelta(days=number))
        here = np.flatnonzero(c.is_contract[: c.count] & (c.left_at[: c.count] == 0))
        day = (world.settings.starts_on - date(1970, 1, 1)).days + number + 1
        hazard = monthly_hazard(c, world.people._sections, day, here) / MONTH_DAYS
        low = c.satisfaction[here] < np.median(c.satisfaction[here])
        before = c.left_at[: c.count] == 0
        world.people.begin_day(world.settings.starts_on + timedelta(days=number + 1))
        gone = before & (c.left_at[: len(before)] > 0)
        for side in (True, False):
            months[side][0] += hazard[low == side].sum()
            months[side][1] += int(gone[here[low == side]].sum())
    for expected, found in months.values():
        assert abs(found - expected) < 4 * np.sqrt(expected)
    assert months[True][1] > months[False][1]


# --- surveys ---------------------------------------------------------------------------------------------


def test_answers_replace_what_was_sent_and_scores_are_on_their_scale(year):
    states = defaultdict(list)
    for row in year.kept.tables["surveys"]:
        states[row["survey_id"]].append(row)
    assert all(len(rows) == 1 or [r["answered_at"] is None for r in rows] == [True, False] for rows in states.values())
    answered = [rows[-1] for rows in states.values() if rows[-1]["answered_at"]]
    assert 0.15 < len(answered) / len(states) < 0.40
    assert all(row["scale_min"] <= row["score"] <= row["scale_max"] for row in answered)
    assert {row["kind"] for row in answered} == {"csat", "nps", "ces"}


def test_the_delighted_and_the_furious_answer_more(year):
    rate = year.people._surveys.answer_probability
    assert rate(0.6, "en") < rate(0.95, "en")
    assert rate(0.6, "en") < rate(0.1, "en")
    assert rate(0.6, "en") < rate(0.6, "zh")


def test_comments_are_many_and_in_the_language_of_their_customer(year):
    rows = [row for row in year.kept.tables["surveys"] if row["comment"]]
    assert len(rows) > 3000
    assert len({row["comment"] for row in rows}) > 0.8 * len(rows)
    for row in rows:
        assert bool(re.search(r"[一-鿿]", row["comment"])) is (row["language"] == "zh")
    assert {row["language"] for row in rows} == {"en", "zh"}


def test_comments_agree_with_score_wait_and_topic(year):
    by_id = {ended.call.contact_id: ended for ended in year.contacts}
    rows = [row for row in year.kept.tables["surveys"] if row["comment"] and row["language"] == "en"]
    for row in rows:
        ended = by_id[row["contact_id"]]
        share = (row["score"] - row["scale_min"]) / (row["scale_max"] - row["scale_min"])
        if share >= 0.7:
            assert not re.search(r"Very disappointed|not solved|Terrible|queue\.", row["comment"])
        if share <= 0.4:
            assert not re.search(r"Excellent|Thank you|Very pleased", row["comment"])
        if "queue" in row["comment"] and "No queue" not in row["comment"]:
            assert ended.wait_s >= 120
        if "router" in row["comment"]:
            assert ended.call.reason == "fault"


def test_guest_agent_has_only_best_answers():
    world = World(scenario(seats=3))
    world.people.begin_day(date(2026, 2, 3))
    for number in range(6):
        call = Call(f"g{number}", number, "", "voice", "leeds", "billing", "en", "fresh", None, 1_770_120_000)
        world.people.ended(Ended(call, "answered", "billing", GUEST, 30, 200, 0, 20, 1_770_120_230, 0, 0.5))
    for number in range(3, 13):
        world.people.end_day(date(2026, 2, number))
    rows = [row for row in world.kept.tables["surveys"] if row["agent"] == GUEST]
    assert [row["score"] for row in rows if row["answered_at"]] == [5] * 6
