"""`status` and `doctor`: how fresh and whole a home is, and whether this machine can run it.

Belongs here: looking, without changing anything. Does not belong here: printing (cli.py).
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import CallwrightError, SettingsError, Stale
from pipelines.home import Home, open_home
from pipelines.ingest import Reader, is_mostly_rejected, new_files, reader_config, readers, unclaimed_folders
from pipelines.lake import Lake, Segment
from pipelines.landing import landed_files, odd_things
from pipelines.published import current_snapshot, open_published
from pipelines.recognise import advice, masked
from pipelines.router.store import current_version, read_manifest, scores_folder
from pipelines.settings import load_settings

DISK_FREE_MIN_BYTES = 1 << 30


@dataclass(frozen=True)
class Status:
    """How things stand in a home.

    Attributes:
        figures: What to show, label to value, in order.
        is_stale: The data or the scores are older than the centre allows.
    """

    figures: dict[str, Any]
    is_stale: bool


def home_status(home: Home) -> Status:
    """Freshness of the published file and of the scores, what waits, and what was refused.

    Raises:
        CallwrightError: Nothing is published yet.
    """
    settings = load_settings(home.path)
    snapshot = current_snapshot(home)
    with open_published(home) as con:
        newest = con.execute(
            "select published_at, data_through_at, checks_passed_count, checks_failed_count from meta.publish"
            " order by published_at desc limit 1"
        ).fetchall()[0]
        counts = con.execute(
            "select coalesce(sum(line_count), 0), coalesce(sum(row_count), 0), coalesce(sum(ignored_count), 0),"
            " coalesce(sum(duplicate_count), 0), coalesce(sum(rejected_count), 0) from meta.source_files"
        ).fetchall()[0]
        warned = con.execute(
            "select table_name || ': ' || check_name from meta.check_results where not passed"
        ).fetchall()
        alerts = con.execute("select text_en from meta.alerts where is_open order by raised_date desc").fetchall()
    known = readers(settings, home)
    lake = Lake(home.lake, home.landing)
    waiting = [lake.relative(p) for reader in known.values() for p in new_files(lake, reader, home)]
    age_h = (datetime.now(UTC) - newest[1]).total_seconds() / 3600
    scores = _scores(home)
    is_stale = age_h > settings.checks.stale_after_hours or scores["scores_are_expired"]
    figures = {
        "snapshot": snapshot.name, "file": str(snapshot.path), "published_at": newest[0], "data_through_at": newest[1],
        "data_age_hours": round(age_h, 1), "stale_after_hours": settings.checks.stale_after_hours,
        "checks_passed": newest[2], "checks_warned": newest[3], "warnings": [row[0] for row in warned],
        "open_alerts": [row[0] for row in alerts],
        **dict(zip(("lines", "rows", "ignored", "duplicates", "rejects"), map(int, counts), strict=True)),
        "refused_files": refused_files(lake, known), "unrecognised_files": unrecognised_files(lake, known, home),
        "not_files": [f"{lake.relative(o.path)}: {o.reason}" for o in odd_things(home.landing)],
        "waiting_files": waiting, "unclaimed_folders": unclaimed_folders(home, known), **scores, "is_stale": is_stale,
    }  # fmt: skip
    return Status(figures, is_stale)


def refused_files(lake: Lake, known: Mapping[str, Reader]) -> list[str]:
    """Files that were refused as a whole and still stand in landing, each with the reason."""
    refused = [s for s in _current(lake, known) if s.problem and (lake.landing / s.file).exists()]
    return [f"{s.file}: {masked(s.problem or '')}" for s in sorted(refused, key=lambda s: s.file)]


# Each costs a trial by every reader.
_TRIED_MAX = 20


def unrecognised_files(lake: Lake, known: Mapping[str, Reader], home: Home) -> list[str]:
    """Files in landing that their source could not use, or that no source claims, and which source would take them.

    A file counts when it was refused, or all or nearly all of its lines were.
    """
    wrong = [*_unused(lake, known), *_unclaimed(home, known)]
    told = []
    for number, (path, why) in enumerate(wrong):
        name = lake.relative(path)
        others = {source: reader for source, reader in known.items() if source != name.split("/")[0]}
        told.append(f"{name}: {why}" + (f"; {advice(path, others)}" if number < _TRIED_MAX else ""))
    return told


def _current(lake: Lake, known: Mapping[str, Reader]) -> list[Segment]:
    return [s for reader in known.values() for s in lake.segments(reader.source, reader_config(reader))]


def _unused(lake: Lake, known: Mapping[str, Reader]) -> list[tuple[Path, str]]:
    counts: dict[str, list[int]] = {}
    for segment in _current(lake, known):
        taken = counts.setdefault(segment.file, [0, 0])
        taken[0] += segment.row_count
        taken[1] += segment.rejected_count
    wrong = {s.file: masked(s.problem) for s in _current(lake, known) if s.problem}
    for name, (row_count, rejected_count) in counts.items():
        if is_mostly_rejected(row_count, rejected_count):
            wrong.setdefault(name, f"{rejected_count:,} of {row_count + rejected_count:,} lines rejected")
    found = [(lake.landing / name, why) for name, why in sorted(wrong.items())]
    return [(path, why) for path, why in found if path.is_file()]


def _unclaimed(home: Home, known: Mapping[str, Reader]) -> list[tuple[Path, str]]:
    """Files beside the folders of sources, and the first file of each folder that no source claims."""
    if not home.landing.is_dir():
        return []
    beside = [p for p in landed_files(home.landing) if p.parent == home.landing]
    folders = [home.landing / name for name in unclaimed_folders(home, dict(known))]
    first = [next(landed_files(folder)) for folder in folders]
    return [(p, "it stands in no source's folder") for p in [*beside, *first]]


def _scores(home: Home) -> dict[str, Any]:
    name = current_version(home.path)
    if name is None:
        return {"scores_version": None, "scores_expire_at": None, "scored_customers": 0, "scores_are_expired": False}
    manifest = read_manifest(scores_folder(home.path) / name)
    expires = manifest["expires_at"]
    is_expired = expires is not None and datetime.fromisoformat(str(expires)) < datetime.now(UTC)
    return {
        "scores_version": name, "scores_expire_at": expires, "scored_customers": manifest["counts"]["scores"],
        "scores_are_expired": is_expired,
    }  # fmt: skip


# --- doctor ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: What.
        is_well: Whether it is as it should be; None: worth knowing, but no fault.
        found: What was found.
        fix: What to do, where there is something to do.
        exit_code: What the command ends with if it is not well.
    """

    name: str
    is_well: bool | None
    found: str
    fix: str = ""
    exit_code: int = 5


