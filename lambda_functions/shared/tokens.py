"""The tokens of a connection: from the environment, or from the cloud's secret store, cached in the worker.

INTER_CLOUD_TOKEN is the token itself. A deployed twin sets INTER_CLOUD_TOKEN_SECRET instead, the name (on AWS: the ARN)
of a secret that holds it. A receiver accepts the secret's current and previous value, so a rotation refuses nobody; a
sender sends the current one.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

from lambda_functions.shared import observability, settings
from lambda_functions.shared.port import Cloud

CACHED_SECONDS = 300.0
REFETCH_SECONDS = 15.0
"""A receiver fetches again for wrong tokens at most once in this time, so that they cannot drive up the bill."""


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
        """The token to send, or an empty string when none is configured. Raises as `accepted` does."""
        return next(iter(self.accepted()), "")

    def accepted(self) -> tuple[str, ...]:
        """The tokens to accept. Raises the cloud's error when they could never be fetched.

        While the secret store does not answer, tokens that were fetched before stay valid.
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
        except Exception as error:  # noqa: BLE001  # whatever it was, the known tokens stay valid
            observability.warn("The token could not be fetched again.", reason=observability.describe(error))
            self._fetched_at = self._clock() - CACHED_SECONDS + REFETCH_SECONDS

    def _take(self, tokens: tuple[str, ...]) -> None:
        self._tokens = tokens
        self._fetched_at = self._clock()


def for_sending(cloud: Cloud) -> Tokens:
    """The tokens of a function that sends."""
    return _configured(cloud, receives=False)


def for_receiving(cloud: Cloud) -> Tokens:
    """The tokens of a function that receives."""
    return _configured(cloud, receives=True)


def _configured(cloud: Cloud, *, receives: bool) -> Tokens:
    token, secret = settings.text("INTER_CLOUD_TOKEN"), settings.text("INTER_CLOUD_TOKEN_SECRET")
    return _cached(cloud.read_secret, token, secret, receives)


@functools.cache
def _cached(read: Callable[..., tuple[str, ...]], token: str, secret: str, receives: bool) -> Tokens:
    if token:
        return Tokens(lambda: (token,))
    if not secret:
        return Tokens(tuple)
    return Tokens(lambda: read(secret, previous=receives), refetch_seconds=REFETCH_SECONDS if receives else 0.0)
