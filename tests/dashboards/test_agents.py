"""Who differs by more than chance: the answers of the small published file, the sentence, the table and the figure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from dashboards import agent_charts, agent_queries, queries
from dashboards.agent_queries import AgentRow, Agents, FairMetric, Limits
from dashboards.components import agents
from dashboards.components.words import LANGUAGES, Words
from dashboards.queries import Period

EN = Words("en")
DAY = Period(date(2026, 11, 22), date(2026, 11, 22))
CSAT = FairMetric("csat", "up", 30, {"en": "CSAT", "zh": "满意度"}, {"en": "m", "zh": "m"})
DSAT = FairMetric("dsat", "down", 30, {"en": "DSAT", "zh": "不满意度"}, {"en": "m", "zh": "m"})
FUNNEL = (Limits(6, 0.5, 1.0, 0.3, 1.0), Limits(400, 0.86, 0.94, 0.84, 0.95))


def row(agent: str, value: float, n: int = 100, position: str = "within", estimate: float = 0.9) -> AgentRow:
    return AgentRow(agent, value, n, 0.9, estimate, 0.81, 0.97, position)


WORST, USUAL, BEST = row("Wim", 0.7, 400, "below"), row("Uma", 0.9), row("Bea", 0.99, 350, "above")
GUEST = row("Guy", 1.0, 6, "above")


def view(*rows: AgentRow) -> Agents:
    return Agents(rows, FUNNEL)


def shown(cell: str) -> str:
    return cell.replace("\N{WORD JOINER}", "").replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
def connection(small_snapshot) -> Iterator[duckdb.DuckDBPyConnection]:
    with queries.connect(str(small_snapshot)) as opened:
        yield opened


def metric(connection: duckdb.DuckDBPyConnection, name: str) -> FairMetric:
    return next(found for found in agent_queries.fair_metrics(connection) if found.name == name)


def test_agents_are_compared_by_shares_alone_quality_first(connection):
    found = agent_queries.fair_metrics(connection)
    assert [one.name for one in found] == list(agent_queries.METRICS)
    assert {one.minimum_n for one in found} == {30}
    for one in found:
        agent_queries.agents(connection, one, DAY)


def test_shares_of_agents_are_those_counted_by_hand_and_of_nobody_is_nobodys(connection):
    found = agent_queries.agents(connection, metric(connection, "csat"), DAY)
    assert {one.agent: (one.value, one.n, one.all_value) for one in found.rows} == {
        "<Ann>": (24 / 32, 32, 30 / 38), "bo": (1.0, 6, 30 / 38),
    }  # fmt: skip
    assert [one.agent for one in found.rows] == ["<Ann>", "bo"]
    assert 24 / 32 < found.rows[0].shrunken_value <= 30 / 38 <= found.rows[1].shrunken_value < 1


def test_of_what_should_be_low_the_highest_estimate_comes_first(connection):
    found = agent_queries.agents(connection, metric(connection, "ring_no_answer_rate"), DAY)
    assert [(one.agent, one.value) for one in found.rows] == [("<Ann>", 0.1), ("bo", 0.0)]


def test_the_drawn_funnel_passes_through_the_agents_limits(connection):
    found = agent_queries.agents(connection, metric(connection, "csat"), DAY)
    ends = {limits.n: (limits.low_998, limits.high_998) for limits in found.funnel}
    assert all(ends[one.n] == (one.low_998, one.high_998) for one in found.rows)
    widths = [limits.high_998 - limits.low_998 for limits in found.funnel]
    assert widths == sorted(widths, reverse=True)
    assert all(a.low_998 <= a.low_95 <= a.high_95 <= a.high_998 for a in found.funnel)


def test_days_without_surveys_have_no_agents(connection):
    before = agent_queries.agents(connection, metric(connection, "csat"), DAY.prior())
    assert before == Agents()
    assert agents.answer(before, CSAT, EN) == "No answered satisfaction survey names an agent in this period."
    assert agents.answer(before, metric(connection, "transfer_rate"), EN).startswith("Nothing is recorded of agents")


def test_a_file_without_a_catalogue_compares_nobody(tmp_path):
    duckdb.connect(tmp_path / "bare.duckdb").close()
    with queries.connect(str(tmp_path / "bare.duckdb")) as bare:
        assert agent_queries.fair_metrics(bare) == ()


@pytest.mark.parametrize(
    ("one", "by", "place"),
    [
        (WORST, CSAT, "worse"), (BEST, CSAT, "better"), (BEST, DSAT, "worse"), (WORST, DSAT, "better"),
        (USUAL, CSAT, "within"), (GUEST, CSAT, "small"),
        (row("x", 1, 29, "above"), CSAT, "small"), (row("x", 1, 30, "above"), CSAT, "better"),
    ],
)  # fmt: skip
def test_outside_is_good_or_bad_by_the_metric_and_few_observations_are_neither(one, by, place):
    assert agents.place(one, by) == place


def test_the_answer_counts_and_names_who_is_outside_and_never_who_is_too_few():
    said = agents.answer(view(WORST, *[USUAL] * 8, GUEST, BEST), CSAT, EN)
    assert said == (
        "2 of 10 agents with enough observations differ by more than chance. Worse: Wim. Better: Bea. "
        "Not judged, having fewer than 30 observations: 1."
    )


def test_the_answer_says_so_where_nobody_differs_and_where_nobody_can_be_judged():
    assert agents.answer(view(USUAL), CSAT, EN) == (
        "None of 1 agents with enough observations differs by more than chance."
    )
    assert agents.answer(view(GUEST), CSAT, EN).startswith("None of 1 agents has 30 observations yet")


def test_many_outside_are_a_sign_of_other_work_and_are_not_all_named():
    crowd = [row(f"a{number}", 0.7, 400, "below") for number in range(7)]
    said = agents.answer(view(*crowd, USUAL), CSAT, EN)
    assert "Worse: a0, a1, a2, a3, a4 and 2 more." in said
    assert said.endswith("suggest that their work differs, not only the people.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_keeps_the_order_of_the_answers_and_greys_who_has_too_few(language):
    words = Words(language)
    lines = list(zip(*agents.table(view(WORST, GUEST, BEST), CSAT, words).values(), strict=True))
    assert [shown(line[1]) for line in lines] == [
        f":orange[▼ {words('agents.worse')}]", f":gray[{words('agents.small')}]", f":blue[▲ {words('agents.better')}]",
    ]  # fmt: skip
    assert all(cell.startswith(":gray[") for cell in lines[1])
    assert [shown(cell) for cell in lines[2][2:]] == ["90.0%", "99.0%", "350", "81.0% – 97.0%"]


@pytest.mark.parametrize("name", ["*bold*", "a|b", "$x$", ":red[x]", "<b>"])
def test_an_agents_name_is_shown_as_it_is(name):
    cell = agents.table(view(row(name, 0.9)), CSAT, EN)["Agent"][0]
    assert cell.replace("\\", "") == name
    assert "\\" in cell


def marks(figure) -> dict[str, object]:
    return {trace.name: trace for trace in figure.data if (trace.mode or "").startswith("markers")}


def test_the_funnel_tells_sides_by_colour_symbol_and_name():
    found = marks(agent_charts.funnel(view(WORST, USUAL, GUEST, BEST), CSAT, EN))
    assert {name: (trace.marker.color, trace.marker.symbol[0]) for name, trace in found.items()} == {
        "n too small": ("#8A929C", "circle-open"), "Within the limits": ("#6B7480", "circle"),
        "Outside, better": ("#0072B2", "triangle-up"),
        "Outside, worse": ("#D55E00", "triangle-down"),
    }  # fmt: skip
    assert [trace.text and trace.text[0] for trace in found.values()] == [None, None, "Bea", "Wim"]
    assert found["n too small"].customdata[0][0] == "Guy"


def test_of_dissatisfaction_the_upper_side_is_the_bad_one():
    found = marks(agent_charts.funnel(view(BEST), DSAT, EN, is_dark=True))["Outside, worse"]
    assert (found.marker.color, found.marker.symbol[0]) == ("#E69F00", "triangle-up")


def test_an_agents_name_cannot_bring_markup_into_the_figure():
    (trace,) = marks(agent_charts.funnel(view(row("<a href='x'>q", 0.7, 400, "below")), CSAT, EN)).values()
    assert trace.text[0].startswith("&lt;a")
    assert trace.customdata[0][0].startswith("&lt;a")


def test_all_agents_are_in_the_frame_and_the_wide_end_of_the_funnel_is_cut():
    low, high = agent_charts.value_range(view(WORST, GUEST), 30)
    assert low < 0.7 < 1.0 < high
    assert low > 0.3


@pytest.mark.parametrize("rows", [(), (USUAL,), (GUEST,)])
def test_a_funnel_of_nobody_and_of_one_can_be_drawn(rows):
    assert len(marks(agent_charts.funnel(view(*rows), CSAT, EN))) == len(rows)