def examine(home_path: Path) -> list[Finding]:
    """Everything that a run, the pages and the service need, in the order in which to mend it."""
    findings = [_python(), *_packages(), _zones()]
    try:
        home = open_home(home_path)
        settings = load_settings(home.path)
        readers(settings, home)
    except SettingsError as error:
        return [*findings, Finding("home", False, str(error), error.hint or "", error.exit_code)]
    findings += [
        Finding("home", True, str(home.path)),
        Finding("settings", True, f"{settings.centre.name}, {settings.centre.timezone}, {settings.centre.currency}"),
        _writable(home), _disk(home), _key(home), *_landing(home), _snapshot(home), _score_store(home),
        _fresh(home), *_ports(), _chromium(),
    ]  # fmt: skip
    return findings


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", (3, 11) <= sys.version_info[:2] < (3, 15), found, "use Python 3.11 to 3.14")


def _packages() -> list[Finding]:
    names = ("duckdb", "polars", "pyarrow", "dagster", "streamlit", "great-expectations", "lightgbm", "lmdb")
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    return [
        Finding(
            "packages",
            not missing,
            ", ".join(found) if not missing else f"missing: {', '.join(missing)}",
            "type: make setup",
        )
    ]


def _zones() -> Finding:
    from zoneinfo import available_timezones

    count = len(available_timezones())
    return Finding("time zone data", count > 400, f"{count} zones", "install tzdata")


