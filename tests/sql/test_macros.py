"""The analysts' macros against rows a reader can add by hand.

Belongs here: sql/macros/. Not here: the tables those macros read, which have tests of their own.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.metrics import METRIC_SCHEMA, load_catalogue, metric_rows
from pipelines.sqlgraph import load_macros, load_models

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "tests/dashboards/published/schema.sql"
MACROS = sorted((ROOT / "sql/macros").glob("*.sql"))
DAY = "date '2026-11-22', date '2026-11-22'"
AGENT_DAY = load_models()["kpi.agent_day"]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables that macros and views read, without a row, and these."""
    path = tmp_path_factory.mktemp("macros") / "empty.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(SCHEMA.read_text(encoding="utf-8"))
        for text in load_macros():
            connection.execute(text)
        for table, model in load_models().items():
            if table.startswith("kpi.") and table.endswith("_metrics"):
                connection.execute(f"create view {model.name} as {model.sql}")
    return path


@pytest.fixture
def db(empty: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(shutil.copy(empty, tmp_path)) as connection:
        yield connection


def fill_catalogue(connection: duckdb.DuckDBPyConnection) -> None:
    places = ", ".join("?" for _ in METRIC_SCHEMA)
    rows = [list(row.values()) for row in metric_rows(load_catalogue())]
    connection.executemany(f"insert into meta.metrics values ({places})", rows)


def ask(connection: duckdb.DuckDBPyConnection, call: str) -> dict[str | None, tuple[float, float, float, int]]:
    rows = connection.execute(f"select group_value, numerator, denominator, value, n from {call}").fetchall()
    return {row[0]: row[1:] for row in rows}


def put(connection: duckdb.DuckDBPyConnection, table: str, **values: object) -> None:
    names = ", ".join(values)
    places = ", ".join("?" for _ in values)
    connection.execute(f"insert into {table} ({names}) values ({places})", list(values.values()))


def put_agent_day(connection: duckdb.DuckDBPyConnection, **values: object) -> None:
    """An agent's day of one half hour, made by the table's own file."""
    connection.execute("create or replace temp table half_hour as select * from kpi.agent_interval limit 0")
    put(connection, "half_hour", **{"offered_count": 0, "answered_count": 0, "transferred_count": 0} | values)
    day = AGENT_DAY.sql.replace("kpi.agent_interval", "half_hour")
    connection.execute(f"insert into kpi.agent_day by name {day}")


def put_visits(connection: duckdb.DuckDBPyConnection, **values: object) -> None:
    sums = {
        "site": "leeds", "queue": "sales", "channel": "voice", "business_date": "2026-11-22",
        "offered_count": 0, "answered_count": 0, "answered_in_sl_count": 0, "abandoned_count": 0,
        "abandoned_in_sl_count": 0, "short_abandoned_count": 0, "timed_out_count": 0, "exited_by_key_count": 0,
        "exited_empty_count": 0, "withdrawn_count": 0, "open_count": 0, "blocked_count": 0, "diverted_count": 0,
    } | values  # fmt: skip
    if handled := [sums[name] for name in ("talk_s", "hold_s", "wrap_s") if name in sums]:
        sums["handle_s"] = sum(handled)
        sums.setdefault("handled_known_count", sums["answered_count"])
    for part in ("talk", "hold", "wrap", "ring"):
        if f"{part}_s" in sums:
            sums.setdefault(f"{part}_known_count", sums["answered_count"])
    put(connection, "kpi.queue_day", **{k: v for k, v in sums.items() if k != "interval_started_at"})
    put(connection, "kpi.queue_interval", **({"interval_started_at": "2026-11-22 09:00:00+00"} | sums))


ICMI = {
    "offered_count": 1060, "answered_count": 1000, "abandoned_count": 60, "answered_in_sl_count": 860,
    "abandoned_in_sl_count": 20, "short_abandoned_count": 10,
}  # fmt: skip


@pytest.mark.parametrize(
    ("variant", "percent"),
    [
        ("sl_abandons_positive", 83.02),
        ("sl_answered_only", 86.00),
        ("sl_abandons_negative", 81.13),
        ("sl_abandons_in_threshold_ignored", 82.69),
        ("sl_short_abandons_credited", 82.08),
        ("sl_short_abandons_excluded", 81.90),
        ("sl_flowouts_in_denominator", 81.13),
    ],
)
@pytest.mark.parametrize(
    ("by", "group"),
    [("interval", "2026-11-22T09:00:00Z"), ("queue", "sales"), ("total", "total"), ("site", "leeds"),
     ("channel", "voice"), ("business_date", "2026-11-22")],
)  # fmt: skip
def test_icmi_vector_gives_the_seven_service_levels(db, variant, percent, by, group):
    put_visits(db, **ICMI)
    answer = ask(db, f"kpi_service_level({DAY}, by := '{by}', variant := '{variant}')")
    assert list(answer) == [group]
    assert round(100 * answer[group][2], 2) == percent


def test_default_service_level_leaves_short_abandons_out(db):
    put_visits(db, **ICMI)
    assert ask(db, f"kpi_service_level({DAY})")["sales"] == (860, 1050, 860 / 1050, 1050)


def test_flowouts_count_only_in_the_flowout_variant(db):
    put_visits(db, offered_count=10, answered_count=4, answered_in_sl_count=4, timed_out_count=3,
               exited_by_key_count=1, exited_empty_count=1, withdrawn_count=1)  # fmt: skip
    assert ask(db, f"kpi_service_level({DAY}, variant := 'sl_flowouts_in_denominator')")["sales"][:2] == (4, 10)
    assert ask(db, f"kpi_service_level({DAY}, variant := 'sl_abandons_negative')")["sales"][:2] == (4, 4)


@pytest.mark.parametrize(
    ("variant", "percent"),
    [("abandonment_all", 5.66), ("abandonment_short_excluded", 4.76), ("abandonment_short_not_counted", 4.72)],
)
def test_icmi_vector_gives_the_three_abandonments(db, variant, percent):
    put_visits(db, **ICMI)
    assert round(100 * ask(db, f"kpi_abandonment({DAY}, variant := '{variant}')")["sales"][2], 2) == percent


def test_ratios_come_from_sums_and_not_from_the_mean_of_ratios(db):
    put_visits(db, queue="big", answered_count=90, answered_in_sl_count=90, answered_wait_s=90.0)
    put_visits(db, queue="small", answered_count=10, answered_in_sl_count=0, answered_wait_s=910.0)
    assert ask(db, f"kpi_service_level({DAY}, by := 'total')")["total"][2] == 0.9
    assert ask(db, f"kpi_asa({DAY}, by := 'total')")["total"] == (1000, 100, 10, 100)


def test_both_ends_of_the_range_are_included(db):
    for day in ("2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"):
        put_visits(db, business_date=day, offered_count=1)
    answer = ask(db, "kpi_abandonment(date '2026-11-21', date '2026-11-22', by := 'business_date')")
    assert sorted(answer) == ["2026-11-21", "2026-11-22"]


def test_nothing_answered_is_null_and_not_zero(db):
    put_visits(db, offered_count=3, abandoned_count=0)
    assert ask(db, f"kpi_asa({DAY})")["sales"][2] is None
    assert ask(db, f"kpi_service_level({DAY})")["sales"][2] is None


def test_no_rows_in_the_range_is_no_row_and_not_zero(db):
    for metric in ("service_level", "abandonment", "asa", "aht", "fcr", "csat", "nps", "contribution"):
        assert ask(db, f"kpi('{metric}', {DAY}, by := 'total')") == {}


def test_handle_time_is_talk_hold_and_wrap_of_the_answered(db):
    put_visits(db, answered_count=4, talk_s=400.0, hold_s=40.0, wrap_s=80.0, ring_s=999.0)
    assert ask(db, f"kpi_aht({DAY})")["sales"] == (520, 4, 130, 4)


def test_handle_time_of_calls_that_still_go_on_is_not_known_and_not_0(db):
    put_visits(db, answered_count=4, handled_known_count=0)
    assert ask(db, f"kpi_aht({DAY})")["sales"] == (None, 0, None, 0)


def test_an_average_is_over_the_visits_whose_time_is_known(db):
    # 900 calls of 100 s of which neither hold nor wrap-up is known, 100 chats of 100 s with 60 s of wrap-up.
    put_visits(db, answered_count=900, talk_s=90000.0)
    put_visits(db, channel="chat", answered_count=100, talk_s=10000.0, wrap_s=6000.0)
    assert ask(db, f"kpi_average_wrap({DAY})")["sales"] == (6000, 100, 60, 100)
    assert ask(db, f"kpi_average_talk({DAY})")["sales"] == (100000, 1000, 100, 1000)
    assert ask(db, f"kpi_aht({DAY})")["sales"] == (106000, 1000, 106, 1000)
    # Three more, of which one is told: on hold for 40 s, after a ring of 6 s.
    put_visits(db, queue="vip", answered_count=3, hold_s=40.0, ring_s=6.0, held_count=1, hold_known_count=1,
               ring_known_count=1, handled_known_count=1)  # fmt: skip
    for call, value in [("average_hold({}, variant := 'average_hold_all')", 40), ("hold_rate({})", 1),
                        ("average_ring({})", 6), ("aht({})", 40)]:  # fmt: skip
        assert ask(db, f"kpi_{call.format(DAY)}")["vip"][1:] == (1, value, 1)


def test_averages_by_agent_are_over_all_that_he_answered(db):
    put_agent_day(db, business_date="2026-11-22", agent="ann", answered_count=4, talk_s=60.0, wrap_s=20.0)
    for metric, value in [("average_talk", 15), ("average_wrap", 5), ("aht", 20)]:
        for call in (f"kpi_{metric}({DAY}, by := 'agent')", f"kpi('{metric}', {DAY}, by := 'agent')"):
            assert ask(db, call)["ann"][1:] == (4, value, 4)


def test_who_was_diverted_is_neither_refused_nor_offered(db):
    put_visits(db, offered_count=8, blocked_count=2, diverted_count=10)
    assert ask(db, f"kpi_blockage({DAY})")["sales"] == (2, 10, 0.2, 10)
    assert ask(db, f"kpi_blocked({DAY})")["sales"] == (2, None, 2, 10)
    assert ask(db, f"kpi_diverted({DAY})")["sales"] == (10, None, 10, 20)


def test_waits_are_over_the_contacts_that_waited_and_the_ivrs_time_over_those_whose_time_is_known(db):
    # Five came to a queue, one of them refused; four waited 80 s in all, 100 s with what lay between.
    put(db, "kpi.channel_day", business_date="2026-11-22", contact_count=6, queued_count=5, waited_count=4,
        queue_wait_s=80.0, elapsed_wait_s=100.0)  # fmt: skip
    assert ask(db, f"kpi_contact_wait({DAY}, variant := 'queue_wait')")["total"] == (80, 4, 20, 4)
    assert ask(db, f"kpi_contact_wait({DAY}, variant := 'elapsed_wait')")["total"] == (100, 4, 25, 4)
    put(db, "kpi.ivr_day", business_date="2026-11-22", ivr_contact_count=3, ivr_known_count=2, ivr_s=60.0)
    assert ask(db, f"kpi_ivr_time({DAY})")["total"] == (60, 2, 30, 2)


def test_handle_time_by_agent_comes_from_agent_days(db):
    put_visits(db, answered_count=4, talk_s=400.0)
    put_agent_day(db, business_date="2026-11-22", agent="ann", answered_count=2, talk_s=60.0, hold_s=0.0,
                  wrap_s=20.0)  # fmt: skip
    assert ask(db, f"kpi_aht({DAY}, by := 'agent')") == {"ann": (80, 2, 40, 2)}


def test_occupancy_counts_available_time_and_leaves_unknown_log_ins_out(db):
    day = {"business_date": "2026-11-22", "site": "leeds", "ring_s": 100.0, "talk_s": 1500.0, "hold_s": 0.0}
    put_agent_day(db, agent="ann", wrap_s=200.0, logged_in_s=4200.0, paused_s=600.0, **day)
    put_agent_day(db, agent="static member", wrap_s=200.0, **day)
    assert ask(db, f"kpi_occupancy({DAY})")["ann"] == (1800, 3600, 0.5, 1)
    assert ask(db, f"kpi_occupancy({DAY})")["static member"][2:] == (None, 0)
    assert ask(db, f"kpi_occupancy({DAY}, by := 'total')")["total"] == (1800, 3600, 0.5, 1)


def test_occupancy_is_never_above_one(db):
    put_agent_day(db, business_date="2026-11-22", agent="ann", talk_s=500.0, logged_in_s=400.0, paused_s=0.0)
    assert ask(db, f"kpi_occupancy({DAY})")["ann"][2] == 1


def test_survey_shares_and_nps_points(db):
    day = {"business_date": "2026-11-22", "site": "leeds", "queue": "sales", "channel": "voice"}
    put(db, "kpi.experience_day", kind="csat", sent_count=40, answered_count=20, top_two_count=15,
        bottom_two_count=2, **day)  # fmt: skip
    put(db, "kpi.experience_day", kind="nps", sent_count=40, answered_count=10, promoter_count=5,
        detractor_count=3, **day)  # fmt: skip
    assert ask(db, f"kpi_csat({DAY})")["sales"] == (15, 20, 0.75, 20)
    assert ask(db, f"kpi_dsat({DAY})")["sales"] == (2, 20, 0.1, 20)
    assert ask(db, f"kpi_nps({DAY})")["sales"] == (2, 10, 20, 10)


def put_surveys(connection: duckdb.DuckDBPyConnection, agent: str | None, scores: list[float | None]) -> None:
    for number, score in enumerate(scores):
        put(connection, "core.surveys", survey_key=f"{agent}{number}", business_date="2026-11-22", agent=agent,
            kind="csat", score=score, is_top_two=score and score >= 4, is_bottom_two=score and score <= 2)  # fmt: skip


def test_surveys_by_agent_leave_out_other_kinds_other_days_and_the_unanswered(db):
    put_surveys(db, "ann", [5, 4, 3, 1, None])
    put_surveys(db, "bo", [2, 2])
    put_surveys(db, None, [5])
    put(db, "core.surveys", survey_key="nps", business_date="2026-11-22", agent="ann", kind="nps", score=10)
    put(db, "core.surveys", survey_key="old", business_date="2026-11-21", agent="ann", kind="csat", score=5)
    by_agent = f"{DAY}, by := 'agent'"
    assert ask(db, f"kpi_csat({by_agent})") == {"ann": (2, 4, 0.5, 4), "bo": (0, 2, 0, 2), None: (1, 1, 1, 1)}
    assert ask(db, f"kpi_csat({by_agent}, variant := 'csat_mean')")["ann"] == (13, 4, 3.25, 4)
    assert ask(db, f"kpi_dsat({by_agent})")["ann"] == (1, 4, 0.25, 4)
    for metric in ("csat", "csat_mean", "dsat"):
        assert ask(db, f"kpi('{metric}', {by_agent})") == ask(
            db, f"kpi_{metric.split('_')[0]}({by_agent}, variant := '{metric}')"
        )
    sums = "select sent_count, answered_count from kpi_agent_survey_sums({}, by := '{}')"
    assert db.execute(sums.format(DAY, "total")).fetchall() == [(8, 7)]
    assert db.execute(sums.format(DAY, "business_date")).fetchall() == [(8, 7)]
    with pytest.raises(duckdb.InvalidInputException, match="unknown by := tier; survey figures of agents know"):
        db.execute(sums.format(DAY, "tier")).fetchall()


def test_surveys_of_queues_are_not_asked_of_agents(db):
    put_surveys(db, "ann", [5])
    assert ask(db, f"kpi_csat({DAY}, by := 'queue')") == ask(db, f"kpi('csat', {DAY}, by := 'queue')") == {}


def test_fcr_keeps_the_windows_apart_and_immature_contacts_out(db):
    day = {"business_date": "2026-11-22", "queue": "sales", "contact_count": 12, "identified_count": 10}
    put(db, "kpi.repeat_day", window_name="24h", resolvable_count=10, repeated_count=2, immature_count=0, **day)
    put(db, "kpi.repeat_day", window_name="7d", resolvable_count=0, repeated_count=0, immature_count=10, **day)
    assert ask(db, f"kpi_fcr({DAY}, variant := 'fcr_24h')")["sales"] == (8, 10, 0.8, 10)
    assert ask(db, f"kpi_fcr({DAY})")["sales"][2:] == (None, 0)


def test_money_is_cost_over_handled_and_margin_less_cost(db):
    put(db, "kpi.money_day", business_date="2026-11-22", queue="sales", currency="GBP", handled_count=10,
        agent_cost_amount=45.0, telecom_cost_amount=5.0, attributed_revenue_amount=400.0,
        attributed_margin_amount=120.0, assumption_set="default")  # fmt: skip
    assert ask(db, f"kpi_cost_per_contact({DAY})")["sales"] == (50, 10, 5, 10)
    assert ask(db, f"kpi_contribution({DAY})")["sales"] == (70, None, 70, 10)
    assert ask(db, f"kpi_contribution({DAY}, variant := 'contribution_of_revenue')")["sales"][2] == 350


def test_money_by_tier_and_month_with_the_value_that_is_modelled_to_be_kept(db):
    day = {"business_date": "2026-11-22", "queue": "sales", "currency": "GBP"}
    put(db, "kpi.money_day", tier="A", handled_count=10, agent_cost_amount=45.0, telecom_cost_amount=1.0,
        fixed_cost_amount=10.0, action_cost_amount=4.0, attributed_margin_amount=100.0, **day)  # fmt: skip
    put(db, "ml.retained_day", tier="A", offered_action_count=3, modelled_action_count=2, retained_value_amount=30.0,
        **day)  # fmt: skip
    assert ask(db, f"kpi_contribution({DAY}, by := 'tier')") == {"A": (40, None, 40, 10)}
    assert ask(db, f"kpi_contribution({DAY}, by := 'month')") == {"2026-11": (40, None, 40, 10)}
    both = f"kpi_contribution({DAY}, by := 'total', variant := 'contribution_with_retained')"
    assert ask(db, both) == {"total": (70, None, 70, 10)}
    assert ask(db, f"kpi_retained_value({DAY}, by := 'queue')") == {"sales": (30, None, 30, 2)}


def test_the_service_level_as_agreed_is_each_queues_own_variant_and_adds_up(db):
    put_visits(db, queue="sales", answered_count=80, answered_in_sl_count=60, abandoned_count=20,
               service_level_variant="sl_answered_only")  # fmt: skip
    put_visits(db, queue="vip", answered_count=8, answered_in_sl_count=6, abandoned_count=2,
               service_level_variant="sl_abandons_negative")  # fmt: skip
    agreed = f"kpi_service_level({DAY}, by := '%s', variant := 'sl_as_agreed')"
    assert ask(db, agreed % "queue") == {"sales": (60, 80, 0.75, 80), "vip": (6, 10, 0.6, 10)}
    assert ask(db, agreed % "total") == {"total": (66, 90, 66 / 90, 90)}
    rows = db.execute("select queue, sl_as_agreed from queue_day_metrics order by 1").fetchall()
    assert rows == [("sales", 0.75), ("vip", 0.6)]


def test_a_queues_day_of_two_variants_is_judged_by_each_for_its_own_visits(db):
    put_visits(db, answered_count=1, answered_in_sl_count=1, abandoned_count=1,
               service_level_variant="sl_abandons_negative")  # fmt: skip
    put_visits(db, answered_count=1, service_level_variant="sl_answered_only")
    agreed = f"kpi_service_level({DAY}, variant := 'sl_as_agreed')"
    assert ask(db, agreed) == {"sales": (1, 3, 1 / 3, 3)}


@pytest.mark.parametrize("sums", [s for s in load_catalogue().sums.values() if s.tables], ids=lambda sums: sums.id)
def test_the_wide_macros_and_the_views_say_what_each_metrics_own_macro_says(db, sums):
    fill_everything(db)
    argument_of = {"survey": "survey_kind", "repeat": "window_length"}
    for metric in load_catalogue().metrics.values():
        if metric.sums != sums or (metric.denominator is None and metric.numerator.isidentifier()):
            continue
        own = db.execute(f"select value, n from kpi_{metric.macro}({DAY}, by := 'total', variant := '{metric.id}')")
        narrowed = f", {argument_of[sums.id]} := '{metric.argument}'" if metric.argument else ""
        wide = f"select {metric.id}, {metric.id}_n from kpi_{sums.id}_metrics({DAY}, by := 'total'{narrowed})"
        expected = own.fetchall()
        assert db.execute(wide).fetchall() == expected
        assert expected[0][0] is not None
        table = sums.tables[0] if sums.id != "queue" else "queue_day"
        if metric.id in [row[0] for row in db.execute(f"describe {table}_metrics").fetchall()]:
            row = db.execute(f"select {metric.id} from {table}_metrics where {metric.id} is not null").fetchall()
            assert row == [(pytest.approx(expected[0][0]),)]
        else:
            assert "retained" in metric.numerator  # of another table


def fill_everything(connection: duckdb.DuckDBPyConnection) -> None:
    """One row in each table of sums, of other numbers in each column; of surveys and windows one of each kind."""
    catalogue = load_catalogue()
    put(connection, "ml.retained_day", business_date="2026-11-22", modelled_action_count=2, retained_value_amount=9.0)
    for table in sorted({table for sums in catalogue.sums.values() for table in sums.tables}):
        kinds = {"experience_day": ["csat", "nps", "ces"], "repeat_day": ["10min", "24h", "7d", "30d"]}
        kind_of = {"experience_day": "kind", "repeat_day": "window_name"}
        columns = [row[0] for row in connection.execute(f"describe kpi.{table}").fetchall()]
        numbers = {
            c: float(7 * place + 3) for place, c in enumerate(columns) if c.endswith(("_count", "_s", "amount", "_sum"))
        }
        for kind in kinds.get(table, [None]):
            named = {kind_of[table]: kind} if kind else {}
            at = {"interval_started_at": "2026-11-22 09:00:00+00"} if "interval_started_at" in columns else {}
            variant = {"service_level_variant": "sl_answered_only"} if "service_level_variant" in columns else {}
            put(connection, f"kpi.{table}", business_date="2026-11-22", **numbers, **named, **at, **variant)


def test_two_currencies_are_never_added(db):
    for currency in ("GBP", "EUR"):
        put(db, "kpi.money_day", business_date="2026-11-22", queue=currency, currency=currency, handled_count=1,
            agent_cost_amount=1.0, telecom_cost_amount=0.0, attributed_margin_amount=9.0)  # fmt: skip
    assert ask(db, f"kpi_contribution({DAY}, by := 'total')")["total"][2] is None
    assert ask(db, f"kpi_contribution({DAY}, by := 'queue')")["EUR"][2] == 8


@pytest.mark.parametrize("metric", ["service_level", "abandonment", "asa", "aht"])
def test_kpi_by_name_is_the_metrics_own_macro(db, metric):
    put_visits(db, **ICMI, answered_wait_s=5000.0, talk_s=1000.0)
    assert ask(db, f"kpi('{metric}', {DAY}, by := 'site')") == ask(db, f"kpi_{metric}({DAY}, by := 'site')") != {}


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (f"kpi_service_level({DAY}, by := 'shoe size')", "unknown by := shoe size; queue figures know total"),
        (f"kpi_service_level({DAY}, by := 'agent')", "unknown by := agent"),
        (f"kpi_service_level({DAY}, variant := 'sl_best')", "unknown variant := sl_best"),
        (f"kpi_abandonment({DAY}, variant := 'none')", "unknown variant := none"),
        (f"kpi('happiness', {DAY})", "unknown metric happiness; there are service_level"),
        (f"kpi_occupancy({DAY}, by := 'queue')", "agent figures know total, agent, site, business_date"),
    ],
)
def test_unknown_arguments_are_refused_by_name(db, call, says):
    put_visits(db, **ICMI)
    put_agent_day(db, business_date="2026-11-22", agent="ann")
    with pytest.raises(duckdb.InvalidInputException, match=says):
        ask(db, call)


