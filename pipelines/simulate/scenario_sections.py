"""The sections of a scenario: keys, types, limits.

Belongs here: one class per section. Does not belong here: reading the file, rules between sections (scenario.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from pipelines.settings_sections import BusinessHours, Section
from pipelines.settings_values import Currency, Name, Region, Share, Zone
from pipelines.simulate.calibration import load_calibration
from pipelines.simulate.draws import GammaFactors, LognormalSeconds, PiecewiseHazard

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Channel = Literal["voice", "chat", "email"]


class Company(Section):
    """[company]: who the centre is, as callwright.toml will have it."""

    name: Name
    timezone: Zone
    region: Region
    currency: Currency


class Site(Section):
    """[[sites]]: a place with a telephone system of its own.

    Attributes:
        system: What writes its call records.
        number: The number that callers dial.
        holidays: Local dates on which it is closed.
    """

    name: Name
    label: Name
    system: Literal["asterisk", "freeswitch"]
    timezone: Zone
    language: Literal["en", "zh"]
    number: str
    hours: BusinessHours
    holidays: tuple[date, ...] = ()


class Handling(Section):
    """[queues.handling]: how long agents work on a contact; times are means.

    Attributes:
        like: Service of calibration.toml whose spread and share of short talks the talks have.
        talk_sigma: Instead: deviation of the logarithm of the talk, none of them short.
        is_exponential: Talks without spread of their own, without hold or wrap-up: for comparison with formulas.
    """

    talk_s: Positive
    like: Literal["all", "PS", "NE", "NW", "TT", "IN", "PE"] = "PS"
    talk_sigma: Positive | None = None
    hold_rate: Share = 0.0
    hold_s: Positive = 40.0
    wrap_s: NotNegative = 0.0
    is_exponential: bool = False

    @property
    def talks(self) -> LognormalSeconds:
        """The law of talks."""
        if self.talk_sigma is not None:
            return LognormalSeconds(self.talk_s, self.talk_sigma)
        return replace(load_calibration().service[self.like].times, mean_s=self.talk_s)


class Queue(Section):
    """[[queues]]: where contacts wait.

    Attributes:
        reasons: Reasons of contacts that come here; a queue without takes what no other takes.
        max_waiting: More than so many are refused; 0: no limit.
        needs_agents: Whether callers are refused, or sent away, when nobody is logged in.
        timeout_s: After so long the caller is sent away; 0: never.
        key_rate: Share of those waiting a minute who press the key to be called back.
        patience: Factor of the customers' patience here.
        transfer_rate: Share of answered contacts that are sent on to one of `transfer_to`.
        attended_rate: Share of transfers that are announced.
    """

    name: Name
    label: Name
    site: Name
    channel: Channel = "voice"
    reasons: tuple[str, ...] = ()
    handling: Handling
    max_waiting: Count = 0
    needs_agents: bool = True
    timeout_s: Count = 0
    key_rate: Share = 0.0
    patience: Positive = 1.0
    transfer_rate: Share = 0.0
    transfer_to: tuple[str, ...] = ()
    attended_rate: Share = 0.0
    sl_threshold_s: Positive = 20.0
    sl_target_rate: Share = 0.80


class Stream(Section):
    """[[streams]]: fresh demand at one place on one channel; shares of the year's contacts, together 1."""

    name: Name
    site: Name
    channel: Channel
    share: Share


class Arrivals(Section):
    """[arrivals]: when fresh contacts come, by the site's local clock.

    Attributes:
        weekday, saturday, sunday: Weight of each hour of the day; outside the hours too: people call closed centres.
        week: Weight of each day, Monday first.
        months: Weight of each month, January first.
        closed: Factor on holidays.
        like: Bank of calibration.toml whose days and half hours vary as much as these, and are as correlated;
            poisson: nothing but chance varies.
    """

    weekday: Annotated[tuple[NotNegative, ...], Field(min_length=24, max_length=24)]
    saturday: Annotated[tuple[NotNegative, ...], Field(min_length=24, max_length=24)]
    sunday: Annotated[tuple[NotNegative, ...], Field(min_length=24, max_length=24)]
    week: Annotated[tuple[NotNegative, ...], Field(min_length=7, max_length=7)]
    months: Annotated[tuple[NotNegative, ...], Field(min_length=12, max_length=12)]
    closed: NotNegative = 0.15
    like: Literal["bank_1999", "us_bank_2003", "poisson"] = "bank_1999"

    @property
    def day_factors(self) -> GammaFactors:
        """Factors of days."""
        return GammaFactors(0.0) if self.like == "poisson" else load_calibration().arrivals[self.like].day_factors

    @property
    def half_hour_factors(self) -> GammaFactors:
        """Factors of half hours within a day."""
        return GammaFactors(0.0) if self.like == "poisson" else load_calibration().arrivals[self.like].half_hour_factors


