"""A real dashboard server and a real browser, or a skip that says what is missing.

Belongs here: starting and stopping them, and a visitor who remembers what went wrong.
Not here: what is looked at (test_*.py).
"""

from __future__ import annotations

import os
import runpy
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from dashboards import launch

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
BUILD_HOME = Path(__file__).parents[1] / "dashboards/build_home.py"
START_S_MAX = 60.0
READY = ".st-key-queue_table table"
WAIT_MS = 60_000


@dataclass(frozen=True)
class Server:
    home: Path
    url: str


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + START_S_MAX
    while time.monotonic() < ends and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the dashboard server did not start within {START_S_MAX:g} s (exit code {process.poll()})")


@pytest.fixture(scope="session")
def publish() -> Callable[..., Path]:
    return runpy.run_path(str(BUILD_HOME))["publish"]


@pytest.fixture(scope="module")
def server(publish, tmp_path_factory) -> Iterator[Server]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: install Debian's chromium to run the browser tests")
    home = tmp_path_factory.mktemp("home")
    publish(home, "rich+alerts")
    port = _free_port()
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            launch.command(home, port),
            env=os.environ | launch.environment(home),
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=home,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(url, process)
        yield Server(home, url)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def browser(server):
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


class Visitor:
    """A page that remembers what it asked of whom, and what its console complained of."""

    def __init__(self, browser, url: str, **context) -> None:
        self.url = url
        self.context = browser.new_context(locale="en-GB", **context)
        self.page = self.context.new_page()
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).netloc))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda line: line.type == "error" and self.complaints.append(line.text))

    def open(self, query: str = "", ready: str = READY) -> None:
        self.page.goto(self.url + "/" + query)
        self.settle(ready)

    def settle(self, ready: str = READY) -> None:
        self.page.wait_for_selector(ready, timeout=WAIT_MS)
        self.page.wait_for_selector(".js-plotly-plot .main-svg", timeout=WAIT_MS)
        self.page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')", timeout=WAIT_MS)

    def value_of(self, name: str) -> Any:
        return self.page.locator(f".st-key-card_{name} [data-testid=stMetricValue]")

    def card(self, name: str) -> str:
        return self.value_of(name).inner_text().strip()


@pytest.fixture
def visit(browser, server) -> Iterator:
    visitors: list[Visitor] = []

    def begin(**context) -> Visitor:
        visitors.append(Visitor(browser, server.url, **context))
        return visitors[-1]

    yield begin
    for visitor in visitors:
        visitor.context.close()
