"""The Alerts page and the Overview's list of what changed, as Streamlit draws them, in both languages."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).parents[2] / "dashboards/app.py")
KEY = "00000000-0000-0000-0000-00000000000{}"


def opened(name: str, **query: str | list[str]) -> AppTest:
    page = AppTest.from_file(APP, default_timeout=60).switch_page(f"app_pages/{name}.py")
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    return page


def overview(**query: str | list[str]) -> AppTest:
    return opened("overview", **query)


def alerts(**query: str | list[str]) -> AppTest:
    return opened("alerts", **query)


def text(page: AppTest) -> str:
    said = (*page.title, *page.subheader, *page.caption, *page.markdown)
    return "\n".join(element.value for element in said).replace("\\", "")


@pytest.fixture
def shown(publish, home) -> None:
    publish(home, "small+alerts")


@pytest.mark.parametrize(
    ("number", "en", "zh"),
    [
        (1, "furthest on 10 Nov 2026: 40, where 4 to 18 is within chance.", "2 天中有 2 天超出控制限"),
        (
            2,
            "17 Nov 2026 09:00–10:00: 20.0%, where 60.0% to 100.0% is within chance.",
            "随机波动范围为 60.0% 至 100.0%",
        ),
        (3, "Were all files delivered?", "文件是否全部送达？"),
        (4, "Contribution was −¥500.00 in Oct 2026 and ¥800.00 in Sep 2026", "2026年10月 为 −¥500.00"),
        (5, "−0.30 orders a customer (95% interval −0.40 to −0.20)", "请停止，或仅保留受益的客户。"),
        (6, "policy-2 was beyond chance in 2 of 2 weeks.", "policy-2 在 2 周中有 2 周超出随机波动。"),
        (7, "20 of 100 comments spoke of it: 20.0%", "100 条评论中有 20 条谈到它"),
        (8, "The moon is full", "满月"),
    ],
)
def test_each_kind_of_alert_shows_what_it_rests_on(shown, number, en, zh):
    assert en in text(alerts(alert=KEY.format(number)))
    page = alerts(alert=KEY.format(number), lang="中文")
    assert zh in text(page)
    assert not page.warning


def test_the_list_is_newest_first_and_the_newest_is_shown(shown):
    page = alerts()
    rows = page.table[0].value
    assert list(rows["Raised"].str.replace("\N{NO-BREAK SPACE}", " "))[:3] == [
        "20 Nov 2026",
        "17 Nov 2026",
        "15 Nov 2026",
    ]
    assert page.selectbox(key="chosen_alert").value == KEY.format(8)


def test_a_choice_is_kept_in_the_address(shown):
    page = alerts()
    page.selectbox(key="chosen_alert").set_value(KEY.format(5)).run()
    assert not page.exception
    assert page.query_params["alert"] == KEY.format(5)
    assert "Stop it, or narrow it" in text(page)


@pytest.mark.parametrize(
    ("asked", "lang"),
    [("abc", "English"), ("77" * 16, "中文"), ("' or 1=1 --", "English"), ("<b>", "中文"), ("0" * 5000, "English")],
)
def test_a_link_to_no_alert_is_answered_politely(shown, asked, lang):
    page = alerts(alert=asked, lang=lang)
    assert len(page.warning) == 1
    assert len(page.table) == 1
    assert page.selectbox(key="chosen_alert").value is None


def test_an_alert_outside_the_dates_is_shown_and_said_to_be(shown):
    page = alerts(alert=KEY.format(9))
    assert page.info[0].value == "The alert below lies outside the dates shown."
    assert "Handle time, leeds voice: 8:20" in text(page)


def test_where_nothing_was_raised_it_is_said_on_how_much(shown):
    page = alerts(d=["2026-09-10", "2026-09-12"])
    assert "Nothing raised: 1 series, 3 figures judged." in text(page)
    assert not page.table
    page = overview(d=["2026-09-10", "2026-09-12"])
    assert "Nothing raised: 1 series, 3 figures judged." in text(page)


@pytest.mark.parametrize("lang", ["English", "中文"])
def test_a_file_of_before_alerts_says_which_command_to_type(publish, home, lang):
    path = publish(home, "small")
    path.chmod(0o644)
    with duckdb.connect(path) as connection:
        connection.execute("drop table meta.alerts")
        connection.execute("drop table kpi.signals")
    page = alerts(lang=lang, alert=KEY.format(1))
    assert page.code[0].value == f"callwright run --home {home}"
    assert "What changed" not in text(overview())


def test_a_file_whose_evidence_is_gone_still_tells_the_sentence(publish, home):
    path = publish(home, "small+alerts")
    path.chmod(0o644)
    with duckdb.connect(path) as connection:
        for name in ("kpi.signals", "kpi.month_changes", "kpi.campaign_uplift", "ml.policy_report", "ml.voice_topics"):
            connection.execute(f"drop table {name}")
    for number in range(1, 8):
        assert "The figures behind this alert are not in the snapshot." in text(alerts(alert=KEY.format(number)))


@pytest.mark.parametrize("lang", ["English", "中文"])
def test_before_the_first_publish_and_without_contacts_the_page_is_kind(publish, home, lang):
    assert alerts(lang=lang).code[0].value == f"callwright run --home {home}"
    publish(home, "")
    assert len(alerts(lang=lang).info) == 1


def test_the_overview_tells_the_five_strongest(shown):
    said = text(overview())
    found = [name for name in ("Contribution fell", "Offered, chat", "policy-2", "Offered, sales", "Campaign spring",
                               "double charge", "The moon") if name in said]  # fmt: skip
    assert found == ["Contribution fell", "Offered, chat", "policy-2", "Offered, sales", "Campaign spring"]
    assert said.index("Contribution fell") < said.index("Offered, chat") < said.index("policy-2")


def test_the_comparison_rests_on_a_page_that_compares_nothing(shown):
    page = alerts()
    assert page.toggle(key="cmp").disabled
    assert not overview().toggle(key="cmp").disabled
