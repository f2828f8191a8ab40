"""Whether a week's share is more than chance: against earlier weeks only, corrected for everything that was looked at.

Here: the tail probability, what is expected, statuses. Not here: what is counted (emerging.py, standing.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.voice.params import EmergingParams, RisingParams

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEW, RISING, USUAL, TOO_FEW = "new", "rising", "usual", "too few"


def tail_probability(count: Counts, total: int, earlier: Counts, earlier_total: Counts, spread: Floats) -> Floats:
    """Chance of `count` or more in `total` comments, given `earlier` of `earlier_total` before.

    Beta-binomial with a = earlier + 1 and b = earlier_total - earlier, which is Fisher's exact test: a share that is
    itself uncertain is not taken for known. Variation from week to week beyond chance, `spread` (correlation within a
    week), makes it wider: 1 / (a + b) grows by it.

    Args:
        count: Shape (n,).
        total: Comments of the week.
        earlier: Shape (n,).
        earlier_total: Comments before, shape (n,).
        spread: Shape (n,), 0 or more.

    Returns:
        Shape (n,).
    """
    from scipy.special import betaln, gammaln

    a, b = earlier + 1.0, np.maximum(earlier_total - earlier, 1.0)
    scale = 1 / (1 + spread * (a + b))
    a, b = a * scale, b * scale
    found = np.ones(len(count))
    for n in np.flatnonzero(count > 0):
        k = np.arange(count[n], total + 1)
        ways = gammaln(total + 1) - gammaln(k + 1) - gammaln(total - k + 1)
        chances = np.exp(ways + betaln(k + a[n], total - k + b[n]) - betaln(a[n], b[n]))
        found[n] = min(float(chances.sum()), 1.0)
    return found


def spread_of(counts: Counts, totals: Counts) -> float:
    """Correlation within a week that the counts of some weeks show beyond chance, by moments, 0 or more.

    Pearson's statistic over its degrees of freedom is 1 + (mean total - 1) x correlation.
    """
    seen = totals > 0
    counts, totals = counts[seen], totals[seen]
    share = counts.sum() / max(totals.sum(), 1)
    if len(totals) < 3 or not 0 < share < 1 or totals.mean() <= 1:
        return 0.0
    pearson = ((counts - totals * share) ** 2 / (totals * share * (1 - share))).sum() / (len(totals) - 1)
    return float(max(0.0, (pearson - 1) / (totals.mean() - 1)))


@dataclass(frozen=True)
class Window:
    """The weeks that say what is usual in a week: positions `start` to `week`, that excluded."""

    start: int
    week: int
    has_enough: bool


def window_of(totals: Counts, week: int, params: RisingParams) -> Window:
    """The earlier weeks of a week, and whether they and the week hold enough comments to tell."""
    start = max(0, week - params.window_week_count)
    before = totals[start:week]
    enough = (
        int((before > 0).sum()) >= params.window_minimum_count
        and int(before.sum()) >= params.window_comment_count
        and int(totals[week]) >= params.week_minimum_count
    )
    return Window(start, week, enough)


def _usual(
    counts: Counts, totals: Counts, flagged: Bools, window: Window, params: RisingParams
) -> tuple[Counts, Counts, Floats]:
    """What each topic's share was in its window: comments with it, all comments, variation; each of shape (topics,).

    A rise stays one for some weeks: its own last weeks do not say what is usual. Nor does any week that was flagged
    say how much the share varies when nothing changes.
    """
    past = slice(window.start, window.week)
    counted = np.ones((len(counts), window.week - window.start), dtype=bool)
    recent = min(params.fresh_week_count, counted.shape[1])
    if recent:
        counted[:, -recent:] = ~flagged[:, window.week - recent : window.week]
    calm = ~flagged[:, past]
    spread = [spread_of(counts[n, past][calm[n]], totals[past][calm[n]]) for n in range(len(counts))]
    return (counts[:, past] * counted).sum(axis=1), (totals[past] * counted).sum(axis=1), np.array(spread)


@dataclass(frozen=True)
class Judged:
    """Topics by week, each of shape (topics, weeks); NaN where there is too little to tell."""

    expected_share: Floats
    p_value: Floats
    adjusted_p_value: Floats
    status: NDArray[np.object_]


def judge(
    counts: Counts, totals: Counts, born: Counts, birth_p_value: Floats, params: RisingParams, emerging: EmergingParams
) -> Judged:
    """Status of every topic in every week, from that week and earlier ones.

    Args:
        counts: Shape (topics, weeks).
        totals: Comments of each week, shape (weeks,).
        born: Week in which a topic was found, -1 for standing ones: it is judged from then on, shape (topics,).
        birth_p_value: Adjusted p-value with which it was found then, NaN for standing ones, shape (topics,).
        params: When a rise counts.
        emerging: What counts as unseen.
    """
    shape = counts.shape
    expected, p_value, adjusted = (np.full(shape, np.nan) for _ in range(3))
    status = np.full(shape, TOO_FEW, dtype=object)
    flagged = np.zeros(shape, dtype=bool)
    for week in range(shape[1]):
        window = window_of(totals, week, params)
        if not window.has_enough:
            continue
        total = int(totals[week])
        earlier, earlier_total, spread = _usual(counts, totals, flagged, window, params)
        expected[:, week] = earlier / earlier_total
        p_value[:, week] = tail_probability(counts[:, week], total, earlier, earlier_total, spread)
        judged = born <= week
        tests = max(int(judged.sum()), 1) * params.year_week_count
        adjusted[:, week] = np.where(born == week, birth_p_value, np.minimum(p_value[:, week] * tests, 1.0))
        rises = counts[:, week] / total >= params.rise_factor * expected[:, week]
        flagged[:, week] = (
            judged
            & (adjusted[:, week] <= params.false_alarm_count)
            & (counts[:, week] >= params.topic_minimum_count)
            & rises
        )
        unseen = expected[:, week] <= emerging.unseen_share
        status[:, week] = np.where(flagged[:, week], np.where(unseen, NEW, RISING), USUAL)
    return Judged(expected, p_value, adjusted, status)
