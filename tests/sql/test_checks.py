"""The truths of sql/checks, each on a small centre that keeps it and on one that breaks it."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts.evaluate import quoted
from pipelines.contracts.registry import CONTRACTS
from pipelines.contracts.results import explain_failures
from pipelines.contracts.sql_checks import load_checks, missing_tables, parse_check, run_check
from pipelines.errors import SettingsError
from pipelines.sources.canonical import CONTACT_OUTCOMES
from pipelines.sqlgraph import load_models

FOLDER = Path(__file__).parents[2] / "sql" / "checks"
CHECKS = {check.name: check for check in load_checks([FOLDER])}

COUNTS = [
    "offered_count",
    "answered_count",
    "answered_in_sl_count",
    "abandoned_count",
    "abandoned_in_sl_count",
    "short_abandoned_count",
    "timed_out_count",
    "exited_by_key_count",
    "exited_empty_count",
    "withdrawn_count",
    "open_count",
    "blocked_count",
    "diverted_count",
    "held_count",
    "transferred_count",
    "talk_known_count",
    "hold_known_count",
    "wrap_known_count",
    "ring_known_count",
    "handled_known_count",
]
SECONDS = ["answered_wait_s", "abandoned_wait_s", "wait_s", "max_wait_s", "ring_s", "talk_s", "hold_s", "wrap_s"]

MODELS = load_models()
SUMMED = [
    f"kpi.{name}"
    for name in (
        "agent_day", "agent_interval", "channel_day", "site_day", "tier_service_day", "wait_histogram_day", "flow_day",
        "ivr_day", "campaign_day", "money_day",
    )
]  # fmt: skip
OUTCOMES = [name for name in CONTACT_OUTCOMES if name]
SUMS_OF_CHANNELS = [c.name for c in MODELS["kpi.site_day"].columns if c.name not in ("business_date", "site")]
SUMS_OF_TIME = [
    "answered_count",
    "transferred_count",
    "ring_s",
    "talk_s",
    "hold_s",
    "wrap_s",
    "logged_in_s",
    "paused_s",
]


def _declared(column: str) -> str:
    types = {"count": "bigint default 0", "s": "double", "date": "date", "at": "timestamptz", "hour": "bigint",
             "amount": "double"}  # fmt: skip
    return f"{column} {types.get(column.split('_')[-1], 'bigint' if column == 'step_number' else 'varchar')}"


# Three callers of one queue: one waits 10.5 s and talks, one gives up after 4.25 s, one finds the queue full.
CENTRE = """
insert into core.contacts by name
select * from (values
    ('c1', 'pbx', '1.1', 'k1', 1, 10.5::double, 'answered'),
    ('c2', 'pbx', '1.2', null, 1, 4.25::double, 'abandoned'),
    ('c3', 'pbx', '1.3', 'k1', 1, 0.0::double, 'blocked'),
    ('c4', 'pbx', '1.4', 'k1', 0, null, 'abandoned_in_ivr')
) as t(contact_key, source, source_contact_id, customer_key, queue_visit_count, queue_wait_s, outcome);
insert into core.queue_visits by name
select *, 'sales' as queue, 'voice' as channel from (values
    ('v1', 'c1', 10.5::double, 60.0::double, 'answered', false),
    ('v2', 'c2', 4.25::double, null, 'abandoned', true),
    ('v3', 'c3', null, null, 'full', false)
) as t(visit_key, contact_key, wait_s, talk_s, outcome, is_short_abandon);
insert into core.ring_attempts by name select 'v1' as visit_key, 'c1' as contact_key, 'ann' as agent;
insert into core.segments by name select 'c1' as contact_key, 1 as segment_seq, 'queue' as kind;
insert into core.agent_states by name
select * from (values
    ('ann', 'sales', 'logged_in', timestamptz '2026-03-02 08:00:00+00', timestamptz '2026-03-02 12:00:00+00'),
    ('ann', 'other', 'logged_in', timestamptz '2026-03-02 09:00:00+00', timestamptz '2026-03-02 09:30:00+00'),
    ('ann', 'sales', 'talking', timestamptz '2026-03-02 10:00:00+00', timestamptz '2026-03-02 10:01:00+00'),
    ('bob', 'sales', 'talking', timestamptz '2026-03-02 07:00:00+00', timestamptz '2026-03-02 07:01:00+00'),
    ('cid', 'vip', 'logged_in', timestamptz '2026-03-02 08:00:00+00', timestamptz '2026-03-02 08:30:00+00'),
    ('cid', 'sales', 'talking', timestamptz '2026-03-02 10:00:00+00', timestamptz '2026-03-02 10:01:00+00'),
    ('dee', null, 'logged_in', timestamptz '2026-03-02 08:00:00+00', null),
    ('dee', 'sales', 'talking', timestamptz '2026-03-02 10:00:00+00', null)
) as t(agent, queue, state, started_at, ended_at);
insert into core.customers by name
select * from (values
    ('k1', timestamptz '2026-01-01 00:00:00+00', timestamptz '2026-02-01 00:00:00+00'),
    ('k1', timestamptz '2026-02-01 00:00:00+00', null),
    ('k2', timestamptz '2026-01-15 00:00:00+00', null)
) as t(customer_key, valid_from, valid_to);
insert into core.orders by name
select 'o1' as order_key, 'k1' as customer_key, 'GBP' as currency, 'paid' as status, 100 as amount;
insert into core.surveys by name
select * from (values ('s1', 'c1', 'nps'), ('s2', null, 'nps')) as t(survey_key, contact_key, kind);
insert into kpi.queue_interval by name
select timestamptz '2026-03-02 10:00:00+00' as interval_started_at, date '2026-03-02' as business_date,
    'sales' as queue, 'voice' as channel, 1 as offered_count, 1 as answered_count, 1 as answered_in_sl_count,
    10.5 as answered_wait_s, 10.5 as wait_s, 10.5 as max_wait_s, 60 as talk_s, 1 as talk_known_count,
    1 as handled_known_count;
