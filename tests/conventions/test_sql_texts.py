"""House rules of the SQL files that can be seen in their text.

Belongs here: headers, comments, form. Not here: names and types of columns (test_column_names.py), what queries answer.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from pipelines.contracts.sql_checks import load_checks
from pipelines.metric_sql import macro_texts
from pipelines.metrics import CATALOGUE
from pipelines.sqlgraph import SQL_FOLDER, TABLE_SCHEMAS, load_macros, load_models

MODELS = load_models()
FOLDERS = {*TABLE_SCHEMAS, "checks", "macros"}
LINE_COUNT_MAX = 200
every_table = pytest.mark.parametrize("table", sorted(MODELS))


def without_comments(sql: str) -> str:
    return re.sub(r"--[^\n]*", "", sql)


def final_selects(tree: exp.Query) -> list[exp.Select]:
    if isinstance(tree, exp.SetOperation):
        return [*final_selects(tree.left), *final_selects(tree.right)]
    assert isinstance(tree, exp.Select)
    return [tree]


def test_every_folder_is_known_and_every_file_is_sql():
    assert {path.name for path in SQL_FOLDER.iterdir() if path.is_dir()} == FOLDERS
    strangers = [p.name for p in SQL_FOLDER.rglob("*") if p.is_file() and p.suffix != ".sql"]
    assert set(strangers) <= {
        "README.md",
        "DICTIONARY.md",
        "EXAMPLES.md",
        "metrics.toml",
        "systems.toml",
        "notebook.py",
    }


@every_table
def test_header_gives_purpose_grain_and_owner(table):
    model = MODELS[table]
    assert model.purpose.endswith((".", ":", ")")), "begin with a sentence that says what the table is"
    assert model.header("grain"), "-- grain: one row per …"
    assert re.fullmatch(r"team:[a-z-]+", model.header("owner") or ""), "-- owner: team:…"


@every_table
def test_every_column_is_described(table):
    assert [column.name for column in MODELS[table].columns if not column.description] == []


@every_table
def test_final_select_names_its_columns_once(table):
    names = [column.name for column in MODELS[table].columns]
    assert names
    assert all(names)
    assert len(names) == len(set(names))
    for select in final_selects(MODELS[table].tree)[: 1 if table == "staging.calls" else None]:
        assert not any(isinstance(projection, exp.Star) or projection.is_star for projection in select.expressions)


@every_table
def test_table_has_no_order(table):
    assert MODELS[table].tree.args.get("order") is None
    assert MODELS[table].tree.args.get("limit") is None


@every_table
def test_text_can_be_pasted(table):
    sql = re.sub(r"'[^']*'", "''", without_comments(MODELS[table].sql))
    assert "{" not in sql
    assert "$" not in sql
    assert not sql.rstrip().endswith(";")


@every_table
def test_dependency_is_read_from_the_text_and_never_declared(table):
    assert not re.search(
        r"(?im)^--\s*(depends|depends_on|deps|upstream|needs|reads|after|ref)\b\s*:", MODELS[table].sql
    )


@every_table
def test_reads_tables_by_logical_names_only(table):
    model = MODELS[table]
    schemas = {*TABLE_SCHEMAS, "raw", "settings", "build"}
    assert {name.split(".")[0] for name in model.dependencies} <= schemas, model.dependencies
    assert not re.search(r"\b(read_parquet|read_csv|read_json|glob)\b", without_comments(model.sql))


@every_table
def test_windows_are_columns_of_the_table(table):
    model = MODELS[table]
    window = (model.window or "").removesuffix(" onwards") or None
    named = [*(model.span or (window,)), *(model.changes or ()), model.header("key")]
    assert {name for name in named if name is not None} <= {column.name for column in model.columns}
    assert model.window is None or model.changes is None
    assert not (model.is_view and (model.window or model.changes))


@every_table
def test_keywords_are_lower_case_indents_are_four_spaces_and_files_short(table):
    sql = MODELS[table].sql
    code = re.sub(r"'[^']*'", "''", without_comments(sql))
    assert re.findall(r"\b(?:SELECT|FROM|WHERE|JOIN|GROUP|UNION|CASE|WHEN|WITH|AND|OR|NOT|NULL)\b", code) == []
    assert "\t" not in sql
    assert [line for line in sql.splitlines() if (len(line) - len(line.lstrip(" "))) % 4] == []
    assert len(sql.splitlines()) <= LINE_COUNT_MAX


@pytest.mark.parametrize("path", sorted((SQL_FOLDER / "macros").glob("*.sql")), ids=lambda path: path.stem)
def test_macro_file_has_a_purpose_and_one_macro_of_its_own_name(path):
    sql = path.read_text(encoding="utf-8")
    assert sql.startswith("-- ")
    assert re.findall(r"create (?:or replace )?macro (\w+)", without_comments(sql)) == [path.stem]


def test_calls_of_every_system_have_the_same_columns_in_the_same_order():
    calls = MODELS["staging.calls"]
    wanted = [column.name for column in calls.columns]
    united = [table for table in calls.dependencies if table != "staging.custom_calls"]
    assert len(united) == 4
    assert {table: [c.name for c in MODELS[table].columns] for table in united} == dict.fromkeys(united, wanted)


def test_every_macro_is_loaded():
    assert len(load_macros()) == len(list((SQL_FOLDER / "macros").glob("*.sql"))) + len(macro_texts())


@every_table
def test_no_table_macro_hides_an_input(table):
    macros = {path.stem for path in (SQL_FOLDER / "macros").glob("kpi*.sql")} | set(macro_texts())
    called = {call.name.lower() for call in MODELS[table].tree.find_all(exp.Anonymous)}
    assert called & macros == set()


@pytest.mark.parametrize("check", load_checks([SQL_FOLDER / "checks"]), ids=lambda check: check.name)
def test_check_guards_a_table_that_exists_and_is_one_query(check):
    assert check.table is None or check.table in MODELS or check.table.startswith("raw.")
    assert check.purpose.endswith((".", ":", ")"))
    assert len(sqlglot.parse(check.query, read="duckdb")) == 1
    assert "{" not in without_comments(check.query)


def test_no_table_stands_outside_the_folders_that_are_built():
    built = {model.path for model in MODELS.values()} - {CATALOGUE}
    others = {path for folder in ("checks", "macros") for path in (SQL_FOLDER / folder).glob("*.sql")}
    assert set(SQL_FOLDER.rglob("*.sql")) == built | others


def test_files_end_in_one_newline_and_have_no_trailing_blanks():
    wrong: list[Path] = []
    for path in SQL_FOLDER.rglob("*.sql"):
        sql = path.read_text(encoding="utf-8")
        if not sql.endswith("\n") or sql.endswith("\n\n") or re.search(r"[ \t]+$", sql, re.MULTILINE):
            wrong.append(path)
    assert wrong == []
