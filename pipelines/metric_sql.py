"""The SQL that the catalogue of metrics stands for: table macros over any dates, views with the ratios of each row, and
the sums of what is watched.

Belongs here: the text of macros, views and that table. Does not belong here: what a metric is (metrics.py), the sums
that they are made of (sql/macros/kpi_*_sums.sql), running any of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache

import sqlglot
from sqlglot import exp

from pipelines.metrics import SERIES, Catalogue, Metric, Sums, load_catalogue

BY = '"by"'


def macro_texts(catalogue: Catalogue | None = None) -> dict[str, str]:
    """The macros that the catalogue stands for, by name.

    kpi_<macro> and kpi answer one metric, kpi_<sums>_metrics all ratios of one kind of sums. Of a metric whose variant
    a row names there are two scalar macros, of the columns of the row: its sums call them.
    """
    catalogue = catalogue or load_catalogue()
    texts = {f"kpi_{macro}": _macro_text(macro, variants) for macro, variants in catalogue.macros.items()}
    for metric in catalogue.metrics.values():
        if metric.chosen_by:
            for part in ("numerator", "denominator"):
                texts[f"{metric.id}_{part}"] = _part_text(catalogue, metric, part)
    for sums in catalogue.sums.values():
        if sums.tables:
            texts[f"kpi_{sums.id}_metrics"] = _wide_text(catalogue, sums)
    return {**texts, "kpi_metric_id": _id_text(catalogue), "kpi": _any_text(catalogue)}


def view_text(catalogue: Catalogue, sums: Sums, columns: Mapping[str, str], purpose: str, grain: str) -> str:
    """A file of sql/kpi as one would write it: a table of sums with the ratios of each row.

    Args:
        catalogue: Whose metrics.
        sums: The kind of sums.
        columns: The table's columns with their descriptions, of which the first entry is the table itself.
        purpose: What the table is.
        grain: What one of its rows is.
    """
    (table, _), *rest = columns.items()
    lines = [f"    {name}, -- {text}" for name, text in rest]
    for metric in _computed(catalogue, sums):
        if not metric.chosen_by and not _columns(metric) <= columns.keys():
            continue
        numerator, denominator = (_row_part(catalogue, metric, part) for part in ("numerator", "denominator"))
        value = _narrowed(sums.argument_column, metric, _value(metric, numerator, denominator))
        lines.append(f"    {value} as {metric.id}, -- {metric.label['en']} [unit: {metric.unit}]")
    return "\n".join(
        [
            f"-- {purpose} With the ratios of each row: those of several rows are made of their sums, never averaged.",
            f"-- grain: {grain}",
            "-- owner: team:data",
            "-- materialized: view",
            "select",
            *lines,
            f"from {table}",
            "",
        ]
    )


def watched_text(catalogue: Catalogue, tables: Mapping[str, Collection[str]]) -> str:
    """The file of sql/kpi that holds, day by day, the sums of every metric that is watched.

    Args:
        catalogue: Whose metrics; `watched_by` says which, and by what.
        tables: Columns of the tables of sums, by table.
    """
    dimensions = ["site", "channel", "queue", "tier", "local_hour"]
    selects = []
    for metric in catalogue.metrics.values():
        for series in metric.watched_by:
            wanted = {*SERIES[series], "business_date"} - {"local_hour"}
            table = next(
                f"kpi.{table}"
                for table in metric.sums.tables
                if wanted <= set(tables[f"kpi.{table}"])
                and ("interval_started_at" in tables[f"kpi.{table}"]) == (series == "hour")
            )
            keys = [c if c in SERIES[series] else "null" for c in dimensions]
            selects.append(_watched_select(catalogue, metric, table, "direction" in tables[table], series, keys))
    header = """\
-- The sums of every watched metric, by day and, where it is watched by the hour, by the hour of the local clock.
-- They are rounded to the sixth decimal: added in another order they differ in the last digits.
-- grain: one row per local day, metric, kind of series and its dimensions
-- owner: team:data
select
    business_date, -- Local date
    metric, -- Metric of meta.metrics
    series, -- What is watched: centre, site (and channel), queue, tier (of a queue), hour (of a site and channel)
    site, -- Site
    channel, -- Channel
    queue, -- Queue; null: all of the site and channel
    tier, -- Value tier; null: all
    local_hour, -- Hour of the local clock; null: the whole day
    unit, -- Unit of the value
    good_direction, -- up, down or neither
    label_en, -- Short label of the metric, English
    label_zh, -- Short label of the metric, Chinese
    numerator, -- Numerator of the value, or the value
    denominator, -- Denominator; null: the value has none