class Patience(Section):
    """[patience]: how soon callers give up: as those of calibration.toml, or by a hazard of one's own.

    Attributes:
        factor: Of the hazard at every moment; 2 is half as patient.
        edges_s: Where intervals of a hazard of one's own begin, the first 0.
        rates: Its give-ups per second, one of each interval, the last above 0.
    """

    factor: Positive = 1.0
    edges_s: tuple[NotNegative, ...] = ()
    rates: tuple[NotNegative, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.edges_s or self.rates:
            PiecewiseHazard(self.edges_s, self.rates)
            if self.rates[-1] <= 0:
                raise ValueError("rates: the last should be above 0, or some would wait for ever")
        return self

    @property
    def hazard(self) -> PiecewiseHazard:
        """The hazard of an ordinary caller in an ordinary queue."""
        own = PiecewiseHazard(self.edges_s, self.rates) if self.rates else load_calibration().patience.hazard
        return own.scaled(self.factor)


class Menu(Section):
    """[menu]: what callers meet before a queue.

    Attributes:
        contained_rate: Share served by the hosted menu, which writes its own export.
        hosted_s: Mean time in it of those who are served.
        greeting_s: Mean of the greeting by the switch, then the queue; 0: none. Its spread is the calibrated one.
        left_rate: Share who hang up during the greeting.
        left_s: Mean time after which they do; its spread is the calibrated one.
    """

    contained_rate: Share = 0.0
    hosted_s: Positive = 75.0
    greeting_s: NotNegative = 0.0
    left_rate: Share = 0.0
    left_s: Positive = 48.1


class Ringing(Section):
    """[ringing]: how agents' telephones ring."""

    answer_s: NotNegative = 3.0
    missed_rate: Share = 0.0
    missed_s: Count = 15


class Blending(Section):
    """[blending]: other work, between calls, of agents whom nobody needs; they pause for it.

    Attributes:
        after_s: An agent takes it up after so long without a call; 0: never.
        recall_s: Mean time until he is back when a caller waits and nobody is free.
        reason: Of the pause.
    """

    after_s: Count = 0
    recall_s: Positive = 12.0
    reason: Name = "Back office"


class Break(Section):
    """[[breaks]]: a pause that is planned, `after_s` into the shift, or that just happens `per_hour`."""

    reason: Name
    activity: Literal["break", "training"] = "break"
    after_s: Count = 0
    per_hour: NotNegative = 0.0
    length_s: Count
    is_planned: bool = True


class Team(Section):
    """[[teams]]: agents of one site and channel; `share` is of the centre's agents.

    Attributes:
        skills: Sets of queues; agents take turns at having them.
        starts: Beginnings of shifts by the local clock, as "08:00".
        days: Days a week that an agent works.
        concurrency: How many chats one agent has at once.
    """

    name: Name
    site: Name
    channel: Literal["voice", "digital"]
    share: Share
    skills: Annotated[tuple[tuple[str, ...], ...], Field(min_length=1)]
    starts: Annotated[tuple[str, ...], Field(min_length=1)]
    shift_hours: Positive
    days: Annotated[int, Field(ge=1, le=7)] = 5
    concurrency: Annotated[int, Field(ge=1)] = 1
    hourly_cost: Positive = 25.0


class Agents(Section):
    """[agents]: what is common to all agents.

    Attributes:
        per_seat: Agents for each seat.
        absent_rate: Share of shifts that are planned and not worked.
        new_rate: Share of places where somebody new comes within the year, at quality `new_quality` of
            his later one; who was there before leaves on that day.
        learning_contacts: After so many contacts 63 % of what there is to learn is learnt.
        slow: How much longer a beginner takes.
        is_always_there: Agents work round the clock without a pause: for comparison with formulas.
    """

    per_seat: Positive = 1.0
    skill_mean: Share = 0.75
    skill_sd: NotNegative = 0.08
    speed_sigma: NotNegative = 0.1
    absent_rate: Share = 0.03
    new_rate: Share = 0.2
    new_quality: Share = 0.7
    learning_contacts: Positive = 400.0
    slow: NotNegative = 0.35
    late_sd_s: NotNegative = 60.0
    is_always_there: bool = False
    first_names: tuple[Name, ...]
    last_names: tuple[Name, ...]
    first_names_zh: tuple[Name, ...] = ()
    last_names_zh: tuple[Name, ...] = ()


class Outbound(Section):
    """[outbound]: how lists are dialled and callers called back; who answers is a matter of the customers.

    Attributes:
        callback_rate: Share of callbacks that the customer, who expects it, answers.
        idle_reserve: Lists are dialled while more agents than these are free.
        retry_s: Then is tried again.
    """

    callback_rate: Share = 0.75
    ring_s: Positive = 18.0
    talk_s: Positive = 150.0
    talk_sigma: Positive = 0.8
    idle_reserve: Count = 2
    retry_s: Count = 300


class Fact(Section):
    """[[facts]]: something planted, to be found. Which of the other keys count depends on the kind.

    Attributes:
        what: What happened.
        seen_in: Table and figures that show it.
        query: SQL over the published file that shows it: one row, whose columns are figures.
        size: How much; what it means depends on the kind.
        more: What else a kind wants.
    """

    id: Name
    kind: Literal[
        "site_absence", "tier_abandonment", "daylight_saving", "guest_agent", "missing_channel", "repeat_cluster",
        "costly_month", "harmful_list", "miscalibrated_model",
    ]  # fmt: skip
    what: str
    seen_in: str
    query: str = ""
    from_date: date
    to_date: date
    from_time: str = "00:00"
    to_time: str = "24:00"
    size: NotNegative = 1.0
    site: str | None = None
    queue: str | None = None
    tier: str | None = None
    reason: str | None = None
    agent: str | None = None
    source: str | None = None
    campaign: str | None = None
    more: dict[str, Any] = {}
