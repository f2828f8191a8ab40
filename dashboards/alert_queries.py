"""What the Alerts page asks of the published file: alerts, and the evidence of each kind of them.

Belongs here: SQL with bound parameters over meta.alerts and the tables that alerts are raised from.
Not here: opening a snapshot (queries.py), Streamlit, words on the screen, drawing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import duckdb

from dashboards.queries import Period, dates, first, known, known_or_none

# How much is shown around an alert.
BEFORE = timedelta(weeks=8)
AFTER = timedelta(weeks=3)
BESIDE_HOURS = timedelta(days=2)
WEEKS_BEFORE = timedelta(weeks=26)
WEEKS_AFTER = timedelta(weeks=12)
MONTHS_BEFORE = 12
MONTHS_AFTER = 3
CAMPAIGNS_MAX = 24

ALERT = """
    select
        cast(alert_key as varchar) as alert_key,
        kind,
        identity,
        raised_date,
        from_date,
        to_date,
        from_hour,
        to_hour,
        metric,
        cast(series_key as varchar) as series_key,
        site,
        subject,
        unit,
        value,
        expected_value,
        deviation,
        n,
        also_count,
        is_open,
        text_en,
        text_zh
    from meta.alerts
"""


@dataclass(frozen=True)
class Alert:
    """One row of meta.alerts; the sentence by language, en or zh.

    identity: a series, month, campaign|arm, version or language|topic. Hours are of the local clock, None = whole days.
    """

    alert_key: str
    kind: str
    identity: str
    raised_date: date
    from_date: date
    to_date: date
    from_hour: int | None
    to_hour: int | None
    metric: str | None
    series_key: str | None
    site: str | None
    subject: str
    unit: str
    value: float | None
    expected_value: float | None
    deviation: float | None
    n: int | None
    also_count: int
    is_open: bool
    text: dict[str, str]


@dataclass(frozen=True)
class Annotation:
    """What happened on some local days, both ends included; site None = everywhere. By language, en or zh."""

    from_date: date
    to_date: date
    site: str | None
    what: dict[str, str]


@dataclass(frozen=True)
class Watch:
    """The alerts of a period, newest first, how much was watched to raise them, and what else is known of the days."""

    alerts: tuple[Alert, ...] = ()
    series_count: int = 0
    point_count: int = 0
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True)
class SeriesPoint:
    """One watched figure beside its limits; local_hour None = a whole day.

    sustained_deviation: standard deviations of the last five points together, None = not known.
    """

    business_date: date
    local_hour: int | None
    value: float
    n: int
    expected_value: float
    low_limit: float
    high_limit: float
    deviation: float
    is_usual: bool
    good_direction: str
    sustained_deviation: float | None = None


@dataclass(frozen=True)
class Series:
    """The points around an alert, and what else happened then."""

    points: tuple[SeriesPoint, ...] = ()
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True)
class MonthPoint:
    """One metric in one month; low and high are the ends of a share's 95 % interval, None where n is not known."""

    month_date: date
    value: float
    low: float | None = None
    high: float | None = None
    deviation: float | None = None


@dataclass(frozen=True)
class Months:
    """Contribution and CSAT by month, the oldest first."""

    contribution: tuple[MonthPoint, ...] = ()
    csat: tuple[MonthPoint, ...] = ()


@dataclass(frozen=True)
class CampaignArm:
    """What an arm of a campaign changed: orders a customer beside those held out, None = not measurable."""

    identity: str
    campaign_id: str
    arm: str
    customer_count: int
    holdout_customer_count: int
    uplift: float | None
    low: float | None
    high: float | None
    verdict: str


@dataclass(frozen=True)
class PolicyWeek:
    """1 / propensity of one version in one week, and what it should average to; is_consistent None = not known."""

    week_date: date
    version: str
    decision_count: int
    value: float
    expected_value: float | None
    is_consistent: bool | None


@dataclass(frozen=True)
class Policy:
    """Weeks of one action (`all`: the number of choices) around an alert."""

    action: str = "all"
    weeks: tuple[PolicyWeek, ...] = field(default=())


@dataclass(frozen=True)
class TopicWeek:
    """One topic's share of a week's comments with its 95 % interval; expected None = too few to tell.

    status: new, rising, usual or too few.
    """

    week_date: date
    comment_count: int
    all_comment_count: int
    value: float
    low: float | None
    high: float | None
    expected: float | None
    status: str


def watch(connection: duckdb.DuckDBPyConnection, period: Period) -> Watch | None:
    """Return the alerts that meet the period, newest first; None for a file that knows no alerts."""
    sql = f"""
        {ALERT}
        where (from_date <= $to_date and to_date >= $from_date) or raised_date between $from_date and $to_date
        order by raised_date desc, abs(deviation) desc, alert_key
    """
    rows = known_or_none(connection, sql, **dates(period))
    if rows is None:
        return None
    sql = """
        select count(distinct series_key) as series_count, count(*) as point_count from kpi.signals
        where business_date between $from_date and $to_date
    """
    counts = first(known(connection, sql, **dates(period)))
    return Watch(tuple(_alert(row) for row in rows), **counts, annotations=_annotations(connection, period, None))


def alert(connection: duckdb.DuckDBPyConnection, alert_key: str) -> Alert | None:
    """Return one alert of any period, None if there is none of this key (a UUID)."""
    row = first(known(connection, f"{ALERT} where alert_key = cast($alert_key as uuid)", alert_key=alert_key))
    return _alert(row) if row else None


