"""The tables of sql/, as Dagster finds them.

Belongs here: the assets of staging, core, kpi and meta, with the pseudonyms that Python adds to staging.
Does not belong here: SQL (sql/), building it (warehouse.py), or making an asset of a step (assets.py).
"""

import dagster as dg

from pipelines.assets import assets_of


@dg.definitions
def tables() -> dg.Definitions:
    """The assets of groups staging, core, kpi and meta."""
    return assets_of("staging", "core", "kpi", "meta")
