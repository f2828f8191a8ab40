"""Figures of other systems, each computed by hand from a log of every outcome, and the golden vector by their rules.

Belongs here: pipelines/reproduce.py, sql/systems.toml, the command. Not here: our macros (tests/sql/test_macros.py).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.reproduce import COLUMNS, NOTHING, UNEXPLAINED, Rules, load_rules, reproduce

SYSTEMS = ["amazon", "asterisk", "cisco", "genesys", "nethvoice", "wazo"]
GOLDEN, HAND, NIGHT = date(2026, 3, 2), date(2026, 3, 5), date(2026, 3, 7)
GOLDEN_AT, HAND_AT, MIDNIGHT = 1_772_445_600, 1_772_704_800, 1_772_928_000
SAMPLE_DAY = date(2026, 11, 22)

# (waits in seconds, how many): A = 1000, A_T = 860, B = 60, B_T = 20, B_s = 10
GOLDEN_ANSWERED = [(0, 400), (7, 300), (20, 160), (21, 100), (300, 40)]
GOLDEN_ABANDONED = [(5, 6), (1, 4), (6, 5), (20, 5), (21, 30), (90, 10)]

# One call in each way; the threshold is 20 s, short is 5 s. Waits: answered 10 20 40 8, abandoned 3 5 20 60,
# timed out 15 120, by key 12, empty 7, withdrawn 30. Talk: 30 50 100, and one call that has not ended.
HAND_CALLS: list[tuple[str, int, str]] = [
    ("Ann", 10, "COMPLETECALLER|10|30|1"), ("Ann", 20, "COMPLETEAGENT|20|50|1"),
    ("Ann", 40, "BLINDTRANSFER|8003|inbound|40|100|1"), ("Ann", 8, ""),
    ("", 3, "ABANDON|1|1|3"), ("", 5, "ABANDON|1|1|5"), ("", 20, "ABANDON|1|1|20"), ("", 60, "ABANDON|1|1|60"),
    ("", 15, "EXITWITHTIMEOUT|1|1|15"), ("", 120, "EXITWITHTIMEOUT|1|1|120"), ("", 12, "EXITWITHKEY|5|1|1|12"),
    ("", 7, "EXITEMPTY|1|1|7"), ("", 30, "WITHDRAW|1|1|30|moved"), ("", 0, ""),
]  # fmt: skip
REFUSED = ["FULL", "JOINEMPTY", "CLOSED"]


def call(at: int, key: str, queue: str, agent: str, wait: int, end: str) -> list[str]:
    """Lines of one call; `end` is its last event, empty where it has none."""
    lines = [f"{at}|{key}|{queue}|NONE|ENTERQUEUE||07|1"]
    if agent:
        lines.append(f"{at + wait}|{key}|{queue}|{agent}|CONNECT|{wait}|{key}9|2")
    if end:
        talk = int(end.split("|")[-2]) if agent else 0
        lines.append(f"{at + wait + talk}|{key}|{queue}|{agent or 'NONE'}|{end}")
    return lines


def log() -> str:
    lines = []
    golden = [("Bea", w) for w, n in GOLDEN_ANSWERED for _ in range(n)]
    golden += [("", w) for w, n in GOLDEN_ABANDONED for _ in range(n)]
    for n, (agent, wait) in enumerate(golden):
        end = f"COMPLETECALLER|{wait}|60|1" if agent else f"ABANDON|1|1|{wait}"
        lines += call(GOLDEN_AT + 3 * n, f"1.{n}", "golden", agent, wait, end)
    for n, (agent, wait, end) in enumerate(HAND_CALLS):
        lines += call(HAND_AT + 200 * n, f"2.{n}", "hand", agent, wait, end)
    lines += [f"{HAND_AT + n}|3.{n}|hand|NONE|{event}|07" for n, event in enumerate(REFUSED)]
    lines += call(HAND_AT, "4.1", "other", "Cid", 4, "COMPLETEAGENT|4|10|1")
    lines += call(HAND_AT, "4.2", "endless", "Eve", 6, "")
    # answered, and given up, after the midnight before which they came
    lines += call(MIDNIGHT - 10, "5.1", "night", "Dan", 30, "COMPLETEAGENT|30|60|1")
    lines += call(MIDNIGHT - 5, "5.2", "night", "", 25, "ABANDON|1|1|25")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def made(shared_centre: Any) -> Any:
    def fill(centre: Any) -> None:
        centre.write("callwright.toml", centre.home.settings_path.read_text().replace('"Europe/London"', '"UTC"'))
        centre.land("asterisk_queue_log", "queue_log", log())
        centre.run(whole=True)

    return shared_centre("reproduce", fill)


def figures(centre: Any, system: str, day: date, *more: Any) -> dict[str, dict[str, Any]]:
    found = reproduce(centre.home, system, day, day, *more)
    return {row[2]: dict(zip(COLUMNS, row, strict=True)) for row in found.rows}


def theirs(centre: Any, system: str, day: date, *more: Any) -> dict[str, Any]:
    return {name: row["theirs"] for name, row in figures(centre, system, day, *more).items()}


GOLDEN_SHARES = [
    ("asterisk", "ServicelevelPerf", 86.00),
    ("asterisk", "ServicelevelPerf2", 83.02),
    ("wazo", "qos", 86.00),
    ("amazon", "SERVICE_LEVEL", 83.02),
    ("cisco", "ServiceLevel.positive", 83.02),
    ("cisco", "ServiceLevel.negative", 81.13),
    ("cisco", "ServiceLevel.ignored", 82.69),
    ("cisco", "ServiceLevel.negative_without_short", 81.90),
    ("genesys", "oServiceLevel", 81.13),
    ("genesys", "oServiceLevel.no_short_abandons", 81.90),
    ("genesys", "oServiceLevel.no_abandons", 86.00),
    ("genesys", "oServiceLevel.flowouts", 81.13),
    ("genesys", "abandon_percent", 5.66),
    ("amazon", "ABANDONMENT_RATE", 5.66),
]


@pytest.mark.parametrize(("system", "figure", "percent"), GOLDEN_SHARES)
def test_golden_vector_by_the_rules_of_others_is_our_variant(
    made: Any, system: str, figure: str, percent: float
) -> None:
    row = figures(made, system, GOLDEN)[figure]
    assert round(100 * row["theirs"], 2) == percent
    assert row["difference"] == 0
    assert row["why"].startswith("the same")


def test_nethvoice_judges_the_golden_vector_by_less_than_the_threshold(made: Any) -> None:
    row = figures(made, "nethvoice", GOLDEN)["processed_in_time_percentage"]
    assert row["theirs"] == pytest.approx(700 / 1060)
    assert row["ours"] == pytest.approx(860 / 1060)
    assert row["why"] == "160 answered calls judged otherwise by the threshold used there"


HAND_FIGURES: dict[str, dict[str, float | None]] = {
    "asterisk": {
        "Completed": 3, "Abandoned": 4 + 2 + 1 + 1, "ServicelevelPerf": 2 / 3, "ServicelevelPerf2": (2 + 3 + 2) / 11,
        # 0 -> 10/4 = 2, (6+20)/4 = 6, (18+40)/4 = 14, (42+8)/4 = 12; 0 -> 30/4 = 7, (21+50)/4 = 17, (51+100)/4 = 37
        "Holdtime": 12, "TalkTime": 37, "Calls": None, "LongestHoldTime": None,
    },
    "wazo": {
        "total": 3 + 4 + 2 + 1 + 3, "answered": 3, "abandoned": 4, "timeout": 2, "leaveempty": 1, "joinempty": 1,
        "full": 1, "closed": 1, "blocking": 2, "saturated": 1, "divert_ca_ratio": None, "divert_waittime": None,
        "answered_rate": 3 / (3 + 4 + 1 + 1 + 1 + 2), "average_waiting_time": (70 + 88 + 7 + 135) / (3 + 4 + 1 + 2),
        "qos": 2 / 3, "qos_answered_below": 1, "qos_abandoned_below": 2,
    },
    "nethvoice": {
        "incoming": 4 + 4 + 2 + 1 + 1 + 2, "processed": 4, "processed_percentage": 4 / 14, "processed_in_time": 2,
        "processed_in_time_percentage": 2 / 14, "not_processed": 2 + 2 + 1 + 1 + 2, "failed": 2, "null": 2,
        "timeout": 2, "exitempty": 1, "exitkey": 1, "full": 1, "joinempty": 1, "waiting_min": 8, "waiting_max": 40,
        "waiting_avg": 78 / 4, "duration_min": 30, "duration_max": 100, "duration_avg": 180 / 3, "recall": None,
    },
    "amazon": {
        "CONTACTS_QUEUED": 4 + 4 + 5, "CONTACTS_HANDLED": 4, "CONTACTS_ABANDONED": 4, "ABANDONMENT_RATE": 4 / 13,
        "SERVICE_LEVEL": (3 + 3 + 3) / 13, "SUM_CONTACTS_ANSWERED_IN_X": 3, "SUM_CONTACTS_ABANDONED_IN_X": 3,
        "AVG_QUEUE_ANSWER_TIME": 78 / 4, "AVG_ABANDON_TIME": 88 / 4, "MAX_QUEUED_TIME": 120, "AVG_HANDLE_TIME": 45,
        "CONTACTS_TRANSFERRED_OUT_BY_AGENT": 1, "CONTACTS_AGENT_HUNG_UP_FIRST": 1, "CALLBACK_CONTACTS": None,
    },
    "genesys": {
        "nOffered": 14, "tAnswered.count": 4, "answer_percent": 4 / 14, "tAbandon.count": 4, "abandon_percent": 4 / 14,
        "tShortAbandon.count": 2, "tFlowOut.count": 5, "nOverSla": 1, "oServiceLevel": 3 / 8,
        "oServiceLevel.no_short_abandons": 3 / 6, "oServiceLevel.no_abandons": 3 / 4, "oServiceLevel.flowouts": 3 / 13,
        "tAnswered.avg": 78 / 4, "tWait.avg": (78 + 88 + 135 + 12 + 7 + 30) / 13, "tAbandon.avg": 22,
        "tHandle.avg": 45, "nTransferred": 1, "tAlert.avg": None,
    },
    "cisco": {
        "CallsOffered": 14, "CallsAnswered": 4, "CallsHandled": 3, "TotalCallsAband": 4, "ShortCalls": 2,
        "TotalCallsAband.without_short": 2, "OverflowOut": 5, "ServiceLevel.positive": (3 + 3) / (8 + 2),
        "ServiceLevel.negative": 3 / (8 + 2), "ServiceLevel.ignored": 3 / (8 - 3 + 2),
        "ServiceLevel.negative_without_short": 3 / (8 - 2 + 2), "ASA": 78 / 4, "AvgAbandDelay": 22, "AHT": 45,
        "CallsRONA": None,
    },
}  # fmt: skip


@pytest.mark.parametrize("system", SYSTEMS)
def test_figures_of_a_log_with_every_outcome(made: Any, system: str) -> None:
    assert theirs(made, system, HAND, "hand") == pytest.approx(HAND_FIGURES[system])


HAND_REASONS = [
    ("asterisk", "Completed", -1, "1 answered call without a logged end not counted there"),
    (
        "asterisk", "Abandoned", 4,
        "2 timeouts counted as abandoned there; 1 exit from an empty queue counted as abandoned there;"
        " 1 withdrawn call counted as abandoned there",
    ),
    (
        "wazo", "total", -1,
        "3 refused callers counted there, and not offered here; 1 exit by key counted nowhere there;"
        " 1 withdrawn call counted nowhere there; 1 call still waiting, or without a logged end, not counted there;"
        " 1 answered call without a logged end not counted there",
    ),
    ("wazo", "timeout", 0, "same definition"),
    ("wazo", "joinempty", None, "no metric of ours"),
    ("nethvoice", "failed", -2, "2 abandons within 5 s apart, as null calls"),
    ("nethvoice", "null", 0, "the same here: nothing occurred in which the definitions differ"),
    ("amazon", "CONTACTS_QUEUED", -1, "1 call still waiting, or without a logged end, not counted there"),
    (
        "cisco", "ServiceLevel.negative", 3 / 10 - 3 / 8,
        "2 flow-outs after the threshold a miss there, and not counted here",
    ),
    ("asterisk", "Calls", None, "not reproducible: needs the moment of asking: a figure of now, not of a period"),
]  # fmt: skip


@pytest.mark.parametrize(("system", "figure", "difference", "why"), HAND_REASONS)
def test_difference_and_reason_are_counted(
    made: Any, system: str, figure: str, difference: float | None, why: str
) -> None:
    row = figures(made, system, HAND, "hand")[figure]
    assert row["difference"] == pytest.approx(difference)
    assert row["why"] == why


def test_ours_are_the_macros(made: Any) -> None:
    for row in figures(made, "genesys", HAND, "hand").values():
        if (row["our_metric"] or "").startswith("kpi_service_level"):
            variant = row["our_metric"].split()[1]
            call_it = f"kpi_service_level(date '{HAND}', date '{HAND}', variant := '{variant}')"
            assert made.published(f"select value from {call_it} where group_value = 'hand'") == [(row["ours"],)]


def test_another_threshold_is_theirs_alone(made: Any) -> None:
    rows = figures(made, "nethvoice", HAND, "hand", 60)
    assert (rows["processed_in_time"]["theirs"], rows["processed_in_time"]["ours"]) == (4, 3)
    assert rows["processed_in_time"]["why"] == "1 answered call judged otherwise by the threshold used there"


def test_all_queues_have_no_moving_average_of_one(made: Any) -> None:
    rows = figures(made, "asterisk", HAND)
    assert rows["Completed"]["theirs"] == 4
    assert rows["Holdtime"]["theirs"] is None
    assert "--queue NAME" in rows["Holdtime"]["why"]


def test_nothing_to_divide_by_is_no_figure_and_says_so(made: Any) -> None:
    row = figures(made, "amazon", HAND, "other")
    assert row["AVG_ABANDON_TIME"]["theirs"] is None
    assert row["AVG_ABANDON_TIME"]["why"] == NOTHING


@pytest.mark.parametrize(
    ("system", "figure"),
    [
        ("amazon", "AVG_HANDLE_TIME"),
        ("amazon", "CONTACTS_AGENT_HUNG_UP_FIRST"),
        ("genesys", "tHandle.avg"),
        ("cisco", "AHT"),
        ("nethvoice", "duration_avg"),
        ("asterisk", "TalkTime"),
    ],
)
def test_what_no_source_says_is_missing_and_not_zero(made: Any, system: str, figure: str) -> None:
    row = figures(made, system, HAND, "endless")[figure]
    assert row["theirs"] is None
    assert row["why"].startswith("not reproducible: needs ")


def test_call_over_midnight_belongs_to_the_day_that_each_system_says(made: Any) -> None:
    next_day = date(2026, 3, 8)
    names = ["nOffered", "tAnswered.count", "tAbandon.count"]
    assert [theirs(made, "genesys", NIGHT)[n] for n in names] == [2, 0, 0]
    assert [theirs(made, "genesys", next_day)[n] for n in names] == [0, 1, 1]
    assert figures(made, "genesys", NIGHT)["tAnswered.count"]["why"] == "1 answered call of another day there"
    assert theirs(made, "wazo", NIGHT)["total"] == 2
    assert reproduce(made.home, "wazo", next_day, next_day).rows == []
    assert theirs(made, "amazon", next_day)["CONTACTS_QUEUED"] == 2
    both = reproduce(made.home, "amazon", NIGHT, next_day).rows
    assert {row[9] for row in both} <= {0, None}


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("threshold", [None, 7.0])
def test_no_difference_is_left_without_a_reason(made: Any, sample: Any, system: str, threshold: float | None) -> None:
    days = [(made, GOLDEN), (made, HAND), (made, NIGHT), (made, date(2026, 3, 8)), (sample, SAMPLE_DAY)]
    for centre, day in days:
        queues = [None, *(q for (q,) in centre.published("select distinct queue from core.queue_visits"))]
        for queue in queues:
            rows = figures(centre, system, day, queue, threshold)
            assert {name: row for name, row in rows.items() if row["why"] == UNEXPLAINED} == {}, (day, queue)


# --- what other tools said of the same logs -----------------------------------------------------------------


def test_manager_events_of_a_real_asterisk_agree(sample: Any, shared_file: Callable[[str], Path]) -> None:
    truth = json.loads(shared_file("asterisk_live/truth.json").read_text())["summary"]["by_queue"]
    for queue in ("std", "vip", "pool", "tiny", "flaky"):
        told = truth[queue]
        found = theirs(sample, "asterisk", SAMPLE_DAY, queue)
        completed = sum(told.get(k, 0) for k in ("complete_agent", "complete_caller", "transfer"))
        # QueueCallerAbandon fires with each step of the counter: for a timeout and an empty queue too
        given_up = sum(told.get(k, 0) for k in ("abandon", "timeout", "left_empty"))
        assert (found["Completed"], found["Abandoned"]) == (completed, given_up), queue


def test_counter_of_a_real_asterisk_over_all_queues(sample: Any) -> None:
    assert theirs(sample, "asterisk", SAMPLE_DAY)["Abandoned"] == 135 == 78 + 51 + 6


def test_day_of_2010_as_counted_by_hand(shared_centre: Any, shared_file: Callable[[str], Path]) -> None:
    content = shared_file("queue_log/queue_log_2010-02-22").read_bytes()

    def fill(made: Any) -> None:
        made.land("asterisk_queue_log", "queue_log", content)
        made.run(whole=True)

    centre = shared_centre("day-2010", fill)  # the same home as in tests/end_to_end
    first, last = date(2010, 2, 21), date(2010, 2, 23)
    found = {row[2]: row[6] for row in reproduce(centre.home, "asterisk", first, last).rows}
    # waits in the order of the answers: 1 2 36 6 84 4 5 5
    assert (found["Completed"], found["Abandoned"], found["Holdtime"]) == (7, 12, 14)
    found = {row[2]: row[6] for row in reproduce(centre.home, "nethvoice", first, last).rows}
    assert (found["processed"], found["waiting_max"], found["duration_avg"]) == (8, 84, 45 / 7)
    found = {row[2]: row[6] for row in reproduce(centre.home, "amazon", first, last).rows}
    assert round(found["AVG_ABANDON_TIME"], 3) == 17.917


# --- the rules as data --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rules() -> Rules:
    return load_rules()


def test_there_are_six_systems_and_each_tells_its_source(rules: Rules) -> None:
    assert sorted(rules.systems) == SYSTEMS
    for system in rules.systems.values():
        assert len(system.source) > 20
        assert len({figure.id for figure in system.figures}) == len(system.figures)


def test_rules_are_made_of_declared_sums_and_reasons(rules: Rules) -> None:
    used = {name for s in rules.systems.values() for f in s.figures for name in f.why}
    assert used == rules.reasons.keys()
    expressions = [f.rule for s in rules.systems.values() for f in s.figures if f.rule]
    expressions += [f.needs_if for s in rules.systems.values() for f in s.figures]
    expressions += [reason.n for reason in rules.reasons.values()]
    columns = {
        column.name for text in expressions for column in sqlglot.parse_one(text, read="duckdb").find_all(exp.Column)
    }
    assert columns == rules.sums.keys()


def test_figure_has_a_rule_or_says_what_it_needs_and_labels_in_two_languages(rules: Rules) -> None:
    for system in rules.systems.values():
        for figure in system.figures:
            assert figure.rule or figure.needs, figure.id
            assert set(figure.label) == {"en", "zh"}
            assert figure.unit in ("count", "share", "s")
            assert figure.rule or not figure.why


# --- the command --------------------------------------------------------------------------------------------


def command(home: Path, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["reproduce", *arguments, "--home", str(home)])


def test_json_and_csv_have_one_row_a_figure(made: Any) -> None:
    days = ("--from", "2026-03-05", "--to", "2026-03-05", "--queue", "hand")
    objects = json.loads(command(made.path, "asterisk", *days, "--json").stdout)
    assert list(objects[0]) == list(COLUMNS)
    assert [o["figure"] for o in objects] == list(HAND_FIGURES["asterisk"])
    assert objects[0]["label_zh"] == "已完成"
    rows = list(csv.DictReader(io.StringIO(command(made.path, "asterisk", *days, "--csv").stdout)))
    assert [row["theirs"] for row in rows][:2] == ["3", "8"]


def test_table_shows_both_and_why(made: Any) -> None:
    printed = command(made.path, "cisco", "--from", "2026-03-02", "--to", "2026-03-02")
    assert printed.exit_code == 0
    assert "83.02" in printed.stdout
    assert "Short calls are abandons" in printed.stdout


def test_empty_period_says_so(made: Any) -> None:
    printed = command(made.path, "wazo", "--from", "2020-01-01", "--to", "2020-01-02", "--json")
    assert printed.exit_code == 0
    assert json.loads(printed.stdout) == []
    assert "no visits to queues: 2020-01-01 to 2020-01-02" in printed.stderr


DAYS = ["--from", "2026-03-02", "--to", "2026-03-02"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["avaya", *DAYS], "there are amazon, asterisk, cisco, genesys, nethvoice, wazo"),
        (["wazo", *DAYS, "--queue", "hend"], "unknown queue hend"),
        (["wazo", "--from", "2026-03-03", "--to", "2026-03-02"], "is after --to"),
        (["wazo", "--from", "2026-13-03", "--to", "2026-03-02"], "does not match the format"),
        (["wazo", "--from", "2026-03-02"], "Missing option"),
        (["wazo", *DAYS, "--threshold", "-1"], "Invalid value"),
    ],
)
def test_wrong_words_end_with_two(made: Any, arguments: list[str], says: str) -> None:
    failed = command(made.path, *arguments)
    assert failed.exit_code == 2
    assert says in " ".join(failed.stderr.replace("│", " ").split())


def test_nothing_published_ends_with_one(centre: Any) -> None:
    failed = command(centre.path, "wazo", *DAYS)
    assert failed.exit_code == 1
    assert "nothing is published" in failed.stderr
