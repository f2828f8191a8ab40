from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from dashboards.components import published

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def publish() -> Callable[..., Path]:
    return runpy.run_path(str(HERE / "build_home.py"))["publish"]


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("CALLWRIGHT_HOME", str(tmp_path / "home"))
    published.publication.clear()
    published.overview.clear()
    published.fair_metrics.clear()
    published.agents.clear()
    return tmp_path / "home"


@pytest.fixture(scope="session")
def small_snapshot(publish, tmp_path_factory) -> Path:
    return publish(tmp_path_factory.mktemp("small"), "small")
