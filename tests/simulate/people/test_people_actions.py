"""Decisions, effects, lists and planted facts: what is recorded is what was done, and what is true can be estimated."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import numpy as np
import pytest
from people_world import World, scenario

from pipelines.simulate.seam import Call

ACTIONS = ("retention_offer", "upgrade_offer", "service_credit")


def decisions(world, version="policy-1"):
    rows = {row["contact_id"]: row for row in world.kept.tables["action_outcomes"]}
    return [
        (rows[t["contact_id"]], t)
        for t in world.kept.truths["decisions"]
        if rows[t["contact_id"]]["version"] == version
    ]


# --- the policy ------------------------------------------------------------------------------------------


def test_propensities_are_those_of_the_policy_and_add_up_to_one():
    world = World(scenario(seats=10, facts=()))
    actions, seen = world.people.actions, {}
    decide = actions.decide

    def watched(call, at):
        if call.customer >= 0:
            shares = actions.propensities(actions.preferences(call, at), actions._policy.temperature)
            assert sum(shares) == pytest.approx(1, abs=1e-9)
            assert min(shares) >= 0
            seen[call.contact_id] = dict(zip(actions.names, shares, strict=True))
        decide(call, at)

    actions.decide = watched
    world.run(60)
    rows = world.kept.tables["action_outcomes"]
    assert len(rows) > 1500
    for row in rows:
        if row["arm"] == "policy":
            assert row["propensity"] == seen[row["contact_id"]][row["action"]]
        else:
            assert (row["action"], row["propensity"]) == ("none", 1.0)


def test_mean_of_inverse_propensities_is_the_number_of_actions_allowed(year):
    figures = year.people._planted.figures["version"]
    right = [1 / row["propensity"] for row, _ in decisions(year) if row["arm"] == "policy"]
    assert 2.8 < np.mean(right) < 3.4
    allowed, wrong = (figures[name] / figures["decision_count"] for name in ("allowed_sum", "inverse_recorded_sum"))
    assert wrong < allowed - 0.5


def test_holdout_is_for_good_and_objectors_are_never_shown_anything(year):
    arms = defaultdict(set)
    for row in year.kept.tables["action_outcomes"]:
        arms[row["customer_id"]].add(row["arm"])
    assert all(len(found) == 1 for found in arms.values())
    held_out = sum(found == {"holdout"} for found in arms.values()) / len(arms)
    assert held_out == pytest.approx(0.05, abs=0.01)
    assert not {r["customer_id"] for r in year.kept.tables["crm_customers"] if r["profiling_objection"]} & arms.keys()


def test_who_wants_no_marketing_is_shown_none(year):
    opted_out = {}
    for row in year.kept.tables["crm_customers"]:
        if row["marketing_opt_out"]:
            opted_out.setdefault(row["customer_id"], row["updated_at"])
    for row in year.kept.tables["action_outcomes"]:
        if opted_out.get(row["customer_id"], "9") <= row["shown_at"]:
            assert row["action"] in ("none", "service_credit")


@pytest.mark.parametrize("action", ACTIONS)
def test_ips_finds_the_true_acceptance_from_the_log_and_the_naive_share_does_not(year, action):
    rows = [(row, truth) for row, truth in decisions(year) if row["arm"] == "policy"]
    # A contact in which the action was not allowed cannot be judged: nobody rests from it and nobody opted out.
    rested = first_showings(year, action)
    rows = [(row, truth) for row, truth in rows if rested(row)]
    terms = np.array([(row["action"] == action) * row["accepted"] / row["propensity"] for row, _ in rows])
    truth = np.mean([truth[f"accepted_{action}"] for _, truth in rows])
    error = terms.std() / np.sqrt(len(terms))
    assert len(rows) > 5000
    assert abs(terms.mean() - truth) < 3 * error
    assert error < 0.02


def first_showings(world, action):
    shown, opted_out = defaultdict(list), {}
    for row in world.kept.tables["crm_customers"]:
        if row["marketing_opt_out"]:
            opted_out.setdefault(row["customer_id"], row["updated_at"])
    for row in sorted(world.kept.tables["action_outcomes"], key=lambda row: row["shown_at"]):
        if row["action"] == action:
            shown[row["customer_id"]].append(row["shown_at"])

    def is_allowed(row):
        day = date.fromisoformat(row["shown_at"][:10])
        earliest = (day - timedelta(days=45)).isoformat()
        before = [at for at in shown[row["customer_id"]] if at < row["shown_at"] and at[:10] > earliest]
        return not before and row["customer_id"] not in opted_out

    return is_allowed


def test_recorded_outcome_is_the_potential_outcome_of_the_action_shown(year):
    for row, truth in decisions(year) + decisions(year, "policy-2"):
        assert row["accepted"] == truth[f"accepted_{row['action']}"]
        assert (row["action"], row["arm"]) == (truth["action"], truth["arm"])
    assert all(row["propensity"] == truth["propensity"] for row, truth in decisions(year))


# --- effects ---------------------------------------------------------------------------------------------


def test_effects_differ_between_customers_and_a_retention_offer_wakes_the_sleeping(year):
    effects = year.kept.truths["effects"]
    offers = [row for row in effects if row["action"] == "retention_offer"]
    asleep = [row["churn_change_rate"] for row in offers if row["is_sleeping"]]
    awake = [row["churn_change_rate"] for row in offers if not row["is_sleeping"] and row["churn_without_rate"] < 1]
    assert min(len(asleep), len(awake)) > 500
    assert np.mean(asleep) > 0.005
    assert np.mean(awake) < -0.003
    for action in ACTIONS:
        rows = [row for row in effects if row["action"] == action]
        assert {row["is_harmful"] for row in rows} == {True, False}
        assert np.std([row["spend_change_amount"] for row in rows]) > 0.5


def test_what_is_shown_changes_who_leaves():
    worlds = []
    for offered in (False, True):
        world = World(scenario(facts=()))
        for number in range(120):
            day = world.settings.starts_on + timedelta(days=number)
            world.people.begin_day(day)
            if offered and number == 1:
                wake(world)
            world.people.end_day(day)
        worlds.append(world.people.customers)
    quiet, woken = worlds
    asleep = sleeping(quiet)
    assert (woken.left_at[asleep] > 0).sum() > 1.3 * (quiet.left_at[asleep] > 0).sum()


def sleeping(customers):
    begin = 20362 * 86_400  # 2025-10-01
    silent = begin - customers.last_order_at[: customers.count] > 260 * 86_400
    stayed = (customers.left_at[: customers.count] == 0) | (customers.left_at[: customers.count] > begin + 2 * 86_400)
    known = customers.joined_at[: customers.count] < begin
    return np.flatnonzero(customers.is_contract[: customers.count] & silent & stayed & known)


def wake(world):
    actions, c = world.people.actions, world.people.customers
    at = (20362 + 1) * 86_400 + 36_000
    for i in sleeping(c).tolist():
        call = Call(f"w{i}", i, "", "voice", "leeds", "service", "en", "fresh", None, at)
        actions._show(call, 0, False, at)


def test_accepted_offers_are_ordered_and_accepted_credits_come_off_the_margin(year):
    orders = {row["contact_id"]: row for row in year.kept.tables["crm_orders"] if row["contact_id"]}
    upgrades = [r for r in year.kept.tables["action_outcomes"] if r["action"] == "upgrade_offer" and r["accepted"]]
    assert len(upgrades) > 500
    both = [row for row in upgrades if row["contact_id"] in orders]
    assert len(both) == len(upgrades)
    granted = [r["revenue"] for r in year.kept.tables["action_outcomes"] if r["action"] == "service_credit"]
    assert {value for value in granted if value} == {-15.0, -37.5}
    rates = [row["margin"] / row["amount"] for row in year.kept.tables["crm_orders"]]
    assert np.median(rates) == pytest.approx(0.35, abs=0.01)
    assert min(row["margin"] for row in year.kept.tables["crm_orders"]) < -10


# --- lists -----------------------------------------------------------------------------------------------


def test_arms_are_drawn_by_their_recorded_propensity_and_the_held_out_are_not_dialled(year):
    lists = defaultdict(dict)
    for row in year.kept.tables["campaign_attempts"]:
        lists[row["campaign_id"]][row["customer_id"]] = (row["arm"], row["propensity"])
        if row["arm"] == "holdout":
            assert (row["connected"], row["outcome"]) == (None, None)
    assert len(lists) == 4
    for members in lists.values():
        treated = np.array([arm == "treatment" for arm, _ in members.values()])
        share = {share for arm, share in members.values() if arm == "treatment"}.pop()
        assert abs(treated.mean() - share) < 4 * np.sqrt(share * (1 - share) / len(treated))


def test_evenings_are_better_for_dialling(year):
    reached = defaultdict(list)
    for row in year.kept.tables["campaign_attempts"]:
        if row["connected"] is not None and row["phone"].startswith("+44"):
            reached[int(row["dialled_at"][11:13]) >= 16].append(row["connected"])
    assert np.mean(reached[True]) > np.mean(reached[False]) + 0.05


# --- planted facts ---------------------------------------------------------------------------------------


def test_treated_of_the_harmful_list_buy_less_than_the_held_out(year):
    found = year.people._planted.figures["list"]
    treated, held_out = (found[f"{arm}_order_count"] / found[f"{arm}_count"] for arm in ("treatment", "holdout"))
    assert treated < 0.8 * held_out
    first = {}
    for row in sorted(year.kept.tables["campaign_attempts"], key=lambda row: row["dialled_at"]):
        if row["campaign_id"] == "spring_winback":
            first.setdefault(row["customer_id"], (row["arm"], row["dialled_at"]))
    bought = defaultdict(set)
    for row in year.kept.tables["crm_orders"]:
        bought[row["customer_id"]].add(row["ordered_at"])
    shares = defaultdict(list)
    for customer_id, (arm, at) in first.items():
        end = (date.fromisoformat(at[:10]) + timedelta(days=60)).isoformat()
        shares[arm].append(any(at < when < end for when in bought[customer_id]))
    difference = np.mean(shares["holdout"]) - np.mean(shares["treatment"])
    error = np.sqrt(sum(np.var(found) / len(found) for found in shares.values()))
    assert difference > 2 * error


def test_billing_change_brings_repeats_and_a_topic_that_was_not_there_before(year):
    new = ("new bill", "billing change", "billing period", "combined bill", "new tariff line", "新版账单", "两张账单")
    days = [
        date.fromisoformat(row["sent_at"][:10])
        for row in year.kept.tables["surveys"]
        if row["comment"] and any(word in row["comment"] for word in new)
    ]
    assert len(days) >= 8
    assert date(2026, 4, 13) <= min(days)
    assert max(days) <= date(2026, 4, 25)
    repeats = defaultdict(int)
    for ended in year.contacts:
        if ended.call.cause == "repeat" and ended.call.reason == "billing":
            repeats[ended.call.arrived_at // 86_400 // 7] += 1
    first = (date(2026, 4, 13) - date(1970, 1, 1)).days // 7
    usual = np.mean([repeats[week] for week in range(first - 9, first - 1)])
    assert max(repeats[week] for week in (first, first + 1, first + 2)) > 2 * usual


def test_wrong_version_records_about_half_where_four_fifths_are_true(year):
    found = year.people._planted.figures["version"]
    recorded, chosen = (
        found[name] / found["decision_count"] for name in ("likeliest_recorded_sum", "likeliest_chosen_count")
    )
    assert 0.5 < recorded < 0.65
    assert chosen > recorded + 0.15


def test_in_the_costly_month_csat_rises_and_margins_fall(year):
    csat, margin = defaultdict(list), defaultdict(list)
    for row in year.kept.tables["surveys"]:
        if row["kind"] == "csat" and row["answered_at"]:
            csat[row["sent_at"][:7]].append(row["score"] >= 4)
    for row in year.kept.tables["crm_orders"]:
        margin[row["ordered_at"][:7]].append((row["margin"], row["amount"]))
    june, july = (np.mean(csat[f"2026-{month}"]) for month in ("06", "07"))
    assert july > june + 0.03
    rates = {m: sum(x for x, _ in margin[m]) / sum(y for _, y in margin[m]) for m in ("2026-06", "2026-07")}
    assert rates["2026-07"] < rates["2026-06"] - 0.05
