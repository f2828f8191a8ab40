import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.errors import CallwrightError, EnvironmentProblem
from pipelines.router import publish
from pipelines.router.publish import PublishRefused, publish_scores
from pipelines.router.store import ScoreStore, VersionRefused, current_version, open_version

MANIFEST = {"model_versions": {"churn": "v3"}, "data_through_at": datetime(2026, 1, 1, tzinfo=UTC), "snapshot": "s1"}


def test_what_is_published_is_found_by_number_and_by_customer(centre: Any) -> None:
    folder = centre.publish(priority=33)
    store = ScoreStore(centre.home)
    by_number, by_customer = store.find(token=centre.token(3)), store.find(customer_key=centre.customer(3))
    assert by_number == by_customer
    assert by_number.version == folder.name == current_version(centre.home)
    assert by_number.customer_key == centre.customer(3)
    assert by_number.record is not None
    assert (by_number.record["priority"], by_number.record["reasons"]) == (33, ["high value"])
    assert by_number.record["source"] == "scored"


@pytest.mark.parametrize("key", ["", "x" * 600, "ß", "\ud800", "0" * 32])
def test_an_unknown_key_of_any_shape_finds_nothing(centre: Any, key: str) -> None:
    centre.publish()
    assert ScoreStore(centre.home).find(customer_key=key)[1:] == (None, None)


def test_the_manifest_counts_hashes_and_names_where_the_scores_come_from(centre: Any) -> None:
    folder = centre.publish()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["version"] == folder.name
    assert manifest["counts"] == {"scores": 40, "numbers": 40, "shared_numbers": 0}
    assert manifest["model_versions"] == {"churn": "v3"}
    assert (manifest["data_through_at"], manifest["snapshot"]) == ("2026-01-01T00:00:00Z", "s1")
    assert set(manifest["files"]) == {"scores.mdb", "scores.parquet"}
    assert len(manifest["content_sha256"]) == 64


def test_the_parquet_file_has_every_column_and_no_more_rows(centre: Any) -> None:
    scores = centre.scores()
    folder = publish_scores(centre.home, scores, centre.numbers(), MANIFEST)
    read = pl.read_parquet(folder / "scores.parquet")
    assert read.equals(scores.sort("customer_key"))


def test_the_same_again_publishes_nothing_new(centre: Any) -> None:
    scores = centre.scores()
    first = publish_scores(centre.home, scores, centre.numbers(), MANIFEST)
    shuffled = scores.sample(fraction=1, shuffle=True, seed=1)
    assert publish_scores(centre.home, shuffled, centre.numbers().reverse(), MANIFEST) == first
    assert publish_scores(centre.home, scores, centre.numbers(), MANIFEST | {"snapshot": "s2"}) != first


def test_a_damaged_version_in_force_is_published_anew(centre: Any, damage: Callable[[Path, str], None]) -> None:
    scores = centre.scores()
    first = publish_scores(centre.home, scores, centre.numbers(), MANIFEST)
    damage(first, "a flipped byte")
    second = publish_scores(centre.home, scores, centre.numbers(), MANIFEST)
    assert second != first
    assert ScoreStore(centre.home).version == second.name


def test_the_last_three_versions_are_kept_and_sort_by_age(centre: Any) -> None:
    made = [centre.publish(priority=i).name for i in range(5)]
    assert made == sorted(made)
    kept = sorted(entry.name for entry in (centre.home / "scores").iterdir() if entry.name[0] != ".")
    assert kept == [*made[-3:], "current"]


def test_a_clock_that_went_back_still_gives_a_later_version(centre: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = centre.publish(priority=1).name

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) - timedelta(days=1)

    monkeypatch.setattr(publish, "datetime", Earlier)
    assert centre.publish(priority=2).name > first


def test_a_shared_number_ranks_as_the_member_with_the_longest_head_start(centre: Any) -> None:
    scores = centre.scores(3).with_columns(head_start_s=pl.Series([10.0, 90.0, 20.0]))
    numbers = pl.DataFrame(
        {"caller_token": [centre.token(0)] * 3, "customer_key": [centre.customer(i) for i in range(3)]}
    )
    folder = publish_scores(centre.home, scores, numbers, MANIFEST)
    assert json.loads((folder / "manifest.json").read_text())["counts"]["shared_numbers"] == 1
    assert ScoreStore(centre.home).find(token=centre.token(0)).customer_key == centre.customer(1)


def test_a_known_number_without_a_score_keeps_its_customer(centre: Any) -> None:
    publish_scores(centre.home, centre.scores(1), centre.numbers(2), MANIFEST)
    found = ScoreStore(centre.home).find(token=centre.token(1))
    assert (found.customer_key, found.record) == (centre.customer(1), None)


def test_nobody_scored_is_a_version_too(centre: Any) -> None:
    publish_scores(centre.home, centre.scores(1).clear(), centre.numbers(1).clear(), MANIFEST)
    assert ScoreStore(centre.home).find(token=centre.token(0)).version is not None


