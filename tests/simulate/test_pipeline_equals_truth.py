"""What the pipeline makes of the files against what really happened: contact by contact, and agent by agent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.end_to_end

DAYS = 14
# truth, core.contacts. The line of Asterisk does not tell hold from talk; wrap-up is told by the chat platform alone.
COMPARED = {
    "channel": ("t.channel", "c.channel"),
    "direction": ("t.direction", "c.direction"),
    "arrived_at": ("t.arrived_at", "c.arrived_at"),
    "ended_at": ("t.ended_at", "c.ended_at"),
    "first_queue": ("t.first_queue", "c.first_queue"),
    "last_queue": ("t.last_queue", "c.last_queue"),
    "queue_visit_count": ("t.queue_visit_count", "c.queue_visit_count"),
    "outcome": ("t.outcome", "c.outcome"),
    "wait_s": ("t.wait_s", "c.queue_wait_s"),
    "talk_s": ("t.talk_s + t.hold_s", "c.talk_s + coalesce(c.hold_s, 0)"),
    "transfer_count": ("t.transfer_count", "c.transfer_count"),
    "ring_s": ("case when c.ring_s is not null then t.ring_s end", "c.ring_s"),
    "hold_s": ("case when c.hold_s is not null then t.hold_s end", "c.hold_s"),
    "wrap_s": ("case when c.wrap_s is not null then t.wrap_s end", "c.wrap_s"),
    # Outbound calls came to no queue, and the pipeline knows agents by queues alone.
    "agent": ("case when t.direction = 'inbound' then t.agent end", "c.last_agent"),
    # Who came to no queue of a telephone system has no site there.
    "site": (
        "case when t.first_queue is not null or t.source in ('chat', 'menu', 'dialler') then t.site end",
        "c.site",
    ),
}


def busy(data: dict[str, Any]) -> None:
    """A fortnight with the night that clocks go back, in which everything that seldom happens happens often."""
    data.update(seats=20, contacts_per_seat_year=8000)
    data["starts_on"] = data["starts_on"].replace(day=25)
    data["ringing"]["missed_rate"] = 0.12
    data["menu"]["left_rate"] = 0.08
    for queue in data["queues"]:
        if queue.get("channel", "voice") == "voice":
            queue["transfer_rate"], queue["key_rate"] = 0.3, 0.1
            queue["timeout_s"], queue["needs_agents"] = 240, True
            if queue["site"] == "leeds":
                queue["attended_rate"], queue["max_waiting"] = 0.5, 2
    fact = {"id": "away", "kind": "site_absence", "what": "", "seen_in": "", "site": "leeds", "size": 1.0}
    day = data["starts_on"].replace(day=28)
    missing = next(f for f in data["facts"] if f["kind"] == "missing_channel")
    missing["from_date"] = missing["to_date"] = day.replace(day=29)
    data["facts"] = [missing, {**fact, "from_date": day, "to_date": day, "from_time": "10:00", "to_time": "12:00"}]


@pytest.fixture(scope="module")
def asked(simulate_home, make_centre: Callable[[Path], Any], tmp_path_factory) -> Callable[[str], list[Any]]:
    made = simulate_home(DAYS, seed=11, change=busy)
    centre = type(make_centre(tmp_path_factory.mktemp("other") / "home"))(made.path)
    for report in centre.run():
        assert (report.rejected_count, report.problems) == (0, []), report.source
    truth = made.path / "truth"
    begin = f"with t as (select * from '{truth}/contacts.parquet' where is_delivered), c as (from core.contacts)"
    states = f", s as (select * from '{truth}/agent_states.parquet')"
    return lambda query: centre.rows(begin + states + query)


def test_fortnight_has_some_of_everything(asked):
    seen = {
        (source, outcome): count
        for source, outcome, count in asked("select source, outcome, count(*) from t group by all")
    }
    for outcome in (
        "answered",
        "abandoned",
        "blocked",
        "timed_out",
        "exited_by_key",
        "exited_empty",
        "abandoned_in_ivr",
    ):
        assert seen.get(("asterisk_queue_log", outcome), 0) > 0, outcome
    for outcome in ("answered", "abandoned", "timed_out", "exited_by_key", "failed", "abandoned_in_ivr"):
        assert seen.get(("freeswitch_cdr", outcome), 0) > 0, outcome
    assert asked("select count(*) from core.queue_visits where transfer_type = 'attended'")[0][0] > 20
    assert asked("select count(*) from core.queue_visits where transfer_type = 'blind'")[0][0] > 20
    refused = asked("select outcome, count(*) from core.queue_visits where outcome in ('full', 'closed') group by 1")
    assert len(refused) == 2


def test_systems_were_maintained_at_night(asked):
    (counts,) = asked(
        "select count(*) filter (event = 'QUEUESTART'), count(*) filter (event = 'CONFIGRELOAD')"
        " from staging.asterisk_queue_log"
    )
    assert counts == (1, 2)


def test_every_contact_is_there_once_and_no_other(asked):
    assert asked("select count(*) from t") == asked("select count(*) from c")
    assert asked("select t.source, t.contact_id from t anti join c on t.contact_id = c.source_contact_id") == []


def test_day_of_the_missing_file_has_no_chats(asked):
    (counts,) = asked(
        "select count(*) filter (business_date = '2025-10-29'), count(*) filter (business_date = '2025-10-28')"
        " from c where channel = 'chat'"
    )
    assert counts[0] == 0
    assert counts[1] > 0


def test_nothing_had_to_be_repaired(asked):
    assert asked("select repairs, count(*) from c where repairs is not null group by 1") == []
    assert asked("select repairs, count(*) from core.queue_visits where repairs is not null group by 1") == []


@pytest.mark.parametrize("column", COMPARED)
def test_contacts_are_as_they_were(asked, column):
    truth, ours = COMPARED[column]
    wrong = asked(
        f"select t.source, t.outcome, t.contact_id, {truth}, {ours} from t join c on t.contact_id = c.source_contact_id"
        f" where {truth} is distinct from {ours} order by 1, 2, 3 limit 5"
    )
    assert wrong == []


OURS = {
    "switches": "select distinct agent, state, started_at, ended_at from core.agent_switches where queue is not null"
    " and state = 'logged_in' union select agent, state, started_at, ended_at from core.agent_switches"
    " where queue is null",
    "logins": "select agent, state, started_at, ended_at from core._agent_logins",
}


@pytest.mark.parametrize("state", ["logged_in", "paused"])
@pytest.mark.parametrize("table", ["switches", "logins"])
def test_agents_were_there_as_long_as_they_were(asked, state, table):
    """Of agents of the Asterisk alone: nothing else tells of log-ins."""
    days = (
        ", days as (select unnest(generate_series(timestamptz '2025-10-25 00:00+01', '2025-11-08 00:00+00',"
        " interval 1 day)) as day)"
        f", o as ({OURS[table]}), voice as (select distinct agent from core.agent_switches)"
        f", really as (select agent, started_at, ended_at from s semi join voice using (agent) where state = '{state}')"
        f", ours as (select agent, started_at, ended_at from o where state = '{state}')"
    )
    lasting = (
        "select agent, day, sum(epoch(least(ended_at, day + interval 1 day)) - epoch(greatest(started_at, day))) as s"
        " from {of} join days on started_at < day + interval 1 day and ended_at > day group by all"
    )
    both = f", a as ({lasting.format(of='really')}), b as ({lasting.format(of='ours')})"
    assert asked(days + both + "select count(*) from a")[0][0] > 50
    assert asked(days + both + "select * from a full join b using (agent, day) where a.s is distinct from b.s") == []


def test_pauses_have_their_reasons(asked):
    ours = asked(
        "select agent, reason, started_at, ended_at from core.agent_switches where state = 'paused' order by all"
    )
    really = asked(
        "select agent, reason, started_at, ended_at from s semi join core.agent_switches using (agent)"
        " where state = 'paused' order by all"
    )
    assert ours == really
    assert {reason for _, reason, _, _ in ours} >= {"Break", "Lunch", "Auto-Pause", "Outbound"}
