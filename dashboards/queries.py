"""Every question the pages ask of the published file, as SQL with bound parameters.

Belongs here: opening a snapshot and asking it; figures come from the same macros the analysts call.
Not here: Streamlit, caching, words on the screen, drawing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

METRICS = ("csat", "dsat", "nps", "fcr", "service_level", "abandonment", "asa", "aht",
           "cost_per_contact", "contribution")  # fmt: skip
OUTCOMES = ("answered", "abandoned", "timed_out", "exited_by_key", "exited_empty", "withdrawn", "open")
INTERVAL_DAYS_MAX = 2  # a range with data on this many days or fewer is drawn by interval


@dataclass(frozen=True)
class Period:
    """Business dates, both ends included."""

    from_date: date
    to_date: date

    @property
    def days(self) -> int:
        """Number of calendar days."""
        return (self.to_date - self.from_date).days + 1

    def prior(self) -> Period:
        """Return the period of the same length that ends the day before this one."""
        end = self.from_date - timedelta(days=1)
        return Period(end - timedelta(days=self.days - 1), end)


@dataclass(frozen=True)
class Metric:
    """What the published catalogue says of a metric; label and meaning by language, en or zh.

    `is_total`: the value is a sum. good: up, down or neither. basis: measured, attributed or modelled.
    """

    unit: str
    good: str
    is_total: bool
    basis: str
    label: dict[str, str]
    meaning: dict[str, str]


@dataclass(frozen=True)
class Publication:
    """What the published file says of itself and of its centre; None where it does not say."""

    snapshot: str
    data_through_at: datetime | None
    checks_passed_count: int
    checks_failed_count: int
    last_date: date | None
    centre: str | None = None
    timezone: str = "UTC"
    currency: str | None = None
    minimum_n: int = 30
    service_level_variant: str = "sl_short_abandons_excluded"
    catalogue: dict[str, Metric] = field(default_factory=dict)

    def metric(self, name: str) -> Metric:
        """Return the metric that a card of this name shows: of the service level, the centre's own variant."""
        return self.catalogue[self.service_level_variant if name == "service_level" else name]


@dataclass(frozen=True)
class Figure:
    """One metric over one group: `value` is None where the metric does not apply (nothing to divide by)."""

    value: float | None
    n: int
    numerator: float | None = None
    denominator: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Surveys:
    """Counts of one kind of survey."""

    sent_count: int
    answered_count: int


@dataclass(frozen=True)
class TimePoint:
    """Visits that entered in one interval or on one business date; service_level None = no judged visit."""

    group_value: str
    offered_count: int
    answered_count: int
    abandoned_count: int
    service_level: float | None
    judged_count: int


@dataclass(frozen=True)
class QueueRow:
    """One queue over the period, with its own target; times in seconds, rates 0 to 1."""

    queue: str
    outcomes: dict[str, int]
    offered_count: int
    blocked_count: int
    service_level: float | None
    judged_count: int
    target_rate: float | None
    threshold_s: float | None
    abandonment: float | None
    asa_s: float | None
    aht_s: float | None


@dataclass(frozen=True)
class TierRow:
    """Customers of one value tier by where the score came from (model, rule, default)."""

    tier: str
    source: str
    model_version: str | None
    customer_count: int


@dataclass(frozen=True)
class Overview:
    """All that the Overview shows of one period."""

    figures: dict[str, Figure] = field(default_factory=dict)
    prior_figures: dict[str, Figure] = field(default_factory=dict)
    surveys: dict[str, Surveys] = field(default_factory=dict)
    immature_count: int = 0
    assumption_sets: str | None = None
    target_rate: float | None = None
    threshold_s: float | None = None
    is_by_interval: bool = False
    points: tuple[TimePoint, ...] = ()
    queues: tuple[QueueRow, ...] = ()
    tiers: tuple[TierRow, ...] = ()


