"""Where a run goes to: the account that the environment points to, or an embedded cloud that is started for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

from orchestrator.local import cloud
from tests.aws_proof.naming import Names
from tests.aws_proof.stage import EMBEDDED, ON_AWS, Target

_HOME = "GLUECODE_HOME"
_EXPORTED = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")


class NoAccount(Exception):
    """There are no credentials: nothing can be proven here."""


class UnusableAccount(Exception):
    """There are credentials or settings, and AWS takes none of them."""


def real(names: Names) -> Target:
    """The account that the environment points to. Raises NoAccount, UnusableAccount."""
    try:
        session = boto3.Session()
        if session.get_credentials() is None:
            raise NoAccount
        if not session.region_name:
            raise UnusableAccount("No AWS region is set: give one with AWS_REGION, or set it in the profile.")
        session.client("sts").get_caller_identity()
    except NoCredentialsError as error:
        raise NoAccount from error
    except ProfileNotFound as error:
        raise UnusableAccount(f"{error}.") from error
    except (NoRegionError, InvalidRegionError, ClientError, BotoCoreError) as error:
        raise UnusableAccount(f"AWS does not take the credentials. {error}") from error
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    patience = EMBEDDED if cloud.is_at(endpoint or "") else ON_AWS
    return Target(session, None, _environment(os.environ, names, session.region_name), patience)


@contextmanager
def embedded(names: Names, home: Path) -> Iterator[Target]:
    """An embedded cloud with its state in `home`, up inside the block."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GLUECODE_"))}
    environment = {**kept, _HOME: str(home)}
    _gluecode(environment, "local", "up")
    try:
        exported = json.loads(_gluecode(environment, "local", "env", "--json"))
        session = boto3.Session(
            exported["AWS_ACCESS_KEY_ID"], exported["AWS_SECRET_ACCESS_KEY"], region_name=exported["AWS_REGION"]
        )
        exports = {name: exported[name] for name in _EXPORTED}
        made = _environment({**environment, **exports}, names, exported["AWS_REGION"])
        yield Target(session, exported["AWS_ENDPOINT_URL"], made, EMBEDDED)
    finally:
        _gluecode(environment, "local", "down")


def _environment(base: Mapping[str, str], names: Names, region: str) -> dict[str, str]:
    """What the commands get. Of gluecode's own settings nothing but the prefix counts."""
    kept = {name: value for name, value in base.items() if name == _HOME or not name.startswith("GLUECODE_")}
    return {**kept, "GLUECODE_PREFIX": names.prefix, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}


def _gluecode(environment: Mapping[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "orchestrator.cli", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise UnusableAccount(f"`gluecode {' '.join(arguments)}` failed. {done.stderr}")
    return done.stdout
