"""Core tables on logs short enough to follow by hand: each line a second, each figure a sum of what is written here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

NOON = 1_772_452_800  # 2026-03-02 12:00:00 UTC
Build = Callable[..., Any]


def at(second: int) -> datetime:
    return datetime.fromtimestamp(NOON + second, UTC)


def visits(centre: Any, columns: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = centre.rows(
        f"select {columns} from core.queue_visits order by entered_at, visit_seq, queue"
    )
    return found


ENDS = [
    ("ABANDON|2|3|30", "NONE", ("abandoned", 30.0, "caller", 3, 2)),
    ("ABANDON|2|3|30", "Ann", ("abandoned", 30.0, "caller", 3, 2)),
    ("ABANDON|2|3|", "NONE", ("abandoned", 30.0, "caller", 3, 2)),
    ("EXITWITHTIMEOUT|2|3|30", "NONE", ("timed_out", 30.0, "system", 3, 2)),
    ("EXITWITHTIMEOUT|2", "NONE", ("timed_out", 30.0, "system", 3, 2)),
    ("EXITEMPTY|2|3|30", "NONE", ("exited_empty", 30.0, "system", 3, 2)),
    ("EXITWITHKEY|5|2|3|30", "NONE", ("exited_by_key", 30.0, "caller", 3, 2)),
    ("WITHDRAW|2|3|30|moved", "NONE", ("withdrawn", 30.0, "system", 3, 2)),
    ("SYSCOMPAT|", "Ann", ("abandoned", 30.0, "caller", 3, None)),
]


@pytest.mark.parametrize(("end", "member", "expected"), ENDS)
def test_each_way_to_leave_unanswered(build: Build, end: str, member: str, expected: tuple[Any, ...]) -> None:
    event, _, rest = end.partition("|")
    centre = build("0|1.1|q|NONE|ENTERQUEUE||07|3", f"30|1.1|q|{member}|{event}|{rest}")
    assert visits(centre, "outcome, wait_s, ended_by, position_in, position_out") == [expected]
    assert visits(centre, "agent, answered_at, talk_s") == [(None, None, None)]


ANSWERED = [
    ("COMPLETECALLER|7|40|1", ("caller", None, None)),
    ("COMPLETEAGENT|7|40|1", ("agent", None, None)),
    ("BLINDTRANSFER|8003|inbound|7|40|1", ("transfer", "blind", "8003")),
    ("TRANSFER|8003|inbound|7|40|1", ("transfer", "blind", "8003")),
    ("ATTENDEDTRANSFER|BRIDGE|uuid|7|40|1", ("transfer", "attended", None)),
    ("ATTENDEDTRANSFER|APP|VoiceMail|7|40|1", ("transfer", "attended", None)),
    ("ATTENDEDTRANSFER|LINK|SIP/a|SIP/b|7|40|1", ("transfer", "attended", None)),
]


@pytest.mark.parametrize(("end", "expected"), ANSWERED)
def test_each_way_to_end_an_answered_call(build: Build, end: str, expected: tuple[Any, ...]) -> None:
    centre = build("0|1.1|q|NONE|ENTERQUEUE||07|1", "7|1.1|q|Ann|CONNECT|7|1.2|3", f"47|1.1|q|Ann|{end}")
    assert visits(centre, "outcome, agent, wait_s, talk_s, ring_s") == [("answered", "Ann", 7.0, 40.0, 3.0)]
    assert visits(centre, "ended_by, transfer_type, transferred_to") == [expected]
    assert visits(centre, "entered_at, answered_at, left_at") == [(at(0), at(7), at(47))]
    assert centre.rows("select is_answered, outcome from core.contacts") == [(True, "answered")]


def test_asterisk_1_6_writes_no_position_and_no_ring_time(build: Build) -> None:
    centre = build("0|1.1|q|NONE|ENTERQUEUE||07", "7|1.1|q|Ann|CONNECT|7|1.2", "47|1.1|q|Ann|COMPLETECALLER|7|40")
    assert visits(centre, "outcome, wait_s, talk_s, ring_s, position_in") == [("answered", 7.0, 40.0, None, None)]


def test_a_caller_who_still_waits_is_open_and_one_who_talks_is_answered(build: Build) -> None:
    centre = build("0|1.1|q|NONE|ENTERQUEUE||07|1", "0|2.1|q|NONE|ENTERQUEUE||08|2", "5|2.1|q|Ann|CONNECT|5|2.2|1")
    assert centre.rows("select source_call_id, outcome, wait_s, talk_s from core.queue_visits order by 1") == [
        ("1.1", "open", None, None),
        ("2.1", "answered", 5.0, None),
    ]


def test_one_uniqueid_in_the_same_queue_twice_is_two_visits_of_one_contact(build: Build) -> None:
    centre = build(
        "0|1.1|q|NONE|ENTERQUEUE||07|1", "10|1.1|q|NONE|EXITWITHTIMEOUT|1|1|10",
        "12|1.1|q|NONE|ENTERQUEUE||07|2", "20|1.1|q|Ann|CONNECT|8|1.2|3", "30|1.1|q|Ann|COMPLETEAGENT|8|10|2",
    )  # fmt: skip
    assert visits(centre, "visit_seq, outcome, wait_s, talk_s, position_in") == [
        (1, "timed_out", 10.0, None, 1),
        (2, "answered", 8.0, 10.0, 2),
    ]
    contact = "select outcome, queue_visit_count, queue_wait_s, elapsed_wait_s, talk_s from core.contacts"
    assert centre.rows(contact) == [("answered", 2, 18.0, 20.0, 10.0)]


def test_leaving_and_entering_again_within_one_second(build: Build) -> None:
    centre = build(
        "0|1.1|q|NONE|ENTERQUEUE||07|1", "10|1.1|q|NONE|EXITWITHTIMEOUT|1|1|10", "10|1.1|q|NONE|ENTERQUEUE||07|2",
        "14|1.1|q|NONE|ABANDON|1|2|4",
    )  # fmt: skip
    assert visits(centre, "visit_seq, entered_at, outcome, wait_s") == [
        (1, at(0), "timed_out", 10.0),
        (2, at(10), "abandoned", 4.0),
    ]


def test_a_whole_visit_within_one_second(build: Build) -> None:
    centre = build(
        "0|1.1|q|NONE|ENTERQUEUE||07|1",
        "0|1.1|q|NONE|ABANDON|1|1|0",
        "5|1.1|q|NONE|ENTERQUEUE||07|1",
        "9|1.1|q|NONE|ABANDON|1|1|4",
    )
    assert visits(centre, "outcome, wait_s, is_short_abandon") == [("abandoned", 0.0, True), ("abandoned", 4.0, True)]


# Found by tests/oracle: visits of one channel to one queue that meet in one second.
SAME_SECOND = [
    (  # answered at once, though the log says a second: who has just come in, not who has just gone
        [
            "0|1.1|q|NONE|ENTERQUEUE||07|6", "11|1.1|q|NONE|WITHDRAW|5|6|11|moved", "11|1.1|q|NONE|ENTERQUEUE||07|6",
            "11|1.1|q|Ann|CONNECT|1|1.2|9", "99|1.1|q|Ann|COMPLETEAGENT|1|88|6",
        ],
        [("withdrawn", 11.0, None, None), ("answered", 1.0, "Ann", 88.0)],
    ),
    (  # as long a stay each: who was answered is who was transferred
        [
            "0|1.1|q|NONE|ENTERQUEUE||07|4", "0|1.1|q|Ann|CONNECT|0|1.2|2", "1|1.1|q|Ann|BLINDTRANSFER|9|in|0|1|4",
            "1|1.1|q|NONE|ENTERQUEUE||07|3", "1|1.1|q|NONE|ABANDON|3|3|1",
        ],
        [("answered", 0.0, "Ann", 1.0), ("abandoned", 1.0, None, None)],
    ),
    (  # an old version that does not tell the wait: not who waited for nothing
        [
            "0|1.1|q|NONE|ENTERQUEUE||07|2", "10|1.1|q|NONE|EXITWITHTIMEOUT|2", "10|1.1|q|NONE|ENTERQUEUE||07|6",
            "10|1.1|q|NONE|WITHDRAW|6|6|0|moved",
        ],
        [("timed_out", 10.0, None, None), ("withdrawn", 0.0, None, None)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("events", "expected"), SAME_SECOND)
def test_visits_that_meet_in_one_second_keep_their_own_answer_and_end(
    build: Build, events: list[str], expected: list[tuple[Any, ...]]
) -> None:
    assert visits(build(*events), "outcome, wait_s, agent, talk_s") == expected


def test_a_refusal_is_no_part_of_the_elapsed_wait(build: Build) -> None:
    centre = build(
        "0|1.1|a|NONE|FULL|07", "5|1.1|b|NONE|ENTERQUEUE||07|1", "35|1.1|b|NONE|EXITWITHTIMEOUT|1|1|30",
        "40|1.1|c|NONE|JOINEMPTY|07",
    )  # fmt: skip
    contact = "select queue_visit_count, queue_wait_s, elapsed_wait_s, outcome from core.contacts"
    assert centre.rows(contact) == [(3, 30.0, 30.0, "blocked")]


def test_three_queues_have_a_queue_wait_and_an_elapsed_wait(build: Build) -> None:
    centre = build(
        "0|1.1|a|NONE|ENTERQUEUE||07|1", "59|1.1|a|NONE|EXITWITHTIMEOUT|1|1|59",
        "60|1.1|b|NONE|ENTERQUEUE||07|1", "119|1.1|b|NONE|EXITWITHTIMEOUT|1|1|59",
        "120|1.1|c|NONE|ENTERQUEUE||07|1", "150|1.1|c|NONE|ABANDON|1|1|30",
    )  # fmt: skip
    contact = (
        "select first_queue, last_queue, queue_visit_count, queue_wait_s, elapsed_wait_s, outcome from core.contacts"
    )
    assert centre.rows(contact) == [("a", "c", 3, 148.0, 150.0, "abandoned")]


def test_events_out_of_order_are_the_same_call(build: Build) -> None:
    centre = build("47|1.1|q|Ann|COMPLETECALLER|7|40|1", "7|1.1|q|Ann|CONNECT|7|1.2|3", "0|1.1|q|NONE|ENTERQUEUE||07|1")
    assert visits(centre, "outcome, entered_at, wait_s, talk_s") == [("answered", at(0), 7.0, 40.0)]


def test_a_visit_whose_entry_was_not_logged_begins_when_its_wait_says(build: Build) -> None:
    centre = build("30|1.1|q|Ann|CONNECT|7|1.2|3", "47|1.1|q|Ann|COMPLETECALLER|7|17|1")
    assert visits(centre, "outcome, entered_at, wait_s, repairs") == [("answered", at(23), 7.0, "entry_from_wait")]


def test_did_before_enterqueue_is_the_number_dialled(build: Build) -> None:
    centre = build("0|1.1|q|NONE|DID|0800123", "2|1.1|q|NONE|ENTERQUEUE||07|1", "5|1.1|q|NONE|ABANDON|1|1|3")
    assert centre.rows("select dialled_number, ivr_s, arrived_at from core.contacts") == [("0800123", 2.0, at(0))]


def test_a_refusal_that_the_dialplan_logs_is_a_blocked_contact(build: Build) -> None:
    centre = build(
        "0|1.1|q|NONE|FULL|07",
        "0|2.1|q|NONE|JOINEMPTY|08",
        "5|3.1|q|NONE|ENTERQUEUE||09|1",
        "9|3.1|q|NONE|ABANDON|1|1|4",
    )
    found = centre.rows("select source_contact_id, outcome, first_queue from core.contacts order by 1")
    assert found == [("1.1", "blocked", "q"), ("2.1", "blocked", "q"), ("3.1", "abandoned", "q")]
    assert centre.rows("select sum(offered_count), sum(blocked_count) from kpi.queue_day") == [(1, 2)]


def test_rings_in_milliseconds_and_an_answer_in_seconds(build: Build) -> None:
    centre = build(
        "0|1.1|q|NONE|ENTERQUEUE||07|1", "6|1.1|q|Bob|RINGNOANSWER|5500", "9|1.1|q|Cid|RINGCANCELED|2250",
        "9|1.1|q|Ann|CONNECT|9|1.2|2", "19|1.1|q|Ann|COMPLETEAGENT|9|10|1",
    )  # fmt: skip
    rings = "select agent, outcome, ring_s, started_at from core.ring_attempts order by agent"
    assert centre.rows(rings) == [
        ("Ann", "answered", 2.0, at(7)),
        ("Bob", "no_answer", 5.5, at(0) + timedelta(seconds=0.5)),
        ("Cid", "canceled", 2.25, at(6) + timedelta(seconds=0.75)),
    ]


def states(centre: Any, state: str) -> list[tuple[Any, ...]]:
    query = (
        "select agent, queue, reason, started_at, ended_at, is_open from"
        " core.agent_states where state = '{}' order by all"
    )
    found: list[tuple[Any, ...]] = centre.rows(query.format(state))
    return found


def test_pauseall_and_its_pause_per_queue_count_once(build: Build) -> None:
    centre = build(
        "0|NONE|NONE|Ann|PAUSEALL|wrap|up", "0|NONE|a|Ann|PAUSE|wrap|up", "0|NONE|b|Ann|PAUSE|wrap|up",
        "60|NONE|NONE|Ann|UNPAUSEALL|", "60|NONE|a|Ann|UNPAUSE|", "60|NONE|b|Ann|UNPAUSE|",
    )  # fmt: skip
    assert states(centre, "paused") == [("Ann", None, "wrap|up", at(0), at(60), False)]
    assert centre.rows("select paused_s from kpi.agent_day") == [(60.0,)]


def test_a_pause_of_one_queue_is_that_queues(build: Build) -> None:
    centre = build(
        "0|NONE|a|Ann|PAUSE|lunch", "10|NONE|b|Ann|PAUSE|", "30|NONE|a|Ann|UNPAUSE|", "40|NONE|b|Ann|UNPAUSE|"
    )
    assert states(centre, "paused") == [
        ("Ann", "a", "lunch", at(0), at(30), False),
        ("Ann", "b", None, at(10), at(40), False),
    ]
    assert centre.rows("select paused_s from kpi.agent_day") == [(40.0,)]  # ten to thirty on both


def test_unpauseall_ends_the_pause_of_a_single_queue_too(build: Build) -> None:
    logged = ["0|NONE|a|Ann|PAUSE|Auto-Pause", "60|NONE|NONE|Ann|UNPAUSEALL|", "60|NONE|a|Ann|UNPAUSE|"]
    for lines in (logged, logged[:2]):
        assert states(build(*lines), "paused") == [("Ann", "a", "Auto-Pause", at(0), at(60), False)]


def test_who_leaves_the_last_queue_is_paused_no_longer(build: Build) -> None:
    centre = build(
        "0|NONE|a|Ann|ADDMEMBER|", "0|NONE|b|Ann|ADDMEMBER|",
        "10|NONE|NONE|Ann|PAUSEALL|lunch", "10|NONE|a|Ann|PAUSE|lunch", "10|NONE|b|Ann|PAUSE|lunch",
        "40|NONE|a|Ann|REMOVEMEMBER|", "60|NONE|b|Ann|REMOVEMEMBER|",
        "900|NONE|a|Ann|ADDMEMBER|", "990|NONE|a|Ann|REMOVEMEMBER|",
    )  # fmt: skip
    assert states(centre, "paused") == [("Ann", None, "lunch", at(10), at(60), False)]
    assert centre.rows("select logged_in_s, paused_s from kpi.agent_day") == [(150.0, 50.0)]


def test_a_login_to_several_queues_in_one_second_counts_once_of_however_many_agents(build: Build) -> None:
    days, agents, queues = range(3), [f"A{n}" for n in range(60)], ("a", "b", "c")
    lines = [
        f"{day * 86_400 + at_s}|NONE|{queue}|{agent}|{event}|"
        for day in days for event, at_s in (("ADDMEMBER", 0), ("REMOVEMEMBER", 1800)) for agent in agents
        for queue in queues
    ]  # fmt: skip
    assert set(build(*lines).rows("select agent, sum(logged_in_s) from kpi.agent_day group by 1")) == {
        (agent, 5400.0) for agent in agents
    }


def test_the_caller_of_a_consulted_transfer_is_the_customer_not_the_agent_who_asked(build: Build) -> None:
    def leg(number: int, source: str, context: str, begin: int, end: int) -> str:
        times = ",".join(f'"{at(second):%Y-%m-%d %H:%M:%S}"' for second in (begin, begin, end))
        channels = f'"PJSIP/{source}-{number}","PJSIP/2002-9"'
        return (
            f'"","{source}","600","{context}","",{channels},"Queue","a",{times},{end - begin},{end - begin},'
            f'"ANSWERED","DOCUMENTATION","1.{number}","","","1.1",{number}\n'
        )

    centre = build(
        "10|1.1|a|NONE|ENTERQUEUE||+447946000001|1", "12|1.1|a|Ann|CONNECT|2|1.2|2",
        "60|1.3|b|NONE|ENTERQUEUE||2001|1", "65|1.3|b|Bo|CONNECT|5|1.4|5",
        "80|1.1|a|Ann|ATTENDEDTRANSFER|BRIDGE|x|2|68|1", "200|1.3|b|Bo|COMPLETECALLER|5|135|1",
        asterisk_cdr=leg(1, "+447946000001", "from-trunk", 0, 80) + leg(3, "2001", "from-internal", 60, 80),
    )  # fmt: skip
    assert centre.rows("select caller_number from core._asterisk_journeys") == [("+447946000001",)]


def test_unpause_of_who_is_not_paused_says_nothing(build: Build) -> None:
    centre = build("0|NONE|a|Ann|UNPAUSE|", "10|NONE|a|Ann|PAUSE|x", "30|NONE|a|Ann|UNPAUSE|", "40|NONE|a|Ann|UNPAUSE|")
    assert states(centre, "paused") == [("Ann", "a", "x", at(10), at(30), False)]


def test_a_restart_of_asterisk_ends_the_states_before_it(build: Build) -> None:
    centre = build(
        "0|NONE|a|Ann|ADDMEMBER|", "10|NONE|a|Ann|PAUSE|x", "100|NONE|NONE|NONE|QUEUESTART|",
        "200|NONE|a|Ann|ADDMEMBER|", "300|NONE|a|Ann|REMOVEMEMBER|",
    )  # fmt: skip
    assert states(centre, "logged_in") == [
        ("Ann", "a", None, at(0), at(100), True),
        ("Ann", "a", None, at(200), at(300), False),
    ]
    assert states(centre, "paused") == [("Ann", "a", "x", at(10), at(100), True)]


def test_an_absurd_position_is_none_and_stops_nothing(build: Build) -> None:
    centre = build("0|1.1|q|NONE|ENTERQUEUE||07|99999999999", "9|1.1|q|NONE|ABANDON|99999999999|1|9")
    assert visits(centre, "outcome, wait_s, position_in, position_out") == [("abandoned", 9.0, 1, None)]


def test_who_is_still_logged_in_has_no_end(build: Build) -> None:
    centre = build("0|NONE|a|Ann|ADDMEMBER|", "60|NONE|NONE|NONE|CONFIGRELOAD|")
    assert states(centre, "logged_in") == [("Ann", "a", None, at(0), None, True)]


def test_a_login_over_local_midnight_is_cut_at_it(build: Build) -> None:
    late = 12 * 3600 - 600  # ten to midnight, London in winter
    centre = build(f"{late}|NONE|a|Ann|ADDMEMBER|", f"{late + 1800}|NONE|a|Ann|REMOVEMEMBER|")
    days = "select strftime(business_date, '%m-%d'), logged_in_s from kpi.agent_day order by 1"
    assert centre.rows(days) == [("03-02", 600.0), ("03-03", 1200.0)]


def test_a_login_that_ends_at_midnight_has_no_next_day(build: Build) -> None:
    centre = build("0|NONE|a|Ann|ADDMEMBER|", f"{12 * 3600}|NONE|a|Ann|REMOVEMEMBER|")
    assert centre.rows("select strftime(business_date, '%m-%d'), logged_in_s from kpi.agent_day") == [
        ("03-02", 43200.0)
    ]


def test_lines_that_come_twice_are_one_event(build: Build, centre: Any) -> None:
    lines = ["0|1.1|q|NONE|ENTERQUEUE||07|1", "9|1.1|q|NONE|ABANDON|1|1|9"]
    build(*lines, *lines)
    assert visits(centre, "outcome, wait_s") == [("abandoned", 9.0)]
    assert centre.rows("select line_count, row_count, duplicate_count from meta.source_files") == [(4, 2, 2)]


CUSTOMERS = (
    "customer_id,phone,segment,updated_at\nC1,+447946000001;"
    " +447946000002,gold,2026-01-01\nC2,+447946000003,,2026-01-01\n"
)


def caller(second: int, callid: str, number: str) -> tuple[str, str]:
    return f"{second}|{callid}|q|NONE|ENTERQUEUE||{number}|1", f"{second + 9}|{callid}|q|NONE|ABANDON|1|1|9"


def test_a_customer_is_known_by_any_of_his_numbers_however_written(build: Build) -> None:
    numbers = ["+447946000001", "07946000002", "00447946000003", "+447946000009", "anonymous"]
    calls = [event for n, number in enumerate(numbers) for event in caller(20 * n, f"{n}.1", number)]
    centre = build(*calls, crm_customers=CUSTOMERS)
    known = "select source_contact_id, customer_key is not null, caller_token is not null from core.contacts order by 1"
    assert centre.rows(known) == [
        ("0.1", True, True), ("1.1", True, True), ("2.1", True, True), ("3.1", False, True), ("4.1", False, False),
    ]  # fmt: skip
    assert centre.rows("select count(distinct customer_key) from core.contacts") == [(2,)]
    assert centre.rows("select count(*) from core.contacts where repeat_of is not null") == [(1,)]


def test_a_number_of_two_customers_is_nobodys(build: Build) -> None:
    shared = CUSTOMERS + "C3,+447946000003,,2026-01-01\n"
    centre = build(*caller(0, "1.1", "+447946000003"), crm_customers=shared)
    assert centre.rows("select customer_key, caller_token is not null from core.contacts") == [(None, True)]


def test_a_customers_changes_are_history(build: Build) -> None:
    centre = build("0|NONE|NONE|NONE|QUEUESTART|", crm_customers=CUSTOMERS + "C1,,silver,2026-02-01\n")
    history = "select segment, valid_to is null from core.customers where segment is not null order by valid_from"
    assert centre.rows(history) == [("gold", False), ("silver", True)]
