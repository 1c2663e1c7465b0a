"""A failure that a person can act on: what went wrong, and how to go on."""

from __future__ import annotations

from orchestrator.core.names import Installation


class GluecodeError(Exception):  # named for what a person meets
    """Something went wrong that is nobody's programming mistake. Ends a command with exit code 1."""

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class UsageError(GluecodeError):
    """The command was used wrongly, or the configuration is invalid. Ends a command with exit code 2."""

    exit_code = 2


def not_installed(installation: Installation) -> GluecodeError:
    """What to say when a part of the orchestrator itself is not there."""
    return GluecodeError(
        f"The orchestrator '{installation.prefix}' is not installed in account {installation.account}, "
        f"region {installation.region}.",
        "Run `gluecode install` first, or name the installation with --prefix.",
    )
