"""Which URLs of other clouds may be used: the token travels with every request."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from lambda_functions.shared import settings
from lambda_functions.shared.errors import ConfigurationError, MissingSetting


def checked_host(url: str) -> str:
    """The host of a URL that may be used: https, or plain http on the embedded cloud's loopback.

    Raises MissingSetting for a blank URL and ConfigurationError for one that must not be used.
    """
    if not url.strip():
        raise MissingSetting("The URL of the other cloud's endpoint is missing or empty.")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigurationError(f"The URL of the other cloud's endpoint is not valid: {error}.") from None
    if not host or parts.username is not None:
        raise ConfigurationError("The URL of the other cloud's endpoint has no host, or a user name in it.")
    loopback = parts.scheme == "http" and _is_loopback(host) and settings.on("GLUECODE_ALLOW_LOOPBACK_HTTP")
    if parts.scheme != "https" and not loopback:
        raise ConfigurationError(
            f"The URL of the endpoint on {host} is not https: the token would travel in the clear."
        )
    return host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
