"""Table files as centres really send them: any common encoding, delimiter, header, number and date.

Belongs here: the form of a file. Not here: what a row must be (test_tabular.py).
"""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import SettingsError
from pipelines.sources.canonical import CASES, CUSTOMERS, ORDERS, Kind
from pipelines.sources.encodings import find_encoding, windows_1252, write_utf8
from pipelines.sources.forms import Stated
from pipelines.sources.tabular import RefusedFile, TableResult, TableSource, read_table

ORDER = "order_id,customer_id,ordered_at,amount\n"
CHINESE = "customer_id,name,region\nC1,王小明,上海\nC2,李娜,北京市朝阳区\n"
WESTERN = "customer_id,name,region\nC1,Zoë Müller,Île-de-France\nC2,José Peña,Åland\n"


def read(
    folder: Path, name: str, content: bytes | str, kind: Kind = ORDERS, **stated: Any
) -> tuple[TableResult, list[dict[str, Any]]]:
    path, rows_path = folder / name, folder / "rows.parquet"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    source = TableSource("crm_orders", kind, "UTC", stated=Stated(**stated))
    result = read_table(source, path, 1, rows_path, folder)
    assert result.line_count == result.row_count + sum(result.ignored.values()) + result.rejects.height
    return result, pl.read_parquet(rows_path).sort("line_number").to_dicts()


def write_book(path: Path, rows: list[list[str]], *, sheets: int = 1, is_1904: bool = False) -> bytes:
    """A spreadsheet of cells given as XML without their place: `<v>5</v>`; text without a tag is a text cell."""
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    package = 'xmlns="http://schemas.openxmlformats.org/package/2006/{}"'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml."
    listed = "".join(f'<sheet name="s{n}" sheetId="{n}" r:id="r1"/>' for n in range(1, sheets + 1))
    data = "".join(
        f'<row r="{y}">' + "".join(_cell(value, f"{chr(65 + x)}{y}") for x, value in enumerate(row)) + "</row>"
        for y, row in enumerate(rows, 1)
    )
    parts = {
        "[Content_Types].xml": f"<Types {package.format('content-types')}>"
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}worksheet+xml"/></Types>',
        "_rels/.rels": f"<Relationships {package.format('relationships')}>"
        f'<Relationship Id="r1" Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{relation}">'
        f'<workbookPr date1904="{int(is_1904)}"/><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships {package.format('relationships')}>"
        f'<Relationship Id="r1" Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{relation}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet {main}><cellXfs count="2"><xf numFmtId="0"/>'
        '<xf numFmtId="22" applyNumberFormat="1"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{data}</sheetData></worksheet>",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path.read_bytes()


def _cell(value: str, place: str) -> str:
    if value == "":
        return ""
    if value.startswith("date:"):
        return f'<c r="{place}" s="1"><v>{value.removeprefix("date:")}</v></c>'
    if value.startswith("<v>"):
        return f'<c r="{place}">{value}</c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'


# --- encodings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [CHINESE, WESTERN])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_with_and_without_its_mark_gives_the_same_rows(tmp_path: Path, text: str, encoding: str) -> None:
    _, expected = read(tmp_path, "a.csv", text, CUSTOMERS)
    result, rows = read(tmp_path, "b.csv", text.encode(encoding), CUSTOMERS)
    assert rows == expected
    assert [row["name"] for row in rows] in (["王小明", "李娜"], ["Zoë Müller", "José Peña"])
    assert (result.notes == ()) == encoding.startswith("utf-8")


def test_utf_16_with_its_mark_in_either_byte_order(tmp_path: Path) -> None:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        result, rows = read(tmp_path, "c.csv", mark + CHINESE.encode(encoding), CUSTOMERS)
        assert [row["name"] for row in rows] == ["王小明", "李娜"]
        assert result.notes == (f"read as {encoding}",)


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        (CHINESE, "gb18030", "read as gb18030"),
        (CHINESE, "gbk", "read as gb18030"),
        (WESTERN, "cp1252", "read as windows-1252"),
        (WESTERN, "latin-1", "read as windows-1252"),
        (WESTERN.replace("Peña", "Peña “5 €”"), "cp1252", "read as windows-1252"),
        ("customer_id,name,region\nC1,ÄÖÜ,ÉÈ\nC2,Zoë,\n", "cp1252", "read as windows-1252"),
    ],
)
def test_what_is_not_utf_8_is_read_by_the_rule_and_told(tmp_path: Path, text: str, encoding: str, told: str) -> None:
    _, expected = read(tmp_path, "a.csv", text, CUSTOMERS)
    result, rows = read(tmp_path, "b.csv", text.encode(encoding), CUSTOMERS)
    assert rows == expected
    assert result.notes == (told,)


