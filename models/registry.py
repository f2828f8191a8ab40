"""Saving, loading and promoting artefacts, without pickles.

Here: files of a model version under a directory the caller gives, and the champion pointer.
Not here: what the files mean (the model's own module), and where the directory lies (the caller).

Layout: `<root>/<model>/<version>/<file>` with a `manifest.json`; `<root>/<model>/champion` names the version in use.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl

from models.errors import DamagedArtefact, MissingFeatures

Decision = Literal["promote", "keep", "rule"]

METRIC_SCHEMA = {
    "model": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "baseline_value": pl.Float64,
    "n": pl.Int64,
    "source": pl.String,
}
CURVE_SCHEMA = {"model": pl.String, "curve": pl.String, "x": pl.Float64, "y": pl.Float64, "n": pl.Int64}

_CHAMPION = "champion"
_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Artefact:
    """One saved version of a model: its files by name, and what it was trained on."""

    model: str
    version: str
    files: Mapping[str, bytes]

    def json(self, name: str) -> dict[str, Any]:
        """Read one of its JSON files."""
        content: dict[str, Any] = json.loads(self.files[name])
        return content

    @property
    def features(self) -> list[str]:
        """The columns the model needs, in the order it was trained on."""
        return list(self.json("artefact.json")["features"])


@dataclass(frozen=True)
class Trained:
    """What a training run found out, before anything is saved.

    Attributes:
        model: Name of the model.
        decision: `promote` the candidate, `keep` the champion, or use the `rule`.
        reason: One sentence that says why, with the figures.
        files: The candidate's files; None when there was too little data to fit one.
        rule_version: Version of the documented rule, for the scores made without a model.
        metrics: Columns of METRIC_SCHEMA, measured on the later window.
        curves: Columns of CURVE_SCHEMA.
    """

    model: str
    decision: Decision
    reason: str
    files: Mapping[str, bytes] | None
    rule_version: str
    metrics: pl.DataFrame
    curves: pl.DataFrame

    @property
    def version(self) -> str:
        """Version of the candidate, or of the rule when there is none."""
        return self.rule_version if self.files is None else content_version(self.files)

    def metric_rows(self, trained_at: datetime) -> pl.DataFrame:
        """Rows of ml.model_metrics: model, version, metric, value, baseline_value, n, trained_at, source."""
        by_source = pl.when(pl.col("source") == "rule").then(pl.lit(self.rule_version))
        return self.metrics.with_columns(
            by_source.otherwise(pl.lit(self.version)).alias("version"),
            pl.lit(trained_at).alias("trained_at"),
        ).select("model", "version", "metric", "value", "baseline_value", "n", "trained_at", "source")

    def curve_rows(self) -> pl.DataFrame:
        """Rows of ml.model_curves: model, version, curve, x, y, n."""
        rows = self.curves.with_columns(pl.lit(self.version).alias("version"))
        return rows.select("model", "version", "curve", "x", "y", "n")


def dump_json(content: Mapping[str, Any]) -> bytes:
    """Write JSON whose bytes depend on the content alone; NaN is refused."""
    return (json.dumps(content, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()


def content_version(files: Mapping[str, bytes]) -> str:
    """Name a set of files by what is in them: 12 hexadecimal digits of a SHA-256."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name} {hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return digest.hexdigest()[:12]


def frame_hash(frame: pl.DataFrame) -> str:
    """Fingerprint rows already in a fixed order, so that an artefact can say which data it saw."""
    digest = hashlib.sha256(",".join(frame.columns).encode())
    digest.update(frame.with_columns(pl.selectors.temporal().dt.epoch("us")).write_csv().encode())
    return digest.hexdigest()


def save(root: Path, model: str, files: Mapping[str, bytes]) -> str:
    """Write one version, whole or not at all. Saving the same content again changes nothing.

    Returns:
        The version.
    """
    version = content_version(files)
    target = root / model / version
    if target.is_dir():
        load(root, model, version)
        return version
    staging = root / model / f".{version}.{os.getpid()}"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    for name, content in files.items():
        (staging / name).write_bytes(content)
    manifest = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    (staging / _MANIFEST).write_bytes(dump_json({"model": model, "version": version, "sha256": manifest}))
    staging.rename(target)
    return version


def load(root: Path, model: str, version: str) -> Artefact:
    """Read one version and verify every file against its manifest.

    Raises:
        DamagedArtefact: A file is absent or its bytes are not those that were saved.
    """
    folder = root / model / version
    try:
        manifest = json.loads((folder / _MANIFEST).read_bytes())["sha256"]
        files = {name: (folder / name).read_bytes() for name in manifest}
    except (FileNotFoundError, ValueError, KeyError) as problem:
        raise DamagedArtefact(f"{model} {version}: {folder} is not a complete artefact ({problem})") from problem
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != manifest[name]:
            raise DamagedArtefact(f"{model} {version}: {folder / name} was changed after it was saved")
    return Artefact(model=model, version=version, files=files)


def promote(root: Path, model: str, version: str) -> None:
    """Make a saved version the champion; the pointer is replaced in one step."""
    load(root, model, version)
    pointer = root / model / _CHAMPION
    staging = pointer.with_name(f".{_CHAMPION}.{os.getpid()}")
    staging.write_text(version + "\n")
    staging.replace(pointer)


def retire(root: Path, model: str) -> None:
    """Take the champion out of use; its files stay. The documented rule is used from now on."""
    (root / model / _CHAMPION).unlink(missing_ok=True)


def champion(root: Path, model: str) -> Artefact | None:
    """Load the version in use, None when there is none."""
    pointer = root / model / _CHAMPION
    if not pointer.is_file():
        return None
    return load(root, model, pointer.read_text().strip())


def apply(root: Path, trained: Trained) -> Artefact | None:
    """Save what a training run made and act on its decision.

    Returns:
        The champion to score with, None when the rule is to be used.
    """
    if trained.files is not None:
        version = save(root, trained.model, trained.files)
        if trained.decision == "promote":
            promote(root, trained.model, version)
    if trained.decision == "rule":
        retire(root, trained.model)
    return champion(root, trained.model)


def require_columns(model: str, frame: pl.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a frame that lacks a column.

    Raises:
        MissingFeatures: Names every absent column.
    """
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise MissingFeatures(model, missing)
