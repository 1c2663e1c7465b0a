"""The `gluecode` command: what a person or a script runs. It parses and prints, nothing else."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence

import click

from orchestrator.cli import failures

_MODULES = {
    "local": "local",
    "init": "init",
    "install": "install",
    "uninstall": "install",
    "check-permissions": "permissions",
    "validate": "project",
    "plan": "project",
    "deploy": "project",
    "destroy": "twin",
    "inspect": "twin",
    "history": "history",
    "resume": "history",
    "send": "events",
    "trace": "events",
    "logs": "logs",
    "replay": "replay",
    "rotate-token": "rotation",
    "report": "report",
    "conformance": "conformance",
}


class _Commands(click.Group):
    """Imports a command's module only when that command is asked for: `gluecode local env` needs no boto3."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's
        if cmd_name not in _MODULES:
            return None
        module = importlib.import_module(f"orchestrator.cli.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="multicloud-gluecode", prog_name="gluecode")
def gluecode() -> None:
    """Deploy the AWS part of a digital twin that spans clouds, and watch its telemetry travel.

    \b
    Start here, without an AWS account:
      gluecode local up
      gluecode install --local
      gluecode init my-twin
      gluecode deploy my-twin --local

    Without --local, a command works on the AWS account that the environment points to.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line. Returns the exit code: 0 done, 1 failed, 2 wrong use or invalid configuration."""
    try:
        answer = gluecode.main(arguments, prog_name="gluecode", standalone_mode=False)
    except Exception as error:
        if os.environ.get("GLUECODE_DEBUG") == "1":
            raise
        return failures.report(error)
    return answer if isinstance(answer, int) else 0
