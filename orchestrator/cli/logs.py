"""`gluecode logs`: what a twin's functions write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import click
from rich.text import Text

from orchestrator.cli import output
from orchestrator.cli.options import Target, json_option, target_options, twin_argument
from orchestrator.operations import logs as logged
from orchestrator.operations import telemetry
from orchestrator.operations.logs import LEVELS, Level, Line

_DEFAULT_SINCE = "10m"
_STYLES = {"DEBUG": "dim", "INFO": "", "WARNING": "yellow", "ERROR": "bold red"}
_TOLD = ("hop", "to", "reason", "device", "trace_id")  # what a person wants beside the message


@click.command()
@twin_argument
@click.option("--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--since", metavar="AGE|TIME", help=f"30s, 10m, 2h, 1d or 2026-11-23T10:00Z. [default: {_DEFAULT_SINCE}]")
@click.option("--trace", metavar="ID", help="Only this event's lines; without --since as old as they may be.")
@click.option(
    "--level",
    type=click.Choice(LEVELS, case_sensitive=False),
    default="INFO",
    show_default=True,
    help="This level and above; DEBUG also shows Lambda's own lines and the metrics.",
)
@target_options
@json_option
def logs(
    twin: str, follow: bool, since: str | None, trace: str | None, level: Level, target: Target, json_wanted: bool
) -> None:
    """Show what the functions of TWIN write.

    One line each, oldest first. With --json, each line is one JSON document as the function wrote it.

    \b
    Example:
      gluecode logs my-twin --since 1h --level WARNING
      gluecode logs my-twin --follow
    """
    lines = _lines(twin, target, follow=follow, since=since, trace=trace, level=level)
    with suppress(KeyboardInterrupt):  # the way to end --follow
        for line in lines:
            if json_wanted:
                click.echo(json.dumps(line.fields or {"timestamp": line.at.isoformat(), "message": line.message}))
            else:
                output.results().print(_shown(line), soft_wrap=True)


def _lines(
    twin: str, target: Target, *, follow: bool, since: str | None, trace: str | None, level: Level
) -> Iterator[Line]:
    trace_id = telemetry.read_trace_id(trace) if trace else None
    now = datetime.now(UTC)
    if follow:
        begin = logged.moment(since or _DEFAULT_SINCE, now)
        return logged.follow(target.aws, twin, since=begin, trace_id=trace_id, level=level)
    default = None if trace_id else _DEFAULT_SINCE
    asked = since or default
    begin_or_all = logged.moment(asked, now) if asked else None
    return logged.read(target.aws, twin, since=begin_or_all, trace_id=trace_id, level=level)


def _shown(line: Line) -> Text:
    shown = Text.assemble((f"{line.at:%H:%M:%S.%f}"[:-3], "dim"), f" {line.level:<7} ", style=_STYLES[line.level])
    if line.function:
        shown.append(f"{line.function}  ", "cyan")
    shown.append(line.message or json.dumps(line.fields))
    for name in _TOLD:
        if line.fields.get(name):
            shown.append(f"  {name}={line.fields[name]}", "dim")
    return shown
