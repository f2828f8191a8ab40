from __future__ import annotations

import gzip
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.errors import SettingsError
from pipelines.sources.canonical import CALLS, CUSTOMERS, KINDS, ORDERS, SURVEYS, Kind
from pipelines.sources.tabular import RefusedFile, TableResult, TableSource, read_table


def read(
    folder: Path, source: TableSource, name: str, content: bytes | str
) -> tuple[TableResult, list[dict[str, Any]]]:
    path, rows_path = folder / name, folder / "rows.parquet"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    result = read_table(source, path, 1, rows_path, folder)
    assert result.line_count == result.row_count + sum(result.ignored.values()) + result.rejects.height
    return result, pl.read_parquet(rows_path).sort("line_number").to_dicts()


def built_in(kind: Kind, timezone: str = "UTC") -> TableSource:
    return TableSource("crm", kind, timezone)


def custom(kind: Kind, sql: str, timezone: str = "UTC", file_format: str = "csv", **options: Any) -> TableSource:
    return TableSource("bank", kind, timezone, file_format, options, sql, "sources/bank.sql")


def write_sheet(path: Path, rows: list[Any]) -> None:
    """The least that a spreadsheet is made of, with every value as text."""
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    package = 'xmlns="http://schemas.openxmlformats.org/package/2006/{}"'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml."
    cells = [
        "".join(f'<c r="{chr(65 + x)}{y}" t="inlineStr"><is><t>{v}</t></is></c>' for x, v in enumerate(row) if v)
        for y, row in enumerate(rows, start=1)
    ]
    parts = {
        "[Content_Types].xml": f"<Types {package.format('content-types')}>"
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}worksheet+xml"/></Types>',
        "_rels/.rels": f"<Relationships {package.format('relationships')}>"
        f'<Relationship Id="r1" Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{relation}"><sheets>'
        '<sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships {package.format('relationships')}>"
        f'<Relationship Id="r1" Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>"
        + "".join(f'<row r="{y}">{row}</row>' for y, row in enumerate(cells, start=1))
        + "</sheetData></worksheet>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)


CUSTOMER_CSV = 'customer_id,name,joined_at,marketing_opt_out\nC1,"O\'Hara, Zoë",2024-03-01,true\nC2,王小明,,\n'


@pytest.mark.parametrize("name", ["c.csv", "c.csv.gz", "c.tsv", "c.txt"])
def test_a_csv_by_its_header_whatever_the_delimiter_or_compression(tmp_path: Path, name: str) -> None:
    text = CUSTOMER_CSV if name != "c.tsv" else CUSTOMER_CSV.replace('"', "").replace(", ", " ").replace(",", "\t")
    content = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    result, rows = read(tmp_path, built_in(CUSTOMERS), name, content)
    assert (result.line_count, result.row_count) == (2, 2)
    assert [row["customer_id"] for row in rows] == ["C1", "C2"]
    assert rows[0]["joined_at"] == datetime(2024, 3, 1, tzinfo=UTC)
    assert (rows[0]["marketing_opt_out"], rows[1]["marketing_opt_out"]) == (True, None)
    assert [row["line_number"] for row in rows] == [2, 3]


@pytest.mark.parametrize("name", ["c.parquet", "c.jsonl", "c.xlsx"])
def test_parquet_xlsx_and_json_lines_give_the_same_rows(tmp_path: Path, name: str) -> None:
    frame = pl.DataFrame({"customer_id": ["007", "C2"], "birth_year": ["1980", None]})
    path = tmp_path / f"made-{name}"
    if name == "c.parquet":
        frame.write_parquet(path)
    elif name == "c.jsonl":
        frame.write_ndjson(path)
    else:
        write_sheet(path, [frame.columns, *frame.rows()])
    _, rows = read(tmp_path, built_in(CUSTOMERS), name, path.read_bytes())
    assert [(row["customer_id"], row["birth_year"]) for row in rows] == [("007", 1980), ("C2", None)]


