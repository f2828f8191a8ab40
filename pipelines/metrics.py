"""The catalogue of metrics, sql/metrics.toml: read and judged.

Belongs here: what a metric is. Does not belong here: the macros and views that compute it (metric_sql.py), the sums
that they are made of (sql/macros/kpi_*_sums.sql), words on a screen.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.errors import CallwrightError

CATALOGUE = Path(__file__).parent.parent / "sql" / "metrics.toml"
UNITS = ("share", "s", "count", "amount", "points", "score", "attempts", "per_hour", "per_contact")
DIRECTIONS = ("up", "down", "neither")
BASES = ("measured", "attributed", "modelled")
LANGUAGES = ("en", "zh")
# What `watched_by` may say, and the columns that tell one series of such a kind from another.
SERIES = {
    "centre": (),
    "site": ("site", "channel"),
    "queue": ("site", "channel", "queue"),
    "tier": ("site", "channel", "queue", "tier"),
    "hour": ("site", "channel", "local_hour"),
}
WATCHED_UNITS = ("share", "count", "s", "amount")
_REFERENCE = re.compile(r"\{(\w+)\}")


# The columns of build.metrics.
METRIC_SCHEMA = {
    "metric": "VARCHAR", "macro": "VARCHAR", "is_default": "BOOLEAN", "label_en": "VARCHAR", "label_zh": "VARCHAR",
    "short_label_en": "VARCHAR", "short_label_zh": "VARCHAR",
    "meaning_en": "VARCHAR", "meaning_zh": "VARCHAR", "formula": "VARCHAR", "is_total": "BOOLEAN",
    "sums": "VARCHAR", "argument": "VARCHAR", "grains": "VARCHAR",
    "unit": "VARCHAR", "good_direction": "VARCHAR", "minimum_n": "BIGINT", "basis": "VARCHAR",
    "watched_by": "VARCHAR", "source": "VARCHAR", "unlike": "VARCHAR",
}  # fmt: skip


class CatalogueError(CallwrightError):
    """sql/metrics.toml contradicts itself."""


@dataclass(frozen=True)
class Sums:
    """What metrics are made of; the fields are told in sql/metrics.toml."""

    id: str
    macro: str
    grains: tuple[str, ...]
    of: str
    argument: str | None = None
    tables: tuple[str, ...] = ()
    argument_column: str | None = None

    @property
    def by(self) -> str:
        """The grain where none is named."""
        return next((grain for grain in ("queue", "agent") if grain in self.grains), "total")


@dataclass(frozen=True)
class Metric:
    """One metric; the fields are told in sql/metrics.toml, references in its formulas are resolved."""

    id: str
    macro: str
    sums: Sums
    label: Mapping[str, str]
    meaning: Mapping[str, str]
    numerator: str
    unit: str
    good: str
    source: str
    denominator: str | None = None
    n: str | None = None
    short: Mapping[str, str] = field(default_factory=dict)
    default: bool = False
    sums_by: Mapping[str, Sums] = field(default_factory=dict)
    argument: str | None = None
    scale: int = 1
    minimum_n: int | None = None
    basis: str = "measured"
    unlike: str = ""
    chosen_by: str | None = None
    watched_by: tuple[str, ...] = ()

    @property
    def observed(self) -> str:
        """How many were observed."""
        return self.n or self.denominator or "null"

    @property
    def smallest_n(self) -> int | None:
        """A value of fewer observations is greyed; None: the centre's own `minimum_n` holds."""
        return 0 if self.minimum_n is None and self.is_total else self.minimum_n

    @property
    def is_total(self) -> bool:
        """Whether it is a plain count or amount: it grows with the period, and is as sure of few as of many."""
        return self.denominator is None and self.unit in ("count", "amount")

    @property
    def formula(self) -> str:
        """The value over the columns of the sums, as one would write it."""
        if self.chosen_by:
            return f"that of the variant in {self.chosen_by}"
        if self.denominator is None:
            return self.numerator
        quotient = " / ".join(f"({part})" if " " in part else part for part in (self.numerator, self.denominator))
        return quotient if self.scale == 1 else f"{self.scale} * {quotient}"

    @property
    def grains(self) -> tuple[str, ...]:
        """What it can be had by."""
        return (*self.sums.grains, *self.sums_by)


@dataclass(frozen=True)
class Catalogue:
    """Every metric, in the order of the file."""

    sums: Mapping[str, Sums]
    metrics: Mapping[str, Metric]

    @property
    def macros(self) -> dict[str, list[Metric]]:
        """The metrics of each macro, its default first."""
        found: dict[str, list[Metric]] = {}
        for metric in sorted(self.metrics.values(), key=lambda m: not m.default):
            found.setdefault(metric.macro, []).append(metric)
        return found

    def find(self, name: str) -> Metric:
        """The metric of a name, or the default one of a macro of that name.

        Raises:
            CallwrightError: There is none; the nearest names are told.
        """
        name = name.removeprefix("kpi_")
        if name in self.metrics:
            return self.metrics[name]
        if name in self.macros:
            return self.macros[name][0]
        near = difflib.get_close_matches(name, [*self.metrics, *self.macros], 3)
        meant = f"; did you mean {', '.join(near)}?" if near else ""
        raise CallwrightError(f"there is no metric {name}{meant}", "all of them: callwright explain")

    def variants(self, metric: Metric) -> list[Metric]:
        """The other metrics of its macro."""
        return [other for other in self.macros[metric.macro] if other.id != metric.id]


