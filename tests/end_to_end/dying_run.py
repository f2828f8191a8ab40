"""A run that kills itself: `python dying_run.py HOME moment NUMBER` dies by SIGKILL just before its NUMBER-th moment.

A moment is a change that another process could see: a file renamed, linked, removed or synced, a transaction about to
commit, a step about to begin. With NUMBER 0 it does not die, and prints the moments of a whole run. With `step NAME` it
dies at the beginning of that step. Data checks are left out: they change nothing but the record of themselves.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.home import Home
from pipelines.ingest import readers
from pipelines.plan import make_plan
from pipelines.session import open_session
from pipelines.settings import load_settings
from pipelines.warehouse import Warehouse

seen: list[str] = []


def moment(name: str, last: int) -> None:
    seen.append(name)
    if len(seen) == last:
        os.kill(os.getpid(), signal.SIGKILL)


def watched(name: str, function: Callable[..., Any], last: int) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        moment(name, last)
        return function(*args, **kwargs)

    return call


def watch(last: int) -> None:
    for name in ("rename", "replace", "symlink", "unlink", "fsync"):
        setattr(os, name, watched(name, getattr(os, name), last))
    Warehouse._remember = watched("commit", Warehouse._remember, last)  # type: ignore[method-assign]


def main(home: Home, kind: str, what: str) -> None:
    plan = make_plan(home, readers(load_settings(home.path), home))
    last = int(what) if kind == "moment" else -1
    with open_session(home, plan.models, plan.checks, "dying") as session:
        watch(last)
        for step in plan.ordered():
            if kind == "step" and step.name == what:
                os.kill(os.getpid(), signal.SIGKILL)
            moment(f"step {step.name}", last)
            step.run(session)
    print("\n".join(seen))


if __name__ == "__main__":
    main(Home(Path(sys.argv[1])), sys.argv[2], sys.argv[3])
