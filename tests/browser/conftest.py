"""A real dashboard server and a real browser, or a skip that says what is missing.

Belongs here: starting and stopping them. Not here: what is looked at (test_*.py).
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

import pytest

from dashboards import launch

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
BUILD_HOME = Path(__file__).parents[1] / "dashboards/build_home.py"
START_S_MAX = 60.0


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
    publish(home, "rich")
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
