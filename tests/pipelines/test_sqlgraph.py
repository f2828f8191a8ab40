from __future__ import annotations

import pytest

from pipelines.sqlgraph import SQL_FOLDER, SqlError, column_lineage, in_order, load_macros, load_models

VISITS = """\
-- Visits that were answered,
-- whoever answered.
-- grain: one row per visit
-- owner: team:ops
-- window: entered_at
with answered as (
    select visit, agent, entered_at, talk_s as seconds -- not a description
    from staging.calls
    where outcome = 'answered'
)

select
    a.visit as visit_key, -- Key of the visit
    a.agent, -- Who answered [pii]
    case
        when a.seconds < 0 then null -- not a description either
        else a.seconds + t.extra_s
    end as talk_s, -- Talk, with `--` in it [unit: s]
    a.entered_at, -- When it entered
    getvariable('timezone') as zone, -- Zone
    count(*) as "row_count" -- Rows
from answered as a
left join settings.targets as t on true
group by all
"""


@pytest.fixture
def sql(tmp_path):
    def write(name: str, text: str):
        path = tmp_path / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def visits(sql):
    return load_models(sql("core/visits", VISITS))["core.visits"]


def test_header_is_read(visits):
    assert visits.purpose == "Visits that were answered, whoever answered."
    assert (visits.grain, visits.owner, visits.window) == ("one row per visit", "team:ops", "entered_at")
    assert visits.description == "Visits that were answered, whoever answered. Grain: one row per visit"


def test_columns_carry_the_last_comment_of_their_own_lines(visits):
    assert [(c.name, c.description, dict(c.tags)) for c in visits.columns] == [
        ("visit_key", "Key of the visit", {}),
        ("agent", "Who answered", {"pii": "yes"}),
        ("talk_s", "Talk, with `--` in it", {"unit": "s"}),
        ("entered_at", "When it entered", {}),
        ("zone", "Zone", {}),
        ("row_count", "Rows", {}),
    ]


def test_dependencies_are_tables_and_not_ctes(visits):
    assert visits.dependencies == ("settings.targets", "staging.calls")
    assert visits.variables == ("timezone",)


def test_table_in_a_subquery_or_a_union_is_a_dependency(sql):
    text = "-- P.\n-- grain: x\nselect a -- A\nfrom core.b\nwhere a in (select a from kpi.c)\n"
    text += "union all\nselect a from meta.d\n"
    assert load_models(sql("core/u", text))["core.u"].dependencies == ("core.b", "kpi.c", "meta.d")


def test_cte_may_have_the_name_of_a_table_of_another_schema(sql):
    text = "-- P.\n-- grain: x\nwith calls as (select a from staging.calls)\n\nselect\n    a, -- A\nfrom calls\n"
    assert load_models(sql("core/u", text))["core.u"].dependencies == ("staging.calls",)


def test_name_with_an_underscore_in_front_is_not_published(sql):
    text = "-- P.\n-- grain: x\nselect\n    1 as a, -- A\nfrom core.b\n"
    sql("core/_step", text)
    sql("staging/calls", text)
    models = load_models(sql("core/fact", text))
    assert [m.table for m in models.values() if m.is_published] == ["core.fact"]


@pytest.mark.parametrize(
    "text",
    ["select 1; select 2", "create table x as select 1", "select from where"],
    ids=["two", "not a query", "broken"],
)
def test_file_that_is_not_one_select_is_refused_by_name(sql, text):
    model = load_models(sql("core/wrong", f"-- P.\n-- grain: x\n{text}\n"))["core.wrong"]
    with pytest.raises(SqlError, match=r"core/wrong\.sql"):
        _ = model.dependencies


def test_order_puts_what_is_read_first_and_is_the_same_whatever_the_input_order():
    needs = {"c": ["b"], "b": ["a"], "a": [], "d": ["a", "c"]}
    assert in_order(needs) == in_order(dict(reversed(needs.items()))) == ["a", "b", "c", "d"]


def test_circle_is_named():
    with pytest.raises(SqlError, match=r"a -> b -> a|b -> a -> b"):
        in_order({"a": ["b"], "b": ["a"]})


def test_macros_come_after_those_they_call(sql):
    sql("macros/a_outer", "create macro a_outer(x) as z_inner(x);")
    found = load_macros(sql("macros/z_inner", "create macro z_inner(x) as x;"))
    assert [text.split("(")[0].split()[-1] for text in found] == ["z_inner", "a_outer"]


def test_lineage_names_source_columns_through_ctes(visits):
    schema = {
        "staging.calls": dict.fromkeys(("visit", "agent", "entered_at", "talk_s", "outcome"), "VARCHAR"),
        "settings.targets": {"extra_s": "DOUBLE"},
    }
    assert column_lineage(visits, schema) == [
        ("agent", "staging.calls", "agent"),
        ("entered_at", "staging.calls", "entered_at"),
        ("talk_s", "settings.targets", "extra_s"),
        ("talk_s", "staging.calls", "talk_s"),
        ("visit_key", "staging.calls", "visit"),
    ]


def test_whole_graph_has_an_order_and_every_internal_dependency_exists():
    models = load_models()
    order = in_order({table: [d for d in m.dependencies if d in models] for table, m in models.items()})
    assert set(order) == set(models)
    made_by_python = {
        "staging.numbers", "staging.customer_keys", "ml._model_metrics", "ml._model_curves", "ml._model_decisions",
        "ml._scores", "ml._score_history", "ml._voice_topics", "ml._voice_comments", "meta._alert_events",
    }  # fmt: skip
    unknown = {
        f"{table} reads {read}"
        for table, model in models.items()
        for read in model.dependencies
        if read.split(".")[0] not in ("raw", "settings", "build") and read not in models and read not in made_by_python
    }
    assert unknown == set()
    assert all(model.path.is_relative_to(SQL_FOLDER) for model in models.values())


def test_hash_follows_the_text(sql):
    before = load_models(sql("core/visits", VISITS))["core.visits"].sql_hash
    assert load_models(sql("core/visits", VISITS))["core.visits"].sql_hash == before
    assert load_models(sql("core/visits", VISITS + "-- more\n"))["core.visits"].sql_hash != before
