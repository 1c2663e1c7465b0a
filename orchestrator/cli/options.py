"""The options that commands share, and the AWS they point to."""

from __future__ import annotations

import functools
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from orchestrator.core.errors import UsageError
from orchestrator.core.names import NAME_RULE, Installation, is_name
from orchestrator.operations.session import Aws, aws_session

DEFAULT_PREFIX = "gluecode"

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Target:
    """Which AWS a command works on, and which installation there. Connects when it is first used."""

    local: bool
    prefix: str
    profile: str | None
    region: str | None

    @functools.cached_property
    def aws(self) -> Aws:
        """The AWS that the options and the environment point to."""
        return aws_session(local=self.local, profile=self.profile, region=self.region)

    @functools.cached_property
    def installation(self) -> Installation:
        """The orchestrator in that account and region."""
        return Installation(self.prefix, self.aws.partition, self.aws.region, self.aws.account)

    @property
    def embedded(self) -> bool:
        """Whether it is a cloud on this machine, where a remote cloud may stand in on http://127.0.0.1."""
        return self.local or os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://127.0.0.1:")

    @property
    def flags(self) -> str:
        """The options as they were given, to be appended to a command that is suggested."""
        given = [("--prefix", self.prefix if self.prefix != DEFAULT_PREFIX else None)]
        given += [("--profile", self.profile), ("--region", self.region)]
        texts = [f" {name} {shlex.quote(value)}" for name, value in given if value]
        return "".join([" --local" if self.local else "", *texts])


def target_options(command: F) -> F:
    """Add --local, --prefix, --profile and --region; the command gets them as one `target`."""

    @click.option(
        "--local", is_flag=True, envvar="GLUECODE_LOCAL", help="Use the embedded cloud (`gluecode local up`)."
    )
    @click.option(
        "--prefix",
        default=DEFAULT_PREFIX,
        envvar="GLUECODE_PREFIX",
        callback=_checked_prefix,
        show_default=True,
        help="Which installation.",
    )
    @click.option("--profile", help="AWS profile. [default: the environment's]")
    @click.option("--region", help="AWS region. [default: the environment's]")
    @functools.wraps(command)
    def wrapped(*args: Any, local: bool, prefix: str, profile: str | None, region: str | None, **kwargs: Any) -> Any:
        return command(*args, target=Target(local, prefix, profile, region), **kwargs)

    return wrapped  # type: ignore[return-value]  # click turns it into the same kind of callback


def twin_argument(command: F) -> F:
    """Add TWIN: a name that a twin can have."""
    return click.argument("twin", callback=checked_name)(command)


def json_option(command: F) -> F:
    """Add --json; the command gets it as `json_wanted`."""
    return click.option("--json", "json_wanted", is_flag=True, help="Print the result as JSON, for scripts.")(command)


def _checked_prefix(_context: click.Context, _parameter: click.Parameter, prefix: str) -> str:
    try:
        Installation(prefix, partition="", region="", account="")
    except ValueError as error:
        raise UsageError(str(error)) from error
    return prefix


def checked_name(_context: click.Context, _parameter: click.Parameter, name: str | None) -> str | None:
    """The callback of whatever names a twin. Raises UsageError for what no twin can be called."""
    if name is not None and not is_name(name):
        raise UsageError(f"'{name}' is no twin's name.", f"A name has {NAME_RULE}.")
    return name
