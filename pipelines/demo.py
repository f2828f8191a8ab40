"""`callwright demo`: a home made of the committed sample, a run, and what to look at.

Belongs here: the guided first run. Does not belong here: what a run does.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pipelines.home import Home, init_home
from pipelines.published import open_published

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
DEMO_HOME = Path("data/demo")
# Made-up callers of the sample whose scores show the range of what a router is told.
CALLERS_SHOWN = 4

# The macros that dashboards and analysts use too; the last column says how to show the value.
_METRICS = (
    ("service level", "kpi_service_level", "share"),
    ("abandonment", "kpi_abandonment", "share"),
    ("ASA", "kpi_asa", "seconds"),
    ("AHT", "kpi_aht", "seconds"),
)
_COUNTS = (
    "select {group}, sum(offered_count), sum(answered_count), sum(blocked_count)"
    " from kpi.queue_day group by all order by 2 desc, 1"
)


def make_demo_home(path: Path) -> Home:
    """A home of the sample; an existing one only gets the files that it lacks."""
    home = Home(path.absolute())
    if init_home(home.path):
        shutil.copy2(SAMPLE / "callwright.toml", home.settings_path)
    for source in sorted((SAMPLE / "landing").rglob("*")):
        target = home.landing / source.relative_to(SAMPLE / "landing")
        if source.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return home


def queue_figures(home: Home) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The queues' figures of all published days, and their total, ready to be printed."""
    columns = ["queue", "offered", "answered", "blocked", *(label for label, _, _ in _METRICS)]
    with open_published(home) as con:
        first, last = con.execute("select min(business_date), max(business_date) from kpi.queue_day").fetchall()[0]
        if first is None:
            return columns, []
        rows = []
        for group, by in (("queue", "queue"), ("'total'", "total")):
            values = [
                dict(
                    con.execute(
                        f'select group_value, value from {macro}(?, ?, "by" := ?)', [first, last, by]
                    ).fetchall()
                )
                for _, macro, _ in _METRICS
            ]
            for name, *counts in con.execute(_COUNTS.format(group=group)).fetchall():
                key = name if by == "queue" else next(iter(values[0]))
                shown = [_shown(v.get(key), unit) for v, (_, _, unit) in zip(values, _METRICS, strict=True)]
                rows.append((name, *map(int, counts), *shown))
    return columns, rows


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "N/A"
    return f"{value:.1%}" if unit == "share" else f"{value:.1f} s"


def callers_to_show(home: Home) -> list[str]:
    """Numbers of made-up callers, of different tiers where there are some; the raw numbers are the sample's own."""
    import polars as pl

    from pipelines.router.contract import DefaultTreatment
    from pipelines.router.lookup import score_numbers
    from pipelines.settings import load_settings

    numbers = pl.read_csv(SAMPLE / "landing" / "crm_customers" / "customers.csv", infer_schema=False)
    written = numbers["phone"].drop_nulls().str.split(";").list.first().unique(maintain_order=True).to_list()
    settings = load_settings(home.path)
    treatment = DefaultTreatment.from_settings(settings.router)
    answers = score_numbers(home.path, written, region=settings.centre.region, treatment=treatment)
    shown: dict[tuple[Any, Any], str] = {}
    for answer in answers:
        shown.setdefault((answer["tier"], answer["action"] != "none"), answer["number"])
    first_by_tier: dict[Any, str] = {}
    for (tier, has_action), number in sorted(shown.items(), key=lambda i: (str(i[0][0]), not i[0][1])):
        if tier is not None and (tier not in first_by_tier or has_action):
            first_by_tier.setdefault(tier, number)
    return list(first_by_tier.values())[:CALLERS_SHOWN]
