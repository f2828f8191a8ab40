"""The errors a user of Callwright can meet, each with its exit code. Nothing else belongs here."""

from __future__ import annotations


class CallwrightError(Exception):
    """Something failed that the user can act upon.

    Args:
        message: What is wrong and where (file, line or key).
        hint: The next command to type or thing to change.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class SettingsError(CallwrightError):
    """callwright.toml, an option or the environment cannot be used as it stands."""

    exit_code = 2


class ChecksFailed(CallwrightError):
    """A blocking data check failed: nothing was published."""

    exit_code = 3


class Stale(CallwrightError):
    """The published data is older than the centre allows."""

    exit_code = 4


class EnvironmentProblem(CallwrightError):
    """The machine lacks something: space, permission, a port, a package."""

    exit_code = 5
