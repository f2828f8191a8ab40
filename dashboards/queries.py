"""Opening the published file, and what the Overview asks of it, as SQL with bound parameters.

Belongs here: opening a snapshot and asking it; figures come from the same macros the analysts call.
Not here: what the Alerts page asks (alert_queries.py), Streamlit, caching, words on the screen, drawing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from dashboards.logs import log

# The cards by the sums that they are made of: each statement costs its planning, whatever it answers.
CARDS = {
    "kpi_queue_metrics($from_date, $to_date, by := 'total')": {
        "service_level": "sl_as_agreed", "abandonment": "abandonment_all", "asa": "asa", "aht": "aht",
    },
    "kpi_survey_metrics($from_date, $to_date, by := 'total', survey_kind := 'csat')": {"csat": "csat", "dsat": "dsat"},
    "kpi_survey_metrics($from_date, $to_date, by := 'total', survey_kind := 'nps')": {"nps": "nps"},
    "kpi_repeat_metrics($from_date, $to_date, by := 'total', window_length := '7d')": {"fcr": "fcr_7d"},
    "kpi_money_metrics($from_date, $to_date, by := 'total')": {
        "cost_per_contact": "cost_per_contact", "contribution": "contribution",
    },
}  # fmt: skip
WITH_INTERVAL = ("csat", "dsat", "fcr")  # their 95 % interval is shown
BESIDE = {"csat": "sent_count, answered_count", "nps": "sent_count, answered_count", "fcr": "immature_count",
          "contribution": "assumption_sets"}  # fmt: skip
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
    catalogue: dict[str, Metric] = field(default_factory=dict)

    def metric(self, name: str, agreed: tuple[str, ...] = ()) -> Metric:
        """Return the metric that a card of this name shows: of the service level, the variant agreed for all queues."""
        if name == "service_level":
            name = agreed[0] if len(agreed) == 1 else "sl_as_agreed"
        return self.catalogue[name]


@dataclass(frozen=True)
class Figure:
    """One metric over one group: `value` is None where the metric does not apply (nothing to divide by)."""

    value: float | None
    n: int
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
    service_level_variants: tuple[str, ...] = ()
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
    connection.execute("set global timezone = 'UTC'")  # of its cursors, too
    return connection


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, **values: Any) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, values or None)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def known_or_none(connection: duckdb.DuckDBPyConnection, sql: str, **values: Any) -> list[dict[str, Any]] | None:
    """Ask what a file of an older version, or of the first publish, may not have: None if it has not."""
    try:
        return _rows(connection, sql, **values)
    except (duckdb.CatalogException, duckdb.BinderException) as error:  # a table or macro; a column
        log.warning("not in this file: %s", error)
        return None


def known(connection: duckdb.DuckDBPyConnection, sql: str, **values: Any) -> list[dict[str, Any]]:
    """Ask what a file may not have: it then answers nothing."""
    return known_or_none(connection, sql, **values) or []


def publication(connection: duckdb.DuckDBPyConnection, path: str) -> Publication:
    """Return the header facts; a file without meta.publish is named after its file."""
    facts: dict[str, Any] = {"snapshot": Path(path).stem, "data_through_at": None, "last_date": None,
                             "checks_passed_count": 0, "checks_failed_count": 0}  # fmt: skip
    sql = """
        select
            snapshot,
            data_through_at,
            coalesce(checks_passed_count, 0) as checks_passed_count,
            coalesce(checks_failed_count, 0) as checks_failed_count
        from meta.publish order by published_at desc limit 1
    """
    facts |= first(known(connection, sql))
    sql = "select name as centre, timezone, currency, minimum_n from meta.centre limit 1"
    facts |= {name: value for name, value in first(known(connection, sql)).items() if value is not None}
    facts |= first(known(connection, "select max(business_date) as last_date from kpi.queue_day"))
    facts["catalogue"] = _catalogue(connection)
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
    for row in known(connection, sql):
        metric = Metric(
            row["unit"], row["good_direction"], row["is_total"], row["basis"],
            {"en": row["short_label_en"], "zh": row["short_label_zh"]},
            {"en": row["meaning_en"], "zh": row["meaning_zh"]},
        )  # fmt: skip
        found[row["metric"]] = metric
        if row["is_default"]:
            found[row["macro"]] = metric
    return found


def first(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the first row, an empty one if there is none."""
    return rows[0] if rows else {}


