"""Requests to the twin's public URL, as the other cloud or a stranger makes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import requests

from lambda_functions.shared.authentication import TOKEN_HEADER

_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """The status (0: there was no answer), the beginning of the body, and the id by which AWS knows the request."""

    status: int
    body: str
    request_id: str = ""

    def __str__(self) -> str:
        return f"{self.status} {self.body} (request id {self.request_id or 'none'})"


def post(url: str, token: str | None, document: Any) -> Answer:
    """POST a document; `token` None leaves the header out, and `document` None the body."""
    headers = {"Content-Type": "application/json", **({TOKEN_HEADER: token} if token is not None else {})}
    body = b"" if document is None else json.dumps(document).encode()
    try:
        answer = requests.post(url, data=body, headers=headers, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return Answer(0, type(error).__name__)
    return Answer(answer.status_code, answer.text[:200], answer.headers.get("x-amzn-RequestId", ""))
