import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines import identity
from pipelines.router.publish import publish_scores

MANIFEST = {"model_versions": {"churn": "v3"}, "data_through_at": datetime(2026, 1, 1, tzinfo=UTC), "snapshot": "s1"}
NUMBERS = [f"+4479460000{i:02d}" for i in range(40)]


class Centre:
    """A home with a secret, and a way to publish scores for customers C0, C1, …, one number each."""

    def __init__(self, home: Path) -> None:
        self.home = home
        identity.create_key(home)
        self.key = identity.load_key(home)

    def customer(self, i: int) -> str:
        return identity.customer_key(f"C{i}", self.key)

    def scores(self, count: int = 40, *, valid_h: float = 36, **columns: Any) -> pl.DataFrame:
        now = datetime.now(UTC)
        base: dict[str, Any] = {
            "tier": "A",
            "priority": 80,
            "head_start_s": 120.0,
            "queue": "vip",
            "action": "retention_offer",
            "propensity": 0.95,
            "arm": "policy",
            "reasons": ["high value"],
            "scored_at": now - timedelta(days=9),
            "expires_at": now + timedelta(hours=valid_h),
            "churn_probability": 0.4,
            "source": "model",
        }
        base |= columns
        rows = [{"customer_key": self.customer(i), **base} for i in range(count)]
        return pl.DataFrame(rows, schema_overrides={"action": pl.String, "queue": pl.String, "arm": pl.String})

    def numbers(self, count: int = 40) -> pl.DataFrame:
        tokens = [identity.caller_token(number, self.key) for number in NUMBERS[:count]]
        keys = [self.customer(i) for i in range(count)]
        return pl.DataFrame({"caller_token": tokens, "customer_key": keys})

    def publish(self, **columns: Any) -> Path:
        return publish_scores(self.home, self.scores(**columns), self.numbers(), MANIFEST)

    def token(self, i: int) -> str:
        return identity.caller_token(NUMBERS[i], self.key)


@pytest.fixture(scope="session")
def make_centre() -> type[Centre]:
    return Centre


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return Centre(tmp_path / "home")


@pytest.fixture
def damage() -> Callable[[Path, str], None]:
    """Ways in which a published version can be damaged."""

    def flip(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)

    def do(folder: Path, how: str) -> None:
        database, manifest = folder / "scores.mdb", folder / "manifest.json"
        if how == "a flipped byte":
            flip(database)
        elif how == "a short file":
            database.write_bytes(database.read_bytes()[:-4096])
        elif how == "no database":
            database.unlink()
        elif how == "no manifest":
            manifest.unlink()
        elif how == "half a manifest":
            manifest.write_text(manifest.read_text()[:40])
        elif how == "wrong counts":
            found = json.loads(manifest.read_text())
            found["counts"]["scores"] += 1
            manifest.write_text(json.dumps(found))
        elif how == "a later format":
            manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 99}))
        else:
            raise ValueError(how)

    return do