@lru_cache(maxsize=8)
def load_catalogue(path: Path = CATALOGUE) -> Catalogue:
    """Reads and judges the catalogue.

    Raises:
        CatalogueError: Something in it is missing, unknown or contradictory; which metric is told.
    """
    written = tomllib.loads(path.read_text(encoding="utf-8"))
    sums = {name: _sums(name, entry) for name, entry in written["sums"].items()}
    metrics = {name: _metric(name, entry, written["metrics"], sums) for name, entry in written["metrics"].items()}
    catalogue = Catalogue(sums, metrics)
    for macro, variants in catalogue.macros.items():
        _judge(macro, variants, metrics)
    return catalogue


def _sums(name: str, entry: dict[str, Any]) -> Sums:
    _known_keys(f"sums.{name}", entry, Sums)
    return Sums(id=name, **{**entry, "grains": tuple(entry["grains"]), "tables": tuple(entry.get("tables", ()))})


def _metric(name: str, entry: dict[str, Any], all_entries: Mapping[str, Any], sums: Mapping[str, Sums]) -> Metric:
    where = f"metrics.{name}"
    _known_keys(where, entry, Metric)
    for key, allowed in (("unit", UNITS), ("good", DIRECTIONS), ("basis", BASES), ("sums", tuple(sums))):
        if entry.get(key, "measured" if key == "basis" else None) not in allowed:
            raise CatalogueError(f"{where}.{key} must be one of {', '.join(allowed)}")
    for key in ("label", "meaning", *(["short"] if "short" in entry else [])):
        if set(entry.get(key, {})) != set(LANGUAGES):
            raise CatalogueError(f"{where}.{key} must be said in {' and '.join(LANGUAGES)}")
    if "chosen_by" in entry:
        entry = {**entry, "numerator": f"{name}_numerator", "denominator": f"{name}_denominator"}
    keys: list[str] = [key for key in ("numerator", "denominator", "n") if key in entry]
    formulas: dict[str, Any] = {key: _resolved(where, entry[key], all_entries, (name,)) for key in keys}
    watched = tuple(entry.get("watched_by", ()))
    if set(watched) - set(SERIES) or (watched and entry["unit"] not in WATCHED_UNITS):
        raise CatalogueError(
            f"{where}.watched_by: there are {', '.join(SERIES)}, of metrics in {', '.join(WATCHED_UNITS)}"
        )
    by = {grain: sums[other] for grain, other in entry.get("sums_by", {}).items()}
    resolved: dict[str, Any] = {**entry, **formulas, "sums": sums[entry["sums"]], "sums_by": by, "watched_by": watched}
    metric = Metric(id=name, **resolved)
    for made_of in (metric.sums, *by.values()):
        if (metric.argument is None) != (made_of.argument is None):
            raise CatalogueError(f"{where}: sums.{made_of.id} and the metric must both have an argument, or neither")
    return metric


def _known_keys(where: str, entry: Mapping[str, Any], kind: type[Sums] | type[Metric]) -> None:
    names = {f.name: f for f in fields(kind)}
    if unknown := set(entry) - set(names):
        raise CatalogueError(f"{where}: unknown key {', '.join(sorted(unknown))}")


def _resolved(where: str, formula: str, entries: Mapping[str, Any], seen: tuple[str, ...]) -> str:
    """A formula with the numerators of other metrics in the place of their names."""

    def other(match: re.Match[str]) -> str:
        name = match[1]
        if name in seen or name not in entries:
            raise CatalogueError(f"{where}: {{{name}}} is {'itself' if name in seen else 'no metric'}")
        return _resolved(where, entries[name]["numerator"], entries, (*seen, name))

    return _REFERENCE.sub(other, formula)


def _judge(macro: str, variants: list[Metric], metrics: Mapping[str, Metric]) -> None:
    if len(variants) > 1 and sum(v.default for v in variants) != 1:
        raise CatalogueError(
            f"kpi_{macro}: one of its metrics must be the default: {', '.join(v.id for v in variants)}"
        )
    if macro in metrics and metrics[macro] != variants[0]:
        raise CatalogueError(f"metrics.{macro} has the name of a macro, and must be its default")
    if len({(v.sums.id, *v.sums_by) for v in variants}) > 1:
        raise CatalogueError(f"kpi_{macro}: its metrics must be made of the same sums")


# --- what is published of it -----------------------------------------------------------------------------


def metric_rows(catalogue: Catalogue) -> list[dict[str, Any]]:
    """A row per metric, of the columns of `METRIC_SCHEMA`."""
    defaults = {variants[0].id for variants in catalogue.macros.values()}
    return [
        {
            "metric": m.id, "macro": f"kpi_{m.macro}", "is_default": m.id in defaults,
            "label_en": m.label["en"], "label_zh": m.label["zh"],
            "short_label_en": m.short.get("en", m.label["en"]), "short_label_zh": m.short.get("zh", m.label["zh"]),
            "meaning_en": m.meaning["en"], "meaning_zh": m.meaning["zh"],
            "formula": m.formula, "is_total": m.is_total,
            "sums": m.sums.macro, "argument": m.argument, "grains": ", ".join(m.grains),
            "unit": m.unit, "good_direction": m.good, "minimum_n": m.smallest_n, "basis": m.basis,
            "watched_by": ", ".join(m.watched_by) or None, "source": m.source, "unlike": m.unlike or None,
        }
        for m in catalogue.metrics.values()
    ]  # fmt: skip
