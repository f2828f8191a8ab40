"""BG/NBD: how often customers buy and when they stop (Fader, Hardie and Lee 2005, Marketing Science 24).

Here: likelihood, fit, expected purchases, chance of being alive. Not here: money (gamma_gamma.py), customers' frames.
A customer is (x, t_x, T): repeat purchases, time of the last one since the first, time observed; any one time unit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1

Floats = NDArray[np.float64]

# Limits of the logarithms of the parameters: beyond them the likelihood is flat.
_LOG_LOW, _LOG_HIGH = -9.0, 9.0


@dataclass(frozen=True)
class BgNbd:
    """Fitted parameters.

    Attributes:
        r: Shape of the purchase rates over customers.
        alpha: Scale of the purchase rates, in the time unit of the data.
        a: First shape of the dropout probabilities.
        b: Second shape of the dropout probabilities.
        log_likelihood: At these parameters.
        is_boundary: A parameter ran to its limit: the data does not show what it stands for (a = 0: nobody drops out).
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    is_boundary: bool

    def as_json(self) -> dict[str, float | bool]:
        """Plain content for the artefact."""
        return asdict(self)

    def alive_probability(self, x: Floats, t_x: Floats, observed: Floats) -> Floats:
        """Chance of still being a customer, shape (n,); 1 without a repeat purchase, as the model has it."""
        return np.asarray(1 / (1 + self._dropout_odds(x, t_x, observed)), dtype=np.float64)

    def expected_purchases(self, x: Floats, t_x: Floats, observed: Floats, horizon: float) -> Floats:
        """Expected purchases within `horizon` after the observation, shape (n,); equation 10 of the paper."""
        # The formula divides by a - 1, though its limit there is finite.
        a = self.a if abs(self.a - 1) > 1e-6 else 1 + 1e-6
        rate, c = self.r + x, a + self.b + x - 1
        share = horizon / (self.alpha + observed + horizon)
        shrink = ((self.alpha + observed) / (self.alpha + observed + horizon)) ** rate
        bought = c / (a - 1) * (1 - shrink * hyp2f1(rate, self.b + x, c, share))
        return np.asarray(bought / (1 + self._dropout_odds(x, t_x, observed)), dtype=np.float64)

    def _dropout_odds(self, x: Floats, t_x: Floats, observed: Floats) -> Floats:
        stretch = ((self.alpha + observed) / (self.alpha + t_x)) ** (self.r + x)
        odds = self.a / (self.b + np.maximum(x, 1) - 1) * stretch
        return np.where(x > 0, odds, 0.0)


def log_likelihood(parameters: Floats, x: Floats, t_x: Floats, observed: Floats) -> float:
    """Log-likelihood of (r, alpha, a, b), equation 6 of the paper, summed over customers."""
    r, alpha, a, b = parameters
    rate = r + x
    buying = gammaln(rate) - gammaln(r) + r * np.log(alpha)
    staying = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    alive = -rate * np.log(alpha + observed)
    gone = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - rate * np.log(alpha + t_x)
    return float(np.sum(buying + staying + np.where(x > 0, np.logaddexp(alive, gone), alive)))


def fit(x: Floats, t_x: Floats, observed: Floats) -> BgNbd:
    """Fit by maximum likelihood from three fixed starts.

    Args:
        x: Repeat purchases, shape (n,), whole numbers.
        t_x: Time of the last purchase since the first, shape (n,); 0 where x is 0.
        observed: Time since the first purchase, shape (n,), positive.
    """
    # Time is scaled to a mean of ten: the search then starts near the answer whatever the unit.
    scale = float(observed.mean()) / 10

    def loss(logs: Floats) -> float:
        return -log_likelihood(np.exp(logs), x, t_x / scale, observed / scale) / len(x)

    starts = ([0.0, 0.0, 0.0, 0.0], [-1.0, 1.0, 0.0, 1.0], [0.5, 1.5, -2.0, 0.5])
    options = {"maxiter": 500, "ftol": 1e-14, "gtol": 1e-9}
    bounds = [(_LOG_LOW, _LOG_HIGH)] * 4
    fits = [minimize(loss, np.array(start), method="L-BFGS-B", bounds=bounds, options=options) for start in starts]
    logs = min(fits, key=lambda found: float(found.fun)).x
    r, alpha, a, b = (float(value) for value in np.exp(logs))
    best = np.array([r, alpha * scale, a, b])
    return BgNbd(
        r=r,
        alpha=alpha * scale,
        a=a,
        b=b,
        log_likelihood=log_likelihood(best, x, t_x, observed),
        is_boundary=bool(np.any(np.minimum(logs - _LOG_LOW, _LOG_HIGH - logs) < 0.5)),
    )
