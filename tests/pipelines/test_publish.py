from __future__ import annotations

from typing import Any

import duckdb
import pytest

from pipelines.errors import CallwrightError
from pipelines.published import current_snapshot, open_published

LINE = "1772452800|{n}.1|q|NONE|ENTERQUEUE||07|1\n1772452890|{n}.1|q|NONE|ABANDON|1|1|90\n"


def publish(centre: Any, number: int) -> str:
    centre.land("asterisk_queue_log", f"log{number}", LINE.format(n=number))
    centre.run(whole=True)
    return current_snapshot(centre.home).name


def test_nothing_published_says_what_to_type(centre: Any) -> None:
    with pytest.raises(CallwrightError, match="nothing is published") as caught:
        open_published(centre.home)
    assert "callwright run" in (caught.value.hint or "")


def test_three_snapshots_are_kept_and_an_open_one_stays_readable(centre: Any) -> None:
    names = [publish(centre, 1)]
    with open_published(centre.home) as oldest:
        names += [publish(centre, number) for number in (2, 3, 4)]
        assert oldest.execute("select count(*) from core.contacts").fetchall() == [(1,)]
    assert names == sorted(set(names))
    kept = sorted(p.stem for p in centre.home.serve.iterdir() if not p.is_symlink())
    assert kept == names[1:]
    assert centre.home.current_snapshot.is_symlink()
    assert centre.published("select count(*) from core.contacts") == [(4,)]
    history = centre.published("select snapshot, checks_failed_count from meta.publish order by 1")
    assert [name for name, _ in history] == names
    centre.run(whole=True)
    assert current_snapshot(centre.home).name == names[-1]  # nothing new, nothing to publish


def test_a_home_of_an_earlier_version_is_published_with_what_its_tables_lacked(centre: Any) -> None:
    publish(centre, 1)
    with duckdb.connect(centre.home.warehouse) as con:
        for table in ("build.metrics", "meta.metrics"):
            con.execute(f"alter table {table} drop column watched_by")
        con.execute("update build.tables set sql_hash = 'of then' where table_name = 'meta.metrics'")
        con.execute("update build.tables set version = 'of then' where table_name in ('build.metrics', 'meta.metrics')")
    publish(centre, 2)
    assert centre.published("select count(watched_by) > 5 from meta.metrics") == [(True,)]
