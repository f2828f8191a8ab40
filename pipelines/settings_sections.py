"""What may stand in callwright.toml: sections, keys, types, defaults, and the rules between keys.

Belongs here: one class per section. Does not belong here: reading the file (settings.py), single values
(settings_values.py), the wording of mistakes (settings_report.py), rows for SQL (settings_tables.py).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from pipelines.settings_report import nearest
from pipelines.settings_values import (
    EVERY,
    Currency,
    Name,
    NameOrEvery,
    NotNegative,
    Priority,
    Region,
    Share,
    Zone,
    condition_columns,
    frequency,
    span_s,
)

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

SourceKind = Literal[
    "calls",
    "customers",
    "orders",
    "cases",
    "surveys",
    "campaign_attempts",
    "agents",
    "schedules",
    "action_outcomes",
]
ServiceLevelVariant = Literal[
    "sl_abandons_positive",
    "sl_answered_only",
    "sl_abandons_negative",
    "sl_abandons_in_threshold_ignored",
    "sl_short_abandons_credited",
    "sl_short_abandons_excluded",
    "sl_flowouts_in_denominator",
]


# Which interval a visit counts in: that of its entering the queue, of its answer or exit, or of its end.
Ownership = Literal["arrival", "event", "disconnect"]


class Section(BaseModel):
    """A section of callwright.toml: frozen, strict in its types, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Centre(Section):
    """[centre]: who this is, and the rules that every figure follows."""

    name: Name = "My contact centre"
    timezone: Zone = "Europe/London"
    region: Region = "GB"
    currency: Currency = "GBP"
    interval_ownership: Ownership = "arrival"
    service_level_variant: ServiceLevelVariant = "sl_short_abandons_excluded"
    minimum_n: Annotated[int, Field(ge=1)] = 30


class Site(Section):
    """[[sites]]: a place where agents work; a column in the tables, never a wall."""

    name: Name
    label: Name | None = None


class Queue(Section):
    """[[queues]]: what the router's log does not say about a queue."""

    name: Name
    label: Name | None = None
    site: Name | None = None
    channel: Name = "voice"


class Target(Section):
    """[[targets]]: how waits are judged and counted, for one queue and channel or all, from a day on.

    The clock of the service level starts when the contact enters the queue, or when it arrived at the centre; its
    interval and the variant of the service level are those of `[centre]` unless stated.
    """

    queue: NameOrEvery = EVERY
    channel: NameOrEvery = EVERY
    valid_from: date | None = None
    sl_threshold_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 20.0
    sl_comparator: Literal["<=", "<"] = "<="
    sl_target_rate: Share = 0.80
    short_abandon_s: NotNegative = 5.0
    sl_clock_start: Literal["queue", "arrival"] = "queue"
    interval_ownership: Ownership | None = None
    service_level_variant: ServiceLevelVariant | None = None

    def matches(self, queue: str, channel: str, on: date) -> bool:
        """Whether this target is for that queue and channel and has begun by that business date."""
        is_begun = self.valid_from is None or self.valid_from <= on
        return is_begun and self.queue in (EVERY, queue) and self.channel in (EVERY, channel)


# What holds where no [[targets]] entry matches, so that every visit has a threshold.
FALLBACK_TARGET = Target()


class BusinessHours(Section):
    """[business_hours], or several [[business_hours]] as targets: when the centre is open, in its time zone.

    With no day stated it is always open. Of several entries the last one that matches the contact's first queue and its
    channel, and that has begun by its business date, holds.
    """

    queue: NameOrEvery = EVERY
    channel: NameOrEvery = EVERY
    valid_from: date | None = None
    monday: tuple[str, ...] = ()
    tuesday: tuple[str, ...] = ()
    wednesday: tuple[str, ...] = ()
    thursday: tuple[str, ...] = ()
    friday: tuple[str, ...] = ()
    saturday: tuple[str, ...] = ()
    sunday: tuple[str, ...] = ()

    @field_validator(*WEEKDAYS)
    @classmethod
    def _spans_follow_each_other(cls, spans: tuple[str, ...]) -> tuple[str, ...]:
        last_closed_s = 0
        for opens_s, closes_s in map(span_s, spans):
            if opens_s < last_closed_s:
                raise ValueError("hours overlap or are out of order; write the earlier ones first")
            last_closed_s = closes_s
        return spans

    def open_s(self) -> Iterator[tuple[int, int, int]]:
        """Yields (weekday, opens, closes): 1 is Monday; seconds since local midnight by the wall clock."""
        is_always_open = not any(getattr(self, day) for day in WEEKDAYS)
        for number, day in enumerate(WEEKDAYS, start=1):
            for span in ("00:00-24:00",) if is_always_open else getattr(self, day):
                yield number, *span_s(span)