@pytest.mark.parametrize("spelling", ["holdout", "hold-out", "hold_out"])
def test_every_spelling_of_the_hold_out_is_one_arm(centre: Any, spelling: str) -> None:
    centre.publish(arm=spelling)
    record = ScoreStore(centre.home).find(token=centre.token(0)).record
    assert record is not None
    assert record["arm"] == "holdout"


@pytest.mark.parametrize(
    "columns, message",
    [
        ({"priority": 101}, "priority is not 0 to 100: 40 rows"),
        ({"priority": None}, "priority"),
        ({"head_start_s": -1.0}, "head_start_s"),
        ({"head_start_s": float("nan")}, "head_start_s"),
        ({"propensity": 0.0}, "propensity"),
        ({"arm": "test"}, "arm is none of"),
        ({"reasons": ["a", "b", "c", "d"]}, "more than 3 reasons"),
        ({"reasons": ["a", ""]}, "empty one"),
        ({"valid_h": -24 * 9}, "expires_at is not after scored_at"),
        ({"expires_at": None}, "expires_at"),
        ({"scored_at": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001
    ],
)
def test_scores_that_break_the_contract_are_refused_and_change_nothing(
    centre: Any, columns: dict[str, Any], message: str
) -> None:
    before = centre.publish()
    with pytest.raises(PublishRefused, match=message):
        centre.publish(**columns)
    assert current_version(centre.home) == before.name
    assert not list((centre.home / "scores").glob(".tmp-*"))


def test_missing_and_repeated_keys_and_columns_are_refused(centre: Any) -> None:
    scores, numbers = centre.scores(), centre.numbers()
    with pytest.raises(PublishRefused, match="columns missing: tier"):
        publish_scores(centre.home, scores.drop("tier"), numbers, MANIFEST)
    with pytest.raises(PublishRefused, match="twice: 40 rows"):
        publish_scores(centre.home, pl.concat([scores, scores]), numbers, MANIFEST)
    with pytest.raises(PublishRefused, match="caller_token"):
        publish_scores(centre.home, scores, numbers.drop("caller_token"), MANIFEST)
    with pytest.raises(PublishRefused, match="snapshot missing"):
        publish_scores(centre.home, scores, numbers, {"model_versions": {}, "data_through_at": None})


def test_null_queue_action_propensity_and_arm_are_allowed(centre: Any) -> None:
    centre.publish(queue=None, action=None, propensity=None, arm=None, reasons=[])
    record = ScoreStore(centre.home).find(token=centre.token(0)).record
    assert record is not None
    assert [record[name] for name in ("queue", "action", "propensity", "arm", "reasons")] == [None] * 4 + [[]]


def test_the_map_grows_until_the_scores_fit(centre: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    write = publish._write_database

    def narrow(path: Path, tables: Any, map_bytes: int) -> str:
        tried.append(map_bytes)
        return write(path, tables, 16384 if len(tried) < 3 else map_bytes)

    monkeypatch.setattr(publish, "_write_database", narrow)
    folder = centre.publish()
    assert len(tried) == 3
    assert json.loads((folder / "manifest.json").read_text())["map_bytes"] == tried[-1] == 4 * tried[0]


def test_a_second_publisher_is_turned_away(centre: Any) -> None:
    before = centre.publish()
    with publish._only_publisher(centre.home / "scores"), pytest.raises(CallwrightError, match="under way"):
        centre.publish(priority=1)
    assert current_version(centre.home) == before.name


def test_a_disk_that_refuses_leaves_the_version_in_force(centre: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = centre.publish()

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publish, "_sync", full)
    with pytest.raises(EnvironmentProblem, match="No space left"):
        centre.publish(priority=1)
    monkeypatch.undo()
    assert current_version(centre.home) == before.name
    assert not list((centre.home / "scores").glob(".tmp-*"))


def test_what_reads_back_wrong_is_not_put_in_force(centre: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = centre.publish()
    monkeypatch.setattr(publish, "_read_back", lambda path, map_bytes: "another hash")
    with pytest.raises(VersionRefused, match="read back"):
        centre.publish(priority=1)
    assert current_version(centre.home) == before.name


# --- reading ---


def test_a_store_without_scores_finds_nothing_until_there_are_some(centre: Any) -> None:
    store = ScoreStore(centre.home)
    assert store.find(token=centre.token(0)) == (None, None, None)
    assert store.manifest is None
    centre.publish()
    assert store.refresh()
    assert store.find(token=centre.token(0)).record is not None


def test_a_store_moves_to_the_new_version_when_asked(centre: Any) -> None:
    first = centre.publish(priority=1).name
    store = ScoreStore(centre.home)
    second = centre.publish(priority=2).name
    assert store.find(token=centre.token(0)).version == first
    assert store.refresh()
    assert store.find(token=centre.token(0)).version == second
    assert not store.refresh()


DAMAGES = [
    "a flipped byte", "a short file", "no database", "no manifest", "half a manifest", "wrong counts", "a later format"
]  # fmt: skip


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_version_is_refused_and_the_old_one_kept(
    centre: Any, damage: Callable[[Path, str], None], how: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = centre.publish(priority=1).name
    store = ScoreStore(centre.home)
    damage(centre.publish(priority=2), how)
    assert not store.refresh()
    assert not store.refresh()
    found = store.find(token=centre.token(0))
    assert found.version == first
    assert found.record is not None
    assert found.record["priority"] == 1
    assert len([line for line in caplog.messages if "refused" in line]) == 1  # once, not at every look
    third = centre.publish(priority=3).name
    assert store.refresh()
    assert store.version == third


def test_two_stores_in_one_process_share_one_environment(centre: Any) -> None:
    centre.publish()
    first, second = ScoreStore(centre.home), ScoreStore(centre.home)
    assert first.find(token=centre.token(1)) == second.find(token=centre.token(1))
    assert first._version is second._version


def test_an_old_version_is_closed_when_nobody_reads_it(centre: Any) -> None:
    folder = centre.publish()
    for _ in range(3):
        version = open_version(folder)
        assert version.name == folder.name
        del version
        gc.collect()
    maps = Path("/proc/self/maps")
    if maps.exists():
        assert str(folder) not in maps.read_text()


def test_a_pruned_version_stays_readable_for_who_has_it_open(centre: Any) -> None:
    first = centre.publish(priority=1)
    store = ScoreStore(centre.home)
    for i in range(2, 6):
        centre.publish(priority=i)
    assert not first.exists()
    found = store.find(token=centre.token(0))
    assert found.record is not None
    assert found.record["priority"] == 1


def test_looking_for_a_new_version_costs_microseconds(centre: Any) -> None:
    centre.publish()
    store = ScoreStore(centre.home)
    started_at = time.perf_counter()
    for _ in range(10_000):
        store.refresh()
    assert time.perf_counter() - started_at < 2  # 0.03 s on a quiet core


def test_readers_see_whole_versions_in_order_while_scores_are_published(centre: Any) -> None:
    centre.publish(priority=0, head_start_s=0.0)
    store, done, faults, seen = ScoreStore(centre.home), threading.Event(), [], set()

    def read() -> None:
        last = 0
        while not done.is_set():
            store.refresh()
            for i in (0, 39):
                record = store.find(token=centre.token(i)).record
                if record is None or record["head_start_s"] != record["priority"] or record["priority"] < last:
                    faults.append(record)
                else:
                    last = record["priority"]
                    seen.add(last)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for i in range(1, 13):
        centre.publish(priority=i, head_start_s=float(i))
    time.sleep(0.1)
    done.set()
    for reader in readers:
        reader.join()
    assert not faults
    assert len(seen) > 3
    assert 12 in seen


PUBLISHER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from conftest import Centre
centre = Centre(Path(sys.argv[1]))
for i in range(100_000):
    centre.publish(priority=i % 101, head_start_s=float(i % 101))
    print(i, flush=True)
"""


def test_a_publisher_killed_at_any_moment_leaves_whole_scores(centre: Any) -> None:
    centre.publish(priority=50, head_start_s=50.0)
    here = Path(__file__).parent
    for attempt in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", PUBLISHER, str(centre.home), str(here)],
            stdout=subprocess.PIPE,
            cwd=here.parents[2],
            env=os.environ | {"PYTHONPATH": str(here.parents[2])},
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"0\n"
        time.sleep(0.003 + 0.011 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        store = ScoreStore(centre.home)
        assert store.version == current_version(centre.home)
        for i in (0, 39):
            record = store.find(token=centre.token(i)).record
            assert record is not None
            assert record["head_start_s"] == record["priority"]
    last = centre.publish(priority=77)
    left = [entry.name for entry in (centre.home / "scores").iterdir() if entry.name.startswith(".tmp-")]
    assert not left
    assert ScoreStore(centre.home).version == last.name


@pytest.mark.parametrize(
    "dies_in", ["_write_database", "_version_name", "_verify", "_put_in_force", "_prune", "after the new link"]
)
def test_a_publisher_that_dies_at_a_step_leaves_whole_scores(centre: Any, dies_in: str) -> None:
    centre.publish(priority=1)
    here = Path(__file__).parent
    program = f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {str(here)!r})
from conftest import Centre
from pipelines.router import publish
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
if {dies_in!r} == "after the new link":
    Path.replace = die
else:
    setattr(publish, {dies_in!r}, die)
Centre(Path({str(centre.home)!r})).publish(priority=2)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=here.parents[2], env=os.environ | {"PYTHONPATH": str(here.parents[2])}
    )
    assert ended.returncode == -signal.SIGKILL
    record = ScoreStore(centre.home).find(token=centre.token(0)).record
    assert record is not None
    assert record["priority"] == (2 if dies_in == "_prune" else 1)
    centre.publish(priority=3)
    assert not list((centre.home / "scores").glob(".tmp-*"))
    record = ScoreStore(centre.home).find(token=centre.token(0)).record
    assert record is not None
    assert record["priority"] == 3
