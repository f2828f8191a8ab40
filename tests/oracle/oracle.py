"""The slow oracle: what a queue_log says, call by call, by the published definitions and nothing else.

Belongs here: lines to events, events to visits and contacts, agents' stretches of time. Plain Python on lists, one call
at a time, written from the format (app_queue.c) and the published contract; it shares no code with what it judges.
Not here: sums and ratios (sums.py), making logs (logs.py), anything of pipelines, SQL or data frames.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, permutations
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

NOBODY = {"", "NONE"}
NO_CALL = {"", "NONE", "REALTIME", "MANAGER", "CLI"}
RINGS = {"RINGNOANSWER": "no_answer", "RINGCANCELED": "canceled", "CONNECT": "answered"}
# Event: (outcome, who ended it).
UNANSWERED = {
    "ABANDON": ("abandoned", "caller"),
    "SYSCOMPAT": ("abandoned", "caller"),
    "EXITWITHKEY": ("exited_by_key", "caller"),
    "EXITWITHTIMEOUT": ("timed_out", "system"),
    "EXITEMPTY": ("exited_empty", "system"),
    "WITHDRAW": ("withdrawn", "system"),
}
# Event: (who ended it, type of transfer).
ANSWERED: dict[str, tuple[str, str | None]] = {
    "COMPLETEAGENT": ("agent", None),
    "COMPLETECALLER": ("caller", None),
    "BLINDTRANSFER": ("transfer", "blind"),
    "TRANSFER": ("transfer", "blind"),
    "ATTENDEDTRANSFER": ("transfer", "attended"),
}
REFUSED = {
    "FULL": "full",
    "JOINEMPTY": "join_empty",
    "JOINUNAVAIL": "join_empty",
    "CLOSED": "closed",
    "DIVERT_CA_RATIO": "diverted",
    "DIVERT_HOLDTIME": "diverted",
}
REFUSALS = frozenset(REFUSED.values())
STATES = {"ADDMEMBER": "REMOVEMEMBER", "PAUSE": "UNPAUSE", "PAUSEALL": "UNPAUSEALL"}
# Which parameter, from 0, says what.
PLACES: dict[str, dict[str, int]] = {
    "ENTERQUEUE": {"position_in": 2},
    "CONNECT": {"wait": 0, "ring": 2},
    "COMPLETEAGENT": {"wait": 0, "talk": 1, "position_in": 2},
    "COMPLETECALLER": {"wait": 0, "talk": 1, "position_in": 2},
    "BLINDTRANSFER": {"wait": 2, "talk": 3},
    "TRANSFER": {"wait": 2, "talk": 3},
    "ATTENDEDTRANSFER": {"wait": 2, "talk": 3},
    "ABANDON": {"position_out": 0, "position_in": 1, "wait": 2},
    "EXITWITHTIMEOUT": {"position_out": 0, "position_in": 1, "wait": 2},
    "EXITEMPTY": {"position_out": 0, "position_in": 1, "wait": 2},
    "WITHDRAW": {"position_out": 0, "position_in": 1, "wait": 2},
    "EXITWITHKEY": {"position_out": 1, "position_in": 2, "wait": 3},
    "RINGNOANSWER": {"ring_ms": 0},
    "RINGCANCELED": {"ring_ms": 0},
}
REPEAT_S = 30 * 86_400


class Unstated:
    """A figure that no document defines: equal to everything, so that nothing is claimed of it."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "unstated"


UNSTATED: Any = Unstated()


@dataclass(frozen=True)
class Target:
    """One [[targets]] section."""

    queue: str = "*"
    valid_from: date | None = None
    sl_threshold_s: float = 20.0
    sl_comparator: str = "<="
    short_abandon_s: float = 5.0


