"""Publishing scores: a version is written whole, verified by reading it back, and only then put in force.

Whatever moment the process dies at, `scores/current` names a whole, verified version: the folder gets its
name by one rename and comes into force by another. What a dead publication left is removed by the next one.
Not here: the layout and its reader (store.py), what a score is (contract.py).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any

import lmdb
import polars as pl

from pipelines.errors import CallwrightError, EnvironmentProblem
from pipelines.router.contract import ARMS, INSTANT_FORMAT, MAX_REASONS
from pipelines.router.store import (
    CURRENT,
    DATABASE,
    FORMAT,
    MANIFEST,
    NUMBERS,
    PARQUET,
    SCORES,
    VersionRefused,
    current_version,
    file_sha256,
    read_manifest,
    scores_folder,
    verify_files,
)

KEPT_COUNT = 3
CHUNK_ROWS = 100_000
PROVENANCE = ("model_versions", "data_through_at", "snapshot")
"""What every manifest must say: versions by model, instant up to which data were known, snapshot id."""

RECORD_TYPES: Mapping[str, pl.DataType] = {
    "tier": pl.String(),
    "priority": pl.Int64(),
    "head_start_s": pl.Float64(),
    "queue": pl.String(),
    "action": pl.String(),
    "propensity": pl.Float64(),
    "arm": pl.String(),
    "reasons": pl.List(pl.String()),
    "scored_at": pl.Datetime("us", "UTC"),
    "expires_at": pl.Datetime("us", "UTC"),
}

_VERSION_TIME = "%Y%m%dT%H%M%S%fZ"
_PLAIN_KEY = r"^[\x21-\x7e]{1,128}$"


class PublishRefused(CallwrightError):
    """The scores handed in break the contract: nothing was published."""


# --- what is published -----------------------------------------------------------------------------------


def _records(scores: pl.DataFrame) -> pl.DataFrame:
    """The scores as they are kept: typed, checked, in order of customer_key."""
    missing = sorted({"customer_key", *RECORD_TYPES} - set(scores.columns))
    if missing:
        raise PublishRefused(f"scores: columns missing: {', '.join(missing)}")
    for name in ("scored_at", "expires_at"):
        dtype = scores.schema[name]
        if not (isinstance(dtype, pl.Datetime) and dtype.time_zone):
            raise PublishRefused(f"scores.{name}: {dtype}, an instant with its time zone is needed")
    source = pl.col("source") if "source" in scores.columns else pl.lit("scored")
    try:
        records = scores.select(
            pl.col("customer_key").cast(pl.String),
            *(
                pl.col(name).dt.convert_time_zone("UTC").cast(dtype)
                if isinstance(dtype, pl.Datetime)
                else pl.col(name).cast(dtype)
                for name, dtype in RECORD_TYPES.items()
            ),
            pl.when(source == "default").then(pl.lit("default")).otherwise(pl.lit("scored")).alias("source"),
        )
    except pl.exceptions.PolarsError as error:
        raise PublishRefused(f"scores: {error}") from error
    records = records.with_columns(
        pl.col("arm").replace({"hold-out": "holdout", "hold_out": "holdout"}),
        pl.col("reasons").fill_null([]),
    )
    records = records.sort("customer_key")
    _refuse_bad_rows(records)
    return records


def _repeats(*columns: str) -> pl.Expr:
    """Rows that say the same as the row before them. False for the first row."""
    return pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in columns) & (
        pl.int_range(pl.len()) > 0
    )


def _refuse_bad_rows(records: pl.DataFrame) -> None:
    key, start = pl.col("customer_key"), pl.col("head_start_s")
    rules: dict[str, pl.Expr] = {
        "customer_key is null, empty or no plain key": ~key.str.contains(_PLAIN_KEY).fill_null(False),
        "customer_key appears twice": _repeats("customer_key"),
        "priority is not 0 to 100": ~pl.col("priority").is_between(0, 100).fill_null(False),
        "head_start_s is not a finite number from 0": ~(start.is_finite() & (start >= 0)).fill_null(False),
        "propensity is not above 0 and up to 1": ~pl.col("propensity").is_between(0, 1, closed="right"),
        f"arm is none of {', '.join(ARMS)}": ~pl.col("arm").is_in(ARMS),
        f"more than {MAX_REASONS} reasons, or an empty one": (
            (pl.col("reasons").list.len() > MAX_REASONS)
            | pl.col("reasons").list.eval(pl.element().is_null() | (pl.element() == "")).list.any()
        ),
        "expires_at is not after scored_at": ~(pl.col("expires_at") > pl.col("scored_at")).fill_null(False),
    }
    counts = records.select(is_bad.fill_null(False).sum().alias(rule) for rule, is_bad in rules.items())
    for rule, bad_count in counts.row(0, named=True).items():
        if bad_count:
            examples = records.filter(rules[rule])["customer_key"].head(3)
            shown = ", ".join(str(value) for value in examples)
            raise PublishRefused(f"scores: {rule}: {bad_count} rows, the first: {shown}")


def _number_pairs(numbers: pl.DataFrame, records: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Token and customer, one row a token in order of token, and how many tokens several customers share.

    A shared number (a household, a switchboard) ranks as the member who is given the longest head start: the
    number ranks the caller, it does not say who speaks.
    """
    missing = sorted({"caller_token", "customer_key"} - set(numbers.columns))
    if missing:
        raise PublishRefused(f"numbers: columns missing: {', '.join(missing)}")
    pairs = numbers.select(pl.col("caller_token", "customer_key").cast(pl.String)).drop_nulls()
    # Sorted first: neighbours then tell what is repeated, at a tenth of the cost of a hash table of a million keys.
    pairs = pairs.sort("caller_token", "customer_key")
    pairs = pairs.filter(~_repeats("caller_token", "customer_key"))
    bad_count = pairs.filter(~pl.all_horizontal(pl.all().str.contains(_PLAIN_KEY))).height
    if bad_count:
        raise PublishRefused(f"numbers: {bad_count} rows with an empty or impossible token or key")
    shared_count = pairs.filter(_repeats("caller_token"))["caller_token"].n_unique()
    if not shared_count:
        return pairs, 0
    ranked = pairs.join(records.select("customer_key", "head_start_s", "priority"), on="customer_key", how="left").sort(
        ["caller_token", "head_start_s", "priority", "customer_key"],
        descending=[False, True, True, False],
        nulls_last=True,
    )
    unique = ranked.unique("caller_token", keep="first", maintain_order=True)
    return unique.select("caller_token", "customer_key"), shared_count


