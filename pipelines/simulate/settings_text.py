"""The callwright.toml of a simulated home, and the SQL of its own sources.

Belongs here: what the centre knows of itself, said in its settings. Does not belong here: the scenario (scenario.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from pipelines.home import Home, init_home
from pipelines.settings import parse_settings
from pipelines.simulate.people_settings import sections_of
from pipelines.simulate.scenario import Scenario
from pipelines.simulate.scenario_sections import Site
from pipelines.simulate.truth import toml

SQL_FOLDER = Path(__file__).with_name("home")
FORMATS = {"chat": "jsonl", "email": "csv", "menu": "csv", "dialler": "csv"}


def make_home(home: Home, scenario: Scenario) -> None:
    """Makes a home with the scenario's settings.

    Raises:
        SettingsError: The scenario makes no settings.
        EnvironmentProblem: Something cannot be written.
    """
    company = scenario.company
    init_home(home.path, company.name, company.timezone, company.region, company.currency)
    for name in FORMATS:
        sql = (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
        (home.path / "sources" / f"{name}.sql").write_text(sql, encoding="utf-8")
    text = settings_text(scenario)
    settings = parse_settings(text, home.settings_path)
    home.settings_path.write_text(text, encoding="utf-8")
    home.make_folders(settings)


def settings_text(scenario: Scenario) -> str:
    """The text of callwright.toml."""
    return "\n".join(_sections(scenario))


def _sections(scenario: Scenario) -> Iterator[str]:
    company = scenario.company
    yield (
        "# Settings of a simulated centre: `callwright simulate` wrote them into a new home, and never changes them.\n"
        "# Keys that are left out have their defaults; `callwright init` writes a file that shows and explains all.\n"
    )
    centre = {
        "name": company.name,
        "timezone": company.timezone,
        "region": company.region,
        "currency": company.currency,
    }
    yield _section("[centre]", centre)
    for site in scenario.sites:
        yield _section("[[sites]]", {"name": site.name, "label": site.label})
    for site in scenario.sites:
        for first, last in _runs(site.holidays):
            what = {"en": "Public holiday", "zh": "公共假日"}
            note = {"from_date": first, "to_date": last, "what": what, "site": site.name}
            yield _section("[[annotations]]", note)
    for queue in scenario.queues:
        yield _section(
            "[[queues]]", {"name": queue.name, "label": queue.label, "site": queue.site, "channel": queue.channel}
        )
    for queue in scenario.queues:
        yield _section(
            "[[targets]]",
            {"queue": queue.name, "sl_threshold_s": queue.sl_threshold_s, "sl_target_rate": queue.sl_target_rate},
        )
    hours = _hours_of(scenario)
    if hours:
        yield "# Those of the company; the sites' own differ.\n" + _section("[business_hours]", hours)
    yield _section("[costs]", scenario.costs.model_dump())
    yield _section("[tiers]", scenario.tiers.model_dump(exclude={"treatment"}))
    for name, treatment in scenario.tiers.treatment.items():
        yield _section(f"[tiers.treatment.{name}]", treatment.model_dump(exclude_none=True))
    for action in sections_of(scenario).actions:
        yield _section("[[actions]]", action.model_dump(exclude_none=True))
    # Contracts are cancelled here: whoever stops buying and has none is not known to have left.
    yield _section("[models.churn]", {"label": "cancellation"})
    for name, form in FORMATS.items():
        yield _section(
            f"[sources.{name}]", {"kind": "calls", "format": form, "sql": f"sources/{name}.sql", "timezone": "UTC"}
        )
    # Its cdr.conf has usegmtime=yes.
    yield _section("[sources.asterisk_cdr]", {"timezone": "UTC", "inbound_contexts": ["from-trunk"]})
    freeswitch = next((site for site in scenario.sites if site.system == "freeswitch"), None)
    if freeswitch is not None:
        yield _section("[sources.freeswitch_cdr]", {"timezone": freeswitch.timezone})


def _runs(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """First and last day of each stretch of days without a gap."""
    numbered = enumerate(sorted(set(days)))
    for _, run in groupby(numbered, lambda pair: pair[1] - timedelta(days=pair[0])):
        stretch = [day for _, day in run]
        yield stretch[0], stretch[-1]


def _hours_of(scenario: Scenario) -> dict[str, Any]:
    """Opening hours of the first site in the company's zone."""
    site: Site | None = next((s for s in scenario.sites if s.timezone == scenario.company.timezone), None)
    return {day: spans for day, spans in site.hours.model_dump().items() if spans} if site else {}


def _section(header: str, values: Mapping[str, Any]) -> str:
    return header + "\n" + "".join(f"{key} = {toml(value)}\n" for key, value in values.items())