def overview(connection: duckdb.DuckDBPyConnection, period: Period, prior: Period | None) -> Overview:
    """Ask everything the Overview shows.

    Args:
        connection: from `connect`.
        period: the business dates shown.
        prior: the dates compared with, None for no comparison.
    """
    figures, beside = _figures(connection, period, is_prior=False)
    points, is_by_interval = _points(connection, period)
    target = first(_targets(connection, period, ["*"]))
    surveys = {name: row for name, row in beside.items() if "sent_count" in row}
    return Overview(
        figures=figures,
        prior_figures=_figures(connection, prior, is_prior=True)[0] if prior else {},
        surveys={name: Surveys(row["sent_count"] or 0, row["answered_count"] or 0) for name, row in surveys.items()},
        immature_count=beside.get("fcr", {}).get("immature_count") or 0,
        assumption_sets=beside.get("contribution", {}).get("assumption_sets"),
        target_rate=target.get("sl_target_rate"),
        threshold_s=target.get("sl_threshold_s"),
        service_level_variants=_variants(connection, period),
        is_by_interval=is_by_interval,
        points=points,
        queues=_queues(connection, period),
        tiers=_tiers(connection),
    )


def _figures(
    connection: duckdb.DuckDBPyConnection, period: Period, *, is_prior: bool
) -> tuple[dict[str, Figure], dict[str, dict[str, Any]]]:
    """Return the cards' figures, and by card what stands beside them; of the prior period the bare figures."""
    figures: dict[str, Figure] = {}
    beside: dict[str, dict[str, Any]] = {}
    for source, cards in CARDS.items():
        asked = [f"{metric} as {name}, {metric}_n as {name}_n" for name, metric in cards.items()]
        told = {} if is_prior else {name: BESIDE[name] for name in cards if name in BESIDE}
        asked += told.values()
        asked += [_interval(name, cards[name]) for name in cards if name in WITH_INTERVAL and not is_prior]
        row = first(known(connection, f"select {', '.join(asked)} from {source}", **dates(period)))
        for name in cards if row else ():
            ends = (row.get(f"{name}_{end}") for end in ("low", "high"))
            figures[name] = Figure(row[name], row[f"{name}_n"] or 0, *ends)
            beside[name] = {column: row[column] for column in told.get(name, "").split(", ") if column}
    return figures, beside


def _interval(name: str, metric: str) -> str:
    """Return the ends of the 95 % interval of a share of its n."""
    parts = f"({metric} * {metric}_n, {metric}_n)"
    return ", ".join(
        f"case when {metric}_n > 0 then wilson_{end}{parts} end as {name}_{end}" for end in ("low", "high")
    )


def dates(period: Period) -> dict[str, date]:
    """Return the period as the parameters of a question."""
    return {"from_date": period.from_date, "to_date": period.to_date}


def _variants(connection: duckdb.DuckDBPyConnection, period: Period) -> tuple[str, ...]:
    sql = """
        select distinct service_level_variant from kpi.queue_day
        where business_date between $from_date and $to_date and service_level_variant is not null
        order by service_level_variant
    """
    return tuple(row["service_level_variant"] for row in known(connection, sql, **dates(period)))


def _points(connection: duckdb.DuckDBPyConnection, period: Period) -> tuple[tuple[TimePoint, ...], bool]:
    sql = """
        select count(distinct business_date) as days from kpi.queue_day
        where business_date between $from_date and $to_date
    """
    is_by_interval = first(known(connection, sql, **dates(period))).get("days", 3) <= INTERVAL_DAYS_MAX
    sql = """
        select
            group_value,
            offered_count,
            answered_count,
            abandoned_count,
            sl_as_agreed as service_level,
            coalesce(sl_as_agreed_n, 0) as judged_count
        from kpi_queue_metrics($from_date, $to_date, by := $by)
        where group_value is not null
        order by group_value
    """
    by = "interval" if is_by_interval else "business_date"
    return tuple(TimePoint(**row) for row in known(connection, sql, **dates(period), by=by)), is_by_interval


def _queues(connection: duckdb.DuckDBPyConnection, period: Period) -> tuple[QueueRow, ...]:
    sql = f"""
        select
            group_value,
            {", ".join(f"{outcome}_count" for outcome in OUTCOMES)},
            offered_count,
            blocked_count,
            sl_as_agreed as service_level,
            coalesce(sl_as_agreed_n, 0) as judged_count,
            abandonment_all as abandonment,
            asa as asa_s,
            aht as aht_s
        from kpi_queue_metrics($from_date, $to_date, by := 'queue')
        where group_value is not null
        order by offered_count desc, group_value
    """
    rows = known(connection, sql, **dates(period))
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
    return known(connection, sql, queues=list(queues), to_date=period.to_date)


def _tiers(connection: duckdb.DuckDBPyConnection) -> tuple[TierRow, ...]:
    sql = """
        select
            tier,
            source,
            model_version,
            customer_count
        from ml.tier_mix
        order by max(priority) over (partition by tier) desc nulls last, tier, source, model_version
    """
    return tuple(TierRow(**row) for row in known(connection, sql))
