"""Write Asterisk queue logs of any size, fast, whose exact totals are known.

Belongs here: one large log that a real Asterisk could have written, and its `Truth`, the sums that a pipeline
must find in it. Does not belong here: a contact centre that behaves, with callers who queue for agents
(`pipelines/simulate/`); here waits are drawn, not caused, and an agent may ring in vain while on a call.

Works one slice of the day at a time, so memory does not grow with the size of the log; only two bytes a call
(how it ends, how often it rings in vain) are kept for the whole, because the number of lines is met exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]

DEFAULT_START = datetime(2025, 1, 6, tzinfo=UTC)  # a Monday
EVENTS_PER_DAY = 40_000
CALL_EVENT_SHARE = 0.88  # the rest are agents who come, go and pause
SLICE_CALLS = 50_000  # about 160,000 lines at a time
DAY_S = 86_400

QUEUES = ("sales", "support", "billing", "vip", "returns", "technical", "renewals", "spanish")
QUEUE_SHARES = (0.20, 0.20, 0.14, 0.06, 0.10, 0.14, 0.10, 0.06)
AGENT_COUNT = 200
AGENTS_PER_QUEUE = AGENT_COUNT // len(QUEUES)
CALLER_COUNT = 100_000  # +447946000000 to +447946099999

# How a call ends: event, share. The first four are answered.
ENDINGS = (
    ("COMPLETEAGENT", 0.31),
    ("COMPLETECALLER", 0.38),
    ("BLINDTRANSFER", 0.06),
    ("ATTENDEDTRANSFER", 0.05),
    ("ABANDON", 0.12),
    ("EXITWITHTIMEOUT", 0.05),
    ("EXITWITHKEY", 0.03),
)
COMPLETE_AGENT, COMPLETE_CALLER, BLIND, ATTENDED, ABANDONED, TIMED_OUT, BY_KEY = range(len(ENDINGS))
RINGS_IN_VAIN_SHARES = (0.72, 0.19, 0.06, 0.03)  # of 0, 1, 2, 3 agents who do not pick up
RING_S = 15
TIMEOUT_S = 300
LONGEST_TALK_S = 2700

WEEKDAY_WEIGHTS = (1.20, 1.10, 1.05, 1.00, 1.05, 0.55, 0.35)  # Monday first
OPENS_AT_S, CLOSES_AT_S = 8 * 3600, 20 * 3600
SHIFT_STARTS_AT_S, SHIFT_ENDS_AT_S = 7 * 3600 + 1800, 21 * 3600
# Half hours from opening: a peak in the late morning, a lower one in the afternoon.
HALF_HOUR_WEIGHTS = (
    3, 5, 7, 9, 10, 10, 9, 8, 7, 6, 6, 7, 8, 8, 7, 7, 6, 5, 4, 4, 3, 2, 2, 1,
)  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """What the written log says, counted while it was written.

    Seconds are whole, as in the log. `offered_count` is the number of ENTERQUEUE lines, each its own call.
    """

    event_count: int = 0
    offered_count: int = 0
    answered_count: int = 0
    abandoned_count: int = 0
    timed_out_count: int = 0
    exited_by_key_count: int = 0
    transferred_count: int = 0
    ring_no_answer_count: int = 0
    wait_s: int = 0
    answered_wait_s: int = 0
    abandoned_wait_s: int = 0
    talk_s: int = 0
    agent_event_count: int = 0
    day_count: int = 0

    def plus(self, other: Truth) -> Truth:
        """The sums of both."""
        return Truth(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})


@dataclass(frozen=True)
class Slice:
    """Whole lines, none earlier than those of earlier slices, and what the calls begun here add up to."""

    lines: pl.DataFrame
    truth: Truth


def write_queue_log(
    path: Path, event_count: int, seed: int, start: datetime = DEFAULT_START, days: int | None = None
) -> Truth:
    """Write a queue_log of exactly `event_count` lines in order of time.

    Args:
        path: The file to write; its folder must exist.
        event_count: Lines to write, at least 1.
        seed: The same seed and arguments give the same bytes.
        start: The first day; it begins at its UTC midnight.
        days: Days to spread the lines over; by default as many as give about 40,000 lines a day.

    Returns:
        The exact totals of the file.

    Raises:
        ValueError: Fewer than one line or one day asked for, or a start without a time zone.
    """
    truth = Truth()
    with path.open("wb") as file:
        for piece in slices(event_count, seed, start, days):
            piece.lines.write_csv(file, separator="|", include_header=False, quote_style="never")
            truth = truth.plus(piece.truth)
    return truth


def slices(event_count: int, seed: int, start: datetime = DEFAULT_START, days: int | None = None) -> Iterator[Slice]:
    """The log in pieces of bounded size; arguments and errors as for `write_queue_log`.

    Yields:
        Lines as a frame: epoch, callid, queue, agent, event, tail (the parameters joined by `|`).
    """
    day_count = max(1, round(event_count / EVENTS_PER_DAY)) if days is None else days
    if event_count < 1 or day_count < 1:
        raise ValueError(f"at least one line and one day, not {event_count} lines and {day_count} days")
    if start.tzinfo is None:
        raise ValueError(f"the start needs a time zone: {start}")
    rng = np.random.default_rng(seed)
    midnight = int(start.timestamp()) // DAY_S * DAY_S
    endings, vain_rings = _plan_calls(event_count, rng)
    calls_a_day = _calls_a_day(len(endings), day_count, start.astimezone(UTC).weekday(), rng)
    pair_count, odd = divmod(event_count - int(_lines_of(endings, vain_rings).sum()), 2)
    yield from _opening(midnight, odd, day_count)
    begun = 0
    for day, calls_today in enumerate(calls_a_day):
        today = slice(begun, begun + int(calls_today))
        pairs = pair_count * (day + 1) // day_count - pair_count * day // day_count
        shifts = _shifts(midnight + day * DAY_S, pairs, rng)
        yield from _day(midnight + day * DAY_S, endings[today], vain_rings[today], begun, shifts, rng)
        begun = today.stop


def _plan_calls(event_count: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """How each call ends and how many rings are in vain: as many calls as fill their share of the lines."""
    target = int(event_count * CALL_EVENT_SHARE)
    most = target // 2  # no call has fewer than two lines
    shares = np.array([share for _, share in ENDINGS])
    endings = np.searchsorted(shares.cumsum()[:-1], rng.random(most, np.float32), "right").astype(np.uint8)
    limits = np.cumsum(RINGS_IN_VAIN_SHARES)[:-1]
    vain_rings = np.searchsorted(limits, rng.random(most, np.float32), "right").astype(np.uint8)
    kept = int(np.searchsorted(_lines_of(endings, vain_rings).cumsum(), target, "right"))
    return endings[:kept].copy(), vain_rings[:kept].copy()


def _lines_of(endings: NDArray[np.uint8], vain_rings: NDArray[np.uint8]) -> Ints:
    """Lines a call: entering, each ring in vain, connecting if answered, the end."""
    return 2 + vain_rings.astype(np.int64) + (endings <= ATTENDED)


def _calls_a_day(call_count: int, day_count: int, first_weekday: int, rng: np.random.Generator) -> Ints:
    weights = np.array([WEEKDAY_WEIGHTS[(first_weekday + day) % 7] for day in range(day_count)])
    return rng.multinomial(call_count, weights / weights.sum())


def _opening(midnight: int, odd: int, day_count: int) -> Iterator[Slice]:
    """Asterisk's own start, where one line is missing to an even number; the days are counted here too."""
    lines = _lines([midnight] * odd, "NONE", "NONE", "NONE", "QUEUESTART", "")
    yield Slice(lines, Truth(event_count=odd, agent_event_count=odd, day_count=day_count))


