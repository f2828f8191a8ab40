"""A run takes up what is new and leaves the rest: the tables are those of a run that had everything at once."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from pipelines.published import open_published

pytestmark = pytest.mark.end_to_end

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "landing"
CRM = ("crm_customers", "crm_orders", "surveys")
DAYS, STEP_S = 4, 20 * 3600 + 7
QUICK = settings(derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate])
_ID = re.compile(rb"\b(17953\d{5})(\.\d+)")
_LOCAL = re.compile(rb"2026-\d\d-\d\d \d\d:\d\d:\d\d")

Lines = dict[str, list[tuple[float, bytes]]]


def moved(source: str, line: bytes, seconds: int) -> tuple[float, bytes]:
    """A line of the sample as if it had been written some time earlier or later, and its time."""
    line = _ID.sub(lambda m: b"%d%s" % (int(m[1]) + seconds, m[2]), line)
    if source == "asterisk_queue_log":
        second = int(line.split(b"|", 1)[0]) + seconds
        return second, b"%d|%s" % (second, line.split(b"|", 1)[1])
    shift = timedelta(seconds=seconds)
    line = _LOCAL.sub(lambda m: str(datetime.fromisoformat(m[0].decode()) + shift).encode(), line)
    first = _LOCAL.search(line)
    assert first is not None
    return datetime.fromisoformat(first[0].decode() + "+00:00").timestamp(), line


@pytest.fixture(scope="module")
def lines() -> Lines:
    """The sample's calls as if they had come on four days, each with its time."""
    found: Lines = {}
    for source in ("asterisk_queue_log", "asterisk_cel", "asterisk_cdr"):
        files = [(path.suffix, path.read_bytes()) for path in sorted((SAMPLE / source).iterdir())]
        one = [line for kind, data in files for line in (gzip.decompress(data) if kind == ".gz" else data).splitlines()]
        every = [moved(source, line, -day * STEP_S) for day in range(DAYS) for line in one]
        found[source] = sorted(every)
    return found


def land(centre: Any, name: str, lines: Lines, keep: Callable[[float], bool]) -> None:
    for source, timed in lines.items():
        kept = [line for second, line in timed if keep(second)]
        if kept:
            centre.land(source, name, b"\n".join(kept) + b"\n")