def _json_records(records: pl.DataFrame) -> pl.DataFrame:
    fields = [
        pl.col(name).dt.strftime(INSTANT_FORMAT) if isinstance(dtype, pl.Datetime) else pl.col(name)
        for name, dtype in RECORD_TYPES.items()
    ]
    return records.select("customer_key", pl.struct(*fields, "source").struct.json_encode().alias("record"))


# --- the files -------------------------------------------------------------------------------------------


def _pairs(frame: pl.DataFrame) -> Iterator[list[tuple[bytes, bytes]]]:
    """Two text columns as pairs of bytes, a chunk at a time: a million objects at once are too many."""
    for part in frame.iter_slices(CHUNK_ROWS):
        keys, values = (column.cast(pl.Binary).to_list() for column in part.get_columns())
        yield list(zip(keys, values, strict=True))


def _hash_pairs(digest: Any, pairs: list[tuple[bytes, bytes]]) -> None:
    """Content hash: lines of key and value, in order of key. Does not depend on pages or chunks."""
    digest.update(b"\n".join([*chain.from_iterable(pairs), b""]))


def _write_database(path: Path, tables: Mapping[bytes, pl.DataFrame], map_bytes: int) -> str:
    """Write the named databases and return the hash of their content.

    Raises:
        lmdb.MapFullError: map_bytes was too small.
    """
    digest = hashlib.sha256()
    # The folder has no name yet, so nothing needs to be durable before the one sync at the end.
    with lmdb.Environment(
        str(path),
        subdir=False,
        lock=False,
        sync=False,
        metasync=False,
        max_dbs=len(tables),
        map_size=map_bytes,
    ) as environment:
        for name, frame in tables.items():
            digest.update(name + b"\n")
            database = environment.open_db(name)
            with environment.begin(write=True) as transaction, transaction.cursor(database) as cursor:
                for pairs in _pairs(frame):
                    cursor.putmulti(pairs, append=True)
                    _hash_pairs(digest, pairs)
        environment.sync(True)
    _sync(path)
    return digest.hexdigest()


