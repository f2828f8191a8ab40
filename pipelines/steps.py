"""The pseudonyms: the look-up tables of numbers and customers that Python adds to staging.

Belongs here: wiring between warehouse tables and the pure functions of identity.py.
Does not belong here: training and scoring (scoring.py), SQL of any length (sql/), Dagster (defs/).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import polars as pl

from pipelines.identity import load_key, resolve, resolve_customers, resolve_emails
from pipelines.warehouse import Built, Warehouse


def build_numbers(warehouse: Warehouse) -> Built:
    """`staging.numbers`: each written form of a number or an e-mail address, and its pseudonym as each of the two.

    Which of the two it is depends on the channel it came by: `07946000037@example.org` is a caller's SIP address or
    a writer's.
    """
    region, key = warehouse.settings.centre.region, load_key(warehouse.home.path)

    def make(written: pl.Series) -> pl.DataFrame:
        numbers = resolve(written, region, key).select("number", "e164", "caller_token")
        return numbers.with_columns(resolve_emails(written, key)["email_token"])

    basis = _basis(region, key)
    return _build_lookup(warehouse, "staging.numbers", "staging._number_mentions", "number", basis, make)


def build_customer_keys(warehouse: Warehouse) -> Built:
    """`staging.customer_keys`: each customer id and its pseudonym."""
    key = load_key(warehouse.home.path)

    def make(ids: pl.Series) -> pl.DataFrame:
        return resolve_customers(ids, key).select("customer_id", "customer_key")

    basis = _basis("", key)
    return _build_lookup(warehouse, "staging.customer_keys", "staging._customer_mentions", "customer_id", basis, make)


def _basis(region: str, key: bytes) -> str:
    """What every pseudonym rests upon; another one makes them all anew."""
    # The number is that of the tables' form: raised when they have other columns.
    return hashlib.sha256(b"basis 2" + region.encode() + key).hexdigest()[:12]


def _build_lookup(
    warehouse: Warehouse, table: str, mentions: str, column: str, basis: str, make: Callable[[pl.Series], pl.DataFrame]
) -> Built:
    """Adds to a look-up table what is mentioned and not in it yet: the cost follows the new values."""
    version = f"{basis}:{warehouse.version(mentions)}"
    present = warehouse.version(table)
    if present == version:
        return Built(table, warehouse.row_count(table), is_fresh=False)
    is_kept = present is not None and present.startswith(f"{basis}:")
    where = f"where {column} not in (select {column} from {table})" if is_kept else ""
    new = warehouse.con.sql(f"select {column} from {mentions} {where} order by {column}").pl()[column]
    row_count = warehouse.write_frame(table, make(new.cast(pl.String)), version, append=is_kept)
    return Built(table, row_count, is_fresh=True)
