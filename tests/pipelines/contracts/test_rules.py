"""Every rule of every contract, on a row that keeps it and on a row that breaks it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from pipelines.contracts.base import Column
from pipelines.contracts.evaluate import observe
from pipelines.contracts.registry import CONTRACT_OF, CONTRACTS

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BEFORE = NOON - timedelta(days=2)
FUTURE = datetime.now(UTC) + timedelta(days=5)

# What to change in the good row so that just the named rule breaks. Rules made from a column are broken below.
BROKEN: dict[tuple[str, str], dict[str, object]] = {
    ("raw.asterisk_cel", "has_time"): {"event_at": None},
    ("raw.calls", "not_where_outcome_is_none_of_answered"): {"outcome": "vanished"},
    ("raw.calls", "not_where_channel_is_none_of_voice"): {"channel": "pigeon"},
    ("raw.calls", "not_where_direction_is_none_of_inbound"): {"direction": "sideways"},
    **{
        ("raw.calls", f"not_where_{name}_is_negative"): {name: -1.0}
        for name in ("wait_s", "ring_s", "talk_s", "hold_s", "wrap_s")
    },
    ("raw.calls", "not_where_ended_at_is_before_arrived_at"): {"ended_at": BEFORE},
    ("raw.calls", "not_where_answered_at_is_before_entered_at"): {"answered_at": BEFORE},
    ("raw.calls", "not_where_ended_at_is_before_entered_at"): {"ended_at": BEFORE},
    ("raw.calls", "not_where_ended_at_is_before_answered_at"): {"ended_at": BEFORE},
    ("raw.calls", "not_where_transfer_type_is_none_of_blind"): {"transfer_type": "odd"},
    ("raw.calls", "not_where_entered_at_is_set_and_queue_is_not"): {"queue": None},
    ("raw.customers", "not_where_left_at_is_before_joined_at"): {"left_at": BEFORE},
    ("raw.orders", "not_where_status_is_none_of_paid"): {"status": "lost"},
    ("raw.orders", "not_where_amount_is_negative"): {"amount": -1.0},
    ("raw.surveys", "not_where_kind_is_none_of_csat"): {"kind": "mood"},
    ("raw.surveys", "not_where_score_is_outside_its_scale"): {"score": 6.0},
    ("raw.surveys", "not_where_answered_but_without_a_score"): {"score": None},
    ("raw.surveys", "one_of"): {"customer_id": None},
    ("core.contacts", "ended_after_arrived"): {"ended_at": BEFORE},
    ("core.contacts", "arrived_at_not_in_future"): {
        "arrived_at": FUTURE,
        "ended_at": None,
        "business_date": FUTURE.date(),
    },
    ("core.contacts", "business_date_near"): {"business_date": date(2026, 3, 4)},
    ("core.contacts", "answered_means_answered"): {"is_answered": False},
    ("core.contacts", "short_abandon_is_abandoned"): {"is_short_abandon": True},
    ("core.contacts", "visits_have_a_queue"): {"last_queue": None},
    ("core.contacts", "not_repeat_of_itself"): {"repeat_of": "00000000-0000-0000-0000-0000000000c1"},
    ("core.contacts", "elapsed_wait_covers_queue_wait"): {"elapsed_wait_s": 3.0},
    ("core.contacts", "handle_is_talk_hold_wrap"): {"handle_s": 89.0},
    ("core.queue_visits", "left_after_entered"): {"left_at": BEFORE},
    ("core.queue_visits", "answered_after_entered"): {"answered_at": BEFORE},
    ("core.queue_visits", "left_after_answered"): {"left_at": NOON + timedelta(seconds=5)},
    ("core.queue_visits", "entered_at_not_in_future"): {
        "entered_at": FUTURE,
        "answered_at": FUTURE + timedelta(seconds=10),
        "left_at": None,
        "business_date": FUTURE.date(),
    },
    ("core.queue_visits", "business_date_near"): {"business_date": date(2026, 2, 28)},
    ("core.queue_visits", "answered_has_time"): {"answered_at": None},
    ("core.queue_visits", "only_answered_has_answer_time"): {
        "outcome": "abandoned",
        "talk_s": None,
        "hold_s": None,
    },
    ("core.queue_visits", "decided_has_end"): {
        "outcome": "abandoned",
        "answered_at": None,
        "left_at": None,
        "talk_s": None,
        "hold_s": None,
    },
    ("core.queue_visits", "open_has_no_end"): {
        "outcome": "open",
        "answered_at": None,
        "talk_s": None,
        "hold_s": None,
    },
    ("core.queue_visits", "only_answered_talk"): {"outcome": "timed_out", "answered_at": None},
    ("core.queue_visits", "refused_never_wait"): {
        "outcome": "full",
        "answered_at": None,
        "talk_s": None,
        "hold_s": None,
    },
    ("core.queue_visits", "within_sl_is_within"): {"sl_threshold_s": 9.0},
    ("core.queue_visits", "short_abandon_is_abandoned"): {"is_short_abandon": True},
    ("core.queue_visits", "answered_has_agent"): {"agent": None},
    ("core.queue_visits", "wait_known"): {"wait_s": None},
    ("core.queue_visits", "wait_agrees_with_clock"): {"wait_s": 13.0},
    ("core.segments", "ended_after_started"): {"ended_at": BEFORE},
    ("core.segments", "queue_segments_name_queue"): {"queue": None},
    ("core.agent_states", "ended_after_started"): {"ended_at": BEFORE},
    ("core.agent_states", "closed_has_end"): {"ended_at": None},
    ("core.ring_attempts", "ended_after_started"): {"ended_at": BEFORE},
    ("core.customers", "valid_to_after_valid_from"): {"valid_to": NOON},
    ("core.customers", "left_after_joined"): {"left_at": BEFORE},
    ("core.orders", "business_date_near"): {"business_date": date(2026, 3, 30)},
    ("core.orders", "ordered_at_not_in_future"): {"ordered_at": FUTURE, "business_date": FUTURE.date()},
    ("core.orders", "amount_is_finite"): {"amount": float("nan")},
    ("core.orders", "margin_within_amount"): {"margin_amount": 11.0},
    ("core.surveys", "score_on_scale"): {"score": 11.0},
    ("core.surveys", "scale_has_two_ends"): {"scale_min": 9.0, "scale_max": 9.0},
    ("core.surveys", "answered_after_sent"): {"answered_at": BEFORE},
    ("core.surveys", "score_means_answered"): {"answered_at": None},
    ("core.surveys", "promoter_or_detractor"): {"is_detractor": True},
    ("core.surveys", "only_nps_promotes"): {"kind": "csat"},
    ("core.surveys", "someone_was_asked"): {"contact_key": None},
    ("raw.cases", "not_where_status_is_none_of_open"): {"status": "lost"},
    ("raw.cases", "not_where_closed_at_is_before_opened_at"): {"closed_at": BEFORE},
    ("raw.campaign_attempts", "not_where_outcome_is_none_of_sold"): {"outcome": "lost"},
    ("raw.campaign_attempts", "not_where_propensity_is_not_between_0_and_1"): {"propensity": 1.5},
    ("raw.campaign_attempts", "one_of"): {"customer_id": None},
    ("raw.agents", "not_where_hourly_cost_is_negative"): {"hourly_cost": -1.0},
    ("raw.schedules", "not_where_activity_is_none_of_work"): {"activity": "sleep"},
    ("raw.schedules", "not_where_ends_at_is_before_starts_at"): {"ends_at": BEFORE},
    ("raw.action_outcomes", "not_where_propensity_is_not_between_0_and_1"): {"propensity": 1.5},
    ("raw.action_outcomes", "one_of"): {"customer_id": None},
    ("core.cases", "business_date_near"): {"business_date": date(2026, 3, 30)},
    ("core.cases", "opened_at_not_in_future"): {
        "opened_at": FUTURE,
        "closed_at": None,
        "status": "open",
        "business_date": FUTURE.date(),
    },
    ("core.cases", "closed_after_opened"): {"closed_at": BEFORE},
    ("core.cases", "open_is_not_closed"): {"status": "open"},
    ("core.cases", "solved_is_closed"): {"closed_at": None},
    ("core.campaign_attempts", "business_date_near"): {"business_date": date(2026, 3, 30)},
    ("core.campaign_attempts", "dialled_at_not_in_future"): {"dialled_at": FUTURE, "business_date": FUTURE.date()},
    ("core.campaign_attempts", "right_party_was_connected"): {
        "is_connected": False,
        "outcome": "refused",
        "amount": None,
    },
    ("core.campaign_attempts", "sale_was_connected"): {"is_connected": False, "is_right_party": None},
    ("core.campaign_attempts", "only_a_sale_has_an_amount"): {"outcome": "refused"},
    ("core.action_outcomes", "business_date_near"): {"business_date": date(2026, 3, 30)},
    ("core.action_outcomes", "shown_at_not_in_future"): {"shown_at": FUTURE, "business_date": FUTURE.date()},
    ("core.action_outcomes", "somebody_was_shown"): {"customer_key": None},
    ("core.agents", "rosters_agree"): {"has_conflict": True},
    ("core.schedules", "business_date_near"): {"business_date": date(2026, 3, 30)},
    ("core.schedules", "ended_after_started"): {"ended_at": BEFORE},
    ("core.schedules", "day_at_most"): {"planned_s": 200000.0},
}

COLUMN_CASES = [
    (contract, column, rule.name) for contract in CONTRACTS for column in contract.columns for rule in column.rules()
]


def wrong_value(column: Column, rule_name: str) -> object:
    if rule_name.endswith("_not_null"):
        return None
    if rule_name.endswith("_values"):
        return "nonsense"
    if "TIMESTAMPTZ" in (column.type or ""):
        return datetime(1970, 1, 1, tzinfo=UTC)
    return -1.0 if column.type == "DOUBLE" else -1


def failing(observation):
    return {name for name, count in observation.failing_counts.items() if count}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.table)
def test_a_good_row_breaks_no_rule(con, fill, good_rows, contract):
    fill(contract, good_rows[contract.table])
    observation = observe(con, contract)
    assert observation.errors == {}
    assert failing(observation) == set()
    assert observation.row_count == 1


@pytest.mark.parametrize(
    ("contract", "column", "rule_name"), COLUMN_CASES, ids=[f"{c.table}:{name}" for c, _, name in COLUMN_CASES]
)
def test_a_wrong_value_breaks_the_rule_of_its_column(con, fill, good_rows, contract, column, rule_name):
    fill(contract, good_rows[contract.table] | {column.name: wrong_value(column, rule_name)})
    observation = observe(con, contract)
    assert observation.errors == {}
    assert observation.failing_counts[rule_name] == 1


@pytest.mark.parametrize(("table", "rule_name"), BROKEN, ids=":".join)
def test_a_row_that_breaks_one_rule_breaks_that_rule(con, fill, good_rows, table, rule_name):
    fill(CONTRACT_OF[table], good_rows[table], good_rows[table] | BROKEN[table, rule_name])
    observation = observe(con, CONTRACT_OF[table])
    assert observation.errors == {}
    assert observation.failing_counts[rule_name] == 1


def test_every_rule_between_columns_has_a_broken_example():
    rules = {(contract.table, rule.name) for contract in CONTRACTS for rule in contract.row_rules}
    assert rules == set(BROKEN)


@pytest.mark.parametrize("contract", [c for c in CONTRACTS if c.key], ids=lambda contract: contract.table)
def test_two_rows_with_one_key_are_found(con, fill, good_rows, contract):
    fill(contract, good_rows[contract.table], good_rows[contract.table])
    assert observe(con, contract).failing_counts["unique_key"] == 2


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.table)
def test_an_empty_table_breaks_no_rule(con, fill, contract):
    fill(contract)
    observation = observe(con, contract)
    assert observation.row_count == 0
    assert failing(observation) == set()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.5])
def test_a_duration_is_a_number_that_is_not_negative(con, fill, good_rows, value):
    contract = CONTRACT_OF["core.queue_visits"]
    fill(contract, good_rows[contract.table] | {"hold_s": value})
    assert observe(con, contract).failing_counts["hold_s_range"] == 1


def test_contract_tables_and_check_names_are_unique():
    assert len(CONTRACT_OF) == len(CONTRACTS)
    for contract in CONTRACTS:
        names = [rule.name for rule in contract.rules()]
        assert len(names) == len(set(names)), contract.table


def test_keys_and_shown_columns_are_promised_columns():
    for contract in CONTRACTS:
        assert contract.naming_columns(), contract.table
        assert set(contract.naming_columns()) <= {column.name for column in contract.columns}


def test_every_rule_has_a_sentence_of_meaning():
    for contract in CONTRACTS:
        for rule in contract.rules():
            assert rule.meaning.endswith("."), (contract.table, rule.name)
            assert len(rule.meaning.split()) >= 4, (contract.table, rule.name)