# --- one day -----------------------------------------------------------------------------------------------


def _day(
    midnight: int,
    endings: NDArray[np.uint8],
    vain_rings: NDArray[np.uint8],
    begun: int,
    shifts: pl.DataFrame,
    rng: np.random.Generator,
) -> Iterator[Slice]:
    """One day's lines, in slices of at most `SLICE_CALLS` calls; what ends later waits for the next slice."""
    entered = midnight + _arrivals(len(endings), rng)
    waiting, agent_lines = shifts, shifts.height
    for first in range(0, max(len(endings), 1), SLICE_CALLS):
        part = slice(first, first + SLICE_CALLS)
        calls = _calls(entered[part], endings[part], vain_rings[part], begun + first, rng)
        lines = pl.concat([waiting, *_call_lines(calls, rng)]).sort("epoch", maintain_order=True)
        is_last = part.stop >= len(endings)
        boundary = midnight + DAY_S if is_last else int(entered[part.stop])
        # Calls end long before midnight: nothing waits past the day's last slice.
        ready, waiting = lines.filter(pl.col("epoch") < boundary), lines.filter(pl.col("epoch") >= boundary)
        yield Slice(ready, _truth(calls).plus(Truth(event_count=agent_lines, agent_event_count=agent_lines)))
        agent_lines = 0