def tables(centre: Any) -> dict[str, list[tuple[Any, ...]]]:
    """All of core and kpi and the channels, with the steps that are nobody's interface."""
    with duckdb.connect(centre.home.warehouse, read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        names = con.execute(
            "select distinct schema_name || '.' || table_name from duckdb_columns()"
            " where schema_name in ('core', 'kpi') or table_name = 'asterisk_channels' order by 1"
        ).fetchall()
        return {name: con.execute(f"select * from {name} order by all").fetchall() for (name,) in names}


def differences(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, list[Any]]:
    names = [name for name in expected if found[name] != expected[name]]
    return {name: sorted(set(found[name]) ^ set(expected[name]), key=repr)[:4] for name in names}


@pytest.fixture(scope="module")
def fresh(make_centre: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Any]:
    def make() -> Any:
        centre = make_centre(tmp_path_factory.mktemp("parts") / "home")
        centre.write("callwright.toml", (SAMPLE.parent / "callwright.toml").read_text())
        return centre

    return make


@pytest.fixture(scope="module")
def at_once(fresh: Callable[[], Any], lines: Lines) -> Any:
    centre = fresh().land_sample(*CRM)
    land(centre, "all", lines, lambda _: True)
    centre.run(whole=True)
    return centre


@pytest.fixture(scope="module")
def expected(at_once: Any) -> dict[str, list[tuple[Any, ...]]]:
    found = tables(at_once)
    assert len(found["core.contacts"]) == DAYS * 420
    return found


@settings(QUICK, max_examples=4)
@given(
    window=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
    lost_share=st.sampled_from((0.0, 0.02)),
    customers_at=st.integers(0, 2),
    seed=st.integers(0, 99),
)
@example(window=[0.8, 1.0], lost_share=0.0, customers_at=2, seed=1)
@example(window=[0.4, 0.41], lost_share=0.02, customers_at=1, seed=2)
def test_whatever_comes_later_the_tables_are_those_of_a_run_that_had_it_all(
    fresh: Callable[[], Any],
    lines: Lines,
    expected: dict[str, Any],
    window: list[float],
    lost_share: float,
    customers_at: int,
    seed: int,
) -> None:
    # A stretch of time comes second, and a few lines of everywhere last; customers in any of the three runs.
    first, last = (min(s for s, _ in lines["asterisk_cel"]) + share * DAYS * STEP_S for share in window)
    chance = random.Random(seed)
    late = {source: [chance.random() < lost_share for _ in timed] for source, timed in lines.items()}
    kept = {s: [pair for pair, is_late in zip(lines[s], late[s], strict=True) if not is_late] for s in lines}
    lost = {s: [pair for pair, is_late in zip(lines[s], late[s], strict=True) if is_late] for s in lines}
    centre = fresh()
    arrivals = [
        (kept, lambda second: not first <= second <= last),
        (kept, lambda second: first <= second <= last),
        (lost, lambda _: True),
    ]
    for number, (part, keep) in enumerate(arrivals):
        land(centre, f"part-{number}", part, keep)
        if number == customers_at:
            centre.land_sample(*CRM)
        centre.run()
    assert differences(tables(centre), expected) == {}


# A column that nothing else is made of, by table.
MARKED = {
    "core._asterisk_calls": "transferred_to",
    "core.queue_visits": "talk_source",
    "core.ring_attempts": "outcome",
    "core.contacts": "value_tier_at_arrival",
}


@pytest.fixture(scope="module")
def another_day(fresh: Callable[[], Any], lines: Lines) -> Any:
    """All but the last day, a mark on what must be left alone, and then the last day, published twice."""
    centre = fresh().land_sample(*CRM)
    last_day = max(second for second, _ in lines["asterisk_queue_log"]) - STEP_S / 2
    land(centre, "before", lines, lambda second: second < last_day)
    centre.run(whole=True)
    with duckdb.connect(centre.home.warehouse) as con:
        for table, column in MARKED.items():
            con.execute(f"update {table} set {column} = 'mark'")
    land(centre, "last-day", lines, lambda second: second >= last_day)
    centre.run()
    return centre


@pytest.mark.parametrize("table", MARKED)
def test_another_day_leaves_the_days_before_alone(another_day: Any, expected: dict[str, Any], table: str) -> None:
    ((marked, count),) = another_day.rows(
        f"select count(*) filter (where {MARKED[table]} = 'mark'), count(*) from {table}"
    )
    assert count == len(expected[table])
    # A restart, which each day of the sample begins with, touches what was open since the one before.
    touched_days = 1 if table == "core._asterisk_calls" else 2
    assert marked / count == pytest.approx(1 - touched_days / DAYS, abs=0.03)


def test_a_snapshot_that_was_patched_holds_what_a_whole_one_does(
    fresh: Callable[[], Any], lines: Lines, at_once: Any
) -> None:
    centre = fresh().land_sample(*CRM)
    last_day = max(second for second, _ in lines["asterisk_queue_log"]) - STEP_S / 2
    land(centre, "before", lines, lambda second: second < last_day)
    centre.run(whole=True)
    land(centre, "last-day", lines, lambda second: second >= last_day)
    centre.run(whole=True)
    skipped = ("meta.publish", "meta.source_files", "meta.check_results", "meta.ledger")
    with open_published(centre.home) as patched, open_published(at_once.home) as whole:
        names = [
            row[0]
            for row in whole.execute(
                "select distinct schema_name || '.' || table_name from duckdb_columns() where not internal"
                " and schema_name in ('core', 'kpi', 'meta') order by 1"
            ).fetchall()
        ]
        for name in sorted(set(names) - set(skipped)):
            query = f"select * from {name} order by all"
            assert patched.execute(query).fetchall() == whole.execute(query).fetchall(), name
        comments = "select count(*) from duckdb_columns() where not internal and coalesce(comment, '') = ''"
        assert patched.execute(comments).fetchall() == [(0,)]


def test_a_restart_cuts_off_a_call_of_long_before(centre: Any) -> None:
    noon = 1_772_452_800
    centre.land("asterisk_queue_log", "1", f"{noon}|1.1|sales|NONE|ENTERQUEUE||+447946000001|1\n")
    centre.run()
    assert centre.rows("select outcome, ended_by, left_at, repairs from core.queue_visits") == [
        ("open", None, None, None)
    ]
    days = 9 * 86_400
    centre.land(
        "asterisk_queue_log",
        "2",
        f"{noon + days}|NONE|NONE|NONE|QUEUESTART|\n"
        f"{noon + days + 60}|2.1|sales|NONE|ENTERQUEUE||+447946000002|1\n"
        f"{noon + days + 70}|2.1|sales|NONE|ABANDON|1|1|10\n",
    )
    centre.run()
    assert centre.rows(
        "select source_call_id, outcome, epoch(left_at)::bigint, repairs from core.queue_visits order by 1"
    ) == [("1.1", "open", noon + days, "closed_by_restart"), ("2.1", "abandoned", noon + days + 70, None)]


def test_late_lines_of_one_day_and_new_ones_of_another_leave_what_lies_between(centre: Any) -> None:
    noon, day = 1_772_452_800, 86_400

    def call(at: int, name: str) -> str:
        return f"{at}|{name}|sales|NONE|ENTERQUEUE||+447946000001|1\n{at + 10}|{name}|sales|NONE|ABANDON|1|1|10\n"

    centre.land("asterisk_queue_log", "1", "".join(call(noon + d * day, f"{d}.1") for d in range(5)))
    centre.run()
    with duckdb.connect(centre.home.warehouse) as con:
        con.execute("update core.queue_visits set tier = 'mark'")
    centre.land("asterisk_queue_log", "2", call(noon + 5, "0.2"))
    centre.land("asterisk_queue_log", "3", call(noon + 4 * day + 60, "4.2"))
    centre.run()
    assert centre.rows("select source_call_id, tier from core.queue_visits order by 1") == [
        ("0.1", None),  # the late call waited beside it
        ("0.2", None),
        *[(f"{d}.1", "mark") for d in range(1, 5)],
        ("4.2", None),
    ]
    assert centre.rows("select business_date::varchar, offered_count from kpi.queue_day order by 1") == [
        (f"2026-03-0{d + 2}", 2 if d in (0, 4) else 1) for d in range(5)
    ]
