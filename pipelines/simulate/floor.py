"""The floor: who is logged in, paused, busy or free, who waits in which queue, and who gets whom.

Belongs here: states of agents, queues, skills and priorities. Does not belong here: what happens to a contact that was
given to an agent (voice.py, digital.py), plans of shifts (agents.py).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from typing import Protocol

from pipelines.simulate.agents import BUSY, IDLE, OFF, PAUSED, Agent, Shift
from pipelines.simulate.journeys import Visit
from pipelines.simulate.scenario import Scenario
from pipelines.simulate.scenario_sections import Queue
from pipelines.simulate.streams import Draws
from pipelines.simulate.work import seconds_of

LOG_OUT = ""
RECALL_SIGMA = 0.6


class Clock(Protocol):
    """The time, and what is to be done later."""

    @property
    def now(self) -> int:
        """Whole UTC seconds."""
        ...

    def after(self, delay_s: int, action: Callable[..., None], *arguments: object) -> None:
        """Does it so many seconds later."""
        ...


class AgentLog(Protocol):
    """What is told of agents' states."""

    def log_in(self, agent: Agent, at: int) -> None:
        """The agent logged in to all his queues."""
        ...

    def log_out(self, agent: Agent, at: int) -> None:
        """He logged out of them."""
        ...

    def pause(self, agent: Agent, reason: str, at: int) -> None:
        """He takes no contacts for a while."""
        ...

    def unpause(self, agent: Agent, reason: str, at: int) -> None:
        """He takes contacts again."""
        ...


class Line:
    """One queue's callers, best place first, its free agents, longest idle first, and those at other work.

    Args:
        spec: The queue.
    """

    def __init__(self, spec: Queue) -> None:
        self.spec = spec
        self.name = spec.name
        self.waiting: list[tuple[int, int, Visit]] = []
        self.idle: dict[Agent, None] = {}
        self.aside: dict[Agent, None] = {}
        self.member_count = 0

    def join(self, visit: Visit) -> None:
        """Takes a place; `position_in` is set."""
        entry = (visit.key, visit.number, visit)
        insort(self.waiting, entry)
        visit.position_in = self.waiting.index(entry) + 1

    def leave(self, visit: Visit) -> None:
        """Gives the place up; `position_out` is set."""
        position = self.waiting.index((visit.key, visit.number, visit))
        visit.position_out = position + 1
        del self.waiting[position]

    def next_waiting(self) -> Visit | None:
        """The first for whom nobody's telephone rings."""
        return next((visit for _, _, visit in self.waiting if visit.ringing is None), None)