def test_bound_parameters_reach_the_macros(db):
    put_visits(db, **ICMI)
    rows = db.execute(
        "select value from kpi($metric, $from_date::date, $to_date::date, $by)",
        {"metric": "asa", "from_date": "2026-11-22", "to_date": "2026-11-22", "by": "total"},
    ).fetchall()
    assert len(rows) == 1


def test_business_date_is_the_local_date_of_the_centre(db):
    instant = "timestamptz '2026-11-22 20:00:00+00'"
    asked = f"select business_date({instant}), business_date({instant}, timezone := 'UTC')"
    db.execute("set variable timezone = 'Asia/Tokyo'")
    assert [str(day) for day in db.execute(asked).fetchone()] == ["2026-11-23", "2026-11-22"]


def test_wilson_interval_matches_the_textbook(db):
    low, high, of_none = db.execute("select wilson_low(8, 10), wilson_high(8, 10), wilson_low(0, 0)").fetchone()
    assert (round(low, 4), round(high, 4), of_none) == (0.4902, 0.9433, None)
    assert math.isclose(db.execute("select wilson_low(0, 10)").fetchone()[0], 0, abs_tol=1e-9)


def test_macros_survive_the_published_copy_with_their_comments(db, tmp_path):
    put_visits(db, **ICMI)
    db.execute(f"attach '{tmp_path / 'published.duckdb'}' as published (storage_version 'v1.4.0')")
    db.execute("copy from database empty to published")
    db.execute("detach published")
    options = {"enable_external_access": False}
    with duckdb.connect(tmp_path / "published.duckdb", read_only=True, config=options) as published:
        assert ask(published, f"kpi('service_level', {DAY}, by := 'total')")["total"][0] == 860
        uncommented = published.execute(
            "select function_name from duckdb_functions() where not internal and comment is null"
        ).fetchall()
    assert uncommented == []


