"""The default scenario's year: every planted fact that somebody should know of raises an alert, hardly anything else.

Belongs here: what meta.alerts and what it is made of say of the year. Not here: the facts' queries (test_planted.py).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from pipelines.hunt import answers
from pipelines.sqlgraph import load_models

pytestmark = pytest.mark.end_to_end

# Others that come of the same: who calls again calls more, and waits.
MET = "from_date <= date '{to_date}' + 9 and coalesce(to_date, from_date) >= date '{from_date}'"


def test_every_planted_fact_that_somebody_should_know_of_raises_its_alert_once(simulated_year: Any) -> None:
    told = {answer.fact: answer.alerts for answer in answers(simulated_year.home) if answer.clue.alert}
    assert {fact: len(alerts) for fact, alerts in told.items()} == {
        "leeds_tuesday": 1, "retention_tier_a": 1, "no_chat": 1, "harmful_list": 1, "wrong_version": 1,
        "kind_and_costly": 1, "billing_change": 2,  # customers call again, and write of it
    }  # fmt: skip


def test_alert_of_the_silent_site_names_its_hours(simulated_year: Any) -> None:
    (hours,) = simulated_year.published(
        "select from_hour, to_hour from meta.alerts where metric = 'answer_rate_of_all' and from_date = '2025-11-18'"
    ).iter_rows()
    assert hours == (10, 12)


def test_new_words_in_comments_raise_an_alert(simulated_year: Any) -> None:
    fact = simulated_year.facts["billing_change"]
    (alert,) = simulated_year.published("from meta.alerts where kind = 'new_topic'").iter_rows(named=True)
    assert "new bill" in alert["subject"]
    assert alert["from_date"] == fact["from_date"]


def test_nobody_is_told_of_an_agent_with_six_content_customers(simulated_year: Any) -> None:
    name = simulated_year.facts["six_contacts"]["agent"]
    found = simulated_year.published(f"select count(*) from meta.alerts where contains(text_en, '{name}')")
    assert found.item() == 0


def test_days_on_which_the_clocks_change_are_annotated_and_raise_nothing(simulated_year: Any) -> None:
    changes = simulated_year.published("from meta.annotations where kind = 'clock_change' order by from_date")
    facts = [simulated_year.facts[fact] for fact in ("clocks_back", "clocks_forward")]
    assert changes["from_date"].to_list() == [fact["to_date"] for fact in facts]
    assert [text.split()[-2] for text in changes["what_en"]] == ["25", "23"]
    for fact in facts:
        raised = simulated_year.published(f"from meta.alerts where {MET.format(**fact)}")
        assert raised.height == 0


def test_hardly_anything_else_is_raised(simulated_year: Any) -> None:
    planted = " or ".join(f"({MET.format(**fact)})" for fact in simulated_year.facts.values())
    # A campaign is measured two months later, and July is told of as a month.
    others = simulated_year.published(
        f"select text_en from meta.alerts where series_key is not null and not ({planted})"
    )
    print(others["text_en"].to_list())
    assert others.height <= 6
    outside = simulated_year.published(
        "select avg(cast(abs(deviation) > 3 as int)) from kpi.signals where is_usual and good_direction <> 'neither'"
        f" and not exists (select 1 from (select business_date as from_date, business_date as to_date) where {planted})"
    ).item()
    assert outside < 0.01


def test_alert_is_raised_the_day_after_and_over_three_days_later_and_never_in_between(simulated_year: Any) -> None:
    """The days around the missing chats, as runs of each morning would have seen them."""
    models, events, before = load_models(), [], {}
    with duckdb.connect() as con:
        con.execute(f"attach '{simulated_year.home.warehouse}' as year (read_only)")
        con.execute("create schema core; create schema kpi; create schema settings")
        con.execute("create view settings.annotations as from year.settings.annotations")
        con.execute("create view settings.alerts as from year.settings.alerts")
        con.execute("create table days as select distinct business_date from year.core.contacts")
        con.execute("create table watched as from year.kpi._watched where business_date >= date '2025-12-01'")
        for morning in (date(2026, 3, 10) + timedelta(days=n) for n in range(9)):
            for table, source in (("core.contacts", "days"), ("kpi._watched", "watched")):
                con.execute(f"create or replace view {table} as from {source} where business_date <= date '{morning}'")
            for table in ("kpi.signals", "kpi._signal_episodes"):
                con.execute(f"create or replace table {table} as {models[table].sql}")
            found = con.execute(
                "select metric, channel, from_date, is_open from kpi._signal_episodes where from_date >= '2026-03-01'"
            ).fetchall()
            now = {row[:3]: row[3] for row in found}
            events += [(morning, "raised", *key[:2]) for key in now.keys() - before.keys()]
            events += [(morning, "over", *key[:2]) for key in now if before.get(key) and not now[key]]
            assert before.keys() <= now.keys()
            before = now
    metrics = {event[2] for event in events}
    assert len(metrics) == 1
    assert metrics <= {"contacts", "offered"}
    assert sorted((event[:2], event[3]) for event in events) == [
        ((date(2026, 3, 12), "raised"), "chat"),
        ((date(2026, 3, 15), "over"), "chat"),
    ]


def test_uplift_of_every_campaign_is_measured_against_its_hold_out(simulated_year: Any) -> None:
    uplift = simulated_year.published("from kpi.campaign_uplift order by first_date")
    assert uplift["verdict"].to_list() == ["unclear", "unclear", "harmful", "unclear"]
    harmful = uplift.filter(verdict="harmful").row(0, named=True)
    measured = simulated_year.facts["harmful_list"]["measured"]
    assert harmful["orders_per_customer"] == pytest.approx(measured["treatment_order_rate"], rel=0.1)
    assert harmful["holdout_orders_per_customer"] == pytest.approx(measured["holdout_order_rate"], rel=0.1)


def test_contribution_of_a_month_is_the_metrics_own(simulated_year: Any) -> None:
    months = simulated_year.published("select strftime(month_date, '%Y-%m') as month, value from kpi.month_changes"
                                      " where metric = 'contribution' order by 1")  # fmt: skip
    metric = simulated_year.published(
        "select group_value as month, value from kpi_contribution(date '2025-10-01', date '2026-09-30', by := 'month')"
    )
    both = months.join(metric, on="month", suffix="_of_metric")
    assert both.height == months.height >= 9
    assert (both["value"] - both["value_of_metric"]).abs().max() < 1e-6 * both["value"].abs().max()