class Floor:
    """All queues and agents of the telephone.

    Args:
        scenario: What the centre is like.
        seed: The root seed.
        clock: The time.
        log: What is told of agents.
    """

    def __init__(self, scenario: Scenario, seed: int, clock: Clock, log: AgentLog) -> None:
        self.lines = {queue.name: Line(queue) for queue in scenario.queues}
        self.idle_at: dict[str, dict[Agent, None]] = {site.name: {} for site in scenario.sites}
        self.aside_at: dict[str, dict[Agent, None]] = {site.name: {} for site in scenario.sites}
        self._blending = scenario.blending
        self._recall_s = seconds_of(seed, "floor/recall", scenario.blending.recall_s, RECALL_SIGMA)
        self._clock = clock
        self._log = log
        self._draw = Draws(seed, "floor")
        self._is_steady = scenario.agents.is_always_there
        self.offer: Callable[[Visit, Agent], None]
        self.emptied: Callable[[Line], None]
        self.digital_free: Callable[[Agent], None]

    def plan(self, shift: Shift) -> None:
        """Sets the alarms of a shift: log-ins, breaks, log-outs."""
        now, agent = self._clock.now, shift.agent
        for begin, end in shift.present:
            if end > now:
                self._clock.after(max(0, begin - now), self._come, agent)
                if not self._is_steady:
                    self._clock.after(end - now, self._ask, agent, LOG_OUT, 0)
        for begin, length_s, reason, _, is_planned in shift.rests:
            later_s = round(90 * self._draw.normal()) if is_planned else 0
            length_s = max(20, round(length_s * (1 + 0.06 * self._draw.normal()))) if is_planned else length_s
            if begin + later_s > now:
                self._clock.after(begin + later_s - now, self._ask, agent, reason, length_s)

    # --- states of agents --------------------------------------------------------------------------------

    def _come(self, agent: Agent) -> None:
        if agent.state != OFF:
            agent.pending = [wish for wish in agent.pending if wish[0] != LOG_OUT]
            return
        agent.logged_in_at = self._clock.now
        agent.pending.clear()
        self._log.log_in(agent, agent.logged_in_at)
        for name in agent.queues:
            self.lines[name].member_count += 1
        self.settle(agent)

    def _ask(self, agent: Agent, reason: str, length_s: int) -> None:
        """A break or the way home: at once for who is free or at other work, else when the contact is over."""
        if agent.state == OFF:
            return
        agent.pending.append((reason, length_s))
        if agent.state == IDLE:
            self._occupy(agent)
            self.settle(agent)
        elif agent in self.aside_at[agent.site]:
            self._end_aside(agent)
            self.resume(agent)

    def pause(self, agent: Agent, reason: str, length_s: int) -> None:
        """Pauses a busy agent for so long; 0: until `resume`."""
        agent.state, agent.reason, agent.paused_at = PAUSED, reason, self._clock.now
        self._log.pause(agent, reason, agent.paused_at)
        if length_s:
            self._clock.after(length_s, self.resume, agent)

    def resume(self, agent: Agent) -> None:
        """Ends a pause."""
        self._log.unpause(agent, agent.reason, self._clock.now)
        self.settle(agent)

    def settle(self, agent: Agent) -> None:
        """The agent has nothing to do: what he wished to do comes first, else the next contact."""
        agent.state = BUSY
        if agent.contact_limit and agent.contact_count >= agent.contact_limit:
            agent.pending = [(LOG_OUT, 0)]
        if agent.pending:
            reason, length_s = agent.pending.pop(0)
            if reason == LOG_OUT:
                self._go(agent)
            else:
                self.pause(agent, reason, length_s)
            return
        agent.state = IDLE
        if agent.team.channel == "digital":
            self.digital_free(agent)
            return
        visit = self._best_for(agent)
        if visit is not None:
            agent.state = BUSY
            self.offer(visit, agent)
            return
        self.idle_at[agent.site][agent] = None
        for name in agent.queues:
            self.lines[name].idle[agent] = None
        agent.idle_count += 1
        if self._blending.after_s:
            self._clock.after(self._blending.after_s, self._turn_aside, agent, agent.idle_count)

    # --- other work between calls ------------------------------------------------------------------------

    def _turn_aside(self, agent: Agent, idle_count: int) -> None:
        """Nobody has needed the agent for a while, unless he was busy in between."""
        if agent.state != IDLE or agent.idle_count != idle_count:
            return
        self._occupy(agent)
        self.pause(agent, self._blending.reason, 0)
        self.aside_at[agent.site][agent] = None
        for name in agent.queues:
            self.lines[name].aside[agent] = None

    def _end_aside(self, agent: Agent) -> None:
        del self.aside_at[agent.site][agent]
        for name in agent.queues:
            del self.lines[name].aside[agent]

    def recall(self, line: Line) -> None:
        """A caller waits and nobody is free: who is longest at other work finishes what he is at, and comes."""
        agent = next(iter(line.aside), None)
        if agent is not None:
            self._end_aside(agent)
            self._clock.after(self._recall_s(), self._recalled, agent, line)

    def _recalled(self, agent: Agent, line: Line) -> None:
        goes_elsewhere = bool(agent.pending)
        self.resume(agent)
        if goes_elsewhere and line.next_waiting() is not None:
            self.recall(line)

    def _go(self, agent: Agent) -> None:
        agent.state = OFF
        agent.pending.clear()
        self._log.log_out(agent, self._clock.now)
        for name in agent.queues:
            line = self.lines[name]
            line.member_count -= 1
            if line.member_count == 0 and line.waiting and line.spec.needs_agents:
                self.emptied(line)

    def _occupy(self, agent: Agent) -> None:
        agent.state = BUSY
        self.idle_at[agent.site].pop(agent, None)
        for name in agent.queues:
            self.lines[name].idle.pop(agent, None)

    # --- who gets whom -----------------------------------------------------------------------------------

    def _best_for(self, agent: Agent) -> Visit | None:
        best: Visit | None = None
        for name in agent.queues:
            line = self.lines[name]
            if line.waiting:
                visit = line.next_waiting()
                if visit is not None and (best is None or (visit.key, visit.number) < (best.key, best.number)):
                    best = visit
        return best

    def dispatch(self, line: Line) -> None:
        """Gives waiting callers to free agents, as far as there are both; else somebody is called."""
        while (visit := line.next_waiting()) is not None:
            if not line.idle:
                self.recall(line)
                return
            agent = next(iter(line.idle))
            self._occupy(agent)
            self.offer(visit, agent)

    def take_idle(self, site: str, reserve: int, queue: str | None = None) -> Agent | None:
        """An agent for something else than a queue, if more than `reserve` are free or at other work.

        He is busy from now on.
        """
        if len(self.idle_at[site]) + len(self.aside_at[site]) <= reserve:
            return None
        idle, aside = (self.idle_at[site], self.aside_at[site])
        if queue:
            idle, aside = self.lines[queue].idle, self.lines[queue].aside
        if idle:
            agent = next(iter(idle))
            self._occupy(agent)
        elif aside:
            agent = next(iter(aside))
            self._end_aside(agent)
            self._log.unpause(agent, agent.reason, self._clock.now)
            agent.state = BUSY
        else:
            return None
        return agent
