"""The golden vector of service levels through the whole path: rows in, seven published shares out.

A = 1000 answered, of them 860 within 20 s; B = 60 abandoned, of them 20 within 20 s and 10 within 5 s.
"""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.end_to_end

LEVELS = {
    "sl_abandons_positive": 83.02,
    "sl_answered_only": 86.00,
    "sl_abandons_negative": 81.13,
    "sl_abandons_in_threshold_ignored": 82.69,
    "sl_short_abandons_credited": 82.08,
    "sl_short_abandons_excluded": 81.90,
    "sl_flowouts_in_denominator": 81.13,
}
# (waits in seconds, how many): the edges 20 s and 5 s are within, one second more is not.
ANSWERED = [(0, 400), (7, 300), (20, 160), (21, 100), (300, 40)]
ABANDONED = [(5, 6), (1, 4), (6, 5), (20, 5), (21, 30), (90, 10)]
START = 1_772_445_600  # 2026-03-02 10:00:00 UTC

SECTION = """
[sources.acd]
kind = "calls"
format = "csv"
sql = "sources/acd.sql"
timezone = "UTC"
"""


def calls() -> list[tuple[str, int]]:
    spread = [("answered", ANSWERED), ("abandoned", ABANDONED)]
    return [(outcome, wait) for outcome, parts in spread for wait, count in parts for _ in range(count)]


def as_csv() -> str:
    lines = [f"{n},{START + 3 * n},{wait},{outcome}" for n, (outcome, wait) in enumerate(calls())]
    return "\n".join(["id,at,wait,outcome", *lines]) + "\n"


def as_queue_log() -> str:
    lines = []
    for n, (outcome, wait) in enumerate(calls()):
        at = START + 3 * n
        lines.append(f"{at}|{at}.{n}|sales|NONE|ENTERQUEUE||0{n}|1")
        if outcome == "answered":
            lines.append(f"{at + wait}|{at}.{n}|sales|Ann|CONNECT|{wait}|{at}.9{n}|2")
            lines.append(f"{at + wait + 60}|{at}.{n}|sales|Ann|COMPLETECALLER|{wait}|60|1")
        else:
            lines.append(f"{at + wait}|{at}.{n}|sales|NONE|ABANDON|1|1|{wait}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module", params=["custom", "queue_log"])
def golden(request: pytest.FixtureRequest, shared_centre: Any) -> Any:
    def fill(centre: Any) -> None:
        if request.param == "custom":
            centre.write("callwright.toml", centre.home.settings_path.read_text() + SECTION)
            select = "select id as source_contact_id, to_timestamp(at::bigint) as arrived_at, arrived_at as entered_at,"
            centre.write("sources/acd.sql", f"{select} 'sales' as queue, wait as wait_s, outcome from input")
            centre.land("acd", "calls.csv", as_csv())
        else:
            centre.land("asterisk_queue_log", "queue_log", as_queue_log())
        centre.run(whole=True)

    return shared_centre(f"icmi-{request.param}", fill)


@pytest.mark.parametrize("variant", LEVELS)
def test_seven_service_levels_of_the_published_file(golden: Any, variant: str) -> None:
    query = (
        "select round(100 * value, 2) from kpi_service_level(date '2026-03-02', date '2026-03-02', {}, variant := '{}')"
    )
    assert golden.published(query.format("\"by\" := 'total'", variant)) == [(LEVELS[variant],)]


def test_the_default_variant_excludes_short_abandons(golden: Any) -> None:
    found = golden.published(
        "select group_value, round(100 * value, 2), n from kpi_service_level(date '2026-03-02', date '2026-03-02')"
    )
    assert found == [("sales", 81.90, 1050)]


def test_abandonment_of_the_same_vector(golden: Any) -> None:
    rate = (
        "select round(100 * value, 2), n from kpi_abandonment(date '2026-03-02', date '2026-03-02', \"by\" := 'total')"
    )
    assert golden.published(rate) == [(5.66, 1060)]


def test_the_sums_behind_the_levels(golden: Any) -> None:
    sums = (
        "sum(answered_count), sum(answered_in_sl_count), sum(abandoned_count),"
        " sum(abandoned_in_sl_count), sum(short_abandoned_count)"
    )
    assert golden.published(f"select {sums} from kpi.queue_interval") == [(1000, 860, 60, 20, 10)]
    assert golden.published(f"select {sums} from kpi.queue_day") == [(1000, 860, 60, 20, 10)]