@pytest.mark.parametrize("path", MACROS, ids=lambda path: path.stem)
def test_each_file_makes_the_macro_of_its_name_and_says_what_for(db, path):
    text = path.read_text(encoding="utf-8")
    assert [line.split(":")[0] for line in text.splitlines()[:3]] == ["-- purpose", "-- definition", "-- source"]
    made = db.execute("select function_name from duckdb_functions() where not internal").fetchall()
    assert (path.stem,) in made


def put_agent(connection: duckdb.DuckDBPyConnection, agent: str, offered: int, missed: int) -> None:
    put_agent_day(connection, business_date="2026-11-22", agent=agent, offered_count=offered, rung_count=offered,
        answered_count=offered - missed, ring_no_answer_count=missed)  # fmt: skip


def fair(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[float, float, float, str]]:
    call = f"kpi_fair('ring_no_answer_rate', {DAY})"
    query = f"select group_value, value, shrunken_value, low_998, position from {call}"
    return {row[0]: row[1:] for row in connection.execute(query).fetchall()}


def test_an_agent_with_few_calls_is_not_judged_by_them(db):
    fill_catalogue(db)
    put_agent(db, "new", 6, 0)
    for number in range(10):
        put_agent(db, f"steady {number}", 400, 80 + number)
    put_agent(db, "worst", 400, 200)
    found = fair(db)
    # All together: 1045 of 4406 rings, 23.7 %. Six rings say little: 0 is within the limits, and drawn towards all.
    assert (found["new"][0], found["new"][3]) == (0, "within")
    assert 0.1 < found["new"][1] < 0.24
    assert found["worst"][3] == "above"
    assert 0.4 < found["worst"][1] < 0.5


