"""Who may import whom: read from the text of the modules, and seen in a fresh Python.

Belongs here: directions between rooms, and libraries that are imported late. Not here: anything about SQL or documents.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("pipelines", "models", "dashboards")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
MEETS_DAGSTER = {"pipelines/assets.py", "pipelines/definitions.py"}
READS_ENVIRONMENT = {
    "pipelines/settings.py": "the one reader of the environment",
    "pipelines/cli.py": "hands an environment to the server that it becomes",
    "dashboards/components/published.py": "a page knows its home from nothing else, and may not import pipelines",
}


@dataclass(frozen=True)
class Import:
    module: str
    is_late: bool

    @property
    def top(self) -> str:
        return self.module.split(".")[0]


def imports_of(path: Path) -> list[Import]:
    return list(_imports(ast.parse(path.read_text(encoding="utf-8")), is_late=False))


def _imports(node: ast.AST, is_late: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, is_late) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"line {child.lineno}: write the whole name of the module"
            yield Import(child.module or "", is_late)
        else:
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            is_for_types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            yield from _imports(child, is_late or is_function or is_for_types)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def offenders(room: str, forbidden: set[str], even_late: bool = True) -> list[str]:
    return [
        f"{name_of(path)} imports {found.module}"
        for path in MODULES
        if name_of(path).startswith(f"{room}/")
        for found in imports_of(path)
        if found.top in forbidden and (even_late or not found.is_late)
    ]


def test_models_import_nothing_of_ours_no_dagster_no_database():
    assert offenders("models", {"pipelines", "dashboards", "tests", "dagster", "duckdb", "streamlit"}) == []


def test_dashboards_import_only_the_reading_side():
    assert offenders("dashboards", {"pipelines", "models", "tests", "dagster", "lightgbm", "sklearn"}) == []


def test_nothing_but_what_starts_or_measures_it_imports_dashboards():
    found = [line for room in ("pipelines", "models") for line in offenders(room, {"dashboards"})]
    allowed = {
        # How the server is started; it imports nothing of ours.
        "pipelines/cli.py imports dashboards.launch",
        # `callwright bench kpi` asks what the pages ask, in the same words.
        "pipelines/bench/ask.py imports dashboards",
    }
    assert set(found) <= allowed


def test_pipelines_package_imports_nothing():
    assert imports_of(ROOT / "pipelines/__init__.py") == []


def test_dagster_is_met_in_few_places():
    early = [
        name_of(path)
        for path in MODULES
        if any(found.top == "dagster" and not found.is_late for found in imports_of(path))
        and name_of(path) not in MEETS_DAGSTER
        and not name_of(path).startswith("pipelines/defs/")
    ]
    late = {
        name_of(path) for path in MODULES if any(found.top == "dagster" and found.is_late for found in imports_of(path))
    }
    assert early == []
    assert late <= {"pipelines/run.py"}


def test_definitions_stay_thin():
    allowed = {"dagster", "pipelines.assets", "pipelines.run", "pipelines.watch"}
    for path in (ROOT / "pipelines/defs").glob("*.py"):
        assert {found.module for found in imports_of(path)} <= allowed, name_of(path)
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 60, name_of(path)


def test_router_room_needs_neither_dagster_nor_database():
    assert offenders("pipelines/router", {"dagster", "duckdb"}) == []


@pytest.mark.parametrize("library", ["great_expectations", "lightgbm"])
def test_slow_libraries_are_imported_inside_functions(library):
    found = [line for room in ROOMS for line in offenders(room, {library}, even_late=False)]
    assert found == []


def test_starting_the_command_imports_nothing_slow():
    slow = "{'dagster', 'great_expectations', 'lightgbm', 'sklearn', 'streamlit', 'pandas'}"
    seen = f"import sys, pipelines.cli; print(sorted({slow} & set(sys.modules)))"
    told = subprocess.run(
        [sys.executable, "-c", seen], capture_output=True, text=True, cwd=ROOT, check=True, timeout=60
    )
    assert told.stdout.strip() == "[]"


def test_environment_is_read_in_few_places():
    found = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "putenv")
    }
    assert found <= READS_ENVIRONMENT.keys()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_says_what_belongs_in_it_and_what_does_not(path):
    said = " ".join((ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split())
    assert said, "no docstring"
    if path.name in ("__init__.py", "__main__.py"):
        return
    assert re.search(r"(?i)\bnot (belong )?here\b|\bnothing (else|is|here)\b|\bno \w+ here\b", said), said
