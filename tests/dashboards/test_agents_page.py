"""The agents' page as Streamlit draws it, in both languages and with little or nothing to show."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).parents[2] / "dashboards/app.py")
DATES = ["2026-09-24", "2026-11-22"]


def opened(**query: str | list[str]) -> AppTest:
    page = AppTest.from_file(APP, default_timeout=60)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    page.switch_page("app_pages/agents.py").run()
    assert not page.exception
    return page


def text(page: AppTest) -> str:
    return "\n".join(element.value for element in (*page.title, *page.caption, *page.markdown)).replace("\\", "")


def table(page: AppTest) -> list[list[str]]:
    clean = [[str(cell).replace("\N{WORD JOINER}", "") for cell in row] for row in page.table[0].value.values.tolist()]
    return [[cell.replace("\N{NO-BREAK SPACE}", " ") for cell in row] for row in clean]


@pytest.mark.parametrize(
    ("lang", "said", "position"),
    [
        ("English", "1 of 12 agents with enough observations differ by more than chance. Worse: agent 3.",
         ":orange[▼ Outside, worse]"),
        ("中文", "样本充足的 12 名坐席中，1 名的差异超出偶然。较差：agent 3。", ":orange[▼ 界外，较差]"),
    ],
)  # fmt: skip
def test_who_differs_is_said_first_in_the_table_and_the_guest_is_neither_judged_nor_best(
    publish, home, lang, said, position
):
    publish(home, "rich")
    page = opened(lang=lang, d=DATES)
    assert said in text(page)
    rows = table(page)
    assert rows[0][:2] == ["agent 3", position]
    (place,) = [place for place, row in enumerate(rows) if "guest" in row[0]]
    assert rows[place][3] == ":gray[100.0%]"
    assert 0 < place < len(rows) - 1
    assert float(rows[place][2].strip(":gray[]%")) < max(float(row[2].rstrip("%")) for row in rows if ":" not in row[2])


def test_the_metric_is_kept_in_the_address_and_picking_changes_it(publish, home):
    publish(home, "rich")
    page = opened(ag_metric="transfer_rate")
    assert page.button_group(key="ag_metric").value == "transfer_rate"
    page.button_group(key="ag_metric").set_value("dsat").run()
    assert not page.exception
    assert page.query_params["ag_metric"] in ("dsat", ["dsat"])
    assert "DSAT" in page.table[0].value.columns


def test_dates_are_those_of_the_overview(publish, home):
    publish(home, "rich")
    assert "1 Nov 2026 – 10 Nov 2026" in text(opened(d=["2026-11-01", "2026-11-10"]))


@pytest.mark.parametrize(
    "query", [{"ag_metric": "occupancy"}, {"ag_metric": "' or 1=1 --"}, {"d": "Mars"}, {"lang": "kl", "ag_metric": ""}]
)
def test_a_broken_link_falls_back_to_the_default(publish, home, query):
    publish(home, "small")
    page = opened(**query)
    assert page.button_group(key="ag_metric").value == "csat"
    assert len(page.table) == 1


def test_dates_without_surveys_say_so_and_draw_nothing(publish, home):
    publish(home, "small")
    page = opened(d=["2026-11-01", "2026-11-02"])
    assert "No answered satisfaction survey names an agent in this period." in text(page)
    assert not page.table


@pytest.mark.parametrize("lang", ["English", "中文"])
def test_nothing_published_and_nothing_recorded_are_said_kindly(publish, home, lang):
    assert opened(lang=lang).code[0].value == f"callwright run --home {home}"
    publish(home, "")
    assert len(opened(lang=lang).info) == 1


def test_a_broken_snapshot_is_reported_without_a_trace(home):
    (home / "serve").mkdir(parents=True)
    (home / "serve/current.duckdb").write_bytes(b"not a database" * 1000)
    assert "callwright doctor" in opened().error[0].value


def test_a_snapshot_of_an_earlier_version_is_asked_to_be_made_anew(publish, home):
    path = publish(home, "small")
    path.chmod(0o644)
    with duckdb.connect(path) as connection:
        connection.execute("drop macro funnel_low")
    assert opened().info[0].value.endswith("to publish it anew.")
