"""The real command over real homes: what it publishes, what stops it, with which exit code and words."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.ingest import readers
from pipelines.run import _up_to_date
from pipelines.settings import load_settings

pytestmark = pytest.mark.end_to_end

COMMAND = Path(sys.executable).with_name("callwright")
ORDERS = "order_id,customer_id,ordered_at,amount,currency\nO1,C1,2026-01-01 10:00:00,5,GBP\n"
FOREIGN = "order_id,customer_id,ordered_at,amount,currency\nO77,C1,2026-01-02 10:00:00,9,USD\n"
CUSTOMERS = "customer_id,name\nC1,Zoë\n"
LOG = "1795319860|1.1|std|NONE|ENTERQUEUE||0794|1\n1795319869|1.1|std|NONE|ABANDON|1|1|9\n"
CHECK = """-- Nobody waits for more than five seconds before giving up.
-- severity: fail
-- table: core.queue_visits
-- owner: team:data
select
    source_call_id, -- call
    wait_s, -- wait
from core.queue_visits
where outcome = 'abandoned' and wait_s > 5
"""


def callwright(*arguments: str | Path, timeout_s: float = 180) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    environment.pop("CALLWRIGHT_HOME", None)
    command = [str(COMMAND), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False, env=environment)


@pytest.fixture(scope="module")
def small(shared_centre: Any) -> Any:
    def fill(centre: Any) -> None:
        centre.land("asterisk_queue_log", "queue_log", LOG)
        centre.land("crm_customers", "c.csv", CUSTOMERS)
        centre.land("crm_orders", "o.csv", ORDERS)
        centre.run(whole=True)

    return shared_centre("small", fill)


@pytest.fixture
def home(small: Any, tmp_path: Path) -> Any:
    return type(small)(shutil.copytree(small.path, tmp_path / "home", symlinks=True))


def test_a_run_publishes_what_is_new_and_the_next_one_touches_nothing(home: Any) -> None:
    home.land("asterisk_queue_log", "more", LOG.replace("1.1", "1.2"))
    first = callwright("run", "--home", home.path, "--json")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["is_new"] is True
    assert home.published("select count(*) from core.contacts") == [(2,)]
    files = {p: p.stat().st_mtime_ns for p in (home.path / "serve").iterdir()}
    again = callwright("run", "--home", home.path, "--json")
    assert (again.returncode, json.loads(again.stdout)["is_new"]) == (0, False)
    assert {p: p.stat().st_mtime_ns for p in (home.path / "serve").iterdir()} == files


def test_an_alert_that_waits_to_be_told_is_something_to_do(home: Any) -> None:
    settings = load_settings(home.path)
    known = readers(settings, home.home)
    assert _up_to_date(home.home, settings, known) == home.home.current_snapshot.resolve().stem
    with duckdb.connect(home.home.warehouse) as con:
        con.execute("insert into meta._alert_events (alert_key, event, is_recent) values ('a', 'raised', true)")
    assert _up_to_date(home.home, settings, known) is None


def test_orders_of_a_foreign_currency_stop_the_publish(home: Any) -> None:
    before = home.home.current_snapshot.resolve()
    home.land("crm_orders", "foreign.csv", FOREIGN)
    stopped = callwright("run", "--home", home.path)
    assert stopped.returncode == 3
    assert "orders_one_currency" in stopped.stderr
    assert "USD" in stopped.stderr
    assert stopped.stdout == ""
    assert home.home.current_snapshot.resolve() == before
    assert home.published("select count(*) from core.orders") == [(1,)]
    # Nothing is remembered as done: the next run says it again.
    assert callwright("run", "--home", home.path).returncode == 3


def test_a_second_run_at_once_fails_with_exit_1(home: Any) -> None:
    home.land("asterisk_queue_log", "more", LOG.replace("1.1", "1.2"))
    with home.home.run_lock():
        refused = callwright("run", "--home", home.path)
    assert refused.returncode == 1
    assert "another run is under way" in refused.stderr
    assert home.published("select count(*) from core.contacts") == [(1,)]


def test_of_two_runs_started_together_one_does_the_work(home: Any) -> None:
    home.land("asterisk_queue_log", "more", LOG.replace("1.1", "1.2"))
    command = [str(COMMAND), "run", "--home", str(home.path)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ends = [(run.communicate(timeout=180), run.returncode) for run in runs]
    codes = sorted(code for _, code in ends)
    assert codes in ([0, 0], [0, 1])  # the later one may come when all is done
    said = [err for (_, err), code in ends if code == 1]
    assert all("another run is under way" in err for err in said), said
    assert home.published("select count(*) from core.contacts") == [(2,)]
