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
            and exists (select 1 from duckdb_functions() where function_name = 'kpi_fair')
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


def agents(connection: duckdb.DuckDBPyConnection, metric: FairMetric, period: Period) -> tuple[AgentRow, ...]:
    """Return every agent with a share, whoever may need help first by the shrunken estimate; equals by name."""
    sql = f"""
        select group_value, value, n, all_value, shrunken_value, low_998, high_998, position
        from kpi_fair('{metric.name}', $from_date, $to_date, by := 'agent')
        order by shrunken_value * $direction, group_value
    """
    asked = {
        "from_date": period.from_date,
        "to_date": period.to_date,
        "direction": -1 if metric.good == "down" else 1,
    }
    return tuple(AgentRow(*row) for row in connection.execute(sql, asked).fetchall())