insert into kpi.queue_interval by name
select timestamptz '2026-03-02 10:30:00+00' as interval_started_at, date '2026-03-02' as business_date,
    'sales' as queue, 'voice' as channel, 1 as offered_count, 1 as abandoned_count, 1 as short_abandoned_count,
    1 as blocked_count, 4.25 as abandoned_wait_s, 4.25 as wait_s, 4.25 as max_wait_s;
insert into kpi.queue_day by name
select date '2026-03-02' as business_date, 'sales' as queue, 'voice' as channel, 2 as offered_count,
    1 as answered_count, 1 as answered_in_sl_count, 1 as abandoned_count, 1 as short_abandoned_count,
    1 as blocked_count, 10.5 as answered_wait_s, 4.25 as abandoned_wait_s, 14.75 as wait_s, 10.5 as max_wait_s,
    60 as talk_s, 1 as talk_known_count, 1 as handled_known_count;
insert into kpi.agent_day by name
select date '2026-03-02' as business_date, 'ann' as agent, 1 as offered_count, 1 as answered_count, 60 as talk_s,
    2400 as logged_in_s, 300 as paused_s, 0 as transferred_count, 1 as rung_count, 0 as ring_no_answer_count;
update core.queue_visits set agent = 'ann', answered_at = timestamptz '2026-03-02 10:00:00+00' where visit_key = 'v1';
insert into core._agent_logins by name
select 'ann' as agent, *, timestamptz '2026-03-02 10:00:00+00' as started_at from (values
    ('logged_in', timestamptz '2026-03-02 10:40:00+00'), ('paused', timestamptz '2026-03-02 10:05:00+00')
) as t(state, ended_at);
insert into kpi.money_day by name
select date '2026-03-02' as business_date, 1 as handled_count, 60 as agent_s, 0.5 as agent_cost_amount,
    0 as fixed_cost_amount, 1 as attributed_order_count,
    100 as attributed_revenue_amount;