def test_funnel_limits_are_three_standard_errors_wide_and_wider_for_the_rare(db):
    limits = "select funnel_low({0}, {1}, 3.09), funnel_high({0}, {1}, 3.09)"
    # Standard error of half of 100: 0.05.
    assert db.execute(limits.format(0.5, 100)).fetchone() == pytest.approx((0.3455, 0.6545))
    # Of one in a hundred: 0.00995 by the first approximation; sin(asin(0.1) + 0.1545) ** 2 = 0.0635 by the second.
    low, high = db.execute(limits.format(0.01, 100)).fetchone()
    assert (low, high) == (0, pytest.approx(0.06347, abs=1e-5))
    mirrored = db.execute(limits.format(0.99, 100)).fetchone()
    assert mirrored == (pytest.approx(1 - high), 1)
    assert db.execute(limits.format(0.5, 0)).fetchone() == (None, None)
    assert db.execute(limits.format(0, 9)).fetchone()[0] == 0


@pytest.mark.parametrize("share", [0.015, 0.1, 0.5, 0.9, 0.985])
@pytest.mark.parametrize("n", [30, 150, 600])
def test_chance_alone_leads_out_of_the_funnel_less_than_three_times_in_a_thousand(db, share, n):
    low, high = db.execute(f"select funnel_low({share}, {n}, 3.09), funnel_high({share}, {n}, 3.09)").fetchone()
    outside = [k for k in range(n + 1) if not low <= k / n <= high]
    assert sum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in outside) < 0.003