def test_lines_of_two_encodings_in_one_file_are_told(tmp_path: Path) -> None:
    mixed = "customer_id,name\nC1,Zoë\n".encode("latin-1") + "C2,王小明\n".encode()
    result, rows = read(tmp_path, "b.csv", mixed, CUSTOMERS)
    assert [row["name"] for row in rows] == ["Zoë", "王小明"]
    assert result.notes == ("read as utf-8, and 1 lines that are none as windows-1252",)


def test_an_encoding_in_the_settings_is_taken_whatever_the_bytes_look_like(tmp_path: Path) -> None:
    russian = "customer_id,name\nC1,Иван\n"
    result, rows = read(tmp_path, "b.csv", russian.encode("cp1251"), CUSTOMERS, encoding="cp1251")
    assert rows[0]["name"] == "Иван"
    assert result.notes == ("read as cp1251",)
    with pytest.raises(RefusedFile, match="not ascii throughout"):
        read(tmp_path, "c.csv", WESTERN, CUSTOMERS, encoding="ascii")
    with pytest.raises(SettingsError, match="no encoding 'klingon'"):
        read(tmp_path, "d.csv", WESTERN, CUSTOMERS, encoding="klingon")


@pytest.mark.parametrize("content", [b"customer_id\0name\n1\x002\n", bytes(range(256)) * 9])
def test_zero_bytes_are_no_text(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(RefusedFile, match="zero bytes"):
        read(tmp_path, "b.csv", content, CUSTOMERS)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_bytes_without_zeros_always_become_text_and_the_same_text(tmp_path_factory: Any, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    path, copy = folder / "a", folder / "b"
    path.write_bytes(b"x" + data.replace(b"\0", b""))
    write_utf8(path, find_encoding(path), copy)
    copy.read_bytes().decode()
    assert find_encoding(path) == find_encoding(path)


@given(st.binary())
def test_every_byte_is_a_character_in_windows_1252(data: bytes) -> None:
    assert len(windows_1252(data)) == len(data)


# --- delimiters and headers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter_by_the_header(tmp_path: Path, delimiter: str) -> None:
    text = f'{ORDER}O1,C1,2026-03-01,"5"\n'.replace(",", delimiter)
    _, rows = read(tmp_path, "o.csv", text)
    assert (rows[0]["order_id"], rows[0]["amount"]) == ("O1", 5.0)


def test_a_line_that_names_the_delimiter_is_no_header(tmp_path: Path) -> None:
    _, rows = read(tmp_path, "o.csv", "sep=;\n" + ORDER.replace(",", ";") + "O1;C1;2026-03-01;5\n")
    assert (rows[0]["order_id"], rows[0]["line_number"]) == ("O1", 3)


def test_a_delimiter_inside_a_quoted_heading_does_not_count(tmp_path: Path) -> None:
    head = '"note, one, two, three, four";order_id;customer_id;ordered_at;amount\n'
    _, rows = read(tmp_path, "o.csv", head + "x;O1;C1;2026-03-01;5\n")
    assert rows[0]["order_id"] == "O1"


@pytest.mark.parametrize(
    "head",
    ["Order ID,Customer-Id, Ordered At ,AMOUNT", '"order_id","customer_id","ordered_at","amount"',
     "OrderId,customerID,orderedAt,Amount", "\ufefforder id,customer id,ordered at,ａｍｏｕｎｔ"],
)  # fmt: skip
def test_headings_in_any_case_with_blanks_quotes_and_signs(tmp_path: Path, head: str) -> None:
    _, rows = read(tmp_path, "o.csv", f"{head}\nO1,C1,2026-03-01,5\n")
    assert (rows[0]["order_id"], rows[0]["customer_id"], rows[0]["amount"]) == ("O1", "C1", 5.0)


@pytest.mark.parametrize("heading", ["amount", "Amount", " AMOUNT "])
def test_a_heading_that_stands_twice_is_refused_not_chosen_from(tmp_path: Path, heading: str) -> None:
    with pytest.raises(RefusedFile, match="the header has amount twice"):
        read(tmp_path, "o.csv", ORDER.strip() + f",{heading}\nO1,C1,2026-03-01,5,6\n")


def test_unknown_columns_are_left_and_told_but_names_of_persons_are_not(tmp_path: Path) -> None:
    result, rows = read(tmp_path, "o.csv", ORDER.strip() + ",colour,Ann Smith\nO1,C1,2026-03-01,5,red,x\n")
    assert len(rows) == 1
    (note,) = result.notes
    assert "colour" in note
    assert "Ann" not in note


def test_lines_after_a_refused_line_keep_their_own_numbers(tmp_path: Path) -> None:
    good = "O{0},C1,2026-03-01,5\n"
    text = ORDER + good.format(1) + "O2\n" + good.format(3) + "O4\nO5,C1\n" + good.format(6)
    result, rows = read(tmp_path, "o.csv", text)
    assert [row["line_number"] for row in rows] == [2, 4, 7]
    assert result.rejects["line_number"].to_list() == [3, 5, 6]


# --- numbers -------------------------------------------------------------------------------------------------


def amounts(folder: Path, *written: str, delimiter: str = ";", **stated: Any) -> tuple[TableResult, list[Any]]:
    head = ORDER.replace(",", delimiter)
    lines = [delimiter.join((f"O{n}", "C1", "2026-03-01", text)) for n, text in enumerate(written)]
    result, rows = read(folder, "o.csv", head + "\n".join(lines) + "\n", **stated)
    return result, [row["amount"] for row in rows]


@pytest.mark.parametrize(
    ("written", "meant", "is_comma"),
    [
        (["12,50", "7", "1.234,50", "1.234"], [12.5, 7.0, 1234.5, 1234.0], True),
        (["12,50", "1 234,50", "1'234,50", "1\u00a0234"], [12.5, 1234.5, 1234.5, 1234.0], True),
        (["12.50", "7", "1,234.50", "1,234"], [12.5, 7.0, 1234.5, 1234.0], False),
        (["1,234,567", "1,234"], [1234567.0, 1234.0], False),
        (["0,125", "2,125"], [0.125, 2.125], True),
        (["0.125", "2.125", "1e3", ".5"], [0.125, 2.125, 1000.0, 0.5], False),
        (["5", "7"], [5.0, 7.0], False),
    ],
)
def test_a_decimal_comma_or_point_as_the_columns_rows_tell(
    tmp_path: Path, written: list[str], meant: list[float], is_comma: bool
) -> None:
    result, found = amounts(tmp_path, *written)
    assert found == meant
    assert result.notes == (("amount read with a decimal comma",) if is_comma else ())


@pytest.mark.parametrize(
    ("written", "delimiter", "kept"),
    [(["1,234", "7"], "|", [7.0]), (["1,234", "7"], ";", [7.0]), (["1.234", "7"], ";", [7.0])],
)
def test_a_mark_that_may_be_either_is_a_reject_that_names_the_setting(
    tmp_path: Path, written: list[str], delimiter: str, kept: list[float]
) -> None:
    result, found = amounts(tmp_path, *written, delimiter=delimiter)
    assert found == kept
    (reason,) = result.rejects["reason"]
    assert "decimals or thousands" in reason
    assert "sources.crm_orders.decimal_mark" in reason


def test_a_point_in_a_file_of_commas_is_a_decimal_point(tmp_path: Path) -> None:
    assert amounts(tmp_path, "1.234", delimiter=",")[1] == [1.234]


def test_points_and_commas_in_one_column_reject_what_is_in_doubt(tmp_path: Path) -> None:
    result, found = amounts(tmp_path, "12.50", "12,50", "1,234", "7")
    assert found == [12.5, 7.0]
    assert [r["line_number"] for r in result.rejects.to_dicts()] == [3, 4]
    assert all("others a decimal comma" in reason for reason in result.rejects["reason"])


def test_another_column_of_the_file_tells_for_one_that_does_not(tmp_path: Path) -> None:
    head = ORDER.strip().replace(",", ";") + ";margin\n"
    _, rows = read(tmp_path, "o.csv", head + "O1;C1;2026-03-01;1.234;12,50\n")
    assert (rows[0]["amount"], rows[0]["margin"]) == (1234.0, 12.5)


def test_a_mark_in_the_settings_decides(tmp_path: Path) -> None:
    assert amounts(tmp_path, "1,234", "1.234", decimal_mark=",")[1] == [1.234, 1234.0]
    result, found = amounts(tmp_path, "1,234", "12,5", decimal_mark=".")
    assert found == [1234.0]
    assert result.rejects["reason"].to_list() == ["amount is not a number"]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 99_999_999), min_size=1, max_size=5).filter(lambda cents: any(c % 1000 for c in cents)))
