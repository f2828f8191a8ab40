"""Publishing, as Dagster finds it: the snapshot that people read, and the scores that the router reads.

Belongs here: the assets of publish. Does not belong here: how it is done (publish.py, router/publish.py), or making an
asset of a step (assets.py).
"""

import dagster as dg

from pipelines.assets import assets_of


@dg.definitions
def publish() -> dg.Definitions:
    """The assets of group publish."""
    return assets_of("publish")
