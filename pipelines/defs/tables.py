"""The tables of sql/: staging, core, kpi and meta."""

import dagster as dg

from pipelines.assets import assets_of


@dg.definitions
def tables() -> dg.Definitions:
    """The assets of the SQL graph, with the pseudonyms that Python adds to staging."""
    return assets_of("staging", "core", "kpi", "meta")
