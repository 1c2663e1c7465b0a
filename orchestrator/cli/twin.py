"""`gluecode destroy` and `gluecode inspect`: a twin that is there, whatever became of its project's folder."""

from __future__ import annotations

import click

from orchestrator.cli import output, result_view, runs
from orchestrator.cli.confirmation import confirm
from orchestrator.cli.options import Target, json_option, target_options, twin_argument
from orchestrator.operations import deployment


@click.command()
@twin_argument
@click.option("--delete-data", is_flag=True, help="Also delete the hot table and the events in the queues.")
@click.option("--yes", is_flag=True, help="Do not ask for the twin's name before deleting data.")
@target_options
@json_option
def destroy(twin: str, delete_data: bool, yes: bool, target: Target, json_wanted: bool) -> None:
    """Remove a twin; its data stays unless told otherwise.

    Everything of TWIN is removed from AWS, entrances first. The hot table and failed events stay unless --delete-data.

    \b
    Example:
      gluecode destroy my-twin --delete-data --local
    """
    if delete_data and not yes:
        confirm(twin)
    run = deployment.destroy(target.aws, target.installation, twin, retain_data=not delete_data)
    again = f"gluecode destroy {twin}{' --delete-data' if delete_data else ''}{target.flags}"
    runs.carry_out(target, run, "destroy", again=again, json_wanted=json_wanted)


@click.command()
@twin_argument
@target_options
@json_option
def inspect(twin: str, target: Target, json_wanted: bool) -> None:
    """Show what is there, missing, or has drifted.

    Compares TWIN on AWS with its last deployment, field by field. Changes nothing. Exit code 1: it is not as deployed.

    Ends with exit code 1 when something is not as it was deployed.

    \b
    Example:
      gluecode inspect my-twin --local
    """
    run = deployment.inspect(target.aws, target.installation, twin)
    result = runs.finish(target, run, what="inspection", again=f"gluecode inspect {twin}{target.flags}")
    if json_wanted:
        output.as_json(result)
    else:
        result_view.show_findings(result)
        result_view.show_next(result, target.flags)
    if result["findings"]:
        raise click.exceptions.Exit(1)
