"""However the same lines arrive (split, shuffled, repeated, compressed, renamed, cut in mid-line): same tables."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.end_to_end

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "landing"
LOGS = SAMPLE / "asterisk_queue_log"
LINES = [line for name in ("queue_log.0", "queue_log") for line in (LOGS / name).read_bytes().splitlines(keepends=True)]
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


Tables = dict[str, list[tuple[Any, ...]]]
# No shrinking: a failing example takes seconds, and is short enough to read as it is.
QUICK = settings(derandomize=True, deadline=None, database=None, phases=[Phase.explicit, Phase.generate])


@dataclass(frozen=True)
class Arrival:
    """How the lines of the sample's log come: `seed` shuffles them, `cuts` split them, each part comes by itself.

    `kinds` says how each part is packed, `copies` which parts come a second time under another name, `order` which part
    comes when, `bare` whether the parts' last lines lack their newline, `at_once` whether all come in one run.
    """

    seed: int | None
    cuts: tuple[int, ...]
    kinds: tuple[str, ...]
    copies: tuple[int, ...]
    order: int
    bare: bool
    at_once: bool


arrivals = st.builds(
    Arrival,
    seed=st.none() | st.integers(0, 999),
    cuts=st.lists(st.integers(1, len(LINES) - 1), max_size=3, unique=True).map(sorted).map(tuple),
    kinds=st.tuples(*[st.sampled_from(sorted(PACKERS))] * 4),
    copies=st.lists(st.integers(0, 3), max_size=2, unique=True).map(tuple),
    order=st.integers(0, 999),
    bare=st.booleans(),
    at_once=st.booleans(),
)


def parts_of(arrival: Arrival) -> list[tuple[str, bytes]]:
    lines = list(LINES)
    if arrival.seed is not None:
        random.Random(arrival.seed).shuffle(lines)
    edges = [0, *arrival.cuts, len(lines)]
    pieces = [b"".join(lines[a:b]) for a, b in pairwise(edges)]
    pieces = [piece.removesuffix(b"\n") if arrival.bare else piece for piece in pieces]
    files = [
        (f"log-{n}{kind}", PACKERS[kind](piece))
        for n, (piece, kind) in enumerate(zip(pieces, arrival.kinds, strict=False))
    ]
    files += [(f"again/copy-{n}", pieces[n]) for n in arrival.copies if n < len(pieces)]
    random.Random(arrival.order).shuffle(files)
    return files


def differences(found: Tables, expected: Tables) -> dict[str, list[tuple[Any, ...]]]:
    """Of each table that differs a few rows that only one side has; short, for a report of all rows takes minutes."""
    names = [name for name in expected if found[name] != expected[name]]
    return {name: sorted(set(found[name]) ^ set(expected[name]), key=repr)[:4] for name in names}


@pytest.fixture(scope="module")
def fresh(make_centre: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Any]:
    def make() -> Any:
        centre = make_centre(tmp_path_factory.mktemp("any") / "home")
        centre.write("callwright.toml", (SAMPLE.parent / "callwright.toml").read_text())
        return centre

    return make


@pytest.fixture(scope="module")
def expected(shared_centre: Any) -> Tables:
    whole = shared_centre("only-asterisk_queue_log", lambda c: c.land_sample("asterisk_queue_log").run())
    tables: Tables = whole.tables("core", "kpi")
    assert len(tables["core.queue_visits"]) == 405
    return tables


@settings(QUICK, max_examples=6)
@given(arrivals)
@example(Arrival(None, (600, 1200), ("", "", "", ""), (0, 2), 3, False, False))
@example(Arrival(1, (5, 900, 1800), (".gz", "", ".xz", ".bz2"), (1,), 2, True, False))
def test_split_shuffled_repeated_and_compressed_logs_give_the_same_tables(
    fresh: Callable[[], Any], expected: Tables, arrival: Arrival
) -> None:
    centre = fresh()
    for name, content in parts_of(arrival):
        centre.land("asterisk_queue_log", name, content)
        if not arrival.at_once:
            centre.run()
    if arrival.at_once:
        centre.run()
    assert differences(centre.tables("core", "kpi"), expected) == {}
    counts = (
        "select sum(line_count - row_count - ignored_count - duplicate_count - rejected_count),"
        " sum(row_count) from meta.source_files"
    )
    assert centre.rows(counts) == [(0, len(LINES))]


@settings(QUICK, max_examples=3)
@given(st.lists(st.integers(1, sum(map(len, LINES)) - 1), min_size=2, max_size=4, unique=True).map(sorted))
def test_a_growing_log_gives_the_same_tables_though_it_was_read_in_mid_line(
    fresh: Callable[[], Any], expected: Tables, cuts: list[int]
) -> None:
    centre, whole = fresh(), b"".join(LINES)
    for end in [*cuts, len(whole)]:
        centre.land("asterisk_queue_log", "queue_log", whole[:end])
        centre.run()
    assert differences(centre.tables("core", "kpi"), expected) == {}
    assert centre.rows("select sum(line_count), sum(row_count), sum(rejected_count) from meta.source_files") == [
        (1862, 1862, 0)
    ]


def test_a_log_that_was_read_in_mid_line_and_then_rotated(fresh: Callable[[], Any], expected: Tables) -> None:
    # Cut within a number the half line is an event of its own, with another talk time: it must not stay.
    centre, whole = fresh(), b"".join(LINES)
    end = next(
        m.start(1) + 1 for m in re.finditer(rb"COMPLETE\w+\|\d+\|(\d\d)\|", whole) if m.start() > len(whole) // 2
    )
    rotated = whole.index(b"\n", end) + 1
    log = centre.land("asterisk_queue_log", "queue_log", whole[:end])
    centre.run()
    log.rename(log.with_name("queue_log.1"))
    centre.land("asterisk_queue_log", "queue_log.1", whole[:rotated])
    centre.run()
    centre.land("asterisk_queue_log", "queue_log.2", whole[rotated:])
    centre.run()
    assert differences(centre.tables("core", "kpi"), expected) == {}


def test_all_sources_split_repeated_and_compressed(fresh: Callable[[], Any], sample: Any) -> None:
    centre = fresh()
    cdr = (SAMPLE / "asterisk_cdr" / "Master.csv").read_bytes().splitlines(keepends=True)
    cel = gzip.decompress((SAMPLE / "asterisk_cel" / "Master_cel.csv.gz").read_bytes()).splitlines(keepends=True)
    orders = (SAMPLE / "crm_orders" / "orders.csv").read_bytes().splitlines(keepends=True)
    centre.land("asterisk_cdr", "second.csv", b"".join(reversed(cdr[700:])))
    centre.land("asterisk_cel", "plain.csv", b"".join(cel[4000:]))
    centre.land("crm_orders", "late.csv", orders[0] + b"".join(orders[3000:]))
    centre.land("surveys", "surveys.csv.gz", gzip.compress((SAMPLE / "surveys" / "surveys.csv").read_bytes()))
    centre.run()
    centre.land("crm_customers", "customers.csv", (SAMPLE / "crm_customers" / "customers.csv").read_bytes())
    centre.land("crm_customers", "copy/customers.csv", (SAMPLE / "crm_customers" / "customers.csv").read_bytes())
    centre.land("asterisk_cdr", "first.csv", b"".join(cdr[:800]))  # a hundred records twice
    centre.land("asterisk_queue_log", "log.gz", gzip.compress(b"".join(reversed(LINES))))
    centre.run()
    centre.land("crm_orders", "early.csv", orders[0] + b"".join(reversed(orders[1:3500])))
    centre.land("asterisk_cel", "first.csv.gz", gzip.compress(b"".join(cel[:4100])))
    centre.run()
    assert differences(centre.tables("core", "kpi"), sample.tables("core", "kpi")) == {}


def test_a_second_run_changes_nothing(sample: Any) -> None:
    before = {p: p.stat().st_mtime_ns for p in sample.home.serve.iterdir()}
    snapshot = sample.home.current_snapshot.resolve()
    tables = sample.tables("core", "kpi", "ml")
    sample.run(whole=True)
    assert sample.home.current_snapshot.resolve() == snapshot
    assert {p: p.stat().st_mtime_ns for p in sample.home.serve.iterdir()} == before
    assert sample.tables("core", "kpi", "ml") == tables