class Costs(Section):
    """[costs]: the assumptions behind every money figure, in the centre's currency."""

    agent_hour: NotNegative = 25.0
    telecom_minute: NotNegative = 0.02
    fixed_contact: NotNegative = 0.0
    attribution_days: NotNegative = 7.0
    margin_rate: Share = 0.30


class Treatment(Section):
    """[tiers.treatment.X]: what the router is told about a customer of tier X."""

    priority: Priority = 0
    head_start_s: NotNegative = 0.0
    queue: Name | None = None


class Tiers(Section):
    """[tiers]: value tiers from best to least, their shares of the customers, their treatment."""

    names: Annotated[tuple[Name, ...], Field(min_length=1)] = ("A", "B", "C", "D")
    shares: tuple[Share, ...] = (0.05, 0.15, 0.30, 0.50)
    hysteresis: Annotated[float, Field(ge=0, lt=1)] = 0.02
    treatment: dict[str, Treatment] = {
        "A": Treatment(priority=80, head_start_s=120.0),
        "B": Treatment(priority=50, head_start_s=60.0),
        "C": Treatment(priority=20, head_start_s=20.0),
        "D": Treatment(),
    }

    @model_validator(mode="before")
    @classmethod
    def _own_names_have_own_treatment(cls, data: Any) -> Any:
        """A centre that names its own tiers does not inherit the treatment of A to D."""
        if isinstance(data, dict) and "names" in data:
            return {"treatment": {}, **data}
        return data

    @model_validator(mode="after")
    def _names_and_shares_agree(self) -> Self:
        wrong = []
        if len(set(self.names)) < len(self.names):
            wrong.append("names: a tier is named twice")
        if len(self.names) != len(self.shares):
            wrong.append(f"shares: {len(self.names)} tiers need {len(self.names)} shares, not {len(self.shares)}")
        if abs(sum(self.shares) - 1) > 1e-6:
            wrong.append(f"shares: should add up to 1, not {sum(self.shares):g}")
        for name in sorted(set(self.treatment) - set(self.names)):
            like = nearest(name, self.names)
            more = f'; the nearest is "{like}"' if like else f"; tiers are {', '.join(self.names)}"
            wrong.append(f'treatment.{name}: no tier is called "{name}"{more}')
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    def treatment_of(self, tier: str) -> Treatment:
        """The treatment of a tier; one without a section gets no head start and priority 0."""
        return self.treatment.get(tier, Treatment())


class Router(Section):
    """[router]: what is told about callers without a valid score, and how long a score lives."""

    default_priority: Priority = 0
    default_head_start_s: NotNegative = 0.0
    default_queue: Name | None = None
    expires_after_hours: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 36.0
    holdout_share: Annotated[float, Field(ge=0, lt=1)] = 0.05


class Label(Section):
    """A name for people, in the languages of the screens."""

    en: Name | None = None
    zh: Name | None = None

    @model_validator(mode="after")
    def _has_a_language(self) -> Self:
        if not (self.en or self.zh):
            raise ValueError('needs a language: { en = "…", zh = "…" }')
        return self

    def text(self, language: str = "en") -> str:
        """The label in `language` ("en" or "zh"), else in the other one."""
        return (self.zh or self.en if language == "zh" else self.en or self.zh) or ""


class Action(Section):
    """[[actions]]: something that may be done next; doing nothing is always possible and is not listed."""

    id: str
    label: Label
    channel: Name = "voice"
    cost: NotNegative = 0.0
    eligible_when: str = "true"
    expected_effect: Share = 0.0
    effect_on: Literal["churn", "value"] = "churn"
    is_marketing: bool = True
    at_most: str | None = None
    owner: Name | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    @field_validator("id")
    @classmethod
    def _is_a_code(cls, code: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", code) or code == "none":
            raise ValueError(f'should be small letters, digits and _, and not "none"; given "{code}"')
        return code

    @field_validator("eligible_when")
    @classmethod
    def _is_a_condition(cls, condition: str) -> str:
        condition_columns(condition)
        return condition

    @field_validator("at_most")
    @classmethod
    def _is_a_frequency(cls, at_most: str | None) -> str | None:
        if at_most is not None:
            frequency(at_most)
        return at_most

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise ValueError(f"valid_to ({self.valid_to}, not included) should be after valid_from ({self.valid_from})")
        return self

    @property
    def at_most_count(self) -> int | None:
        """How often within `at_most_s` a customer may be shown this, or None for no limit."""
        return frequency(self.at_most)[0] if self.at_most else None

    @property
    def at_most_s(self) -> float | None:
        """The period of `at_most` in seconds, or None for no limit."""
        return frequency(self.at_most)[1] if self.at_most else None


class BuiltInSource(Section):
    """[sources.NAME] of a built-in source: only what its files do not say themselves."""

    timezone: Zone | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_not_meant_as_a_custom_source(cls, data: Any) -> Any:
        if isinstance(data, dict) and (given := sorted({"kind", "format", "sql"} & set(data))):
            raise ValueError(
                f"this is the name of a built-in source, which takes no {' or '.join(given)}; "
                "give the custom source another name, and rename its folder under landing/ too"
            )
        return data


class TableFileSource(BuiltInSource):
    """[sources.NAME] of a built-in table: how its files are written, where they do not show it themselves."""

    encoding: str | None = None
    decimal_mark: Literal[".", ","] | None = None
    date_order: Literal["day_first", "month_first"] | None = None

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str | None) -> str | None:
        try:
            return codecs.lookup(encoding).name if encoding is not None else None
        except LookupError:
            raise ValueError(f'"{encoding}" is no encoding; known ones are utf-8, cp1252, cp1251, gb18030') from None


