"""Landing and raw: what arrives, and its rows as parsed."""

import dagster as dg

from pipelines.assets import assets_of


@dg.definitions
def raw() -> dg.Definitions:
    """The assets of groups landing and raw."""
    return assets_of("landing", "raw")
