"""Random numbers: one root seed, one stream per purpose, so that a new purpose never shifts another's numbers.

Belongs here: streams by name, and numbers drawn in blocks. Does not belong here: what is drawn for what.
"""

from __future__ import annotations

import math
from zlib import crc32

import numpy as np

BLOCK = 4096


def stream(seed: int, name: str) -> np.random.Generator:
    """The stream of a stable name, such as `arrivals/service`: the same numbers for the same seed, on any machine."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, crc32(name.encode())])))


class Draws:
    """One number at a time out of blocks: numpy is fast by the thousand and slow by the piece.

    Args:
        seed: The root seed.
        name: The stream's name.
    """

    def __init__(self, seed: int, name: str) -> None:
        self._uniform = stream(seed, f"{name}/uniform")
        self._normal = stream(seed, f"{name}/normal")
        self._uniforms: list[float] = []
        self._normals: list[float] = []

    def uniform(self) -> float:
        """At least 0, below 1."""
        if not self._uniforms:
            self._uniforms = self._uniform.random(BLOCK).tolist()
        return self._uniforms.pop()

    def normal(self) -> float:
        """Mean 0, deviation 1."""
        if not self._normals:
            self._normals = self._normal.standard_normal(BLOCK).tolist()
        return self._normals.pop()

    def exponential(self, mean: float) -> float:
        """Of that mean."""
        return -mean * math.log(1.0 - self.uniform())

    def lognormal(self, mean: float, sigma: float) -> float:
        """Of that mean; `sigma` is the deviation of its logarithm."""
        return mean * math.exp(sigma * self.normal() - 0.5 * sigma * sigma)

    def chance(self, probability: float) -> bool:
        """True so often."""
        return self.uniform() < probability

    def below(self, count: int) -> int:
        """A whole number from 0, below `count`."""
        return int(self.uniform() * count)
