"""`gluecode check-permissions`: what the caller, or somebody else, may not do yet of what a twin takes."""

from __future__ import annotations

import click

from orchestrator.cli import output, permissions_view
from orchestrator.cli.options import Target, checked_name, json_option, target_options
from orchestrator.core.errors import UsageError
from orchestrator.operations import iam_check
from orchestrator.operations.iam_check import COMMAND_LINE, INSTALL, LAYERS, Steps

_CHOICES = {"1": LAYERS[0], "2": LAYERS[1], "3": LAYERS[2], "command-line": COMMAND_LINE, "install": INSTALL}
_USUAL = (*LAYERS, COMMAND_LINE)
_ARN_FIELDS = 6


@click.command("check-permissions")
@click.option(
    "--layer",
    "layers",
    type=click.Choice(list(_CHOICES)),
    multiple=True,
    help="Check only this: a layer's steps, what the commands call, or installing. Can be repeated. "
    "[default: 1, 2, 3, command-line]",
)
@click.option(
    "--twin", callback=checked_name, help="Ask about this twin's resources. [default: those of one called my-twin]"
)
@click.option("--principal", metavar="ARN", default="", help="Check this user or role instead of the caller.")
@target_options
@json_option
def check_permissions(
    layers: tuple[str, ...], twin: str | None, principal: str, target: Target, json_wanted: bool
) -> None:
    """Show which IAM actions are missing, by layer and service.

    Asks IAM's policy simulator, or reads the policies where it may not, and prints a policy to paste. The steps of the
    installed orchestrator act under roles of their own, which are checked as well: who only deploys needs
    `--layer command-line` to be complete. Exit code 1: something is missing, or could not be determined.

    \b
    Example:
      gluecode check-permissions --twin my-twin
      gluecode check-permissions --principal arn:aws:iam::123456789012:role/ci --layer command-line
    """
    if principal and len(principal.split(":", _ARN_FIELDS - 1)) != _ARN_FIELDS:
        raise UsageError(f"'{principal}' is no ARN.", "Write it as in arn:aws:iam::123456789012:role/ci.")
    groups = [group for choice, group in _CHOICES.items() if choice in layers] or list(_USUAL)
    report = iam_check.check(target.aws, target.installation, groups, twin=twin, arn=principal)
    steps = Steps()
    if set(groups) & set(LAYERS):
        steps = iam_check.check_steps(target.aws, target.installation, twin=twin)
    if json_wanted:
        output.as_json(permissions_view.as_dict(report, steps))
    else:
        permissions_view.show(report, steps)
    if report.of("missing", "unknown") or steps.lacking:
        raise click.exceptions.Exit(1)
