"""Sums and ratios of what the oracle told, by the definitions of the metrics: plain Python, one formula a line.

Belongs here: rows of kpi.queue_interval, kpi.queue_day and kpi.agent_day, and the ratios of the kpi_ macros.
Not here: what a log says of a visit (oracle.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

from oracle import Rules, Told, Visit, days_between, half_hour, known_sum

Row = dict[str, Any]
Ratio = tuple[float | None, float]
OUTCOMES = ("timed_out", "exited_by_key", "exited_empty", "withdrawn", "open")
RULES_OF_OWNERSHIP = ("arrival", "event", "disconnect")


def owned_at(visit: Visit, ownership: str) -> float:
    """The instant whose interval owns the visit; what has not happened is owned by the arrival."""
    if ownership == "event":
        moments = [visit.answered_at, visit.left_at]
    else:
        moments = [visit.left_at] if ownership == "disconnect" else []
    return next((moment for moment in moments if moment is not None), visit.entered_at)


def sums_of(visits: Iterable[Visit]) -> Row:
    """The sums of some visits, as the published contract names them."""
    every = list(visits)
    answered = [v for v in every if v.outcome == "answered"]
    abandoned = [v for v in every if v.outcome == "abandoned"]
    blocked = [v for v in every if v.outcome in ("full", "join_empty", "closed")]
    diverted = [v for v in every if v.outcome == "diverted"]
    talk_known_count = sum(v.talk_s is not None for v in answered)
    return {
        "offered_count": len(every) - len(blocked) - len(diverted),
        "answered_count": len(answered),
        "answered_in_sl_count": sum(v.is_within_sl is True for v in answered),
        "abandoned_count": len(abandoned),
        "abandoned_in_sl_count": sum(v.is_within_sl is True for v in abandoned),
        "short_abandoned_count": sum(v.is_short_abandon for v in abandoned),
        **{f"{outcome}_count": sum(v.outcome == outcome for v in every) for outcome in OUTCOMES},
        "blocked_count": len(blocked),
        "diverted_count": len(diverted),
        "answered_wait_s": known_sum(v.wait_s for v in answered) or 0.0,
        "abandoned_wait_s": known_sum(v.wait_s for v in abandoned) or 0.0,
        "wait_s": known_sum(v.wait_s for v in every) or 0.0,
        "max_wait_s": max((v.wait_s for v in every if v.wait_s is not None), default=None),
        "ring_s": known_sum(v.ring_s for v in every),
        "talk_s": known_sum(v.talk_s for v in every),
        "hold_s": None,
        "held_count": 0,
        "wrap_s": None,
        "transferred_count": sum(v.transfer_type is not None for v in every),
        "talk_known_count": talk_known_count,
        "hold_known_count": 0,
        "wrap_known_count": 0,
        "ring_known_count": sum(v.ring_s is not None for v in answered),
        # Neither hold nor wrap-up stands in a queue_log: what is handled is the talk.
        "handled_known_count": talk_known_count,
    }


def grouped(visits: Iterable[Visit], key: Callable[[Visit], Any]) -> dict[Any, Row]:
    groups: dict[Any, list[Visit]] = defaultdict(list)
    for visit in visits:
        groups[key(visit)].append(visit)
    return {name: sums_of(members) for name, members in groups.items()}


def queue_intervals(visits: Iterable[Visit], rules: Rules, ownership: str = "arrival") -> dict[Any, Row]:
    """Rows of kpi.queue_interval by (interval_started_at, business_date, site, queue).

    Whoever entered is offered in the interval of the arrival, whichever interval owns what became of it.
    """
    every = list(visits)

    def key(visit: Visit, moment: float) -> Any:
        return half_hour(moment), rules.local_date(moment), visit.site, visit.queue

    arrived = grouped(every, lambda visit: key(visit, visit.entered_at))
    owned = grouped(every, lambda visit: key(visit, owned_at(visit, ownership)))
    empty = sums_of([])
    return {
        place: owned.get(place, empty) | {"offered_count": arrived.get(place, empty)["offered_count"]}
        for place in [*arrived, *(place for place in owned if place not in arrived)]
    }


def queue_days(visits: Iterable[Visit]) -> dict[Any, Row]:
    """Rows of kpi.queue_day by (business_date, site, queue)."""
    return grouped(visits, lambda visit: (visit.business_date, visit.site, visit.queue))


def agent_days(told: Told, rules: Rules) -> dict[Any, Row]:
    """Rows of kpi.agent_day by (business_date, agent): answers and rings where they began, time cut at midnight."""
    rows: dict[Any, Row] = {}

    def row(day: Any, agent: str | None) -> Row:
        empty = {"offered_count": 0, "answered_count": 0, "ring_no_answer_count": None, "transferred_count": 0}
        return rows.setdefault((day, agent), {**empty, "talk_s": None, "logged_in_s": None, "paused_s": None})

    for ring in told.rings:
        own = row(rules.local_date(ring.started_at), ring.agent)
        own["offered_count"] += 1
        own["ring_no_answer_count"] = (own["ring_no_answer_count"] or 0) + (ring.outcome == "no_answer")
        for day, _ in by_day(rules, ring.started_at, ring.ring_s):
            row(day, ring.agent)
    for visit in told.visits:
        if visit.agent is not None and visit.answered_at is not None:
            own = row(rules.local_date(visit.answered_at), visit.agent)
            own["answered_count"] += 1
            own["transferred_count"] += visit.transfer_type is not None
            for day, seconds in by_day(rules, visit.answered_at, visit.talk_s):
                own = row(day, visit.agent)
                own["talk_s"] = known_sum([own["talk_s"], seconds])
    for state in ("logged_in", "paused"):
        for (day, agent), seconds in time_in(told, state, rules).items():
            row(day, agent)[f"{state}_s"] = seconds
    for own in rows.values():
        # Where no ring was logged, an answer is the offer that it was.
        own["offered_count"] = own["offered_count"] or own["answered_count"]
    return rows


def by_day(rules: Rules, begin: float, seconds: float | None) -> Iterator[tuple[Any, float | None]]:
    """The local days that a stretch lies in, with its seconds in each."""
    if not seconds:
        yield rules.local_date(begin), seconds
        return
    midnights = [rules.midnight(day) for day in days_between(rules, begin, begin + seconds)]
    edges = sorted({begin, begin + seconds, *(m for m in midnights if begin < m < begin + seconds)})
    for start, end in pairwise(edges):
        yield rules.local_date(start), end - start


def time_in(told: Told, state: str, rules: Rules) -> dict[Any, float]:
    """Seconds of each agent in a state by local day, cut at local midnight; on several queues it counts once."""
    stretches: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for stretch in told.stretches:
        if stretch.state == state:
            stretches[stretch.agent].append((stretch.started_at, stretch.ended_at))
    found: dict[Any, float] = {}
    for agent, own in stretches.items():
        edges = sorted({edge for pair in own for edge in pair})
        days = sorted({day for begin, end in own for day in days_between(rules, begin, end)})
        edges = sorted({*edges, *(rules.midnight(day) for day in days)})
        for begin, end in pairwise(edges):
            if any(a <= begin and end <= b for a, b in own):
                key = rules.local_date(begin), agent
                found[key] = found.get(key, 0.0) + end - begin
    return found


SERVICE_LEVELS: dict[str, Callable[[Row], Ratio]] = {
    "sl_abandons_positive": lambda s: (
        s["answered_in_sl_count"] + s["abandoned_in_sl_count"],
        s["answered_count"] + s["abandoned_count"],
    ),
    "sl_answered_only": lambda s: (s["answered_in_sl_count"], s["answered_count"]),
    "sl_abandons_negative": lambda s: (s["answered_in_sl_count"], s["answered_count"] + s["abandoned_count"]),
    "sl_abandons_in_threshold_ignored": lambda s: (
        s["answered_in_sl_count"],
        s["answered_count"] + s["abandoned_count"] - s["abandoned_in_sl_count"],
    ),
    "sl_short_abandons_credited": lambda s: (
        s["answered_in_sl_count"] + s["short_abandoned_count"],
        s["answered_count"] + s["abandoned_count"],
    ),
    "sl_short_abandons_excluded": lambda s: (
        s["answered_in_sl_count"],
        s["answered_count"] + s["abandoned_count"] - s["short_abandoned_count"],
    ),
    "sl_flowouts_in_denominator": lambda s: (
        s["answered_in_sl_count"],
        s["answered_count"] + s["abandoned_count"] + flow_outs(s),
    ),
}
ABANDONMENTS: dict[str, Callable[[Row], Ratio]] = {
    "abandonment_all": lambda s: (s["abandoned_count"], s["offered_count"]),
    "abandonment_short_excluded": lambda s: (
        s["abandoned_count"] - s["short_abandoned_count"],
        s["offered_count"] - s["short_abandoned_count"],
    ),
    "abandonment_short_not_counted": lambda s: (
        s["abandoned_count"] - s["short_abandoned_count"],
        s["offered_count"],
    ),
}
TIMES: dict[str, Callable[[Row], Ratio]] = {
    "kpi_asa": lambda s: (s["answered_wait_s"], s["answered_count"]),
    "kpi_aht": lambda s: (s["talk_s"], s["handled_known_count"]),
}


def flow_outs(sums: Row) -> int:
    total: int = sum(
        sums[f"{outcome}_count"] for outcome in ("timed_out", "exited_by_key", "exited_empty", "withdrawn")
    )
    return total


def value_of(ratio: Ratio) -> float | None:
    return ratio[0] / ratio[1] if ratio[1] and ratio[0] is not None else None
