"""Random queue_logs of a realistic kind, and the settings that they are to be read by.

Belongs here: the life of calls as app_queue.c would log it, and what happens to a log afterwards (restarts, lost lines,
cut ends, repeats, disorder). Not here: what such a log means (oracle.py), any judgement (the tests).
A `World` is drawn small (a seed and some shares) and grown into many calls by `random.Random`, for a build costs a
second whatever it holds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from oracle import ANSWERED, UNANSWERED, Rules, Target

QUEUES = ("sales", "support", "vip", "billing")
SITES = {"sales": "leeds", "support": "york"}
AGENTS = ("Ann", "Bob", "Cid", "Dot", "Eve", "Flo")
# The nights in which clocks change, and one ordinary night.
NIGHTS = {
    "Europe/London": (date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 2)),
    "America/St_Johns": (date(2026, 3, 8), date(2026, 11, 1), date(2026, 6, 2)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4), date(2026, 6, 2)),
}
REFUSALS = ("FULL", "JOINEMPTY", "JOINUNAVAIL", "CLOSED", "DIVERT_CA_RATIO")
GARBAGE = (
    "no pipe at all",
    "1774746000|1.1|sales",
    "noon|1.1|sales|NONE|ABANDON|1|1|9",
    "",
    "1774746000|9|q|NONE|WHAT|1",
)
STRETCH_S = 30 * 3600  # from noon before the night


@dataclass(frozen=True)
class Line:
    """A line of the log before it is written."""

    second: int
    callid: str
    queue: str
    agent: str
    event: str
    args: tuple[object, ...] = ()

    def text(self) -> str:
        args = self.args or ("",)
        return "|".join(map(str, (self.second, self.callid, self.queue, self.agent, self.event, *args)))


@dataclass(frozen=True)
class World:
    """A log and its settings.

    `crowd_share` of the calls begin within the same few seconds as others, `edge_share` beside midnights, changes of
    the clock and half hours; `lost_share` of the calls lack one line, `repeat_share` of the lines come twice.
    """

    seed: int = 0
    zone: str = "Europe/London"
    call_count: int = 300
    crowd_share: float = 0.2
    edge_share: float = 0.4
    lost_share: float = 0.05
    repeat_share: float = 0.1
    restart_count: int = 1
    is_cut: bool = True
    is_shuffled: bool = True
    targets: tuple[Target, ...] = (Target(),)

    @property
    def rules(self) -> Rules:
        return Rules(self.zone, self.targets, SITES)

    @property
    def settings(self) -> str:
        """The text of callwright.toml."""
        parts = [f'[centre]\ntimezone = "{self.zone}"']
        parts += [f'[[sites]]\nname = "{site}"' for site in sorted(set(SITES.values()))]
        parts += [f'[[queues]]\nname = "{queue}"\nsite = "{site}"' for queue, site in SITES.items()]
        parts += [_section(target) for target in self.targets]
        return "\n".join(parts) + "\n"

    @cached_property
    def lines(self) -> list[str]:
        chance = random.Random(self.seed)
        events = list(_Growth(self, chance).events())
        texts = [line.text() for line in sorted(events, key=lambda line: line.second)]
        texts += chance.sample(texts, int(self.repeat_share * len(texts)))
        texts += [chance.choice(GARBAGE) for _ in range(3)]
        if self.is_shuffled:
            chance.shuffle(texts)
        return texts


def _section(target: Target) -> str:
    begun = f"valid_from = {target.valid_from}\n" if target.valid_from else ""
    return (
        f'[[targets]]\nqueue = "{target.queue}"\n{begun}sl_threshold_s = {target.sl_threshold_s}\n'
        f'sl_comparator = "{target.sl_comparator}"\nshort_abandon_s = {target.short_abandon_s}'
    )


class _Growth:
    def __init__(self, world: World, chance: random.Random) -> None:
        self.world, self.chance = world, chance
        self.zone = ZoneInfo(world.zone)
        self.nights = NIGHTS[world.zone]
        self.begins = [self.epoch(night - timedelta(days=1), 12) for night in self.nights]
        self.end = max(self.begins) + self.chance.randrange(STRETCH_S // 2, STRETCH_S)
        self.crowds = [self.anywhere() for _ in range(8)]
        thresholds = [int(t.sl_threshold_s) for t in world.targets] + [int(t.short_abandon_s) for t in world.targets]
        self.waits = [max(0, t + d) for t in thresholds for d in (-1, 0, 0, 1)] + [0, 0, 1]

    def epoch(self, day: date, hour: int) -> int:
        return int(datetime(day.year, day.month, day.day, hour, tzinfo=self.zone).timestamp())

    def anywhere(self) -> int:
        return self.chance.choice(self.begins) + self.chance.randrange(STRETCH_S)

    def begin(self) -> int:
        draw, world = self.chance.random(), self.world
        if world.is_cut and self.chance.random() < 0.04:
            return self.end - self.chance.randint(0, 60)
        if draw < world.crowd_share:
            return self.chance.choice(self.crowds) + self.chance.randint(0, 2)
        if draw < world.crowd_share + world.edge_share:
            midnight = self.epoch(self.chance.choice(self.nights), 0)
            return midnight + 1800 * self.chance.choice((0, 0, 0, 1, 2, 3, 4, 5, 6, 48)) + self.chance.randint(-90, 90)
        return self.anywhere()

    def events(self) -> Iterator[Line]:
        calls = [list(self.call(f"{n}.{n % 7}")) for n in range(1, self.world.call_count + 1)]
        restarts = self.restarts({line.second for call in calls for line in call})
        for restart in restarts:
            calls = [self.cut(call, restart) for call in calls]
            yield Line(restart, "NONE", "NONE", "NONE", "QUEUESTART")
        shifts = list(self.shifts(restarts))
        if self.world.is_cut:
            # The log ends while people wait and talk, and agents are there.
            calls = [[line for line in call if line.second <= self.end] for call in calls]
            shifts = [line for line in shifts if line.second <= self.end]
        yield from self.with_losses(calls)
        yield from shifts

    def restarts(self, taken: set[int]) -> list[int]:
        """Seconds of restarts, in which nothing else happened: what a second holds has no order."""
        found: list[int] = []
        while len(found) < self.world.restart_count:
            second = self.begin() + self.chance.randint(0, 60)
            if second not in taken and not (self.world.is_cut and second > self.end - 3600):
                found.append(second)
        return sorted(found)

    @staticmethod
    def cut(call: list[Line], restart: int) -> list[Line]:
        is_under_way = bool(call) and min(e.second for e in call) < restart < max(e.second for e in call)
        return [line for line in call if line.second < restart] if is_under_way else call

    def call(self, callid: str) -> Iterator[Line]:
        second, number = self.begin(), self.chance.choice(("", "anonymous", *(f"+4479460000{n:02}" for n in range(40))))
        if self.chance.random() < 0.2:
            queue = self.chance.choice(("NONE", *QUEUES))
            yield Line(second, callid, queue if self.chance.random() < 0.5 else "NONE", "NONE", "DID", ("08001230",))
            if self.chance.random() < 0.1:
                return  # gave up in the menu
            second += self.chance.choice((0, 1, 25))
        queue, refusing = self.chance.choice(QUEUES), set(QUEUES)
        for _ in range(self.chance.choice((1, 1, 1, 2, 3, 5))):
            if queue in refusing and self.chance.random() < 0.08:
                refusing.discard(queue)
                yield Line(second, callid, queue, "NONE", self.chance.choice(REFUSALS), (number,))
                queue, second = self.chance.choice(QUEUES), second + self.chance.randint(1, 3)
                continue
            visit = list(self.visit(callid, queue, number, second))
            yield from visit
            is_over = visit[-1].event in ("COMPLETEAGENT", "COMPLETECALLER", "ABANDON", "SYSCOMPAT")
            if is_over and self.chance.random() < 0.97:
                return
            # Into the same queue again, though not in the second of the last entry: equal lines are one event.
            after = visit[-1].second + self.chance.choice((0, 0, 1, 2, 4))
            second, queue = max(after, second + 1), self.chance.choice((queue, *QUEUES))

    def visit(self, callid: str, queue: str, number: str, entered: int) -> Iterator[Line]:
        wait = self.chance.choice((self.chance.choice(self.waits), int(self.chance.expovariate(1 / 60))))
        left, position = entered + wait, self.chance.randint(1, 9)
        # The clock of the wait starts before the line is written; of short waits it would leave the order in doubt.
        logged_wait = wait + (wait > 1 and self.chance.random() < 0.1)
        name = ("A Name",) if self.chance.random() < 0.1 else ()
        yield Line(entered, callid, queue, "NONE", "ENTERQUEUE", ("", number, position, *name))
        for _ in range(self.chance.choice((0, 0, 1, 3))):
            rung = self.chance.randint(entered, left)
            rang_ms = self.chance.randint(0, (rung - entered) * 1000)
            yield Line(rung, callid, queue, self.chance.choice(AGENTS), "RINGNOANSWER", (rang_ms,))
        if self.chance.random() < 0.6:
            yield from self.answered(callid, queue, left, logged_wait, position)
            return
        event = self.chance.choice(("ABANDON", "ABANDON", "ABANDON", *UNANSWERED))
        agent = self.chance.choice(AGENTS) if event == "SYSCOMPAT" or self.chance.random() < 0.05 else "NONE"
        yield Line(left, callid, queue, agent, event, self.parameters(event, position, logged_wait))

    def parameters(self, event: str, position: int, wait: int) -> tuple[object, ...]:
        out = self.chance.randint(1, position)
        if event == "SYSCOMPAT":
            return ()
        if event == "EXITWITHTIMEOUT" and self.chance.random() < 0.1:
            return (out,)  # as old versions did
        key, info = (7,) if event == "EXITWITHKEY" else (), ("moved",) if event == "WITHDRAW" else ()
        return (*key, out, position, wait, *info)

    def answered(self, callid: str, queue: str, at: int, wait: int, position: int) -> Iterator[Line]:
        agent, others = self.chance.choice(AGENTS), self.chance.sample(AGENTS, self.chance.choice((0, 0, 1, 2)))
        for other in others:
            yield Line(at, callid, queue, other, "RINGCANCELED", (self.chance.randint(0, 9000),))
        yield Line(at, callid, queue, agent, "CONNECT", (wait, f"{callid}9", self.chance.randint(0, 9)))
        talk = self.chance.choice((0, 1, int(self.chance.expovariate(1 / 200)), self.chance.randint(600, 5400)))
        event = self.chance.choice(("COMPLETEAGENT", "COMPLETECALLER", *ANSWERED))
        ended = at + talk
        if talk and wait and self.chance.random() < 0.1:
            wait, talk = wait + 1, talk - 1  # the end counts from a second after the answer was logged
        tail: tuple[object, ...] = (wait, talk, position)
        if event in ("BLINDTRANSFER", "TRANSFER"):
            tail = (self.chance.choice(("8003", "vip", "07946000123")), "inbound", *tail)
        if event == "ATTENDEDTRANSFER":
            heads = (("BRIDGE", "b-1"), ("APP", "VoiceMail"), ("LINK", "SIP/a-1", "SIP/b-2"))
            tail = (*self.chance.choice(heads), *tail)
        yield Line(ended, callid, queue, agent, event, tail)

    def with_losses(self, calls: list[list[Line]]) -> Iterator[Line]:
        """Some calls lack a line; none its entry where another call's has no end and might be taken for it."""
        lost_ends: list[list[Line]] = []
        for call in calls:
            entries = [n for n, line in enumerate(call) if line.event == "ENTERQUEUE"]
            is_plain = len(entries) == 1 and call[-1].event in (*ANSWERED, *UNANSWERED)
            if is_plain and self.chance.random() < self.world.lost_share:
                place = self.chance.choice((entries[0], len(call) - 1, len(call) - 2))
                kept = [line for n, line in enumerate(call) if n != place]
                lost_ends.append(kept if place != entries[0] or self.tells_wait(kept) else call)
            else:
                lost_ends.append(call)
        hanging = [
            (e.queue, e.second) for call in lost_ends for e in call if e.event == "ENTERQUEUE" and is_hanging(call)
        ]
        for before, after in zip(calls, lost_ends, strict=True):
            first = next((line for line in before if line.event == "ENTERQUEUE"), None)
            is_entry_lost = first is not None and first not in after
            if first and is_entry_lost and any(q == first.queue and abs(s - first.second) < 9 for q, s in hanging):
                yield from before
            else:
                yield from after

    @staticmethod
    def tells_wait(call: list[Line]) -> bool:
        return call[-1].event in ANSWERED or len(call[-1].args) > 2

    def shifts(self, restarts: list[int]) -> Iterator[Line]:
        """Agents come on, pause and go; who was there at a restart is not heard of again."""
        for agent in AGENTS:
            for begin in self.begins:
                on = begin + self.chance.randrange(0, 6 * 3600)
                off = begin + self.chance.randrange(12 * 3600, STRETCH_S)
                queues = self.chance.sample(QUEUES, self.chance.randint(1, 3))
                for queue in queues:
                    late = self.chance.randrange(1800)
                    yield from self.state(agent, [queue], on + late, off - self.chance.randrange(1800), restarts)
                pause = on + 1800
                while (pause := pause + self.chance.randrange(600, 9000)) < off - 7200:
                    ended = pause + self.chance.randrange(1, 4000)
                    paused = ["NONE", *queues] if self.chance.random() < 0.5 else [self.chance.choice(queues)]
                    yield from self.state(agent, paused, pause, ended, restarts, ("PAUSE", "UNPAUSE"))
                    pause = ended

    def state(
        self, agent: str, queues: list[str], begin: int, end: int, restarts: list[int],
        names: tuple[str, str] = ("ADDMEMBER", "REMOVEMEMBER"),
    ) -> Iterator[Line]:  # fmt: skip
        if any(begin - 1 <= restart <= begin + 1 for restart in restarts):
            return
        for queue in queues:
            kind = "ALL" if queue == "NONE" else ""
            yield Line(begin, "NONE", queue, agent, names[0] + kind, ("lunch",) if "PAUSE" in names else ())
            if not any(begin < restart <= end for restart in restarts):
                yield Line(end, "NONE", queue, agent, names[1] + kind)