update core.contacts set handle_s = 60, is_answered = true where contact_key = 'c1';
update core.contacts set business_date = date '2026-03-02', channel = 'voice', direction = 'inbound';
update core.queue_visits set business_date = date '2026-03-02';
insert into kpi.channel_day by name
select date '2026-03-02' as business_date, 'voice' as channel, 'inbound' as direction, 4 as contact_count,
    1 as answered_count, 1 as abandoned_count, 1 as blocked_count, 1 as abandoned_in_ivr_count, 14.75 as queue_wait_s,
    7 as ivr_s, 60 as talk_s;
insert into kpi.site_day by name select * exclude (channel, direction) from kpi.channel_day;
insert into kpi.tier_service_day by name
select case when answered_count = 1 then 'gold' end as tier, * exclude (interval_started_at) from kpi.queue_interval;
insert into kpi.wait_histogram_day by name
select *, date '2026-03-02' as business_date, 'sales' as queue, 'voice' as channel from (values
    ('answered', 10, 11, 1), ('abandoned', 4, 5, 1)
) as t(outcome, wait_from_s, wait_to_s, visit_count);
insert into kpi.flow_day by name
select *, date '2026-03-02' as business_date, 'voice' as channel from (values
    (1, 'arrival', 'queue:sales', 3), (1, 'arrival', 'ivr', 1), (2, 'ivr', 'outcome:abandoned_in_ivr', 1),
    (2, 'queue:sales', 'outcome:answered', 1), (2, 'queue:sales', 'outcome:abandoned', 1),
    (2, 'queue:sales', 'outcome:blocked', 1)
) as t(step_number, from_node, to_node, contact_count);
insert into kpi.ivr_day by name
select date '2026-03-02' as business_date, 'voice' as channel, '8001' as node, 1 as ivr_contact_count,
    1 as abandoned_count, 7 as ivr_s;
