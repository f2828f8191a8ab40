"""The agents' page in a real browser: who is marked, network, console, width, both themes and languages."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.browser

WAIT_MS = 60_000
# Streamlit asks for these below the page's own path first, and then where they are.
PROBES = ("/agents/_stcore/health", "/agents/_stcore/host-config")


@pytest.mark.parametrize(("width", "scheme", "lang"), [(1440, "light", "English"), (390, "dark", "中文")])
def test_the_page_stands_alone_fits_its_width_and_names_who_differs(browser, server, width, scheme, lang):
    context = browser.new_context(locale="en-GB", viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    hosts, failed, complaints = set(), [], []
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.on("response", lambda response: response.status >= 400 and failed.append(urlsplit(response.url).path))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{server.url}/agents?lang={lang}&d=2026-09-24&d=2026-11-22&ag_metric=csat")
    page.wait_for_selector(".st-key-agents_table table", timeout=WAIT_MS)
    page.wait_for_selector(".js-plotly-plot .main-svg", timeout=WAIT_MS)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')", timeout=WAIT_MS)
    figure = page.locator(".st-key-agents_funnel [role=figure]").first
    assert "agent 3" in (figure.get_attribute("aria-label") or "")
    assert "agent 3" in page.locator(".st-key-agents_table tbody tr").first.inner_text()
    assert hosts - {""} == {urlsplit(server.url).netloc}
    assert set(failed) <= set(PROBES)
    assert complaints == []
    for element in ("document.documentElement", "document.querySelector('[data-testid=stMain]')"):
        assert page.evaluate(f"{element}.scrollWidth - {element}.clientWidth") == 0
    context.close()
