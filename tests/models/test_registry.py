"""Artefacts: saved whole, found by content, promoted by pointer, refused when damaged."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from models import registry
from models.errors import DamagedArtefact, MissingFeatures

FILES = {"trees.txt": b"tree", "artefact.json": registry.dump_json({"features": ["b", "a"]})}


def test_version_depends_on_content_and_names_only() -> None:
    same = dict(reversed(list(FILES.items())))
    assert registry.content_version(FILES) == registry.content_version(same)
    assert registry.content_version(FILES) != registry.content_version({**FILES, "trees.txt": b"Tree"})
    assert registry.content_version({"a": b"1"}) != registry.content_version({"b": b"1"})


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    version = registry.save(tmp_path, "churn", FILES)
    loaded = registry.load(tmp_path, "churn", version)
    assert dict(loaded.files) == FILES
    assert loaded.features == ["b", "a"]


def test_saving_twice_changes_nothing_and_leaves_no_litter(tmp_path: Path) -> None:
    first = registry.save(tmp_path, "churn", FILES)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "churn" / first).iterdir()}
    assert registry.save(tmp_path, "churn", FILES) == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "churn" / first).iterdir()} == stamps
    assert [path.name for path in (tmp_path / "churn").iterdir()] == [first]


def test_no_champion_until_one_is_promoted(tmp_path: Path) -> None:
    version = registry.save(tmp_path, "churn", FILES)
    assert registry.champion(tmp_path, "churn") is None
    registry.promote(tmp_path, "churn", version)
    in_use = registry.champion(tmp_path, "churn")
    assert in_use is not None
    assert in_use.version == version


def test_promotion_moves_the_pointer_and_keeps_the_old_version(tmp_path: Path) -> None:
    old = registry.save(tmp_path, "churn", FILES)
    new = registry.save(tmp_path, "churn", {**FILES, "trees.txt": b"another"})
    registry.promote(tmp_path, "churn", old)
    registry.promote(tmp_path, "churn", new)
    in_use = registry.champion(tmp_path, "churn")
    assert in_use is not None
    assert in_use.version == new
    assert registry.load(tmp_path, "churn", old).files["trees.txt"] == b"tree"
    assert sorted(path.name for path in (tmp_path / "churn").iterdir()) == sorted([old, new, "champion"])


def test_a_retired_champion_is_out_of_use_but_not_lost(tmp_path: Path) -> None:
    version = registry.save(tmp_path, "churn", FILES)
    registry.promote(tmp_path, "churn", version)
    registry.retire(tmp_path, "churn")
    registry.retire(tmp_path, "churn")
    assert registry.champion(tmp_path, "churn") is None
    assert registry.load(tmp_path, "churn", version).version == version


def test_what_does_not_exist_cannot_be_promoted(tmp_path: Path) -> None:
    with pytest.raises(DamagedArtefact, match="not a complete artefact"):
        registry.promote(tmp_path, "churn", "0123456789ab")


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    version = registry.save(tmp_path, "churn", FILES)
    (tmp_path / "churn" / version / "trees.txt").write_bytes(b"evil")
    with pytest.raises(DamagedArtefact, match="was changed after it was saved"):
        registry.load(tmp_path, "churn", version)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    version = registry.save(tmp_path, "churn", FILES)
    (tmp_path / "churn" / version / "trees.txt").unlink()
    with pytest.raises(DamagedArtefact, match="not a complete artefact"):
        registry.load(tmp_path, "churn", version)


def test_missing_columns_are_all_named() -> None:
    frame = pl.DataFrame({"a": [1]})
    with pytest.raises(MissingFeatures, match="the frame lacks b, c, which the model needs") as problem:
        registry.require_columns("churn", frame, ["a", "b", "c"])
    assert problem.value.missing == ["b", "c"]


def test_json_with_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="Out of range"):
        registry.dump_json({"auc": float("nan")})


def test_data_hash_follows_values_and_names() -> None:
    frame = pl.DataFrame({"a": [1.0, 2.0]})
    assert registry.frame_hash(frame) == registry.frame_hash(frame.clone())
    assert registry.frame_hash(frame) != registry.frame_hash(frame.with_columns(pl.col("a") + 1))
    assert registry.frame_hash(frame) != registry.frame_hash(frame.rename({"a": "b"}))
