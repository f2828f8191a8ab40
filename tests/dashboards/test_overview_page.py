"""The Overview as Streamlit draws it, in both languages and with little or nothing to show."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import launch
from dashboards.components import filters

APP = str(Path(__file__).parents[2] / "dashboards/app.py")
ENGLISH = ["CSAT", "DSAT", "NPS (points)", "FCR, 7 days", "Service level", "Abandonment", "Speed of answer",
           "Handle time", "Cost per contact", "Contribution"]  # fmt: skip


def opened(**query: str | list[str]) -> AppTest:
    page = AppTest.from_file(APP, default_timeout=60)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    return page


def values(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def text(page: AppTest) -> str:
    return "\n".join(element.value for element in (*page.title, *page.caption, *page.markdown))


def test_cards_show_the_figures_counted_by_hand_quality_first(publish, home):
    publish(home, "small")
    page = opened()
    assert list(values(page)) == ENGLISH
    assert list(values(page).values()) == [
        "75.0%", "15.0%", ":gray[20.0]", ":gray[N/A]", "65.8%", "13.6%", "0:20 min", "2:09 min", "¥2.50", "¥35.00",
    ]  # fmt: skip
    assert {metric.delta for metric in page.metric} == {"no earlier data", ""}


def test_the_header_tells_data_time_zone_snapshot_and_failed_checks(publish, home):
    publish(home, "small")
    said = text(opened())
    assert "Data to 22 Nov 2026 22:12 CST (Asia/Shanghai) · snapshot 20261122T141500Z" in said
    assert "checks 47/48: 1 failed" in said


def test_chinese_changes_every_word_and_no_figure(publish, home):
    publish(home, "small")
    english, chinese = opened(), opened(lang="中文")
    assert not set(values(english)) & set(values(chinese))
    numbers = [re.sub(r"[^\d.:%]", "", value) for value in values(chinese).values()]
    assert numbers == [re.sub(r"[^\d.:%]", "", value) for value in values(english).values()]
    assert "数据截至 2026年11月22日 22:12 CST（Asia/Shanghai）" in text(chinese)
    assert "Callers" not in text(chinese)


def test_without_a_comparison_no_change_is_shown(publish, home):
    publish(home, "rich")
    page = opened()
    assert all(metric.delta not in ("", "no earlier data") for metric in page.metric)
    page.toggle(key="cmp").set_value(False).run()
    assert {metric.delta for metric in page.metric} == {""}


def test_a_link_names_its_dates_and_the_shortcut_changes_them(publish, home):
    publish(home, "rich")
    page = opened(d=["2026-11-01", "2026-11-10"])
    assert "1 Nov 2026 – 10 Nov 2026 · compared with 22 Oct 2026 – 31 Oct 2026" in text(page)
    page.button_group(key="preset").set_value(7).run()
    assert not page.exception
    assert "16 Nov 2026 – 22 Nov 2026 · compared with 9 Nov 2026 – 15 Nov 2026" in text(page)


def test_dates_without_contacts_say_no_data_and_not_zero(publish, home):
    publish(home, "small")
    page = opened(d=["2026-11-01", "2026-11-02"])
    assert set(values(page).values()) == {":gray[no data]"}
    assert "No data in this period." in text(page)


@pytest.mark.parametrize(
    "query",
    [{"d": "Mars"}, {"d": ["0001-01-01", "9999-12-31"]}, {"lang": "kl", "cmp": "perhaps"}, {"d": "' or 1=1 --"}],
)
def test_a_broken_link_falls_back_to_the_default(publish, home, query):
    publish(home, "small")
    assert values(opened(**query))["CSAT"] == "75.0%"


def test_before_the_first_publish_the_page_says_which_command_to_type(home):
    page = opened()
    assert page.title[0].value == "Nothing is published yet"
    assert page.code[0].value == f"callwright run --home {home}"


@pytest.mark.parametrize("lang", ["English", "中文"])
def test_a_snapshot_without_rows_says_so_kindly(publish, home, lang):
    publish(home, "")
    page = opened(lang=lang)
    assert len(page.info) == 1
    assert not page.metric


def test_a_snapshot_without_tables_says_so_kindly(home):
    (home / "serve").mkdir(parents=True)
    duckdb.connect(home / "serve/current.duckdb").close()
    assert len(opened().info) == 1


def test_a_broken_snapshot_is_reported_without_a_trace(home):
    (home / "serve").mkdir(parents=True)
    (home / "serve/current.duckdb").write_bytes(b"not a database" * 1000)
    assert "callwright doctor" in opened().error[0].value


def test_one_row_is_enough_for_a_page(publish, home):
    path = publish(home, "")
    path.chmod(0o644)
    with duckdb.connect(path) as connection:
        connection.execute("""
            insert into kpi.queue_day (business_date, queue, offered_count, answered_count)
            values (date '2026-11-22', 'sales', 1, 0)
        """)
    page = opened()
    assert values(page)["Abandonment"] == ":gray[N/A]"
    assert values(page)["CSAT"] == ":gray[no data]"


def test_a_publish_is_seen_at_the_next_rerun(publish, home):
    publish(home, "small", "20261122T141500Z")
    page = opened()
    publish(home, "rich", "20261123T141500Z")
    page.run()
    assert not page.exception
    assert page.title[0].value == "Harbour Insurance · Overview"


def test_half_picked_dates_keep_the_day_that_was_picked():
    day = filters.last_days(1, filters.date(2026, 11, 22)).to_date
    assert filters.period_of((), day) == filters.last_days(28, day)
    assert filters.period_of((day,), day) == filters.Period(day, day)


def test_the_launcher_serves_on_loopback_only_and_sends_no_statistics(tmp_path):
    command = launch.command(tmp_path, 8599)
    assert command[1:4] == ["-m", "streamlit", "run"]
    assert Path(command[4]).is_file()
    assert {"--server.address=127.0.0.1", "--server.port=8599", "--browser.gatherUsageStats=false"} <= set(command)
    assert launch.environment(tmp_path)["CALLWRIGHT_HOME"] == str(tmp_path)
