"""Point-in-time features on a few rows that a reader can add up by hand, in DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import sqlglot
from sqlglot import exp

from models import churn, value
from models.features.declarations import CUSTOMER_FEATURES, KEY_COLUMNS

FOLDER = Path(__file__).parents[2] / "sql" / "features"
FILES = ("moments", "customer_features", "churn_labels", "value_labels")
DAY_S = 86_400.0

TABLES = """
set timezone = 'UTC';
create schema settings; create schema core; create schema features;
create table settings.churn (horizon_s double, cutoff_count bigint, label varchar);
create table core.orders (
    order_key varchar, customer_key varchar, ordered_at timestamptz, business_date date, amount double,
    currency varchar, status varchar);
create table core.contacts (
    contact_key varchar, customer_key varchar, arrived_at timestamptz, ended_at timestamptz, direction varchar,
    queue_wait_s double, outcome varchar, transfer_count bigint, repeat_of varchar);
create table core.surveys (
    customer_key varchar, answered_at timestamptz, kind varchar, score double, scale_min double, scale_max double);
create table core.customers (
    customer_key varchar, valid_from timestamptz, valid_to timestamptz, segment varchar, joined_at timestamptz,
    left_at timestamptz, contract_end_at timestamptz, marketing_opt_out boolean, profiling_objection boolean);
set variable as_of_at = timestamptz '2026-01-01 00:00:00+00';
set variable currency = 'GBP';
"""

# The scoring moment is 2026-01-01; with a horizon of 10 days the cut-offs are 2025-12-22 and 2025-12-12.
ROWS = """
insert into settings.churn values (864000, 2, 'no_purchase');
insert into core.customers values
    ('ann', null, '2025-12-15', 'gold', '2025-01-01', null, '2026-01-11', false, false),
    ('ann', '2025-12-15', null, 'silver', '2025-01-01', null, '2026-01-21', true, false),
    ('bob', '2025-12-30', null, 'new', '2025-12-30', null, null, false, false);
insert into core.orders values
    ('1', 'ann', '2025-12-02 00:00:00+00', '2025-12-02', 10, 'GBP', 'paid'),
    ('2', 'ann', '2025-12-02 06:00:00+00', '2025-12-02', 20, null, 'paid'),
    ('3', 'ann', '2025-12-10 00:00:00+00', '2025-12-10', 60, 'GBP', 'paid'),
    ('4', 'ann', '2025-12-11 00:00:00+00', '2025-12-11', 99, 'GBP', 'returned'),
    ('5', 'ann', '2025-12-20 00:00:00+00', '2025-12-20', 7, 'EUR', 'paid'),
    ('6', 'cat', '2025-12-05 00:00:00+00', '2025-12-05', 5, 'GBP', 'paid');
insert into core.contacts values
    ('a', 'ann', '2025-12-03 00:00:00+00', '2025-12-03 00:05:00+00', 'inbound', 10, 'answered', 1, null),
    ('b', 'ann', '2025-12-04 00:00:00+00', '2025-12-04 00:05:00+00', 'inbound', 30, 'abandoned', 0, 'a'),
    ('c', 'ann', '2025-12-05 00:00:00+00', '2025-12-05 00:05:00+00', 'outbound', 99, 'answered', 5, null),
    ('d', 'ann', '2025-12-31 23:59:00+00', '2026-01-01 00:03:00+00', 'inbound', 77, 'answered', 3, null);
insert into core.surveys values
    ('ann', '2025-12-04 00:00:00+00', 'csat', 5, 1, 5),
    ('ann', '2025-12-24 00:00:00+00', 'csat', 2, 1, 5),
    ('ann', '2025-12-04 00:00:00+00', 'nps', 3, 0, 10),
    ('ann', null, 'nps', null, 0, 10);