from (
"""
    return header + "\n    union all\n".join(selects) + "\n) as watched\n"


def _watched_select(
    catalogue: Catalogue, metric: Metric, table: str, is_directed: bool, series: str, keys: list[str]
) -> str:
    hour = "cast(extract(hour from timezone(getvariable('timezone'), interval_started_at)) as bigint)"
    site, channel, queue, tier, _ = (key if key != "null" else "cast(null as varchar)" for key in keys)
    numerator, denominator = (_summed_part(catalogue, metric, part) for part in ("numerator", "denominator"))
    filters = [f"{metric.sums.argument_column} = {_quoted(metric.argument)}"] if metric.argument else []
    filters += ["direction = 'inbound'"] if is_directed else []
    # What came to no queue, or has no tier, is no series of its own.
    filters += [f"{key} is not null" for key in keys[2:4] if key != "null"]
    hours = hour if series == "hour" else "cast(null as bigint)"
    en, zh = (_quoted((metric.short or metric.label)[language]) for language in ("en", "zh"))
    where = f"    where {' and '.join(filters)}\n" if filters else ""
    return f"""\
    select
        business_date, {_quoted(metric.id)} as metric, {_quoted(series)} as series, {site} as site,
        {channel} as channel, {queue} as queue, {tier} as tier, {hours} as local_hour, {_quoted(metric.unit)} as unit,
        {_quoted(metric.good)} as good_direction, {en} as label_en, {zh} as label_zh,
        round(cast({numerator} as double), 6) as numerator, round(cast({denominator} as double), 6) as denominator,
    from {table}
{where}    group by 1, 4, 5, 6, 7, 8"""


def _summed_part(catalogue: Catalogue, metric: Metric, part: str) -> str:
    """A formula over the sums of the rows' columns; where each row names its variant, the sum over the rows.

    Of an amount an unknown part of a day is none, so that its days add up to the amount of a month.
    """
    if metric.chosen_by:
        return f"sum({_chosen(catalogue, metric, part)})"
    formula = getattr(metric, part)
    if formula is None:
        return "null"

    def summed(node: exp.Expression) -> exp.Expression:
        if not isinstance(node, exp.Column):
            return node
        total = exp.Sum(this=node.copy())
        return exp.Coalesce(this=total, expressions=[exp.Literal.number(0)]) if metric.unit == "amount" else total

    return (
        sqlglot.parse_one(formula, read="duckdb").transform(summed).sql(dialect="duckdb", normalize_functions="lower")
    )


def _computed(catalogue: Catalogue, sums: Sums) -> list[Metric]:
    """The metrics of some sums that are not just a column of them."""
    return [
        m for m in catalogue.metrics.values() if m.sums == sums and (m.denominator or not m.numerator.isidentifier())
    ]


def _wide_text(catalogue: Catalogue, sums: Sums) -> str:
    """kpi_<sums>_metrics(): the sums and every ratio of them, with its n, a row a group."""
    metrics = _computed(catalogue, sums)
    columns = []
    for metric in metrics:
        value = _narrowed(sums.argument, metric, _value(metric, metric.numerator, metric.denominator))
        n = _narrowed(sums.argument, metric, f"cast({metric.observed} as bigint)")
        columns += [f"    {value} as {metric.id}", f"    {n} as {metric.id}_n"]
    first = next((m.argument for m in metrics if m.argument), None)
    argument = f", {sums.argument} := {_quoted(first)}" if sums.argument else ""
    listed = ",\n".join(columns)
    comment = f"Every ratio of {sums.of}, with its n, and the sums: " + ", ".join(m.id for m in metrics)
    return (
        f"create or replace macro kpi_{sums.id}_metrics(from_date, to_date, \"by\" := '{sums.by}'{argument}) as table\n"
        f"select\n    sums.*,\n{listed}\nfrom {_call(sums, BY, sums.argument)} as sums;\n"
        f"comment on macro table kpi_{sums.id}_metrics is {_quoted(comment)};"
    )


def _narrowed(argument: str | None, metric: Metric, value: str) -> str:
    """Null where the sums are narrowed to something else than the metric."""
    if metric.argument is None:
        return value
    return f"case when {argument} = {_quoted(metric.argument)} then {value} end"


def _value(metric: Metric, numerator: str | None, denominator: str | None) -> str:
    scale = f"{metric.scale} * " if metric.scale != 1 else ""
    return f"{scale}cast({numerator} as double)" + (f" / nullif({denominator}, 0)" if denominator else "")


def _row_part(catalogue: Catalogue, metric: Metric, part: str) -> str | None:
    """A formula over the columns of a row."""
    found: str | None = _chosen(catalogue, metric, part) if metric.chosen_by else getattr(metric, part)
    return found


def _chosen(catalogue: Catalogue, metric: Metric, part: str) -> str:
    """The formula of whichever variant a row names."""
    variants = [v for v in catalogue.variants(metric) if not v.chosen_by]
    return _case(metric.chosen_by or "", {v.id: getattr(v, part) for v in variants})


def _part_text(catalogue: Catalogue, metric: Metric, part: str) -> str:
    """A scalar macro of the columns of a row, each given by its name: column := column."""
    name, formula = f"{metric.id}_{part}", _chosen(catalogue, metric, part)
    columns = sorted({c.name for c in sqlglot.parse_one(formula, read="duckdb").find_all(exp.Column)})
    comment = f"The {part} of {metric.id} in one row of sums, which names its variant"
    return (
        f"create or replace macro {name}({', '.join(f'{c} := null' for c in columns)}) as {formula};\n"
        f"comment on macro {name} is {_quoted(comment)};"
    )


def _macro_text(macro: str, variants: list[Metric]) -> str:
    first = variants[0]
    known = ", ".join(v.id for v in variants)
    unknown = f"error(concat('unknown variant := ', variant, '; kpi_{macro} knows {known}'))"
    sums = _from(variants, _case("variant", {v.id: _quoted(v.argument) for v in variants if v.argument}))
    told = " ".join(f"{v.id}: {v.meaning['en']}" for v in variants) if len(variants) > 1 else first.meaning["en"]
    comment = f"{first.label['en']} ({first.unit}). {told}"
    return (
        f"create or replace macro kpi_{macro}(from_date, to_date, \"by\" := '{first.sums.by}',"
        f" variant := '{first.id}') as table\n"
        f"{_select('variant', variants, sums, unknown)};\n"
        f"comment on macro table kpi_{macro} is {_quoted(comment)};"
    )


def _any_text(catalogue: Catalogue) -> str:
    """kpi(): one select for each kind of sums, of which all but one ask nothing."""
    chosen = "kpi_metric_id(metric)"
    selects = []
    for sums in catalogue.sums.values():
        own = [m for m in catalogue.metrics.values() if m.sums == sums]
        guests = [(m, grain) for m in catalogue.metrics.values() for grain, s in m.sums_by.items() if s == sums]
        others = {grain for m in own for grain in m.sums_by}
        argument = _case(chosen, {m.id: _quoted(m.argument) for m in own if m.argument})
        if own:
            ids = ", ".join(_quoted(m.id) for m in own)
            elsewhere = " or ".join(
                f"(\"by\" = '{grain}' and {chosen} in ({_ids(m for m in own if grain in m.sums_by)}))"
                for grain in sorted(others)
            )
            where = f"{chosen} in ({ids})" + (f" and not ({elsewhere})" if elsewhere else "")
            selects.append(_select(chosen, own, _call(sums, BY, argument), None, where))
        for grain in sorted({grain for _, grain in guests}):
            visiting = [m for m, g in guests if g == grain]
            where = f"\"by\" = '{grain}' and {chosen} in ({_ids(visiting)})"
            argument = _case(chosen, {m.id: _quoted(m.argument) for m in visiting if m.argument})
            selects.append(_select(chosen, visiting, _call(sums, f"'{grain}'", argument), None, where))
    names = ", ".join([*catalogue.macros, *(m for m in catalogue.metrics if m not in catalogue.macros)])
    selects.append(
        f"select error(concat('unknown metric ', metric, '; there are {names}')), null, null, null, null"
        f"\nwhere {chosen} not in ({_ids(catalogue.metrics.values())})"
    )
    return (
        "create or replace macro kpi(metric, from_date, to_date, \"by\" := 'queue') as table\n"
        + "\nunion all\n".join(selects)
        + f";\ncomment on macro table kpi is {_quoted(f'Any metric by its name, or by that of its macro: {names}')};"
    )


def _id_text(catalogue: Catalogue) -> str:
    defaults = {macro: _quoted(variants[0].id) for macro, variants in catalogue.macros.items()}
    named = {macro: metric for macro, metric in defaults.items() if metric != _quoted(macro)}
    return (
        f"create or replace macro kpi_metric_id(metric) as {_case('metric', named, 'metric')};\n"
        "comment on macro kpi_metric_id is 'The metric that a name stands for: its own, or the default of the macro';"
    )


def _select(chosen: str, metrics: list[Metric], source: str, unknown: str | None, where: str | None = None) -> str:
    """The answer's five columns for whichever of the metrics is chosen."""
    ratios = [m for m in metrics if m.denominator is not None]
    scales = _case(chosen, {m.id: str(m.scale) for m in metrics if m.scale != 1})
    scale = f"coalesce({scales}, 1) * " if scales else ""
    value = f"{scale}numerator / nullif(denominator, 0)"
    if len(ratios) < len(metrics):
        value = f"case when {chosen} in ({_ids(ratios)}) then {value} else numerator end" if ratios else "numerator"
    numerator = _case(chosen, {m.id: m.numerator for m in metrics}, unknown)
    denominator = _case(chosen, {m.id: m.denominator for m in metrics if m.denominator}) or "null"
    n = _case(chosen, {m.id: m.observed for m in metrics})
    return (
        f"select group_value, numerator, denominator, {value} as value, n\nfrom (\n    select\n        group_value,\n"
        f"        cast({numerator} as double) as numerator,\n        cast({denominator} as double) as denominator,\n"
        f"        cast({n} as bigint) as n\n    from {source}\n"
        + (f"    where {where}\n" if where else "")
        + ") as parts"
    )


def _from(variants: list[Metric], argument: str) -> str:
    """The sums of a macro's metrics, from wherever the grain has them."""
    metric = variants[0]
    if not metric.sums_by:
        return _call(metric.sums, '"by"', argument)
    columns = ", ".join(["group_value", *sorted(set().union(*map(_columns, variants)))])
    elsewhere = ", ".join(_quoted(grain) for grain in metric.sums_by)
    own = _call(metric.sums, f'case when "by" in ({elsewhere}) then \'total\' else "by" end', argument)
    selects = [f'select {columns} from {own} where "by" not in ({elsewhere})']
    for grain, sums in metric.sums_by.items():
        selects.append(f"select {columns} from {_call(sums, _quoted(grain), argument)} where \"by\" = '{grain}'")
    return f"({' union all '.join(selects)}) as sums"


def _columns(metric: Metric) -> set[str]:
    return {name for f in (metric.numerator, metric.denominator, metric.n) if f for name in _columns_of(f)}


@cache
def _columns_of(formula: str) -> frozenset[str]:
    return frozenset(column.name for column in sqlglot.parse_one(formula, read="duckdb").find_all(exp.Column))


def _call(sums: Sums, by: str, argument: str | None) -> str:
    return f"{sums.macro}(from_date, to_date, {by}{f', {argument}' if argument else ''})"


def _case(chosen: str, values: Mapping[str, str], otherwise: str | None = None) -> str:
    if not values:
        return ""
    whens = " ".join(f"when '{name}' then {value}" for name, value in values.items())
    return f"case {chosen} {whens}{f' else {otherwise}' if otherwise else ''} end"


def _ids(metrics: Iterable[Metric]) -> str:
    return ", ".join(_quoted(m.id) for m in metrics)


def _quoted(text: str | None) -> str:
    return "null" if text is None else "'" + text.replace("'", "''") + "'"