def snapshot_path(home: Path) -> str | None:
    """Return the real path of the newest published snapshot of `home`, None before the first publish.

    The link itself is never opened: DuckDB would go on answering from the file it led to before.
    """
    path = os.path.realpath(home / "serve" / "current.duckdb")
    return path if os.path.isfile(path) else None


def connect(path: str) -> duckdb.DuckDBPyConnection:
    """Open one snapshot for reading; the session can reach no file and no network."""
    connection = duckdb.connect(path, read_only=True, config={"enable_external_access": False})
    connection.execute("set timezone = 'UTC'")
    return connection


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, **values: Any) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, values or None)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _has_table(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    sql = """
        select 1 as found from information_schema.tables
        where table_schema = $schema and table_name = $table
    """
    return bool(_rows(connection, sql, schema=schema, table=table))


def _macros(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Return the names of the file's macros; asked once a page, for to list all functions is slower than any figure."""
    sql = "select distinct function_name from duckdb_functions() where not internal"
    return frozenset(row["function_name"] for row in _rows(connection, sql))


def publication(connection: duckdb.DuckDBPyConnection, path: str) -> Publication:
    """Return the header facts; a file without meta.publish is named after its file."""
    facts: dict[str, Any] = {"snapshot": Path(path).stem, "data_through_at": None, "last_date": None,
                             "checks_passed_count": 0, "checks_failed_count": 0}  # fmt: skip
    if _has_table(connection, "meta", "publish"):
        sql = """
            select
                snapshot,
                data_through_at,
                coalesce(checks_passed_count, 0) as checks_passed_count,
                coalesce(checks_failed_count, 0) as checks_failed_count
            from meta.publish order by published_at desc limit 1
        """
        facts |= _first(_rows(connection, sql))
    if _has_table(connection, "meta", "centre"):
        sql = """
            select name as centre, timezone, currency, minimum_n, service_level_variant
            from meta.centre limit 1
        """
        facts |= {name: value for name, value in _first(_rows(connection, sql)).items() if value is not None}
    if _has_table(connection, "meta", "metrics"):
        facts["catalogue"] = _catalogue(connection)
    if _has_table(connection, "kpi", "queue_day"):
        facts |= _first(_rows(connection, "select max(business_date) as last_date from kpi.queue_day"))
    return Publication(**facts)


def _catalogue(connection: duckdb.DuckDBPyConnection) -> dict[str, Metric]:
    """Every metric by its name, and the default one of each macro by the macro's."""
    sql = """
        select
            metric, is_default, replace(macro, 'kpi_', '') as macro, unit, good_direction, is_total, basis,
            short_label_en, short_label_zh, meaning_en, meaning_zh
        from meta.metrics
        order by is_default
    """
    found = {}
    for row in _rows(connection, sql):
        metric = Metric(
            row["unit"], row["good_direction"], row["is_total"], row["basis"],
            {"en": row["short_label_en"], "zh": row["short_label_zh"]},
            {"en": row["meaning_en"], "zh": row["meaning_zh"]},
        )  # fmt: skip
        found[row["metric"]] = metric
        if row["is_default"]:
            found[row["macro"]] = metric
    return found


def _first(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return rows[0] if rows else {}


def overview(connection: duckdb.DuckDBPyConnection, period: Period, prior: Period | None, variant: str) -> Overview:
    """Ask everything the Overview shows.

    Args:
        connection: from `connect`.
        period: the business dates shown.
        prior: the dates compared with, None for no comparison.
        variant: name of the service-level variant.
    """
    macros = _macros(connection)
    points, is_by_interval = _points(connection, macros, period, variant)
    target = _first(_targets(connection, period, ["*"]))
    return Overview(
        figures=_figures(connection, macros, period, variant),
        prior_figures=_figures(connection, macros, prior, variant) if prior else {},
        surveys=_surveys(connection, macros, period),
        immature_count=_immature_count(connection, period),
        assumption_sets=_assumption_sets(connection, macros, period),
        target_rate=target.get("sl_target_rate"),
        threshold_s=target.get("sl_threshold_s"),
        is_by_interval=is_by_interval,
        points=points,
        queues=_queues(connection, macros, period, variant),
        tiers=_tiers(connection),
    )


def _figures(
    connection: duckdb.DuckDBPyConnection, macros: frozenset[str], period: Period, variant: str
) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for metric in METRICS:
        if f"kpi_{metric}" in macros:
            row = _first(_total(connection, metric, period, variant))
            if row:
                figures[metric] = Figure(**row)
    return figures


def _total(connection: duckdb.DuckDBPyConnection, metric: str, period: Period, variant: str) -> list[dict[str, Any]]:
    # The metric's own macro: kpi() holds all of them, and DuckDB plans them all for one.
    values = {"variant": variant} if metric == "service_level" else {}
    source = f"kpi_{metric}($from_date, $to_date, by := 'total'{', variant := $variant' if values else ''})"
    sql = f"""
        select
            value,
            coalesce(n, 0) as n,
            numerator,
            denominator,
            case when numerator between 0 and denominator then wilson_low(numerator, denominator) end as low,
            case when numerator between 0 and denominator then wilson_high(numerator, denominator) end as high
        from {source}
    """
    return _rows(connection, sql, from_date=period.from_date, to_date=period.to_date, **values)


def _surveys(connection: duckdb.DuckDBPyConnection, macros: frozenset[str], period: Period) -> dict[str, Surveys]:
    if "kpi_experience_sums" not in macros:
        return {}
    sql = """
        select coalesce(sent_count, 0) as sent_count, coalesce(answered_count, 0) as answered_count
        from kpi_experience_sums($from_date, $to_date, by := 'total', survey_kind := $kind)
    """
    asked = {
        kind: _rows(connection, sql, from_date=period.from_date, to_date=period.to_date, kind=kind)
        for kind in ("csat", "nps")
    }
    return {kind: Surveys(**rows[0]) for kind, rows in asked.items() if rows}


def _immature_count(connection: duckdb.DuckDBPyConnection, period: Period) -> int:
    if not _has_table(connection, "kpi", "repeat_day"):
        return 0
    sql = """
        select coalesce(sum(immature_count), 0) as immature_count from kpi.repeat_day
        where window_name = '7d' and business_date between $from_date and $to_date
    """
    return int(_rows(connection, sql, from_date=period.from_date, to_date=period.to_date)[0]["immature_count"])


def _assumption_sets(connection: duckdb.DuckDBPyConnection, macros: frozenset[str], period: Period) -> str | None:
    if "kpi_money_sums" not in macros:
        return None
    sql = "select assumption_sets from kpi_money_sums($from_date, $to_date, by := 'total')"
    row = _first(_rows(connection, sql, from_date=period.from_date, to_date=period.to_date))
    return row.get("assumption_sets")


def _points(
    connection: duckdb.DuckDBPyConnection, macros: frozenset[str], period: Period, variant: str
) -> tuple[tuple[TimePoint, ...], bool]:
    if "kpi_queue_sums" not in macros:
        return (), False
    sql = "select count(*) as days from kpi_queue_sums($from_date, $to_date, by := 'business_date')"
    dates = {"from_date": period.from_date, "to_date": period.to_date}
    is_by_interval = _rows(connection, sql, **dates)[0]["days"] <= INTERVAL_DAYS_MAX
    sql = """
        select
            sums.group_value,
            sums.offered_count,
            sums.answered_count,
            sums.abandoned_count,
            level.value as service_level,
            coalesce(level.n, 0) as judged_count
        from kpi_queue_sums($from_date, $to_date, by := $by) as sums
        left join kpi_service_level($from_date, $to_date, by := $by, variant := $variant) as level
            on sums.group_value = level.group_value
        where sums.group_value is not null
        order by sums.group_value
    """
    by = "interval" if is_by_interval else "business_date"
    return tuple(TimePoint(**row) for row in _rows(connection, sql, **dates, by=by, variant=variant)), is_by_interval


def _queues(
    connection: duckdb.DuckDBPyConnection, macros: frozenset[str], period: Period, variant: str
) -> tuple[QueueRow, ...]:
    if "kpi_queue_sums" not in macros:
        return ()
    sql = """
        select
            sums.*,
            level.value as service_level,
            coalesce(level.n, 0) as judged_count,
            abandonment.value as abandonment,
            asa.value as asa_s,
            aht.value as aht_s
        from kpi_queue_sums($from_date, $to_date, by := 'queue') as sums
        left join kpi_service_level($from_date, $to_date, by := 'queue', variant := $variant) as level
            on sums.group_value = level.group_value
        left join kpi_abandonment($from_date, $to_date, by := 'queue') as abandonment
            on sums.group_value = abandonment.group_value
        left join kpi_asa($from_date, $to_date, by := 'queue') as asa on sums.group_value = asa.group_value
        left join kpi_aht($from_date, $to_date, by := 'queue') as aht on sums.group_value = aht.group_value
        where sums.group_value is not null
        order by sums.offered_count desc, sums.group_value
    """
    rows = _rows(connection, sql, from_date=period.from_date, to_date=period.to_date, variant=variant)
    targets = {row["queue"]: row for row in _targets(connection, period, [row["group_value"] for row in rows])}
    return tuple(_queue_row(row, targets.get(row["group_value"], {})) for row in rows)


def _queue_row(row: dict[str, Any], target: dict[str, Any]) -> QueueRow:
    return QueueRow(
        queue=row["group_value"],
        outcomes={outcome: row[f"{outcome}_count"] or 0 for outcome in OUTCOMES},
        offered_count=row["offered_count"] or 0,
        blocked_count=row["blocked_count"] or 0,
        service_level=row["service_level"],
        judged_count=row["judged_count"],
        target_rate=target.get("sl_target_rate"),
        threshold_s=target.get("sl_threshold_s"),
        abandonment=row["abandonment"],
        asa_s=row["asa_s"],
        aht_s=row["aht_s"],
    )


def _targets(connection: duckdb.DuckDBPyConnection, period: Period, queues: Iterable[str]) -> list[dict[str, Any]]:
    """Return the target in force at the end of the period; the last one of the settings that matches wins.

    `*` asks for the target of the centre as a whole.
    """
    if not _has_table(connection, "meta", "targets"):
        return []
    sql = """
        with asked as (
            select unnest($queues::varchar[]) as queue
        ),

        channels as (
            select queue, min(channel) as channel from kpi.queue_day group by queue
        ),

        matching as (
            select
                asked.queue,
                targets.sl_target_rate,
                targets.sl_threshold_s,
                row_number() over (partition by asked.queue order by targets.rank desc) as place
            from asked
            left join channels on asked.queue = channels.queue
            join meta.targets as targets
                on (coalesce(targets.queue, '*') = '*' or targets.queue = asked.queue)
                and (coalesce(targets.channel, '*') = '*' or targets.channel = channels.channel)
                and targets.valid_from <= $to_date
        )

        select queue, sl_target_rate, sl_threshold_s from matching where place = 1
    """
    return _rows(connection, sql, queues=list(queues), to_date=period.to_date)


def _tiers(connection: duckdb.DuckDBPyConnection) -> tuple[TierRow, ...]:
    if not _has_table(connection, "ml", "customer_scores"):
        return ()
    sql = """
        select
            tier,
            source,
            model_version,
            count(*) as customer_count
        from ml.customer_scores
        where tier is not null
        group by tier, source, model_version
        order by max(max(priority)) over (partition by tier) desc nulls last, tier, source, model_version
    """
    return tuple(TierRow(**row) for row in _rows(connection, sql))
