"""The Anonymous Bank file as a custom source, set up as a user would: a section, one SQL file, the file as it came.

Two ways to write the SQL give the same figures: one hands the file's values on as they are, the other cleans them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import SettingsError

pytestmark = pytest.mark.end_to_end

SECTION = """
[sources.bank]
kind = "calls"
format = "csv"
options = { delimiter = "\\t" }
timezone = "Asia/Jerusalem"
sql = "sources/bank.sql"
"""

# Negative menu times, "service" of calls that hung up, NO_SERVER as a name: all as the file has it.
RAW = """
select
    "vru+line" || '/' || call_id || '/' || date as source_contact_id,
    strptime('19' || date || ' ' || vru_entry, '%Y%m%d %H:%M:%S') as arrived_at,
    customer_id,
    priority,
    type as queue,
    vru_time as ivr_s,
    case
        when q_start <> '0:00:00' then strptime('19' || date || ' ' || q_start, '%Y%m%d %H:%M:%S')
        when outcome = 'AGENT' then strptime('19' || date || ' ' || ser_start, '%Y%m%d %H:%M:%S')
    end as entered_at,
    q_time as wait_s,
    ser_time as talk_s,
    nullif(server, 'NO_SERVER') as agent,
    case
        when outcome = 'AGENT' then 'answered'
        when q_start <> '0:00:00' then 'abandoned'
        else 'abandoned_in_ivr'
    end as outcome
from input
where outcome <> 'PHANTOM'
"""

# Types, midnight and impossible values seen to by the user: a time before the call began is the next day's.
CLEAN = """
with typed as (
    select
        *,
        concat_ws('/', "vru+line", call_id, date) as source_contact_id,
        strptime('19' || date || ' ' || vru_entry, '%Y%m%d %H:%M:%S') as arrived_at,
        case when q_start <> '0:00:00' then strptime('19' || date || q_start, '%Y%m%d%H:%M:%S') end as queued_at,
        case when outcome = 'AGENT' then strptime('19' || date || ' ' || ser_start, '%Y%m%d %H:%M:%S') end as served_at,
        try_cast(vru_time as integer) as vru_time_s,
        cast(q_time as integer) as q_time_s,
        cast(ser_time as integer) as ser_time_s
    from input
    where outcome in ('AGENT', 'HANG')
),

placed as (
    select
        * exclude (queued_at, served_at),
        queued_at + to_days(case when queued_at < arrived_at - interval 12 hour then 1 else 0 end) as queued_at,
        served_at + to_days(case when served_at < arrived_at - interval 12 hour then 1 else 0 end) as served_at
    from typed
)

select
    source_contact_id,
    'voice' as channel,
    'inbound' as direction,
    -- Who waited in a queue before the menu began called when he began to wait.
    least(arrived_at, coalesce(queued_at, served_at, arrived_at)) as arrived_at,
    nullif(customer_id, '0') as customer_id,
    case when vru_time_s >= 0 then vru_time_s end as ivr_s,
    case when coalesce(queued_at, served_at) is not null then type end as queue,
    coalesce(queued_at, served_at) as entered_at,
    q_time_s as wait_s,
    case when outcome = 'AGENT' then ser_time_s end as talk_s,
    case when outcome = 'AGENT' and server <> 'NO_SERVER' then server end as agent,
    case
        when outcome = 'AGENT' then 'answered'
        when queued_at is not null then 'abandoned'
        else 'abandoned_in_ivr'
    end as outcome
