"""What the machine refuses: telling a full disk or missing memory from a fault of the data.

Belongs here: recognising such errors, whoever raised them. Does not belong here: the errors themselves (errors.py).
"""

from __future__ import annotations

import errno
import re
import sqlite3

import duckdb

from pipelines.errors import EnvironmentProblem

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
# Libraries that wrap the system's error keep only its words.
_WORDS = re.compile(
    r"no space left|file too large|quota exceeded|read-only file system|disk is full|disk I/O error|could not write"
    r"|could not truncate|failed to write",
    re.IGNORECASE,
)


def machine_problem(error: BaseException, where: object = None) -> EnvironmentProblem | None:
    """The error as one of the machine: a disk that is full or cannot be written, or too little memory; None: another.

    Args:
        error: What was raised; what it was raised from is looked at too.
        where: What was being done or written, for the message.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in FULL:
            return _problem(where or cause.filename, cause.strerror or str(cause))
        if isinstance(cause, OSError | duckdb.Error | sqlite3.Error) and _WORDS.search(str(cause)):
            return _problem(where, str(cause).strip().splitlines()[0])
        if isinstance(cause, duckdb.OutOfMemoryException):
            reason = f"memory is too little: {str(cause).strip().splitlines()[0]}"
            return _problem(where, reason, "end what else needs memory, or take a machine with more of it")
        cause = cause.__cause__ or cause.__context__
    return None


def _problem(where: object, reason: str, remedy: str = "free some space") -> EnvironmentProblem:
    told = f"{where}: {reason}" if where else reason
    return EnvironmentProblem(told, f"{remedy}, then type the command again: it goes on where it stood")
