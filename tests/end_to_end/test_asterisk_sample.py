"""The calls of a real Asterisk, held against what its manager interface and the driver of the calls said of each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.end_to_end

OUTCOMES = {
    "exit_key": "exited_by_key",
    "transfer": "answered",
    "complete_agent": "answered",
    "complete_caller": "answered",
    "timeout": "timed_out",
    "abandon": "abandoned",
    "left_empty": "exited_empty",
    "rejected_joinempty": "join_empty",
    "rejected_full": "full",
}
JOINED = {"answered": 251, "abandoned": 78, "timed_out": 51, "exited_by_key": 19, "exited_empty": 6}
KINDS = {"blind": "blind", "atxfer": "attended"}
VISITS = (
    "select source_call_id, queue, outcome, agent, wait_s, talk_s, ended_by, transfer_type, position_in"
    " from core.queue_visits"
)


@pytest.fixture(scope="module")
def truth(shared_file: Callable[[str], Path]) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = json.loads(shared_file("asterisk_live/truth.json").read_text())["calls"]
    return calls


@pytest.fixture(scope="module")
def plan(shared_file: Callable[[str], Path]) -> dict[str, dict[str, Any]]:
    lines = shared_file("asterisk_live/plan.jsonl").read_text().splitlines()
    return {call["uid"]: call for call in map(json.loads, lines) if "uid" in call}


@pytest.fixture(scope="module")
def visits(sample: Any) -> dict[str, dict[str, Any]]:
    names = ["callid", "queue", "outcome", "agent", "wait_s", "talk_s", "ended_by", "transfer_type", "position_in"]
    return {row[0]: dict(zip(names, row, strict=True)) for row in sample.published(VISITS)}


@pytest.fixture(scope="module")
def without(shared_centre: Any) -> Callable[..., Any]:
    def build(*sources: str) -> Any:
        return shared_centre("-".join(("only", *sources)), lambda centre: centre.land_sample(*sources).run())

    return build


def outcomes(rows: list[tuple[Any, ...]]) -> dict[str, int]:
    return dict(Counter(row[0] for row in rows))


def test_420_calls_are_420_contacts(sample: Any) -> None:
    found = outcomes(sample.published("select outcome from core.contacts"))
    assert found == {**JOINED, "blocked": 8, "abandoned_in_ivr": 7}
    assert sum(JOINED.values()) == 405


def test_each_call_that_reached_a_queue_is_one_visit(visits: dict[str, Any], truth: list[dict[str, Any]]) -> None:
    assert set(visits) == {call["uid"] for call in truth}
    assert len(visits) == 413


def test_outcome_queue_agent_wait_and_talk_equal_the_truth_call_by_call(
    visits: dict[str, Any], truth: list[dict[str, Any]]
) -> None:
    differences = []
    for call in truth:
        visit = visits[call["uid"]]
        expected = {"outcome": OUTCOMES[call["outcome"]], "agent": call.get("agent")}
        expected |= {"wait_s": call["hold"], "talk_s": call["talk"]} if expected["outcome"] == "answered" else {}
        expected |= {"queue": call["queue"]} if "rejected" not in call["outcome"] else {}
        differences += [(call["uid"], key, visit[key], value) for key, value in expected.items() if visit[key] != value]
    assert differences == []


def test_who_ended_an_answered_call_equals_the_truth(visits: dict[str, Any], truth: list[dict[str, Any]]) -> None:
    ended_by = {"complete_agent": "agent", "complete_caller": "caller", "transfer": "transfer"}
    expected = {c["uid"]: ended_by[c["outcome"]] for c in truth if c["outcome"] in ended_by}
    assert {uid: visits[uid]["ended_by"] for uid in expected} == expected


def test_seconds_add_up_to_the_truths_totals(sample: Any) -> None:
    totals = "select sum(wait_s), sum(talk_s), count(*) from core.queue_visits where outcome = 'answered'"
    assert sample.published(totals) == [(5191.0, 1391.0, 251)]


def test_transfers_are_blind_or_attended_as_the_callers_were_told(
    visits: dict[str, Any], plan: dict[str, dict[str, Any]]
) -> None:
    transfers = {uid: visit["transfer_type"] for uid, visit in visits.items() if visit["transfer_type"]}
    assert Counter(transfers.values()) == {"blind": 18, "attended": 16}
    assert transfers == {uid: KINDS[plan[uid]["kind"]] for uid in transfers}


def test_a_transferred_call_is_answered(sample: Any) -> None:
    found = sample.published("select is_answered, count(*) from core.contacts where transfer_count > 0 group by 1")
    assert found == [(True, 34)]


def test_the_refused_are_seven_of_an_empty_and_one_of_a_full_queue_named_by_cel(visits: dict[str, Any]) -> None:
    refused = Counter((v["outcome"], v["queue"]) for v in visits.values() if v["outcome"] in ("full", "join_empty"))
    assert refused == {("join_empty", "nojoin"): 7, ("full", "tiny"): 1}


def test_blocked_callers_stand_apart_from_offered(sample: Any) -> None:
    sums = "select sum(offered_count), sum(blocked_count), sum(answered_count) from kpi.queue_day"
    assert sample.published(sums) == [(405, 8, 251)]


def test_by_agent_and_by_queue_equal_the_truths_summary(sample: Any, shared_file: Callable[[str], Path]) -> None:
    summary = json.loads(shared_file("asterisk_live/truth.json").read_text())["summary"]
    agents = dict(sample.published("select agent, answered_count from kpi.agent_day where answered_count > 0"))
    assert agents == summary["by_agent"]
    assert agents["Carol Clark"] == 69
    queues = (
        "select queue, sum(abandoned_count), sum(timed_out_count), sum(answered_count) from kpi.queue_day group by 1"
    )
    for queue, abandoned, timed_out, answered in sample.published(queues):
        counts = summary["by_queue"].get(queue, {})
        kinds = ("complete_agent", "complete_caller", "transfer")
        assert (abandoned, timed_out) == (counts.get("abandon", 0), counts.get("timeout", 0))
        assert answered == sum(counts.get(kind, 0) for kind in kinds)


def test_rings_that_nobody_answered_equal_the_truth(sample: Any) -> None:
    assert sample.published("select count(*) from core.ring_attempts where outcome = 'no_answer'") == [(105,)]
    assert sample.published("select sum(ring_no_answer_count) from kpi.agent_day") == [(105,)]


def test_agents_own_login_calls_are_no_contacts(sample: Any) -> None:
    logins = "select linkedid from staging.asterisk_cdr where context = 'agentpool'"
    found = f"select count(distinct linkedid), (select count(*) from core.contacts where linked_id in ({logins}))"
    assert sample.rows(f"{found} from staging.asterisk_cdr where context = 'agentpool'") == [(18, 0)]
    assert sample.rows("select count(distinct linkedid) from staging.asterisk_cdr") == [(438,)]


def test_a_pause_reason_with_a_pipe_stays_whole(sample: Any) -> None:
    reasons = {row[0] for row in sample.published("select distinct reason from core.agent_states")}
    assert "wrap|up" in reasons
    assert "wrap" not in reasons


def test_source_contact_id_is_the_callid_of_queue_log_not_the_linkedid(
    sample: Any, truth: list[dict[str, Any]]
) -> None:
    ids = dict(sample.published("select source_contact_id, linked_id from core.contacts"))
    assert {c["uid"]: c["linkedid"] for c in truth if "linkedid" in c}.items() <= ids.items()
    assert all(contact != linked for contact, linked in ids.items())


def test_seven_left_before_any_queue(sample: Any, shared_file: Callable[[str], Path]) -> None:
    calls = map(json.loads, shared_file("asterisk_live/plan.jsonl").read_text().splitlines())
    told_to = [call["t0"] for call in calls if call["kind"] == "early" and "uid" not in call]
    left = (
        "select epoch(arrived_at), queue_visit_count from core.contacts where outcome = 'abandoned_in_ivr' order by 1"
    )
    found = sample.published(left)
    assert [row[0] for row in found] == pytest.approx(told_to, abs=1.1)
    assert {row[1] for row in found} == {0}


def test_no_line_of_the_sample_is_lost_or_refused(sample: Any) -> None:
    files = "select source, sum(line_count), sum(row_count), sum(rejected_count) from meta.source_files group by 1"
    found = {source: (lines, rows, rejects) for source, lines, rows, rejects in sample.published(files)}
    assert found["asterisk_queue_log"] == (1862, 1862, 0)
    assert found["asterisk_cdr"] == (1602, 1602, 0)
    assert found["asterisk_cel"] == (10001, 10001, 0)
    assert all(rejects == 0 for _, _, rejects in found.values())


def test_a_call_that_spans_the_rotation_is_one_visit(sample: Any) -> None:
    across = (
        "select callid from staging.asterisk_queue_log where callid is not null"
        " group by callid having count(distinct segment_id) > 1"
    )
    found = sample.rows(
        f"select count(*), count(distinct source_call_id) from core.queue_visits where source_call_id in ({across})"
    )
    assert found[0][0] == found[0][1] > 0


@pytest.mark.parametrize("sources", [("asterisk_cdr",), ("asterisk_cel",), ("asterisk_cdr", "asterisk_cel"), ()])
def test_calls_that_joined_are_the_same_whatever_stands_beside_queue_log(
    without: Any, sample: Any, sources: tuple[str, ...]
) -> None:
    joined = f"{VISITS} where outcome not in ('full', 'join_empty') order by all"
    found = without("asterisk_queue_log", *sources).rows(joined)
    assert len(found) == 405
    assert found == sample.rows(joined)


def test_cel_alone_shows_who_was_refused(without: Any, sample: Any) -> None:
    contacts = "select source_contact_id, linked_id, outcome, first_queue from core.contacts order by all"
    assert without("asterisk_queue_log", "asterisk_cel").rows(contacts) == sample.rows(contacts)


def test_without_cel_the_refused_cannot_be_told_from_those_who_left_early(without: Any) -> None:
    found = outcomes(without("asterisk_queue_log", "asterisk_cdr").rows("select outcome from core.contacts"))
    assert found == {**JOINED, "abandoned_in_ivr": 15}


def test_queue_log_alone_knows_every_call_that_it_logged(without: Any, sample: Any) -> None:
    alone = without("asterisk_queue_log")
    assert outcomes(alone.rows("select outcome from core.contacts")) == {**JOINED, "abandoned_in_ivr": 15}
    ids = "select source_contact_id from core.contacts order by 1"
    assert alone.rows(ids) == sample.rows(ids)
    assert alone.rows("select count(*) from core.contacts where linked_id <> source_contact_id") == [(0,)]


def test_contact_and_visit_keys_do_not_depend_on_which_files_were_there(without: Any, sample: Any) -> None:
    keys = (
        "select contact_key, visit_key from core.queue_visits where outcome not in ('full', 'join_empty') order by all"
    )
    assert without("asterisk_queue_log").rows(keys) == sample.rows(keys)


def test_cdrs_alone_make_contacts_and_no_visits(without: Any) -> None:
    alone = without("asterisk_cdr")
    assert alone.rows("select count(*), count(distinct linked_id) from core.contacts") == [(420, 420)]
    assert alone.rows("select count(*) from core.queue_visits") == [(0,)]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def test_a_wrong_zone_of_cdr_and_cel_makes_nobody_blocked_who_joined(centre: Any, sample: Any, zone: str) -> None:
    centre.land_sample("asterisk_queue_log", "asterisk_cdr", "asterisk_cel")
    text = (centre.path / "callwright.toml").read_text()
    centre.write("callwright.toml", text.replace('timezone = "UTC"', f'timezone = "{zone}"'))
    centre.run()
    found = "select source_contact_id, outcome from core.contacts order by 1"
    assert centre.rows(found) == sample.rows(found)
