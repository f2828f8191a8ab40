"""Truth repairs: what queue_log, CEL and CDR get wrong by themselves, on logs short enough to follow by hand.

Belongs here: a repair, that it says it was applied, and that it keeps away from what only looks alike.
Does not belong here: what logs say plainly (test_core.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipelines.contracts.sql_checks import load_checks
from pipelines.sqlgraph import SQL_FOLDER

NOON = 1_772_452_800  # 2026-03-02 12:00:00 UTC
Build = Callable[..., Any]


def at(second: float) -> datetime:
    return datetime.fromtimestamp(NOON, UTC) + timedelta(seconds=second)


def cel(*events: tuple[float, str, str, str, str], zone_s: int = 0) -> str:
    """Records of (second, type, uniqueid, linkedid, channel), the time first."""
    lines = []
    for second, kind, uniqueid, linkedid, channel in events:
        time = f"{at(second + zone_s):%Y-%m-%d %H:%M:%S.%f}"
        fields = [time, kind, *[""] * 5, "7000", "inbound", channel, "", "", "3", "", uniqueid, linkedid, *[""] * 4]
        lines.append(",".join(f'"{field}"' for field in fields) + "\n")
    return "".join(lines)


def cdr(*records: tuple[int, int, str, str, str, str]) -> str:
    """Records of (start, end, uniqueid, linkedid, channel, dstchannel), answered at once, of 21 columns."""
    lines = []
    for number, (start, end, uniqueid, linkedid, channel, dstchannel) in enumerate(records):
        app = "Queue" if uniqueid == "1.1" else "AppQueue"
        texts = [
            "",
            "447946000001",
            "7000",
            "inbound",
            "",
            channel,
            dstchannel,
            app,
            "q",
            at(start),
            at(start),
            at(end),
        ]
        quoted = ",".join(f'"{t:%Y-%m-%d %H:%M:%S}"' if isinstance(t, datetime) else f'"{t}"' for t in texts)
        seconds = end - start
        lines.append(
            f'{quoted},{seconds},{seconds},"ANSWERED","DOCUMENTATION","{uniqueid}","","","{linkedid}",{number}\n'
        )
    return "".join(lines)


def visits(centre: Any, columns: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = centre.rows(
        f"select {columns} from core.queue_visits order by entered_at, visit_seq, queue, source_call_id"
    )
    return found


# --- talk that runs on ---------------------------------------------------------------------------------------------

RUN_ON = (
    "0|1.1|q|NONE|ENTERQUEUE||07|1",
    "10|1.1|q|Ann|CONNECT|10|1.2|3",
    "100|1.1|q|Ann|COMPLETECALLER|10|90|1",
)
TALK = "talk_s, talk_source, left_at, ended_by, transfer_type, repairs"
UNCUT = (90.0, "logged", at(100), "caller", None, None)


def legs(end: float, *more: tuple[float, str, str, str, str], channel: str = "SIP/101-000000a2") -> Any:
    return (
        (0, "CHAN_START", "1.1", "1.1", "SIP/trunk-000000a1"),
        (7, "CHAN_START", "1.2", "1.1", channel),
        (10, "ANSWER", "1.2", "1.1", channel),
        (10, "BRIDGE_ENTER", "1.2", "1.1", channel),
        *more,
        (end, "BRIDGE_EXIT", "1.2", "1.1", channel),
        (end, "HANGUP", "1.2", "1.1", channel),
        (end, "CHAN_END", "1.2", "1.1", channel),
        (100, "HANGUP", "1.1", "1.1", "SIP/trunk-000000a1"),
        (100, "CHAN_END", "1.1", "1.1", "SIP/trunk-000000a1"),
    )


def test_talk_that_runs_on_after_a_transfer_is_cut_at_the_end_of_the_agents_leg_in_cel(build: Build) -> None:
    centre = build(*RUN_ON, asterisk_cel=cel(*legs(40)))
    assert visits(centre, TALK) == [(30.0, "cel", at(40), "transfer", None, "talk_cut")]
    assert centre.rows("select talk_s, outcome, repairs from core.contacts") == [(30.0, "answered", "talk_cut")]
    assert centre.rows("select talk_s from kpi.agent_day") == [(30.0,)]
    talking = "select started_at, ended_at, is_open from core.agent_states where state = 'talking'"
    assert centre.rows(talking) == [(at(10), at(40), False)]


def test_the_transfer_that_cel_tells_of_is_named(build: Build) -> None:
    transfer = (39.5, "ATTENDEDTRANSFER", "1.2", "1.1", "SIP/101-000000a2")
    centre = build(*RUN_ON, asterisk_cel=cel(*legs(40, transfer)))
    assert visits(centre, TALK) == [(30.0, "cel", at(40), "transfer", "attended", "talk_cut")]
    assert centre.rows("select transfer_count from core.contacts") == [(1,)]


def test_a_consultation_is_not_the_end_of_the_leg(build: Build) -> None:
    consulted = [
        (20, "BRIDGE_EXIT", "1.2", "1.1", "SIP/101-000000a2"),
        (20, "BRIDGE_ENTER", "1.2", "1.1", "SIP/101-000000a2"),
    ]
    centre = build(*RUN_ON, asterisk_cel=cel(*legs(40, *consulted)))
    assert visits(centre, "talk_s, talk_source") == [(30.0, "cel")]


@pytest.mark.parametrize("end", [99.0, 100.0, 100.4, 130.0])
def test_talk_that_ends_with_the_leg_stays_as_it_was_logged(build: Build, end: float) -> None:
    centre = build(*RUN_ON, asterisk_cel=cel(*legs(end)))
    assert visits(centre, TALK) == [UNCUT]


def test_a_cel_in_another_zone_than_its_settings_say_cuts_nothing(build: Build) -> None:
    long = (*RUN_ON[:2], "9000|1.1|q|Ann|COMPLETECALLER|10|8990|1")
    centre = build(*long, asterisk_cel=cel(*legs(8990), zone_s=-3600))
    assert visits(centre, "talk_s, talk_source, repairs") == [(8990.0, "logged", None)]


def test_a_local_channel_that_was_optimised_away_cuts_nothing(build: Build) -> None:
    away = (11, "LOCAL_OPTIMIZE", "1.2", "1.1", "Local/101@agents-000000a2;1")
    centre = build(*RUN_ON, asterisk_cel=cel(*legs(12, away, channel="Local/101@agents-000000a2;1")))
    assert visits(centre, TALK) == [UNCUT]


def test_talk_without_cel_is_cut_at_the_end_of_the_agents_records_in_the_cdr(build: Build) -> None:
    records = cdr(
        (0, 38, "1.1", "1.1", "SIP/trunk-a1", "SIP/101-000000a2"),
        (30, 40, "1.2", "1.1", "SIP/101-000000a2", "SIP/102-000000a3"),
        (40, 100, "1.1", "1.1", "SIP/trunk-a1", "SIP/102-000000a3"),
    )
    centre = build(*RUN_ON, asterisk_cdr=records)
    assert visits(centre, TALK) == [(30.0, "cdr", at(40), "transfer", None, "talk_cut")]
    assert centre.rows("select outcome, queue_visit_count from core.contacts") == [("answered", 1)]


@pytest.mark.parametrize(
    "records",
    [
        cdr((0, 100, "1.1", "1.1", "SIP/trunk-a1", "SIP/101-000000a2")),
        cdr((0, 40, "1.1", "1.1", "SIP/trunk-a1", "SIP/101-000000a2")),
        cdr(
            (0, 40, "1.1", "1.1", "SIP/trunk-a1", "Local/101@agents-000000a2;1"),
            (40, 100, "1.1", "1.1", "SIP/trunk-a1", "SIP/101-000000a3"),
        ),
    ],
    ids=["one record", "the caller's records end too", "a Local channel"],
)
def test_a_cdr_that_does_not_tell_of_the_agents_leg_cuts_nothing(build: Build, records: str) -> None:
    assert visits(build(*RUN_ON, asterisk_cdr=records), TALK) == [UNCUT]


def test_a_transfer_that_was_logged_keeps_its_own_talk(build: Build) -> None:
    centre = build(*RUN_ON[:2], "50|1.1|q|Ann|ATTENDEDTRANSFER|BRIDGE|b|10|40|1", asterisk_cel=cel(*legs(45)))
    assert visits(centre, TALK) == [(40.0, "logged", at(50), "transfer", "attended", None)]


def test_talk_that_was_not_logged_has_no_source(build: Build) -> None:
    assert visits(build(*RUN_ON[:2]), "outcome, talk_s, talk_source") == [("answered", None, None)]


# --- a callid that changes -----------------------------------------------------------------------------------------

FIRST_VISIT = (
    "0|1.1|sales|NONE|ENTERQUEUE||+447946000001|1",
    "5|1.1|sales|Ann|CONNECT|5|1.2|2",
)
CONTACT = "source_contact_id, outcome, queue_visit_count, talk_s, first_agent, last_agent, repairs"


def moved(queue: str) -> tuple[str, ...]:
    return (
        *FIRST_VISIT,
        f"20|9.1|{queue}|NONE|ENTERQUEUE||101|2",
        f"25|9.1|{queue}|Cid|RINGNOANSWER|4000",
        "30|1.1|sales|Ann|ATTENDEDTRANSFER|APP|Queue|5|25|1",
        f"35|1.1|{queue}|Dan|RINGNOANSWER|3000",
        f"40|1.1|{queue}|Bob|CONNECT|20|1.9|3",
        f"70|1.1|{queue}|Bob|COMPLETECALLER|20|30|2",
    )


@pytest.mark.parametrize("queue", ["support", "sales"])
def test_an_attended_transfer_whose_callid_changes_is_one_contact_with_two_visits(build: Build, queue: str) -> None:
    centre = build(*moved(queue))
    assert centre.rows(f"select {CONTACT} from core.contacts") == [
        ("1.1", "answered", 2, 55.0, "Ann", "Bob", "callid_changed")
    ]
    assert visits(centre, "source_call_id, queue, entered_at, wait_s, talk_s, agent, transfer_type, repairs") == [
        ("1.1", "sales", at(0), 5.0, 25.0, "Ann", "attended", None),
        ("9.1", queue, at(20), 20.0, 30.0, "Bob", None, "callid_changed"),
    ]
    sums = "select sum(offered_count), sum(answered_count), sum(abandoned_count), sum(open_count) from kpi.queue_day"
    assert centre.rows(sums) == [(2, 2, 0, 0)]
    rings = "select agent, outcome from core.ring_attempts order by 1"
    assert centre.rows(rings) == [
        ("Ann", "answered"), ("Bob", "answered"), ("Cid", "no_answer"), ("Dan", "no_answer"),
    ]  # fmt: skip


def test_the_customer_is_who_called_and_not_who_transferred(build: Build) -> None:
    people = "customer_id,phone,updated_at\nC1,+447946000001,2026-01-01\nC2,+447946000002,2026-01-01\n"
    lines = [line.replace("||101|", "||+447946000002|") for line in moved("support")]
    centre = build(*lines, crm_customers=people)
    keys = "select customer_key from staging.customer_keys where customer_id = 'C1'"
    of_c1 = f"select count(*) from core.contacts where customer_key in ({keys})"
    assert centre.rows(of_c1) == [(1,)]


def test_a_moved_call_that_gives_up_is_abandoned_once(build: Build) -> None:
    centre = build(
        *FIRST_VISIT, "20|9.1|support|NONE|ENTERQUEUE||101|2", "30|1.1|sales|Ann|COMPLETEAGENT|5|25|1",
        "50|1.1|support|NONE|ABANDON|1|2|30",
    )  # fmt: skip
    assert visits(centre, "source_call_id, queue, outcome, wait_s") == [
        ("1.1", "sales", "answered", 5.0),
        ("9.1", "support", "abandoned", 30.0),
    ]
    assert centre.rows("select outcome, queue_visit_count from core.contacts") == [("answered", 2)]


def test_a_moved_call_that_came_from_no_queue_is_one_contact(build: Build) -> None:
    centre = build(
        "20|9.1|support|NONE|ENTERQUEUE||101|1", "40|1.1|support|Bob|CONNECT|20|1.9|3",
        "70|1.1|support|Bob|COMPLETECALLER|20|30|1",
    )  # fmt: skip
    assert centre.rows(f"select {CONTACT} from core.contacts") == [
        ("9.1", "answered", 1, 30.0, "Bob", "Bob", "callid_changed")
    ]


def channels(*calls: tuple[str, str]) -> str:
    return cel(
        *((0, "CHAN_START", uniqueid, linkedid, "SIP/x-000000a1") for uniqueid, linkedid in calls),
        *((90, "CHAN_END", uniqueid, linkedid, "SIP/x-000000a1") for uniqueid, linkedid in calls),
    )


@pytest.mark.parametrize("linkedid", ["1.1", "9.1"])
def test_a_moved_call_is_one_contact_whatever_cel_says_of_the_linkedid(build: Build, linkedid: str) -> None:
    centre = build(*moved("support"), asterisk_cel=channels(("1.1", "1.1"), ("9.1", linkedid)))
    assert centre.rows("select source_contact_id, linked_id, outcome, queue_visit_count from core.contacts") == [
        ("1.1", "1.1", "answered", 2)
    ]


def test_who_still_waits_is_not_taken_for_the_begin_of_anothers_visit(build: Build) -> None:
    centre = build(
        "0|1.1|q|NONE|ENTERQUEUE||07|1", "0|2.1|q|NONE|ENTERQUEUE||08|2", "9|1.1|q|Ann|CONNECT|9|1.2|3",
        "30|1.1|q|Ann|COMPLETECALLER|9|21|1", "50|3.1|q|Bob|CONNECT|40|3.2|3",
    )  # fmt: skip
    assert visits(centre, "source_call_id, outcome, repairs") == [
        ("1.1", "answered", None),
        ("2.1", "open", None),
        ("3.1", "answered", "entry_from_wait"),
    ]


TWO_FIT = (
    "20|8.1|q|NONE|ENTERQUEUE||101|1",
    "20|9.1|q|NONE|ENTERQUEUE||102|1",
    "40|1.1|q|Bob|CONNECT|20|1.9|3",
    "70|1.1|q|Bob|COMPLETECALLER|20|30|1",
)


def test_where_two_entries_fit_nothing_is_guessed(build: Build) -> None:
    centre = build(*TWO_FIT)
    assert sorted(visits(centre, "source_call_id, outcome, repairs")) == [
        ("1.1", "answered", "entry_from_wait"),
        ("8.1", "open", None),
        ("9.1", "open", None),
    ]


def test_where_two_entries_fit_the_linkedid_decides(build: Build) -> None:
    centre = build(*TWO_FIT, asterisk_cel=channels(("1.1", "1.1"), ("8.1", "8.1"), ("9.1", "1.1")))
    assert sorted(visits(centre, "source_call_id, outcome, repairs")) == [
        ("8.1", "open", None),
        ("9.1", "answered", "callid_changed"),
    ]


# --- restarts ------------------------------------------------------------------------------------------------------


def test_a_restart_closes_calls_as_open_and_not_as_abandoned(build: Build) -> None:
    centre = build(
        "0|1.1|q|NONE|ENTERQUEUE||07|1", "5|2.1|q|NONE|ENTERQUEUE||08|2", "9|2.1|q|Ann|CONNECT|4|2.2|3",
        "100|NONE|NONE|NONE|QUEUESTART|", "110|3.1|q|NONE|ENTERQUEUE||09|1", "200|NONE|NONE|NONE|QUEUESTART|",
        "210|4.1|q|NONE|ENTERQUEUE||09|1",
    )  # fmt: skip
    assert visits(centre, "source_call_id, outcome, left_at, wait_s, talk_s, repairs") == [
        ("1.1", "open", at(100), None, None, "closed_by_restart"),
        ("2.1", "answered", at(100), 4.0, None, "closed_by_restart"),
        ("3.1", "open", at(200), None, None, "closed_by_restart"),
        ("4.1", "open", None, None, None, None),
    ]
    sums = "select sum(offered_count), sum(answered_count), sum(abandoned_count), sum(open_count) from kpi.queue_day"
    assert centre.rows(sums) == [(4, 1, 0, 3)]
    assert centre.rows("select outcome, count(*) from core.contacts group by 1 order by 1") == [
        ("answered", 1), ("open", 3),
    ]  # fmt: skip


def test_who_talks_at_a_restart_talks_no_longer_and_his_state_stays_open(build: Build) -> None:
    centre = build("5|2.1|q|NONE|ENTERQUEUE||08|2", "9|2.1|q|Ann|CONNECT|4|2.2|3", "100|NONE|NONE|NONE|QUEUESTART|")
    talking = "select started_at, ended_at, is_open from core.agent_states where state = 'talking'"
    assert centre.rows(talking) == [(at(9), at(100), True)]


def test_a_call_whose_end_is_logged_after_a_restart_keeps_it(build: Build) -> None:
    centre = build(
        "0|1.1|q|NONE|ENTERQUEUE||07|1", "0|2.1|q|NONE|ENTERQUEUE||08|2", "9|2.1|q|Ann|CONNECT|9|2.2|3",
        "50|NONE|NONE|NONE|QUEUESTART|", "60|1.1|q|NONE|ABANDON|1|1|60", "70|2.1|q|Ann|COMPLETECALLER|9|61|2",
    )  # fmt: skip
    assert visits(centre, "source_call_id, outcome, left_at, repairs") == [
        ("1.1", "abandoned", at(60), None),
        ("2.1", "answered", at(70), None),
    ]


# --- several visits of one channel to one queue within a second ----------------------------------------------------


def test_two_exits_within_one_second_close_two_visits(build: Build) -> None:
    centre = build(
        "0|1.1|q|NONE|ENTERQUEUE||07|1", "10|1.1|q|NONE|EXITWITHTIMEOUT|1|1|10",
        "10|1.1|q|NONE|ENTERQUEUE||07|2", "10|1.1|q|NONE|ABANDON|2|2|0",
    )  # fmt: skip
    assert visits(centre, "visit_seq, outcome, wait_s") == [(1, "timed_out", 10.0), (2, "abandoned", 0.0)]


def test_entering_leaving_and_entering_again_within_one_second(build: Build) -> None:
    centre = build(
        "0|1.1|q|NONE|ENTERQUEUE||07|1", "0|1.1|q|NONE|EXITEMPTY|1|1|0", "0|1.1|q|NONE|ENTERQUEUE||07|2",
        "8|1.1|q|NONE|ABANDON|1|2|8",
    )  # fmt: skip
    assert visits(centre, "outcome, wait_s") == [("exited_empty", 0.0), ("abandoned", 8.0)]


def test_an_end_that_is_logged_twice_keeps_no_later_visit_open(build: Build) -> None:
    centre = build(
        "0|1.1|q|NONE|ENTERQUEUE||07|1", "2|1.1|q|Ann|CONNECT|2|1.2|1", "5|1.1|q|Ann|BLINDTRANSFER|8|c|2|3|1",
        "6|1.1|q|Ann|COMPLETEAGENT|2|3|1", "10|1.1|q|NONE|ENTERQUEUE||07|1", "20|1.1|q|NONE|EXITWITHTIMEOUT|1|1|10",
        "20|1.1|q|NONE|ENTERQUEUE||07|2", "25|1.1|q|NONE|ABANDON|1|2|5",
    )  # fmt: skip
    assert visits(centre, "outcome, wait_s") == [("answered", 2.0), ("timed_out", 10.0), ("abandoned", 5.0)]


def test_who_is_answered_at_once_on_coming_back_was_not_answered_before(build: Build) -> None:
    centre = build(
        "0|1.1|q|NONE|ENTERQUEUE||07|1", "10|1.1|q|NONE|EXITWITHTIMEOUT|1|1|10", "10|1.1|q|NONE|ENTERQUEUE||07|2",
        "10|1.1|q|Ann|CONNECT|0|1.2|0", "30|1.1|q|Ann|COMPLETEAGENT|0|20|2",
    )  # fmt: skip
    assert visits(centre, "outcome, wait_s, talk_s, agent") == [
        ("timed_out", 10.0, None, None),
        ("answered", 0.0, 20.0, "Ann"),
    ]


# --- one agent, one agent ------------------------------------------------------------------------------------------

TWO_NAMES = (
    "0|NONE|q|SIP/101|ADDMEMBER|",
    "5|NONE|q|SIP/101|PAUSE|coffee",
    "15|NONE|q|Ann|UNPAUSE|",
    "20|1.1|q|NONE|ENTERQUEUE||07|1",
    "30|1.1|q|Ann|CONNECT|10|1.2|3",
    "60|1.1|q|Ann|COMPLETECALLER|10|30|1",
    "90|NONE|q|SIP/101|REMOVEMEMBER|",
)
DAY = "select agent, answered_count, talk_s, logged_in_s, paused_s from kpi.agent_day order by agent"


def unmapped(centre: Any) -> list[tuple[Any, ...]]:
    check = next(c for c in load_checks([SQL_FOLDER / "checks"]) if c.name == "agents_unmapped")
    found: list[tuple[Any, ...]] = centre.rows(check.query)
    return found


def test_interface_and_member_name_are_one_agent_by_the_agents_source(build: Build) -> None:
    centre = build(*TWO_NAMES, agents="agent_id,name,interface\nA1,Ann,SIP/101;PJSIP/101\n")
    assert centre.rows(DAY) == [("Ann", 1, 30.0, 90.0, 10.0)]
    assert unmapped(centre) == []


def test_interface_and_member_name_are_one_agent_by_the_channel_in_cel(build: Build) -> None:
    centre = build(*TWO_NAMES, asterisk_cel=cel(
        (20, "CHAN_START", "1.1", "1.1", "SIP/trunk-000000a1"), (27, "CHAN_START", "1.2", "1.1", "SIP/101-000000a2"),
    ))  # fmt: skip
    assert centre.rows(DAY) == [("Ann", 1, 30.0, 90.0, 10.0)]


def test_interface_and_member_name_are_one_agent_by_the_channel_in_the_cdr(build: Build) -> None:
    centre = build(*TWO_NAMES, asterisk_cdr=cdr((20, 60, "1.1", "1.1", "SIP/trunk-000000a1", "SIP/101-000000a2")))
    assert centre.rows(DAY) == [("Ann", 1, 30.0, 90.0, 10.0)]


def test_the_options_of_a_local_interface_are_no_other_agent(build: Build) -> None:
    lines = [line.replace("SIP/101", "Local/101@agents/n") for line in TWO_NAMES]
    centre = build(*lines, asterisk_cel=cel(
        (20, "CHAN_START", "1.1", "1.1", "SIP/trunk-000000a1"),
        (27, "CHAN_START", "1.2", "1.1", "Local/101@agents-000000a2;1"),
    ))  # fmt: skip
    assert centre.rows(DAY) == [("Ann", 1, 30.0, 90.0, 10.0)]


def test_interface_and_member_name_stay_apart_and_are_counted_where_nothing_links_them(build: Build) -> None:
    centre = build(*TWO_NAMES)
    assert [row[0] for row in centre.rows(DAY)] == ["Ann", "SIP/101"]
    assert unmapped(centre) == [("SIP/101", 2)]


def test_an_interface_at_which_two_members_answered_is_neither(build: Build) -> None:
    centre = build(
        *TWO_NAMES[:1], "20|1.1|q|NONE|ENTERQUEUE||07|1", "30|1.1|q|Ann|CONNECT|10|1.2|3",
        "20|2.1|q|NONE|ENTERQUEUE||07|1", "40|2.1|q|Bob|CONNECT|20|2.2|3",
        asterisk_cel=cel(*(
            (second, "CHAN_START", uniqueid, linkedid, f"SIP/{name}-000000a1")
            for second, uniqueid, linkedid, name in [
                (20, "1.1", "1.1", "trunk"), (27, "1.2", "1.1", "101"),
                (20, "2.1", "2.1", "trunk"), (37, "2.2", "2.1", "101"),
            ]
        )),
    )  # fmt: skip
    assert [row[0] for row in centre.rows(DAY)] == ["Ann", "Bob", "SIP/101"]


def test_a_form_that_two_agents_share_is_nobodys(build: Build) -> None:
    centre = build(*TWO_NAMES, agents="agent_id,name,interface\nA1,Ann,SIP/101\nA2,Bob,SIP/101\n")
    assert [row[0] for row in centre.rows(DAY)] == ["Ann", "SIP/101"]


def test_two_agents_of_one_name_go_by_their_ids(build: Build) -> None:
    centre = build(*TWO_NAMES, agents="agent_id,name,interface\nA1,Ann,SIP/101\nA2,Ann,SIP/102\n")
    assert [row[0] for row in centre.rows(DAY)] == ["A1", "Ann"]


def test_a_name_whose_quotes_asterisk_drops_is_the_same_agent(build: Build) -> None:
    lines = [line.replace("|Ann|", "|Ann Annie Ames|") for line in TWO_NAMES]
    centre = build(*lines, agents='agent_id,name,interface\nA1,"Ann ""Annie"" Ames",SIP/101\n')
    assert centre.rows(DAY) == [('Ann "Annie" Ames', 1, 30.0, 90.0, 10.0)]


# --- what was so before, and must stay -----------------------------------------------------------------------------


def test_ring_all_is_one_call_though_five_records_tell_of_it(build: Build) -> None:
    rings = [f"10|1.1|q|A{n}|RINGCANCELED|8000" for n in range(4)]
    records = cdr(*((0, 60, "1.1", "1.1", "SIP/trunk-a1", f"SIP/{n}-000000a{n}") for n in range(5)))
    centre = build(RUN_ON[0], *rings, *RUN_ON[1:], asterisk_cdr=records)
    assert centre.rows("select outcome, queue_visit_count from core.contacts") == [("answered", 1)]
    assert centre.rows("select outcome, count(*) from core.ring_attempts group by 1 order by 1") == [
        ("answered", 1), ("canceled", 4),
    ]  # fmt: skip


def test_a_contact_names_the_repairs_of_all_its_visits(build: Build) -> None:
    centre = build("20|1.1|a|NONE|ABANDON|1|1|20", "30|1.1|b|NONE|ENTERQUEUE||07|1", "90|NONE|NONE|NONE|QUEUESTART|")
    assert visits(centre, "queue, repairs") == [("a", "entry_from_wait"), ("b", "closed_by_restart")]
    assert centre.rows("select repairs from core.contacts") == [("entry_from_wait;closed_by_restart",)]