def test_numbers_as_a_german_or_an_english_spreadsheet_saves_them_are_the_same(
    tmp_path_factory: Any, cents: list[int]
) -> None:
    english = [f"{c / 100:,.2f}" for c in cents]
    german = [text.translate(str.maketrans(",.", ".,")) for text in english]
    folder = tmp_path_factory.mktemp("cents")
    assert amounts(folder, *english)[1] == amounts(folder, *german)[1] == [c / 100 for c in cents]


# --- dates ---------------------------------------------------------------------------------------------------


def times(folder: Path, *written: str, **stated: Any) -> tuple[TableResult, list[Any]]:
    lines = [f"O{n},C1,{text},5" for n, text in enumerate(written)]
    result, rows = read(folder, "o.csv", ORDER + "\n".join(lines) + "\n", **stated)
    return result, [row["ordered_at"] for row in rows]


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (["02/03/2026", "13/03/2026"], [at(2026, 3, 2), at(2026, 3, 13)]),
        (["02/03/2026", "03/13/2026"], [at(2026, 2, 3), at(2026, 3, 13)]),
        (["2-3-2026", "13-3-2026 14:05"], [at(2026, 3, 2), at(2026, 3, 13, 14, 5)]),
        (["3/13/2026 2:05:07 PM", "3/1/2026 12:00 AM"], [at(2026, 3, 13, 14, 5, 7), at(2026, 3, 1)]),
        (["02.03.2026", "01.02.2026 14:05:06"], [at(2026, 3, 2), at(2026, 2, 1, 14, 5, 6)]),
        (["2026/3/2", "2026-03-02 10:00"], [at(2026, 3, 2), at(2026, 3, 2, 10)]),
        (["2026年3月2日", "2026年12月13日 10:00"], [at(2026, 3, 2), at(2026, 12, 13, 10)]),
        (["02/02/2026", "2026-03-02"], [at(2026, 2, 2), at(2026, 3, 2)]),
    ],
)
def test_dates_as_spreadsheets_save_them(tmp_path: Path, written: list[str], meant: list[datetime]) -> None:
    assert times(tmp_path, *written)[1] == meant


