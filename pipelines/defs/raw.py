"""Landing and raw, as Dagster finds them.

Belongs here: the assets of what arrives, and of its rows as parsed. Does not belong here: reading (ingest.py,
sources/), or making an asset of a step (assets.py).
"""

import dagster as dg

from pipelines.assets import assets_of


@dg.definitions
def raw() -> dg.Definitions:
    """The assets of groups landing and raw."""
    return assets_of("landing", "raw")
