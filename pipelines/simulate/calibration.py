"""The measured parameters of real centres (calibration.toml), as objects that draw.

Here: reading that file. Not here: measuring (calibrate.py), which of them a scenario takes.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.simulate.draws import GammaFactors, LognormalSeconds, PiecewiseHazard
from pipelines.simulate.measures import Dispersion

PATH = Path(__file__).with_name("calibration.toml")


@dataclass(frozen=True)
class ArrivalFacts:
    """Arrivals of one bank.

    Attributes:
        day_count: Ordinary days measured.
        mean_day_count: Calls of a mean ordinary day.
        opens_s: Seconds after midnight at which the first half hour begins.
        week_shares: Share of each weekday in a week, Monday first; the sum is 1.
        half_hour_shares: Share of each half hour in a full weekday; the sum is 1.
        dispersion: What is left when both profiles are removed.
    """

    day_count: int
    mean_day_count: float
    opens_s: int
    week_shares: tuple[float, ...]
    half_hour_shares: tuple[float, ...]
    dispersion: Dispersion

    @property
    def day_factors(self) -> GammaFactors:
        """Factors of days: `walk` them, one a day."""
        return GammaFactors(self.dispersion.day_cv, self.dispersion.day_correlation)

    @property
    def half_hour_factors(self) -> GammaFactors:
        """Factors of half hours, for `arrival_seconds`."""
        return GammaFactors(self.dispersion.half_hour_cv, self.dispersion.half_hour_correlation)


@dataclass(frozen=True)
class TimeFacts:
    """Seconds of service or of menus.

    Attributes:
        call_count: Calls measured.
        times: The distribution.
        distance: Kolmogorov-Smirnov distance of the real times from it, short ones left out.
    """

    call_count: int
    times: LognormalSeconds
    distance: float


@dataclass(frozen=True)
class PatienceFacts:
    """How long callers in a queue wait before they give up.

    Attributes:
        call_count: Callers who waited.
        give_up_counts: Who gave up, by interval of the hazard.
        hazard: The piecewise hazard.
        distance: Greatest difference of its survival from Kaplan and Meier's within ten minutes.
    """

    call_count: int
    give_up_counts: tuple[float, ...]
    hazard: PiecewiseHazard
    distance: float


@dataclass(frozen=True)
class Calibration:
    """All of calibration.toml.

    Attributes:
        arrivals: By bank: `bank_1999` (some 1,200 calls a day), `us_bank_2003` (32,000).
        service: By type of service of the bank of 1999; `all` is every call.
        patience: Of the callers of that bank.
        ivr_passed: Seconds in the menus of those who went on to a queue or an agent.
        ivr_hung_up: Seconds in the menus of those who hung up there.
        ivr_hang_up_share: Share of calls that hung up there.
    """

    arrivals: dict[str, ArrivalFacts]
    service: dict[str, TimeFacts]
    patience: PatienceFacts
    ivr_passed: TimeFacts
    ivr_hung_up: TimeFacts
    ivr_hang_up_share: float


@cache
def load_calibration(path: Path = PATH) -> Calibration:
    """Read the committed parameters."""
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    patience, ivr = read["patience"], read["ivr"]
    return Calibration(
        arrivals={name: _arrivals(told) for name, told in read["arrivals"].items()},
        service={name: _times(told) for name, told in read["service"].items()},
        patience=PatienceFacts(
            call_count=patience["call_count"],
            give_up_counts=tuple(patience["give_up_counts"]),
            hazard=PiecewiseHazard(tuple(patience["edges_s"]), tuple(patience["rates"])),
            distance=patience["distance"],
        ),
        ivr_passed=_times(ivr["passed"]),
        ivr_hung_up=_times(ivr["hung_up"]),
        ivr_hang_up_share=ivr["hang_up_share"],
    )


def _arrivals(told: dict[str, Any]) -> ArrivalFacts:
    names = ("day_cv", "day_correlation", "half_hour_index", "half_hour_cv", "half_hour_correlation")
    return ArrivalFacts(
        day_count=told["day_count"],
        mean_day_count=told["mean_day_count"],
        opens_s=told["opens_s"],
        week_shares=_whole(told["week_shares"]),
        half_hour_shares=_whole(told["half_hour_shares"]),
        dispersion=Dispersion(**{name: told[name] for name in names}),
    )


def _whole(shares: list[float]) -> tuple[float, ...]:
    """Rounded shares, made to add up to 1 again."""
    return tuple(share / sum(shares) for share in shares)


def _times(told: dict[str, Any]) -> TimeFacts:
    times = LognormalSeconds(told["mean_s"], told["sigma"], told["short_share"])
    return TimeFacts(told["call_count"], times, told["distance"])