"""


def text(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def build(connection: duckdb.DuckDBPyConnection) -> None:
    for name in FILES:
        connection.execute(f"create or replace table features.{name} as {text(name)}")


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        connection.execute(ROWS)
        build(connection)
        yield connection


def features_of(connection: duckdb.DuckDBPyConnection, key: str, date: str) -> dict[str, Any]:
    rows = connection.sql(
        "select * from features.customer_features where customer_key = $key and as_of_at = cast($date as timestamptz)",
        params={"key": key, "date": f"{date} 00:00:00+00"},
    ).pl()
    return rows.row(0, named=True)


def everything(connection: duckdb.DuckDBPyConnection, name: str, purpose: str = "") -> list[tuple[Any, ...]]:
    kept = f"where {purpose}" if purpose else ""
    return connection.sql(f"select * from features.{name} {kept} order by all").fetchall()


def test_declared_features_are_the_columns_of_the_table() -> None:
    selected = sqlglot.parse_one(text("customer_features"), read="duckdb").named_selects
    assert selected == [*KEY_COLUMNS, *(feature.name for feature in CUSTOMER_FEATURES)]


def test_seconds_are_tagged_as_the_declaration_has_them() -> None:
    commented = {
        line.rsplit(" as ", 1)[1].split(",")[0]: line
        for line in text("customer_features").splitlines()
        if " as " in line and " -- " in line
    }
    for feature in CUSTOMER_FEATURES:
        assert ("[unit: s]" in commented[feature.name]) == (feature.unit == "s"), feature.name


@pytest.mark.parametrize("name", FILES)
def test_every_column_is_described_and_the_header_complete(name: str) -> None:
    sql = text(name)
    tree = sqlglot.parse_one(sql, read="duckdb")
    described = [line for line in sql.rsplit("\nselect\n", 1)[1].split("\nfrom ")[0].splitlines() if " -- " in line]
    assert len(described) == len(tree.named_selects)
    assert sql.startswith("-- ")
    assert "\n-- grain: customer_key, as_of_at\n-- owner: team:data\n" in sql


@pytest.mark.parametrize("name", FILES)
def test_only_the_portable_part_of_the_language_is_used(name: str) -> None:
    tree = sqlglot.parse_one(text(name), read="duckdb")
    assert not list(tree.find_all(exp.Qualify))
    assert not [join for join in tree.find_all(exp.Join) if join.args.get("method") == "ASOF"]
    assert "group by all" not in text(name)
    units = {node.text("unit").upper() for node in tree.find_all(exp.DateDiff)}
    assert units <= {"SECOND"}
    assert sqlglot.transpile(text(name), read="duckdb", write="databricks", unsupported_level=sqlglot.ErrorLevel.RAISE)


def test_moments_are_now_and_the_cutoffs_after_the_customer_was_known(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.sql(
        "select customer_key, cast(as_of_at as date)::varchar, purpose from features.moments order by all"
    ).fetchall()
    assert rows == [
        ("ann", "2025-12-12", "train"),
        ("ann", "2025-12-22", "train"),
        ("ann", "2026-01-01", "score"),
        ("bob", "2026-01-01", "score"),
        ("cat", "2025-12-12", "train"),
        ("cat", "2025-12-22", "train"),
        ("cat", "2026-01-01", "score"),
    ]


def test_purchases_by_hand(warehouse: duckdb.DuckDBPyConnection) -> None:
    row = features_of(warehouse, "ann", "2025-12-12")
    assert row["tenure_s"] == 345 * DAY_S
    assert (row["order_count"], row["order_day_count"], row["order_90d_count"]) == (3, 2, 3)
    assert row["returned_order_count"] == 1
    assert (row["order_amount"], row["mean_order_amount"], row["order_365d_amount"]) == (90.0, 30.0, 90.0)
    assert (row["order_recency_s"], row["order_age_s"]) == (2 * DAY_S, 10 * DAY_S)
    assert row["order_gap_s"] == 8 * DAY_S
    assert row["order_rhythm_rate"] == 0.8


def test_an_order_in_another_currency_counts_as_a_purchase_but_not_as_money(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    row = features_of(warehouse, "ann", "2026-01-01")
    assert (row["order_count"], row["order_amount"], row["order_recency_s"]) == (4, 90.0, 12 * DAY_S)


def test_contacts_by_hand(warehouse: duckdb.DuckDBPyConnection) -> None:
    for date in ("2025-12-12", "2026-01-01"):
        row = features_of(warehouse, "ann", date)
        assert (row["contact_90d_count"], row["contact_365d_count"]) == (2, 2), "outbound and unfinished left out"
        assert row["mean_wait_365d_s"] == 20.0
        assert (row["abandoned_365d_count"], row["transfer_365d_count"], row["repeat_365d_count"]) == (1, 1, 1)
    assert row["contact_recency_s"] == 28 * DAY_S


def test_surveys_by_hand(warehouse: duckdb.DuckDBPyConnection) -> None:
    before, after = features_of(warehouse, "ann", "2025-12-12"), features_of(warehouse, "ann", "2026-01-01")
    assert (before["survey_365d_count"], before["mean_csat_365d_rate"], before["mean_nps_365d_rate"]) == (2, 1.0, 0.3)
    assert (after["survey_365d_count"], after["mean_csat_365d_rate"]) == (3, (1.0 + 0.25) / 2)


def test_the_customer_record_is_the_one_valid_then(warehouse: duckdb.DuckDBPyConnection) -> None:
    before, after = features_of(warehouse, "ann", "2025-12-12"), features_of(warehouse, "ann", "2026-01-01")
    assert (before["segment"], before["contract_remaining_s"]) == ("gold", 30 * DAY_S)
    assert (after["segment"], after["contract_remaining_s"]) == ("silver", 20 * DAY_S)


def test_an_objection_counts_from_when_it_is_known_for_every_use(warehouse: duckdb.DuckDBPyConnection) -> None:
    for date in ("2025-12-12", "2025-12-22", "2026-01-01"):
        assert features_of(warehouse, "ann", date)["marketing_opt_out"] is True
    warehouse.execute(
        "insert into core.customers (customer_key, valid_from, profiling_objection) values ('cat', '2026-02-01', true)"
    )
    build(warehouse)
    assert features_of(warehouse, "cat", "2025-12-22")["profiling_objection"] is True


def test_a_customer_without_any_history_has_a_row_of_noughts_and_nulls(warehouse: duckdb.DuckDBPyConnection) -> None:
    row = features_of(warehouse, "bob", "2026-01-01")
    assert (row["order_count"], row["order_amount"], row["contact_365d_count"]) == (0, 0.0, 0)
    assert [row[name] for name in ("order_recency_s", "mean_order_amount", "mean_csat_365d_rate")] == [None] * 3
    assert row["tenure_s"] == 2 * DAY_S
    assert (row["marketing_opt_out"], row["profiling_objection"], row["has_left"]) == (False, False, False)


@pytest.mark.parametrize("at", ["2026-01-01 00:00:00+00", "2026-03-01 00:00:00+00"])
def test_nothing_at_or_after_the_moment_changes_a_feature(warehouse: duckdb.DuckDBPyConnection, at: str) -> None:
    before = everything(warehouse, "customer_features")
    warehouse.execute(
        f"""
        insert into core.orders values ('7', 'ann', '{at}', '2026-01-01', 1000, 'GBP', 'paid');
        insert into core.orders values ('8', 'eve', '{at}', '2026-01-01', 1000, 'GBP', 'paid');
        insert into core.contacts values ('e', 'ann', '{at}', '{at}', 'inbound', 9, 'abandoned', 9, 'd');
        insert into core.surveys values ('ann', '{at}', 'csat', 1, 1, 5);
        update core.customers set left_at = '{at}' where customer_key = 'ann';
        update core.customers set valid_to = '{at}' where customer_key = 'ann' and valid_to is null;
        insert into core.customers values
            ('ann', '{at}', null, 'bronze', '2025-01-01', '{at}', '2027-01-01', true, false);
        """
    )
    build(warehouse)
    assert everything(warehouse, "customer_features") == before


def test_what_comes_after_a_cutoff_does_not_change_its_row(warehouse: duckdb.DuckDBPyConnection) -> None:
    at_cutoff = "as_of_at = timestamptz '2025-12-22 00:00:00+00'"
    before, now = everything(warehouse, "customer_features", at_cutoff), everything(warehouse, "customer_features")
    warehouse.execute(
        """
        insert into core.orders values ('7', 'ann', '2025-12-22 00:00:00+00', '2025-12-22', 1000, 'GBP', 'paid');
        insert into core.contacts values
            ('e', 'ann', '2025-12-21 23:59:00+00', '2025-12-22 00:00:00+00', 'inbound', 9, 'abandoned', 9, 'd');
        insert into core.surveys values ('ann', '2025-12-22 00:00:00+00', 'csat', 1, 1, 5);
        """
    )
    build(warehouse)
    assert everything(warehouse, "customer_features", at_cutoff) == before
    assert everything(warehouse, "customer_features") != now


def labels(connection: duckdb.DuckDBPyConnection, name: str = "churn_labels") -> dict[tuple[str, str], Any]:
    column = "is_churned" if name == "churn_labels" else "next_order_amount"
    rows = connection.sql(
        f"select customer_key, strftime(as_of_at, '%m-%d'), {column} from features.{name} order by all"
    ).fetchall()
    return {(key, date): label for key, date, label in rows}


def test_who_buys_again_within_the_horizon_has_not_left(warehouse: duckdb.DuckDBPyConnection) -> None:
    # ann buys on 12-20, within 10 days of 12-12 but not of 12-22; cat bought on 12-05 and never again.
    assert labels(warehouse) == {
        ("ann", "12-12"): False,
        ("ann", "12-22"): True,
        ("cat", "12-12"): True,
        ("cat", "12-22"): True,
    }


def test_who_did_not_buy_within_two_horizons_before_has_no_label(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("update core.orders set ordered_at = '2025-12-01 23:59:59+00' where customer_key = 'cat'")
    build(warehouse)
    assert [key for key in labels(warehouse) if key[0] == "cat"] == [("cat", "12-12")]


def test_the_horizon_begins_at_the_cutoff_and_ends_before_its_end(warehouse: duckdb.DuckDBPyConnection) -> None:
    for at, has_left in (("2025-12-12 00:00:00", False), ("2025-12-21 23:59:59", False), ("2025-12-22 00:00:00", True)):
        warehouse.execute("delete from core.orders where order_key = '7'")
        warehouse.execute(f"insert into core.orders values ('7', 'cat', '{at}+00', '2025-12-12', 1, 'GBP', 'paid')")
        build(warehouse)
        assert labels(warehouse)[("cat", "12-12")] is has_left


def test_only_paid_orders_make_a_customer_come_back(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(
        "insert into core.orders values ('7', 'cat', '2025-12-15 00:00:00+00', '2025-12-15', 1, 'GBP', 'cancelled')"
    )
    build(warehouse)
    assert labels(warehouse)[("cat", "12-12")] is True


def test_an_immature_label_is_absent(warehouse: duckdb.DuckDBPyConnection) -> None:
    # A moment whose horizon reaches beyond the data: as if the runner had kept an older table of moments.
    warehouse.execute("insert into features.moments values ('ann', '2025-12-23 00:00:00+00', 'train')")
    for name in ("churn_labels", "value_labels"):
        warehouse.execute(f"create or replace table features.{name} as {text(name)}")
        assert not [date for _, date in labels(warehouse, name) if date == "12-23"]


def test_a_recorded_leaving_is_the_label_of_a_contract(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("update settings.churn set label = 'cancellation'")
    warehouse.execute(
        """
        insert into core.customers (customer_key, joined_at, left_at) values
            ('stays', '2025-01-01', null),
            ('leaves', '2025-01-01', '2025-12-12 00:00:00+00'),
            ('left', '2025-01-01', '2025-12-11 00:00:00+00'),
            ('joins', '2025-12-20', null);
        """
    )
    build(warehouse)
    found = {key: label for key, label in labels(warehouse).items() if key[0] not in {"ann", "bob"}}
    assert found == {
        ("stays", "12-12"): False,
        ("stays", "12-22"): False,
        ("leaves", "12-12"): True,
        ("joins", "12-22"): False,
    }


def test_a_leaving_is_known_only_afterwards(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("update core.customers set left_at = '2025-12-20' where customer_key = 'ann'")
    build(warehouse)
    assert features_of(warehouse, "ann", "2025-12-12")["has_left"] is False
    assert features_of(warehouse, "ann", "2025-12-22")["has_left"] is True


def test_the_next_spend_is_that_of_the_horizon_in_the_home_currency(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute(
        "insert into core.orders values ('7', 'cat', '2025-12-21 00:00:00+00', '2025-12-21', 40, 'GBP', 'paid')"
    )
    build(warehouse)
    assert labels(warehouse, "value_labels") == {
        ("ann", "12-12"): 0.0,
        ("ann", "12-22"): 0.0,
        ("cat", "12-12"): 40.0,
        ("cat", "12-22"): 0.0,
    }


def test_each_moment_has_one_row(warehouse: duckdb.DuckDBPyConnection) -> None:
    for name in FILES:
        total, distinct = warehouse.sql(
            f"select count(*), count(distinct (customer_key, as_of_at)) from features.{name}"
        ).fetchall()[0]
        assert total == distinct > 0
    moments = warehouse.sql("select count(*) from features.moments").fetchall()
    assert warehouse.sql("select count(*) from features.customer_features").fetchall() == moments


def test_the_session_time_zone_does_not_matter(warehouse: duckdb.DuckDBPyConnection) -> None:
    before = [everything(warehouse, name) for name in FILES]
    warehouse.execute("set timezone = 'America/New_York'")
    build(warehouse)
    assert [everything(warehouse, name) for name in FILES] == before


def test_the_models_take_the_tables_as_they_are(warehouse: duckdb.DuckDBPyConnection) -> None:
    training = warehouse.sql(
        """
        select features.*, labels.is_churned, spends.next_order_amount
        from features.customer_features as features
        inner join features.value_labels as spends using (customer_key, as_of_at)
        left join features.churn_labels as labels using (customer_key, as_of_at)
        where features.purpose = 'train'
        """
    ).pl()
    now = warehouse.sql("select * from features.customer_features where purpose = 'score'").pl()
    label = churn.ChurnLabel(horizon_s=864_000.0)
    labelled = training.filter(pl.col("is_churned").is_not_null())
    assert churn.train(labelled, label, churn.load_params()).decision == "rule"
    assert value.train(training, label.horizon_s, value.load_params()).decision == "rule"
    scores = churn.score(None, now, label, churn.load_params()).sort("customer_key")
    assert scores.select("customer_key", "source").rows() == [("ann", "rule"), ("bob", "default"), ("cat", "rule")]
    worth = value.estimate(None, now, "GBP", value.load_params()).sort("customer_key")
    assert worth["source"].to_list() == ["rule", "default", "rule"]
