"""Dagster's way in.

Belongs here: loading defs/. Nothing else belongs here.
"""

from pathlib import Path

import dagster as dg


@dg.definitions
def definitions() -> dg.Definitions:
    """All assets, checks and jobs of the home that CALLWRIGHT_HOME names."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
