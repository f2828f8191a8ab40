"""Publishing: the snapshot that people read, and the scores that the router reads."""

import dagster as dg

from pipelines.assets import assets_of


@dg.definitions
def publish() -> dg.Definitions:
    """The assets of group publish."""
    return assets_of("publish")
