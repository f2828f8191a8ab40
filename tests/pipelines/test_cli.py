"""The `callwright` command as its users type it: real processes, their output and their exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from pipelines import ask
from pipelines.cli import app
from pipelines.errors import CallwrightError

ROOT = Path(__file__).parents[2]
CALLWRIGHT = Path(sys.executable).with_name("callwright")
KNOWN_CALLER = "+447946000037"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def callwright() -> Run:
    def run(*arguments: object, home: Path | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if k != "CALLWRIGHT_HOME"}
        if home is not None:
            environment["CALLWRIGHT_HOME"] = str(home)
        command = [str(CALLWRIGHT), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, **options)

    return run


@pytest.fixture(scope="session")
def demo(shared_centre: Any, callwright: Run) -> Any:
    """A home that `callwright demo --sample` made; not to be changed."""

    def fill(centre: Any) -> None:
        shutil.rmtree(centre.path)
        made = callwright("demo", "--sample", "--home", centre.path)
        assert made.returncode == 0, made.stderr
        (centre.path.parent / "demo.txt").write_text(made.stdout)

    return shared_centre("cli_demo", fill)


@pytest.fixture
def demo_copy(demo: Any, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo.path, tmp_path / "home", symlinks=True))


def test_demo_shows_the_queues_some_scores_and_where_to_go_on(demo: Any) -> None:
    text = (demo.path.parent / "demo.txt").read_text()
    assert re.search(r"all voice +405 +251 +8 ", text)
    assert re.search(r"std +340 +231 +0 ", text)
    for command in ("dashboard", "dagster", "sql"):
        assert re.search(rf"callwright {command} --home \S+", text)
    assert re.search(r"\+447946\d{6} +[ABCD] +\d+ ", text)


def test_a_second_demo_changes_nothing(demo: Any, callwright: Run) -> None:
    before = sorted(
        (p.name, p.stat().st_mtime_ns) for p in demo.path.rglob("*") if p.is_file() and not p.name.startswith(".lock")
    )
    again = callwright("demo", "--sample", "--home", demo.path)
    assert again.returncode == 0
    assert "nothing new" in again.stdout
    after = sorted(
        (p.name, p.stat().st_mtime_ns) for p in demo.path.rglob("*") if p.is_file() and not p.name.startswith(".lock")
    )
    assert {n for n, _ in after} == {n for n, _ in before}
    assert [x for x in after if "duckdb" not in x[0]] == [x for x in before if "duckdb" not in x[0]]


def test_sql_prints_json_csv_and_a_table(demo: Any, callwright: Run) -> None:
    query = "select outcome, count(*) as n, max(arrived_at) as last_at from core.contacts group by 1 order by 2 desc"
    objects = json.loads(callwright("sql", "--json", query, home=demo.path).stdout)
    assert objects[0]["outcome"] == "answered"
    assert objects[0]["n"] == 251
    assert objects[0]["last_at"].startswith("2026-11-22T04:")
    rows = list(csv.DictReader(io.StringIO(callwright("sql", "--csv", query, home=demo.path).stdout)))
    assert [int(row["n"]) for row in rows] == [o["n"] for o in objects]
    table = callwright("sql", "--home", demo.path, query)
    assert re.search(r"answered +251", table.stdout)
    assert table.stderr == ""


def test_sql_takes_a_query_from_a_pipe(demo: Any, callwright: Run) -> None:
    found = callwright("sql", "--json", home=demo.path, input="select 42 as answer;")
    assert json.loads(found.stdout) == [{"answer": 42}]


@pytest.mark.parametrize("query", ["selec 1", "select * from read_csv('/etc/passwd')"])
def test_sql_that_is_wrong_or_not_allowed_ends_with_one(query: str, demo: Any, callwright: Run) -> None:
    failed = callwright("sql", query, home=demo.path)
    assert failed.returncode == 1
    assert failed.stderr.startswith("error:")
    assert failed.stdout == ""


@pytest.mark.parametrize(
    "query",
    [
        "select * from nothing",
        "copy (select 1) to '/tmp/x.csv'",
        "create table core.x as select 1",
        "drop table core.contacts",
        "set enable_external_access = true",
        "attach '/tmp/x.duckdb'",
        "install httpfs",
    ],
)
def test_sql_reads_the_published_file_and_nothing_else(query: str, demo: Any) -> None:
    with pytest.raises(CallwrightError):
        ask.query(demo.home, query)


def test_db_path_is_the_real_file_that_duckdb_opens(demo: Any, callwright: Run) -> None:
    path = Path(callwright("db", "path", home=demo.path).stdout.strip())
    assert path == (demo.path / "serve" / "current.duckdb").resolve()
    with duckdb.connect(path, read_only=True) as con:
        assert con.execute("select count(*) from core.contacts").fetchall() == [(420,)]


def test_scores_come_in_the_order_asked_and_strangers_get_the_default(demo: Any, callwright: Run) -> None:
    numbers = [KNOWN_CALLER, "anonymous", "0044 7946 000037", "+15005550006", "tel:+447946000037"]
    found = callwright("score", "--json", *numbers, home=demo.path)
    assert found.returncode == 0
    answers = json.loads(found.stdout)
    assert [a["number"] for a in answers] == numbers
    assert [a["source"] for a in answers] == ["scored", "default", "scored", "default", "scored"]
    fields = {"tier", "priority", "head_start_s", "queue", "action", "reasons", "version", "expires_at"}
    assert all(fields <= set(a) for a in answers)
    assert {k: v for k, v in answers[0].items() if k != "number"} == {
        k: v for k, v in answers[2].items() if k != "number"
    }


def test_status_tells_figures_and_ends_with_four_when_stale(demo_copy: Path, callwright: Run) -> None:
    settings = demo_copy / "callwright.toml"
    settings.write_text(settings.read_text() + "\n[checks]\nstale_after_hours = 1000000\n")
    fresh = callwright("status", "--json", home=demo_copy)
    assert fresh.returncode == 0, fresh.stderr
    figures = json.loads(fresh.stdout)
    assert figures["lines"] == figures["rows"] + figures["ignored"] + figures["duplicates"] + figures["rejects"]
    assert figures["waiting_files"] == []
    settings.write_text(settings.read_text().replace("1000000", "0.0001"))
    stale = callwright("status", home=demo_copy)
    assert stale.returncode == 4
    assert "callwright run" in stale.stderr


def test_status_names_what_waits_and_what_nobody_claims(demo_copy: Path, callwright: Run) -> None:
    (demo_copy / "landing" / "surveys" / "more.csv").write_text("survey_id,contact_id,kind\n")
    (demo_copy / "landing" / "genesis").mkdir()
    (demo_copy / "landing" / "genesis" / "x.json").write_text("{}")
    figures = json.loads(callwright("status", "--json", home=demo_copy).stdout)
    assert figures["waiting_files"] == ["surveys/more.csv"]
    assert figures["unclaimed_folders"] == ["genesis"]


def test_doctor_finds_nothing_wrong_in_the_demo_and_says_what_is_elsewhere(
    demo_copy: Path, callwright: Run, tmp_path: Path
) -> None:
    looked = callwright("doctor", "--json", home=demo_copy)
    findings = {f["name"]: f for f in json.loads(looked.stdout)}
    assert findings["published file"]["is_well"]
    assert findings["scores"]["is_well"]
    (demo_copy / "keys" / "pseudonym.key").chmod(0o644)
    exposed = callwright("doctor", home=demo_copy)
    assert exposed.returncode == 5
    assert "chmod 600" in exposed.stdout
    assert callwright("doctor", home=tmp_path / "none").returncode == 2


def test_init_makes_a_home_once(callwright: Run, tmp_path: Path) -> None:
    home = tmp_path / "new"
    options = ("--name", "Zürich 中心", "--timezone", "Europe/Zurich", "--region", "CH", "--currency", "CHF")
    made = callwright("init", "--home", home, *options)
    assert made.returncode == 0, made.stderr
    centre = tomllib.loads((home / "callwright.toml").read_text())["centre"]
    assert (centre["name"], centre["timezone"], centre["region"]) == ("Zürich 中心", "Europe/Zurich", "CH")
    assert (home / "landing" / "asterisk_queue_log").is_dir()
    text = (home / "callwright.toml").read_text()
    assert callwright("init", "--home", home, "--name", "Other").returncode == 0
    assert (home / "callwright.toml").read_text() == text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["run", "--home", "{tmp}/none"], 2),
        (["sql", "--home", "{tmp}/empty", "select 1"], 1),
        (["status", "--home", "{tmp}/empty"], 1),
        (["db", "path", "--home", "{tmp}/empty"], 1),
        (["init", "--home", "{tmp}/x", "--timezone", "Mars/Base"], 2),
        (["nonsense"], 2),
        (["token", "create", "--home", "{tmp}/empty", "--scope", "everything"], 2),
        (["serve", "--home", "{tmp}/empty", "--host", "0.0.0.0"], 2),
    ],
)
def test_exit_codes_say_what_kind_of_fault_it_is(
    arguments: list[str], code: int, callwright: Run, tmp_path: Path
) -> None:
    callwright("init", "--home", tmp_path / "empty")
    failed = callwright(*[a.replace("{tmp}", str(tmp_path)) for a in arguments])
    assert failed.returncode == code, failed.stderr
    assert failed.stderr
    assert "Traceback" not in failed.stderr


def test_an_unknown_setting_is_refused_with_the_nearest_known_one(demo_copy: Path, callwright: Run) -> None:
    settings = demo_copy / "callwright.toml"
    settings.write_text(settings.read_text().replace("minimum_n", "minimum_m"))
    refused = callwright("run", home=demo_copy)
    assert refused.returncode == 2
    assert "minimum_m" in refused.stderr
    assert "minimum_n" in refused.stderr


def test_every_command_has_help_with_examples() -> None:
    asking = "status doctor sql explain reproduce db score"
    expected = f"init demo simulate run rebuild rejects {asking} serve token dashboard dagster bench"
    command = typer.main.get_command(app)
    assert isinstance(command, typer.core.TyperGroup)
    assert set(expected.split()) == set(command.commands)
    for name in command.commands:
        words = {"db": ["db", "path"], "token": ["token", "create"]}.get(name, [name])
        text = CliRunner().invoke(app, [*words, "--help"]).output
        assert "Examples" in text, words
        assert f"callwright {' '.join(words)}" in re.sub(r"\s+", " ", text), words


def test_python_m_pipelines_is_the_same_command(demo: Any) -> None:
    command = [sys.executable, "-m", "pipelines", "db", "path", "--home", str(demo.path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().endswith(".duckdb")


def test_no_color_is_honoured(demo: Any, callwright: Run) -> None:
    assert "\x1b[" not in callwright("status", home=demo.path).stdout


@pytest.fixture
def service(demo: Any, callwright: Run) -> Iterator[tuple[str, str]]:
    token = callwright("token", "create", "--scope", "scores", home=demo.path).stdout.strip()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(CALLWRIGHT), "serve", "--home", str(demo.path), "--port", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(150):
            try:
                urllib.request.urlopen(f"{url}/health", timeout=1).read()
                break
            except OSError:
                time.sleep(0.1)
        yield url, token
    finally:
        server.terminate()
        assert server.wait(15) is not None


def test_the_service_answers_the_router_and_wants_a_token(service: tuple[str, str]) -> None:
    url, token = service
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{url}/v1/scores/{KNOWN_CALLER}", timeout=5)
    assert refused.value.code == 401
    answers = {}
    for number in (KNOWN_CALLER, "%2B447946000037", "+15005550006"):
        request = urllib.request.Request(f"{url}/v1/scores/{number}", headers={"Authorization": f"Bearer {token}"})
        answers[number] = json.loads(urllib.request.urlopen(request, timeout=5).read())
    assert answers[KNOWN_CALLER]["source"] == "scored"
    assert answers[KNOWN_CALLER] == answers["%2B447946000037"]
    assert answers["+15005550006"]["source"] == "default"