def test_the_order_that_was_taken_is_told(tmp_path: Path) -> None:
    assert times(tmp_path, "13/03/2026")[0].notes == ("ordered_at read as day/month/year",)
    assert times(tmp_path, "03/13/2026")[0].notes == ("ordered_at read as month/day/year",)


def test_day_and_month_that_no_row_tells_apart_are_rejects_that_name_the_setting(tmp_path: Path) -> None:
    result, found = times(tmp_path, "02/03/2026", "2026-03-05", "04/05/2026 10:00")
    assert found == [at(2026, 3, 5)]
    assert result.rejects["line_number"].to_list() == [2, 4]
    assert all("no row of the column tells" in reason for reason in result.rejects["reason"])
    assert all("sources.crm_orders.date_order" in reason for reason in result.rejects["reason"])


def test_a_column_that_a_spreadsheet_turned_round_in_part_is_rejected(tmp_path: Path) -> None:
    result, found = times(tmp_path, "13/03/2026", "03/13/2026", "02/03/2026", "2026-03-05")
    assert found == [at(2026, 3, 5)]
    assert all("turned some round" in reason for reason in result.rejects["reason"])


def test_an_order_in_the_settings_decides(tmp_path: Path) -> None:
    assert times(tmp_path, "02/03/2026", date_order="day_first")[1] == [at(2026, 3, 2)]
    assert times(tmp_path, "02/03/2026", date_order="month_first")[1] == [at(2026, 2, 3)]
    result, found = times(tmp_path, "13/03/2026", date_order="month_first")
    assert (found, result.rejects["reason"].to_list()) == ([], ["ordered_at is not a time (YYYY-MM-DD HH:MM:SS)"])


