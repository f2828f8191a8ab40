"""The default scenario's year through the whole pipeline: every planted fact is found, in its size, with its own query.

And what is published is what happened: queue by queue and day by day, and contact by contact.
"""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.hunt import answers
from pipelines.simulate.scenario import DEFAULT

pytestmark = pytest.mark.end_to_end

FACTS = [fact["id"] for fact in tomllib.loads(DEFAULT.read_text(encoding="utf-8"))["facts"]]
DAYS = date(2025, 10, 1), date(2026, 9, 30)
# What the truth and the files cannot tell alike; everything else is equal to a thousandth. Repeats of callers without
# a number are unknown to the pipeline; members of a list who left before their call are in no file; months of surveys
# are those of the answer or of the contact.
LOOSE = {
    "repeat_rate": 0.08,
    "usual_repeat_rate": 0.08,
    "treatment_order_rate": 0.08,
    "holdout_order_rate": 0.08,
    "inverse_propensity": 0.02,
    "usual_inverse_propensity": 0.02,
    "csat": 0.02,
    "csat_before": 0.02,
    "talk_factor": 0.03,
}


def found(year: Any, fact_id: str) -> dict[str, float]:
    (row,) = year.published(year.facts[fact_id]["query"]).iter_rows(named=True)
    return {name: float(value) for name, value in row.items()}


@pytest.mark.parametrize("fact_id", FACTS)
def test_fact_is_found_by_its_query_in_the_size_that_it_had(simulated_year, fact_id):
    measured, seen = simulated_year.facts[fact_id]["measured"], found(simulated_year, fact_id)
    print(fact_id, {name: (measured.get(name), seen[name]) for name in seen})
    assert measured.keys() & seen.keys()
    for name in measured.keys() & seen.keys():
        assert seen[name] == pytest.approx(measured[name], rel=LOOSE.get(name, 1e-3)), name


def test_every_riddle_of_the_demo_leads_to_its_fact(simulated_year):
    told = answers(simulated_year.home)
    assert {answer.fact for answer in told} == set(FACTS)
    assert [answer.fact for answer in told if not answer.is_found] == []


def test_offers_are_made_where_they_pay_and_never_to_those_who_want_none(simulated_year):
    scored = simulated_year.published(
        "select s.*, f.marketing_opt_out from ml.customer_scores s join ml.customer_features f using (customer_key)"
    )
    offered = scored.filter(pl.col("action") != "none")
    # A credit of 15 does not earn what it costs.
    assert set(offered["action"]) == {"upgrade_offer", "retention_offer"}
    assert set(offered["arm"]) == {"policy"}
    assert not offered["marketing_opt_out"].any()
    # 0.08 of the value at a margin of 0.3, less 4.
    assert offered.filter(action="upgrade_offer")["expected_value_amount"].min() > 4 / 0.3 / 0.08


def test_service_level_of_leeds_collapses_on_a_tuesday(simulated_year):
    seen = found(simulated_year, "leeds_tuesday")
    assert seen["service_level"] < 0.2
    assert 0.75 < seen["usual_service_level"] < 0.90


def test_abandonment_of_tier_a_doubles_in_retention(simulated_year):
    fact, seen = simulated_year.facts["retention_tier_a"], found(simulated_year, "retention_tier_a")
    # Abandonment grows a little less than the hazard does: who gives up sooner cannot give up again.
    assert 1.6 < seen["abandonment"] / seen["usual_abandonment"] < fact["size"] * 1.3
    assert seen["abandoned_count"] >= 15


@pytest.mark.parametrize("fact_id, halves, shift_h", [("clocks_back", 50, -1), ("clocks_forward", 46, 1)])
def test_clocks_change_in_leeds_and_not_in_chengdu(simulated_year, fact_id, halves, shift_h):
    seen = found(simulated_year, fact_id)
    assert seen["half_hour_count"] == halves
    assert seen["clock_shift_h"] == pytest.approx(shift_h, abs=0.35)


