"""Outbound calls through the dialler: lists of campaigns, and callbacks to those who asked for one.

Belongs here: when they are dialled, by whom, and what came of it. Does not belong here: who is on a list and why
(people.py), the dialler's export (writers/output.py).
"""

from __future__ import annotations

from pipelines.simulate.agents import Agent
from pipelines.simulate.floor import Floor
from pipelines.simulate.journeys import Journey
from pipelines.simulate.scenario import Scenario
from pipelines.simulate.seam import Call, CampaignAttempt, People
from pipelines.simulate.streams import Draws
from pipelines.simulate.voice import Centre
from pipelines.simulate.work import seconds_of

OUTBOUND = "Outbound"


class Dialler:
    """Calls customers when agents are free for it; the agents are paused for the telephone system meanwhile.

    Args:
        scenario: What the centre is like.
        seed: The root seed.
        centre: Time, and who is to be told.
        floor: The agents.
        people: Who is told of attempts.
    """

    def __init__(self, scenario: Scenario, seed: int, centre: Centre, floor: Floor, people: People) -> None:
        self._spec, self._centre, self._floor, self._people = scenario.outbound, centre, floor, people
        self._draw = Draws(seed, "outbound")
        self._ring_s = seconds_of(seed, "outbound/ring", self._spec.ring_s)
        self._talk_s = seconds_of(seed, "outbound/talk", self._spec.talk_s, self._spec.talk_sigma)
        self._call_count = 0

    def plan(self, attempt: CampaignAttempt, until: int) -> None:
        """Dials an entry of a list when its time has come, and an agent is free before `until`."""
        self._centre.after(max(0, attempt.dial_at - self._centre.now), self._try, attempt, until)

    def _try(self, attempt: CampaignAttempt, until: int) -> None:
        now = self._centre.now
        if now >= until:
            self._people.attempted(attempt)
            return
        agent = None
        if self._centre.is_open(attempt.site, now):
            agent = self._floor.take_idle(attempt.site, self._spec.idle_reserve)
        if agent is None:
            self._centre.after(self._spec.retry_s, self._try, attempt, until)
            return
        attempt.dialled_at, attempt.contact_id = now, self._id()
        call = Call(
            attempt.contact_id, attempt.customer, attempt.number, "voice", attempt.site, "campaign", "",
            "campaign", None, now,
        )  # fmt: skip
        self._dial(Journey(call, "dialler", "outbound"), agent, attempt)

    def call_back(self, journey: Journey, queue: str | None) -> None:
        """Calls a customer who asked for it, as soon as an agent of the queue is free."""
        agent = self._floor.take_idle(journey.call.site, 0, queue)
        if agent is not None:
            journey.call.contact_id, journey.call.arrived_at = self._id(), self._centre.now
            self._dial(journey, agent, None)
        elif self._centre.now - journey.call.arrived_at < 4 * 3600:
            self._centre.after(self._spec.retry_s, self.call_back, journey, queue)

    def _id(self) -> str:
        self._call_count += 1
        return f"DL{self._call_count:08d}"

    def _dial(self, journey: Journey, agent: Agent, attempt: CampaignAttempt | None) -> None:
        self._floor.pause(agent, OUTBOUND, 0)
        rate = self._spec.callback_rate
        if attempt is not None:
            rate = self._people.answer_rate(attempt.customer, self._centre.now)
        journey.agent = agent
        journey.greeted_s = max(2, self._ring_s())
        if self._draw.chance(rate):
            journey.talk_s = max(3, self._talk_s())
        self._centre.after(journey.greeted_s + journey.talk_s, self._ended, journey, attempt)

    def _ended(self, journey: Journey, attempt: CampaignAttempt | None) -> None:
        agent = journey.agent
        assert agent is not None
        if attempt is not None:
            attempt.connected = journey.talk_s > 0
            attempt.talk_s = journey.talk_s
            if attempt.connected:
                attempt.agent, attempt.agent_skill = agent.name, agent.quality()
        self._centre.finish(journey, "answered" if journey.talk_s else "failed")
        if attempt is not None:
            self._people.attempted(attempt)
        self._centre.after(5, self._floor.resume, agent)
