"""What tests of the customers share: one simulated year, made once.

Belongs here: fixtures. Not here: the stand-in for the centre (people_world.py).
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from people_world import World, scenario


@pytest.fixture(scope="session")
def year() -> World:
    """A year of 51,000 fresh contacts, with all planted facts."""
    return World(scenario()).run(365)