def test_guest_had_six_contacts_and_only_content_customers(simulated_year):
    fact, seen = simulated_year.facts["six_contacts"], found(simulated_year, "six_contacts")
    assert (seen["answered_count"], seen["csat"]) == (fact["size"], 1.0)
    assert 4 <= seen["survey_count"] <= 6


def test_chats_of_one_day_are_missing(simulated_year):
    seen = found(simulated_year, "no_chat")
    assert seen["contact_count"] == 0
    assert min(seen["usual_contact_count"], simulated_year.facts["no_chat"]["measured"]["missing_count"]) > 10


def test_new_bills_make_people_call_again_and_write_of_them(simulated_year):
    fact, seen = simulated_year.facts["billing_change"], found(simulated_year, "billing_change")
    assert seen["repeat_rate"] > 1.5 * seen["usual_repeat_rate"]
    assert seen["topic_comment_count"] >= 10
    before = simulated_year.published(
        "select count(*) from core.surveys where regexp_matches(comment, '(?i)new bill|billing change')"
        f" and business_date < date '{fact['from_date']}'"
    )
    assert before.item() == 0


def test_harmful_list_has_a_negative_uplift(simulated_year):
    seen = found(simulated_year, "harmful_list")
    assert seen["treatment_order_rate"] < 0.85 * seen["holdout_order_rate"]


def test_propensities_of_one_version_are_wrong(simulated_year):
    seen = found(simulated_year, "wrong_version")
    # The mean of 1 / propensity is the mean number of allowed choices, 2 to 4, of whatever policy: if it is recorded.
    assert seen["usual_inverse_propensity"] - seen["inverse_propensity"] > 0.4


def test_profit_fell_while_csat_rose(simulated_year):
    fact, seen = simulated_year.facts["kind_and_costly"], found(simulated_year, "kind_and_costly")
    assert seen["csat"] > seen["csat_before"] + 0.01
    assert seen["contribution"] < 0.8 * seen["contribution_before"]
    assert seen["talk_factor"] == pytest.approx(fact["size"], rel=0.08)


def test_centre_is_as_busy_as_a_real_one(simulated_year):
    queues = simulated_year.published(
        "select sum(answered_in_sl_count) / sum(answered_count + abandoned_count - short_abandoned_count) as sl,"
        " sum(abandoned_count) / sum(offered_count) as abandonment, sum(handle_s) / sum(answered_count) as aht_s"
        " from kpi.queue_day where channel = 'voice' and business_date not in ('2025-11-18')"
    ).row(0, named=True)
    print(queues)
    assert 0.75 < queues["sl"] < 0.86
    assert 0.03 < queues["abandonment"] < 0.07
    assert 240 < queues["aht_s"] < 360
    value = "select value from kpi_{}(date '2025-10-01', date '2026-09-30', by := '{}') where group_value = '{}'"
    occupancy = simulated_year.published(value.format("occupancy", "site", "leeds")).item()
    print("occupancy without wrap-up, of which Asterisk does not tell", occupancy)
    assert 0.60 < occupancy < 0.85
    assert 55_000 < simulated_year.published("select count(*) from core.contacts").item() < 70_000


def test_busy_hours_are_busy(simulated_year):
    """By the truth, which knows wrap-up: working days from 9 to 12 in Leeds."""
    agents = pl.read_parquet(simulated_year.truth / "agents.parquet").filter(pl.col("team") == "Leeds voice")["agent"]
    states = pl.read_parquet(simulated_year.truth / "agent_states.parquet").filter(
        pl.col("agent").is_in(agents.to_list())
    )
    days = pl.DataFrame({"day": pl.date_range(*DAYS, eager=True)}).filter(pl.col("day").dt.weekday() <= 5)
    hours = days.with_columns(
        begin=pl.col("day").dt.combine(pl.time(9)).dt.replace_time_zone("Europe/London").dt.convert_time_zone("UTC"),
        end=pl.col("day").dt.combine(pl.time(12)).dt.replace_time_zone("Europe/London").dt.convert_time_zone("UTC"),
    )
    cut = states.join_where(hours, pl.col("started_at") < pl.col("end"), pl.col("ended_at") > pl.col("begin"))
    lasted = pl.min_horizontal("ended_at", "end") - pl.max_horizontal("started_at", "begin")
    seconds = dict(cut.group_by("state").agg(lasted.dt.total_seconds().sum()).iter_rows())
    visits = simulated_year.visits().filter(pl.col("agent").is_in(agents.to_list()), pl.col("channel") == "voice")
    local = pl.col("entered_at").dt.convert_time_zone("Europe/London")
    busy_s = (
        visits.filter(local.dt.hour().is_between(9, 11), local.dt.weekday() <= 5)
        .select(pl.sum_horizontal("ring_s", "talk_s", "hold_s", "wrap_s").sum())
        .item()
    )
    occupancy = busy_s / (seconds["logged_in"] - seconds["paused"])
    print("occupancy from 9 to 12", occupancy)
    assert 0.65 < occupancy < 0.85


