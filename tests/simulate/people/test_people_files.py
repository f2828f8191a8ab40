"""The pipeline's readers take every row that customers write: none is refused, nothing is taken for granted."""

from __future__ import annotations

import csv

import pytest

from pipelines.settings_tables import BUILT_IN_KINDS
from pipelines.sources.canonical import KINDS
from pipelines.sources.tabular import TableSource, read_table

SOURCES = ("crm_customers", "crm_orders", "crm_cases", "surveys", "campaign_attempts", "action_outcomes")


def cell(value):
    return str(value).lower() if isinstance(value, bool) else "" if value is None else value


@pytest.mark.parametrize("source", SOURCES)
def test_every_row_is_read_and_none_is_refused(year, source, tmp_path):
    rows = year.kept.tables[source]
    path = tmp_path / f"{source}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows([cell(value) for value in row.values()] for row in rows)
    kind = KINDS[BUILT_IN_KINDS[source]]
    assert set(rows[0]) <= set(kind.columns)
    result = read_table(TableSource(source, kind, "Europe/London"), path, 1, tmp_path / "rows.parquet", tmp_path)
    assert result.rejects.rows() == []
    assert (result.line_count, result.row_count, result.ignored.total()) == (len(rows), len(rows), 0)
    assert result.notes == ()
