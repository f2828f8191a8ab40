"""What a scenario says of its customers: the sections that people.toml explains, as typed objects.

Belongs here: names, types and limits. Does not belong here: values (people.toml), behaviour (people.py), the centre's
own sections (scenario.py).
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Protocol

from pydantic import Field

from pipelines.settings_sections import Action, Section
from pipelines.settings_values import Share
from pipelines.simulate.overlay import immutable, laid_over

DEFAULTS = Path(__file__).with_name("people.toml")

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class HomeSite(Section):
    """Customers who belong to one site."""

    zone: str
    share: Share
    chinese_share: Share
    regions: tuple[str, ...]


class Reason(Section):
    """Why people make contact; `ease` is a logit."""

    share: Share
    ease: float
    case_share: Share


class Policy(Section):
    """The logging policy."""

    version: str
    temperature: Positive
    exploration: Share
    holdout_share: Share
    rest_days: int


class Again(Section):
    """Contacts that follow from contacts."""

    retry_share: dict[str, Share]
    retry_median_s: Positive
    retry_sigma: Positive
    repeat_share: Share
    repeat_median_s: Positive
    repeat_sigma: Positive
    case_days: int
    callback_from_s: Positive
    callback_to_s: Positive
    waking_from_hour: int
    waking_to_hour: int


class CustomersSection(Section):
    """`[customers]`: who the customers are, and why and how often they make contact."""

    contacts_per_customer: Positive
    history_days: Annotated[int, Field(ge=1)]
    join_rate: Annotated[float, Field(ge=0)]
    contract_share: Share
    contract_days: int
    contact_shape: Positive
    lapsed_contact_factor: Share
    new_contact_factor: Positive
    unknown_share: Share
    withheld_share: Share
    opt_out_share: Share
    objection_share: Share
    moved_rate: Share
    sleeping_days: int
    tiers: dict[str, Share]
    segments: dict[str, Share]
    sites: dict[str, HomeSite]
    reasons: dict[str, Reason]
    policy: Policy
    again: Again


class PurchasesSection(Section):
    """`[purchases]`: BG/NBD and gamma-gamma, in days and in the centre's currency."""

    r: Positive
    alpha_days: Positive
    a: Positive
    b: Positive
    p: Positive
    q: Annotated[float, Field(gt=1)]
    gamma: Positive
    margin_rate: Share
    margin_sigma: float
    phone_share: Share
    return_share: Share


class SatisfactionSection(Section):
    """`[satisfaction]`: how an experience comes about and what it leaves behind, 0 to 1."""

    neutral: Share
    spread: Positive
    start: Share
    wait: float
    wait_scale_s: Positive
    transfer: float
    skill: float
    solved: float
    unsolved: float
    unanswered: float
    credit: float
    noise: float
    memory: Share
    half_life_days: Positive
    solve_skill: float
    solve_transfer: float


class ChurnSection(Section):
    """`[churn]`: the monthly hazard of contracts, and of not buying again."""

    monthly_rate: Share
    frailty: float
    by_satisfaction: float
    contract_end: float
    contract_end_days: int
    intent: float
    intent_days: int
    effect_days: int
    dropout_by_satisfaction: float


class ActionEffect(Section):
    """`[[action_effects]]`: one action, what it does to whom, and when the logging policy likes it."""

    id: str
    accept: float
    accept_by_satisfaction: float
    accept_by_value: float
    accept_by_reason: dict[str, float] = {}
    taste: float
    churn_shown: float
    churn_shown_sleeping: float
    churn_accepted: float
    churn_taste: float
    spend_accepted: float
    revenue: float
    is_marketing: bool
    prefer: dict[str, float]


class SurveysSection(Section):
    """`[surveys]`: who is asked, who answers, who writes something."""

    sent_share: Share
    unanswered_share: Share
    rest_days: int
    kinds: dict[str, Share]
    answer: float
    answer_extreme: float
    answer_chinese: float
    comment_share: Share
    comment_extreme: float
    noise: float
    delay_median_s: Positive
    delay_sigma: Positive
    longest_s: int


class Campaign(Section):
    """One of `[campaigns.lists]`: an outbound list with a randomised control."""

    starts_on: date
    days: Annotated[int, Field(ge=1)]
    share: Share
    treated_share: Share
    sold: Share
    opted_out: Share
    callback: Share
    amount: Positive
    rate_factor: Positive = 1.0
    rate_days: int = 45


class CampaignsSection(Section):
    """`[campaigns]`: how outbound lists are dialled, and the lists."""

    most_attempts: Annotated[int, Field(ge=1)]
    hours: dict[str, Share]
    right_party: Share
    retry_days: int
    lists: dict[str, Campaign]


class PlantedFact(Protocol):
    """A section of `[[facts]]`, as scenario.py has it; which of `more` counts depends on the kind."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def from_date(self) -> date: ...  # noqa: D102
    @property
    def to_date(self) -> date: ...  # noqa: D102
    @property
    def site(self) -> str | None: ...  # noqa: D102
    @property
    def agent(self) -> str | None: ...  # noqa: D102
    @property
    def campaign(self) -> str | None: ...  # noqa: D102
    @property
    def more(self) -> dict[str, Any]: ...  # noqa: D102


class PeopleSections(Section):
    """What people.toml holds; the actions are those of callwright.toml."""

    customers: CustomersSection
    purchases: PurchasesSection
    satisfaction: SatisfactionSection
    churn: ChurnSection
    action_effects: tuple[ActionEffect, ...]
    surveys: SurveysSection
    campaigns: CampaignsSection
    actions: tuple[Action, ...] = ()


class Company(Protocol):
    """`[company]`."""

    @property
    def currency(self) -> str: ...  # noqa: D102


class PeopleScenario(Protocol):
    """What people need of a scenario; `people` is laid over people.toml."""

    @property
    def starts_on(self) -> date: ...  # noqa: D102
    @property
    def company(self) -> Company: ...  # noqa: D102
    @property
    def seats(self) -> int: ...  # noqa: D102
    @property
    def contacts_per_seat_year(self) -> float: ...  # noqa: D102
    @property
    def people(self) -> dict[str, Any]: ...  # noqa: D102
    @property
    def facts(self) -> Sequence[PlantedFact]: ...  # noqa: D102


def sections_of(scenario: PeopleScenario, path: Path = DEFAULTS) -> PeopleSections:
    """The sections of people.toml, with what the scenario's `[people.<section>]` says instead.

    Raises:
        ValidationError: A section or key that people.toml does not know, or a value that cannot be.
    """
    defaults = tomllib.loads(path.read_text(encoding="utf-8"))
    return PeopleSections.model_validate(immutable(laid_over(defaults, scenario.people)))
