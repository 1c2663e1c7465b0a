"""`gluecode local`: the embedded cloud, AWS on this machine without an account."""

from __future__ import annotations

import shlex
from dataclasses import replace

import click

from orchestrator.cli import output
from orchestrator.cli.options import json_option
from orchestrator.local import cloud
from orchestrator.local.server import Settings
from orchestrator.operations.session import embedded_cloud

QUICK = Settings(
    wait_scale=0.02,  # before it removes a function, a state machine waits three minutes for late events
    async_workers=4,  # every one more is another Python that starts at the same time
)


@click.group()
def local() -> None:
    """Run AWS on this machine, on loopback, without an account.

    \b
    Example:
      gluecode local up
      eval "$(gluecode local env)"     # now `aws` and boto3 use it, too
    """


@local.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1. [default: a free one]")
@click.option("--region", default=Settings.region, show_default=True, help="The region it claims to be.")
@click.option("--enforce-iam", is_flag=True, help="Refuse what a caller's policies do not allow.")
@click.option(
    "--wait-scale",
    type=click.FloatRange(0, 1),
    default=QUICK.wait_scale,
    show_default=True,
    help="What Step Functions' waits are multiplied by; 1 is as on AWS.",
)
@json_option
def up(port: int, region: str, enforce_iam: bool, wait_scale: float, json_wanted: bool) -> None:
    """Start the embedded cloud in the background.

    Does nothing when it is running already.

    \b
    Example:
      gluecode local up
    """
    before = cloud.find()
    settings = replace(QUICK, port=port, region=region, enforce_iam=enforce_iam, wait_scale=wait_scale)
    running = cloud.up(settings=settings)
    if json_wanted:
        output.as_json(_described(running))
        return
    output.tell(f"The embedded cloud {'was already running' if before else 'is up'} at {running.endpoint}", "green")
    output.say(f"Next: `gluecode install --local`. {cloud.VOLATILE}", "dim")


@local.command()
@json_option
def down(json_wanted: bool) -> None:
    """Stop the embedded cloud. Everything in it is gone.

    \b
    Example:
      gluecode local down
    """
    stopped = cloud.down()
    if json_wanted:
        output.as_json({"stopped": stopped})
    else:
        output.tell("The embedded cloud is stopped." if stopped else "The embedded cloud was not running.")


@local.command()
@json_option
def status(json_wanted: bool) -> None:
    """Say whether the embedded cloud is running, and where.

    \b
    Example:
      gluecode local status --json
    """
    running = cloud.find()
    if json_wanted:
        output.as_json(_described(running) if running else {"running": False})
    elif running:
        output.tell(f"running at {running.endpoint} (process {running.pid}, region {running.region})", "green")
        output.tell(f"log: {running.log_file}")
        output.say(cloud.VOLATILE)
    else:
        output.tell("not running")
    if not running:
        raise click.exceptions.Exit(1)


@local.command()
@json_option
def env(json_wanted: bool) -> None:
    """Print the exports that make `aws`, boto3 and every other AWS tool use the embedded cloud.

    \b
    Example:
      eval "$(gluecode local env)"
      aws stepfunctions list-state-machines
    """
    variables = cloud.exports(embedded_cloud())
    if json_wanted:
        output.as_json(variables)
        return
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _described(running: cloud.Cloud) -> dict[str, object]:
    return {"running": True, "endpoint": running.endpoint, "pid": running.pid, "region": running.region}
