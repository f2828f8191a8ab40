from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines.bench import generate
from pipelines.bench.generate import Truth, slices, write_queue_log

EVENT_COUNT = 90_000
LAST_EVENTS = {
    "COMPLETEAGENT",
    "COMPLETECALLER",
    "BLINDTRANSFER",
    "ATTENDEDTRANSFER",
    "ABANDON",
    "EXITWITHTIMEOUT",
    "EXITWITHKEY",
}


@dataclass
class ParsedCall:
    events: list[str] = field(default_factory=list)
    entered: int = 0
    connected: int = 0
    ended: int = 0
    agent: str = ""


def parse(path: Path) -> list[list[str]]:
    return [line.split("|") for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[list[str]], Truth]:
    path = tmp_path_factory.mktemp("bench") / "queue_log"
    truth = write_queue_log(path, EVENT_COUNT, seed=7)
    return parse(path), truth


@pytest.fixture(scope="module")
def calls(written: tuple[list[list[str]], Truth]) -> dict[str, ParsedCall]:
    found: dict[str, ParsedCall] = defaultdict(ParsedCall)
    for epoch, callid, _, agent, event, *_ in written[0]:
        if callid in ("NONE", "MANAGER"):
            continue
        call = found[callid]
        call.events.append(event)
        if event == "ENTERQUEUE":
            call.entered = int(epoch)
        elif event == "CONNECT":
            call.connected, call.agent = int(epoch), agent
        elif event in LAST_EVENTS:
            call.ended = int(epoch)
    return found


def test_file_has_exactly_the_lines_asked_for(written):
    lines, truth = written
    assert len(lines) == EVENT_COUNT == truth.event_count


@pytest.mark.parametrize("event_count", [1, 2, 3, 57, 1_000])
def test_small_logs_have_exactly_the_lines_asked_for_too(tmp_path, event_count):
    truth = write_queue_log(tmp_path / "queue_log", event_count, seed=1)
    assert len(parse(tmp_path / "queue_log")) == event_count == truth.event_count


def test_truth_is_what_a_plain_reading_of_the_file_counts(written):
    lines, truth = written
    count = Counter(line[4] for line in lines)
    transfers = count["BLINDTRANSFER"] + count["ATTENDEDTRANSFER"]
    answered_wait_s = sum(int(line[5]) for line in lines if line[4] == "CONNECT")
    abandoned_wait_s = sum(int(line[7]) for line in lines if line[4] == "ABANDON")
    flow_out_wait_s = sum(int(line[-1]) for line in lines if line[4].startswith("EXITWITH"))
    talk_s = sum(int(line[-2]) for line in lines if line[4].startswith("COMPLETE") or "TRANSFER" in line[4])
    assert truth == Truth(
        event_count=len(lines),
        offered_count=count["ENTERQUEUE"],
        answered_count=count["CONNECT"],
        abandoned_count=count["ABANDON"],
        timed_out_count=count["EXITWITHTIMEOUT"],
        exited_by_key_count=count["EXITWITHKEY"],
        transferred_count=transfers,
        ring_no_answer_count=count["RINGNOANSWER"],
        wait_s=answered_wait_s + abandoned_wait_s + flow_out_wait_s,
        answered_wait_s=answered_wait_s,
        abandoned_wait_s=abandoned_wait_s,
        talk_s=talk_s,
        agent_event_count=sum(line[1] in ("NONE", "MANAGER") for line in lines),
        day_count=2,
    )


def test_offered_is_answered_and_each_way_of_leaving(written):
    truth = written[1]
    left = truth.abandoned_count + truth.timed_out_count + truth.exited_by_key_count
    assert truth.offered_count == truth.answered_count + left


def test_most_lines_belong_to_calls(written):
    truth = written[1]
    assert 0.80 < 1 - truth.agent_event_count / truth.event_count < 0.90


def test_lines_are_in_order_of_time(written):
    epochs = [int(line[0]) for line in written[0]]
    assert epochs == sorted(epochs)


def test_every_call_enters_first_and_ends_once_and_last(calls):
    for call in calls.values():
        assert call.events[0] == "ENTERQUEUE"
        assert call.events[-1] in LAST_EVENTS
        assert sum(event in LAST_EVENTS for event in call.events) == 1
        assert set(call.events[1:-1]) <= {"RINGNOANSWER", "CONNECT"}