def test_where_all_differ_by_chance_alone_the_estimate_is_that_of_all(db):
    fill_catalogue(db)
    for number in range(5):
        put_agent(db, f"agent {number}", 100, 20)
    assert {round(row[1], 9) for row in fair(db).values()} == {0.2}


def test_surveys_about_nobody_are_no_agent_to_compare_with(db):
    fill_catalogue(db)
    put_surveys(db, "ann", [5, 5, 5, 1])
    put_surveys(db, "bo", [5, 5, 1, 1])
    put_surveys(db, None, [1, 1, 1, 1])
    rows = db.execute(f"select group_value, value, all_value from kpi_fair('csat', {DAY}) order by 1").fetchall()
    assert rows == [("ann", 0.75, 0.625), ("bo", 0.5, 0.625)]


def test_shares_of_time_are_not_judged_as_if_each_second_were_one_of_many(db):
    fill_catalogue(db)
    for agent, talk in (("ann", 23_040.0), ("bo", 23_400.0), ("cid", 22_680.0)):
        put_agent_day(db, business_date="2026-11-22", agent=agent, talk_s=talk, logged_in_s=28_800.0, paused_s=0.0)
    with pytest.raises(duckdb.InvalidInputException, match="occupancy is no share of counted things"):
        db.execute(f"from kpi_fair('occupancy', {DAY})").fetchall()


