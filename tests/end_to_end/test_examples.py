"""The examples of sql/EXAMPLES.md, asked of a published file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.published import current_snapshot

SQL = Path(__file__).parents[2] / "sql"
EXAMPLES = re.findall(r"^## (.+?)\n```sql\n(.+?)```", (SQL / "EXAMPLES.md").read_text(encoding="utf-8"), re.S | re.M)
# What the sample has nothing of.
MAY_BE_EMPTY: set[str] = set()


pytestmark = pytest.mark.end_to_end


@pytest.mark.parametrize(("title", "text"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_an_example_answers(sample: Any, title: str, text: str) -> None:
    with duckdb.connect(
        current_snapshot(sample.home).path, read_only=True, config={"enable_external_access": False}
    ) as con:
        for statement in filter(str.strip, text.split(";")):
            rows = con.execute(statement).fetchall()
            assert rows or title in MAY_BE_EMPTY


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 10