def _write_database_growing(path: Path, tables: Mapping[bytes, pl.DataFrame]) -> tuple[str, int]:
    """Write with a map that is large enough; returns the content hash and the size of the map."""
    content_bytes = sum(int(frame[name].str.len_bytes().sum()) for frame in tables.values() for name in frame.columns)
    map_bytes = (2 * content_bytes + (16 << 20)) // 4096 * 4096
    while True:
        try:
            return _write_database(path, tables, map_bytes), map_bytes
        except lmdb.MapFullError:
            path.unlink()
            map_bytes *= 2


def _read_back(path: Path, map_bytes: int) -> str:
    """The content hash of a database, from what is really in the file."""
    digest = hashlib.sha256()
    with lmdb.Environment(
        str(path), subdir=False, readonly=True, create=False, lock=False, max_dbs=2, map_size=map_bytes
    ) as environment:
        for name in (NUMBERS, SCORES):
            digest.update(name + b"\n")
            database = environment.open_db(name, create=False)
            with environment.begin() as transaction, transaction.cursor(database) as cursor:
                rows = iter(cursor)
                while chunk := list(islice(rows, CHUNK_ROWS)):
                    _hash_pairs(digest, chunk)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    """Force a file, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- versions --------------------------------------------------------------------------------------------


def _versions(folder: Path) -> list[str]:
    """Names of the whole versions, oldest first."""
    return sorted(
        entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink() and entry.name[0] != "."
    )


def _version_name(folder: Path, content_sha256: str) -> str:
    """A name that sorts after every version there is, even when the clock has gone back."""
    moment = datetime.now(UTC)
    for name in _versions(folder)[-1:]:
        with suppress(ValueError):
            newest = datetime.strptime(name.split("-")[0], _VERSION_TIME).replace(tzinfo=UTC)
            moment = max(moment, newest + timedelta(microseconds=1))
    return f"{moment.strftime(_VERSION_TIME)}-{content_sha256[:8]}"


@contextmanager
def _only_publisher(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / ".publish.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CallwrightError(
                f"{folder}: another publication of scores is under way", hint="wait until it has ended"
            ) from None
        yield
    finally:
        os.close(descriptor)  # also ends the lock; a killed process loses it too


def _remove_leftovers(folder: Path) -> None:
    """Remove what killed publications left. Safe under the lock: nobody else is writing."""
    for entry in folder.glob(".tmp-*"):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _put_in_force(folder: Path, version: str) -> None:
    link = folder / f".tmp-link-{secrets.token_hex(4)}"
    link.symlink_to(version)
    link.replace(folder / CURRENT)
    _sync(folder)


def _prune(folder: Path, version: str) -> None:
    for name in _versions(folder)[:-KEPT_COUNT]:
        if name != version:
            # Out of sight first: a half-removed folder must not look like a version.
            gone = folder / f".tmp-old-{name}"
            (folder / name).rename(gone)
            shutil.rmtree(gone)


def _unchanged(folder: Path, home: Path, manifest: Mapping[str, Any]) -> Path | None:
    """The version in force, if it already says exactly this and is whole."""
    name = current_version(home)
    if name is None:
        return None
    try:
        found = read_manifest(folder / name)
        if all(found.get(key) == value for key, value in manifest.items()):
            verify_files(folder / name, found)
            return folder / name
    except VersionRefused:
        return None
    return None


def publish_scores(home: Path, scores: pl.DataFrame, numbers: pl.DataFrame, manifest: Mapping[str, object]) -> Path:
    """Publish scores to the router: all of them or none.

    Args:
        home: The centre's home.
        scores: One row a customer: customer_key and the columns of RECORD_TYPES (priority 0 to 100,
            head_start_s in seconds, instants with a time zone, at most three reasons); more columns, as
            ml.customer_scores has them, go into scores.parquet only. `source` "default" is kept, every other
            one is "scored" to the router.
        numbers: caller_token and customer_key. One customer may have several tokens; a token of several
            customers goes to the one with the longest head start.
        manifest: model_versions, data_through_at and snapshot, and whatever else JSON can hold. `version` names the
            version, if it sorts after all there are.

    Returns:
        The folder of the version in force. It is the old one if that already says exactly the same.

    Raises:
        PublishRefused: The scores break the contract; the version in force stays.
        EnvironmentProblem: The disk is full or refuses; the version in force stays.
        CallwrightError: Another publication is under way.
    """
    missing = [name for name in PROVENANCE if name not in manifest]
    if missing:
        raise PublishRefused(f"manifest: {', '.join(missing)} missing")
    records = _records(scores)
    pairs, shared_count = _number_pairs(numbers, records)
    facts = {
        **json.loads(json.dumps(manifest, default=_json_value)),
        "counts": {"scores": records.height, "numbers": pairs.height, "shared_numbers": shared_count},
    }
    folder = scores_folder(home)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _only_publisher(folder):
            _remove_leftovers(folder)
            temporary = folder / f".tmp-{os.getpid()}-{secrets.token_hex(4)}"
            temporary.mkdir()
            try:
                return _publish(home, temporary, scores, records, pairs, facts)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    except (OSError, lmdb.Error) as error:
        raise EnvironmentProblem(f"{folder}: {error}", hint=f"df -h {folder}; ls -ld {folder}") from error


def _json_value(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(INSTANT_FORMAT)
    return str(value)


def _publish(
    home: Path,
    temporary: Path,
    scores: pl.DataFrame,
    records: pl.DataFrame,
    pairs: pl.DataFrame,
    facts: dict[str, Any],
) -> Path:
    folder = scores_folder(home)
    tables = {NUMBERS: pairs, SCORES: _json_records(records)}
    content_sha256, map_bytes = _write_database_growing(temporary / DATABASE, tables)
    facts["content_sha256"] = content_sha256
    wanted = facts.pop("version", None)
    same = _unchanged(folder, home, facts)
    if same is not None:
        return same
    scores.sort("customer_key").write_parquet(temporary / PARQUET)
    _sync(temporary / PARQUET)
    is_newest = wanted and wanted > max(_versions(folder), default="")
    version = wanted if is_newest else _version_name(folder, content_sha256)
    full = {
        "format": FORMAT,
        "version": version,
        "published_at": datetime.now(UTC).strftime(INSTANT_FORMAT),
        "scored_at": _newest(records["scored_at"]),
        "expires_at": _newest(records["expires_at"]),
        **facts,
        "map_bytes": map_bytes,
        "files": {
            name: {"bytes_count": (temporary / name).stat().st_size, "sha256": file_sha256(temporary / name)}
            for name in (DATABASE, PARQUET)
        },
    }
    _verify(temporary, full)
    (temporary / MANIFEST).write_text(json.dumps(full, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _sync(temporary / MANIFEST)
    _sync(temporary)
    temporary.rename(folder / version)
    _sync(folder)
    _put_in_force(folder, version)
    _prune(folder, version)
    return folder / version


def _newest(instants: pl.Series) -> str | None:
    newest = instants.max()
    return newest.strftime(INSTANT_FORMAT) if isinstance(newest, datetime) else None


def _verify(temporary: Path, manifest: Mapping[str, Any]) -> None:
    """Read everything back before anyone is shown it.

    Raises:
        VersionRefused: What is in the files is not what was to be published.
    """
    if _read_back(temporary / DATABASE, manifest["map_bytes"]) != manifest["content_sha256"]:
        raise VersionRefused(f"{temporary / DATABASE}: read back, the content is not what was written")
    rows_count = pl.scan_parquet(temporary / PARQUET).select(pl.len()).collect().item()
    if rows_count != manifest["counts"]["scores"]:
        raise VersionRefused(f"{temporary / PARQUET}: {rows_count} rows read back")
