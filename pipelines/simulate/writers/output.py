"""Who is told what: every event of the centre goes to the system that would have seen it, and to the truth.

Belongs here: which system that is, ids, rows of exports. Does not belong here: formats (the modules beside), what
happens (centre.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.simulate.agents import Agent, Shift
from pipelines.simulate.facts import PlantedFacts
from pipelines.simulate.found_facts import write_facts
from pipelines.simulate.journeys import Journey
from pipelines.simulate.scenario import Scenario
from pipelines.simulate.seam import Call, Ended
from pipelines.simulate.truth import Truth
from pipelines.simulate.writers.asterisk import AsteriskSwitch
from pipelines.simulate.writers.files import LandingFiles
from pipelines.simulate.writers.freeswitch import FreeswitchSwitch
from pipelines.simulate.writers.tables import CsvTables, utc

_ID_LETTERS = {"chat": "CH", "email": "EM"}


class Output:
    """Everything that is written, and counted.

    Args:
        scenario: What the centre is like.
        seed: The root seed.
        landing: The home's landing folder.
        truth: The home's folder of the truth.
    """

    def __init__(self, scenario: Scenario, seed: int, landing: Path, truth: Path) -> None:
        self._scenario = scenario
        self._facts = PlantedFacts(scenario)
        self._files = LandingFiles(landing)
        self._tables = CsvTables(self._files)
        self._truth = Truth(truth)
        self._landing, self._truth_folder = landing, truth
        self._day = scenario.starts_on
        self._files.begin_day(self._day)
        self._ids: Counter[str] = Counter()
        self.counts: Counter[tuple[str, str]] = Counter()
        asterisks = [site for site in scenario.sites if site.system == "asterisk"]
        self.switches: dict[str, AsteriskSwitch | FreeswitchSwitch] = {}
        for site in scenario.sites:
            if site.system == "asterisk":
                prefix = f"{site.name}-" if len(asterisks) > 1 else ""
                self.switches[site.name] = AsteriskSwitch(scenario, site, self._files, prefix)
            else:
                self.switches[site.name] = FreeswitchSwitch(site, seed, self._files)

    # --- days --------------------------------------------------------------------------------------------

    def begin_day(self, day: date) -> None:
        """A new local day of the company: files of the day before are finished."""
        self._day = day
        self._files.begin_day(day)
        self._tables.write("agents", [_agent_row(agent) for agent in self._newcomers if agent.joined_on == day])

    def end_day(self, day: date) -> None:
        """Memory is empty again."""
        self._files.end_day()

    def close(self, planted: PlantedFacts, until: date) -> None:
        """Every file is where it belongs."""
        self._files.close()
        self._truth.close()
        write_facts(self._scenario, planted, until, self._landing, self._truth_folder)

    def discard(self) -> None:
        """After a failure: no drafts stay."""
        self._files.discard()
        self._truth.discard()

    # --- tables of others --------------------------------------------------------------------------------

    def write(self, source: str, rows: Sequence[dict[str, Any]]) -> None:
        """See `seam.Tables.write`."""
        self._tables.write(source, rows)

    def truth(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """See `seam.Tables.truth`."""
        self._truth.add(table, rows)

    # --- agents ------------------------------------------------------------------------------------------

    def hired(self, agents: Sequence[Agent]) -> None:
        """All agents, once; who joins later is in the table from that day on."""
        self._truth.agents(agents)
        self._newcomers = [agent for agent in agents if agent.joined_on]
        self._tables.write("agents", [_agent_row(agent) for agent in agents if not agent.joined_on])

    def scheduled(self, shift: Shift) -> None:
        """A planned shift, cut by its planned breaks."""
        if self._scenario.agents.is_always_there:
            return
        agent_id, begin, rows = shift.agent.agent_id, shift.starts_at, []
        for rest_at, length_s, _, activity, is_planned in sorted(shift.rests):
            if is_planned and begin <= rest_at and rest_at + length_s <= shift.ends_at:
                rows += [(begin, rest_at, "work"), (rest_at, rest_at + length_s, activity)]
                begin = rest_at + length_s
        rows.append((begin, shift.ends_at, "work"))
        self._tables.write(
            "schedules",
            [
                {"agent_id": agent_id, "starts_at": utc(starts_at), "ends_at": utc(ends_at), "activity": activity}
                for starts_at, ends_at, activity in rows
                if starts_at < ends_at
            ],
        )

    def _asterisk(self, agent: Agent) -> AsteriskSwitch | None:
        switch = self.switches[agent.site]
        is_voice = agent.team.channel == "voice"
        return switch if is_voice and isinstance(switch, AsteriskSwitch) else None

    def maintained(self, site: str, at: int, is_restart: bool) -> None:
        """A site's telephone system was started anew, or read its configuration again."""
        switch = self.switches[site]
        if isinstance(switch, AsteriskSwitch):
            switch.restarted(at, "QUEUESTART" if is_restart else "CONFIGRELOAD")

    def log_in(self, agent: Agent, at: int) -> None:
        """See `floor.AgentLog`."""
        if switch := self._asterisk(agent):
            switch.log_in(agent, at)

    def log_out(self, agent: Agent, at: int) -> None:
        """See `floor.AgentLog`."""
        self._truth.agent_state(agent, "logged_in", None, agent.logged_in_at, at)
        if switch := self._asterisk(agent):
            switch.log_out(agent, at)

    def pause(self, agent: Agent, reason: str, at: int) -> None:
        """See `floor.AgentLog`."""
        if switch := self._asterisk(agent):
            switch.pause(agent, reason, at)

    def unpause(self, agent: Agent, reason: str, at: int) -> None:
        """See `floor.AgentLog`."""
        self._truth.agent_state(agent, "paused", reason, agent.paused_at, at)
        if switch := self._asterisk(agent):
            switch.unpause(agent, reason, at)

    # --- contacts ----------------------------------------------------------------------------------------

    def new_id(self, call: Call, is_in_menu: bool = False) -> str:
        """The id of a contact in the system that sees it first."""
        if call.channel == "voice" and not is_in_menu:
            return self.switches[call.site].new_channel(call.arrived_at)
        letters = "IV" if is_in_menu else _ID_LETTERS[call.channel]
        self._ids[letters] += 1
        return f"{letters}{self._ids[letters]:08d}"

    def new_fraction(self, call: Call) -> int:
        """Microseconds of its begin beyond the second, where its system tells them."""
        switch = self.switches[call.site]
        return switch.new_fraction() if isinstance(switch, FreeswitchSwitch) else 0

    def ended(self, journey: Journey, ended: Ended) -> None:
        """An ended contact, to its system's file and to the truth."""
        self.counts[journey.source, journey.outcome] += 1
        if journey.source in ("chat", "email", "menu", "dialler"):
            journey.is_delivered = self._facts.is_delivered(journey.source, self._day)
            if journey.is_delivered:
                _EXPORTS[journey.source](self._tables, self, journey)
        else:
            self.switches[journey.call.site].ended(journey)
        self._truth.contact(journey, ended)

    def number_of(self, site: str) -> str:
        """The number that a site's callers dial."""
        return self._scenario.site(site).number


