"""`gluecode install` and `gluecode uninstall`: the orchestrator itself, in the account the options point to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from orchestrator.cli import output
from orchestrator.cli.options import Target, json_option, target_options
from orchestrator.install import install as installer
from orchestrator.install.layers import ARCHITECTURES
from orchestrator.install.stack_model import Change, Event

_STYLES = {"Add": "green", "Modify": "yellow", "Remove": "magenta"}
_SIGNS = {"Add": "+", "Modify": "~", "Remove": "-"}


@click.command()
@click.option("--architecture", type=click.Choice(ARCHITECTURES), help="What the functions run on. [default: arm64]")
@click.option("--twin-prefix", help="Let the orchestrator touch only twins whose names start so.")
@click.option("--log-retention-days", type=int, help="How long the journal of the steps is kept.")
@click.option("--permissions-boundary", metavar="ARN", help="Boundary for every role that is created.")
@click.option(
    "--kms-key", "kms_key_arn", metavar="ARN", help="A key of your own for the bucket, the state table and the journal."
)
@click.option("--schedule", metavar="EXPRESSION", help="Inspect every twin so often: `rate(1 day)`, `cron(…)`.")
@click.option(
    "--repair-drift/--no-repair-drift",
    default=None,
    help="Whether the schedule also deploys a twin again that has drifted.",
)
@click.option(
    "--quiet-seconds",
    type=click.IntRange(1, 900),
    help="How long nothing of an uploaded project may have changed before it is deployed (20).",
)
@click.option("--alarms/--no-alarms", default=None, help="Alarms of twins and of executions. [default: on]")
@click.option("--alarm-topic", "alarm_topic_arn", metavar="ARN", help="The SNS topic that alarms tell.")
@click.option("--refused-per-minute", type=click.IntRange(1), help="Refused requests that are normal. [default: 10]")
@click.option(
    "--requests-per-minute",
    "url_requests_per_minute",
    type=click.IntRange(1),
    help="Requests that are normal. [default: 6000]",
)
@click.option("--dashboards/--no-dashboards", default=None, help="A dashboard of each twin. [default: on]")
@click.option("--repair", is_flag=True, help="Undo what was changed by hand, say in the policy of a step's role.")
@click.option("--diff", is_flag=True, help="Only show what would change.")
@click.option(
    "--template-only",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Only write the CloudFormation templates and packages into FOLDER.",
)
@target_options
@json_option
def install(diff: bool, template_only: Path | None, target: Target, json_wanted: bool, **chosen: Any) -> None:
    """Install the orchestrator, or upgrade it in place. Repeatable.

    It consists of the state machines, their step functions and roles, the artifact bucket and a state table.

    \b
    Example:
      gluecode install --local
      gluecode install --profile sandbox --region eu-central-1 --diff
    """
    if template_only:
        written = installer.template_only(template_only, chosen["architecture"] or ARCHITECTURES[0])
        _tell({"files": [str(path) for path in written]}, "\n".join(map(str, written)), json_wanted)
        return
    options = installer.Options(prefix=target.installation.prefix, **chosen)
    if diff:
        changes = installer.preview(target.aws, options, _show)
        _tell_changes(changes, json_wanted)
        return
    done = installer.install(target.aws, options, _show)
    result = {"outcome": done.outcome, "release": done.release, "before": done.before, "outputs": dict(done.outputs)}
    where = f"account {done.installation.account}, region {done.installation.region}"
    _tell(
        result,
        f"The orchestrator '{options.prefix}' is {_said(done.outcome)} in {where} (release {done.release}).",
        json_wanted,
    )
    output.say(f"Next: `gluecode init my-twin`, then `gluecode deploy my-twin{target.flags}`.", "dim")


@click.command()
@target_options
@json_option
def uninstall(target: Target, json_wanted: bool) -> None:
    """Remove the orchestrator. Refuses while twins are deployed, and names them.

    \b
    Example:
      gluecode uninstall --local
    """
    done = installer.uninstall(target.aws, target.installation.prefix, _show)
    result = {"outcome": done.outcome, "objects": done.objects, "layer_versions": done.layer_versions}
    text = f"The orchestrator '{target.prefix}' is removed, with {done.objects} object versions of its bucket."
    _tell(
        result, text if done.outcome == "deleted" else f"There is no orchestrator '{target.prefix}' here.", json_wanted
    )


def _show(event: Event) -> None:
    failed = "FAILED" in event.status
    status = f"  {event.status.lower().replace('_', ' '):<20}"
    line = Text.assemble((status, "bold red" if failed else "dim"), f"{event.resource}  {event.reason}".rstrip())
    output.progress().print(line, soft_wrap=True)


def _said(outcome: str) -> str:
    return {"created": "installed", "updated": "upgraded", "unchanged": "up to date", "deleted": "removed"}.get(
        outcome, outcome
    )


def _tell(result: Mapping[str, object], text: str, json_wanted: bool) -> None:
    if json_wanted:
        output.as_json(result)
    else:
        output.tell(text, "green")


def _tell_changes(changes: tuple[Change, ...], json_wanted: bool) -> None:
    if json_wanted:
        output.as_json({"changes": [vars(change) for change in changes]})
        return
    for change in changes:
        note = "  (replaced)" if change.replaced else ""
        output.tell(f"{_SIGNS[change.action]} {change.type:<32} {change.resource}{note}", _STYLES[change.action])
    output.tell(f"{len(changes)} changes." if changes else "Nothing would change.")
