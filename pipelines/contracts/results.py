"""What a check found, as data and as text for a terminal.

Belongs here: the result of any data check, its row in meta.check_results, and how failures are explained.
Does not belong here: running checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pipelines.contracts.base import Severity

SAMPLE_MAX = 20
WARNING_SAMPLE_MAX = 2
# Where a truth guards no single table it guards the act of publishing.
PUBLISH = "publish"


@dataclass(frozen=True)
class CheckResult:
    """What one check found.

    Attributes:
        table_name: The table checked, or `PUBLISH` for a truth between tables.
        check_name: The check's name, unique within `table_name`.
        severity: "fail" stops a publish, "warn" does not.
        passed: Whether the promise held.
        failing_count: Rows at fault (columns, for `columns` and `types`). It is 0 with `passed` false where
            the check could not be made.
        observed: What was found, in words without data of any row: it is published.
        sample: Up to `SAMPLE_MAX` offending rows as text, for the operator's eyes; never published.
        meaning: The promise, in a sentence.
        checked_at: When it was checked, UTC.
    """

    table_name: str
    check_name: str
    severity: Severity
    passed: bool
    failing_count: int
    observed: str
    sample: tuple[str, ...]
    meaning: str
    checked_at: datetime

    @property
    def stops_publish(self) -> bool:
        """Whether this result alone forbids publishing."""
        return not self.passed and self.severity == "fail"

    def to_row(self) -> dict[str, object]:
        """The row of meta.check_results; rows of data stay out of it, because it is published."""
        return {
            "table_name": self.table_name,
            "check_name": self.check_name,
            "severity": self.severity,
            "passed": self.passed,
            "failing_count": self.failing_count,
            "observed": self.observed,
            "meaning": self.meaning,
            "checked_at": self.checked_at,
        }


def explain_failures(results: Iterable[CheckResult]) -> str:
    """Says which checks failed, on which rows, and what to do next.

    Args:
        results: Results of any checks, passed ones among them.

    Returns:
        Text for a terminal, those that stop a publish first; empty when nothing failed.
    """
    failed = sorted(
        (result for result in results if not result.passed),
        key=lambda result: (not result.stops_publish, result.table_name, result.check_name),
    )
    if not failed:
        return ""
    lines = [line for result in failed for line in _explain(result)]
    return "\n".join([*lines, *_next_steps(failed)])


def _explain(result: CheckResult) -> Iterator[str]:
    word = "FAILED" if result.stops_publish else "warning"
    # What stops a publish has to be found; a warning only needs an example.
    shown = result.sample if result.stops_publish else result.sample[:WARNING_SAMPLE_MAX]
    yield f"{word}  {result.table_name}: {result.check_name}: {result.observed}"
    yield f"    {result.meaning}"
    for row in shown:
        yield f"      {row}"
    unseen_count = result.failing_count - len(shown)
    if result.sample and unseen_count > 0:
        yield f"      and {unseen_count:,} more"


def _next_steps(failed: list[CheckResult]) -> Iterator[str]:
    stopping_count = sum(result.stops_publish for result in failed)
    yield ""
    if not stopping_count:
        yield f"{_checks(len(failed))} to look at; publishing goes on."
        return
    yield f"{_checks(stopping_count)} failed: nothing was published, the last snapshot stays in place."
    if any(result.table_name.startswith("raw.") for result in failed):
        yield '      callwright sql "from meta.rejects" lists the lines that the last published run refused.'


def _checks(number: int) -> str:
    return f"{number} check" if number == 1 else f"{number} checks"
