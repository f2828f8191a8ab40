"""The Overview in a real browser: figures, network, console, width, links.

Expected figures are counted on the core tables, never on the sums the page reads.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import duckdb
import pytest

pytestmark = pytest.mark.browser


def counted_on_core(server, from_date: str, to_date: str) -> dict[str, str]:
    sql = """
        select
            (select 100.0 * count(*) filter (score >= 4) / count(*) from core.surveys
                where kind = 'csat' and business_date between $a and $b),
            (select 100.0 * count(*) filter (score <= 2) / count(*) from core.surveys
                where kind = 'csat' and business_date between $a and $b),
            (select 100.0 * (count(*) filter (score >= 9) - count(*) filter (score <= 6)) / count(*)
                from core.surveys where kind = 'nps' and business_date between $a and $b),
            100.0 * count(*) filter (outcome = 'answered' and wait_s <= sl_threshold_s)
                / count(*) filter (outcome = 'answered' or (outcome = 'abandoned' and wait_s > 5)),
            100.0 * count(*) filter (outcome = 'abandoned') / count(*),
            avg(wait_s) filter (outcome = 'answered'),
            avg(talk_s + hold_s + wrap_s) filter (outcome = 'answered')
        from core.queue_visits
        where business_date between $a and $b
    """
    with duckdb.connect(server.home / "serve/current.duckdb", read_only=True) as connection:
        csat, dsat, nps, level, gave_up, asa, aht = connection.execute(sql, {"a": from_date, "b": to_date}).fetchone()
    clock = {name: f"{round(s) // 60}:{round(s) % 60:02} min" for name, s in (("asa", asa), ("aht", aht))}
    return clock | {
        "csat": f"{csat:.1f}%",
        "dsat": f"{dsat:.1f}%",
        "nps": f"{nps:.1f}",
        "service_level": f"{level:.1f}%",
        "abandonment": f"{gave_up:.1f}%",
    }


@pytest.mark.parametrize(
    ("query", "from_date", "to_date"),
    [
        ("", "2026-10-26", "2026-11-22"),
        ("?d=2026-10-20&d=2026-11-03", "2026-10-20", "2026-11-03"),
        ("?d=2026-11-22&d=2026-11-22&lang=中文", "2026-11-22", "2026-11-22"),
    ],
)
def test_cards_equal_independent_sql(visit, server, query, from_date, to_date):
    visitor = visit(viewport={"width": 1440, "height": 900})
    visitor.open(query)
    shown = {name: visitor.card(name) for name in counted_on_core(server, from_date, to_date)}
    assert {name: value.replace("分", "min") for name, value in shown.items()} == counted_on_core(
        server, from_date, to_date
    )


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_request_leaves_the_host_no_error_and_no_sideways_scroll(visit, server, width, scheme):
    visitor = visit(viewport={"width": width, "height": 844}, color_scheme=scheme)
    visitor.open()
    assert visitor.hosts - {""} == {urlsplit(server.url).netloc}
    assert visitor.complaints == []
    for element in ("document.documentElement", "document.querySelector('[data-testid=stMain]')"):
        assert visitor.page.evaluate(f"{element}.scrollWidth - {element}.clientWidth") == 0


def test_a_filter_is_kept_in_the_address_and_back_undoes_it(visit):
    from playwright.sync_api import expect

    visitor = visit(viewport={"width": 1440, "height": 900})
    visitor.open()
    card, before = visitor.value_of("abandonment"), visitor.card("abandonment")
    visitor.page.locator(".st-key-preset button").filter(has_text="7").click()
    visitor.page.wait_for_url("**d=2026-11-16&d=2026-11-22*")
    visitor.page.get_by_text("16 Nov 2026 – 22 Nov 2026").wait_for()
    # The header follows before the cards do.
    expect(card).not_to_have_text(before, timeout=60_000)
    visitor.page.go_back()
    visitor.page.get_by_text("26 Oct 2026 – 22 Nov 2026").wait_for()
    expect(card).to_have_text(before, timeout=60_000)


def test_quality_comes_before_efficiency_and_money(visit):
    visitor = visit(viewport={"width": 1440, "height": 900})
    visitor.open()
    heights = [
        visitor.page.locator(f".st-key-cards_{name}").bounding_box()["y"] for name in ("quality", "efficiency", "money")
    ]
    assert heights == sorted(heights)


def test_a_publish_is_seen_by_the_running_server(visit, server, publish):
    visitor = visit(viewport={"width": 1440, "height": 900})
    visitor.open()
    publish(server.home, "small", "20261122T150000Z")
    try:
        visitor.page.locator(".st-key-preset button").filter(has_text="7").click()
        visitor.page.get_by_text("Harbour & <Sons> · Overview").wait_for(timeout=60_000)
        assert visitor.complaints == []
    finally:
        publish(server.home, "rich", "20261122T160000Z")