@dataclass(frozen=True)
class Rules:
    """What of a centre's settings decides its figures."""

    zone: str = "Europe/London"
    targets: tuple[Target, ...] = ()
    sites: Mapping[str, str] = field(default_factory=dict)

    def local_date(self, second: float) -> date:
        return datetime.fromtimestamp(second, ZoneInfo(self.zone)).date()

    def midnight(self, day: date) -> float:
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone)).timestamp()

    def target(self, queue: str, day: date) -> Target:
        """The last section that matches the queue and has begun; without one the defaults."""
        fitting = [t for t in self.targets if t.queue in ("*", queue) and (t.valid_from is None or t.valid_from <= day)]
        return fitting[-1] if fitting else Target()


class Event(NamedTuple):
    """One line of queue_log."""

    second: int
    callid: str
    queue: str
    agent: str
    name: str
    args: tuple[str, ...]

    def said(self, what: str) -> float | None:
        place = PLACES.get(self.name, {}).get(what)
        if self.name == "ATTENDEDTRANSFER" and self.args[:1] == ("LINK",) and place is not None:
            place += 1
        if place is None or place >= len(self.args):
            return None
        return float(self.args[place]) if self.args[place].isdecimal() else None


@dataclass(frozen=True)
class Visit:
    """A row of core.queue_visits; instants are epochs."""

    source_call_id: str
    queue: str
    site: str | None
    visit_seq: int
    entered_at: float
    answered_at: float | None
    left_at: float | None
    business_date: date
    wait_s: float | None
    ring_s: float | None
    talk_s: float | None
    outcome: str
    agent: str | None
    ended_by: str | None
    transfer_type: str | None
    transferred_to: str | None
    position_in: int | None
    position_out: int | None
    is_within_sl: bool | None
    is_short_abandon: bool
    sl_threshold_s: float


@dataclass(frozen=True)
class Contact:
    """A row of core.contacts; `repeat_of` is the source's id of the earlier contact."""

    source_contact_id: str
    dialled_number: str | None
    arrived_at: float
    ended_at: float
    business_date: date
    first_queue: str | None
    last_queue: str | None
    queue_visit_count: int
    queue_wait_s: float | None
    elapsed_wait_s: float | None
    ring_s: float | None
    talk_s: float | None
    handle_s: float
    outcome: str
    is_answered: bool
    is_short_abandon: bool
    transfer_count: int
    first_agent: str | None
    last_agent: str | None
    repeat_of: str | None


class Ring(NamedTuple):
    """One time that an agent's phone rang."""

    agent: str
    started_at: float
    ring_s: float | None
    outcome: str


class Stretch(NamedTuple):
    """One agent logged in to, or paused in, one queue, or in all."""

    agent: str
    state: str
    started_at: float
    ended_at: float


@dataclass(frozen=True)
class Told:
    """All that a log says."""

    visits: list[Visit]
    contacts: list[Contact]
    rings: list[Ring]
    stretches: list[Stretch]


def tell(lines: Iterable[str], rules: Rules) -> Told:
    """What the lines say, in whatever order they come and however often each."""
    events = read(lines)
    restarts = sorted({e.second for e in events if e.name == "QUEUESTART"})
    calls: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.callid not in NO_CALL:
            calls[event.callid].append(event)
    visits = {callid: visits_of(callid, own, restarts, rules) for callid, own in calls.items()}
    contacts = [contact_of(callid, own, visits[callid], rules) for callid, own in calls.items()]
    numbers = {callid: number_of(own) for callid, own in calls.items()}
    return Told(
        visits=[visit for own in visits.values() for visit in own],
        contacts=with_repeats(contacts, numbers),
        rings=[ring for own in calls.values() for ring in rings_of(own)],
        stretches=stretches_of(events, restarts),
    )


def read(lines: Iterable[str]) -> list[Event]:
    """Each distinct line once: identical lines of one log are one event."""
    events = []
    for line in sorted({line.rstrip("\n") for line in lines}):
        epoch, *fields = line.split("|")
        if len(fields) >= 4 and epoch.isdecimal() and fields[3] in KNOWN:
            callid, queue, agent, name, *args = fields
            events.append(Event(int(epoch), callid, queue, agent, name, tuple(args)))
    return sorted(events, key=lambda event: event.second)


