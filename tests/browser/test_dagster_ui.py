"""The Dagster UI as `callwright dagster` starts it: what is seen, and that materialising there is a run like any other.

Belongs here: the server, its pages in a real browser, its API over loopback. Not here: what is defined
(test_definitions.py).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pipelines.home import Home
from pipelines.published import open_published
from pipelines.run import JOB, run_home

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
START_S_MAX = 120.0
RUN_S_MAX = 180.0
STOP_S_MAX = 30.0
WAIT_MS = 60_000

QUEUE_LOG = """\
1795320000|1.1|support|NONE|ENTERQUEUE||+447946000001|1
1795320005|1.1|support|Ann|CONNECT|5|1.2|2
1795320065|1.1|support|Ann|COMPLETECALLER|5|60|1
1795320100|2.1|support|NONE|ENTERQUEUE||+447946000002|1
1795320130|2.1|support|NONE|ABANDON|1|1|30
"""
LOCATIONS = "{repositoriesOrError {... on RepositoryConnection {nodes {name location {name}}}}}"
LAUNCH = """mutation ($params: ExecutionParams!) {launchRun(executionParams: $params) {
    __typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}}}"""
STATUS = "query ($id: ID!) {runOrError(runId: $id) {... on Run {status}}}"
OVER = {"SUCCESS", "FAILURE", "CANCELED"}


@dataclass
class Server:
    home: Home
    url: str
    process: subprocess.Popen[bytes]

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
        assert "errors" not in found, found
        return found["data"]  # type: ignore[no-any-return]

    def repository(self) -> dict[str, Any] | None:
        nodes = self.ask(LOCATIONS)["repositoriesOrError"].get("nodes") or [None]
        return nodes[0]  # type: ignore[no-any-return]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=STOP_S_MAX)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_loaded(server: Server, log: Path) -> None:
    ends = time.monotonic() + START_S_MAX
    while time.monotonic() < ends and server.process.poll() is None:
        try:
            if server.repository() is not None:
                return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.3)
    pytest.fail(f"the Dagster UI did not start (exit code {server.process.poll()}):\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def server(make_centre, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("dagster")
    centre = make_centre(folder / "home")
    centre.land("asterisk_queue_log", "queue_log", QUEUE_LOG)
    port, log = _free_port(), folder / "server.log"
    command = [sys.executable, "-m", "pipelines", "dagster", "--home", str(centre.path), "--port", str(port)]
    with log.open("wb") as sink:
        # A group of its own: whatever the server leaves behind can be found and ended.
        process = subprocess.Popen(command, cwd=ROOT, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True)
    found = Server(centre.home, f"http://127.0.0.1:{port}", process)
    try:
        _wait_until_loaded(found, log)
        yield found
    finally:
        if process.poll() is None:
            found.stop()
        _end_group(process.pid)


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _group_members(group: int) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    return [row[2] for row in rows if row[0] == str(group) and not row[1].startswith("Z")]


@pytest.fixture(scope="module")
def materialised(server) -> str:
    """How the run ended that a user starts with `Materialize` on the job's page."""
    repository = server.repository()
    selector = {
        "repositoryLocationName": repository["location"]["name"],
        "repositoryName": repository["name"],
        "pipelineName": JOB,
    }
    launched = server.ask(LAUNCH, params={"selector": selector, "runConfigData": {}, "mode": "default"})["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    ends = time.monotonic() + RUN_S_MAX
    while time.monotonic() < ends:
        status: str = server.ask(STATUS, id=launched["run"]["runId"])["runOrError"]["status"]
        if status in OVER:
            return status
        time.sleep(0.5)
    pytest.fail(f"the run was not over within {RUN_S_MAX:g} s: {status}")


def test_materialising_in_the_ui_publishes_what_a_run_publishes(server, materialised):
    assert materialised == "SUCCESS"
    with open_published(server.home) as con:
        sums = con.execute(
            "select offered_count, answered_count, abandoned_count, talk_s from kpi.queue_day"
        ).fetchall()
    assert sums == [(2, 1, 1, 60.0)]
    # The command line finds nothing left to do: the UI did the whole run.
    assert run_home(server.home).is_new is False


@pytest.mark.skipif(not CHROMIUM.exists(), reason="/usr/bin/chromium is missing: install Debian's chromium")
def test_pages_show_groups_columns_rows_and_checks_and_ask_no_other_host(server, materialised):
    from playwright.sync_api import sync_playwright

    hosts: set[str] = set()
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.set_default_timeout(WAIT_MS)
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(f"{server.url}/asset-groups")
        for group in ("landing", "raw", "staging", "core", "kpi", "features", "ml", "meta", "publish"):
            page.get_by_text(group, exact=True).first.wait_for()
        page.goto(f"{server.url}/assets/core/contacts?view=overview")
        page.get_by_text("Grain: one row per contact").first.wait_for()
        page.get_by_text("First sign of the contact").wait_for()
        page.get_by_text("TIMESTAMP WITH TIME ZONE").first.wait_for()
        page.get_by_text("Row count").wait_for()
        page.goto(f"{server.url}/assets/core/contacts?view=checks")
        page.get_by_text("This is a blocking asset check").wait_for()
        page.get_by_text("Evaluation result").wait_for()
        browser.close()
    assert hosts - {""} == {urlsplit(server.url).netloc}
    assert complaints == []


def test_telemetry_is_off_and_state_stays_in_the_home(server, materialised):
    with urllib.request.urlopen(server.url, timeout=30) as answer:
        assert '"telemetryEnabled": false' in answer.read().decode()
    assert (server.home.dagster / "dagster.yaml").is_file()
    litter = {".dagster_state", "storage", "logs", ".logs_queue", "history", "schedules", "dagster.yaml.lock"}
    assert litter & {path.name for path in ROOT.iterdir()} <= {".dagster_state"}
    assert not list(ROOT.glob(".tmp_dagster_home_*"))


def test_interrupt_stops_all_of_it(server, materialised):
    assert server.stop() in (0, -signal.SIGINT, 1, 130)
    ends = time.monotonic() + STOP_S_MAX
    while (left := _group_members(server.process.pid)) and time.monotonic() < ends:
        time.sleep(0.2)
    assert left == []
