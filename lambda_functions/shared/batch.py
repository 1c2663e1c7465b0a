"""Batches over the wire: several envelopes in one request, as a JSON array, and a result for each in the answer."""

from __future__ import annotations

from typing import Any

from lambda_functions.shared.errors import Refused

MAX_EVENTS = 100


def documents_in(document: Any) -> list[Any] | None:
    """The documents of a batch; None for any other document. An empty array is not a batch either.

    Raises Refused for a batch of too many.
    """
    if not isinstance(document, list) or not document:
        return None
    if len(document) > MAX_EVENTS:
        raise Refused("batch_too_long")
    return document
