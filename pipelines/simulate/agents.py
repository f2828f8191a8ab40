"""Agents: who they are, how good and how fast, and when they are meant to work.

Belongs here: the roster, learning, shifts with their breaks. Does not belong here: what an agent does at this moment
(floor.py), contacts (voice.py, digital.py).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from pipelines.settings_values import span_s
from pipelines.simulate.arrivals import open_spans, wall
from pipelines.simulate.draws import LognormalSeconds
from pipelines.simulate.facts import PlantedFacts
from pipelines.simulate.scenario import Scenario
from pipelines.simulate.scenario_sections import Break, Fact, Team
from pipelines.simulate.streams import Draws, seconds

OFF, IDLE, BUSY, PAUSED = range(4)
SHORTEST_SHIFT_S = 7200
# Staff of the last shift stay until the last callers are served, or so long.
STAYS_S = 240
REST_SIGMA = 0.5


@dataclass(eq=False, slots=True)
class Agent:
    """An agent; `state` and what follows it belong to floor.py.

    Attributes:
        interface: How the telephone system calls him.
        skill: Quality of his later days, 0 to 1.
        speed: Factor of his handling time.
        joined_on: First day at work; None: before the simulation began.
        left_on: The first day that he is gone; None: he stays.
        contact_limit: A guest leaves after so many contacts; 0: no guest.
    """

    number: int
    rank: int
    agent_id: str
    name: str
    interface: str
    team: Team
    queues: tuple[str, ...]
    skill: float
    speed: float
    learning_contacts: float
    new_quality: float
    joined_on: date | None = None
    left_on: date | None = None
    contact_limit: int = 0
    contact_count: int = 0
    state: int = OFF
    load: int = 0
    idle_count: int = 0
    is_on_email: bool = False
    pending: list[tuple[str, int]] = field(default_factory=list)
    logged_in_at: int = 0
    paused_at: int = 0
    reason: str = ""

    @property
    def site(self) -> str:
        """Where he works."""
        return self.team.site

    def is_employed(self, day: date) -> bool:
        """Whether he works here on a day."""
        return not (self.joined_on and day < self.joined_on) and not (self.left_on and day >= self.left_on)

    def to_learn(self) -> float:
        """1 for who begins, near 0 for who has learnt."""
        return math.exp(-self.contact_count / self.learning_contacts) if self.joined_on else 0.0

    def pace(self, slow: float) -> float:
        """Factor of his handling time by now; a beginner takes `slow` longer."""
        return self.speed * (1 + slow * self.to_learn())

    def quality(self) -> float:
        """How good he is by now, 0 to 1."""
        return self.skill * (1 - (1 - self.new_quality) * self.to_learn())


@dataclass(slots=True)
class Shift:
    """A planned stretch of work, and what comes of it.

    Attributes:
        rests: (begin, length, reason, activity, whether it is planned).
        present: Stretches in which the agent really is logged in; none: absent.
    """

    agent: Agent
    starts_at: int
    ends_at: int
    rests: list[tuple[int, int, str, str, bool]]
    present: list[tuple[int, int]]


class Roster:
    """All agents, and their shifts day by day.

    Args:
        scenario: What the centre is like.
        seed: The root seed.
        facts: Who is missing when.
    """

    def __init__(self, scenario: Scenario, seed: int, facts: PlantedFacts) -> None:
        self._scenario = scenario
        self._facts = facts
        self._draw = Draws(seed, "agents/roster")
        self._shifts = Draws(seed, "agents/shifts")
        self._rest_s = [seconds(seed, f"agents/rests/{n}", law) for n, law in enumerate(map(_law_of, scenario.breaks))]
        self._zones = {site.name: ZoneInfo(site.timezone) for site in scenario.sites}
        self._open_days = {
            site.name: sorted({weekday for weekday, _, _ in site.hours.open_s()}) for site in scenario.sites
        }
        self._gone: defaultdict[str, float] = defaultdict(float)
        self.agents: list[Agent] = []
        self._team_sizes: Counter[str] = Counter()
        for team in scenario.teams:
            self._hire(team)
        self._guests = [(fact, self._guest(fact.agent or "Guest", fact.site, int(fact.size))) for fact in facts.guests]

    def _hire(self, team: Team) -> None:
        given = self._scenario.agents
        count = max(len(team.skills), round(self._scenario.seats * given.per_seat * team.share))
        self._team_sizes[team.name] = count
        for rank in range(count):
            agent = self._add(team, team.skills[rank % len(team.skills)], rank)
            if not given.is_always_there and self._draw.chance(given.new_rate):
                # Somebody leaves, and somebody else who has everything to learn comes in his place.
                agent.left_on = self._scenario.starts_on + timedelta(days=20 + self._draw.below(300))
                self._add(team, agent.queues, rank).joined_on = agent.left_on

    def _add(self, team: Team, queues: tuple[str, ...], rank: int) -> Agent:
        given, draw, number = self._scenario.agents, self._draw, len(self.agents)
        site = self._scenario.site(team.site)
        extension = 2001 + number
        interface = f"PJSIP/{extension}" if site.system == "asterisk" else f"{extension}@{site.name}"
        agent = Agent(
            number=number,
            rank=rank,
            agent_id=f"AG{number + 1:04d}",
            name=self._name(number, site.language),
            interface=interface,
            team=team,
            queues=queues,
            skill=min(0.98, max(0.3, given.skill_mean + given.skill_sd * draw.normal())),
            speed=math.exp(given.speed_sigma * draw.normal()),
            learning_contacts=given.learning_contacts,
            new_quality=given.new_quality,
        )
        self.agents.append(agent)
        return agent

    def _guest(self, name: str, site: str | None, contact_count: int) -> Agent:
        team = next(t for t in self._scenario.teams if t.channel == "voice" and site in (None, t.site))
        agent = self._add(team, tuple(sorted({q for skills in team.skills for q in skills})), 0)
        agent.name, agent.contact_limit, agent.skill = name, contact_count, 1.0
        return agent

    def _name(self, number: int, language: str) -> str:
        given = self._scenario.agents
        if language == "zh" and given.first_names_zh and given.last_names_zh:
            return _nth_name(number, given.last_names_zh, given.first_names_zh, "")
        return _nth_name(number, given.first_names, given.last_names, " ")

    def shifts(self, site: str, day: date) -> Iterator[Shift]:
        """The shifts of a site's local day, in the order of the agents; ask for the days one after another."""
        place = self._scenario.site(site)
        spans = open_spans(place.hours, place.holidays, day, self._zones[site])
        guests = {agent: fact for fact, agent in self._guests}
        for agent in self.agents:
            if agent.site != site or not spans or not agent.is_employed(day):
                continue
            if agent in guests:
                fact = guests[agent]
                if day == fact.from_date:
                    yield Shift(agent, spans[0][0] + 3600, spans[-1][1], [], [(spans[0][0] + 3600, spans[-1][1])])
            elif self._scenario.agents.is_always_there:
                yield Shift(agent, spans[0][0], spans[-1][1], [], [(spans[0][0], spans[-1][1])])
            elif self._works(agent, day):
                yield self._shift(agent, day, spans[0][0], spans[-1][1])

    def _works(self, agent: Agent, day: date) -> bool:
        days = self._open_days[agent.site]
        place = days.index(day.isoweekday()) if day.isoweekday() in days else -1
        # Those of one shift take their days off one after another.
        shift_size = math.ceil(self._team_sizes[agent.team.name] / len(agent.team.starts))
        turn = _place_in_shift(agent) * len(days) // shift_size
        return place >= 0 and (place + turn + _week(day)) % len(days) < agent.team.days

    def _shift(self, agent: Agent, day: date, opens_at: int, closes_at: int) -> Shift:
        team = agent.team
        turn = (agent.rank // len(team.skills) + _week(day)) % len(team.starts)
        length_s = round(team.shift_hours * 3600)
        begins_s, _ = span_s(f"{team.starts[turn]}-24:00")
        starts_at = max(opens_at, min(wall(day, begins_s, self._zones[team.site]), closes_at - length_s))
        ends_at = min(closes_at, starts_at + length_s)
        draw, given = self._shifts, self._scenario.agents
        rests = list(self._rests(agent, day, starts_at, ends_at))
        late_s = round(min(600.0, max(-120.0, given.late_sd_s * draw.normal())))
        stays_s = draw.below(STAYS_S) if ends_at >= closes_at else draw.below(60) - 30
        present = [(starts_at + late_s, max(ends_at + stays_s, starts_at + late_s + SHORTEST_SHIFT_S // 2))]
        if draw.chance(given.absent_rate):
            return Shift(agent, starts_at, ends_at, rests, [])
        for fact in self._facts.absences:
            begin, end = self._facts.window(fact)
            if fact.site == team.site and begin < present[-1][1] and end > present[0][0] and self._is_gone(fact):
                delay = draw.below(120)
                present = [
                    piece
                    for begin_at, end_at in present
                    for piece in ((begin_at, min(end_at, begin + delay)), (max(begin_at, end + delay), end_at))
                    if piece[1] - piece[0] > 60
                ]
        return Shift(agent, starts_at, ends_at, rests, present)

    def _is_gone(self, fact: Fact) -> bool:
        """Of those who would be there, one after another: exactly the fact's share."""
        self._gone[fact.id] += fact.size
        self._gone[fact.id], is_gone = self._gone[fact.id] % 1.0, self._gone[fact.id] >= 1
        return is_gone

    def _rests(
        self, agent: Agent, day: date, starts_at: int, ends_at: int
    ) -> Iterator[tuple[int, int, str, str, bool]]:
        draw = self._shifts
        for rest, length in zip(self._scenario.breaks, self._rest_s, strict=True):
            if not rest.is_planned:
                at = starts_at + draw.exponential(3600 / rest.per_hour) if rest.per_hour > 0 else ends_at
                while at < ends_at - 600:
                    length_s = max(30, int(length()))
                    yield round(at), length_s, rest.reason, rest.activity, False
                    at += length_s + draw.exponential(3600 / rest.per_hour)
                continue
            # Not all at once; and training now and then.
            begin = starts_at + rest.after_s + _place_in_shift(agent) % 4 * (rest.length_s * 6 // 5)
            is_due = rest.activity == "break" or _week(day) % 2 == agent.number % 2 == day.isoweekday() % 2
            if is_due and begin + rest.length_s <= ends_at - 1800:
                yield begin, rest.length_s, rest.reason, rest.activity, True


def _place_in_shift(agent: Agent) -> int:
    """Which of those who begin together an agent is: sets of skills in turn, then the next of each."""
    skills, starts = len(agent.team.skills), len(agent.team.starts)
    return agent.rank // (skills * starts) * skills + agent.rank % skills


def _law_of(rest: Break) -> LognormalSeconds:
    return LognormalSeconds(max(rest.length_s, 1), REST_SIGMA)


def _week(day: date) -> int:
    return (day.toordinal() - 1) // 7


def _nth_name(number: int, first: tuple[str, ...], second: tuple[str, ...], between: str) -> str:
    """Every pair once before any comes again; then with a number."""
    turn, place = divmod(number, len(first) * len(second))
    lap, name = divmod(place, len(first))
    more = f"{between}{turn + 1}" if turn else ""
    return f"{first[name]}{between}{second[(name + lap) % len(second)]}{more}"