def _writable(home: Home) -> Finding:
    bad = [p.name for p in (home.path, home.lake, home.serve, home.scores) if p.exists() and not os.access(p, os.W_OK)]
    return Finding(
        "home is writable", not bad, ", ".join(bad) or "yes", "correct the owner or the mode of these folders"
    )


def _disk(home: Home) -> Finding:
    free = shutil.disk_usage(home.path).free
    return Finding("free disk", free >= DISK_FREE_MIN_BYTES, f"{free / 2**30:.1f} GiB", "free some space")


def _key(home: Home) -> Finding:
    path = home.keys / "pseudonym.key"
    if not path.exists():
        return Finding(
            "secret of pseudonyms",
            False,
            f"{path} is missing",
            "restore it from a backup: without it all pseudonyms change",
        )
    mode = stat.S_IMODE(path.stat().st_mode)
    return Finding("secret of pseudonyms", mode & 0o077 == 0, f"mode {mode:o}", f"type: chmod 600 {path}")


def _landing(home: Home) -> list[Finding]:
    unreadable = [str(p) for p in home.landing.rglob("*") if not os.access(p, os.R_OK)]
    unclaimed = unclaimed_folders(home, readers(load_settings(home.path), home))
    return [
        Finding(
            "landed files are readable", not unreadable, ", ".join(unreadable) or "yes", "correct their owner or mode"
        ),
        Finding(
            "landing folders are known", not unclaimed, ", ".join(unclaimed) or "yes",
            "add a section [sources.NAME] to callwright.toml, or correct the folder's name", 2,
        ),
    ]  # fmt: skip


def _snapshot(home: Home) -> Finding:
    try:
        snapshot = current_snapshot(home)
        with open_published(home) as con:
            con.execute("select count(*) from core.contacts").fetchall()
            tag = con.execute("select tags from duckdb_databases() where not internal").fetchall()[0][0]
    except CallwrightError as error:
        return Finding("published file", False, str(error), error.hint or "", error.exit_code)
    except duckdb.Error as error:
        return Finding(
            "published file", False, str(error).splitlines()[0], f"type: callwright run --home {home.path}", 1
        )
    return Finding("published file", True, f"{snapshot.name}, storage {dict(tag).get('storage_version', 'v1.4.0')}")


def _score_store(home: Home) -> Finding:
    from pipelines.router.store import ScoreStore

    name = current_version(home.path)
    if name is None:
        return Finding("scores", False, "none are published", f"type: callwright run --home {home.path}", 1)
    store = ScoreStore(home.path)
    is_well = store.version == name
    return Finding(
        "scores",
        is_well,
        f"{name}" if is_well else f"{name} does not verify",
        f"type: callwright run --home {home.path}",
        1,
    )


def _fresh(home: Home) -> Finding:
    try:
        status = home_status(home)
    except CallwrightError as error:
        return Finding("freshness", False, str(error), error.hint or "", error.exit_code)
    found = f"data of {status.figures['data_age_hours']} hours ago"
    return Finding(
        "freshness", not status.is_stale, found, "land newer files, then type: callwright run", Stale.exit_code
    )


def _ports() -> list[Finding]:
    def is_free(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    uses = {8501: "dashboard", 3000: "dagster", 8787: "serve"}
    return [
        Finding(
            f"port {port}",
            None if not is_free(port) else True,
            "free" if is_free(port) else "in use",
            f"callwright {use} --port …",
        )
        for port, use in uses.items()
    ]


def _chromium() -> Finding:
    found = shutil.which("chromium")
    return Finding(
        "chromium (tests only)", True if found else None, found or "not installed", "apt-get install chromium"
    )


def worst(findings: list[Finding]) -> int:
    """The exit code of the first finding that is not well; 0 if all are."""
    return next((f.exit_code for f in findings if f.is_well is False), 0)
