"""Value tiers: names and shares of the centre, with hysteresis so that customers do not flap.

Here: amounts to tier names. Not here: amounts (estimating.py), what a tier is given (the centre's settings).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from models.errors import ModelError
from models.registry import require_columns


def assign_tiers(
    values: pl.DataFrame,
    names: Sequence[str],
    shares: Sequence[float],
    hysteresis: float = 0.0,
    previous: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Give each customer with a value a tier by place from the top.

    A customer moves only when beyond the edge of the previous tier by more than `hysteresis` (a share of customers).
    Ties stand together, at the lower place. Nothing expected is always the last tier. No value: no tier.

    Args:
        values: Columns `customer_key`, `expected_value_amount` (null: unknown).
        names: Tier names, best first.
        shares: Share of customers of each tier, sum 1.
        hysteresis: Width of the edge, as a share of customers.
        previous: Columns `customer_key`, `tier` of the last scores; unknown names are ignored.

    Returns:
        Columns `customer_key`, `tier`, in the order of `values`.

    Raises:
        ModelError: Names and shares do not fit each other.
    """
    require_columns("tiers", values, ["customer_key", "expected_value_amount"])
    if len(names) != len(shares) or not names or abs(sum(shares) - 1) > 1e-6 or min(shares) < 0:
        raise ModelError(f"tiers: {len(names)} names and shares {list(shares)} do not make a whole")
    ranked = _with_place(values.select("customer_key", "expected_value_amount").with_row_index("row"))
    if previous is None:
        ranked = ranked.with_columns(pl.lit(None, pl.String).alias("previous_tier"))
    else:
        before = previous.select("customer_key", pl.col("tier").alias("previous_tier")).unique("customer_key")
        ranked = ranked.join(before, on="customer_key", how="left").sort("row")
    edges = np.concatenate([[0.0], np.cumsum(shares)])
    edges[-1] = 1.0
    tier = _plain_tier(names, edges)
    for position, name in enumerate(names):
        low, high = edges[position] - hysteresis, edges[position + 1] + hysteresis
        stays = (pl.col("previous_tier") == name) & pl.col("place").is_between(low, high, closed="left")
        tier = pl.when(stays).then(pl.lit(name)).otherwise(tier)
    worthless = pl.col("expected_value_amount") <= 0
    tier = pl.when(worthless).then(pl.lit(names[-1])).otherwise(tier)
    known = pl.when(pl.col("expected_value_amount").is_not_null()).then(tier)
    return ranked.select("customer_key", known.cast(pl.String).alias("tier"))


def _with_place(values: pl.DataFrame) -> pl.DataFrame:
    """Place from the top, 0 to 1, the middle of the customer's own step, so that few customers fall well too."""
    amount = pl.col("expected_value_amount")
    place = (amount.rank("max", descending=True) - 0.5) / amount.count()
    return values.with_columns(place.alias("place"))


def _plain_tier(names: Sequence[str], edges: np.ndarray[tuple[int], np.dtype[np.float64]]) -> pl.Expr:
    tier = pl.lit(names[-1])
    for name, edge in reversed(list(zip(names[:-1], edges[1:-1], strict=True))):
        tier = pl.when(pl.col("place") < edge).then(pl.lit(name)).otherwise(tier)
    return tier
