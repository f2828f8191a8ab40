"""Reads sql/: each file is a table with its purpose, grain, columns and dependencies.

Belongs here: what can be known from the text alone, with sqlglot. Does not belong here: Dagster, or any database.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage

from pipelines.errors import CallwrightError
from pipelines.metric_sql import macro_texts, view_text, watched_text
from pipelines.metrics import CATALOGUE, load_catalogue

SQL_FOLDER = Path(__file__).parent.parent / "sql"
TABLE_SCHEMAS = ("staging", "core", "kpi", "features", "ml", "meta")
PUBLISHED_SCHEMAS = ("core", "kpi", "ml", "meta")

# Windows that are no stretch of time: see increments.py.
KEYED_WINDOWS = ("contact_key", "agent", "business_date", "business_date onwards")
_TAG = re.compile(r"\[(?P<tag>[a-z_]+)(?::\s*(?P<value>[^\]]+))?\]")


class SqlError(CallwrightError):
    """A file below sql/ breaks the house's rules."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: As in the final select.
        description: Its trailing comment, without tags.
        tags: What stood in brackets: `[pii]`, `[unit: s]`.
    """

    name: str
    description: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Model:
    """One file below sql/<schema>/: the table `<schema>.<name>`.

    Attributes:
        schema, name: Of the table; a leading `_` marks a step that is nobody's interface.
        path: The file.
        sql: Its whole text.
    """

    schema: str
    name: str
    path: Path
    sql: str

    @property
    def table(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"

    @property
    def is_published(self) -> bool:
        """Whether the table goes into the published file."""
        return self.schema in PUBLISHED_SCHEMAS and not self.name.startswith("_")

    @cached_property
    def _header(self) -> list[str]:
        lines = []
        for line in self.sql.splitlines():
            if not line.startswith("--"):
                break
            lines.append(line.removeprefix("--").strip())
        return lines

    def header(self, key: str) -> str | None:
        """The value of a `-- key: value` line."""
        return next((line[len(key) + 1 :].strip() for line in self._header if line.startswith(f"{key}:")), None)

    @property
    def purpose(self) -> str:
        """The header's free text, before the first `key: value` line."""
        free = []
        for line in self._header:
            if re.match(r"^[a-z_]+:", line):
                break
            free.append(line)
        return " ".join(free).strip()

    @property
    def grain(self) -> str:
        """What one row is."""
        return self.header("grain") or ""

    @property
    def owner(self) -> str:
        """Who answers for it."""
        return self.header("owner") or "team:data"

    @property
    def window(self) -> str | None:
        """By which columns the table is rebuilt in parts, see increments.py; None: as a whole."""
        return self.header("window")

    @property
    def span(self) -> tuple[str, str] | None:
        """The columns that say from when to when a row of a table that is rebuilt by time tells of."""
        return _pair(self.window) if self.window not in (None, *KEYED_WINDOWS) else None

    @property
    def is_sliced(self) -> bool:
        """Whether its first build goes by slices of time: its window must narrow what is read of the lake."""
        return self.header("sliced") == "yes"

    @property
    def changes(self) -> tuple[str, str] | None:
        """The columns that say what a change of a row touches, of a table that is rebuilt whole."""
        return _pair(self.header("changes"))

    @property
    def is_view(self) -> bool:
        """Whether it is computed when it is read; else it is stored."""
        return self.header("materialized") == "view"

    @property
    def description(self) -> str:
        """The table's comment."""
        return f"{self.purpose} Grain: {self.grain}" if self.grain else self.purpose

    @cached_property
    def tree(self) -> exp.Query:
        """The parsed select.

        Raises:
            SqlError: The file is not one select statement.
        """
        try:
            statements = sqlglot.parse(self.sql, read="duckdb")
        except sqlglot.errors.ParseError as error:
            raise SqlError(f"{self.path}: {error}") from error
        if len(statements) != 1 or not isinstance(statements[0], exp.Query):
            raise SqlError(f"{self.path}: must hold one select statement")
        return statements[0]

    @cached_property
    def dependencies(self) -> tuple[str, ...]:
        """The tables it reads, `schema.name`, without its own CTEs."""
        ctes = {cte.alias for cte in self.tree.find_all(exp.CTE)}
        found = {
            f"{table.db}.{table.name}" for table in self.tree.find_all(exp.Table) if table.db or table.name not in ctes
        }
        return tuple(sorted(found))

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The run variables it reads with getvariable()."""
        return tuple(sorted(set(re.findall(r"getvariable\('(\w+)'\)", self.sql))))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The final select's columns in order, with the trailing comments of their lines."""
        comments = _trailing_comments(self.sql)
        return tuple(_column(name, comments.get(name, "")) for name in self.tree.named_selects)

    @cached_property
    def sql_hash(self) -> str:
        """Changes when the text does."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:16]


def _pair(columns: str | None) -> tuple[str, str] | None:
    if columns is None:
        return None
    first, _, last = columns.partition(", ")
    return first, last or first


def _column(name: str, comment: str) -> Column:
    tags = {m["tag"]: (m["value"] or "yes").strip() for m in _TAG.finditer(comment)}
    return Column(name, " ".join(_TAG.sub("", comment).split()), tags)


def _trailing_comments(sql: str) -> dict[str, str]:
    """Output name to comment, of the final select (of a union, its first part): `expression as name, -- comment`.

    The last line of a projection that begins on one line and ends on another carries the comment.
    """
    lines = sql.splitlines()
    start = next(i for i, line in enumerate(lines) if re.match(r"^select\b", line))
    found: dict[str, str] = {}
    for line in lines[start:]:
        if re.match(r"^from\b", line):
            break
        code, separator, comment = line.partition(" -- ")
        name = re.search(r"(\w+)\"?,?\s*$", code)
        if separator and name:
            found[name[1]] = comment.strip()
    return found


def load_models(folder: Path = SQL_FOLDER) -> dict[str, Model]:
    """Every table file below sql/, by `schema.name`.

    Raises:
        SqlError: A file cannot be parsed.
    """
    models = {}
    for schema in TABLE_SCHEMAS:
        for path in sorted((folder / schema).glob("*.sql")):
            model = _model(schema, path.stem, path, path.read_text(encoding="utf-8"))
            models[model.table] = model
    return models | _of_catalogue(models, folder)


def _of_catalogue(models: Mapping[str, Model], folder: Path) -> dict[str, Model]:
    """What the catalogue of metrics makes of tables of sums: a view with the ratios of each, and what is watched."""
    path = folder / CATALOGUE.name
    catalogue = load_catalogue(path) if path.is_file() else None
    views = {}
    for sums in catalogue.sums.values() if catalogue else ():
        for name in sums.tables:
            table = models.get(f"kpi.{name}")
            if table is None:
                raise SqlError(f"{path}: sums.{sums.id}.tables: there is no sql/kpi/{name}.sql")
            assert catalogue is not None
            columns = {table.table: ""} | {c.name: _said(c) for c in table.columns}
            text = view_text(catalogue, sums, columns, table.purpose, table.grain)
            view = _model("kpi", f"{name}_metrics", path, text)
            views[view.table] = view
    if catalogue and any(metric.watched_by for metric in catalogue.metrics.values()):
        tables = {table: [c.name for c in model.columns] for table, model in models.items() if model.schema == "kpi"}
        watched = _model("kpi", "_watched", path, watched_text(catalogue, tables))
        views[watched.table] = watched
    return views


def _said(column: Column) -> str:
    """A column's comment as it is written, tags included."""
    return " ".join([column.description, *(f"[{tag}: {value}]" for tag, value in column.tags.items())])


