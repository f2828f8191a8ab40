"""How long things take at the centre: greetings, talk, hold, wrap-up, rings; each from a law of its own.

Belongs here: laws for what the scenario says, handed out one by one. Does not belong here: the laws themselves
(draws.py), measured parameters (calibration.toml), what happens when (voice.py, digital.py, outbound.py).
"""

from __future__ import annotations

from collections.abc import Callable

from pipelines.simulate.calibration import load_calibration
from pipelines.simulate.draws import LognormalSeconds
from pipelines.simulate.scenario_sections import Menu, Queue
from pipelines.simulate.streams import Draws, seconds

# Deviations of the logarithm of what no data tells of.
RING_SIGMA, HOLD_SIGMA, WRAP_SIGMA = 0.4, 0.6, 0.5
HOSTED_SIGMA = 0.6


def seconds_of(seed: int, name: str, mean_s: float, sigma: float = RING_SIGMA) -> Callable[[], int]:
    """Whole seconds of a lognormal law, 1 at least; always 0 where the mean is 0."""
    return _whole(seconds(seed, name, LognormalSeconds(mean_s, sigma))) if mean_s else lambda: 0


def _whole(take: Callable[[], float]) -> Callable[[], int]:
    return lambda: int(take())


class Work:
    """What an agent does for a contact of one queue.

    Args:
        queue: Whose handling.
        seed: The root seed.
    """

    def __init__(self, queue: Queue, seed: int) -> None:
        spec, name = queue.handling, f"work/{queue.name}"
        self._spec = spec
        self._draw = Draws(seed, name)
        self._short_s = 0 if spec.talk_sigma is not None else spec.talks.short_s
        self._talk = _whole(seconds(seed, f"{name}/talk", spec.talks))
        self._hold = seconds_of(seed, f"{name}/hold", spec.hold_s, HOLD_SIGMA)
        self._wrap = seconds_of(seed, f"{name}/wrap", spec.wrap_s, WRAP_SIGMA)

    def next(self, factor: float) -> tuple[int, int, int]:
        """Seconds of talk, hold and wrap-up.

        Args:
            factor: Of the time that work takes; a call that is cut short is short, whoever answers.
        """
        spec = self._spec
        if spec.is_exponential:
            return round(self._draw.exponential(spec.talk_s)), 0, 0
        talk_s = self._talk()
        if talk_s > self._short_s:
            talk_s = max(self._short_s + 1, round(talk_s * factor))
        hold_s = self._hold() if self._draw.chance(spec.hold_rate) else 0
        return talk_s, hold_s, max(1, round(self._wrap() * factor)) if spec.wrap_s else 0


class Greetings:
    """What callers hear before the queue: most pass, some hang up.

    Args:
        menu: How long and how many.
        seed: The root seed.
    """

    def __init__(self, menu: Menu, seed: int) -> None:
        real = load_calibration()
        self._left_rate = menu.left_rate
        self._draw = Draws(seed, "voice/menu")
        self._passed = seconds_of(seed, "voice/menu/passed", menu.greeting_s, real.ivr_passed.times.sigma)
        self._left = seconds_of(seed, "voice/menu/left", menu.left_s, real.ivr_hung_up.times.sigma)

    def next(self) -> tuple[int, bool]:
        """Seconds, and whether the caller hangs up then."""
        is_leaving = self._draw.chance(self._left_rate)
        return self._left() if is_leaving else self._passed(), is_leaving