def test_an_agent_of_whom_no_rings_are_logged_has_not_answered_them_all(db):
    put_agent_day(db, business_date="2026-11-22", agent="ann", offered_count=300, answered_count=300)
    put_agent_day(db, business_date="2026-11-22", agent="bo", offered_count=4, answered_count=3, rung_count=4,
                  ring_no_answer_count=1)  # fmt: skip
    assert ask(db, f"kpi_ring_no_answer_rate({DAY})")["ann"] == (None, None, None, None)
    assert ask(db, f"kpi_ring_no_answer_rate({DAY}, by := 'total')")["total"] == (1, 4, 0.25, 4)


def test_offers_outside_any_contact_keep_their_value_in_every_grouping(db):
    day = {"business_date": "2026-11-22", "currency": "GBP"}
    put(db, "kpi.money_day", queue="sales", handled_count=10, agent_cost_amount=51.0, attributed_margin_amount=100.0,
        **day)  # fmt: skip
    put(db, "ml.retained_day", modelled_action_count=1, retained_value_amount=40.0, **day)
    both = "kpi_contribution({}, by := '{}', variant := 'contribution_with_retained')"
    assert ask(db, both.format(DAY, "total"))["total"][2] == 89
    assert {group: row[2] for group, row in ask(db, both.format(DAY, "queue")).items()} == {"sales": 49, None: 40}