KNOWN = {"ENTERQUEUE", "DID", "QUEUESTART", *RINGS, *UNANSWERED, *ANSWERED, *REFUSED, *STATES, *STATES.values()}


# One channel in one queue: outside, waiting, talking, outside again. The log has whole seconds and its lines may come
# in any order, so all orders of one second's lines are tried and the likeliest life is believed.


def stays_of(events: list[Event]) -> list[list[Event]]:
    """The events of one channel in one queue, cut into visits."""
    stays: list[list[Event]] = [[]]
    turns = [event for event in events if event.name in {"ENTERQUEUE", "CONNECT", *ANSWERED, *UNANSWERED}]
    for _, second in groupby(turns, key=lambda event: event.second):
        order = min(permutations(second), key=lambda order: doubt_of(stays[-1], order))
        for event in order:
            if is_over(stays[-1]) or (event.name == "ENTERQUEUE" and stays[-1]):
                stays.append([])
            stays[-1].append(event)
    return [stay for stay in stays if stay]


def is_over(stay: list[Event]) -> bool:
    return any(event.name in ANSWERED or event.name in UNANSWERED for event in stay)


def doubt_of(stay: list[Event], order: Iterable[Event]) -> float:
    """How unlikely it is that these events followed each other: a lost line is worth ten seconds of misfit."""
    doubt, now = 0.0, [] if is_over(stay) else list(stay)
    for event in order:
        names = {earlier.name for earlier in now}
        if event.name == "ENTERQUEUE":
            doubt += 10 * bool(now)
            now = []
        else:
            doubt += 10 * (not now) + misfit_s(now, event)
            doubt += 10 * any(e.name == "CONNECT" and e.agent != event.agent for e in now if event.name in ANSWERED)
            doubt += 10 * ("CONNECT" in names) if event.name not in ANSWERED else 10 * ("CONNECT" not in names)
        now = [] if is_over([event]) else [*now, event]
    return doubt


def misfit_s(stay: list[Event], event: Event) -> float:
    """Seconds by which what the event says of its wait and talk misses the entry; one is but rounding."""
    wait = event.said("wait")
    if wait is None or not stay or stay[0].name != "ENTERQUEUE":
        return 0.0
    missed = abs(event.second - wait - (event.said("talk") or 0) - stay[0].second)
    return missed if missed > 1 else missed / 10


def first_known(values: Iterable[Any]) -> Any:
    return next((value for value in values if value is not None), None)


def visits_of(callid: str, events: list[Event], restarts: list[int], rules: Rules) -> list[Visit]:
    found = []
    for queue in sorted({event.queue for event in events} - NOBODY):
        own = [event for event in events if event.queue == queue]
        found += [visit_of(stay, restarts, rules) for stay in stays_of(own)]
        found += [refusal_of(event, rules) for event in own if event.name in REFUSED]
    # Of two visits that begin and end in one second no document says which was first: by the queue's name.
    ended = [(v, float("inf") if v.left_at is None else v.left_at) for v in found]
    ordered = [v for v, _ in sorted(ended, key=lambda pair: (pair[0].entered_at, pair[1], pair[0].queue))]
    return [replace(visit, visit_seq=number) for number, visit in enumerate(ordered, start=1)]


