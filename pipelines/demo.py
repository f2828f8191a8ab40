"""`callwright demo`: a home of the simulated year, or of the committed sample, and the figures that are shown first.

Belongs here: making either home, the first figures of it. Does not belong here: what a run does, the riddles
(hunt.py), how a terminal shows it all (demo_text.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import SettingsError
from pipelines.home import Home, init_home
from pipelines.published import open_published

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
DEMO_HOME = Path("data/demo")
SAMPLE_HOME = Path("data/sample-demo")
DAYS = 365
SEED = 1
CALLERS_SHOWN = 4
# Customers are looked up until there is one of each tier; so many are enough for that.
CALLERS_TRIED = 500

# The macros that dashboards and analysts use too; the last column says how to show the value. Short: 80 columns.
_METRICS = (
    ("SL", "kpi_service_level", "share"),
    ("gave up", "kpi_abandonment", "share"),
    ("ASA", "kpi_asa", "seconds"),
    ("AHT", "kpi_aht", "seconds"),
)
_COUNTS = (
    "select {group}, sum(offered_count), sum(answered_count), sum(blocked_count)"
    " from kpi.queue_day group by all order by 2 desc, 1"
)


def make_demo_home(path: Path, day_count: int, seed: int | None, progress: Callable[[str], None]) -> Home:
    """A home of the simulated year; nothing is done where all of it is there.

    Args:
        path: The home.
        day_count: So many days.
        seed: The root of all chance; None: that of the home, else SEED.
        progress: Is told of each day.

    Raises:
        SettingsError: Another home is there; it stays as it is.
    """
    # Imported here: it brings the whole simulation along.
    from pipelines.simulate.run import seed_of, simulate
    from pipelines.simulate.scenario import load_scenario

    home = Home(path.absolute())
    if home.settings_path.exists() and not is_simulated(home):
        what = "a demo of the committed sample" if _is_of_the_sample(home) else "a home that was not simulated"
        raise SettingsError(
            f"{path} holds {what}; it stays as it is",
            f"To have the simulated year beside it, type: callwright demo --home {path}-year\n"
            f"To go on with the sample, type: callwright demo --sample --home {path}",
        )
    if seed is None:
        here = seed_of(home)
        seed = SEED if here is None else here
    try:
        simulate(home.path, load_scenario(), day_count, seed, lambda what: progress(f"simulating {what}"))
    except SettingsError as error:
        raise SettingsError(
            f"{error}; it stays as it is", f"To have this version's year, type: callwright demo --home {path}-new"
        ) from error
    return home


def make_sample_home(path: Path) -> Home:
    """A home of the sample; an existing one only gets the files that it lacks.

    Raises:
        SettingsError: A simulated home is there; it stays as it is.
    """
    home = Home(path.absolute())
    if is_simulated(home):
        raise SettingsError(
            f"{path} is a simulated home; it stays as it is", f"Type: callwright demo --sample --home {path}-sample"
        )
    if init_home(home.path):
        shutil.copy2(SAMPLE / "callwright.toml", home.settings_path)
    for source in sorted((SAMPLE / "landing").rglob("*")):
        target = home.landing / source.relative_to(SAMPLE / "landing")
        if source.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return home


def is_simulated(home: Home) -> bool:
    """Whether the home is one of `callwright simulate`, or of the demo."""
    from pipelines.simulate.run import RECORD, TRUTH

    return (home.path / TRUTH / RECORD).exists()


def _is_of_the_sample(home: Home) -> bool:
    files = [file.relative_to(SAMPLE) for file in (SAMPLE / "landing").rglob("*") if file.is_file()]
    return all((home.path / name).exists() for name in files)


def first_figures(home: Home) -> dict[str, Any]:
    """What the published file holds: name, first_date, last_date, contact_count, site_count, customer_count."""
    with open_published(home) as con:
        result = con.execute("""
            select
                (select any_value(name) from meta.centre) as name,
                min(business_date) as first_date, max(business_date) as last_date, count(*) as contact_count,
                count(distinct site) as site_count,
                (select count(distinct customer_key) from core.customers) as customer_count
            from core.contacts
        """)
        names = [column[0] for column in result.description or []]
        return dict(zip(names, result.fetchall()[0], strict=True))


def queue_figures(home: Home) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The queues' figures of all published days, and those of channels with several queues, ready to be printed."""
    columns = ["queue", "offered", "answered", "blocked", *(label for label, _, _ in _METRICS)]
    with open_published(home) as con:
        first, last = con.execute("select min(business_date), max(business_date) from kpi.queue_day").fetchall()[0]
        if first is None:
            return columns, []
        of_queues, of_channels = _rows(con, "queue", first, last), _rows(con, "channel", first, last)
        counted = "select channel from kpi.queue_day group by 1 having count(distinct queue) > 1"
        several = {channel for (channel,) in con.execute(counted).fetchall()}
    # Seconds of voice and hours of e-mail have no mean worth reading: a line for each channel that has several queues.
    return columns, of_queues + [(f"all {name}", *rest) for name, *rest in of_channels if name in several]


def _rows(con: duckdb.DuckDBPyConnection, by: str, first: date, last: date) -> list[tuple[Any, ...]]:
    values = [
        dict(con.execute(f'select group_value, value from {macro}(?, ?, "by" := ?)', [first, last, by]).fetchall())
        for _, macro, _ in _METRICS
    ]
    return [
        (name, *counts, *(_shown(v.get(name), unit) for v, (_, _, unit) in zip(values, _METRICS, strict=True)))
        for name, *counts in con.execute(_COUNTS.format(group=by)).fetchall()
    ]


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "N/A"
    return f"{value:.1%}" if unit == "share" else f"{round(value) // 60}:{round(value) % 60:02}"


def callers_to_show(home: Home) -> list[dict[str, Any]]:
    """What the router is told of made-up callers, of different tiers where there are some; their numbers are landed."""
    import polars as pl

    from pipelines.router.contract import DefaultTreatment
    from pipelines.router.lookup import score_numbers
    from pipelines.settings import load_settings

    files = sorted((home.landing / "crm_customers").glob("*.csv"))
    if not files:
        return []
    numbers = pl.read_csv(files[0], infer_schema=False)["phone"].drop_nulls()
    written = numbers.str.split(";").list.first().unique(maintain_order=True).to_list()
    settings = load_settings(home.path)
    treatment = DefaultTreatment.from_settings(settings.router)
    answers = score_numbers(home.path, written[:CALLERS_TRIED], region=settings.centre.region, treatment=treatment)
    first_by_tier: dict[str, dict[str, Any]] = {}
    # Whom something should be offered to shows more.
    for answer in sorted(answers, key=lambda a: (a["action"] == "none", str(a["tier"]))):
        if answer["tier"] is not None:
            first_by_tier.setdefault(answer["tier"], answer)
    return [first_by_tier[tier] for tier in sorted(first_by_tier)][:CALLERS_SHOWN]