def test_a_bridge_from_nothing_is_all_in_what_came(db):
    put_money(db, "2026-11-22", "sales", 10, 100, 51)
    before = "date '2026-11-01', date '2026-11-01'"
    steps = dict(db.execute(f"select step, amount from kpi_contribution_bridge({before}, {DAY})").fetchall())
    assert (steps["prior"], steps["margin"], steps["agent cost"], steps["current"]) == (0, 100, -51, 49)
    assert sum(amount for step, amount in steps.items() if step != "current") == 49


def test_only_shares_are_compared_so(db):
    fill_catalogue(db)
    put_visits(db, **ICMI, answered_wait_s=5000.0)
    with pytest.raises(duckdb.InvalidInputException, match="asa is no share"):
        db.execute(f"from kpi_fair('asa', {DAY}, by := 'queue')").fetchall()


def put_money(connection: duckdb.DuckDBPyConnection, day: str, queue: str, n: int, margin: float, agent: float) -> None:
    put(connection, "kpi.money_day", business_date=day, queue=queue, currency="GBP", handled_count=n,
        attributed_margin_amount=margin, agent_cost_amount=agent, telecom_cost_amount=0.0)  # fmt: skip


def test_the_bridge_adds_up_and_each_step_is_what_it_says(db):
    # Before: sales 10 contacts, 50 margin, 20 cost; help 10, nothing, 20 cost: 10 in all, 0.50 a contact.
    put_money(db, "2026-11-01", "sales", 10, 50, 20)
    put_money(db, "2026-11-01", "help", 10, 0, 20)
    # After: 30 contacts, 20 of them sales; sales 4.50 margin a contact, cost as before; help costs 3 a contact.
    put_money(db, "2026-11-22", "sales", 20, 90, 40)
    put_money(db, "2026-11-22", "help", 10, 0, 30)
    before = "date '2026-11-01', date '2026-11-01'"
    steps = dict(db.execute(f"select step, amount from kpi_contribution_bridge({before}, {DAY})").fetchall())
    assert steps == {
        "prior": 10.0,
        "volume": 5.0,  # 10 contacts more at 0.50
        "mix": 25.0,  # 5 contacts more than half in sales at 3.00, 5 fewer in help at -2.00
        "margin": -10.0,  # 20 in sales, 0.50 less each
        "agent cost": -10.0,  # 10 in help, 1.00 more each
        "other cost": 0.0,
        "unhandled": 0.0,
        "current": 20.0,
    }
    assert sum(amount for step, amount in steps.items() if step != "current") == steps["current"]


