"""Admits callers that have the connection's token, and reveals nothing to any other."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from lambda_functions.shared.errors import Refused
from lambda_functions.shared.http_request import header
from lambda_functions.shared.tokens import Tokens

TOKEN_HEADER = "X-Inter-Cloud-Token"  # noqa: S105  # the header's name

_NOBODY = secrets.token_bytes(32)


def authenticate(request: Mapping[str, Any], tokens: Tokens) -> None:
    """Raise Refused (403) unless the request carries an accepted token, exactly once.

    A token that does not match may be newer than what this worker knows, so the tokens are fetched again (see
    `Tokens.refetch` for how often) before the answer is no.
    """
    given = header(request, TOKEN_HEADER)
    presented = given[0] if len(given) == 1 else ""
    if matches(presented, tokens.accepted()):
        return
    if presented:
        tokens.refetch()
        if matches(presented, tokens.accepted()):
            return
    raise Refused("token_invalid" if any(given) else "token_missing", 403)


def matches(presented: str, accepted: Sequence[str]) -> bool:
    """Whether the token is one of the accepted ones; the time it takes does not depend on where they differ.

    Bytes are compared, because comparing text fails for what is not ASCII. An empty token, or none to compare with,
    costs a comparison like any other, and never matches.
    """
    given = presented.encode("utf-8", "surrogatepass")
    matched = False
    for token in [token.encode("utf-8", "surrogatepass") for token in accepted if token] or [_NOBODY]:
        matched |= hmac.compare_digest(given, token)
    return matched