@pytest.mark.parametrize("written", ["31/02/2026", "13/13/2026", "1/2/26", "46083.5", "20260302"])
def test_no_date_is_made_of_what_is_none(tmp_path: Path, written: str) -> None:
    result, found = times(tmp_path, written, "14/03/2026")
    assert (found, result.rejects.height) == ([at(2026, 3, 14)], 1)


# --- spreadsheets --------------------------------------------------------------------------------------------

SHEET = [["Order ID", "customer id", "Ordered At", "amount"], ["O1", "C1", "<v>46083.5</v>", "<v>12.5</v>"]]


def test_day_numbers_and_date_cells_of_a_spreadsheet_are_times(tmp_path: Path) -> None:
    rows = [*SHEET, ["O2", "C1", "date:46083.000011574077", "<v>1.234</v>"], ["O3", "C1", "2026-03-02", "<v>7</v>"]]
    _, found = read(tmp_path, "o.xlsx", write_book(tmp_path / "made", rows))
    assert [row["ordered_at"] for row in found] == [at(2026, 3, 2, 12), at(2026, 3, 2, 0, 0, 1), at(2026, 3, 2)]
    assert [row["amount"] for row in found] == [12.5, 1.234, 7.0]


def test_day_numbers_of_the_1904_calendar(tmp_path: Path) -> None:
    rows = [SHEET[0], ["O1", "C1", f"<v>{46083 - 1462}.5</v>", "<v>12.5</v>"]]
    _, found = read(tmp_path, "o.xlsx", write_book(tmp_path / "made", rows, is_1904=True))
    assert found[0]["ordered_at"] == at(2026, 3, 2, 12)


def test_blank_rows_of_a_spreadsheet_are_no_rows_and_shift_no_numbers(tmp_path: Path) -> None:
    rows = [*SHEET, ["", "", "", ""], ["O2", "C1", "2026-03-02", "five"], ["O3", "C1", "2026-03-02", "<v>5</v>"]]
    result, found = read(tmp_path, "o.xlsx", write_book(tmp_path / "made", rows))
    assert [row["line_number"] for row in found] == [2, 5]
    assert result.rejects["line_number"].to_list() == [4]


def test_the_first_of_several_sheets_is_read_and_told(tmp_path: Path) -> None:
    result, found = read(tmp_path, "o.xlsx", write_book(tmp_path / "made", SHEET, sheets=3))
    assert len(found) == 1
    assert result.notes == ("sheet 's1' read, the first of 3",)


def test_a_spreadsheet_with_a_heading_twice_is_refused(tmp_path: Path) -> None:
    rows = [[*SHEET[0], "Amount"], [*SHEET[1], "<v>6</v>"]]
    book = write_book(tmp_path / "made", rows)
    with pytest.raises(RefusedFile, match="the header has amount twice"):
        read(tmp_path, "o.xlsx", book)


def test_an_empty_sheet_is_refused(tmp_path: Path) -> None:
    book = write_book(tmp_path / "made", [])
    with pytest.raises(RefusedFile, match="is empty"):
        read(tmp_path, "o.xlsx", book)


def test_the_reason_of_a_case_is_no_reason_to_refuse_it(tmp_path: Path) -> None:
    text = "case_id,customer_id,opened_at,closed_at,status,reason,contact_id\nA,C1,2026-03-01,,open,bill,7\n"
    result, rows = read(tmp_path, "c.csv", text, CASES)
    assert result.rejects.height == 0
    assert rows[0]["reason"] == "bill"