def visit_of(stay: list[Event], restarts: list[int], rules: Rules) -> Visit:
    entry, connect, end = (
        next((event for event in stay if event.name in names), None)
        for names in ({"ENTERQUEUE"}, {"CONNECT"}, {*ANSWERED, *UNANSWERED})
    )
    ended = end.second if end else None
    answering = connect or (end if end and end.name in ANSWERED else None)
    is_answered = answering is not None
    wait = first_known(event.said("wait") for event in (connect, end) if event)
    talk = end.said("talk") if end else None
    answered: float | None = None
    if is_answered:
        assert end or connect
        answered = connect.second if connect else None if end is None else end.second - (talk or 0)
    waited_until = answered if is_answered else ended
    entered: float | None = entry.second if entry else None
    if entered is None and waited_until is not None:
        entered = waited_until - (wait or 0)
    assert entered is not None
    if wait is None and waited_until is not None:
        wait = waited_until - entered
    cut = next((r for r in restarts if r > stay[-1].second), None) if end is None else None
    outcome, ended_by = UNANSWERED.get(end.name, ("", "")) if end else ("open", None)
    transfer_type = None
    if is_answered:
        outcome = "answered"
        ended_by, transfer_type = ANSWERED.get(end.name, (None, None)) if end else (None, None)
    exten = end.args[0] if end and end.name in ("BLINDTRANSFER", "TRANSFER") else None
    return judged(
        rules,
        source_call_id=stay[0].callid,
        queue=stay[0].queue,
        entered_at=float(entered),
        answered_at=answered,
        left_at=first_known((ended, cut)),
        wait_s=wait,
        ring_s=connect.said("ring") if connect else None,
        talk_s=talk if is_answered else None,
        outcome=outcome,
        agent=answering.agent if answering else None,
        ended_by=ended_by,
        transfer_type=transfer_type,
        # A long number is somebody's, and none of the published tables holds those.
        transferred_to=None if exten is None or len(exten) >= 7 else exten,
        position_in=whole(first_known(e.said("position_in") for e in (entry, end) if e)),
        position_out=whole(end.said("position_out") if end else None),
    )


def refusal_of(event: Event, rules: Rules) -> Visit:
    nothing = dict.fromkeys(
        "answered_at wait_s ring_s talk_s agent transfer_type transferred_to position_in position_out".split()
    )
    return judged(
        rules,
        source_call_id=event.callid,
        queue=event.queue,
        entered_at=float(event.second),
        left_at=float(event.second),
        outcome=REFUSED[event.name],
        ended_by="system",
        **nothing,
    )


def judged(rules: Rules, **known: Any) -> Visit:
    """The visit with what its queue's target of the day says of it."""
    day, wait, outcome = rules.local_date(known["entered_at"]), known["wait_s"], known["outcome"]
    target = rules.target(known["queue"], day)
    is_within = None
    if outcome in ("answered", "abandoned") and wait is not None:
        is_within = wait < target.sl_threshold_s or (target.sl_comparator == "<=" and wait == target.sl_threshold_s)
    return Visit(
        **known,
        site=rules.sites.get(known["queue"]),
        visit_seq=0,
        business_date=day,
        is_within_sl=is_within,
        is_short_abandon=outcome == "abandoned" and wait is not None and wait <= target.short_abandon_s,
        sl_threshold_s=target.sl_threshold_s,
    )


def whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def known_sum(values: Iterable[float | None]) -> float | None:
    """Missing is not 0: of nothing known there is no sum."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def number_of(events: list[Event]) -> str | None:
    """The caller's number; a word instead of one says that it is withheld."""
    return max((e.args[1] for e in events if e.name == "ENTERQUEUE" and e.args[1][-1:].isdecimal()), default=None)


