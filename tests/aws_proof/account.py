"""The account as AWS's own interfaces show it; every call, and every error with its request id, is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.config import Config

from tests.aws_proof.record import Fault

_READS = ("Get", "List", "Describe", "Head", "BatchGet", "Filter", "Query", "Scan", "Simulate", "Receive")


def writes(operation: str) -> bool:
    """Whether an operation of AWS changes anything."""
    return not operation.startswith(_READS)


class Account:
    """Clients of one session. `failed` is called with each error, before boto3 raises it."""

    def __init__(self, session: boto3.Session, endpoint: str | None, failed: Callable[[Fault], None]) -> None:
        self.session = session
        self.endpoint = endpoint
        self._failed = failed
        self._clients: dict[str, Any] = {}

    @property
    def region(self) -> str:
        """The region of all clients."""
        return str(self.session.region_name)

    def client(self, service: str) -> Any:
        """The boto3 client of a service, made once."""
        if service not in self._clients:
            made = self.session.client(
                service,  # type: ignore[call-overload]  # the service's name is data here
                endpoint_url=self.endpoint,
                config=Config(retries={"mode": "standard", "max_attempts": 6}, connect_timeout=10, read_timeout=60),
            )
            made.meta.events.register("after-call", self._seen)
            self._clients[service] = made
        return self._clients[service]

    def found(self, service: str, operation: str, names: str, **params: Any) -> Iterator[Any]:
        """Everything that a listing gives; `names` says where in its answers (JMESPath)."""
        pages = self.client(service).get_paginator(operation).paginate(**params).search(names)
        return (each for each in pages if each is not None)

    def _seen(self, http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        if http_response.status_code >= 300:
            error, about = parsed.get("Error", {}), parsed.get("ResponseMetadata", {})
            self._failed(
                Fault(
                    "the proof",
                    f"{model.service_model.service_name}:{model.name}",
                    str(error.get("Code", http_response.status_code)),
                    str(error.get("Message", "")),
                    str(about.get("RequestId", "")),
                )
            )
