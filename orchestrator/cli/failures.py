"""Turns whatever ended a command into one clear block on standard error, and an exit code."""

from __future__ import annotations

import click
from rich.text import Text

from deploy_steps.errors import StepError
from orchestrator.cli import output
from orchestrator.core.errors import GluecodeError, UsageError
from orchestrator.operations import session

_INTERRUPTED = 130  # what a shell reports for a process that Ctrl-C ended


def report(error: Exception) -> int:
    """Print the error and how to go on. Returns the exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        output.say(error.format_message())
        return error.exit_code
    if isinstance(error, click.Abort):
        output.say("stopped")
        return _INTERRUPTED
    problem = _understood(error)
    block = Text.assemble(("error: ", "bold red"), str(problem))
    if problem.remedy:
        block.append("\nhow to go on: ", "bold cyan").append(problem.remedy)
    output.progress().print(block, soft_wrap=True)
    return problem.exit_code


def _understood(error: Exception) -> GluecodeError:
    if isinstance(error, GluecodeError):
        return error
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "gluecode"
        return UsageError(error.format_message(), f"`{command} --help` shows what it takes, with an example.")
    if isinstance(error, click.ClickException):
        return GluecodeError(error.format_message())
    if isinstance(error, StepError):
        return GluecodeError(str(error))
    # Most failures, and all of --help, never come near boto3.
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    if isinstance(error, BotoCoreError | ClientError):
        return session.understood(error)
    if isinstance(error, ResponseParserError):
        return GluecodeError(
            "What answered is not AWS: its answer cannot be read.", "Check AWS_ENDPOINT_URL and the network."
        )
    return GluecodeError(
        f"{type(error).__name__}: {error}",
        "This is a fault in gluecode. GLUECODE_DEBUG=1 shows where; please report it with that output.",
    )