def contact_of(callid: str, events: list[Event], visits: list[Visit], rules: Rules) -> Contact:
    """One contact: a call keeps its callid however often it is transferred or queued again."""
    arrived, last = events[0].second, max([e.second for e in events] + [v.left_at or 0 for v in visits])
    # Where the entry was lost, no document says whether the contact came with its first line or with its wait.
    is_entry_lost = any(v.entered_at < arrived for v in visits)
    waited = [v for v in visits if v.outcome not in REFUSALS]
    wait = known_sum(v.wait_s for v in visits)
    elapsed = None
    if wait is not None:
        ends = [v.answered_at if v.answered_at is not None else v.left_at for v in waited]
        elapsed = max(e for e in ends if e is not None) - min(v.entered_at for v in waited)
    agents = [v.agent for v in visits if v.agent is not None]
    outcome = outcome_of(visits)
    is_answered = any(v.outcome == "answered" for v in visits)
    return Contact(
        source_contact_id=callid,
        dialled_number=max((e.args[0] for e in events if e.name == "DID"), default=None),
        arrived_at=UNSTATED if is_entry_lost else arrived,
        ended_at=last,
        business_date=UNSTATED if is_entry_lost else rules.local_date(arrived),
        first_queue=visits[0].queue if visits else None,
        last_queue=visits[-1].queue if visits else None,
        queue_visit_count=len(visits),
        queue_wait_s=wait,
        # A wait without an end has no end to count to.
        elapsed_wait_s=UNSTATED if any(v.outcome == "open" for v in visits) else elapsed,
        ring_s=known_sum(v.ring_s for v in visits),
        talk_s=known_sum(v.talk_s for v in visits),
        handle_s=known_sum(v.talk_s for v in visits) or 0.0,
        outcome=outcome,
        is_answered=is_answered,
        is_short_abandon=not is_answered and bool(visits) and visits[-1].is_short_abandon,
        transfer_count=sum(v.transfer_type is not None for v in visits),
        first_agent=agents[0] if agents else None,
        last_agent=agents[-1] if agents else None,
        repeat_of=None,
    )


def outcome_of(visits: list[Visit]) -> str:
    if any(v.outcome == "answered" for v in visits):
        return "answered"
    if not visits:
        return "abandoned_in_ivr"
    if visits[-1].outcome == "diverted":
        return UNSTATED  # type: ignore[no-any-return]
    return "blocked" if visits[-1].outcome in REFUSALS else visits[-1].outcome


def with_repeats(contacts: list[Contact], numbers: Mapping[str, str | None]) -> list[Contact]:
    """With the same number's contact before each, if it came at most thirty days before."""
    callers: dict[str | None, list[Contact]] = defaultdict(list)
    for contact in contacts:
        callers[numbers[contact.source_contact_id]].append(contact)
    return [
        replace(contact, repeat_of=None if number is None else repeat_of(contact, same))
        for number, same in callers.items()
        for contact in same
    ]


def repeat_of(contact: Contact, same: list[Contact]) -> str | None:
    moments = [c.arrived_at for c in same]
    if any(isinstance(moment, Unstated) for moment in moments):
        return UNSTATED  # type: ignore[no-any-return]
    before = max((m for m in moments if 0 < contact.arrived_at - m <= REPEAT_S), default=0)
    # Of two that came in one second no document says which was first.
    if moments.count(contact.arrived_at) > 1 or moments.count(before) > 1:
        return UNSTATED  # type: ignore[no-any-return]
    if before == 0:
        return None
    return same[moments.index(before)].source_contact_id


def rings_of(events: list[Event]) -> list[Ring]:
    """Rings of one call: a member's, in milliseconds unless he answered."""
    found = []
    for event in events:
        if event.name in RINGS and event.agent not in NOBODY:
            ms = event.said("ring_ms") if event.name != "CONNECT" else None
            ring_s = event.said("ring") if event.name == "CONNECT" else None if ms is None else ms / 1000
            found.append(Ring(event.agent, event.second - (ring_s or 0), ring_s, RINGS[event.name]))
    return found


def stretches_of(events: list[Event], restarts: list[int]) -> list[Stretch]:
    """Log-ins and pauses: from the word that begins one to the word that ends it, a restart, or the end of the log."""
    log_end = max((event.second for event in events), default=0)
    found = []
    for event in events:
        if event.name in STATES:
            ends = [
                e.second
                for e in events
                if e.name == STATES[event.name]
                and (e.agent, e.queue) == (event.agent, event.queue)
                and e.second > event.second
            ]
            ends += [r for r in restarts if r > event.second]
            state = "logged_in" if event.name == "ADDMEMBER" else "paused"
            found.append(Stretch(event.agent, state, event.second, min(ends, default=log_end)))
    return found


def half_hour(second: float) -> datetime:
    return datetime.fromtimestamp(second - second % 1800, UTC)


def days_between(rules: Rules, begin: float, end: float) -> list[date]:
    first, last = rules.local_date(begin), rules.local_date(end)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
