"""One run over one home: the open warehouse, what was seen so far, and the data checks that may stop it.

Belongs here: the state that the steps of a run share, and checking tables as they are built.
Does not belong here: which steps there are (plan.py), Dagster (defs/), the terminal (cli.py).
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import duckdb

from pipelines.contracts.base import Contract
from pipelines.contracts.evaluate import run_contract
from pipelines.contracts.registry import CONTRACT_OF
from pipelines.contracts.results import CheckResult
from pipelines.contracts.sql_checks import SqlCheck, run_check, tables_of
from pipelines.home import Home
from pipelines.identity import load_key
from pipelines.ingest import Reader, SourceReport, reader_config, readers
from pipelines.lake import Lake
from pipelines.published import Snapshot
from pipelines.settings import Settings, load_settings
from pipelines.sqlgraph import SQL_FOLDER, Model
from pipelines.warehouse import BOOKKEEPING, MEMORY_LIMIT, Warehouse, open_warehouse, remove_scratch

Progress = Callable[[str], None]
T = TypeVar("T")


@dataclass
class Session:
    """What the steps of one run share.

    Attributes:
        home, settings, readers: The centre.
        warehouse: Its private warehouse, open.
        models: The SQL files, by table.
        checks: The SQL truths.
        run_id: Names the run in meta.publish.
        progress: Told what is being done, for people.
        reports: What came of each source.
        results: Results of the checks made so far.
        snapshot: The published file, once there is one.
        alerts: What there is to tell of alerts, a line each.
    """

    home: Home
    settings: Settings
    readers: Mapping[str, Reader]
    warehouse: Warehouse
    models: Mapping[str, Model]
    checks: Sequence[SqlCheck]
    run_id: str
    progress: Progress = lambda _: None
    reports: list[SourceReport] = field(default_factory=list)
    results: list[CheckResult] = field(default_factory=list)
    snapshot: Snapshot | None = None
    alerts: list[str] = field(default_factory=list)

    @property
    def basis(self) -> str:
        """See `basis_hash`."""
        return basis_hash(self.home, self.settings, self.readers, self.warehouse.lake)

    def with_room(self, do: Callable[[], T]) -> T:
        """Does what can be begun again; where the usual memory is too little, once more with half of the machine's.

        A fixed little is enough for nearly all: what sorts, joins and sums goes to the disk. What holds many texts of
        many groups at once does not.

        Raises:
            duckdb.OutOfMemoryException: That is too little, too.
        """
        try:
            return do()
        except duckdb.OutOfMemoryException:
            self.progress(f"once more with half of the machine's memory: {MEMORY_LIMIT} is too little")
        with self.warehouse.more_memory():
            return do()

    def check(self, table: str) -> list[CheckResult]:
        """Checks a table against its contract and the truths that guard it; notes the results for meta.check_results.

        `publish.dictionary` stands for the act of publishing: the truths between tables are checked there.
        """
        name = None if table == "publish.dictionary" else table
        found = self._run_contract(CONTRACT_OF[table]) if table in CONTRACT_OF else []
        found += [self._run_check(check) for check in self.checks if check.table == name]
        self._note(found)
        return found

    def _run_contract(self, contract: type[Contract]) -> list[CheckResult]:
        """Checks what has changed since all of a table was found right."""
        warehouse, table, form = self.warehouse, contract.table, contract.form()
        found = run_contract(warehouse.con, contract, warehouse.changed_rows("check", table, form))
        if all(result.passed for result in found):
            warehouse.note_use("check", table, form)
        else:
            warehouse.forget_use("check", table)
        return found

    def _run_check(self, check: SqlCheck) -> CheckResult:
        """Asks a truth of what has changed since it was found to hold, where that can be told."""
        warehouse = self.warehouse
        if check.part is None:
            return run_check(warehouse.con, check)
        purpose, tables = f"check {check.name}", tables_of(check.query)
        form = hashlib.sha256(check.query.encode()).hexdigest()[:16]
        is_traced = all(warehouse.is_traced(purpose, table, form) for table in tables)
        text = warehouse.increments.narrowed(check.query, tables, check.part) if is_traced else None
        result = run_check(warehouse.con, check if text is None else replace(check, query=text))
        for table in tables:
            if result.passed:
                warehouse.note_use(purpose, table, form)
            else:
                warehouse.forget_use(purpose, table)
        return result

    def _note(self, found: Sequence[CheckResult]) -> None:
        con = self.warehouse.con
        with self.warehouse.transaction():
            for result in found:
                con.execute(
                    "delete from build.check_results where table_name = ? and check_name = ?",
                    [result.table_name, result.check_name],
                )
            columns = BOOKKEEPING["check_results"]
            self.warehouse.insert("build.check_results", columns, [[r.to_row()[c] for c in columns] for r in found])
            self.warehouse.touch("build.check_results")
        self.results += found


@contextmanager
def open_session(
    home: Home,
    models: Mapping[str, Model],
    checks: Sequence[SqlCheck],
    run_id: str,
    progress: Progress = lambda _: None,
) -> Iterator[Session]:
    """Opens a home for one run; holds its lock as long.

    Raises:
        SettingsError: callwright.toml cannot be used.
        CallwrightError: Another run is under way.
    """
    settings = load_settings(home.path)
    known = readers(settings, home)
    with home.run_lock():
        home.make_folders(settings)
        remove_scratch(home)
        with open_warehouse(home, settings, known, models) as warehouse:
            warehouse.lake.clear_temporary()
            yield Session(home, settings, known, warehouse, models, checks, run_id, progress)
            warehouse.forget_increments()
        remove_scratch(home)


def basis_hash(home: Home, settings: Settings, known: Mapping[str, Reader], lake: Lake) -> str:
    """Everything that decides what is published: what the lake holds, settings, SQL, secret, and our own version.

    What the lake holds belongs to it: a run that was stopped after reading has left new rows there, and the next run,
    which finds no new file, must not take that for done.
    """
    digest = hashlib.sha256(importlib.metadata.version("callwright").encode())
    digest.update(settings.model_dump_json().encode())
    digest.update(hashlib.sha256(load_key(home.path)).digest())
    for reader in known.values():
        config = reader_config(reader)
        digest.update(config.encode())
        digest.update(repr([(s.segment_id, s.content_hash) for s in lake.segments(reader.source, config)]).encode())
    for folder in (SQL_FOLDER, home.path / "checks"):
        for path in sorted([*folder.rglob("*.sql"), *folder.glob("*.toml")]):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