def is_hanging(call: list[Line]) -> bool:
    """Whether somebody entered of whom nothing more is told."""
    ends = {line.queue for line in call if line.event in (*ANSWERED, *UNANSWERED) or line.event == "CONNECT"}
    return any(line.event == "ENTERQUEUE" and line.queue not in ends for line in call)


def targets() -> st.SearchStrategy[tuple[Target, ...]]:
    """Targets that change on the nights of the log, in any order, with thresholds beside each other."""
    one = st.builds(
        Target,
        queue=st.sampled_from(("*", "*", *QUEUES)),
        valid_from=st.sampled_from((None, date(2026, 3, 29), date(2026, 6, 2), date(2026, 10, 25))),
        sl_threshold_s=st.sampled_from((10.0, 20.0, 30.0)),
        sl_comparator=st.sampled_from(("<", "<=")),
        short_abandon_s=st.sampled_from((0.0, 5.0, 12.0)),
    )
    return st.lists(one, max_size=4).map(tuple)


def worlds(call_count: int = 300) -> st.SearchStrategy[World]:
    shares = st.sampled_from((0.0, 0.1, 0.3, 0.6))
    return st.builds(
        World,
        seed=st.integers(0, 10**6),
        zone=st.sampled_from(sorted(NIGHTS)),
        call_count=st.just(call_count),
        crowd_share=shares,
        edge_share=shares,
        lost_share=st.sampled_from((0.0, 0.1)),
        repeat_share=st.sampled_from((0.0, 0.3)),
        restart_count=st.integers(0, 2),
        is_cut=st.booleans(),
        is_shuffled=st.booleans(),
        targets=targets(),
    )
