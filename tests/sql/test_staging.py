"""Staging: each distinct record once, times as instants, known faults repaired and named."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

ORDER = "order_id,customer_id,ordered_at,amount,currency,status\n"
RECORD = (
    '"{account}","07","8003","in","x","SIP/1-1","","Hangup","","{start}",,"{start}",12,0,"ANSWERED","DOC",'
    '"1772452800.1","{user}"'
)


def test_of_several_states_of_one_order_the_furthest_counts(centre: Any) -> None:
    centre.land("crm_orders", "a.csv", ORDER + "O1,C1,2026-03-01,5,gbp,returned\nO2,C1,2026-03-01,7,,\n")
    centre.land("crm_orders", "b.csv", ORDER + "O1,C1,2026-03-01,5,GBP,paid\nO1,C1,2026-03-01,5,GBP,cancelled\n")
    centre.run()
    orders = "select order_id, status, currency, amount from staging.orders order by 1"
    assert centre.rows(orders) == [("O1", "returned", "GBP", 5.0), ("O2", "paid", "GBP", 7.0)]


def test_an_answer_replaces_the_same_survey_without_one(centre: Any) -> None:
    head = "survey_id,customer_id,kind,score,sent_at,answered_at\n"
    centre.land("surveys", "a.csv", head + "S1,C1,nps,,2026-03-01,\n")
    centre.land("surveys", "b.csv", head + "S1,C1,nps,9,2026-03-01,2026-03-02\n")
    centre.run()
    assert centre.rows("select score, scale_min, scale_max from staging.surveys") == [(9.0, 0.0, 10.0)]


def test_per_account_copies_of_a_cdr_are_one_record(centre: Any) -> None:
    record = RECORD.format(account="", start="2026-03-02 12:00:00", user="")
    copy = RECORD.format(account="sales", start="2026-03-02 12:00:00", user="note")
    centre.land("asterisk_cdr", "Master.csv", record + "\n")
    centre.land("asterisk_cdr", "sales.csv", copy + "\n")
    centre.run()
    assert centre.rows("select count(*) from staging.asterisk_cdr") == [(1,)]
    assert centre.rows("select sum(row_count), sum(duplicate_count) from meta.source_files") == [(1, 1)]


def test_cdr_times_are_of_the_sources_own_zone_in_winter_and_summer(centre: Any) -> None:
    zone = '\n[sources.asterisk_cdr]\ntimezone = "America/New_York"\n'
    centre.write("callwright.toml", centre.home.settings_path.read_text() + zone)
    lines = [RECORD.format(account="", start=f"2026-{month}-02 12:00:00", user="") for month in ("01", "07")]
    centre.land("asterisk_cdr", "Master.csv", "\n".join(lines))
    centre.run()
    assert centre.rows("select started_at from staging.asterisk_cdr order by 1") == [
        (datetime(2026, 1, 2, 17, tzinfo=UTC),),
        (datetime(2026, 7, 2, 16, tzinfo=UTC),),
    ]


def test_a_late_line_reopens_just_what_it_touches_and_ends_as_if_it_had_come_in_time(centre: Any) -> None:
    first = "1772452800|1.1|q|NONE|ENTERQUEUE||07|1\n1772452890|1.1|q|NONE|ABANDON|1|1|90\n"
    other = "1772539200|2.1|q|NONE|ENTERQUEUE||08|1\n1772539209|2.1|q|NONE|ABANDON|1|1|9\n"
    late = "1772452810|1.1|q|Ann|RINGNOANSWER|5000\n"
    for name, text in (("a", first), ("b", other), ("c", late)):
        centre.land("asterisk_queue_log", name, text)
        centre.run()
    assert centre.rows("select callid, event from staging.asterisk_queue_log order by event_at") == [
        ("1.1", "ENTERQUEUE"), ("1.1", "RINGNOANSWER"), ("1.1", "ABANDON"), ("2.1", "ENTERQUEUE"), ("2.1", "ABANDON"),
    ]  # fmt: skip
    assert centre.rows("select count(*) from core.ring_attempts where outcome = 'no_answer'") == [(1,)]


def test_epochs_with_microseconds_keep_their_order(centre: Any) -> None:
    lines = ["1772452800.250000|1.1|q|NONE|ENTERQUEUE||07|1", "1772452800.750000|1.1|q|NONE|ABANDON|1|1|0"]
    centre.land("asterisk_queue_log", "a", "\n".join(reversed(lines)))
    centre.run()
    found = "select outcome, entered_at < left_at from core.queue_visits"
    assert centre.rows(found) == [("abandoned", True)]