insert into core.campaign_attempts by name
select *, 'spring' as campaign_id, 'k1' as customer_key from (values
    ('a1', 'no_answer', false), ('a2', 'sold', true), ('a3', 'callback', true)
) as t(attempt_id, outcome, is_connected);
insert into kpi.campaign_day by name
select *, 'spring' as campaign_id from (values (9, 1, 0, 1, 0), (10, 2, 1, 0, 1))
as t(local_hour, attempt_count, sold_count, person_first_attempt_count, person_first_connected_count);
insert into meta.ledger values
    ('sales', timestamptz '2026-03-02 10:00:00+00', 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ('sales', timestamptz '2026-03-02 10:30:00+00', 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0);
insert into meta.source_files values ('asterisk_queue_log', 'queue_log', 10, 6, 2, 1, 1);
insert into settings.centre values ('GBP');
"""

# By check: statements that break it, and what a line of the result must say.
BROKEN: dict[str, list[tuple[str, str]]] = {
    "ledger_balances": [
        ("update meta.ledger set offered_count = 2 where answered_count = 1", "offered_count=2"),
        ("update meta.ledger set difference_count = 1 where answered_count = 1", "difference_count=1"),
        ("update meta.ledger set difference_count = null where answered_count = 1", "difference_count=null"),
        ("update meta.ledger set open_count = null", "queue=sales"),
    ],
    "source_lines_add_up": [
        ("update meta.source_files set rejected_count = 0", "name=queue_log"),
        ("update meta.source_files set duplicate_count = null", "name=queue_log"),
    ],
    "visits_have_contacts": [("delete from core.contacts where contact_key = 'c2'", "visit_key=v2")],
    "rings_have_visits": [
        ("delete from core.queue_visits where visit_key = 'v1'", "visit_contact_key=null"),
        ("update core.ring_attempts set contact_key = 'c2'", "contact_key=c2, visit_contact_key=c1"),
    ],
    "segments_have_contacts": [("delete from core.contacts where contact_key = 'c1'", "contact_key=c1")],
    "contact_visit_counts": [
        ("update core.contacts set queue_visit_count = 2 where contact_key = 'c2'", "contact_key=c2"),
        ("delete from core.queue_visits where visit_key = 'v3'", "contact_key=c3"),
        ("update core.contacts set queue_wait_s = 4.26 where contact_key = 'c2'", "queue_wait_s=4.26"),
    ],
    "contact_outcomes_follow_visits": [
        ("update core.contacts set outcome = 'abandoned' where contact_key = 'c1'", "contact_key=c1"),
        ("update core.contacts set outcome = 'answered' where contact_key = 'c2'", "contact_key=c2"),
    ],
    "source_contacts_once": [
        (
            "insert into core.contacts by name select 'c9' as contact_key, 'pbx' as source, '1.1' as source_contact_id",
            "first_contact_key=c1, last_contact_key=c9",
        ),
    ],
    "kpi_rows_once": [
        ("insert into kpi.queue_interval from kpi.queue_interval limit 1", "table_name=kpi.queue_interval"),
        ("insert into kpi.queue_day from kpi.queue_day", "table_name=kpi.queue_day"),
        ("insert into kpi.agent_day from kpi.agent_day", "agent=ann"),
    ],
    "interval_sums_match_visits": [
        *(
            (f"update kpi.queue_interval set {name} = coalesce({name}, 0) + 1 where answered_count = 1", "queue=sales")
            for name in COUNTS
            if name not in ("answered_in_sl_count", "abandoned_in_sl_count", "held_count", "transferred_count")
        ),
        *(
            (
                f"update kpi.queue_interval set {name} = coalesce({name}, 0) + 0.001 where answered_count = 1",
                "queue=sales",
            )
            for name in ("answered_wait_s", "abandoned_wait_s", "talk_s", "hold_s")
        ),
        ("delete from kpi.queue_interval", "offered_difference_count=2"),
        (
            "update kpi.queue_interval set service_level_variant = 'sl_answered_only'",
            "service_level_variant=sl_answered_only",
        ),
        ("delete from core.queue_visits where visit_key = 'v2'", "abandoned_difference_count=-1"),
        ("update kpi.queue_interval set queue = 'other' where answered_count = 1", "queue=other"),
    ],
    "day_sums_match_intervals": [
        *((f"update kpi.queue_day set {name} = coalesce({name}, 0) + 1", "queue=sales") for name in COUNTS),
        *((f"update kpi.queue_day set {name} = coalesce({name}, 0) + 0.001", "queue=sales") for name in SECONDS),
        ("delete from kpi.queue_day", "offered_difference_count=2"),
        (
            "update kpi.queue_day set service_level_variant = 'sl_answered_only'",
            "service_level_variant=sl_answered_only",
        ),
        ("update kpi.queue_day set business_date = date '2026-03-03'", "business_date=2026-03-03"),
    ],
    "queue_outcomes_add_up": [
        ("update kpi.queue_interval set open_count = 1 where answered_count = 1", "period=half hour"),
        ("update kpi.queue_day set offered_count = 3", "period=day"),
        ("update kpi.queue_day set withdrawn_count = null", "accounted_count=null"),
    ],
    "channel_outcomes_add_up": [
        *((f"update kpi.channel_day set {name}_count = {name}_count + 1", "unaccounted_count=-1") for name in OUTCOMES),
        ("update kpi.channel_day set open_count = null", "unaccounted_count=1"),
        ("update kpi.channel_day set contact_count = 5, open_count = 1", "contact_difference_count=1"),
        ("delete from kpi.channel_day", "contact_difference_count=-4"),
        ("insert into kpi.channel_day from kpi.channel_day", "contact_difference_count=4"),
        ("update core.contacts set business_date = date '2026-03-03' where contact_key = 'c1'", "2026-03-03"),
    ],
    "site_sums_match_channels": [
        *((f"update kpi.site_day set {name} = coalesce({name}, 0) + 1", "2026-03-02") for name in SUMS_OF_CHANNELS),
        ("update kpi.site_day set queue_wait_s = queue_wait_s + 0.5", "queue_wait_difference_s=-0.5"),
        ("insert into kpi.site_day from kpi.site_day", "contact_difference_count=-4"),
        ("delete from kpi.channel_day", "contact_difference_count=-4"),
    ],
    "tier_sums_match_queues": [
        *((f"update kpi.queue_day set {name} = coalesce({name}, 0) + 1", "queue=sales") for name in COUNTS),
        *((f"update kpi.queue_day set {name} = coalesce({name}, 0) + 0.001", "queue=sales") for name in SECONDS),
        ("delete from kpi.tier_service_day where tier is null", "offered_difference_count=-1"),
        (
            "update kpi.tier_service_day set service_level_variant = 'sl_answered_only'",
            "service_level_variant=sl_answered_only",
        ),
        ("insert into kpi.tier_service_day from kpi.tier_service_day", "offered_difference_count=2"),
    ],
    "wait_histogram_matches_visits": [
        ("delete from kpi.wait_histogram_day where outcome = 'abandoned'", "visit_difference_count=-1"),
        ("update kpi.wait_histogram_day set visit_count = 2 where outcome = 'answered'", "visit_difference_count=1"),
        ("update kpi.wait_histogram_day set outcome = 'flowed_out'", "outcome=abandoned"),
        ("update kpi.wait_histogram_day set wait_to_s = wait_from_s", "odd_bin_count=1"),
        ("update core.queue_visits set wait_s = null where visit_key = 'v2'", "outcome=abandoned"),
        (
            "insert into kpi.wait_histogram_day by name select * replace ('open' as outcome, 0 as visit_count)"
            " from kpi.wait_histogram_day",
            "outcome=open",
        ),
    ],
    "agent_time_adds_up": [
        *((f"update kpi.agent_day set {name} = coalesce({name}, 0) + 1", "agent=ann") for name in SUMS_OF_TIME),
        ("update core.queue_visits set talk_s = 50 where visit_key = 'v1'", "talk_difference_s=10"),
        ("delete from kpi.agent_day", "paused_difference_s=-300"),
        ("insert into kpi.agent_day from kpi.agent_day", "answered_difference_count=1"),
        ("delete from core._agent_logins where state = 'logged_in'", "logged_in_difference_s=2400"),
    ],
    "money_adds_up": [
        ("update kpi.money_day set handled_count = 2", "handled_difference_count=1"),
        ("update kpi.money_day set agent_s = agent_s + 1", "agent_difference_s=1"),
        ("update kpi.money_day set agent_cost_amount = agent_cost_amount + 1", "cost_difference_amount=1"),
        ("insert into kpi.money_day from kpi.money_day", "order_excess_count=1"),
        ("update kpi.money_day set attributed_revenue_amount = 101", "order_excess_count=0"),
        ("delete from kpi.money_day", "handled_difference_count=-1"),
    ],
    "flow_is_conserved": [
        ("delete from kpi.flow_day where to_node = 'outcome:answered'", "node=queue:sales"),
        ("delete from kpi.flow_day where to_node = 'ivr'", "node=arrival"),
        ("update kpi.flow_day set contact_count = 2 where to_node = 'outcome:blocked'", "contact_difference_count=-1"),
        ("update kpi.flow_day set step_number = 3 where from_node = 'ivr'", "step_number=3"),
        ("update kpi.flow_day set site = 'north'", "site=north"),
        ("update kpi.flow_day set contact_count = null where from_node = 'ivr'", "node=ivr"),
    ],
    "ivr_sums_match_channels": [
        ("update kpi.ivr_day set contained_count = 1, ivr_contact_count = 2", "contained_difference_count=1"),
        ("update kpi.ivr_day set to_queue_count = 1", "odd_node_count=1"),
        ("update kpi.ivr_day set ivr_s = 7.5", "ivr_difference_s=0.5"),
        ("delete from kpi.ivr_day", "abandoned_difference_count=-1"),
    ],
    "campaign_sums_match_attempts": [
        ("insert into kpi.campaign_day from kpi.campaign_day limit 1", "attempt_difference_count=1"),
        ("update kpi.campaign_day set sold_count = 2 where local_hour = 10", "sold_difference_count=1"),
        ("update kpi.campaign_day set person_first_attempt_count = 1", "dialled_difference_count=1"),
        ("update kpi.campaign_day set person_first_connected_count = 0", "connected_difference_count=-1"),
        ("delete from core.campaign_attempts where attempt_id = 'a3'", "campaign_id=spring"),
    ],
    "orders_one_currency": [
        ("update core.orders set currency = 'EUR'", "order_key=o1, currency=EUR, centre_currency=GBP"),
        ("update core.orders set currency = null", "currency=null"),
        ("delete from settings.centre", "centre_currency=null"),
    ],
    "orders_have_customers": [("update core.orders set customer_key = 'k9'", "customer_key=k9")],
    "surveys_have_contacts": [("update core.surveys set contact_key = 'c9'", "survey_key=s1, contact_key=c9")],
    "customer_history_whole": [
        (
            "update core.customers set valid_to = valid_to + interval 1 second where valid_to is not null",
            "customer_key=k1",
        ),
        ("update core.customers set valid_to = null", "earlier_to=null"),
    ],
    "talk_inside_login": [
        (
            "update core.agent_states set ended_at = ended_at - interval 2 hours "
            "where queue = 'sales' and state = 'logged_in'",
            "agent=ann",
        ),
        (
            "update core.agent_states set started_at = timestamptz '2026-03-02 07:59:00+00' "
            "where agent = 'ann' and state = 'talking'",
            "login_until_at=null",
        ),
    ],
    "agents_unmapped": [
        (
            "insert into core.agent_states by name select 'SIP/9' as agent, 'logged_in' as state",
            "agent=SIP/9, login_count=1",
        ),
    ],
    "identity_coverage": [
        ("update core.contacts set customer_key = null where contact_key <> 'c1'", "identified_rate=0.25"),
    ],
}
BROKEN_CASES = [(name, sql, said) for name, cases in BROKEN.items() for sql, said in cases]


@pytest.fixture(scope="module")
def centre_in_order(tmp_path_factory):
    path = tmp_path_factory.mktemp("checks") / "centre.duckdb"
    with duckdb.connect(path) as con:
        for schema in ("raw", "core", "kpi", "meta", "settings"):
            con.execute(f"create schema {schema}")
        for contract in CONTRACTS:
            if contract.table.startswith("core."):
                # Keys are short texts here: a reader can follow them.
                types = {c.name: (c.type or "").split(" |")[0].replace("UUID", "VARCHAR") for c in contract.columns}
                declared = ", ".join(f"{name} {type_}" for name, type_ in types.items())
                con.execute(f"create table {contract.table} ({declared})")
        con.execute("alter table core.queue_visits add column service_level_variant varchar")
        sums = ", ".join([*(f"{name} bigint default 0" for name in COUNTS), *(f"{name} double" for name in SECONDS)])
        keys = "business_date date, site varchar, queue varchar, channel varchar, service_level_variant varchar"
        logins = "agent varchar, state varchar, started_at timestamptz, ended_at timestamptz"
        con.execute(f"create table kpi.queue_interval (interval_started_at timestamptz, {keys}, {sums})")
        con.execute(f"create table kpi.queue_day ({keys}, {sums})")
        con.execute(f"create table core._agent_logins ({logins})")
        for table in SUMMED:
            con.execute(f"create table {table} ({', '.join(_declared(c.name) for c in MODELS[table].columns)})")
        ledger = [
            "answered",
            "abandoned",
            "timed_out",
            "exited_by_key",
            "exited_empty",
            "withdrawn",
            "open",
            "blocked",
            "diverted",
            "difference",
        ]
        counted = ", ".join(f"{name}_count bigint" for name in ["offered", *ledger])
        con.execute(f"create table meta.ledger (queue varchar, interval_started_at timestamptz, {counted})")
        lines = ", ".join(f"{name}_count bigint" for name in ("line", "row", "ignored", "duplicate", "rejected"))
        con.execute(f"create table meta.source_files (source varchar, name varchar, {lines})")
        con.execute("create table settings.centre (currency varchar)")
        con.execute("create table settings.costs as select 30.0 as agent_hour_amount, 0.0 as fixed_contact_amount")
        con.execute(CENTRE)
    return path


@pytest.fixture
def centre(centre_in_order, tmp_path):
    """A copy of its own: to make it anew takes ten times as long."""
    with duckdb.connect(shutil.copy(centre_in_order, tmp_path)) as con:
        yield con


@pytest.mark.parametrize("name", CHECKS)
def test_a_centre_in_order_keeps_every_truth(centre, name):
    result = run_check(centre, CHECKS[name])
    assert (result.passed, result.failing_count, result.sample) == (True, 0, ())
    assert result.meaning == CHECKS[name].purpose
    assert centre.sql("select 1").fetchall() == [(1,)]  # no result is left unfinished on the connection


@pytest.mark.parametrize(("name", "sql", "said"), BROKEN_CASES, ids=[f"{n}-{s[:60]}" for n, s, _ in BROKEN_CASES])
def test_a_centre_out_of_order_is_found_and_the_rows_are_named(centre, name, sql, said):
    centre.execute(sql)
    result = run_check(centre, CHECKS[name])
    assert not result.passed
    assert result.severity == CHECKS[name].severity
    assert result.failing_count >= 1
    assert any(said in row for row in result.sample), result.sample
    assert said in explain_failures([result])


def test_every_check_has_a_broken_example():
    assert set(BROKEN) == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_whose_table_is_missing_is_a_failure_that_names_it(centre, name):
    for table in missing_tables(duckdb.connect(), CHECKS[name].query):
        centre.execute(f"alter table {quoted(table)} rename to away")
        result = run_check(centre, CHECKS[name])
        assert (result.passed, result.severity) == (False, "fail")
        assert result.observed == f"{table} does not exist"
        centre.execute(f"alter table {quoted(table.split('.')[0] + '.away')} rename to {table.split('.')[1]}")


def test_checks_that_guard_one_table_read_only_that_table_and_the_settings():
    # A check that blocks a table must not wait for tables that are built from it.
    empty = duckdb.connect()
    for check in CHECKS.values():
        read = {table for table in missing_tables(empty, check.query) if not table.startswith("settings.")}
        assert check.table is None or read == {check.table}, check.name


def test_the_same_sum_added_in_another_order_is_the_same_sum(centre):
    centre.execute("update kpi.queue_day set wait_s = wait_s + 1e-9, talk_s = talk_s + 1e-9")
    assert run_check(centre, CHECKS["day_sums_match_intervals"]).passed


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_centre_adds_its_own_truths(centre, tmp_path):
    write(
        tmp_path,
        "own.sql",
        "-- No contact is blocked.\n-- severity: warn\n"
        "select contact_key from core.contacts where outcome = 'blocked'; -- done\n",
    )
    (check,) = load_checks([tmp_path])
    assert (check.name, check.severity, check.table) == ("own", "warn", None)
    result = run_check(centre, check)
    assert (result.table_name, result.failing_count, result.sample) == ("publish", 1, ("contact_key=c3",))
    assert [c.name for c in load_checks([FOLDER, tmp_path])] == sorted([*CHECKS, "own"])
    assert load_checks([tmp_path / "nowhere"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "-- No deletion.\ndelete from core.contacts\n",
        "-- Two queries.\nselect 1 where false; select 2 where false\n",
        "-- A slip.\nselect nothing_like_it from core.contacts\n",
        "-- Not SQL.\nselec 1\n",
        "-- Empty.\n",
        "-- A wrong cast.\nselect cast(contact_key as integer) as n from core.contacts\n",
    ],
)
def test_a_check_that_cannot_run_stops_a_publish_even_as_a_warning(centre, tmp_path, text):
    check = parse_check(write(tmp_path, "own.sql", text.replace("\n", "\n-- severity: warn\n", 1)))
    result = run_check(centre, check)
    assert (result.passed, result.severity, result.observed) == (False, "fail", "could not be run")
    assert "own.sql" in result.sample[0]
    assert centre.execute("select count(*) from core.contacts").fetchone() == (4,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("select 1\n", "must be a comment"),
        ("-- severity: fail\nselect 1\n", "must be a comment"),
        ("-- A truth.\n-- severity: perhaps\nselect 1\n", "'perhaps'"),
    ],
)
def test_a_header_that_is_wrong_is_refused_by_file(tmp_path, text, said):
    with pytest.raises(SettingsError, match=said) as refused:
        load_checks([write(tmp_path, "own.sql", text).parent])
    assert "own.sql" in str(refused.value)


def test_two_checks_of_one_name_are_refused(tmp_path):
    write(tmp_path, "identity_coverage.sql", "-- Another.\nselect 1 where false\n")
    with pytest.raises(SettingsError, match="identity_coverage"):
        load_checks([FOLDER, tmp_path])


MINUTES = st.integers(0, 12)
QUEUES = st.sampled_from([None, "a", "b"])
STATES = st.lists(
    st.tuples(st.sampled_from(["logged_in", "talking", "paused"]), QUEUES, MINUTES, st.one_of(st.none(), MINUTES)),
    max_size=8,
)


def is_outside(talk, logins):
    _, queue, start, end = talk
    mine = [login for login in logins if login[1] in (None, queue)]
    talk_end = start if end is None else end
    inside = any(from_ <= start and (to is None or talk_end <= to) for _, _, from_, to in mine)
    return bool(mine) and not inside


@settings(deadline=None, max_examples=150)
@given(states=STATES)
def test_talk_outside_login_is_what_a_plain_loop_finds(states):
    stretches = [(s, queue, start, None if end is None else max(start, end)) for s, queue, start, end in states]
    logins = [stretch for stretch in stretches if stretch[0] == "logged_in"]
    outside = [stretch for stretch in stretches if stretch[0] == "talking" and is_outside(stretch, logins)]
    at = "timestamptz '2026-03-02 08:00:00+00' + to_minutes({})"
    with duckdb.connect() as con:
        con.execute(
            "create schema core; create table core.agent_states "
            "(agent varchar, queue varchar, state varchar, started_at timestamptz, ended_at timestamptz)"
        )
        for state, queue, start, end in stretches:
            ended = "null" if end is None else at.format(end)
            con.execute(
                f"insert into core.agent_states select 'ann', ?, ?, {at.format(start)}, {ended}", [queue, state]
            )
        assert run_check(con, CHECKS["talk_inside_login"]).failing_count == len(outside)


@settings(deadline=None, max_examples=80)
@given(
    versions=st.lists(st.tuples(MINUTES, st.one_of(st.none(), st.integers(1, 6))), max_size=6, unique_by=lambda v: v[0])
)
def test_overlapping_history_is_what_a_plain_loop_finds(versions):
    ordered = sorted((start, None if length is None else start + length) for start, length in versions)
    overlaps = sum(end is None or end > later for (_, end), (later, _) in pairwise(ordered))
    with duckdb.connect() as con:
        con.execute(
            "create schema core; create table core.customers "
            "(customer_key varchar, valid_from timestamptz, valid_to timestamptz)"
        )
        for start, end in ordered:
            con.execute(
                "insert into core.customers select 'k', make_timestamptz(2026, 3, 2, 8, ?, 0.0), "
                "case when ? is not null then make_timestamptz(2026, 3, 2, 8, coalesce(?, 0), 0.0) end",
                [start, end, end],
            )
        assert run_check(con, CHECKS["customer_history_whole"]).failing_count == overlaps
