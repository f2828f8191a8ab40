"""What the page of the agents asks of the published file, as SQL with bound parameters.

Belongs here: which shares agents are compared by, and each agent's place among all. Not here: the other pages'
questions and opening a snapshot (queries.py), drawing, words on the screen.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from dashboards.logs import log
from dashboards.queries import Period

# In the order of the page. Of shares of time, such as occupancy, kpi_fair knows no limits.
METRICS = ("csat", "dsat", "transfer_rate", "ring_no_answer_rate")
FUNNEL_STEPS = 60


@dataclass(frozen=True)
class FairMetric:
    """A share that agents can be compared by; label and meaning by language, en or zh."""

    name: str
    good: str
    minimum_n: int
    label: dict[str, str]
    meaning: dict[str, str]


@dataclass(frozen=True)
class AgentRow:
    """One agent's share of `n` beside that of all, its funnel limits, and the estimate drawn towards all.

    position: above, below or within the 99.8 % limits.
    """

    agent: str
    value: float
    n: int
    all_value: float
    shrunken_value: float
    low_998: float
    high_998: float
    position: str


@dataclass(frozen=True)
class Limits:
    """The funnel over a number of observations: the 95 % and the 99.8 % limits of the share of all."""

    n: int
    low_95: float
    high_95: float
    low_998: float
    high_998: float


@dataclass(frozen=True)
class Agents:
    """Whoever may need help first by the shrunken estimate, and the funnel to draw around them."""

    rows: tuple[AgentRow, ...] = ()
    funnel: tuple[Limits, ...] = ()


def fair_metrics(connection: duckdb.DuckDBPyConnection) -> tuple[FairMetric, ...]:
    """Return the shares that the file has by agent; none of a file that does not compare agents yet."""
    sql = """
        select
            metrics.metric,
            metrics.good_direction,
            coalesce(metrics.minimum_n, (select minimum_n from meta.centre limit 1), 30) as minimum_n,
            metrics.short_label_en,
            metrics.short_label_zh,
            metrics.meaning_en,
            metrics.meaning_zh
        from meta.metrics as metrics
        where
            list_contains($names::varchar[], metrics.metric)
            and list_contains(string_split(metrics.grains, ', '), 'agent')
            and exists (select 1 from duckdb_functions() where function_name = 'funnel_low')
        order by list_position($names::varchar[], metrics.metric)
    """
    try:
        rows = connection.execute(sql, {"names": list(METRICS)}).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        log.warning("not in this file: %s", error)
        return ()
    return tuple(
        FairMetric(name, good, least, {"en": label_en, "zh": label_zh}, {"en": meaning_en, "zh": meaning_zh})
        for name, good, least, label_en, label_zh, meaning_en, meaning_zh in rows
    )


def agents(connection: duckdb.DuckDBPyConnection, metric: FairMetric, period: Period) -> Agents:
    """Return every agent that has such a share in the period.

    Agents of equal estimates are ordered by name, never by what was measured of few.
    """
    sql = f"""
        select group_value, value, n, all_value, shrunken_value, low_998, high_998, position
        from kpi_fair('{metric.name}', $from_date, $to_date, by := 'agent')
        order by round(shrunken_value, 9) * $direction, group_value
    """
    asked = {"from_date": period.from_date, "to_date": period.to_date, "direction": 1 if metric.good == "up" else -1}
    rows = tuple(AgentRow(*row) for row in connection.execute(sql, asked).fetchall())
    return Agents(rows, _funnel(connection, rows) if rows else ())


def _funnel(connection: duckdb.DuckDBPyConnection, rows: tuple[AgentRow, ...]) -> tuple[Limits, ...]:
    """Ask for limits where a smooth line needs them: the closer, the fewer the observations."""
    least, most = min(row.n for row in rows), 1.05 * max(row.n for row in rows)
    places = (least + (most - least) * (step / FUNNEL_STEPS) ** 2 for step in range(FUNNEL_STEPS + 1))
    sql = """
        select
            n,
            funnel_low($share, n, 1.96),
            funnel_high($share, n, 1.96),
            funnel_low($share, n, 3.09),
            funnel_high($share, n, 3.09)
        from (select unnest($places::bigint[]) as n)
        order by n
    """
    asked = {"share": rows[0].all_value, "places": sorted({round(place) for place in places})}
    return tuple(Limits(*row) for row in connection.execute(sql, asked).fetchall())
