"""Write Asterisk CDR files (Master.csv, 21 columns) of any size, fast.

Belongs here: records that cdr_csv could have written. Does not belong here: queue logs (generate.py), or calls that
behave (`pipelines/simulate/`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

SLICE_RECORDS = 200_000
FIRST_EPOCH = 1_736_121_600  # 2025-01-06, a Monday
CALL_EVERY_S = 2


def write_cdr(path: Path, record_count: int, seed: int) -> None:
    """Write `record_count` records in order of their start; the same seed gives the same bytes."""
    rng = np.random.default_rng(seed)
    with path.open("wb") as file:
        for first in range(0, record_count, SLICE_RECORDS):
            count = min(SLICE_RECORDS, record_count - first)
            records = _records(first, count, rng)
            records.write_csv(file, include_header=False, quote_style="non_numeric")


def _records(first: int, count: int, rng: np.random.Generator) -> pl.DataFrame:
    number = first + np.arange(count)
    start = FIRST_EPOCH + number * CALL_EVERY_S
    wait_s, talk_s = rng.integers(1, 120, count), rng.integers(5, 600, count)
    is_answered = rng.random(count) < 0.8
    calls = pl.DataFrame(
        {
            "caller": 447946000000 + rng.integers(0, 100_000, count),
            "agent": rng.integers(0, 200, count),
            "number": number,
            "start": start,
            "answer": start + wait_s,
            "end": start + wait_s + talk_s * is_answered,
            "is_answered": is_answered,
            "duration": wait_s + talk_s * is_answered,
            "billsec": talk_s * is_answered,
        }
    )
    caller, agent = pl.format("+{}", "caller"), pl.format("PJSIP/agent{}", "agent")
    uniqueid = pl.format("{}.{}", "start", pl.col("number") * 2)
    return calls.select(
        accountcode=pl.lit(""),
        src=caller,
        dst=pl.lit("600"),
        dcontext=pl.lit("from-trunk"),
        clid=pl.format('"Caller {}" <{}>', "caller", caller),
        channel=pl.format("PJSIP/trunk-{}", "number"),
        dstchannel=pl.when("is_answered").then(pl.format("{}-{}", agent, "number")).otherwise(pl.lit("")),
        lastapp=pl.lit("Queue"),
        lastdata=pl.lit("sales,tT,,,300"),
        start_local=_stamp("start"),
        answer_local=pl.when("is_answered").then(_stamp("answer")).otherwise(pl.lit("")),
        end_local=_stamp("end"),
        duration="duration",
        billsec="billsec",
        disposition=pl.when("is_answered").then(pl.lit("ANSWERED")).otherwise(pl.lit("NO ANSWER")),
        amaflags=pl.lit("DOCUMENTATION"),
        uniqueid=uniqueid,
        userfield=pl.lit(""),
        peeraccount=pl.lit(""),
        linkedid=uniqueid,
        sequence="number",
    )


def _stamp(epoch: str) -> pl.Expr:
    return pl.from_epoch(pl.col(epoch), time_unit="s").dt.strftime("%Y-%m-%d %H:%M:%S")
