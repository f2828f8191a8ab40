"""The centre as one simulated world: time, days, arrivals in, ended contacts out.

Belongs here: the event engine, days, who comes by which way, what an ended contact causes. Does not belong here: the
ways themselves (voice.py, digital.py, outbound.py), files (writers/), the home (run.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from simpy import Environment
from simpy.events import Timeout

from pipelines.simulate.agents import Agent, Roster
from pipelines.simulate.arrivals import FreshContacts, local_day, midnight, open_spans, wall
from pipelines.simulate.digital import Digital
from pipelines.simulate.facts import PlantedFacts
from pipelines.simulate.floor import Floor
from pipelines.simulate.journeys import Journey
from pipelines.simulate.outbound import Dialler
from pipelines.simulate.planted import ImpatientTier
from pipelines.simulate.scenario import Scenario
from pipelines.simulate.seam import Call, Ended, People
from pipelines.simulate.streams import Draws
from pipelines.simulate.voice import CallLog, Voice
from pipelines.simulate.work import HOSTED_SIGMA, seconds_of
from pipelines.simulate.writers.output import Output

SOURCE_OF = {"asterisk": "asterisk_queue_log", "freeswitch": "freeswitch_cdr", "chat": "chat", "email": "email"}
FRESH, PLANTED, CALLBACK = "fresh", "planted", "callback"
# By the wall clock, after the hour that clocks repeat or leave out.
MAINTAINED_S = 12_600


@dataclass(frozen=True, slots=True)
class Wave:
    """Contacts of one stream on one day: the fresh ones, or those that a planted fact brings in.

    Attributes:
        reason: What all of them are about; None: each has its own.
        tier: Whose they are; None: anybody's.
    """

    fresh: FreshContacts
    cause: str = FRESH
    reason: str | None = None
    tier: str | None = None


class Centre:
    """Simulates day after day.

    Args:
        scenario: What the centre is like.
        seed: The root seed.
        people: The customers.
        output: Where everything is written.
    """

    def __init__(self, scenario: Scenario, seed: int, people: People, output: Output) -> None:
        self._scenario, self._people, self._output = scenario, people, output
        self._zone = ZoneInfo(scenario.company.timezone)
        self._env = Environment(initial_time=midnight(scenario.starts_on, self._zone))
        self.facts = PlantedFacts(scenario)
        self.roster = Roster(scenario, seed, self.facts)
        self.floor = Floor(scenario, seed, self, output)
        self._voice = Voice(scenario, seed, self, self.floor, self.facts)
        self._digital = Digital(scenario, seed, self, self.floor, self.facts)
        self._dialler = Dialler(scenario, seed, self, self.floor, people)
        self._menu = Draws(seed, "menu")
        self._hosted_s = seconds_of(seed, "menu/hosted", scenario.menu.hosted_s, HOSTED_SIGMA)
        self._planted = Draws(seed, "planted")
        self._sites = {site.name: (site, ZoneInfo(site.timezone)) for site in scenario.sites}
        self._streams = [FreshContacts(scenario, stream, seed) for stream in scenario.streams]
        self._done_until: dict[object, date] = {}
        self._spans: dict[str, list[tuple[int, int]]] = {name: [] for name in self._sites}
        self._digital_sites: dict[str, str] = {
            queue.channel: queue.site for queue in scenario.queues if queue.channel != "voice"
        }
        output.hired(self.roster.agents)

    # --- time --------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Whole UTC seconds."""
        return int(self._env.now)

    def after(self, delay_s: int, action: Callable[..., None], *arguments: object) -> None:
        """Does it so many seconds later; at one second, what was said first comes first."""
        timeout = Timeout(self._env, delay_s)
        assert timeout.callbacks is not None
        timeout.callbacks.append(lambda _: action(*arguments))

    def run_day(self, day: date) -> None:
        """Simulates one local day of the company; ask for the days one after another."""
        end = midnight(day + timedelta(days=1), self._zone)
        self._output.begin_day(day)
        self._people.begin_day(day)
        for name, (site, zone) in self._sites.items():
            for local in self._new_days(name, zone, end):
                self._spans[name] = [s for s in self._spans[name] if s[1] >= self.now - 86_400]
                self._spans[name] += open_spans(site.hours, site.holidays, local, zone)
                self._maintain(name, local, zone)
                for shift in self.roster.shifts(name, local):
                    self._output.scheduled(shift)
                    self.floor.plan(shift)
        for fresh in self._streams:
            for local in self._new_days(fresh, fresh.zone, end):
                self._follow(iter(fresh.times(local)), Wave(fresh))
                self._plant(fresh, local)
        for attempt in self._people.campaign_attempts(day):
            if attempt.arm == "holdout":
                self._people.attempted(attempt)
            else:
                self._dialler.plan(attempt, end)
        self._env.run(until=end)
        self._people.end_day(day)
        self._output.end_day(day)

    def _maintain(self, site: str, day: date, zone: ZoneInfo) -> None:
        """Once a week configurations are read again; on the first Sunday of a month systems are started anew."""
        at = wall(day, MAINTAINED_S, zone)
        is_restart = day.isoweekday() == 7 and day.day <= 7
        if at >= self.now and (is_restart or day.isoweekday() == 1) and not self.is_open(site, at):
            self.after(at - self.now, self._maintained, site, is_restart)

    def _maintained(self, site: str, is_restart: bool) -> None:
        self._output.maintained(site, self.now, is_restart)

    def _new_days(self, of: object, zone: ZoneInfo, end: int) -> Iterator[date]:
        """Local days that begin before `end` and were not asked for yet."""
        day = self._done_until.get(of) or local_day(self.now, zone)
        while midnight(day, zone) < end:
            yield day
            day += timedelta(days=1)
        self._done_until[of] = day

    def _follow(self, times: Iterator[int], wave: Wave) -> None:
        """One alarm for the next of a day's arrivals: all of them at once would fill the engine's list."""
        for at in times:
            if at >= self.now:
                self.after(at - self.now, self._arrived, times, wave)
                return

    def _arrived(self, times: Iterator[int], wave: Wave) -> None:
        of = wave.fresh.of
        site = of.site if of.channel == "voice" else ""
        customer, number, reason, language = self._people.caller(site, of.channel, self.now, wave.tier)
        call = Call(
            "", customer, number, of.channel, site, wave.reason or reason, language, wave.cause, None, self.now
        )  # fmt: skip
        self._follow(times, wave)
        self._begin(call)

    def _plant(self, fresh: FreshContacts, day: date) -> None:
        """Contacts that a planted event brings in beside the usual ones."""
        if fresh.of.channel != "voice":
            return
        slots = fresh.expected(day)
        for fact in self.facts.clusters:
            if fact.site in (None, fresh.of.site) and fact.from_date <= day <= fact.to_date:
                count = round(fact.size * sum(mean for _, mean in slots))
                self._send(count, slots, Wave(fresh, PLANTED, fact.reason))
        for fact in self.facts.impatient:
            queue = next((q for q in self._scenario.queues if q.name == fact.queue), None)
            if queue and queue.site == fresh.of.site and fact.from_date <= day <= fact.to_date:
                more = ImpatientTier.model_validate(fact.more)
                self._send(
                    more.callers_per_day, slots, Wave(fresh, PLANTED, next(iter(queue.reasons), None), fact.tier)
                )

    def _send(self, count: int, slots: list[tuple[int, float]], wave: Wave) -> None:
        self._follow(iter(sorted(self._when(slots) for _ in range(count))), wave)

    def _when(self, slots: list[tuple[int, float]]) -> int:
        place = self._planted.uniform() * sum(mean for _, mean in slots)
        for begin, mean in slots:
            if place < mean:
                return begin + int(1800 * place / mean)
            place -= mean
        return slots[-1][0]

    def close(self, until: date) -> None:
        """The last day is over; `until` is the first that was not simulated."""
        self._people.close()
        self._output.close(self.facts, until)

    # --- contacts ----------------------------------------------------------------------------------------

    def _begin(self, call: Call, queue: str | None = None) -> None:
        """A contact is here; `queue` is where a callback was asked for."""
        call.arrived_at = self.now
        if call.cause == CALLBACK:
            self._dialler.call_back(Journey(call, "dialler", "outbound"), queue)
            return
        if call.channel != "voice":
            call.site = self._digital_sites[call.channel]
            call.contact_id = self._output.new_id(call)
            self._digital.arrive(Journey(call, call.channel))
            return
        system = self._sites[call.site][0].system
        is_contained = self._scenario.menu.contained_rate > 0 and self._menu.chance(self._scenario.menu.contained_rate)
        if is_contained:
            journey = Journey(call, "menu")
            call.contact_id = self._output.new_id(call, is_in_menu=True)
            journey.greeted_s = max(5, self._hosted_s())
            self.after(journey.greeted_s, self.finish, journey, "contained_in_ivr")
            return
        call.contact_id = self._output.new_id(call)
        journey = Journey(call, SOURCE_OF[system], tier=self._people.tier(call.customer))
        journey.fraction_us = self._output.new_fraction(call)
        self._voice.arrive(journey)

    def is_open(self, site: str, at: int) -> bool:
        """Whether a site takes contacts."""
        return any(begin <= at < end for begin, end in self._spans[site])

    def log_of(self, site: str) -> CallLog:
        """The telephone system of a site."""
        return self._output.switches[site]

    def decide(self, journey: Journey, at: int) -> None:
        """An agent is with the customer."""
        self._people.decide(journey.call, at)

    def finish(self, journey: Journey, outcome: str) -> None:
        """Writes an ended contact, and begins what it causes when its time comes."""
        journey.outcome, journey.ended_at = outcome, self.now
        ended = told(journey)
        if journey.call.cause != "campaign":
            for when, caused in self._people.ended(ended):
                self.after(max(1, when - self.now), self._begin, caused, ended.queue)
        self._output.ended(journey, ended)


def told(journey: Journey) -> Ended:
    """What the customers learn of an ended contact."""
    agent: Agent | None = journey.agent
    visits = journey.visits
    return Ended(
        journey.call,
        journey.outcome,
        visits[-1].queue if visits else None,
        agent.name if agent else None,
        sum(visit.wait_s for visit in visits),
        sum(visit.talk_s for visit in visits) + journey.talk_s,
        sum(visit.hold_s for visit in visits),
        sum(visit.wrap_s for visit in visits),
        journey.ended_at,
        sum(visit.transfer_type is not None for visit in visits),
        agent.quality() if agent else 0.0,
    )