def test_the_bridge_adds_up_whatever_came_and_went(db):
    put_money(db, "2026-11-01", "gone", 7, 11, 13)
    put_money(db, "2026-11-01", "stays", 5, 3, 2)
    put_money(db, "2026-11-01", "nobody answered", 0, 0, 1.5)
    put_money(db, "2026-11-22", "stays", 9, 4, 8)
    put_money(db, "2026-11-22", "new", 4, 21, 5)
    before = "date '2026-11-01', date '2026-11-01'"
    steps = dict(db.execute(f"select step, amount from kpi_contribution_bridge({before}, {DAY})").fetchall())
    assert steps["prior"] == pytest.approx(11 - 13 + 3 - 2 - 1.5)
    assert steps["current"] == pytest.approx(4 - 8 + 21 - 5)
    assert sum(amount for step, amount in steps.items() if step != "current") == pytest.approx(steps["current"])


def test_cost_per_resolved_issue(db):
    put_money(db, "2026-11-22", "sales", 10, 0, 40)
    put(db, "kpi.repeat_day", business_date="2026-11-22", queue="sales", window_name="7d", resolvable_count=8,
        repeated_count=2, immature_count=0, identified_count=8, contact_count=10)  # fmt: skip
    # 40 for 10 contacts, of which 6 of 8 were resolved: 7.5 resolved issues.
    value = ask(db, f"kpi_cost_per_resolved({DAY})")["sales"]
    assert value == (40, 7.5, pytest.approx(40 / 7.5), 8)
