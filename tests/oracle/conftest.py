"""What the oracle's tests share: its modules, and homes built of random logs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Modules beside the tests, not of a package: style rule 15.
sys.path.insert(0, str(Path(__file__).parent))

from logs import World


@pytest.fixture(scope="session")
def built(make_centre: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[World], Any]:
    """The centre that the pipeline makes of a world; each is built once, and may not be changed."""
    homes: dict[World, Any] = {}

    def build(world: World) -> Any:
        if world not in homes:
            centre = make_centre(tmp_path_factory.mktemp("oracle") / "home")
            centre.write("callwright.toml", world.settings)
            # A line that comes twice does so within one file or in two.
            half = len(world.lines) // 2
            for name, lines in (("queue_log.1", world.lines[:half]), ("queue_log", world.lines[half:])):
                centre.land("asterisk_queue_log", name, "".join(f"{line}\n" for line in lines))
            centre.run()
            homes[world] = centre
        return homes[world]

    return build
