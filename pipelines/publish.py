"""Publishing: a versioned, documented, read-only copy of the warehouse's public tables, and the swap of the pointer.

Belongs here: the dictionary and lineage, writing and verifying a snapshot, `serve/current.duckdb`.
Does not belong here: building tables, checking data, scores (router/publish.py).
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import CallwrightError, ChecksFailed, EnvironmentProblem
from pipelines.home import Home
from pipelines.metrics import load_catalogue, metric_rows
from pipelines.published import Snapshot, current_snapshot
from pipelines.sources.base import sql_text
from pipelines.sqlgraph import PUBLISHED_SCHEMAS, Model, column_lineage, load_macros
from pipelines.warehouse import BOOKKEEPING, Warehouse

# Older command-line clients and BI drivers open it; see design.md.
STORAGE_VERSION = "v1.4.0"
KEPT_SNAPSHOTS = 3
SCHEMA_VERSION = "1.0"

_UNITS = {
    "_s": "s",
    "_count": "count",
    "_rate": "share 0 to 1",
    "_pct": "percent",
    "_at": "instant, UTC",
    "_date": "local date",
}


# --- what is said about the tables ---


def write_dictionary(warehouse: Warehouse, models: Mapping[str, Model]) -> None:
    """`build.columns`, `build.metrics` and `build.lineage`; lineage only of files that have changed."""
    published = [m for m in models.values() if m.is_published]
    warehouse.write_rows("build.metrics", BOOKKEEPING["metrics"], metric_rows(load_catalogue()))
    for model in published:
        is_late = any(table.startswith("build.") for table in model.dependencies)
        if warehouse.version(model.table) is None or (is_late and not warehouse.has_sql(model)):
            # The tables about publishing itself are filled last; their columns are known all the same.
            warehouse.build(model)
    types = _types(warehouse.con)
    rows = [
        {
            "table_name": model.table,
            "column_name": column.name,
            "type": types[model.table][column.name],
            "unit": column.tags.get("unit") or _unit(column.name),
            "description": column.description,
            "pii": column.tags.get("pii") or ("pseudonym" if column.name in _PSEUDONYMS else "no"),
        }
        for model in published
        for column in model.columns
    ]
    warehouse.write_rows("build.columns", BOOKKEEPING["columns"], rows)
    warehouse.write_rows("build.lineage", BOOKKEEPING["lineage"], _lineage_rows(warehouse, published, types))


_PSEUDONYMS = ("customer_key", "caller_token")


def _unit(column: str) -> str | None:
    if column.endswith("_amount"):
        return "currency"
    return next((unit for suffix, unit in _UNITS.items() if column.endswith(suffix)), None)


def _types(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Types of all columns of the warehouse, by table and column."""
    found: dict[str, dict[str, str]] = {}
    query = (
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()"
        " where database_name = current_database() order by table_oid, column_index"
    )
    for table, column, kind in con.execute(query).fetchall():
        found.setdefault(table, {})[column] = kind
    return found


