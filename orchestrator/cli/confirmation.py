"""Makes sure that a person means it before something happens that cannot be taken back."""

from __future__ import annotations

import sys

import click

from orchestrator.core.errors import GluecodeError, UsageError


def confirm(twin: str) -> None:
    """Ask for the twin's name. Raises UsageError without a terminal, GluecodeError when another name is typed."""
    if not sys.stdin.isatty():
        raise UsageError(
            "--delete-data asks for the twin's name, and nobody is there to type it.", "Add --yes if you mean it."
        )
    typed = click.prompt(f"This deletes the stored telemetry of '{twin}' for good. Type the twin's name", err=True)
    if typed != twin:
        raise GluecodeError(f"'{typed}' is not '{twin}': nothing was deleted.")


def agree(question: str) -> None:
    """Ask for a yes. Raises UsageError where nobody can be asked, GluecodeError for a no."""
    if not sys.stdin.isatty():
        raise UsageError("This asks before it acts, and nobody is there to answer.", "Add --yes if you mean it.")
    if not click.confirm(question, err=True):
        raise GluecodeError("Nothing was changed.")