def test_a_byte_order_mark_and_latin_1_do_no_harm(tmp_path: Path) -> None:
    _, rows = read(tmp_path, built_in(CUSTOMERS), "a.csv", b"\xef\xbb\xbfcustomer_id,name\nC1,Zo\xc3\xab\n")
    assert rows[0]["name"] == "Zoë"
    mixed = "customer_id,name\nC1,Zoë\n".encode("latin-1") + "C2,王小明\n".encode()
    result, rows = read(tmp_path, built_in(CUSTOMERS), "b.csv", mixed)
    assert [row["name"] for row in rows] == ["Zoë", "王小明"]
    assert result.rejects.height == 0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",C1,2026-01-01,5,paid", "order_id is empty"),
        ("O1,C1,01/13/2026 5pm,5,paid", "ordered_at is not a time"),
        ("O1,C1,1970-01-01,5,paid", "ordered_at is impossible"),
        ("O1,C1,2026-01-01,five,paid", "amount is not a number"),
        ("O1,C1,2026-01-01,inf,paid", "amount is not a finite number"),
        ("O1,C1,2026-01-01,-5,paid", "amount is negative"),
        ("O1,C1,2026-01-01,5,maybe", "status is none of"),
    ],
)
def test_an_impossible_row_is_a_reject_with_its_line_and_text(tmp_path: Path, row: str, reason: str) -> None:
    text = f"order_id,customer_id,ordered_at,amount,status\nO0,C1,2026-01-01,5,paid\n{row}\n"
    result, rows = read(tmp_path, built_in(ORDERS), "orders.csv", text)
    assert [r["order_id"] for r in rows] == ["O0"]
    (reject,) = result.rejects.to_dicts()
    assert reject["line_number"] == 3
    assert reason in reject["reason"]
    assert reject["text"] == row


def test_a_header_in_latin_1_is_read(tmp_path: Path) -> None:
    _, rows = read(tmp_path, built_in(CUSTOMERS), "c.csv", "customer_id,größe,name\nC1,5,Zoë\n".encode("latin-1"))
    assert rows[0]["name"] == "Zoë"


def test_a_row_with_too_few_or_too_many_fields_is_a_reject(tmp_path: Path) -> None:
    text = (
        "order_id,customer_id,ordered_at,amount\nO1,C1,2026-01-01,5\nO2,C1\nO3,C1,2026-01-01,5,x,y\nO4,C1,2026-01-01,6\n"
        ""
    )
    result, rows = read(tmp_path, built_in(ORDERS), "orders.csv", text)
    assert [r["order_id"] for r in rows] == ["O1", "O4"]
    assert sorted(result.rejects["line_number"]) == [3, 4]