def _lineage_rows(
    warehouse: Warehouse, published: Iterable[Model], types: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    con = warehouse.con
    rows: list[dict[str, Any]] = []
    for model in published:
        query = (
            "select column_name, from_table, from_column from build.lineage_cache where table_name = ? and sql_hash = ?"
        )
        found = con.execute(query, [model.table, model.sql_hash]).fetchall()
        if not found:
            found = column_lineage(model, {t: types[t] for t in model.dependencies if t in types})
            con.execute("delete from build.lineage_cache where table_name = ?", [model.table])
            entries = [(model.table, model.sql_hash, *row) for row in found]
            warehouse.insert("build.lineage_cache", BOOKKEEPING["lineage_cache"], entries)
        rows += [
            {"table_name": model.table, **dict(zip(list(BOOKKEEPING["lineage"])[1:], row, strict=True))}
            for row in found
        ]
    return sorted(rows, key=lambda r: tuple(r.values()))


# --- the snapshot ---


def publish_snapshot(warehouse: Warehouse, models: Mapping[str, Model], run_id: str, basis: str) -> Snapshot:
    """Publishes the warehouse's public tables, unless the newest snapshot holds just them.

    Args:
        warehouse: All its tables built and checked.
        models: The SQL files.
        run_id: Names the run in meta.publish.
        basis: What was published, besides data; see `session.basis_hash`.

    Raises:
        ChecksFailed: A check of severity fail did not hold when its table was last checked.
        EnvironmentProblem: It cannot be written.
        CallwrightError: The written file is not what it should be; the old snapshot stays.
    """
    home, con = warehouse.home, warehouse.con
    failed = con.execute(
        "select table_name || ': ' || check_name from build.check_results where not passed and severity = 'fail'"
    ).fetchall()
    if failed:
        # Within a run the failing step has stopped already; this is for whoever starts the last steps by themselves.
        raise ChecksFailed(f"data checks have failed: {', '.join(row[0] for row in failed)}", "type: callwright run")
    published = [m for m in models.values() if m.is_published]
    content = _content_hash(warehouse, published, basis)
    last = last_publish(con)
    if last is not None and last.content_hash == content and home.current_snapshot.exists():
        current = current_snapshot(home)
        if current.name == last.snapshot:
            return current
    now = datetime.now(UTC)
    name = now.strftime("%Y%m%dT%H%M%S%fZ")
    passed, failed = con.execute(
        "select count(*) filter (where passed), count(*) filter (where not passed) from build.check_results"
    ).fetchall()[0]
    row = [
        name, now, warehouse.data_through(), SCHEMA_VERSION, run_id, passed, failed,
        importlib.metadata.version("callwright"), basis, content,
    ]  # fmt: skip
    with warehouse.transaction():
        # A row without a file is left by a run that was killed before its pointer was swapped.
        on_disk = {path.stem for path in home.serve.glob("*.duckdb")}
        for (known,) in con.execute("select snapshot from build.publish").fetchall():
            if last is not None and known >= last.snapshot and known not in on_disk:
                con.execute("delete from build.publish where snapshot = ?", [known])
        con.execute(f"insert into build.publish values ({', '.join('?' for _ in row)})", row)
        warehouse.touch("build.publish")
    warehouse.build(models["meta.publish"])
    return write_snapshot(warehouse, models, name)


def _content_hash(warehouse: Warehouse, published: Iterable[Model], basis: str) -> str:
    """What the snapshot would hold, apart from when it was checked and published."""
    lines = [f"{m.table}={warehouse.version(m.table)}" for m in published if m.name not in ("check_results", "publish")]
    return hashlib.sha256("\n".join([basis, *lines]).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class LastPublish:
    """What the warehouse remembers of the newest publish."""

    snapshot: str
    basis: str
    content_hash: str


def last_publish(con: duckdb.DuckDBPyConnection) -> LastPublish | None:
    """The newest publish that the warehouse knows of."""
    rows = con.execute(
        "select snapshot, basis, content_hash from build.publish order by snapshot desc limit 1"
    ).fetchall()
    return LastPublish(*rows[0]) if rows else None


def write_snapshot(warehouse: Warehouse, models: Mapping[str, Model], name: str) -> Snapshot:
    """Writes, verifies and publishes a snapshot: readers see the old one or the new one, never anything else.

    Raises:
        EnvironmentProblem: It cannot be written.
        CallwrightError: The written file is not what it should be; the old snapshot stays.
    """
    home = warehouse.home
    for leftover in home.serve.glob(".draft-*"):
        leftover.unlink()
    draft = home.serve / f".draft-{name}.duckdb"
    published = [m for m in models.values() if m.is_published]
    try:
        if _write(warehouse, draft, published) and not _is_whole(warehouse, draft, published):
            draft.unlink()
            _write(warehouse, draft, published, as_patch=False)
        _verify(warehouse, draft, published)
    except duckdb.OutOfMemoryException:
        draft.unlink(missing_ok=True)
        raise
    except (duckdb.IOException, OSError) as error:
        draft.unlink(missing_ok=True)
        raise EnvironmentProblem(f"{home.serve}: the snapshot cannot be written: {error}", "free some space") from error
    path = home.serve / f"{name}.duckdb"
    draft.chmod(0o444)
    _sync(draft)
    draft.rename(path)
    _point(home.current_snapshot, path.name)
    form = _form(home, published)
    with warehouse.transaction():
        for model in published:
            warehouse.note_use("publish", model.table, form)
    _forget_old(home)
    return Snapshot(name, path)


def _write(warehouse: Warehouse, draft: Path, published: list[Model], as_patch: bool = True) -> bool:
    """Writes the draft; returns whether it is a copy of the current snapshot in which what has changed was replaced."""
    con, home = warehouse.con, warehouse.home
    name = con.execute("select current_database()").fetchall()[0][0]
    form = _form(home, published)
    changed = {m.table: warehouse.changed_rows("publish", m.table, form, f"{name}.") for m in published}
    is_patch = as_patch and home.current_snapshot.exists() and any(rows is not None for rows in changed.values())
    if is_patch:
        shutil.copyfile(home.current_snapshot, draft)
    con.execute(f"attach {sql_text(draft)} as draft (storage_version '{STORAGE_VERSION}')")
    try:
        if not is_patch:
            for schema in PUBLISHED_SCHEMAS:
                con.execute(f"create schema draft.{schema}")
        con.execute("use draft")
        # A patch is many small changes: one commit for all. A whole file would be held in memory until then.
        with warehouse.transaction() if is_patch else contextlib.nullcontext():
            for model in sorted(published, key=lambda m: m.is_view):
                rows = changed[model.table] if is_patch else None
                if rows is None:
                    _write_table(con, name, model, published)
                elif rows != "false" and not _goes_as_view(model, published):
                    anew = f"select * from {name}.{model.table} where {rows}"
                    con.execute(f"delete from draft.{model.table} where {rows}")
                    con.execute(f"insert into draft.{model.table} by name {anew}")
            for macro in load_macros():
                con.execute(macro)
    finally:
        con.execute(f"use {name}")
        con.execute("detach draft")
    return is_patch


def _form(home: Home, published: Iterable[Model]) -> str:
    """The current snapshot and what decides its form: what was noted of another one says nothing of it."""
    texts = [os.path.realpath(home.current_snapshot), STORAGE_VERSION, SCHEMA_VERSION]
    texts += [f"{m.table} {m.sql_hash}" for m in published]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def _goes_as_view(model: Model, published: Iterable[Model]) -> bool:
    """Whether a model is published as a view: one of published tables alone, computed from the copies."""
    return model.is_view and {m.table for m in published}.issuperset(model.dependencies) and not model.variables


def _write_table(con: duckdb.DuckDBPyConnection, warehouse_name: str, model: Model, published: list[Model]) -> None:
    is_view = _goes_as_view(model, published)
    # Figures are asked for by date: in its order, what lies outside a period is not read.
    order = (
        " order by business_date"
        if "business_date" in (c.name for c in model.columns) and model.schema == "kpi"
        else ""
    )
    kind, query = ("view", model.sql) if is_view else ("table", f"from {warehouse_name}.{model.table}{order}")
    con.execute(f"create or replace {kind} draft.{model.table} as {query}")
    con.execute(f"comment on {kind} draft.{model.table} is {sql_text(model.description)}")
    for column in model.columns:
        con.execute(f'comment on column draft.{model.table}."{column.name}" is {sql_text(column.description)}')


def _verify(warehouse: Warehouse, draft: Path, published: list[Model]) -> None:
    """Opens the file as a reader would: every table whole, every column documented."""
    con = warehouse.con
    with _reading(con, draft):
        for model in published:
            written, meant = _sums(con, model, published)
            if written != meant:
                raise CallwrightError(f"{model.table}: {written[0]} of {meant[0]} rows were written to the snapshot")
        bare = con.execute(
            "select schema_name || '.' || table_name || '.' || column_name from duckdb_columns()"
            " where database_name = 'draft' and coalesce(comment, '') = ''"
        ).fetchall()
        if bare:
            raise CallwrightError(
                f"published columns without a description: {', '.join(row[0] for row in bare)}",
                "end each column of the final select in sql/ with a comment that describes it",
            )


def _is_whole(warehouse: Warehouse, draft: Path, published: list[Model]) -> bool:
    with _reading(warehouse.con, draft):
        return all(written == meant for written, meant in (_sums(warehouse.con, m, published) for m in published))


def _sums(con: duckdb.DuckDBPyConnection, model: Model, published: list[Model]) -> list[tuple[int, int]]:
    """Rows of a table in the draft and in the warehouse, with the sum of the hashes of their first column."""
    if _goes_as_view(model, published):
        return [(0, 0), (0, 0)]
    query = f"select count(*), sum(cast(hash({model.columns[0].name}) as hugeint)) from"
    return [con.execute(f"{query} {database}{model.table}").fetchall()[0] for database in ("draft.", "")]


@contextlib.contextmanager
def _reading(con: duckdb.DuckDBPyConnection, draft: Path) -> Iterator[None]:
    con.execute(f"attach {sql_text(draft)} as draft (read_only)")
    try:
        yield
    finally:
        con.execute("detach draft")


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _point(link: Path, target: str) -> None:
    """Swaps a symbolic link in one step."""
    new = link.with_name(f".{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)
    handle = os.open(link.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _forget_old(home: Home) -> None:
    """Keeps the newest snapshots; a reader that has an older one open keeps it until it closes."""
    current = os.path.realpath(home.current_snapshot)
    snapshots = sorted(p for p in home.serve.glob("*.duckdb") if not p.is_symlink())
    for path in snapshots[:-KEPT_SNAPSHOTS]:
        if str(path) != current:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
