"""Asterisk's queue_log, as app_queue.c writes it, with the lines that dialplans add.

Belongs here: one method per event, and the ids of channels. Does not belong here: call records (asterisk_cdr.py), when
things happen (voice.py, floor.py).

Members are added by interface and speak by name; a pause of all queues is told once per queue and once for all; callers
refused by a full or empty queue leave no line, as on a stock Asterisk; those who find it closed leave the dialplan's.
"""

from __future__ import annotations

from pipelines.simulate.agents import Agent
from pipelines.simulate.journeys import Attempt, Journey, Visit
from pipelines.simulate.scenario import Scenario
from pipelines.simulate.scenario_sections import Site
from pipelines.simulate.writers.asterisk_cdr import call_records
from pipelines.simulate.writers.files import LandingFiles

_EXITS = {"abandoned": "ABANDON", "timed_out": "EXITWITHTIMEOUT", "exited_empty": "EXITEMPTY"}
CALLBACK_KEY = "1"
FIRST_QUEUE_EXTENSION = 8001


class AsteriskSwitch:
    """One Asterisk.

    Args:
        scenario: What the centre is like.
        site: Where it stands.
        files: Where its lines go.
        prefix: Of channel ids, where several Asterisks write into one folder; systemname in asterisk.conf.
    """

    def __init__(self, scenario: Scenario, site: Site, files: LandingFiles, prefix: str = "") -> None:
        self.site = site
        self._prefix = prefix
        self._files = files
        self._tiers = scenario.tiers
        self._channel_count = 0
        self._record_count = 0
        self.extensions = {queue.name: str(FIRST_QUEUE_EXTENSION + n) for n, queue in enumerate(scenario.queues)}
        self.timeouts = {queue.name: queue.timeout_s or 3600 for queue in scenario.queues}

    def _line(self, at: int, call_id: str, queue: str, agent: str, event: str, data: str = "") -> None:
        self._files.add("asterisk_queue_log", "queue_log-{day}", f"{at}|{call_id}|{queue}|{agent}|{event}|{data}\n")

    def new_channel(self, at: int) -> str:
        """A uniqueid: the second of its creation and a number."""
        self._channel_count += 1
        return f"{self._prefix}{at}.{self._channel_count}"

    def restarted(self, at: int, event: str) -> None:
        """QUEUESTART or CONFIGRELOAD."""
        self._line(at, "NONE", "NONE", "NONE", event)

    # --- agents ------------------------------------------------------------------------------------------

    def log_in(self, agent: Agent, at: int) -> None:
        """A line per queue."""
        for queue in agent.queues:
            self._line(at, "MANAGER", queue, agent.interface, "ADDMEMBER")

    def log_out(self, agent: Agent, at: int) -> None:
        """A line per queue."""
        for queue in agent.queues:
            self._line(at, "MANAGER", queue, agent.interface, "REMOVEMEMBER")

    def pause(self, agent: Agent, reason: str, at: int) -> None:
        """A line per queue, and one for all."""
        for queue in agent.queues:
            self._line(at, "NONE", queue, agent.name, "PAUSE", reason)
        self._line(at, "NONE", "NONE", agent.name, "PAUSEALL", reason)

    def unpause(self, agent: Agent, reason: str, at: int) -> None:
        """A line per queue, and one for all."""
        for queue in agent.queues:
            self._line(at, "NONE", queue, agent.name, "UNPAUSE", reason)
        self._line(at, "NONE", "NONE", agent.name, "UNPAUSEALL", reason)

    # --- callers -----------------------------------------------------------------------------------------

    def refused(self, visit: Visit) -> None:
        """Only the dialplan tells, and only of a closed queue."""
        if visit.outcome == "closed":
            number = visit.journey.call.number
            self._line(visit.entered_at, visit.call_id, visit.queue, "NONE", "CLOSED", number)

    def entered(self, visit: Visit) -> None:
        """The number dialled, what the router said, and the entry."""
        at, journey = visit.entered_at, visit.journey
        if visit is journey.visits[0]:
            self._line(at, visit.call_id, visit.queue, "NONE", "DID", self.site.number)
            self._line(at, visit.call_id, visit.queue, "NONE", "SCORE", self._score(journey.tier))
        self._line(at, visit.call_id, visit.queue, "NONE", "ENTERQUEUE", f"|{journey.call.number}|{visit.position_in}")

    def _score(self, tier: str | None) -> str:
        if tier is None:
            return "unknown|0|none|1|default:-"
        return f"{tier}|{self._tiers.treatment_of(tier).priority:g}|none|1|rule:tier"

    def missed(self, visit: Visit, attempt: Attempt, is_canceled: bool) -> None:
        """Rang in vain, in milliseconds."""
        ring_ms = (attempt.ended_at - attempt.started_at) * 1000
        event = "RINGCANCELED" if is_canceled else "RINGNOANSWER"
        self._line(attempt.ended_at, visit.call_id, visit.queue, attempt.agent.name, event, str(ring_ms))

    def connected(self, visit: Visit) -> None:
        """Wait, the agent's channel, ring."""
        attempt = visit.attempts[-1]
        data = f"{visit.wait_s}|{attempt.channel_id}|{visit.ring_s}"
        self._line(visit.answered_at, visit.call_id, visit.queue, attempt.agent.name, "CONNECT", data)

    def left(self, visit: Visit) -> None:
        """However the visit ended."""
        at, write = visit.left_at, self._line
        if visit.agent is None:
            places = f"{visit.position_out}|{visit.position_in}|{visit.wait_s}"
            if visit.outcome == "exited_by_key":
                write(at, visit.call_id, visit.queue, "NONE", "EXITWITHKEY", f"{CALLBACK_KEY}|{places}")
            else:
                write(at, visit.call_id, visit.queue, "NONE", _EXITS[visit.outcome], places)
            return
        ends = f"{visit.wait_s}|{at - visit.answered_at}|{visit.position_in}"
        name = visit.agent.name
        if visit.transfer_type == "blind":
            exten = self.extensions.get(visit.transfer_to or "", visit.transfer_to)
            write(at, visit.call_id, visit.queue, name, "BLINDTRANSFER", f"{exten}|from-internal|{ends}")
        elif visit.transfer_type == "attended":
            bridge = f"bridge-{visit.attempts[-1].channel_id.replace('.', '-')}"
            write(at, visit.call_id, visit.queue, name, "ATTENDEDTRANSFER", f"BRIDGE|{bridge}|{ends}")
        else:
            event = "COMPLETEAGENT" if visit.ended_by == "agent" else "COMPLETECALLER"
            write(at, visit.call_id, visit.queue, name, event, ends)

    def ended(self, journey: Journey) -> None:
        """The call records of a call that is over."""
        for record in call_records(self, journey):
            self._record_count += 1
            self._files.add("asterisk_cdr", "Master.csv-{month}", f"{record},{self._record_count}\n")