def _alert(row: dict[str, Any]) -> Alert:
    text = {language: row.pop(f"text_{language}") for language in ("en", "zh")}
    return Alert(**row | {"also_count": row["also_count"] or 0, "is_open": bool(row["is_open"])}, text=text)


def series(connection: duckdb.DuckDBPyConnection, about: Alert) -> Series:
    """Return the points around an alert of a watched series; of one by hours a few days only."""
    if about.series_key is None:
        return Series()
    is_hourly = about.from_hour is not None
    shown = Period(
        about.from_date - (BESIDE_HOURS if is_hourly else BEFORE),
        about.to_date + (BESIDE_HOURS if is_hourly else AFTER),
    )
    sql = """
        select
            business_date, local_hour, value, coalesce(n, 0) as n, expected_value, low_limit, high_limit, deviation,
            is_usual, good_direction, sustained_deviation
        from kpi.signals
        where series_key = cast($series_key as uuid) and business_date between $from_date and $to_date
        order by business_date, local_hour
    """
    rows = known(connection, sql, series_key=about.series_key, **dates(shown))
    return Series(tuple(SeriesPoint(**row) for row in rows), _annotations(connection, shown, about.site))


def _annotations(connection: duckdb.DuckDBPyConnection, shown: Period, site: str | None) -> tuple[Annotation, ...]:
    sql = """
        select distinct from_date, to_date, site, what_en, what_zh from meta.annotations
        where
            from_date <= $to_date and to_date >= $from_date
            and (site is null or $site::varchar is null or site = $site)
        order by from_date, to_date, site, what_en
    """
    rows = known(connection, sql, site=site, **dates(shown))
    return tuple(
        Annotation(row["from_date"], row["to_date"], row["site"], {"en": row["what_en"], "zh": row["what_zh"]})
        for row in rows
    )


def months(connection: duckdb.DuckDBPyConnection, about: Alert) -> Months:
    """Return contribution and CSAT of the months around an alert, with the one that the first is compared with."""
    sql = """
        with told as (
            select metric, unit, month_date, value, n, deviation from kpi.month_changes
            union all
            select metric, unit, cast(month_date - interval 1 month as date), prior_value, null, null
            from kpi.month_changes
        )

        select
            metric,
            month_date,
            any_value(value) as value,
            any_value(case when unit = 'share' and n > 0 then wilson_low(value * n, n) end) as low,
            any_value(case when unit = 'share' and n > 0 then wilson_high(value * n, n) end) as high,
            any_value(deviation) as deviation
        from told
        where
            metric in ('contribution', 'csat')
            and month_date between $at_date - to_months($before) and $at_date + to_months($after)
        group by metric, month_date
        order by month_date
    """
    rows = known(connection, sql, at_date=about.from_date, before=MONTHS_BEFORE, after=MONTHS_AFTER)
    found: dict[str, list[MonthPoint]] = {"contribution": [], "csat": []}
    for row in rows:
        found[row.pop("metric")].append(MonthPoint(**row))
    return Months(tuple(found["contribution"]), tuple(found["csat"]))


def campaigns(connection: duckdb.DuckDBPyConnection, about: Alert) -> tuple[CampaignArm, ...]:
    """Return what each campaign changed, the newest first and at most `CAMPAIGNS_MAX`, with the one of the alert."""
    sql = """
        with told as (
            select
                concat(campaign_id, '|', arm) as identity,
                campaign_id,
                coalesce(arm, '') as arm,
                coalesce(customer_count, 0) as customer_count,
                coalesce(holdout_customer_count, 0) as holdout_customer_count,
                orders_uplift as uplift,
                orders_uplift_low as low,
                orders_uplift_high as high,
                verdict,
                first_date,
            from kpi.campaign_uplift
        )

        select * exclude (first_date) from told
        qualify identity = $identity or row_number() over (order by first_date desc, identity) <= $most
        order by first_date desc, identity
    """
    return tuple(CampaignArm(**row) for row in known(connection, sql, identity=about.identity, most=CAMPAIGNS_MAX))


def policy(connection: duckdb.DuckDBPyConnection, about: Alert) -> Policy:
    """Return the weeks of the action whose propensities are furthest off in the alert's version, by every version."""
    sql = """
        select action from ml.policy_report
        where version = $version and not is_consistent
        order by abs(deviation) desc, action
        limit 1
    """
    action = first(known(connection, sql, version=about.identity)).get("action", "all")
    sql = """
        select week_date, version, decision_count, value, expected_value, is_consistent from ml.policy_report
        where action = $action and week_date between $from_date and $to_date
        order by week_date, version
    """
    shown = _half_a_year(about)
    rows = known(connection, sql, action=action, **dates(shown))
    return Policy(action, tuple(PolicyWeek(**row) for row in rows))


def topic(connection: duckdb.DuckDBPyConnection, about: Alert) -> tuple[TopicWeek, ...]:
    """Return the weeks of the topic around an alert, in the language that its comments are in."""
    sql = """
        select
            week_date,
            comment_count,
            all_comment_count,
            comment_rate as value,
            case when all_comment_count > 0 then wilson_low(comment_count, all_comment_count) end as low,
            case when all_comment_count > 0 then wilson_high(comment_count, all_comment_count) end as high,
            expected_comment_rate as expected,
            status
        from ml.voice_topics
        where concat(language, '|', topic) = $identity and week_date between $from_date and $to_date
        order by week_date
    """
    rows = known(connection, sql, identity=about.identity, **dates(_half_a_year(about)))
    return tuple(TopicWeek(**row) for row in rows if row["value"] is not None)


def _half_a_year(about: Alert) -> Period:
    return Period(about.from_date - WEEKS_BEFORE, about.to_date + WEEKS_AFTER)
