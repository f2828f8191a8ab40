"""A call's way: greeting, queue, ringing, talk, transfer, end.

Belongs here: what happens to a caller and when. Does not belong here: who is free (floor.py), what is written of it
(writers/), who calls (people.py).
"""

from __future__ import annotations

import math
from typing import Protocol

from pipelines.simulate.agents import Agent
from pipelines.simulate.facts import PlantedFacts
from pipelines.simulate.floor import Clock, Floor, Line
from pipelines.simulate.journeys import Attempt, Journey, Visit
from pipelines.simulate.scenario import Scenario
from pipelines.simulate.scenario_sections import Queue
from pipelines.simulate.streams import Draws
from pipelines.simulate.work import Greetings, Work, seconds_of

AUTO_PAUSE = "Auto-Pause"
OUTSIDE = "6001"  # the back office, where calls of a site without other queues are sent on to
CONSULTS_S = 90


class CallLog(Protocol):
    """What a telephone system tells of its queues while a call lasts; it tells the rest when the call is over."""

    def refused(self, visit: Visit) -> None:
        """The queue was closed, full, or without agents."""
        ...

    def entered(self, visit: Visit) -> None:
        """The caller is in the queue."""
        ...

    def missed(self, visit: Visit, attempt: Attempt, is_canceled: bool) -> None:
        """A telephone rang in vain; or until the caller was gone."""
        ...

    def connected(self, visit: Visit) -> None:
        """An agent answered."""
        ...

    def left(self, visit: Visit) -> None:
        """The visit is over, however it ended."""
        ...

    def new_channel(self, at: int) -> str:
        """The id of one more channel."""
        ...


class Centre(Clock, Protocol):
    """What a call needs of the centre."""

    def is_open(self, site: str, at: int) -> bool:
        """Whether a site takes calls."""
        ...

    def log_of(self, site: str) -> CallLog:
        """The telephone system of a site."""
        ...

    def decide(self, journey: Journey, at: int) -> None:
        """An agent is with the customer."""
        ...

    def finish(self, journey: Journey, outcome: str) -> None:
        """The contact is over."""
        ...


