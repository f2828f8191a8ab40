"""Random numbers: one root seed, one stream per purpose, so that a new purpose never shifts another's numbers.

Belongs here: streams by name, and what is handed out of them one by one. Does not belong here: distributions
(draws.py), what is drawn for what.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from zlib import crc32

import numpy as np

from pipelines.simulate.draws import LognormalSeconds, one_by_one


def stream(seed: int, name: str) -> np.random.Generator:
    """The stream of a stable name, such as `arrivals/service`: the same numbers for the same seed, on any machine."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, crc32(name.encode())])))


def seconds(seed: int, name: str, law: LognormalSeconds) -> Callable[[], float]:
    """Whole seconds of a law, one at a call, from the stream of that name."""
    source = stream(seed, name)
    return one_by_one(lambda size: law.draw(source, size))


class Draws:
    """Plain chance, one number at a time.

    Args:
        seed: The root seed.
        name: The stream's name.
    """

    def __init__(self, seed: int, name: str) -> None:
        self._uniform = one_by_one(stream(seed, f"{name}/uniform").random)
        self._normal = one_by_one(stream(seed, f"{name}/normal").standard_normal)

    def uniform(self) -> float:
        """At least 0, below 1."""
        return self._uniform()

    def normal(self) -> float:
        """Mean 0, deviation 1."""
        return self._normal()

    def exponential(self, mean: float) -> float:
        """Of that mean."""
        return -mean * math.log(1.0 - self.uniform())

    def chance(self, probability: float) -> bool:
        """True so often."""
        return self.uniform() < probability

    def below(self, count: int) -> int:
        """A whole number from 0, below `count`."""
        return int(self.uniform() * count)
