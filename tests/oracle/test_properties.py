"""What must hold of any log: nothing is lost or counted twice, variants stand in the order that algebra demands.

Belongs here: truths of sums and ratios. Not here: row-by-row comparison (test_oracle.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from math import isclose
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from logs import World, worlds
from oracle import Rules, Target, Told, tell
from sums import (
    ABANDONMENTS,
    RULES_OF_OWNERSHIP,
    SERVICE_LEVELS,
    Row,
    agent_days,
    queue_days,
    queue_intervals,
    sums_of,
    value_of,
)

QUICK = settings(derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate])
LONDON = World(seed=3, call_count=600, edge_share=0.6, crowd_share=0.1, targets=(Target(short_abandon_s=12.0),))
STRICT = World(seed=4, call_count=600, targets=(Target(sl_comparator="<", sl_threshold_s=10.0, short_abandon_s=30.0),))
BUILT = pytest.mark.parametrize("world", [LONDON, STRICT], ids=["london", "strict"])
COUNTS = [name for name in sums_of([]) if name.endswith("_count")]
SECONDS = [name for name in sums_of([]) if name.endswith("_s") and name != "max_wait_s"]
PARTS = [
    f"{outcome}_count"
    for outcome in ("answered", "abandoned", "timed_out", "exited_by_key", "exited_empty", "withdrawn", "open")
]
# (lower, higher): holds whatever the counts, where both are defined.
ALWAYS = [
    ("sl_flowouts_in_denominator", "sl_abandons_negative"),
    ("sl_abandons_negative", "sl_abandons_in_threshold_ignored"),
    ("sl_abandons_negative", "sl_short_abandons_excluded"),
    ("sl_abandons_in_threshold_ignored", "sl_answered_only"),
    ("sl_short_abandons_excluded", "sl_answered_only"),
    # a / (n - b) <= (a + b) / n, for a + b <= n
    ("sl_abandons_in_threshold_ignored", "sl_abandons_positive"),
    ("sl_short_abandons_excluded", "sl_short_abandons_credited"),
]
# ... where every short abandon is one within the threshold, and the other way round where the threshold is the shorter.
IF_SHORT_IS_SHORTER = [
    ("sl_short_abandons_excluded", "sl_abandons_in_threshold_ignored"),
    ("sl_short_abandons_credited", "sl_abandons_positive"),
]
OF_ABANDONMENT = [
    ("abandonment_short_not_counted", "abandonment_short_excluded"),
    ("abandonment_short_excluded", "abandonment_all"),
]


def totals(rows: list[Row]) -> dict[str, float]:
    return {name: sum(row[name] or 0 for row in rows) for name in COUNTS + SECONDS}


def disorder(values: dict[str, float | None], orders: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [
        (low, high)
        for low, high in orders
        if values[low] is not None and values[high] is not None and values[low] > values[high] + 1e-12  # type: ignore[operator]
    ]


def variants_of(sums: Row) -> dict[str, float | None]:
    formulas = {**SERVICE_LEVELS, **ABANDONMENTS}
    return {name: value_of(formula(sums)) for name, formula in formulas.items()}


def rows_of(centre: Any, table: str) -> list[Row]:
    names = [*COUNTS, *SECONDS, "queue", "channel", "business_date", "site"]
    return [dict(zip(names, row, strict=True)) for row in centre.rows(f"select {', '.join(names)} from {table}")]


@BUILT
@pytest.mark.parametrize("table", ["kpi.queue_interval", "kpi.queue_day"])
def test_offered_is_what_became_of_it(built: Callable[[World], Any], world: World, table: str) -> None:
    rows = rows_of(built(world), table)
    assert len(rows) > 20
    assert [row for row in rows if row["offered_count"] != sum(row[part] for part in PARTS)] == []
    assert min(sum(row[apart] for row in rows) for apart in ("blocked_count", "diverted_count")) > 0


@BUILT
@pytest.mark.parametrize("by", ["queue", "channel", "business_date", "site"])
def test_sums_of_intervals_days_queues_channels_and_sites_are_the_total(
    built: Callable[[World], Any], world: World, by: str
) -> None:
    centre = built(world)
    ((visit_count, wait_s, talk_s),) = centre.rows("select count(*), sum(wait_s), sum(talk_s) from core.queue_visits")
    for table in ("kpi.queue_interval", "kpi.queue_day"):
        groups: dict[Any, list[Row]] = defaultdict(list)
        for row in rows_of(centre, table):
            groups[row[by]].append(row)
        total = totals([totals(rows) for rows in groups.values()])
        assert total["offered_count"] + total["blocked_count"] + total["diverted_count"] == visit_count
        assert isclose(total["wait_s"], wait_s)
        assert isclose(total["talk_s"], talk_s)


@BUILT
def test_every_line_and_every_visit_is_accounted_for(built: Callable[[World], Any], world: World) -> None:
    centre = built(world)
    (counts,) = centre.rows(
        "select sum(line_count), sum(row_count), sum(ignored_count), sum(duplicate_count), sum(rejected_count)"
        " from meta.source_files"
    )
    assert counts[0] == sum(counts[1:]) == len(world.lines)
    assert counts[3] > 0
    assert centre.rows("select count(*) filter (where difference_count <> 0) from meta.ledger") == [(0,)]


@BUILT
def test_variants_stand_in_order_in_every_interval(built: Callable[[World], Any], world: World) -> None:
    (target,) = world.targets
    by_threshold = IF_SHORT_IS_SHORTER
    if target.short_abandon_s > target.sl_threshold_s:
        by_threshold = [(high, low) for low, high in IF_SHORT_IS_SHORTER]
    for row in rows_of(built(world), "kpi.queue_interval"):
        assert disorder(variants_of(row), [*ALWAYS, *by_threshold, *OF_ABANDONMENT]) == [], row


@st.composite
def counts(draw: st.DrawFn) -> Row:
    """Any counts that a queue can have."""
    answered, abandoned = draw(st.integers(0, 50)), draw(st.integers(0, 50))
    sums = {name: draw(st.integers(0, 9)) for name in PARTS}
    sums |= {"answered_count": answered, "abandoned_count": abandoned}
    return {
        **sums,
        "offered_count": sum(sums.values()),
        "answered_in_sl_count": draw(st.integers(0, answered)),
        "abandoned_in_sl_count": draw(st.integers(0, abandoned)),
        "short_abandoned_count": draw(st.integers(0, abandoned)),
    }


@settings(QUICK, max_examples=300)
@given(counts())
def test_order_of_variants_follows_from_nothing_but_the_counts(sums: Row) -> None:
    values = variants_of(sums)
    assert disorder(values, [*ALWAYS, *OF_ABANDONMENT]) == []
    assert [name for name, value in values.items() if value is not None and not 0 <= value <= 1] == []
    is_shorter = sums["short_abandoned_count"] <= sums["abandoned_in_sl_count"]
    by_threshold = IF_SHORT_IS_SHORTER if is_shorter else [(high, low) for low, high in IF_SHORT_IS_SHORTER]
    assert disorder(values, by_threshold) == []


# What any log must fulfil of the oracle too, or it would judge by wrong figures; without a build many are tried.


@settings(QUICK, max_examples=12)
@given(worlds(call_count=120))
def test_totals_are_equal_whichever_interval_owns_a_visit(world: World) -> None:
    told, rules = tell(world.lines, world.rules), world.rules
    expected = totals([sums_of(told.visits)])
    for ownership in RULES_OF_OWNERSHIP:
        rows = queue_intervals(told.visits, rules, ownership)
        assert totals(list(rows.values())) == pytest.approx(expected)
    assert totals(list(queue_days(told.visits).values())) == pytest.approx(expected)


# The golden numbers of the definitions, so that the judge is judged too.


def told(*events: str, rules: Rules = Rules()) -> Told:  # noqa: B008
    """Of events written `hour:minute:second|callid|queue|agent|EVENT|parameters`, on an ordinary day in UTC."""
    lines = []
    for event in events:
        clock, rest = event.split("|", 1)
        moment = datetime.fromisoformat(f"2026-03-02T{clock}").replace(tzinfo=UTC)
        lines.append(f"{int(moment.timestamp())}|{rest}")
    return tell(lines, rules)


def test_oracle_knows_the_seven_service_levels_and_three_abandonments() -> None:
    icmi = sums_of([]) | {
        "offered_count": 1060, "answered_count": 1000, "abandoned_count": 60, "answered_in_sl_count": 860,
        "abandoned_in_sl_count": 20, "short_abandoned_count": 10,
    }  # fmt: skip
    values = [round(100 * value, 2) for value in variants_of(icmi).values() if value is not None]
    assert values == [83.02, 86.0, 81.13, 82.69, 82.08, 81.9, 81.13, 5.66, 4.76, 4.72]


def test_oracle_knows_a_journey_through_three_queues() -> None:
    (contact,) = told(
        "12:00:00|1.1|a|NONE|ENTERQUEUE||07|1", "12:00:59|1.1|a|NONE|EXITWITHTIMEOUT|1|1|59",
        "12:01:00|1.1|b|NONE|ENTERQUEUE||07|1", "12:01:59|1.1|b|NONE|EXITWITHTIMEOUT|1|1|59",
        "12:02:00|1.1|c|NONE|ENTERQUEUE||07|1", "12:02:30|1.1|c|NONE|ABANDON|1|1|30",
    ).contacts  # fmt: skip
    assert (contact.queue_visit_count, contact.queue_wait_s, contact.elapsed_wait_s) == (3, 148.0, 150.0)


@pytest.mark.parametrize(("ownership", "answered_in"), [("arrival", 7.0), ("event", 7.5), ("disconnect", 8.0)])
def test_oracle_knows_which_interval_owns_an_answer(ownership: str, answered_in: float) -> None:
    visits = told(
        "07:28:00|1.1|q|NONE|ENTERQUEUE||07|1", "07:32:00|1.1|q|Ann|CONNECT|240|1.2|3",
        "08:05:00|1.1|q|Ann|COMPLETEAGENT|240|1980|1",
    ).visits  # fmt: skip
    rows = queue_intervals(visits, Rules(), ownership)

    def hours(name: str) -> list[float]:
        return [key[0].hour + key[0].minute / 60 for key, row in rows.items() if row[name]]

    assert hours("offered_count") == [7.0]
    assert hours("answered_count") == [answered_in]


def test_oracle_cuts_an_agents_time_at_midnight() -> None:
    rules = Rules("Asia/Tokyo")  # midnight is at 15:00 UTC
    log = told("14:50:00|NONE|q|Ann|ADDMEMBER|", "15:20:00|NONE|q|Ann|REMOVEMEMBER|", rules=rules)
    found = [(key[0].day, row["logged_in_s"]) for key, row in sorted(agent_days(log, rules).items())]
    assert found == [(2, 600.0), (3, 1200.0)]


def midnights(day: date, zone: str) -> tuple[int, int]:
    begin, end = (datetime(d.year, d.month, d.day, tzinfo=ZoneInfo(zone)) for d in (day, day + timedelta(days=1)))
    return int(begin.timestamp()), int(end.timestamp())


DAYS = [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 2), 24)]


@pytest.mark.parametrize(("day", "hours"), DAYS)
def test_a_day_of_23_24_or_25_hours_is_the_sum_of_its_intervals(
    built: Callable[[World], Any], day: date, hours: int
) -> None:
    begin, end = midnights(day, "Europe/London")
    assert end - begin == hours * 3600
    centre = built(LONDON)
    within = f"where business_date = date '{day}'"
    edges = centre.rows(
        f"select epoch(min(interval_started_at)) >= {begin}, epoch(max(interval_started_at)) <= {end - 1800}"
        f" from kpi.queue_interval {within}"
    )
    assert edges == [(True, True)]
    sums = ", ".join(f"round(sum({name}), 6)" for name in [*COUNTS, "wait_s", "talk_s", "ring_s"])
    (by_day,), (by_interval,) = (
        centre.rows(f"select {sums} from {table} {within}") for table in ("kpi.queue_day", "kpi.queue_interval")
    )
    assert by_day == pytest.approx(by_interval)
    entered = f"where epoch(entered_at) >= {begin} and epoch(entered_at) < {end}"
    refused = "outcome in ('full', 'join_empty', 'closed', 'diverted')"
    ((offered, blocked),) = centre.rows(
        f"select count(*) filter (where not {refused}), count(*) filter (where {refused})"
        f" from core.queue_visits {entered}"
    )
    ((day_offered, day_blocked),) = centre.rows(
        f"select sum(offered_count), sum(blocked_count) + sum(diverted_count) from kpi.queue_day {within}"
    )
    assert (day_offered, day_blocked) == (offered, blocked)
    assert offered > 50