def test_queues_and_days_have_the_figures_that_the_simulator_counted(simulated_year):
    entered = ~pl.col("outcome").is_in(["full", "join_empty", "closed"])
    counted = (
        simulated_year.visits()
        .filter("is_delivered", entered)
        .with_columns(business_date=pl.col("entered_at").dt.convert_time_zone("Europe/London").dt.date())
        .group_by("queue", "business_date")
        .agg(
            offered_count=pl.len().cast(pl.Int64),
            answered_count=(pl.col("outcome") == "answered").sum().cast(pl.Int64),
            abandoned_count=(pl.col("outcome") == "abandoned").sum().cast(pl.Int64),
            wait_s=pl.col("wait_s").sum().cast(pl.Float64),
            answered_wait_s=pl.col("wait_s").filter(pl.col("outcome") == "answered").sum().cast(pl.Float64),
        )
        .sort("queue", "business_date")
    )
    told = simulated_year.published(
        "select queue, business_date, offered_count, answered_count, abandoned_count, cast(wait_s as double) as wait_s,"
        " cast(answered_wait_s as double) as answered_wait_s from kpi.queue_day where offered_count > 0 order by 1, 2"
    )
    assert told.height > 2000
    assert_frame_equal(told, counted)


def test_every_contact_is_told_as_it_was(simulated_year):
    columns = ("arrived_at", "ended_at", "outcome", "last_queue", "queue_wait_s", "handled_s", "transfer_count")
    truth = (
        simulated_year.contacts()
        .filter("is_delivered")
        .with_columns(
            queue_wait_s=pl.col("wait_s").cast(pl.Float64),
            handled_s=(pl.col("talk_s") + pl.col("hold_s")).cast(pl.Float64),
        )
    )
    truth = truth.select(pl.col("contact_id").alias("source_contact_id"), *columns)
    told = simulated_year.published(
        "select source_contact_id, arrived_at, ended_at, outcome, last_queue,"
        " cast(queue_wait_s as double) as queue_wait_s, cast(talk_s + coalesce(hold_s, 0) as double) as handled_s,"
        " cast(transfer_count as bigint) as transfer_count from core.contacts"
    )
    times = pl.col("arrived_at", "ended_at").dt.cast_time_unit("us").dt.convert_time_zone("UTC")
    told, truth = (frame.with_columns(times).sort("source_contact_id") for frame in (told, truth))
    assert_frame_equal(told, truth)


def test_guest_is_within_the_limits_too_few_to_judge_and_not_ranked_first(simulated_year):
    agent = simulated_year.facts["six_contacts"]["agent"]
    fair = simulated_year.published(
        f"select * from kpi_fair('csat', date '{DAYS[0]}', date '{DAYS[1]}', by := 'agent')"
    )
    guest = fair.row(by_predicate=pl.col("group_value") == agent, named=True)
    assert (guest["value"], guest["position"]) == (1.0, "within")
    assert guest["n"] < simulated_year.published("select minimum_n from meta.centre").item()
    assert guest["low_998"] < guest["all_value"] < guest["shrunken_value"] < guest["high_998"]
    assert fair.filter(pl.col("shrunken_value") > guest["shrunken_value"]).height >= 5
