"""Chats and e-mails: several chats to an agent, e-mails when nobody chats.

Belongs here: how they wait and are handled. Does not belong here: calls (voice.py), shifts and pauses (floor.py), how
they are exported (writers/output.py).
"""

from __future__ import annotations

from collections import deque

from pipelines.simulate.agents import BUSY, IDLE, OFF, PAUSED, Agent
from pipelines.simulate.facts import PlantedFacts
from pipelines.simulate.floor import Floor
from pipelines.simulate.journeys import Journey, Visit
from pipelines.simulate.scenario import Scenario
from pipelines.simulate.scenario_sections import Queue
from pipelines.simulate.streams import Draws
from pipelines.simulate.voice import Centre
from pipelines.simulate.work import Work


class Digital:
    """The chat and e-mail desks.

    Args:
        scenario: What the centre is like.
        seed: The root seed.
        centre: Time, and who is to be told.
        floor: The agents' states.
        facts: Who takes longer.
    """

    def __init__(self, scenario: Scenario, seed: int, centre: Centre, floor: Floor, facts: PlantedFacts) -> None:
        self._scenario, self._centre, self._floor, self._facts = scenario, centre, floor, facts
        self._draw = Draws(seed, "digital")
        self._patience = scenario.patience.hazard
        self._work = {queue.name: Work(queue, seed) for queue in scenario.queues if queue.channel != "voice"}
        self._waiting: dict[str, deque[Visit]] = {q.name: deque() for q in scenario.queues if q.channel != "voice"}
        self._queues = {queue.name: queue for queue in scenario.queues}
        self._desk: dict[str, Queue] = {queue.channel: queue for queue in reversed(scenario.queues)}
        self._present: dict[Agent, None] = {}
        self._visit_count = 0
        floor.digital_free = self._free

    def arrive(self, journey: Journey) -> None:
        """A chat is opened, or an e-mail comes in."""
        spec = self._desk[journey.call.channel]
        if spec.channel == "chat" and not self._centre.is_open(spec.site, self._centre.now):
            journey.note = "closed"
            self._centre.finish(journey, "blocked")
            return
        now = self._centre.now
        self._visit_count += 1
        visit = Visit(journey, spec.name, now, now, self._visit_count, journey.call.contact_id)
        journey.visits.append(visit)
        self._waiting[spec.name].append(visit)
        if spec.channel == "chat":
            wait_s = self._patience.time_at(self._draw.exponential(1.0) * spec.patience)
            self._centre.after(max(1, round(wait_s)), self._give_up, visit)
        self._dispatch(spec.name)

    def _give_up(self, visit: Visit) -> None:
        if visit.agent is not None or visit.outcome:
            return
        self._waiting[visit.queue].remove(visit)
        visit.outcome, visit.ended_by, visit.left_at = "abandoned", "caller", self._centre.now
        self._centre.finish(visit.journey, "abandoned")

    # --- agents ------------------------------------------------------------------------------------------

    def _free(self, agent: Agent) -> None:
        """An agent has nothing to do: whatever waits is his, e-mails last."""
        self._present[agent] = None
        for name in agent.queues:
            if name in self._waiting:
                while self._waiting[name] and self._takes(agent, self._queues[name]):
                    self._begin(self._waiting[name].popleft(), agent)

    def _takes(self, agent: Agent, spec: Queue) -> bool:
        if agent.state in (OFF, PAUSED) or agent.pending or agent.is_on_email or spec.name not in agent.queues:
            return False
        return agent.load < agent.team.concurrency if spec.channel == "chat" else agent.load == 0

    def _dispatch(self, name: str) -> None:
        waiting, spec = self._waiting[name], self._queues[name]
        while waiting:
            able = (agent for agent in self._present if self._takes(agent, spec))
            # Nobody has less to do than nothing: the first such is taken, without asking all.
            best: Agent | None = None
            for agent in able:
                if best is None or agent.load < best.load:
                    best = agent
                    if best.load == 0:
                        break
            if best is None:
                return
            self._begin(waiting.popleft(), best)

    def _begin(self, visit: Visit, agent: Agent) -> None:
        now, journey, spec = self._centre.now, visit.journey, self._queues[visit.queue]
        agent.state = BUSY
        agent.load += 1
        agent.is_on_email = spec.channel == "email"
        agent.contact_count += 1
        visit.agent, visit.answered_at = agent, now
        journey.agent = agent
        self._centre.decide(journey, now)
        factor = agent.pace(self._scenario.agents.slow) * self._facts.length(agent.site, now)
        visit.talk_s, visit.hold_s, visit.wrap_s = self._work[spec.name].next(factor)
        self._centre.after(visit.talk_s, self._end, visit)

    def _end(self, visit: Visit) -> None:
        visit.outcome, visit.ended_by, visit.left_at = "answered", "agent", self._centre.now
        self._centre.after(visit.wrap_s, self._wrapped, visit.agent)
        self._centre.finish(visit.journey, "answered")

    def _wrapped(self, agent: Agent) -> None:
        agent.load -= 1
        agent.is_on_email = False
        if agent.load == 0:
            self._present.pop(agent, None)
            self._floor.settle(agent)
            if agent.state == IDLE:
                self._present[agent] = None
        elif not agent.pending:
            for name in agent.queues:
                if name in self._waiting:
                    self._dispatch(name)
