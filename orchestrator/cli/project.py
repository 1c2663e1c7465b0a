"""`gluecode validate`, `plan` and `deploy`: from a project's folder to a twin."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import click

from deploy_steps.contract import Result
from orchestrator.cli import faults, output, result_view, runs
from orchestrator.cli.confirmation import confirm
from orchestrator.cli.options import Target, json_option, target_options
from orchestrator.cli.progress import resource
from orchestrator.core.config import ProjectFaults
from orchestrator.operations import deployment
from orchestrator.operations.deployment import Options, Prepared
from orchestrator.operations.upload import Uploaded

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("project", type=_FOLDER)
@target_options
@json_option
def validate(project: Path, target: Target, json_wanted: bool) -> None:
    """Check the project's files, offline.

    Reports everything that is wrong with the folder PROJECT, with file, field and fix.

    \b
    Example:
      gluecode validate my-twin
    """
    try:
        checked = deployment.check(project, allow_loopback_http=target.embedded)
    except ProjectFaults as found:
        raise faults.show(str(project), found, json_wanted=json_wanted) from None
    if json_wanted:
        output.as_json({"valid": True, "twin": checked.project.twin, "faults": []})
        return
    devices = len(checked.project.devices)
    counted = "1 device" if devices == 1 else f"{devices} devices"
    providers = checked.project.providers
    layers = " → ".join((providers.layer_1_provider, providers.layer_2_provider, providers.layer_3_hot_provider))
    output.tell(f"The project is valid: twin '{checked.project.twin}', {counted}, {layers}.", "green")


@click.command()
@click.argument("project", type=_FOLDER)
@target_options
@json_option
def plan(project: Path, target: Target, json_wanted: bool) -> None:
    """Show what a deployment would change.

    Tells what would be created, updated, removed and kept if the folder PROJECT were deployed. Writes nothing.

    \b
    Example:
      gluecode plan my-twin --json
    """
    prepared = _prepared(project, target, json_wanted)
    run = deployment.plan(target.aws, target.installation, prepared, Options())
    again = f"gluecode plan {shlex.quote(str(project))}{target.flags}"
    result = runs.finish(target, run, what="plan", again=again)
    resources = result_view.planned(result["steps"])
    if json_wanted:
        output.as_json({"twin": result["twin"], "resources": resources})
    else:
        result_view.show_plan(resources)
        result_view.show_next({"next": f"gluecode deploy {shlex.quote(str(project))}"}, target.flags)


@click.command()
@click.argument("project", type=_FOLDER)
@click.option(
    "--on-failure",
    type=click.Choice(["keep", "rollback"]),
    default="keep",
    show_default=True,
    help="Keep what is done, to go on later, or go back to the last successful deployment.",
)
@click.option("--delete-data", is_flag=True, help="Also delete the hot table if the mapping no longer needs it.")
@click.option("--yes", is_flag=True, help="Do not ask for the twin's name before deleting data.")
@click.option("--adopt", is_flag=True, help="Take over resources of the same names that are not ours.")
@click.option("--skip-permissions-check", is_flag=True, help="Do not ask IAM first what the steps' roles may do.")
@target_options
@json_option
def deploy(
    project: Path,
    on_failure: Literal["keep", "rollback"],
    delete_data: bool,
    yes: bool,
    adopt: bool,
    skip_permissions_check: bool,
    target: Target,
    json_wanted: bool,
) -> None:
    """Deploy a project, from whatever is there.

    Uploads the folder PROJECT (tokens go to Secrets Manager), starts the deployment or joins the same one if it is
    running, follows it, and prints the Function URLs and what the other clouds need to know.

    \b
    Example:
      gluecode deploy my-twin --local
    """
    prepared = _prepared(project, target, json_wanted)
    if delete_data and not yes:
        confirm(prepared.project.twin)
    options = Options(on_failure, not delete_data, adopt, check_permissions=not skip_permissions_check)
    kept, uploaded, run = deployment.deploy(target.aws, target.installation, prepared, options)
    _say_uploaded(kept, uploaded)
    again = f"gluecode deploy {shlex.quote(str(project))}{target.flags}"
    runs.carry_out(target, run, "deploy", again=again, json_wanted=json_wanted)


def _prepared(project: Path, target: Target, json_wanted: bool) -> Prepared:
    try:
        # Connecting is left to the one case that needs it, so that a project with faults makes no AWS call.
        return deployment.prepare(lambda: target.aws, project, allow_loopback_http=target.embedded)
    except ProjectFaults as found:
        raise faults.show(str(project), found, json_wanted=json_wanted) from None


def _say_uploaded(kept: Mapping[str, Result], uploaded: Uploaded) -> None:
    for result in kept.values():
        output.progress().print(resource(result.outcome, result.kind, result.name), soft_wrap=True)
    parts: list[Any] = [f"{len(uploaded.written)} uploaded", f"{uploaded.current} current"]
    parts += [f"{len(uploaded.removed)} removed"] if uploaded.removed else []
    output.say(f"project files: {', '.join(parts)}")
