"""The sensor on landing: evaluated in this process, tick by tick, as Dagster's daemon would."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.assets import plan_of
from pipelines.definitions import definitions
from pipelines.ingest import ingest_source, readers
from pipelines.lake import Lake
from pipelines.run import JOB
from pipelines.settings import load_settings
from pipelines.watch import SETTLED_S

LOG, ORDERS = "asterisk_queue_log", "crm_orders"
LINE = "1795319860|1.1|std|NONE|ABANDON|1|1|9\n"
CSV = "order_id,customer_id,ordered_at,amount\nO1,C1,2026-01-01,5\n"


class Ticks:
    """A sensor and its cursor, from tick to tick."""

    def __init__(self, sensor: Any) -> None:
        self.sensor = sensor
        self.cursor: str | None = None

    def tick(self) -> tuple[list[str | None], str]:
        """Run keys asked for, and why none was."""
        with dg.build_sensor_context(cursor=self.cursor) as context:
            found = self.sensor.evaluate_tick(context)
        self.cursor = found.cursor
        return [request.run_key for request in found.run_requests or []], found.skip_message or ""


@pytest.fixture(scope="module")
def sensor(make_centre: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = make_centre(tmp_path_factory.mktemp("loaded") / "home").path
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CALLWRIGHT_HOME", str(home))
        plan_of.cache_clear()
        return definitions().resolve_sensor_def("landing_sensor")


@pytest.fixture
def ticks(sensor: Any, centre: Any, monkeypatch: pytest.MonkeyPatch) -> Ticks:
    monkeypatch.setenv("CALLWRIGHT_HOME", str(centre.path))  # which the sensor asks at each tick
    return Ticks(sensor)


@pytest.fixture
def take_in(centre: Any) -> Callable[[], None]:
    def ingest() -> None:
        lake = Lake(centre.home.lake, centre.home.landing)
        for reader in readers(load_settings(centre.path), centre.home).values():
            ingest_source(lake, reader, centre.home)

    return ingest


def age(path: Path, seconds: float = SETTLED_S + 5) -> Path:
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns - int(seconds * 1e9)))
    return path


def test_is_off_until_somebody_switches_it_on_and_starts_the_one_job(ticks: Ticks) -> None:
    assert ticks.sensor.default_status is dg.DefaultSensorStatus.STOPPED
    assert [target.job_name for target in ticks.sensor.targets] == [JOB]
    assert 10 <= ticks.sensor.minimum_interval_seconds <= 60


def test_empty_landing_asks_for_nothing(ticks: Ticks) -> None:
    assert ticks.tick() == ([], "landing holds nothing new")


def test_one_state_asks_with_one_key_and_another_state_with_another(ticks: Ticks, centre: Any) -> None:
    centre.land(LOG, "queue_log", LINE)
    (first,), _ = ticks.tick()
    (again,), _ = ticks.tick()
    assert first == again  # Dagster starts one run for a key
    centre.land(LOG, "queue_log", LINE + LINE.replace("1.1", "2.1"))
    (grown,), _ = ticks.tick()
    assert grown != first


def test_what_is_known_asks_for_nothing(ticks: Ticks, centre: Any, take_in: Callable[[], None]) -> None:
    centre.land(LOG, "queue_log", LINE)
    age(centre.land(ORDERS, "a.csv", CSV))
    assert len(ticks.tick()[0]) == 1
    take_in()
    assert ticks.tick() == ([], "landing holds nothing new")


def test_a_log_does_not_wait_and_a_table_waits_until_it_is_at_rest(ticks: Ticks, centre: Any) -> None:
    table = centre.land(ORDERS, "a.csv", CSV)
    packed = centre.land(LOG, "queue_log.1.gz", b"\x1f\x8b")
    assert ticks.tick() == ([], "2 files are still being written")
    age(table)
    age(packed)
    assert len(ticks.tick()[0]) == 1


def test_a_table_that_stands_as_at_the_tick_before_is_at_rest(ticks: Ticks, centre: Any) -> None:
    centre.land(ORDERS, "a.csv", CSV)
    assert ticks.tick()[0] == []
    centre.land(ORDERS, "a.csv", CSV + "O2,C1,2026-01-01,5\n")
    assert ticks.tick()[0] == []
    assert len(ticks.tick()[0]) == 1


def test_a_file_that_is_still_being_written_does_not_keep_the_others(ticks: Ticks, centre: Any) -> None:
    centre.land(LOG, "queue_log", LINE)
    (alone,), _ = ticks.tick()
    centre.land(ORDERS, "a.csv", CSV)
    (beside,), _ = ticks.tick()
    assert beside == alone


def test_temporary_names_and_what_is_no_file_ask_for_nothing(ticks: Ticks, centre: Any) -> None:
    centre.land(LOG, ".queue_log.Ab3", LINE)
    centre.land(LOG, "queue_log.part", LINE)
    os.mkfifo(centre.home.landing_of(LOG) / "pipe")
    assert ticks.tick() == ([], "landing holds nothing new")


def test_nothing_is_asked_while_a_run_is_under_way_and_the_state_is_not_forgotten(ticks: Ticks, centre: Any) -> None:
    centre.land(LOG, "queue_log", LINE)
    with centre.home.run_lock():
        assert ticks.tick() == ([], "another run is under way")
    assert len(ticks.tick()[0]) == 1


def test_settings_that_cannot_be_used_fail_the_tick(ticks: Ticks, centre: Any) -> None:
    centre.write("callwright.toml", "[centre]\ntimezon = 'Europe/London'\n")
    with pytest.raises(Exception, match="timezone"):
        ticks.tick()
