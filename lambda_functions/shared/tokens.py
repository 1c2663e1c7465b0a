"""The tokens of a connection: from the environment, or from Secrets Manager, kept for a while in the worker.

INTER_CLOUD_TOKEN is the token itself. A deployed twin sets INTER_CLOUD_TOKEN_SECRET instead, the ARN of a secret that
holds it. Secrets Manager's stages AWSCURRENT and AWSPREVIOUS are the two tokens that a receiver accepts, so a rotation
refuses nobody; a sender sends the current one.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambda_functions.shared import observability, settings
from lambda_functions.shared.clients import client

CACHED_SECONDS = 300.0
REFETCH_SECONDS = 15.0
"""A receiver fetches again for wrong tokens at most once in this time, so that they cannot drive up the bill."""

SERVICES = ("secretsmanager",) if settings.text("INTER_CLOUD_TOKEN_SECRET") else ()
"""What has to be asked for a token, as this worker is set up."""

_ABSENT = ("ResourceNotFoundException", "InvalidRequestException")  # the latter: "it was marked for deletion"


class Tokens:
    """The tokens of one connection, current first, fetched when first asked for and again when they have aged."""

    def __init__(
        self,
        fetch: Callable[[], tuple[str, ...]],
        *,
        refetch_seconds: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._fetch = fetch
        self._refetch_seconds = refetch_seconds
        self._clock = clock
        self._tokens: tuple[str, ...] | None = None
        self._fetched_at = 0.0
        self._refetched_at = float("-inf")

    def current(self) -> str:
        """The token to send, or an empty string when none is configured. Raises ClientError as `accepted` does."""
        return next(iter(self.accepted()), "")

    def accepted(self) -> tuple[str, ...]:
        """The tokens to accept. Raises ClientError or BotoCoreError when they could never be fetched.

        While Secrets Manager does not answer, tokens that were fetched before stay good.
        """
        if self._tokens is None:
            self._take(self._fetch())
        elif self._clock() - self._fetched_at > CACHED_SECONDS:
            self._try_again()
        return self._tokens or ()

    def refetch(self) -> None:
        """Fetch again now, because a token did not match; too soon after the last time, do nothing."""
        if self._clock() - self._refetched_at < self._refetch_seconds:
            return
        self._refetched_at = self._clock()
        self._try_again()

    def _try_again(self) -> None:
        try:
            self._take(self._fetch())
        except (ClientError, BotoCoreError) as error:
            observability.warn("The token could not be fetched again.", reason=observability.describe(error))
            self._fetched_at = self._clock() - CACHED_SECONDS + REFETCH_SECONDS

    def _take(self, tokens: tuple[str, ...]) -> None:
        self._tokens = tokens
        self._fetched_at = self._clock()


def for_sending() -> Tokens:
    """The tokens of a function that sends."""
    return _configured(settings.text("INTER_CLOUD_TOKEN"), settings.text("INTER_CLOUD_TOKEN_SECRET"), receives=False)


def for_receiving() -> Tokens:
    """The tokens of a function that receives."""
    return _configured(settings.text("INTER_CLOUD_TOKEN"), settings.text("INTER_CLOUD_TOKEN_SECRET"), receives=True)


def fetch_secret(secrets: Any, secret: str, stages: tuple[str, ...]) -> tuple[str, ...]:
    """The secret's value at each stage that it has; blank ones are left out. Raises ClientError."""
    values = []
    for stage in stages:
        try:
            values.append(secrets.get_secret_value(SecretId=secret, VersionStage=stage)["SecretString"].strip())
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
    return tuple(value for value in values if value)


@functools.cache
def _configured(token: str, secret: str, *, receives: bool) -> Tokens:
    if token:
        return Tokens(lambda: (token,))
    if not secret:
        return Tokens(tuple)
    stages = ("AWSCURRENT", "AWSPREVIOUS") if receives else ("AWSCURRENT",)
    return Tokens(
        lambda: fetch_secret(client("secretsmanager"), secret, stages),
        refetch_seconds=REFETCH_SECONDS if receives else 0.0,
    )
