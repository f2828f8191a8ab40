"""Whether the rows of a segment may repeat each other: never "no" where they do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.lake import _Repeats

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def possible(*blocks: list[tuple[int, str]]) -> bool:
    repeats = _Repeats("event_at")
    for block in blocks:
        times = [NOON + timedelta(seconds=second) for second, _ in block]
        repeats.look(pl.DataFrame({"event_at": times, "text": [text for _, text in block]}))
    return repeats.possible


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([[(1, "a"), (1, "b"), (2, "a")]], False),
        ([[(1, "a"), (2, "b"), (1, "a")]], True),
        ([[(1, "a"), (2, "b")], [(2, "c"), (3, "b")]], False),
        ([[(1, "a"), (2, "b")], [(2, "b"), (3, "b")]], True),
        ([[(1, "a"), (2, "b")], [(2, "c")], [(2, "b")]], True),
        ([[(1, "a"), (3, "b")], [(2, "c")]], True),  # out of order: nothing can be said
    ],
)
def test_blocks_whose_rows_differ_or_not(blocks: list[list[tuple[int, str]]], expected: bool) -> None:
    assert possible(*blocks) is expected


@given(st.lists(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("ab")), min_size=1, max_size=5), max_size=5))
def test_rows_that_repeat_are_never_said_not_to(blocks: list[list[tuple[int, str]]]) -> None:
    rows = [row for block in blocks for row in block]
    if len(set(rows)) < len(rows):
        assert possible(*blocks)
