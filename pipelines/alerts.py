"""Telling of alerts: each once when it is raised, once when it is over, once when late records take it back.

Belongs here: what is new of meta.alerts since it was last looked at, and telling it. Does not belong here: what an
alert is (sql/meta/alerts.sql), pages.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines.sqlgraph import Column
from pipelines.warehouse import Built, Warehouse

if TYPE_CHECKING:
    from pipelines.session import Session

EVENTS = "meta._alert_events"
# What is older when it is first seen is history: it is noted, and nobody is told. Two weeks, for repeats within seven
# days and the orders after a contact take one to be known.
_RECENT_DAYS = 14
_WEBHOOK_TIMEOUT_S = 10
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "alert_key": pl.String, "event": pl.String, "noted_at": pl.Datetime("us", "UTC"), "is_open": pl.Boolean,
    "is_recent": pl.Boolean, "kind": pl.String, "subject": pl.String, "raised_date": pl.Date, "text_en": pl.String,
    "text_zh": pl.String, "told_at": pl.Datetime("us", "UTC"),
}  # fmt: skip
UNTOLD = f"select count(*) from {EVENTS} where told_at is null and is_recent"
_NEWS = f"""
with last_events as (
    select alert_key, max_by(event, noted_at) as event, max_by(is_open, noted_at) as is_open,
        max_by(kind, noted_at) as kind, max_by(subject, noted_at) as subject, max_by(text_en, noted_at) as text_en,
        max_by(raised_date, noted_at) as raised_date, max_by(text_zh, noted_at) as text_zh
    from {{events}} group by alert_key
), last_day as (
    select max(business_date) as through_date from core.contacts
), news as (
    select cast(a.alert_key as varchar) as alert_key,
        case when e.event is null or e.event = 'withdrawn' then 'raised' else 'over' end as event,
        a.is_open, a.to_date, a.kind, a.subject, a.raised_date, a.text_en, a.text_zh
    from meta.alerts as a left join last_events as e on cast(a.alert_key as varchar) = e.alert_key
    where e.event is null or e.event = 'withdrawn' or (e.is_open and not a.is_open)
    union all
    select e.alert_key, 'withdrawn', false, e.raised_date, e.kind, e.subject, e.raised_date, e.text_en, e.text_zh
    from last_events as e anti join meta.alerts as a on e.alert_key = cast(a.alert_key as varchar)
    where e.event <> 'withdrawn'
)
select alert_key, event, is_open, is_open or to_date >= through_date - {_RECENT_DAYS} as is_recent,
    kind, subject, raised_date, text_en, text_zh
from news cross join last_day order by raised_date, alert_key
"""


def note_events(warehouse: Warehouse) -> Built:
    """`meta._alert_events`: adds what is new of meta.alerts to what was noted before."""
    version, present = str(warehouse.version("meta.alerts")), warehouse.version(EVENTS)
    if present == version:
        return Built(EVENTS, warehouse.row_count(EVENTS), is_fresh=False)
    if present is None:
        warehouse.write_frame(EVENTS, pl.DataFrame(schema=_SCHEMA), "")
    now = pl.lit(datetime.now(UTC))
    news = warehouse.con.sql(_NEWS.format(events=EVENTS)).pl()
    news = news.with_columns(now.alias("noted_at"), pl.lit(None).alias("told_at"))
    news = news.select(pl.col(name).cast(kind) for name, kind in _SCHEMA.items())
    row_count = warehouse.write_frame(EVENTS, news, version, append=True)
    return Built(EVENTS, row_count, is_fresh=True)


def tell(session: Session) -> Mapping[str, Any]:
    """Tells what is new and recent, to the session and to `[alerts] webhook`; what cannot be told stays to be told.

    A webhook that does not answer fails no run: it is said, and tried again by the next run.
    """
    con, url = session.warehouse.con, session.settings.alerts.webhook
    found = con.execute(
        f"select alert_key, event, kind, subject, raised_date, text_en, text_zh from {EVENTS}"
        " where told_at is null and is_recent order by noted_at, raised_date, alert_key"
    ).fetchall()
    names = ("alert_key", "event", "kind", "subject", "raised_date", "text_en", "text_zh")
    news = [dict(zip(names, row, strict=True)) for row in found]
    problem = _post(url, session.settings.centre.name, news) if url and news else None
    if problem is None:
        con.execute(f"update {EVENTS} set told_at = ? where told_at is null", [datetime.now(UTC)])
    session.alerts = [f"{one['event']}: {one['text_en']}" for one in news]
    session.alerts += [f"not told to the webhook, the next run tries again: {problem}"] if problem else []
    open_count = con.execute("select count(*) from meta.alerts where is_open").fetchall()[0][0]
    return {"open": open_count, "news": len(news), "told": "; ".join(session.alerts) or "nothing new"}


def _post(url: str, centre: str, news: list[dict[str, Any]]) -> str | None:
    """Posts the news as one JSON object; what went wrong, if anything."""
    lines = [f"{one['event']}: {one['text_en']}" for one in news]
    body = {"text": "\n".join([centre, *lines]), "centre": centre, "alerts": news}
    request = urllib.request.Request(
        url, json.dumps(body, default=str).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=_WEBHOOK_TIMEOUT_S):
            return None
    except (OSError, HTTPException, ValueError) as error:
        return str(error) or type(error).__name__


STEPS = (
    (
        "meta/_alert_events",
        ("meta/alerts",),
        note_events,
        "When each alert was raised, was over or was taken back. Grain: one row per alert and event.",
        tuple(Column(name, "As in meta.alert_events.", {}) for name in _SCHEMA),
    ),
)