class Voice:
    """The calls of all sites.

    Args:
        scenario: What the centre is like.
        seed: The root seed.
        centre: Time, logs, and who is to be told.
        floor: Agents and queues.
        facts: Who loses patience, and who talks longer.
    """

    def __init__(self, scenario: Scenario, seed: int, centre: Centre, floor: Floor, facts: PlantedFacts) -> None:
        self._scenario, self._centre, self._floor, self._facts = scenario, centre, floor, facts
        self._greetings = Greetings(scenario.menu, seed)
        self._waits = Draws(seed, "voice/patience")
        self._rings = Draws(seed, "voice/rings")
        self._talks = Draws(seed, "voice/talks")
        self._ring_s = seconds_of(seed, "voice/ring", scenario.ringing.answer_s)
        self._work = {queue.name: Work(queue, seed) for queue in scenario.queues if queue.channel == "voice"}
        self._patience = scenario.patience.hazard
        self._sites = {site.name: site for site in scenario.sites}
        self._queue_of = scenario.queues_by_reason()
        self._visit_count = 0
        floor.offer, floor.emptied = self.offer, self._emptied

    # --- before the queue --------------------------------------------------------------------------------

    def arrive(self, journey: Journey) -> None:
        """A caller reaches the switch."""
        call = journey.call
        journey.greeted_s, is_leaving = self._greetings.next()
        if not self._centre.is_open(call.site, call.arrived_at):
            self._centre.after(journey.greeted_s, self._closed, journey)
        elif is_leaving:
            self._centre.after(journey.greeted_s, self._left, journey)
        else:
            queue = self.queue_for(call.site, call.reason)
            self._centre.after(journey.greeted_s, self._enter, journey, queue, call.contact_id, None)

    def queue_for(self, site: str, reason: str) -> str:
        """Where a reason is dealt with at a site."""
        return self._queue_of.get((site, reason)) or self._queue_of[site, ""]

    def _closed(self, journey: Journey) -> None:
        journey.note = "closed"
        if self._sites[journey.call.site].system == "freeswitch":
            self._centre.finish(journey, "failed")
            return
        visit = self._visit(journey, self.queue_for(journey.call.site, journey.call.reason), journey.call.contact_id)
        self._refuse(visit, "closed")

    def _left(self, journey: Journey) -> None:
        journey.note = "left"
        self._centre.finish(journey, "abandoned_in_ivr")

    # --- in the queue ------------------------------------------------------------------------------------

    def _visit(self, journey: Journey, queue: str, call_id: str) -> Visit:
        now = self._centre.now
        self._visit_count += 1
        head_start_s = round(self._scenario.tiers.treatment_of(journey.tier).head_start_s) if journey.tier else 0
        visit = Visit(journey, queue, now, now - head_start_s, self._visit_count, call_id)
        journey.visits.append(visit)
        return visit

    def _enter(self, journey: Journey, queue: str, call_id: str, consulted_by: Agent | None) -> None:
        line = self._floor.lines[queue]
        visit = self._visit(journey, queue, call_id)
        visit.consulted_by = consulted_by
        refusal = self._refusal(line)
        if refusal:
            self._refuse(visit, refusal)
            return
        line.join(visit)
        self._centre.log_of(journey.call.site).entered(visit)
        wait_s, end = self._give_up(visit, line.spec)
        self._centre.after(wait_s, self._leave, visit, end)
        self._floor.dispatch(line)

    def _refusal(self, line: Line) -> str:
        if line.spec.needs_agents and line.member_count == 0:
            return "join_empty"
        return "full" if line.spec.max_waiting and len(line.waiting) >= line.spec.max_waiting else ""

    def _refuse(self, visit: Visit, outcome: str) -> None:
        journey, site = visit.journey, self._sites[visit.journey.call.site]
        if site.system == "freeswitch":  # mod_callcenter refuses nobody: he is in, and out again
            outcome = "exited_empty" if outcome == "join_empty" else "timed_out"
        visit.outcome, visit.left_at, visit.ended_by = outcome, visit.entered_at, "system"
        self._centre.log_of(site.name).refused(visit)
        answered = any(v.outcome == "answered" for v in journey.visits)
        end = outcome if site.system == "freeswitch" else "blocked"
        self._centre.finish(journey, "answered" if answered else end)

    def _give_up(self, visit: Visit, spec: Queue) -> tuple[int, str]:
        """When and how this wait will end, if nobody answers."""
        if visit.consulted_by is not None:
            return CONSULTS_S, "abandoned"
        hazard = self._facts.impatience(visit.queue, visit.journey.tier, visit.entered_at) / spec.patience
        found = [(self._patience.time_at(self._waits.exponential(1.0) / hazard), "abandoned")]
        if spec.key_rate:
            found.append((60 * self._waits.exponential(1.0) / -math.log1p(-spec.key_rate), "exited_by_key"))
        if spec.timeout_s:
            found.append((float(spec.timeout_s), "timed_out"))
        wait_s, end = min(found)
        return max(1 if self._scenario.ringing.answer_s else 0, round(wait_s)), end

    def _leave(self, visit: Visit, outcome: str) -> None:
        if visit.outcome or visit.agent is not None:
            return
        now, journey = self._centre.now, visit.journey
        log = self._centre.log_of(journey.call.site)
        rung = visit.ringing
        if rung is not None:
            attempt = Attempt(rung, visit.ringing_since, now, False)
            visit.attempts.append(attempt)
            visit.ringing, visit.offer = None, visit.offer + 1
            log.missed(visit, attempt, True)
        self._floor.lines[visit.queue].leave(visit)
        visit.outcome, visit.left_at = outcome, now
        visit.ended_by = "caller" if outcome in ("abandoned", "exited_by_key") else "system"
        log.left(visit)
        if visit.consulted_by is not None:
            self._consulted_in_vain(journey.visits[0], visit)
        else:
            answered = any(v.outcome == "answered" for v in journey.visits)
            self._centre.finish(journey, "answered" if answered else outcome)
        if rung is not None:
            self._floor.settle(rung)

    def _emptied(self, line: Line) -> None:
        for _, _, visit in list(line.waiting):
            self._leave(visit, "exited_empty")

    # --- with an agent -----------------------------------------------------------------------------------

    def offer(self, visit: Visit, agent: Agent) -> None:
        """An agent's telephone rings."""
        ringing = self._scenario.ringing
        visit.ringing, visit.ringing_since = agent, self._centre.now
        visit.offer += 1
        if ringing.answer_s == 0:
            self._connect(visit)
            return
        is_missed = not agent.contact_limit and self._rings.chance(ringing.missed_rate)
        ring_s = ringing.missed_s if is_missed else self._ring_s()
        self._centre.after(ring_s, self._rung, visit, visit.offer, is_missed)

    def _rung(self, visit: Visit, offer: int, is_missed: bool) -> None:
        agent = visit.ringing
        if visit.offer != offer or agent is None:
            return  # the caller was gone
        if not is_missed:
            self._connect(visit)
            return
        attempt = Attempt(agent, visit.ringing_since, self._centre.now, False)
        visit.attempts.append(attempt)
        visit.ringing = None
        self._centre.log_of(visit.journey.call.site).missed(visit, attempt, False)
        self._floor.pause(agent, AUTO_PAUSE, 30 + self._rings.below(270))
        self._floor.dispatch(self._floor.lines[visit.queue])

    def _connect(self, visit: Visit) -> None:
        now, journey, agent = self._centre.now, visit.journey, visit.ringing
        assert agent is not None
        line = self._floor.lines[visit.queue]
        line.leave(visit)
        visit.ringing, visit.agent, visit.answered_at = None, agent, now
        visit.ring_s = now - visit.ringing_since
        log = self._centre.log_of(journey.call.site)
        visit.attempts.append(Attempt(agent, visit.ringing_since, now, True, log.new_channel(visit.ringing_since)))
        agent.contact_count += 1
        log.connected(visit)
        if journey.agent is None:
            self._centre.decide(journey, now)
        journey.agent = agent
        factor = agent.pace(self._scenario.agents.slow) * self._facts.length(agent.site, now)
        visit.talk_s, visit.hold_s, visit.wrap_s = self._work[visit.queue].next(factor)
        target = self._transfer_target(visit, line.spec)
        is_attended = target != OUTSIDE and self._talks.chance(line.spec.attended_rate)
        talk_s = visit.talk_s + visit.hold_s
        if visit.consulted_by is not None:
            # The colleague puts him through after a word with him; his own talk goes on.
            told_s = min(talk_s - 1, 10 + self._talks.below(30)) if talk_s > 1 else 0
            self._centre.after(told_s, self._put_through, visit)
        if target and is_attended:
            self._centre.after(talk_s, self._consult, visit, target)
        else:
            self._centre.after(talk_s, self._talked, visit, target)

    def _transfer_target(self, visit: Visit, spec: Queue) -> str | None:
        """Another queue that takes calls now and was not visited yet; each contact is sent on once at most."""
        journey, agent = visit.journey, visit.agent
        if agent is not None and agent.contact_limit:
            return None  # a guest brings to an end what he begins
        if len(journey.visits) > 1 or not spec.transfer_rate or not self._talks.chance(spec.transfer_rate):
            return None
        if not spec.transfer_to:
            return OUTSIDE
        target = spec.transfer_to[self._talks.below(len(spec.transfer_to))]
        return target if target != visit.queue and not self._refusal(self._floor.lines[target]) else None

    def _consult(self, visit: Visit, target: str) -> None:
        """The agent calls another queue while the customer is on hold."""
        if self._refusal(self._floor.lines[target]):
            self._talked(visit, None)
            return
        channel = self._centre.log_of(visit.journey.call.site).new_channel(self._centre.now)
        self._enter(visit.journey, target, channel, visit.agent)

    def _consulted_in_vain(self, visit: Visit, consult: Visit) -> None:
        """Nobody answered in the other queue: back to the customer, and good-bye."""
        visit.hold_s += consult.left_at - consult.entered_at
        visit.talk_s += 5
        self._centre.after(5, self._talked, visit, None)

    def _put_through(self, consult: Visit) -> None:
        """The customer and the second agent are connected; the first is free."""
        first = consult.journey.visits[0]
        first.hold_s += self._centre.now - consult.entered_at
        first.transfer_type, first.transfer_to = "attended", consult.queue
        self._over(first, "transfer")

    def _talked(self, visit: Visit, target: str | None) -> None:
        journey = visit.journey
        if target is None:
            self._over(visit, "agent" if self._talks.chance(0.3) else "caller")
            self._centre.finish(journey, "answered")
            return
        visit.transfer_type, visit.transfer_to = "blind", target
        self._over(visit, "transfer")
        if target == OUTSIDE:
            self._centre.finish(journey, "answered")
        else:
            self._centre.after(2, self._enter, journey, target, journey.call.contact_id, None)

    def _over(self, visit: Visit, ended_by: str) -> None:
        visit.outcome, visit.ended_by, visit.left_at = "answered", ended_by, self._centre.now
        self._centre.log_of(visit.journey.call.site).left(visit)
        agent = visit.agent
        assert agent is not None
        if visit.wrap_s:
            self._centre.after(visit.wrap_s, self._floor.settle, agent)
        else:
            self._floor.settle(agent)
