"""Features, models and scores, as Dagster finds them.

Belongs here: the assets of features and ml. Does not belong here: the maths (models/), its wiring (scoring.py), or
making an asset of a step (assets.py).
"""

import dagster as dg

from pipelines.assets import assets_of


@dg.definitions
def models() -> dg.Definitions:
    """The assets of groups features and ml."""
    return assets_of("features", "ml")