class AsteriskCallSource(BuiltInSource):
    """[sources.asterisk_cdr] and [sources.asterisk_cel]."""

    inbound_contexts: tuple[Name, ...] = ()


class CustomSource(Section):
    """[sources.NAME] of a centre's own: any table of files, brought in by one SQL file."""

    kind: SourceKind
    format: Literal["csv", "parquet", "xlsx", "jsonl"]
    sql: str
    options: dict[str, Any] = {}
    types: dict[str, str] = {}
    timezone: Zone | None = None

    @model_validator(mode="before")
    @classmethod
    def _types_may_stand_among_the_options(cls, data: Any) -> Any:
        """DuckDB has `types` among its reader options, and so may a centre."""
        if not isinstance(data, dict) or not isinstance(options := data.get("options"), dict):
            return data
        if "types" not in options:
            return data
        if "types" in data:
            raise ValueError("types stand twice, among the options and beside them; keep one")
        others = {name: value for name, value in options.items() if name != "types"}
        return {**data, "options": others, "types": options["types"]}

    @field_validator("options")
    @classmethod
    def _are_as_toml_has_them(cls, options: dict[str, Any]) -> dict[str, Any]:
        """Lists again, not tuples: the options go to DuckDB as they were written."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}

    @field_validator("sql")
    @classmethod
    def _is_in_the_home(cls, sql: str, info: ValidationInfo) -> str:
        home: Path | None = (info.context or {}).get("home")
        if home is not None:
            path = (home / sql).resolve()
            if not path.is_relative_to(home.resolve()):
                raise ValueError(f'"{sql}" should be a file in the home, such as sources/bank.sql')
            if not path.is_file():
                raise ValueError(f'there is no file "{sql}" in {home}; write it, or correct the name')
        return sql


class Sources(BaseModel):
    """[sources.NAME]: the built-in sources by name, and any other name for a custom source.

    Reads like a dict: `sources["bank"]`, `"bank" in sources`, `sources.items()`; built-in ones are always in.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")
    __pydantic_extra__: dict[str, CustomSource] = Field(init=False)

    asterisk_queue_log: BuiltInSource = BuiltInSource()
    asterisk_cdr: AsteriskCallSource = AsteriskCallSource()
    asterisk_cel: AsteriskCallSource = AsteriskCallSource()
    freeswitch_cdr: BuiltInSource = BuiltInSource()
    genesys_conversations: BuiltInSource = BuiltInSource()
    amazon_connect_contacts: BuiltInSource = BuiltInSource()
    twilio_taskrouter: BuiltInSource = BuiltInSource()
    crm_customers: TableFileSource = TableFileSource()
    crm_orders: TableFileSource = TableFileSource()
    crm_cases: TableFileSource = TableFileSource()
    surveys: TableFileSource = TableFileSource()
    campaign_attempts: TableFileSource = TableFileSource()
    agents: TableFileSource = TableFileSource()
    schedules: TableFileSource = TableFileSource()
    action_outcomes: TableFileSource = TableFileSource()

    @model_validator(mode="after")
    def _names_are_folders(self) -> Self:
        for name in self.custom:
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                raise ValueError(f'a source is named with small letters, digits and _, not "{name}"')
        return self

    @staticmethod
    def extra_model() -> type[BaseModel]:
        """What a section of another name is; for messages about its keys."""
        return CustomSource

    @property
    def custom(self) -> dict[str, CustomSource]:
        """The centre's own sources by name."""
        return dict(self.__pydantic_extra__)

    def items(self) -> list[tuple[str, BuiltInSource | CustomSource]]:
        """Every source, built-in and custom, with its settings."""
        built_in = [(name, getattr(self, name)) for name in BUILT_IN_SOURCES]
        return [*built_in, *self.custom.items()]

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]  # names, as of a dict, not pydantic's pairs
        return (name for name, _ in self.items())

    def __getitem__(self, name: str) -> BuiltInSource | CustomSource:
        return dict(self.items())[name]

    def __contains__(self, name: object) -> bool:
        return name in BUILT_IN_SOURCES or name in self.custom


