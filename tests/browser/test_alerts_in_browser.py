"""The Alerts page in a real browser: the way there and back, network, width."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.browser

READY = ".st-key-alert_table table"
SALES = "00000000-0000-0000-0000-000000000001"
# Streamlit asks beside the page before it asks at the root, and its console calls the answer an error.
ASKED_BESIDE = "the server responded with a status of 404"


def asked(visitor) -> dict[str, list[str]]:
    return parse_qs(urlsplit(visitor.page.url).query)


def test_a_sentence_of_the_overview_leads_to_its_evidence_with_the_same_filters(visit):
    visitor = visit(viewport={"width": 1440, "height": 900})
    visitor.open("?d=2026-11-01&d=2026-11-15&cmp=false")
    links = visitor.page.locator(".st-key-what_changed [data-testid=stPageLink]")
    assert links.count() == 6
    visitor.page.locator(".st-key-what_changed").get_by_text("Offered, sales").wait_for()
    links.nth(3).click()
    visitor.settle(READY)
    visitor.page.get_by_role("heading", name="Offered, sales: 40").wait_for()
    assert (asked(visitor)["d"], asked(visitor)["alert"]) == (["2026-11-01", "2026-11-15"], [SALES])
    visitor.page.get_by_role("link", name="Overview").click()
    visitor.page.get_by_text("1 Nov 2026 – 15 Nov 2026", exact=True).wait_for()
    assert asked(visitor)["cmp"] == ["false"]
    assert visitor.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_no_request_leaves_the_host_no_error_and_no_sideways_scroll(visit, server, width, scheme):
    visitor = visit(viewport={"width": width, "height": 844}, color_scheme=scheme)
    visitor.open(f"alerts?alert={SALES}&lang=中文", READY)
    assert visitor.hosts - {""} == {urlsplit(server.url).netloc}
    assert [line for line in visitor.complaints if ASKED_BESIDE not in line] == []
    for element in ("document.documentElement", "document.querySelector('[data-testid=stMain]')"):
        assert visitor.page.evaluate(f"{element}.scrollWidth - {element}.clientWidth") == 0
