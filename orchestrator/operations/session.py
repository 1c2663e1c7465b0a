"""How every command reaches AWS: the account that the environment points to, or the embedded cloud."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.core.errors import GluecodeError, UsageError
from orchestrator.local import cloud

if TYPE_CHECKING:
    from boto3 import Session

_SIGN_IN = "Sign in (`aws login`, `aws sso login`), choose a --profile, or use the embedded cloud with --local."
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}
_DENIED = {"AccessDenied", "AccessDeniedException", "SignatureDoesNotMatch"}


class NotRunning(GluecodeError):
    """--local was asked for, and no embedded cloud runs."""


class NoCredentials(GluecodeError):
    """There are no credentials, or none that AWS accepts (any more)."""


class NoRegion(UsageError):
    """Neither an option, nor the environment, nor the profile says which region."""


class Unreachable(GluecodeError):
    """The endpoint does not answer."""


@dataclass(frozen=True)
class Caller:
    """Who the credentials belong to, as AWS itself says."""

    account: str
    partition: str
    arn: str


class Aws:
    """One account in one region. Connects when it is first used; its errors are Problems that say what to do."""

    def __init__(self, session: Session, *, local: bool = False, endpoint: str | None = None) -> None:
        self.region: str = session.region_name
        self.local = local
        self._session = session
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The boto3 client of a service, made once."""
        if service not in self._clients:
            self._clients[service] = self._new_client(service, attempts=5)
        return self._clients[service]

    @property
    def account(self) -> str:
        """The account's twelve digits."""
        return self.caller.account

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`: the second part of every ARN."""
        return self.caller.partition

    @functools.cached_property
    def caller(self) -> Caller:
        """Who we are. Errors: NoCredentials, Unreachable."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            # The first call of every command: where nothing answers, say so soon.
            identity = self._new_client("sts", attempts=2).get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise understood(error) from error
        return Caller(identity["Account"], identity["Arn"].split(":")[1], identity["Arn"])

    def _new_client(self, service: str, attempts: int) -> Any:
        from botocore.config import Config

        return self._session.client(
            service,  # type: ignore[call-overload]  # the service's name is data here
            endpoint_url=self._endpoint,
            config=Config(retries={"mode": "standard", "max_attempts": attempts}, connect_timeout=10, read_timeout=60),
        )


def aws_session(*, local: bool = False, profile: str | None = None, region: str | None = None) -> Aws:
    """The AWS that the options and the environment (profile, region, AWS_ENDPOINT_URL) point to.

    With `local` it is the embedded cloud, found by its state; AWS_ENDPOINT_URL may point to it as well.
    Errors: NotRunning, NotInstalled, NoRegion, NoCredentials, UsageError.
    """
    import boto3
    from botocore.exceptions import BotoCoreError

    if local:
        return _local(profile, region)
    try:
        session = boto3.Session(profile_name=profile, region_name=region)
        credentials = session.get_credentials()
    except BotoCoreError as error:
        raise understood(error) from error
    if not session.region_name:
        raise NoRegion("No AWS region is set.", "Give one with --region or AWS_REGION, or set it in the profile.")
    if credentials is None:
        raise NoCredentials("No AWS credentials were found.", _SIGN_IN)
    # `eval "$(gluecode local env)"` says as much as --local.
    return Aws(session, local=cloud.is_at(os.environ.get("AWS_ENDPOINT_URL", "")))


def embedded_cloud() -> cloud.Cloud:
    """The embedded cloud of this machine. Errors: NotRunning, NotInstalled."""
    running = cloud.find()
    if running is None:
        cloud.require_engine()
        raise NotRunning("The embedded cloud is not running.", "Start it with `gluecode local up`.")
    return running


def understood(error: Exception) -> GluecodeError:
    """What an error of boto3 means to a person, and how to go on."""
    from botocore import exceptions as aws

    if isinstance(error, aws.ProfileNotFound | aws.ConfigParseError):
        return UsageError(str(error), "`aws configure list-profiles` shows the profiles there are.")
    if isinstance(error, aws.NoRegionError | aws.InvalidRegionError):
        return NoRegion(str(error), "Give one with --region or AWS_REGION, or set it in the profile.")
    if isinstance(error, aws.ConnectionError | aws.HTTPClientError):
        return Unreachable(f"AWS did not answer. {error}", "Check the network and AWS_ENDPOINT_URL, then run it again.")
    if not isinstance(error, aws.ClientError):  # what is left of botocore's own errors is about credentials
        return NoCredentials(f"The AWS credentials cannot be used. {error}", _SIGN_IN)
    code = error.response.get("Error", {}).get("Code", "")
    if code in _EXPIRED:
        return NoCredentials(f"AWS does not accept the credentials (any more). {error}", _SIGN_IN)
    if code in _DENIED:
        return GluecodeError(f"AWS refused. {error}", "`aws sts get-caller-identity` shows who you are to AWS.")
    return GluecodeError(str(error), "Run it again.")


def _local(profile: str | None, region: str | None) -> Aws:
    import boto3
    from botocore.session import Session as Core

    if profile:
        raise UsageError(
            "--local and --profile exclude each other.", "The embedded cloud needs no profile: leave it out."
        )
    running = embedded_cloud()
    # Neither AWS_PROFILE nor the files under ~/.aws have a say here; they may well name things that are not there.
    core = Core({"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)})
    session = boto3.Session(
        cloud.CREDENTIAL, cloud.CREDENTIAL, region_name=region or running.region, botocore_session=core
    )
    return Aws(session, local=True, endpoint=running.endpoint)