@lru_cache(maxsize=1024)
def _model(schema: str, name: str, path: Path, sql: str) -> Model:
    """One model for one text: to parse all files takes a second, and a process may make several plans."""
    return Model(schema, name, path, sql)


def in_order(dependencies: Mapping[str, Iterable[str]]) -> list[str]:
    """Tables in an order in which each comes after what it reads; equal runs give equal orders.

    Raises:
        SqlError: Tables depend on each other in a circle.
    """
    sorter = TopologicalSorter({table: sorted(reads) for table, reads in sorted(dependencies.items())})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        raise SqlError(f"sql/: these tables read each other in a circle: {' -> '.join(error.args[1])}") from error


def load_macros(folder: Path = SQL_FOLDER) -> list[str]:
    """The texts of sql/macros/, one macro a file named after it, and of the metrics, each after those that it calls."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted((folder / "macros").glob("*.sql"))}
    if (folder / CATALOGUE.name).is_file():
        texts |= macro_texts(load_catalogue(folder / CATALOGUE.name))
    calls = {
        name: [other for other in texts if other != name and re.search(rf"\b{other}\(", text)]
        for name, text in texts.items()
    }
    return [texts[name] for name in in_order(calls)]


def column_lineage(model: Model, schema: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str, str]]:
    """Where each column of a model comes from.

    Args:
        model: The table.
        schema: Table `schema.name` to its columns and types, of everything it reads.

    Returns:
        (column, source table, source column), for the tables it reads directly. `count(*)` has no source column.
    """
    nested: dict[str, dict[str, dict[str, str]]] = {}
    for table, columns in schema.items():
        db, _, name = table.partition(".")
        nested.setdefault(db, {})[name] = dict(columns)
    nodes = lineage(None, model.tree, schema=nested, dialect="duckdb", trim_selects=False)
    assert isinstance(nodes, dict)
    found = {
        (column, f"{node.source.db}.{node.source.name}", node.name.split(".")[-1].strip('"'))
        for column, root in nodes.items()
        for node in root.walk()
        if isinstance(node.source, exp.Table) and node.source.db
    }
    return sorted(found)