def _agent_row(agent: Agent) -> dict[str, Any]:
    return {
        "agent_id": agent.agent_id, "name": agent.name, "interface": agent.interface, "site": agent.site,
        "team": agent.team.name, "skills": ";".join(agent.queues), "hourly_cost": agent.team.hourly_cost,
    }  # fmt: skip


def _chat(tables: CsvTables, output: Output, journey: Journey) -> None:
    call, visit = journey.call, journey.visits[0] if journey.visits else None
    agent = visit.agent if visit else None
    row = {
        "conversation": call.contact_id, "opened": utc(call.arrived_at), "visitor": call.number, "site": call.site,
        "language": call.language, "desk": visit.queue if visit else None,
        "result": {"answered": "served", "abandoned": "gone"}.get(journey.outcome, "closed"),
        "taken": utc(visit.answered_at) if visit and agent else None, "ended": utc(journey.ended_at),
        "clerk": agent.agent_id if agent else None, "after_work_seconds": visit.wrap_s if visit and agent else None,
    }  # fmt: skip
    tables.write_json("chat", row)


def _email(tables: CsvTables, output: Output, journey: Journey) -> None:
    call, visit = journey.call, journey.visits[0]
    row = {
        "ticket": call.contact_id, "received": utc(call.arrived_at), "sender": call.number, "mailbox": visit.queue,
        "site": call.site, "first_opened": utc(visit.answered_at), "closed": utc(journey.ended_at),
        "clerk": visit.agent.agent_id if visit.agent else None, "work_seconds": visit.talk_s,
    }  # fmt: skip
    tables.write("email", [row])


def _menu(tables: CsvTables, output: Output, journey: Journey) -> None:
    call = journey.call
    row = {
        "session": call.contact_id, "site": call.site, "began": utc(call.arrived_at), "ended": utc(journey.ended_at),
        "caller": call.number, "dialled": output.number_of(call.site), "result": "served",
    }  # fmt: skip
    tables.write("menu", [row])


def _dialler(tables: CsvTables, output: Output, journey: Journey) -> None:
    call = journey.call
    row = {
        "call": call.contact_id, "kind": "list" if call.cause == "campaign" else "callback", "site": call.site,
        "dialled": utc(call.arrived_at), "ended": utc(journey.ended_at), "phone": call.number,
        "clerk": journey.agent.agent_id if journey.agent else None, "ring_seconds": journey.greeted_s,
        "talk_seconds": journey.talk_s, "result": "spoken" if journey.talk_s else "nobody",
    }  # fmt: skip
    tables.write("dialler", [row])


_EXPORTS = {"chat": _chat, "email": _email, "menu": _menu, "dialler": _dialler}
