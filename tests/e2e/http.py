"""Requests to a Function URL as another cloud, or a stranger, would make them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import requests

HEADER = "X-Inter-Cloud-Token"


@dataclass(frozen=True)
class Endpoint:
    """A deployed URL, and the token that opens it."""

    url: str
    token: str

    def post(self, body: Any, token: str | None = None) -> tuple[int, Any]:
        """POST a document, or a text as it is, with the right token or the given one ("": none). Status and answer."""
        chosen = self.token if token is None else token
        answer = requests.post(
            self.url,
            data=(body if isinstance(body, str) else json.dumps(body)).encode(),
            headers={"Content-Type": "application/json"} | ({HEADER: chosen} if chosen else {}),
            timeout=30,
            allow_redirects=False,
        )
        return answer.status_code, answer.json()

    def statuses(self, envelope: dict[str, Any], without: str) -> dict[str, int]:
        """What it answers to the requests that the contract names. `without` is the field that must not be missing."""
        lacking = {name: value for name, value in envelope["payload"].items() if name != without}
        return {
            "the right token and a valid envelope": self.post(envelope)[0],
            "a wrong token": self.post(envelope, token="guessed")[0],
            "no token": self.post(envelope, token="")[0],
            "not JSON": self.post("{not json")[0],
            f"no {without}": self.post({**envelope, "payload": lacking})[0],
        }
