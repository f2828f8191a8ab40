"""The plan of a run: every step by name, what it needs, and the one function or SQL file that it is.

Belongs here: which steps there are and their order. Does not belong here: Dagster (defs/ makes assets of the steps), or
what a step does (ingest.py, warehouse.py, steps.py, publish.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pipelines import alerts, publish, scoring, steps, voice
from pipelines.contracts.registry import CONTRACT_OF
from pipelines.contracts.sql_checks import SqlCheck, load_checks
from pipelines.home import Home
from pipelines.ingest import Reader, ingest_source, raw_table
from pipelines.session import Session
from pipelines.sqlgraph import SQL_FOLDER, Column, Model, in_order, load_models
from pipelines.warehouse import RAW_TABLES, REJECT_COLUMNS, SEGMENT_SCHEMA, raw_schema

Outcome = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One step of a run, and one Dagster asset.

    Attributes:
        name: `group/name`; of a table `schema/table`.
        group: Shown in the Dagster UI.
        needs: Names of steps that come before.
        run: What it does; returns figures for the run's record.
        description: One sentence, beginning with the grain for a table.
        kinds: What it is made with, for the UI.
        columns: Documented columns of a table.
        checks: Whether data checks follow it, which may stop what comes after.
    """

    name: str
    group: str
    needs: tuple[str, ...]
    run: Callable[[Session], Outcome]
    description: str
    kinds: frozenset[str]
    columns: tuple[Column, ...] = ()
    checks: bool = False
    owner: str = "team:data"

    @property
    def table(self) -> str:
        """The step's table, `schema.name`."""
        return self.name.replace("/", ".")


@dataclass(frozen=True)
class Plan:
    """All steps, in an order in which each comes after what it needs."""

    steps: Mapping[str, Step]
    models: Mapping[str, Model]
    checks: tuple[SqlCheck, ...] = field(default=())

    def ordered(self) -> list[Step]:
        """The steps in order."""
        return [self.steps[name] for name in in_order({s.name: s.needs for s in self.steps.values()})]


def make_plan(home: Home, readers: Mapping[str, Reader], sql_folder: Path = SQL_FOLDER) -> Plan:
    """The plan of a home: its sources, the SQL graph, the models, the publishing."""
    models = load_models(sql_folder)
    checks = tuple(load_checks([sql_folder / "checks", home.path / "checks"]))
    guarded = {c.table for c in checks if c.table} | set(CONTRACT_OF)
    found = [*_landing(readers), *_raw(readers, guarded), *_python_tables(), *_tables(models, guarded)]
    found += _publishing(models)
    return Plan({step.name: step for step in found}, models, checks)


def _landing(readers: Mapping[str, Reader]) -> list[Step]:
    return [
        Step(
            f"landing/{source}", "landing", (), partial(_ingest, source),
            f"New files of landing/{source}/, parsed into the lake. Grain: one row per line that is a record.",
            frozenset({"python", "polars", "parquet"}),
        )
        for source in readers
    ]  # fmt: skip


def _ingest(source: str, session: Session) -> Outcome:
    report = ingest_source(session.warehouse.lake, session.readers[source], session.home, session.progress)
    session.reports.append(report)
    return {
        "files": report.file_count, "lines": report.line_count, "rows": report.row_count,
        "ignored": report.ignored_count, "rejects": report.rejected_count,
        "problems": "; ".join(report.problems) or "none",
    }  # fmt: skip


def _raw(readers: Mapping[str, Reader], guarded: set[str]) -> list[Step]:
    tables = [
        Step(
            f"raw/{table}", "raw",
            tuple(f"landing/{r.source}" for r in readers.values() if raw_table(r) == table),
            partial(_attach, table), f"Rows of {table} in the lake, as parsed. Grain: one row per record.",
            frozenset({"duckdb", "parquet"}),
            tuple(Column(c, "As written by the source.", {}) for c in raw_schema(table)),
            f"raw.{table}" in guarded,
        )
        for table in RAW_TABLES
    ]  # fmt: skip
    landings = tuple(f"landing/{source}" for source in readers)
    manifests = Step(
        "raw/segments", "raw", landings, _attach_manifests,
        "What was read of which file. Grain: one row per part of a file that was read in one go.",
        frozenset({"duckdb", "json"}), tuple(Column(c, "See the manifest: lake.Segment.", {}) for c in SEGMENT_SCHEMA),
    )  # fmt: skip
    rejects = Step(
        "raw/rejects", "raw", ("raw/segments",), lambda session: {"rows": session.warehouse.row_count("raw.rejects")},
        "Lines that no row was made of. Grain: one row per rejected line.", frozenset({"duckdb", "parquet"}),
        tuple(Column(c, "As in meta.rejects; the text is whole here.", {"pii": "yes"}) for c in REJECT_COLUMNS),
    )  # fmt: skip
    return [*tables, manifests, rejects]


