"""What callwright.toml may say, what is refused and in which words, and the rows that SQL sees of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from pydantic import ValidationError

from pipelines.errors import SettingsError
from pipelines.home import TEMPLATE
from pipelines.settings import (
    BUILT_IN_SOURCES,
    SETTINGS_SCHEMAS,
    Settings,
    check_actions,
    load_settings,
    parse_settings,
    resolve_home,
    settings_tables,
)
from pipelines.settings_report import line_index
from pipelines.settings_sections import Section
from pipelines.settings_tables import SINCE_EVER
from pipelines.settings_values import condition_columns

ACTION = '[[actions]]\nid = "call_back"\nlabel = { en = "Call back" }\n'
BANK = '[sources.bank]\nkind = "calls"\nformat = "csv"\nsql = "bank.sql"\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "bank.sql").write_text("select 1 from input")
    return tmp_path


def parse(text: str, home: Path = Path("no-home")) -> Settings:
    return parse_settings(text, home / "callwright.toml")


def refusal(text: str, home: Path = Path("no-home")) -> str:
    with pytest.raises(SettingsError) as caught:
        parse(text, home)
    assert caught.value.exit_code == 2
    assert caught.value.hint
    return str(caught.value)


def uncommented_template() -> str:
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    return "\n".join(line[1:] if line.startswith("#") and line[1:2] not in ("", " ") else line for line in lines)


# The file as a whole


def test_an_empty_file_means_the_defaults() -> None:
    assert parse("") == Settings()


def test_the_template_means_the_defaults() -> None:
    assert parse(TEMPLATE.read_text(encoding="utf-8")) == Settings()


def test_every_example_of_the_template_can_be_uncommented(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources/bank.sql").write_text("select 1 from input")
    settings = parse(uncommented_template(), tmp_path)
    assert settings.actions[0].label.zh == "挽留优惠"
    assert settings.sources["bank"].timezone == "Asia/Jerusalem"
    assert settings.targets[0].valid_from == date(2026, 1, 1)
    assert settings.queues[0].site == settings.sites[0].name


def test_every_key_of_every_section_stands_in_the_template_below_a_comment() -> None:
    lines = uncommented_template().splitlines()
    keys = {key for kind in _sections(Section) for key in kind.model_fields} | {"label"}
    days_and_tables = {"treatment", "churn", "value", "en", "zh"} | set(Settings.model_fields)
    written = {line.split(" = ")[0] for line in lines if " = " in line and not line.startswith("#")}
    assert written >= keys - days_and_tables
    assert written <= keys


def _sections(kind: type[Section]) -> list[type[Section]]:
    own = (child for child in kind.__subclasses__() if child.__module__ == Section.__module__)
    return [kind, *(inner for child in own for inner in _sections(child))]


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "callwright.toml").write_bytes('\ufeff[centre]\r\nname = "客服"\r\n'.encode())
    assert load_settings(tmp_path).centre.name == "客服"


def test_settings_cannot_be_changed() -> None:
    settings = parse("[[targets]]")
    with pytest.raises(ValidationError, match="frozen"):
        settings.centre.name = "other"  # type: ignore[misc]
    assert isinstance(settings.targets, tuple)


def test_a_missing_file_says_how_to_make_a_home(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"callwright\.toml does not exist") as caught:
        load_settings(tmp_path)
    assert caught.value.hint == f"Type: callwright init --home {tmp_path}"


def test_a_syntax_error_names_line_and_column() -> None:
    assert "not valid TOML" in refusal('[centre]\nname = "A\n')
    assert "line 2, column 10" in refusal('[centre]\nname = "A\n')


def test_bytes_that_are_no_utf8_name_their_line(tmp_path: Path) -> None:
    (tmp_path / "callwright.toml").write_bytes(b'[centre]\nname = "Caf\xe9"\n')
    with pytest.raises(SettingsError, match="line 2: not UTF-8"):
        load_settings(tmp_path)


# Unknown keys and wrong types


@pytest.mark.parametrize(
    ("text", "line", "place", "wrong", "right"),
    [
        ("[centr]\n", 1, "", "centr", "centre"),
        ('[centre]\ntimezon = "UTC"', 2, "[centre]", "timezon", "timezone"),
        ('[[sites]]\nname = "a"\nlable = "A"', 3, "[[sites]] number 1", "lable", "label"),
        ('[[queues]]\nname = "a"\nchanel = "voice"', 3, "[[queues]] number 1", "chanel", "channel"),
        ("[[targets]]\n[[targets]]\nsl_treshold_s = 20", 3, "[[targets]] number 2", "sl_treshold_s", "sl_threshold_s"),
        ('[business_hours]\nmondays = ["08:00-09:00"]', 2, "[business_hours]", "mondays", "monday"),
        ("[costs]\nagent_hours = 1", 2, "[costs]", "agent_hours", "agent_hour"),
        ("[tiers]\nhisteresis = 0.1", 2, "[tiers]", "histeresis", "hysteresis"),
        ("[tiers.treatment.A]\nprio = 1", 2, "[tiers.treatment.A]", "prio", "priority"),
        ("[router]\nholdout = 0.1", 2, "[router]", "holdout", "holdout_share"),
        (ACTION + "costs = 1", 4, "[[actions]] number 1", "costs", "cost"),
        ("[models.chrun]", 1, "[models]", "chrun", "churn"),
        ("[models.churn]\nhorizon_day = 1", 2, "[models.churn]", "horizon_day", "horizon_days"),
        ("[models.value]\nhorizon = 1", 2, "[models.value]", "horizon", "horizon_days"),
        ("[checks]\nstale_hours = 1", 2, "[checks]", "stale_hours", "stale_after_hours"),
        ('[sources.surveys]\ntime_zone = "UTC"', 2, "[sources.surveys]", "time_zone", "timezone"),
        ('[sources.asterisk_cel]\ncontexts = ["a"]', 2, "[sources.asterisk_cel]", "contexts", "inbound_contexts"),
        (BANK + "option = {}", 5, "[sources.bank]", "option", "options"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(
    home: Path, text: str, line: int, place: str, wrong: str, right: str
) -> None:
    message = refusal(text, home)
    where = f"line {line}, {place}: unknown" if place else f"line {line}: unknown"
    assert message.startswith(f"{home / 'callwright.toml'} has 1 mistake:\n  {where}")
    assert f'"{wrong}"; the nearest known one is "{right}". Rename or remove it' in message


def test_a_key_in_the_wrong_section_is_sent_to_the_right_one() -> None:
    assert 'unknown key "currency"; it belongs in [centre]' in refusal('[costs]\ncurrency = "EUR"')
    assert 'line 1: unknown key "timezone"; it belongs in [centre]' in refusal('timezone = "UTC"')
    assert 'unknown key "sl_threshold_s"; it belongs in [[targets]]' in refusal("[centre]\nsl_threshold_s = 1")


def test_a_key_like_nothing_gets_the_list_of_known_keys() -> None:
    message = refusal("[models.churn]\nzzz = 1")
    assert "known here: cutoff_count, horizon_days, label" in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[centre]\nname = 3", "line 2, [centre] name: should be text in quotes"),
        ('[centre]\nminimum_n = "30"', 'minimum_n: should be a whole number, not "30"'),
        ("[centre]\nminimum_n = 0", "should be greater than or equal to 1, not 0"),
        ("[centre]\nminimum_n = true", "should be a whole number, not true"),
        ('[[targets]]\nvalid_from = "2026-01-01"', "should be a date, written 2026-01-31 without quotes"),
        ("[[targets]]\nvalid_from = 2026-01-01T08:00:00", "should be a date"),
        ("[[targets]]\nsl_threshold_s = inf", "sl_threshold_s: "),
        ('[[targets]]\nsl_comparator = ">"', "should be '<=' or '<', not \">\""),
        ("[targets]\nsl_threshold_s = 1", "stands for a list of tables; write [[targets]] with two brackets"),
        ('[tiers]\nnames = "A"', "[tiers] names: should be a list"),
        ("centre = 3", "[centre]: should be a section of its own, not 3"),
        ('[centre]\nservice_level_variant = "sl"', "should be 'sl_abandons_positive'"),
        ('[centre]\ncurrency = "gbp"', 'three capital letters (ISO 4217), such as "GBP", not "gbp"'),
        ('[centre]\nregion = "UK"', 'no region has the code "UK" (two capital letters, ISO 3166); the nearest is "GB"'),
        ('[centre]\nname = "a\\nb"', "should be one line of text"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_in_plain_words(text: str, expected: str) -> None:
    assert expected in refusal(text)


@pytest.mark.parametrize(
    ("zone", "like"),
    [("Europe/Londn", "Europe/London"), ("europe/london", "Europe/London"), ("Asia/Peking", "Asia/")],
)
def test_an_unknown_time_zone_is_refused_with_the_nearest(zone: str, like: str) -> None:
    assert f'no time zone is called "{zone}"; the nearest is "{like}' in refusal(f'[centre]\ntimezone = "{zone}"')


@pytest.mark.parametrize("zone", ["", "Europe", "../../etc/passwd", "/etc/localtime", "+01:00"])
def test_what_is_no_zone_at_all_is_refused(zone: str) -> None:
    assert "no time zone is called" in refusal(f'[sources.surveys]\ntimezone = "{zone}"')


def test_several_mistakes_are_told_together_in_the_order_of_the_file() -> None:
    message = refusal('[centre]\nnam = "A"\n[costs]\nagent_hour = -1\n[models.churn]\nlabel = "left"\n')
    assert "has 3 mistakes" in message
    assert [line.split(",")[0].strip() for line in message.splitlines()[1:]] == ["line 2", "line 4", "line 6"]


def test_lines_are_found_under_nested_headers_and_dotted_keys() -> None:
    text = '[[a]]\nx.y = 1\n[[a]]\n[a.b]\n"k.l" = 2\n[c] # why\nz=3'
    assert line_index(text) == {
        ("a", 0): 1,
        ("a", 0, "x"): 2,
        ("a", 0, "x", "y"): 2,
        ("a", 1): 3,
        ("a", 1, "b"): 4,
        ("a", 1, "b", "k.l"): 5,
        ("c",): 6,
        ("c", "z"): 7,
    }


# Targets


TARGETS = """
[[targets]]
sl_threshold_s = 30
[[targets]]
queue = "vip"
sl_threshold_s = 10
[[targets]]
queue = "vip"
valid_from = 2026-03-01
sl_threshold_s = 15
sl_comparator = "<"
[[targets]]
channel = "chat"
valid_from = 2026-06-01
sl_threshold_s = 60
"""


@pytest.mark.parametrize(
    ("queue", "channel", "on", "threshold_s"),
    [
        ("sales", "voice", date(2026, 1, 1), 30),
        ("vip", "voice", date(2026, 2, 28), 10),
        ("vip", "voice", date(2026, 3, 1), 15),
        ("vip", "chat", date(2026, 5, 31), 15),
        ("vip", "chat", date(2026, 6, 1), 60),
        ("sales", "chat", date(2026, 6, 1), 60),
        ("sales", "voice", date(1999, 2, 1), 30),
    ],
)
def test_the_last_target_that_matches_and_has_begun_wins_in_python_and_in_sql(
    queue: str, channel: str, on: date, threshold_s: float
) -> None:
    settings = parse(TARGETS)
    assert settings.target_for(queue, channel, on).sl_threshold_s == threshold_s
    with warehouse(settings) as connection:
        found = connection.execute(
            """
            select sl_threshold_s from settings.targets
            where queue in ('*', $queue) and channel in ('*', $channel) and valid_from <= $on
            order by rank desc limit 1
            """,
            {"queue": queue, "channel": channel, "on": on},
        ).fetchall()
    assert found == [(threshold_s,)]


def test_valid_to_is_the_day_on_which_a_later_target_covers_the_whole_of_an_earlier_one() -> None:
    rows = settings_tables(parse(TARGETS))["targets"]
    assert [(row["rank"], row["valid_from"], row["valid_to"]) for row in rows] == [
        (0, date(1900, 1, 1), date(1900, 1, 1)),
        (1, date(1900, 1, 1), None),
        (2, date(1900, 1, 1), date(2026, 3, 1)),
        (3, date(2026, 3, 1), None),
        (4, date(2026, 6, 1), None),
    ]


def test_without_targets_there_is_one_for_everything() -> None:
    settings = Settings()
    assert settings.target_for("any", "voice", date(1970, 1, 1)).sl_threshold_s == 20
    assert [row["rank"] for row in settings_tables(settings)["targets"]] == [0]


def test_before_the_first_target_has_begun_the_default_holds() -> None:
    settings = parse("[[targets]]\nvalid_from = 2026-01-01\nsl_threshold_s = 90")
    assert settings.target_for("a", "voice", date(2025, 12, 31)).sl_threshold_s == 20
    assert settings.target_for("a", "voice", date(2026, 1, 1)).sl_threshold_s == 90


def test_half_a_wild_card_is_refused_rather_than_never_matching() -> None:
    assert 'one name, or "*" for every one' in refusal('[[targets]]\nqueue = "vip*"')


# Business hours, tiers, names


def test_a_centre_without_hours_is_always_open_and_with_hours_closed_on_days_left_out() -> None:
    assert list(Settings().business_hours[0].open_s()) == [(day, 0, 86_400) for day in range(1, 8)]
    (hours,) = parse('[business_hours]\nmonday = ["08:30-12:00", "13:00-24:00"]').business_hours
    assert list(hours.open_s()) == [(1, 30_600, 43_200), (1, 46_800, 86_400)]


def test_hours_may_differ_by_queue_and_change_on_a_day() -> None:
    text = (
        '[[business_hours]]\nmonday = ["09:00-17:00"]\n'
        '[[business_hours]]\nvalid_from = 2026-03-02\nmonday = ["08:00-18:00"]\n'
        '[[business_hours]]\nqueue = "vip"\nvalid_from = 2026-03-02\nmonday = ["00:00-24:00"]\n'
    )
    rows = settings_tables(parse(text))["business_hours"]
    found = {(r["queue"], r["valid_from"], r["valid_to"]): (r["opens_s"], r["closes_s"]) for r in rows}
    change = date(2026, 3, 2)
    assert found == {
        ("*", SINCE_EVER, change): (32_400, 61_200),
        ("*", change, None): (28_800, 64_800),
        ("vip", SINCE_EVER, change): (32_400, 61_200),
        ("vip", change, None): (0, 86_400),
    }
    assert 'line 2, [[business_hours]] number 1: unknown key "mondays"' in refusal("[[business_hours]]\nmondays = []")


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ('["8:30-17:00"]', 'hours are written "08:30-17:30", not "8:30-17:00"'),
        ('["22:00-02:00"]', "closes before it opens; split hours over midnight"),
        ('["09:00-25:00"]', "hours are written"),
        ('["09:00-12:00", "11:00-13:00"]', "overlap or are out of order"),
    ],
)
def test_hours_that_make_no_sense_are_refused(spans: str, expected: str) -> None:
    assert expected in refusal(f"[business_hours]\nsunday = {spans}")


def test_tiers_must_agree_with_their_shares_and_treatments() -> None:
    message = refusal('[tiers]\nnames = ["gold", "rest"]\nshares = [0.1, 0.8, 0.2]\n[tiers.treatment.glod]\n')
    assert "2 tiers need 2 shares, not 3" in message
    assert "should add up to 1, not 1.1" in message
    assert 'no tier is called "glod"; the nearest is "gold"' in message


def test_thirds_add_up_to_one() -> None:
    assert parse("[tiers]\nnames = ['a', 'b', 'c']\nshares = [0.3333333, 0.3333333, 0.3333334]").tiers


def test_a_centre_with_its_own_tiers_does_not_inherit_the_treatment_of_others() -> None:
    tiers = parse('[tiers]\nnames = ["A", "B"]\nshares = [0.1, 0.9]\n[tiers.treatment.B]\npriority = 7').tiers
    assert tiers.treatment_of("A").priority == 0
    assert tiers.treatment_of("B").priority == 7


def test_names_are_unique_and_a_queues_site_is_known() -> None:
    message = refusal('[[sites]]\nname = "leeds"\n[[queues]]\nname = "a"\nsite = "leds"\n[[queues]]\nname = "a"')
    assert '[[queues]]: "a" stands twice' in message
    assert 'no site is called "leds"; the nearest is "leeds"' in message
    assert '[[actions]]: "call_back" stands twice' in refusal(ACTION + ACTION)


# Actions


def test_an_action_has_its_limits_in_numbers() -> None:
    action = parse(ACTION + 'at_most = "2 per 36 hours"').actions[0]
    assert (action.at_most_count, action.at_most_s) == (2, 129_600)
    assert parse(ACTION + 'at_most = "1 per 90 days"').actions[0].at_most_s == 90 * 86_400
    assert parse(ACTION).actions[0].at_most_s is None
    assert action.label.text("zh") == "Call back"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('at_most = "often"', 'is written "1 per 90 days"'),
        ("valid_from = 2026-02-01\nvalid_to = 2026-02-01", "valid_to (2026-02-01, not included) should be after"),
        ('eligible_when = "churn >="', "is not SQL"),
        ('eligible_when = "true; drop table core.contacts"', "should be one condition"),
        ('eligible_when = "1"', "should be one condition"),
        ('eligible_when = ""', "should be one condition"),
        ('eligible_when = "a in (select 1)"', "may only compare columns and values, without"),
        ('eligible_when = "sum(a) > 1"', "without SUM(a)"),
        ("eligible_when = \"read_text('/etc/passwd') = 'x'\"", "may only compare columns and values"),
        ('eligible_when = "secret.names.a > 1"', "may only compare columns and values"),
        ('eligible_when = "a > 1 -- or so"', "may only compare columns and values"),
        ("expected_effect = 1.5", "should be less than or equal to 1"),
        ('effect_on = "csat"', "should be 'churn' or 'value'"),
    ],
)
def test_an_action_that_cannot_be_used_is_refused(line: str, expected: str) -> None:
    assert expected in refusal(ACTION + line)


def test_an_action_needs_a_code_and_a_label_in_some_language() -> None:
    message = refusal('[[actions]]\nid = "none"\nlabel = {}')
    assert 'not "none"' in message
    assert "needs a language" in message


def test_the_columns_of_a_condition_are_found() -> None:
    condition = "(churn_probability >= 0.3 or tier in ('A', 'B')) and not coalesce(marketing_opt_out, false)"
    assert condition_columns(condition) == {"churn_probability", "tier", "marketing_opt_out"}


def test_a_condition_on_an_unknown_column_is_refused_with_the_nearest() -> None:
    settings = parse(ACTION + 'eligible_when = "churn_probabilty >= 0.3 and zz"')
    check_actions(settings, ["churn_probabilty", "zz"])
    with pytest.raises(SettingsError) as caught:
        check_actions(settings, ["churn_probability", "tier"], Path("h/callwright.toml"))
    assert str(caught.value).startswith("h/callwright.toml has conditions that cannot be used:")
    assert (
        '("call_back"), eligible_when: a customer has no column "churn_probabilty"; the nearest is "churn_probability"'
        in (str(caught.value))
    )
    assert 'no column "zz"' in str(caught.value)


# Sources


def test_the_known_sources_are_those_of_the_design() -> None:
    assert BUILT_IN_SOURCES == (
        "asterisk_queue_log",
        "asterisk_cdr",
        "asterisk_cel",
        "freeswitch_cdr",
        "genesys_conversations",
        "amazon_connect_contacts",
        "twilio_taskrouter",  # beyond design.md
        "crm_customers",
        "crm_orders",
        "crm_cases",
        "surveys",
        "campaign_attempts",
        "agents",
        "schedules",
        "action_outcomes",
    )
    assert tuple(Settings().sources) == BUILT_IN_SOURCES


def test_a_custom_source_stands_beside_the_built_in_ones(home: Path) -> None:
    text = BANK + 'options = { delimiter = "\\t", names = ["a", "b"] }\ntypes = { q_time = "BIGINT" }\n'
    settings = parse(text + '[sources.asterisk_cdr]\ntimezone = "UTC"\ninbound_contexts = ["trunk"]', home)
    bank = settings.sources.custom["bank"]
    assert (bank.kind, bank.format, bank.sql, bank.types) == ("calls", "csv", "bank.sql", {"q_time": "BIGINT"})
    assert bank.options == {"delimiter": "\t", "names": ["a", "b"]}
    assert "bank" in settings.sources
    assert "bnk" not in settings.sources
    assert [name for name in settings.sources if name not in BUILT_IN_SOURCES] == ["bank"]
    assert settings.timezone_of("bank") == "Europe/London"
    assert settings.timezone_of("asterisk_cdr") == "UTC"
    assert settings.sources.asterisk_cdr.inbound_contexts == ("trunk",)


def test_types_may_stand_beside_the_options_or_among_them(home: Path) -> None:
    beside = parse(BANK + 'options = { skip = 1 }\ntypes = { a = "BIGINT" }', home)
    among = parse(BANK + 'options = { skip = 1, types = { a = "BIGINT" } }', home)
    assert among == beside
    assert among.sources.custom["bank"].types == {"a": "BIGINT"}


def test_a_custom_source_may_not_take_the_name_of_a_built_in_one(home: Path) -> None:
    message = refusal(BANK.replace("bank]", "surveys]"), home)
    assert "has 1 mistake" in message
    assert "[sources.surveys]: this is the name of a built-in source" in message
    assert "give the custom source another name" in message


def test_a_misspelt_built_in_source_is_told_apart_from_a_custom_one() -> None:
    message = refusal('[sources.asterisk_cdrs]\ntimezone = "UTC"')
    assert 'sql: is missing; add it, or correct the name: "asterisk_cdr" is a built-in source' in message


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("bank.sql", "bnk.sql"), 'there is no file "bnk.sql"'),
        (("bank.sql", "../bank.sql"), "should be a file in the home"),
        (("bank.sql", "."), 'there is no file "."'),
        (('"calls"', '"call"'), "kind: should be 'calls', 'customers'"),
        (('"csv"', '"tsv"'), "format: should be 'csv', 'parquet', 'xlsx' or 'jsonl', not \"tsv\""),
        (("[sources.bank]", '[sources."My bank"]'), 'small letters, digits and _, not "My bank"'),
        (('sql = "bank.sql"', ""), "[sources.bank] sql: is missing; add it"),
        (('"csv"', '"csv"\ntypes = {}\noptions = { types = { a = "BIGINT" } }'), "types stand twice"),
    ],
)
def test_a_custom_source_that_cannot_work_is_refused(home: Path, change: tuple[str, str], expected: str) -> None:
    assert expected in refusal(BANK.replace(*change), home)


# What SQL sees


class warehouse:  # noqa: N801  # reads as a function
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __enter__(self) -> duckdb.DuckDBPyConnection:
        self.connection = duckdb.connect()
        self.connection.execute("create schema settings")
        for table, rows in settings_tables(self.settings).items():
            columns = SETTINGS_SCHEMAS[table]
            declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            self.connection.execute(f"create table settings.{table} ({declared})")
            for row in rows:
                marks = ", ".join("?" * len(columns))
                values: list[Any] = [row[name] for name in columns]
                self.connection.execute(f"insert into settings.{table} values ({marks})", values)
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def test_every_table_has_exactly_its_declared_columns(home: Path) -> None:
    (home / "sources").mkdir()
    (home / "sources/bank.sql").write_text("select 1 from input")
    tables = settings_tables(parse(uncommented_template(), home))
    assert tables.keys() == SETTINGS_SCHEMAS.keys()
    for table, rows in tables.items():
        assert rows, table
        assert all(row.keys() == SETTINGS_SCHEMAS[table].keys() for row in rows), table


def test_empty_lists_still_make_typed_tables() -> None:
    with warehouse(Settings()) as connection:
        assert connection.execute("select count(*) from settings.actions").fetchall() == [(0,)]
        kinds = connection.execute(
            "select data_type from duckdb_columns() where table_name = 'actions' and column_name = 'valid_to'"
        ).fetchall()
    assert kinds == [("DATE",)]


def test_units_are_the_houses(home: Path) -> None:
    text = '[centre]\ncurrency = "EUR"\n[costs]\nattribution_days = 2\n[models.churn]\nhorizon_days = 30\n' + BANK
    tables = settings_tables(parse(text, home))
    assert tables["costs"][0]["attribution_s"] == 172_800
    assert tables["costs"][0]["currency"] == "EUR"
    assert tables["churn"] == [{"horizon_s": 2_592_000.0, "cutoff_count": 6, "label": "no_purchase"}]
    assert tables["sources"][-1] == {
        "source": "bank",
        "kind": "calls",
        "timezone": "Europe/London",
        "is_custom": True,
    }
    assert pl.DataFrame(tables["tiers"])["head_start_s"].to_list() == [120, 60, 20, 0]


def test_an_assumption_set_is_named_after_what_it_assumes() -> None:
    def name(text: str) -> str:
        return str(settings_tables(parse(text))["costs"][0]["assumption_set"])

    assert name("").startswith("default-")
    assert name("[costs]\nagent_hour = 25") == name("")
    assert name("[costs]\nagent_hour = 30").startswith("centre-")
    assert name("[costs]\nagent_hour = 30") != name("[costs]\nagent_hour = 31")
    assert name('[centre]\ncurrency = "EUR"') != name("")


# The environment


def test_the_home_is_the_option_else_the_environment_else_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLWRIGHT_HOME", raising=False)
    assert resolve_home(None) == Path("data/home")
    monkeypatch.setenv("CALLWRIGHT_HOME", "")
    assert resolve_home(None) == Path("data/home")
    monkeypatch.setenv("CALLWRIGHT_HOME", "~/centre")
    assert resolve_home(None) == Path("~/centre").expanduser()
    assert resolve_home(Path("other")) == Path("other")
