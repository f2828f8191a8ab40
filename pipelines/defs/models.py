"""Features, models and scores."""

import dagster as dg

from pipelines.assets import assets_of


@dg.definitions
def models() -> dg.Definitions:
    """The assets of groups features and ml."""
    return assets_of("features", "ml")
