"""Reads an HTTP request as a Function URL gives it: `headers`, `body` and `isBase64Encoded`."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from lambda_functions.shared.errors import Refused

MAX_BODY_BYTES = 512 * 1024
"""More than any storable item (400 KB) needs; half of what a queue and an asynchronous invocation hold, so that an
event that fails for good fits into the failure queue together with the description of its failure."""

_REPLACEMENT = "\ufffd"
"""Replaces bytes that are not valid UTF-8 when a body is decoded to text. The body's length then differs from the
sender's Content-Length."""


def header(event: Mapping[str, Any], name: str) -> list[str]:
    """Every value of a header, whatever the case of its name."""
    headers = event.get("headers")
    if not isinstance(headers, Mapping):
        return []
    return [value for key, value in headers.items() if key.lower() == name.lower() and isinstance(value, str)]


def body(event: Mapping[str, Any]) -> bytes:
    """The body's bytes, decoded when it came as base64. Raises Refused."""
    text = event.get("body")
    if text is None or text == "":
        raise Refused("body_missing")
    if not isinstance(text, str):
        raise Refused("body_not_json")
    content = _decoded(text) if event.get("isBase64Encoded") is True else _encoded(text)
    if _REPLACEMENT in text and header(event, "Content-Length") not in ([], [str(len(content))]):
        raise Refused("body_not_json")
    if len(content) > MAX_BODY_BYTES:
        raise Refused("body_too_large", 413)
    return content


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("body_not_base64") from None


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Refused("text_not_unicode") from None
