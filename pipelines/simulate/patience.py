"""How long callers wait before they give up. Nothing else belongs here."""

from __future__ import annotations

from bisect import bisect_right

from pipelines.simulate.scenario_sections import Patience


class PatienceLaw:
    """How long callers wait before they give up: a hazard that is constant between given times.

    Args:
        spec: The hazards.
    """

    def __init__(self, spec: Patience) -> None:
        self._from_s, self._hazards = spec.from_s, spec.hazards
        self._sums = [0.0]
        for number in range(1, len(spec.from_s)):
            length_s = spec.from_s[number] - spec.from_s[number - 1]
            self._sums.append(self._sums[-1] + length_s * spec.hazards[number - 1])

    def time(self, exposure: float) -> float:
        """When the summed hazard reaches `exposure`, an exponential number of mean 1."""
        number = bisect_right(self._sums, exposure) - 1
        while self._hazards[number] == 0:  # on a flat piece nobody gives up
            number -= 1
        return self._from_s[number] + (exposure - self._sums[number]) / self._hazards[number]
