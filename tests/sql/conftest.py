"""What the tests of Asterisk's core tables share: a centre made of a log short enough to follow by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

NOON = 1_772_452_800  # 2026-03-02 12:00:00 UTC


def _log(*events: str) -> str:
    lines = []
    for event in events:
        second, rest = event.split("|", 1)
        lines.append(f"{NOON + int(second)}|{rest}\n")
    return "".join(lines)


@pytest.fixture
def build(centre: Any) -> Callable[..., Any]:
    """`build(*events, source=text)`: events are `second|callid|queue|agent|EVENT|parameters`, counted from noon."""

    def make(*events: str, **others: str) -> Any:
        centre.land("asterisk_queue_log", "queue_log", _log(*events))
        for source, text in others.items():
            centre.land(source, f"{source}.csv", text)
        centre.run()
        return centre

    return make