@pytest.mark.parametrize(
    ("zone", "written", "instant"),
    [
        ("Europe/Berlin", "2026-03-29 01:59:59", datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC)),
        ("Europe/Berlin", "2026-03-29 03:00:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("Europe/Berlin", "2026-10-25 12:00:00", datetime(2026, 10, 25, 11, 0, tzinfo=UTC)),
        ("Europe/Berlin", "2026-10-25T12:00:00Z", datetime(2026, 10, 25, 12, 0, tzinfo=UTC)),
        ("Europe/Berlin", "2026-10-25 12:00:00+05:30", datetime(2026, 10, 25, 6, 30, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_in_the_sources_zone(
    tmp_path: Path, zone: str, written: str, instant: datetime
) -> None:
    text = f"order_id,customer_id,ordered_at,amount\nO1,C1,{written},5\n"
    _, rows = read(tmp_path, built_in(ORDERS, zone), "orders.csv", text)
    assert rows[0]["ordered_at"] == instant


def test_a_survey_outside_its_scale_is_a_reject(tmp_path: Path) -> None:
    text = (
        "survey_id,customer_id,kind,score,answered_at\nS1,C1,nps,10,2026-01-01\nS2,C1,csat,6,2026-01-01\nS3,,ces,7,2026-01-01\n"
        ""
    )
    result, rows = read(tmp_path, built_in(SURVEYS), "s.csv", text)
    assert [r["survey_id"] for r in rows] == ["S1"]
    assert [r["reason"] for r in result.rejects.to_dicts()] == [
        "score is outside its scale",
        "none of customer_id, contact_id is set",
    ]


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01\x02\xff\xfe", b"name,phone\nZo\xc3\xab,07\n", b"PK\x03\x04 not a sheet"],
)
def test_a_file_that_is_no_such_table_is_refused_as_a_whole(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(RefusedFile):
        read(tmp_path, built_in(CUSTOMERS), "c.csv", content)


def test_a_name_that_says_nothing_of_its_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedFile, match="does not say"):
        read(tmp_path, built_in(CUSTOMERS), "c.dat", CUSTOMER_CSV)


CALL_SQL = "select id as source_contact_id, at as arrived_at, out as outcome from input"


def test_a_custom_sql_that_joins_or_groups_still_accounts_for_every_row(tmp_path: Path) -> None:
    sql = "select id as source_contact_id, min(at) as arrived_at, max(out) as outcome from input group by id"
    result, rows = read(
        tmp_path,
        custom(CALLS, sql),
        "c.csv",
        "id,at,out\n1,2026-01-01,open\n1,2026-01-02,answered\n2,2026-01-01,open\n",
    )
    assert (result.line_count, result.row_count, dict(result.ignored)) == (3, 2, {"filtered": 1})
    assert len(rows) == 2


def test_reader_options_are_duckdbs(tmp_path: Path) -> None:
    source = custom(
        CALLS,
        "select column0 as source_contact_id, column1 as arrived_at from input",
        delimiter=";",
        header=False,
        skip=1,
    )
    _, rows = read(tmp_path, source, "c.csv", "exported today\n1;2026-01-01 10:00:00\n2;2026-01-01 11:00:00\n")
    assert [(r["source_contact_id"], r["line_number"]) for r in rows] == [("1", 2), ("2", 3)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "select id as source_contact_id, at as arrived_at, 1 as talk_seconds from input",
            "talk_seconds; did you mean talk_s",
        ),
        ("select id as source_contact_id from input", "required column missing: arrived_at"),
        ("select nothing as source_contact_id, at as arrived_at from input", "does not run"),
        ("selec id", "not valid SQL|must be one select"),
        ("drop table input", "must be one select"),
        ("select id as source_contact_id, at as arrived_at from input; select 1", "must be one select"),
        (
            "select id as source_contact_id, (select content from read_text('/etc/hostname')) as arrived_at from input",
            "does not run",
        ),
    ],
)
def test_a_wrong_sql_is_a_settings_error_that_names_the_file(tmp_path: Path, sql: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        read(tmp_path, custom(CALLS, sql), "c.csv", "id,at,out\n1,2026-01-01,open\n")
    assert "sources/bank.sql" in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ("'lost' as outcome", "outcome is none of"),
        ("'pigeon' as channel", "channel is none of"),
        ("-1 as wait_s", "wait_s is negative"),
        ("'2026-01-01 09:00:00' as ended_at", "ended_at is before arrived_at"),
        ("'2026-01-01 11:00:00' as entered_at", "entered_at is set and queue is not"),
        (
            "'2026-01-01 11:00:00' as entered_at, '2026-01-01 10:59:59' as answered_at, 'q' as queue",
            "answered_at is before entered_at",
        ),
    ],
)
def test_impossible_calls_are_rejects(tmp_path: Path, columns: str, reason: str) -> None:
    sql = f"select id as source_contact_id, '2026-01-01 10:00:00' as arrived_at, {columns} from input"
    result, rows = read(tmp_path, custom(CALLS, sql), "c.csv", "id,x\n1,y\n")
    assert rows == []
    assert reason in result.rejects["reason"][0]


@pytest.mark.parametrize(
    "columns",
    ["-5 as ivr_s", "'2026-01-01 09:59:00' as entered_at, 'q' as queue", "'abandoned' as outcome, 9 as talk_s"],
)
def test_what_sources_are_known_to_get_wrong_is_kept_for_repair(tmp_path: Path, columns: str) -> None:
    sql = f"select id as source_contact_id, '2026-01-01 10:00:00' as arrived_at, {columns} from input"
    result, rows = read(tmp_path, custom(CALLS, sql), "c.csv", "id,x\n1,y\n")
    assert (len(rows), result.rejects.height) == (1, 0)


def test_nothing_is_left_in_the_scratch_folder(tmp_path: Path) -> None:
    read(tmp_path, built_in(CUSTOMERS), "c.csv.gz", gzip.compress(CUSTOMER_CSV.encode()))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.csv.gz", "rows.parquet"]


def test_every_kinds_rules_are_conditions_that_duckdb_understands() -> None:
    for kind in KINDS.values():
        columns = ", ".join(f"null::{kind_of} as {name}" for name, kind_of in kind.columns.items())
        with duckdb.connect() as con:
            for _, condition in kind.rules:
                assert con.execute(f"select count(*) from (select {columns}) where {condition}").fetchall() == [(0,)]
        assert set(kind.required) | set(kind.one_of) <= set(kind.columns)
