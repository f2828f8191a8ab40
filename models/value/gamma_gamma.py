"""Gamma-gamma: what customers spend a time (Fader and Hardie 2013, brucehardie.com/notes/025).

Here: likelihood, fit, expected spend. Not here: how often they buy (bgnbd.py).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

Floats = NDArray[np.float64]

_LOG_LOW, _LOG_HIGH = -9.0, 12.0


@dataclass(frozen=True)
class GammaGamma:
    """Fitted parameters.

    Attributes:
        p: Shape of one customer's purchases.
        q: Shape of the scales over customers; with q <= 1 the population has no mean.
        gamma: Scale, in the currency of the data.
        is_boundary: A parameter ran to its limit, or q is at most 1: the estimate is not to be used.
    """

    p: float
    q: float
    gamma: float
    is_boundary: bool

    def as_json(self) -> dict[str, float | bool]:
        """Plain content for the artefact."""
        return asdict(self)

    def expected_spend(self, purchases: Floats, mean_spend: Floats) -> Floats:
        """Expected amount of a further purchase, shape (n,): own mean drawn towards that of all."""
        top = self.p * (self.gamma + purchases * mean_spend)
        return np.asarray(top / (self.p * purchases + self.q - 1), dtype=np.float64)


def fit(purchases: Floats, mean_spend: Floats) -> GammaGamma:
    """Fit by maximum likelihood.

    Args:
        purchases: Number of purchases the mean is over, shape (n,), at least 1.
        mean_spend: Mean amount of a purchase, shape (n,), positive.
    """
    scale = float(mean_spend.mean())
    x, z = purchases, mean_spend / scale

    def loss(logs: Floats) -> float:
        p, q, gamma = np.exp(logs)
        terms = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
        terms = terms + (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * np.log(gamma + x * z)
        return -float(np.mean(terms))

    options = {"maxiter": 500, "ftol": 1e-14, "gtol": 1e-9}
    bounds = [(_LOG_LOW, _LOG_HIGH)] * 3
    starts = ([1.0, 1.0, 0.0], [2.0, 1.5, 1.0])
    fits = [minimize(loss, np.array(start), method="L-BFGS-B", bounds=bounds, options=options) for start in starts]
    logs = min(fits, key=lambda found: float(found.fun)).x
    p, q, gamma = (float(value) for value in np.exp(logs))
    at_limit = bool(np.any(np.minimum(logs - _LOG_LOW, _LOG_HIGH - logs) < 0.5))
    return GammaGamma(p=p, q=q, gamma=gamma * scale, is_boundary=at_limit or q <= 1)