BUILT_IN_SOURCES: tuple[str, ...] = tuple(Sources.model_fields)


class Annotation(Section):
    """[[annotations]]: what happened, told beside the figures; days that are not usual are no measure for others."""

    from_date: date
    to_date: date
    what: Label
    site: Name | None = None
    is_usual: bool = False

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.to_date < self.from_date:
            raise ValueError(f"to_date {self.to_date} is before from_date {self.from_date}")
        return self


class Campaigns(Section):
    """[campaigns]: how long after its first attempt a campaign is held to account for what its customers buy."""

    uplift_days: Annotated[int, Field(ge=1)] = 60


class Alerts(Section):
    """[alerts]: how far a figure must be from what was to be expected before somebody is told, and who else is."""

    sigmas: Annotated[float, Field(ge=3, allow_inf_nan=False)] = 4.5
    webhook: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None


class ChurnModel(Section):
    """[models.churn]: what leaving means here, and how much history is learnt from."""

    horizon_days: Annotated[int, Field(ge=1)] = 90
    cutoff_count: Annotated[int, Field(ge=1, le=24)] = 6
    label: Literal["no_purchase", "cancellation"] = "no_purchase"


class ValueModel(Section):
    """[models.value]: how far ahead a customer's value is counted."""

    horizon_days: Annotated[int, Field(ge=1)] = 365


class Models(Section):
    """[models.*]: the questions the models answer. How they learn is in models/*/params.toml."""

    churn: ChurnModel = ChurnModel()
    value: ValueModel = ValueModel()


class Checks(Section):
    """[checks]: when data counts as old."""

    stale_after_hours: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 36.0


class Settings(Section):
    """Everything callwright.toml says, with defaults for what it leaves out."""

    centre: Centre = Centre()
    sites: tuple[Site, ...] = ()
    queues: tuple[Queue, ...] = ()
    targets: tuple[Target, ...] = ()
    business_hours: tuple[BusinessHours, ...] = (BusinessHours(),)
    costs: Costs = Costs()
    tiers: Tiers = Tiers()
    router: Router = Router()
    actions: tuple[Action, ...] = ()
    sources: Sources = Field(default_factory=lambda: Sources())
    models: Models = Models()
    annotations: tuple[Annotation, ...] = ()
    campaigns: Campaigns = Campaigns()
    alerts: Alerts = Alerts()
    checks: Checks = Checks()

    @field_validator("business_hours", mode="before")
    @classmethod
    def _one_is_enough(cls, hours: Any) -> Any:
        return (hours,) if isinstance(hours, dict) else hours

    @model_validator(mode="after")
    def _names_are_unique_and_known(self) -> Self:
        wrong = [
            *_twice("sites", (site.name for site in self.sites)),
            *_twice("queues", (queue.name for queue in self.queues)),
            *_twice("actions", (action.id for action in self.actions)),
        ]
        sites = [site.name for site in self.sites]
        for queue in self.queues:
            if queue.site and queue.site not in sites:
                like = nearest(queue.site, sites)
                more = f'; the nearest is "{like}"' if like else "; add a [[sites]] section with that name"
                wrong.append(f'[[queues]] "{queue.name}", site: no site is called "{queue.site}"{more}')
        for number, note in enumerate(self.annotations, start=1):
            if note.site and sites and note.site not in sites:
                like = nearest(note.site, sites)
                more = f'; the nearest is "{like}"' if like else ""
                wrong.append(f'[[annotations]] number {number}, site: no site is called "{note.site}"{more}')
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    def target_for(self, queue: str, channel: str, on: date) -> Target:
        """The target of a queue and channel on a business date: the last entry that has begun and matches."""
        matching = [target for target in self.targets if target.matches(queue, channel, on)]
        return matching[-1] if matching else FALLBACK_TARGET

    def timezone_of(self, source: str) -> str:
        """The time zone of a source's zone-less times: its own, else the centre's."""
        return self.sources[source].timezone or self.centre.timezone


def _twice(section: str, names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield f'[[{section}]]: "{name}" stands twice; remove or rename one'
        seen.add(name)
