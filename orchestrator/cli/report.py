"""`gluecode report`: one execution as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator import report as reports
from orchestrator.cli import output
from orchestrator.cli.options import Target, json_option, target_options
from orchestrator.core.errors import UsageError
from orchestrator.operations import history as past


@click.command()
@click.argument("execution")
@click.option(
    "--output",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write it. [default: EXECUTION.html]",
)
@target_options
@json_option
def report(execution: str, path: Path | None, target: Target, json_wanted: bool) -> None:
    """Write a report of a deployment, a removal or an inspection.

    EXECUTION is its ARN or its name, as `gluecode history` shows them, or a twin's name: then its last run. The report
    is one HTML file: the graph coloured by outcome, a timeline, each step with its changes and AWS calls, the outputs,
    and, if it failed, how to go on. It needs no network and no script, and can be printed.

    \b
    Example:
      gluecode report my-twin --output report.html
    """
    facts = _facts(target, execution)
    file = path or Path(f"{facts.name}.html")
    try:
        file.write_text(reports.render(facts), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"'{file}' cannot be written: {error.strerror}.", "Name another file with --output."
        ) from error
    if json_wanted:
        output.as_json(
            {"file": str(file), "execution": facts.arn, "status": facts.status, "steps": len(facts.attempts)}
        )
    else:
        output.tell(str(file))


def _facts(target: Target, execution: str) -> reports.Facts:
    try:
        return reports.read(target.aws, target.installation, execution)
    except reports.NoSuchExecutionError:
        runs = past.history(target.aws, target.installation, execution, limit=1)
        if not runs:
            raise
        return reports.read(target.aws, target.installation, runs[0].execution)