from placed
"""
FILE = "anonymous_bank/calls_1999-02-01_to_14.txt"


@pytest.fixture(scope="module")
def build(shared_centre: Any, shared_file: Callable[[str], Path]) -> Callable[[str], Any]:
    file = shared_file(FILE)

    def make(kind: str) -> Any:
        def fill(centre: Any) -> None:
            centre.write("callwright.toml", centre.home.settings_path.read_text() + SECTION)
            centre.write("sources/bank.sql", {"raw": RAW, "clean": CLEAN}[kind])
            centre.land("bank", file.name, file.read_bytes())
            centre.run(whole=kind == "raw")

        return shared_centre(f"bank-{kind}", fill)

    return make


@pytest.fixture(scope="module", params=["raw", "clean"])
def bank(request: pytest.FixtureRequest, build: Callable[[str], Any]) -> Any:
    return build(request.param)


def test_17313_contacts_of_which_14405_answered_and_2908_hung_up(bank: Any) -> None:
    found = dict(bank.rows("select outcome, count(*) from core.contacts group by outcome"))
    assert found == {"answered": 14405, "abandoned": 1885, "abandoned_in_ivr": 1023}
    assert sum(found.values()) == 17313
    assert round(100 * (found["abandoned"] + found["abandoned_in_ivr"]) / sum(found.values()), 3) == 16.797


def test_each_record_is_one_contact_though_call_ids_repeat(bank: Any) -> None:
    assert bank.rows("select count(distinct source_contact_id), count(distinct contact_key) from core.contacts") == [
        (17313, 17313)
    ]


def test_mean_queue_time_of_the_answered(bank: Any) -> None:
    mean = "select round(sum(wait_s) / count(*), 3) from core.queue_visits where outcome = 'answered'"
    assert bank.rows(mean) == [(34.405,)]
    assert bank.rows("select round(sum(answered_wait_s) / sum(answered_count), 3) from kpi.queue_day") == [(34.405,)]


def test_answered_within_20_seconds_of_all_offered(bank: Any) -> None:
    within = bank.rows("select sum(answered_in_sl_count) from kpi.queue_day")[0][0]
    assert round(100 * within / 17313, 3) == 52.926


def test_mean_service_time(bank: Any) -> None:
    assert bank.rows("select round(sum(talk_s) / sum(answered_count), 3) from kpi.queue_day") == [(166.856,)]


def test_no_talk_is_counted_for_callers_who_hung_up(bank: Any) -> None:
    assert bank.rows("select count(talk_s) from core.contacts where not is_answered") == [(0,)]


def test_answered_without_queueing_waited_zero_seconds(bank: Any, shared_file: Callable[[str], Path]) -> None:
    lines = [line.split("\t") for line in shared_file(FILE).read_text().splitlines()[1:]]
    at_once = sum(line[9] == "0:00:00" and line[12] == "AGENT" for line in lines)
    assert at_once > 5000
    zero = bank.rows("select count(*) from core.queue_visits where outcome = 'answered' and wait_s = 0")[0][0]
    assert zero >= at_once


def test_no_row_is_lost(bank: Any) -> None:
    counts = (
        "select line_count, row_count, ignored_count, duplicate_count, rejected_count,"
        " ignored_reasons from meta.source_files"
    )
    assert bank.rows(counts) == [(17456, 17313, 143, 0, 0, '{"filtered": 143}')]


def test_negative_menu_times_are_null_and_their_rows_kept(bank: Any) -> None:
    # 17 in the file, of which one is a PHANTOM.
    assert bank.rows("select count(*) from core.contacts where ivr_s < 0") == [(0,)]
    assert bank.rows("select count(*) from core.contacts where ivr_s is null") == [(16,)]


def test_275_answered_by_an_unknown_agent(bank: Any) -> None:
    unknown = "select count(*) from core.queue_visits where outcome = 'answered' and agent is null"
    assert bank.rows(unknown) == [(275,)]
    assert bank.rows("select count(*) from core.queue_visits where agent = 'NO_SERVER'") == [(0,)]


def test_times_are_of_the_banks_own_zone(bank: Any, shared_file: Callable[[str], Path]) -> None:
    first = shared_file(FILE).read_text().splitlines()[1].split("\t")
    key = f"{first[0]}/{first[1]}/{first[5]}"
    local = "select strftime(timezone('Asia/Jerusalem', arrived_at), '%y%m%d %-H:%M:%S') from core.contacts"
    assert bank.rows(f"{local} where source_contact_id = '{key}'") == [(f"{first[5]} {first[6]}",)]


def test_repairs_are_recorded_where_the_sql_hands_values_on(build: Callable[[str], Any]) -> None:
    repaired = "select count(*) from core.contacts where repairs like '%ivr_s_negative%'"
    assert build("raw").rows(repaired) == [(16,)]
    assert build("clean").rows(repaired) == [(0,)]


def test_the_whole_run_publishes_the_bank(build: Callable[[str], Any]) -> None:
    bank = build("raw")
    assert bank.published("select count(*), sum(cast(is_answered as integer)) from core.contacts") == [(17313, 14405)]
    asa = "select round(value, 3), n from kpi_asa(date '1999-01-31', date '1999-02-15', \"by\" := 'total')"
    assert bank.published(asa) == [(34.405, 14405)]


def test_a_column_that_no_call_has_is_a_settings_error(centre: Any) -> None:
    centre.write("callwright.toml", centre.home.settings_path.read_text() + SECTION)
    centre.write("sources/bank.sql", "select id as source_contact_id, t as arrived_at, wait as wait_seconds from input")
    centre.land("bank", "calls.txt", "id\tt\twait\n1\t1999-02-01 07:02:47\t9\n")
    with pytest.raises(SettingsError, match="wait_seconds; did you mean wait_s"):
        centre.run()


def test_an_unknown_outcome_is_a_reject_that_names_its_line(centre: Any) -> None:
    centre.write("callwright.toml", centre.home.settings_path.read_text() + SECTION)
    centre.write(
        "sources/bank.sql", "select id as source_contact_id, t as arrived_at, o as outcome from input where id <> '9'"
    )
    lines = [
        "id\tt\to",
        "1\t1999-02-01 07:02:47\tanswered",
        "9\t1999-02-01 07:02:48\topen",
        "2\t1999-02-01 07:02:49\tlost",
    ]
    centre.land("bank", "calls.txt", "\n".join(lines))
    centre.run()
    assert centre.rows("select line_number, reason like 'outcome is none of%' from meta.rejects") == [(4, True)]
    counts = "select line_count, row_count, ignored_count, rejected_count from meta.source_files"
    assert centre.rows(counts) == [(3, 1, 1, 1)]