def test_stated_seconds_agree_with_the_clock(written, calls):
    for epoch, callid, _, _, event, *data in written[0]:
        call = calls.get(callid)
        if event == "CONNECT":
            assert int(data[0]) == int(epoch) - call.entered
            assert 0 <= int(data[2]) <= int(data[0])
        elif event in ("ABANDON", "EXITWITHTIMEOUT", "EXITWITHKEY"):
            assert int(data[-1]) == int(epoch) - call.entered
        elif event in LAST_EVENTS:
            assert int(data[-2]) == int(epoch) - call.connected
            assert int(data[-3]) == call.connected - call.entered


def test_agents_talk_to_one_caller_at_a_time(calls):
    talks: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for call in calls.values():
        if call.agent:
            talks[call.agent].append((call.connected, call.ended))
    assert len(talks) == generate.AGENT_COUNT
    for spans in talks.values():
        spans.sort()
        overlaps = [later for former, later in pairwise(spans) if later[0] < former[1]]
        assert not overlaps


def test_agents_come_pause_return_and_go_in_turn(written):
    allowed = {"": "ADDMEMBER", "in": "PAUSE REMOVEMEMBER", "paused": "UNPAUSE"}
    becomes = {"ADDMEMBER": "in", "PAUSE": "paused", "UNPAUSE": "in", "REMOVEMEMBER": ""}
    state: dict[str, str] = defaultdict(str)
    for line in written[0]:
        agent, event = line[3], line[4]
        if event in becomes:
            assert event in allowed[state[agent]].split(), line
            state[agent] = becomes[event]
    assert set(state.values()) == {""}


def test_parameters_stand_as_asterisk_writes_them(written):
    sizes = {
        "ENTERQUEUE": 3,
        "RINGNOANSWER": 1,
        "CONNECT": 3,
        "COMPLETEAGENT": 3,
        "COMPLETECALLER": 3,
        "ABANDON": 3,
        "EXITWITHTIMEOUT": 3,
        "EXITWITHKEY": 4,
        "BLINDTRANSFER": 5,
        "ATTENDEDTRANSFER": 5,
        "ADDMEMBER": 1,
        "REMOVEMEMBER": 1,
        "PAUSE": 1,
        "UNPAUSE": 1,
    }
    seen: dict[str, set[int]] = defaultdict(set)
    for line in written[0]:
        seen[line[4]].add(len(line) - 5)
    seen.pop("QUEUESTART", None)  # only there to make an odd number of lines
    assert seen == {event: {size} for event, size in sizes.items()}
    assert all(line[5] == "BRIDGE" for line in written[0] if line[4] == "ATTENDEDTRANSFER")
    assert all(int(line[5]) > 14_000 for line in written[0] if line[4] == "RINGNOANSWER")


def test_channels_have_ids_of_their_own(written):
    entered = [line[1] for line in written[0] if line[4] == "ENTERQUEUE"]
    bridged = [line[6] for line in written[0] if line[4] == "CONNECT"]
    assert len(set(entered + bridged)) == len(entered) + len(bridged)


def test_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_queue_log(tmp_path / name, 5_000, seed)
    first, again, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == again
    assert first != other


def test_slices_stay_small_however_busy_the_day(monkeypatch):
    monkeypatch.setattr(generate, "SLICE_CALLS", 2_000)
    pieces = list(slices(60_000, seed=5, days=1))
    assert sum(piece.lines.height for piece in pieces) == 60_000
    # A call has at most six lines; the day's agents are written with its first slices.
    assert max(piece.lines.height for piece in pieces) < 6 * 2_000
    epochs = [epoch for piece in pieces for epoch in piece.lines["epoch"].to_list()]
    assert epochs == sorted(epochs)


def test_default_spread_is_forty_thousand_lines_a_day():
    assert sum(piece.truth.day_count for piece in slices(400_000, seed=1)) == 10


def test_days_and_start_are_kept_to(tmp_path):
    start = datetime(2026, 3, 2, tzinfo=UTC)
    write_queue_log(tmp_path / "queue_log", 3_000, seed=1, start=start, days=3)
    days = {(int(line[0]) - int(start.timestamp())) // 86_400 for line in parse(tmp_path / "queue_log")}
    assert days == {0, 1, 2}


@pytest.mark.parametrize(
    ("event_count", "days", "start"),
    [(0, None, generate.DEFAULT_START), (10, 0, generate.DEFAULT_START), (10, 1, datetime(2026, 1, 1))],  # noqa: DTZ001
)
def test_impossible_requests_are_refused(tmp_path, event_count, days, start):
    with pytest.raises(ValueError, match=r"at least one|time zone"):
        write_queue_log(tmp_path / "queue_log", event_count, seed=1, start=start, days=days)