def _attach(table: str, session: Session) -> Outcome:
    return {"rows": session.warehouse.attach_raw(table).row_count}


def _attach_manifests(session: Session) -> Outcome:
    session.warehouse.attach_manifests()
    return {"rows": session.warehouse.row_count("raw.segments")}


def _tables(models: Mapping[str, Model], guarded: set[str]) -> list[Step]:
    known = set(models) | {f"raw.{t}" for t in RAW_TABLES} | {"raw.segments", "raw.rejects"}
    known |= {step.table for step in _python_tables()}
    found = []
    for model in models.values():
        sources = {BY_PRODUCTS.get(d, d) for d in model.dependencies}
        needs = [d.replace(".", "/", 1) for d in sorted(sources & known)]
        if any(d.startswith("build.") for d in model.dependencies):
            needs.append("publish/dictionary")
        found.append(
            Step(
                model.table.replace(".", "/", 1), model.schema, tuple(needs), partial(_build, model), model.description,
                frozenset({"duckdb", "sql"}), model.columns, model.table in guarded, model.owner,
            )
        )  # fmt: skip
    return found


def _build(model: Model, session: Session) -> Outcome:
    session.progress(f"building {model.table}")
    built = session.warehouse.build(model)
    return {"rows": built.row_count, "changed": built.is_fresh}


def _python_tables() -> list[Step]:
    return [
        Step(name, name.split("/")[0], needs, partial(_python, name, run), description, frozenset({"python"}), columns)
        for name, needs, run, description, columns in (*_PSEUDONYMS, *scoring.STEPS, *alerts.STEPS, *voice.STEPS)
    ]


def _python(name: str, run: Callable[..., Any], session: Session) -> Outcome:
    session.progress(f"building {name.replace('/', '.')}")
    built = run(session.warehouse)
    return {"rows": built.row_count, "changed": built.is_fresh}


BY_PRODUCTS = {**scoring.BY_PRODUCTS, **voice.BY_PRODUCTS}
_PSEUDONYMS = (
    (
        "staging/numbers", ("staging/_number_mentions",), steps.build_numbers,
        "Phone numbers in E.164 form with their pseudonyms. Grain: one row per written form of a number.",
        (
            Column("number", "As written", {"pii": "yes"}),
            Column("e164", "Normalised; null: anonymous or internal", {"pii": "yes"}),
            Column("caller_token", "Pseudonym of the number", {}),
            Column("email_token", "Pseudonym of the e-mail address; null: it is none", {}),
        ),
    ),
    (
        "staging/customer_keys", ("staging/_customer_mentions",), steps.build_customer_keys,
        "Customer ids with their pseudonyms. Grain: one row per customer id.",
        (
            Column("customer_id", "The CRM's id", {"pii": "yes"}),
            Column("customer_key", "Pseudonym of the customer", {}),
        ),
    ),
)  # fmt: skip


def _publishing(models: Mapping[str, Model]) -> list[Step]:
    is_late = {m.table for m in models.values() if any(d.startswith("build.") for d in m.dependencies)}
    published = [m.table.replace(".", "/", 1) for m in models.values() if m.is_published]
    early = tuple(name for name in published if name.replace("/", ".", 1) not in is_late)
    late = tuple(name for name in published if name.replace("/", ".", 1) in is_late)
    return [
        Step(
            "publish/dictionary", "publish", early, _write_dictionary,
            "Dictionary, lineage and check results of what is to be published; the checks between tables.",
            frozenset({"python", "duckdb"}), (), True,
        ),
        Step(
            "publish/snapshot", "publish", (*late, "publish/dictionary"), _write_snapshot,
            "The published file: a verified, documented, read-only copy of core, kpi, ml and meta.",
            frozenset({"python", "duckdb"}),
        ),
        Step(
            "publish/scores", "publish", ("publish/snapshot",), scoring.publish_scores,
            "Scores for the live router: written whole, verified, then swapped in.", frozenset({"python", "lmdb"}),
        ),
        Step(
            "publish/alerts", "publish", ("publish/snapshot",), alerts.tell,
            "What is new of alerts, told once: raised, over, taken back.", frozenset({"python"}),
        ),
    ]  # fmt: skip


def _write_dictionary(session: Session) -> Outcome:
    session.progress("checking the truths between tables")
    publish.write_dictionary(session.warehouse, session.models)
    return {"columns": session.warehouse.row_count("build.columns")}


def _write_snapshot(session: Session) -> Outcome:
    session.progress("publishing")
    snapshot = publish.publish_snapshot(session.warehouse, session.models, session.run_id, session.basis)
    session.snapshot = snapshot
    return {"snapshot": snapshot.name, "path": str(snapshot.path), "bytes": snapshot.path.stat().st_size}