def _arrivals(count: int, rng: np.random.Generator) -> Ints:
    """Seconds of the day at which calls enter, in order."""
    weights = np.array(HALF_HOUR_WEIGHTS, dtype=np.float64)
    half_hours = rng.multinomial(count, weights / weights.sum())
    starts = np.repeat(OPENS_AT_S + 1800 * np.arange(len(weights)), half_hours)
    return np.sort(starts + rng.integers(0, 1800, count))


def _calls(
    entered: Ints,
    endings: NDArray[np.uint8],
    vain_rings: NDArray[np.uint8],
    begun: int,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """One row a call with everything its lines say."""
    count = len(entered)
    queue = rng.choice(len(QUEUES), count, p=QUEUE_SHARES)
    wait_s = np.minimum(1 + rng.gamma(0.9, 22.0, count).astype(np.int64), TIMEOUT_S - 60)
    wait_s += RING_S * vain_rings
    wait_s[endings == TIMED_OUT] = TIMEOUT_S
    left = entered + wait_s
    agent, talk_s = _agents_and_talk(queue, left, endings <= ATTENDED, rng)
    numbers = begun + np.arange(count, dtype=np.int64)
    position_in = rng.geometric(0.4, count).clip(1, 30)
    calls = {"entered": entered, "ending": endings, "vain": vain_rings, "wait_s": wait_s, "left": left}
    calls |= {"agent": agent, "talk_s": talk_s, "number": numbers, "position_in": position_in}
    calls |= {"caller": _callers(count, rng), "queue": _names(QUEUES, queue), "queue_number": queue}
    calls |= {"final_ring_s": np.minimum(wait_s - RING_S * vain_rings, rng.integers(1, 12, count))}
    return pl.DataFrame(calls).with_columns(callid=_uniqueid("entered", 2 * pl.col("number")))


def _agents_and_talk(
    queue: Ints, connected: Ints, is_answered: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Agents take a queue's calls in turn, and hang up before their next one.

    Where more calls come than agents could take, talks are cut to 5 s and overlap: a bench wants the lines.
    """
    agent = queue * AGENTS_PER_QUEUE + rng.integers(0, AGENTS_PER_QUEUE, len(queue))
    talk_s = np.zeros_like(queue)
    answered = np.flatnonzero(is_answered)
    answered = answered[np.lexsort((connected[answered], queue[answered]))]
    group, place = queue[answered], np.arange(len(answered))
    turn = place - np.searchsorted(group, group)
    agent[answered] = group * AGENTS_PER_QUEUE + turn % AGENTS_PER_QUEUE
    talk = np.minimum(rng.lognormal(5.0, 0.75, len(answered)).astype(np.int64), LONGEST_TALK_S)
    has_next = group[AGENTS_PER_QUEUE:] == group[:-AGENTS_PER_QUEUE]
    free_s = connected[answered][AGENTS_PER_QUEUE:] - connected[answered][:-AGENTS_PER_QUEUE] - 10
    head = talk[:-AGENTS_PER_QUEUE]
    head[has_next] = np.minimum(head, free_s)[has_next]
    talk_s[answered] = talk.clip(5)
    return agent, talk_s


def _callers(count: int, rng: np.random.Generator) -> pl.Series:
    """Numbers, some callers far more often than others; one in thirteen in another form or withheld."""
    who = pl.Series((rng.random(count) ** 2 * CALLER_COUNT).astype(np.int64)).cast(pl.String).str.zfill(6)
    form = pl.Series(np.searchsorted([0.92, 0.96, 0.98], rng.random(count), "right"))
    prefixes = _names(("+447946", "07946", "00447946", ""), form.to_numpy())
    known = pl.select(pl.concat_str(prefixes, who)).to_series()
    return known.zip_with(form < 3, pl.Series(["anonymous"]).new_from_index(0, count))


def _truth(calls: pl.DataFrame) -> Truth:
    ending = calls["ending"].to_numpy()
    wait_s, talk_s = calls["wait_s"].to_numpy(), calls["talk_s"].to_numpy()
    is_answered, is_abandoned = ending <= ATTENDED, ending == ABANDONED
    return Truth(
        event_count=int(_lines_of(ending, calls["vain"].to_numpy()).sum()),
        offered_count=len(ending),
        answered_count=int(is_answered.sum()),
        abandoned_count=int(is_abandoned.sum()),
        timed_out_count=int((ending == TIMED_OUT).sum()),
        exited_by_key_count=int((ending == BY_KEY).sum()),
        transferred_count=int(((ending == BLIND) | (ending == ATTENDED)).sum()),
        ring_no_answer_count=int(calls["vain"].sum()),
        wait_s=int(wait_s.sum()),
        answered_wait_s=int(wait_s[is_answered].sum()),
        abandoned_wait_s=int(wait_s[is_abandoned].sum()),
        talk_s=int(talk_s.sum()),
    )


# --- lines -------------------------------------------------------------------------------------------------


def _call_lines(calls: pl.DataFrame, rng: np.random.Generator) -> list[pl.DataFrame]:
    """The lines of some calls, by kind, in the order in which a call goes through them."""
    entering = _tail("", "caller", "position_in")
    return [
        calls.select(*_head("entered", "NONE", "ENTERQUEUE"), tail=entering),
        *(_rings_in_vain(calls.filter(pl.col("vain") > nth), nth, rng) for nth in range(3)),
        _connects(calls.filter(pl.col("ending") <= ATTENDED)),
        *_ends(calls, rng),
    ]


def _rings_in_vain(calls: pl.DataFrame, nth: int, rng: np.random.Generator) -> pl.DataFrame:
    """RINGNOANSWER of each call's `nth` agent, not the one who answers; its parameter is milliseconds."""
    other = (pl.col("agent") + 3 + nth) % AGENTS_PER_QUEUE + pl.col("queue_number") * AGENTS_PER_QUEUE
    epoch = pl.col("left") - pl.col("final_ring_s") - RING_S * (pl.col("vain") - 1 - nth)
    rung_ms = pl.Series(rng.integers(-40, 40, calls.height) + 1000 * RING_S)
    return calls.select(*_head(epoch, other, "RINGNOANSWER"), tail=rung_ms.cast(pl.String))


def _connects(calls: pl.DataFrame) -> pl.DataFrame:
    bridged = _uniqueid(pl.col("left") - pl.col("final_ring_s"), 2 * pl.col("number") + 1)
    return calls.select(*_head("left", "agent", "CONNECT"), tail=_tail("wait_s", bridged, "final_ring_s"))


def _ends(calls: pl.DataFrame, rng: np.random.Generator) -> list[pl.DataFrame]:
    """The last line of each call, one frame a kind of ending."""
    ended = pl.col("left") + pl.col("talk_s")
    handled = ("wait_s", "talk_s", "position_in")
    of = {number: calls.filter(pl.col("ending") == number) for number in range(len(ENDINGS))}
    bridges = _uuids(of[ATTENDED].height, rng)
    tails = {COMPLETE_AGENT: _tail(*handled), COMPLETE_CALLER: _tail(*handled)}
    tails |= {BLIND: _tail(pl.lit("6000|transfers"), *handled)}
    tails |= {ATTENDED: _tail(pl.lit("BRIDGE"), bridges, *handled)}
    lines = [of[n].select(*_head(ended, "agent", ENDINGS[n][0]), tail=tail) for n, tail in tails.items()]
    position = pl.min_horizontal("position_in", 1 + pl.col("wait_s") % 3)
    gone = _tail(position, "position_in", "wait_s")
    tails = {ABANDONED: gone, TIMED_OUT: gone, BY_KEY: pl.concat_str(pl.lit("5|"), gone)}
    return lines + [of[n].select(*_head("left", "NONE", ENDINGS[n][0]), tail=tail) for n, tail in tails.items()]


def _shifts(midnight: int, pair_count: int, rng: np.random.Generator) -> pl.DataFrame:
    """Agents' lines of one day, in order of time: a pair in and out of the queue each, the others pauses."""
    on_shift = min(AGENT_COUNT, pair_count)
    agent = rng.permutation(AGENT_COUNT)[:on_shift]
    came = midnight + SHIFT_STARTS_AT_S + rng.integers(0, 1500, on_shift)
    went = midnight + SHIFT_ENDS_AT_S + rng.integers(0, 1500, on_shift)
    pause = np.arange(pair_count - on_shift)
    slot_s = (CLOSES_AT_S - OPENS_AT_S) / max(1, -(-len(pause) // max(on_shift, 1)))
    slot_starts = midnight + OPENS_AT_S + (pause // max(on_shift, 1)) * slot_s
    paused = (slot_starts + rng.uniform(0.05, 0.45, len(pause)) * slot_s).astype(np.int64)
    resumed = paused + np.maximum(1, (rng.uniform(0.05, 0.4, len(pause)) * slot_s).astype(np.int64))
    reason = _names(("break", "lunch", "coaching", "wrap-up"), pause % 4)
    pausing = agent[pause % max(on_shift, 1)]
    lines = [
        _agent_lines(came, agent, "ADDMEMBER", ""),
        _agent_lines(resumed, pausing, "UNPAUSE", reason),
        _agent_lines(paused, pausing, "PAUSE", reason),
        _agent_lines(went, agent, "REMOVEMEMBER", ""),
    ]
    return pl.concat(lines).sort("epoch", maintain_order=True)


def _agent_lines(epoch: Ints, agent: Ints, event: str, tail: pl.Series | str) -> pl.DataFrame:
    callid = "MANAGER" if event.endswith("MEMBER") else "NONE"
    return _lines(epoch, callid, _names(QUEUES, agent // AGENTS_PER_QUEUE), _agent_names(agent), event, tail)


def _lines(
    epoch: Ints | list[int],
    callid: str,
    queue: pl.Series | str,
    agent: pl.Series | str,
    event: str,
    tail: pl.Series | str,
) -> pl.DataFrame:
    """A frame of lines; single texts are repeated."""
    frame = pl.DataFrame({"epoch": np.asarray(epoch, dtype=np.int64)})
    texts = {"callid": callid, "queue": queue, "agent": agent, "event": event, "tail": tail}
    return frame.with_columns(**{k: pl.lit(v) if isinstance(v, str) else v for k, v in texts.items()})


def _head(epoch: pl.Expr | str, agent: pl.Expr | str, event: str) -> list[pl.Expr]:
    """The first five fields of a call's line; `agent` is "NONE" or the column of the agent's number."""
    moment = pl.col(epoch) if isinstance(epoch, str) else epoch
    if isinstance(agent, str) and agent == "NONE":
        name = pl.lit("NONE")
    else:
        number = pl.col(agent) if isinstance(agent, str) else agent
        name = pl.concat_str(pl.lit("Agent "), (number + 1).cast(pl.String).str.zfill(3))
    return [
        moment.alias("epoch"),
        pl.col("callid", "queue"),
        name.alias("agent"),
        pl.lit(event).alias("event"),
    ]


def _tail(*parts: pl.Expr | pl.Series | str) -> pl.Expr:
    """Parameters joined by `|`: columns by name, expressions, or an empty text."""
    return pl.concat_str([pl.lit("") if isinstance(p, str) and not p else p for p in parts], separator="|")


def _uniqueid(epoch: pl.Expr | str, number: pl.Expr) -> pl.Expr:
    """A channel's uniqueid as Asterisk makes it: seconds, a dot, a counter."""
    return pl.concat_str([epoch, number], separator=".")


def _uuids(count: int, rng: np.random.Generator) -> pl.Series:
    """Bridge ids in the form of a random UUID."""
    texts = (rng.bytes(16).hex() for _ in range(count))
    return pl.Series([f"{t[:8]}-{t[8:12]}-4{t[13:16]}-a{t[17:20]}-{t[20:]}" for t in texts], dtype=pl.String)


def _names(names: tuple[str, ...], numbers: Ints) -> pl.Series:
    return pl.Series(names, dtype=pl.String).gather(pl.Series(numbers))


def _agent_names(agent: Ints) -> pl.Series:
    return _names(tuple(f"Agent {number:03d}" for number in range(1, AGENT_COUNT + 1)), agent)
