"""What the published file holds: nobody's personal data, a form that older clients open, descriptions of all."""

from __future__ import annotations

import csv
import gzip
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.published import open_published

pytestmark = pytest.mark.end_to_end

LANDING = Path(__file__).parents[2] / "data" / "sample" / "landing"
# Old clients (1.2 to 1.5) read these; DuckDB 2.0's own form is 69.
OLD_VERSIONS = range(64, 69)


@pytest.fixture(scope="module")
def people() -> dict[str, set[str]]:
    """What must not be in it, by kind, as the sample's files have it."""
    with (LANDING / "crm_customers" / "customers.csv").open(encoding="utf-8", newline="") as file:
        customers = list(csv.DictReader(file))
    log = "".join((LANDING / "asterisk_queue_log" / name).read_text() for name in ("queue_log", "queue_log.0"))
    entered = [line.split("|") for line in log.splitlines() if "|ENTERQUEUE|" in line]
    cel = gzip.decompress((LANDING / "asterisk_cel" / "Master_cel.csv.gz").read_bytes()).decode()
    numbers = {part.strip() for c in customers for part in c["phone"].split(";") if part.strip()}
    numbers |= {fields[6] for fields in entered} | {record[3] for record in csv.reader(cel.splitlines())}
    subscribers = {re.sub(r"\D", "", number)[-9:] for number in numbers}
    return {
        "customer_id": {c["customer_id"] for c in customers},
        "name": {c["name"] for c in customers if len(c["name"]) > 3}
        | {f[8] for f in entered if len(f) > 8 and len(f[8]) > 5},
        "email": {c["email"] for c in customers if c["email"]},
        "number": {number for number in subscribers if len(number) == 9},
    }


@pytest.fixture(scope="module")
def texts(sample: Any) -> dict[str, list[str]]:
    """Every value of every text column (lists too), by column; not the dictionary's, which are ours."""
    find = (
        "select schema_name || '.' || table_name, column_name from duckdb_columns()"
        " where not internal and data_type in ('VARCHAR', 'VARCHAR[]') and table_name <> 'columns'"
    )
    with open_published(sample.home) as con:
        return {
            f"{table}.{column}": [
                row[0]
                for row in con.execute(f'select distinct cast("{column}" as varchar) from {table}').fetchall()
                if row[0]
            ]
            for table, column in con.execute(find).fetchall()
        }


def test_there_are_people_to_look_for(people: dict[str, set[str]]) -> None:
    assert {kind: len(values) > 100 for kind, values in people.items()} == dict.fromkeys(people, True)


@pytest.mark.parametrize("kind", ["customer_id", "name", "email", "number"])
def test_no_text_column_holds_it(texts: dict[str, list[str]], people: dict[str, set[str]], kind: str) -> None:
    assert len(texts) > 50
    pattern = re.compile("|".join(map(re.escape, sorted(people[kind], key=len, reverse=True))))
    held = {column: [value for value in values if pattern.search(value)][:3] for column, values in texts.items()}
    assert {column: values for column, values in held.items() if values} == {}


@pytest.mark.parametrize("kind", ["customer_id", "name", "email", "number"])
def test_its_bytes_hold_none_of_it(sample: Any, people: dict[str, set[str]], kind: str) -> None:
    content = sample.home.current_snapshot.resolve().read_bytes()
    # Short values occur by chance in compressed bytes.
    assert [value for value in people[kind] if len(value) >= 6 and value.encode() in content] == []


def test_no_column_is_called_after_what_it_must_not_hold(sample: Any) -> None:
    names = sample.published("select distinct column_name from duckdb_columns() where not internal")
    assert {row[0] for row in names} & {
        "customer_id",
        "phone",
        "name_of_customer",
        "email",
        "caller_number",
        "e164",
    } == set()
    marked = sample.published("select table_name, column_name from meta.columns where pii not in ('no', 'pseudonym')")
    assert [row for row in marked if row[1] != "comment"] == []


def test_only_public_schemas_and_tables_are_in_it(sample: Any) -> None:
    tables = sample.published("select schema_name, table_name from duckdb_tables()")
    assert {schema for schema, _ in tables} == {"core", "kpi", "ml", "meta"}
    assert [name for _, name in tables if name.startswith("_")] == []


def test_every_table_and_column_is_described_in_place_and_in_the_dictionary(sample: Any) -> None:
    bare = "select table_name from duckdb_tables() where coalesce(comment, '') = ''"
    assert sample.published(bare) == []
    columns = sample.published(
        "select c.schema_name || '.' || c.table_name, c.column_name, c.comment ="
        " d.description from duckdb_columns() as c"
        " left join meta.columns as d on d.table_name = c.schema_name || '.' || c.table_name"
        " and d.column_name = c.column_name where not c.internal"
    )
    assert len(columns) > 200
    assert [row for row in columns if row[2] is not True] == []


def test_older_clients_can_open_it(sample: Any) -> None:
    header = sample.home.current_snapshot.resolve().read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") in OLD_VERSIONS


def test_it_is_read_only_and_its_reader_cannot_reach_files(sample: Any) -> None:
    assert sample.home.current_snapshot.resolve().stat().st_mode & 0o222 == 0
    with pytest.raises(duckdb.Error):
        sample.published("create table core.x (a int)")
    with pytest.raises(duckdb.Error, match="disabled by configuration"):
        sample.published("select * from read_text('/etc/hostname')")


def test_rejected_lines_are_masked(centre: Any) -> None:
    centre.land("asterisk_queue_log", "queue_log", "1795319860|1.1|std|NONE|WALTZ|+447946000037|Zoë Müller\n")
    centre.run()
    assert centre.rows("select text from meta.rejects") == [("9999999999|9.9|xxx|xxxx|xxxxx|+999999999999|xxx xxxxxx",)]


def test_scores_hold_no_number_name_or_id(sample: Any, people: dict[str, set[str]]) -> None:
    content = b"".join(p.read_bytes() for p in (sample.path / "scores").resolve().rglob("*") if p.is_file())
    assert len(content) > 10_000
    for kind, values in people.items():
        assert [v for v in values if len(v) >= 6 and v.encode() in content] == [], kind
