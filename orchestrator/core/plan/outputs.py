"""What the other clouds need to know once a twin is deployed: where to send, and where its token lies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.core.names import TwinNames, connection

_RECEIVERS = (
    ("ingestion", 1, "layer_1_provider", "layer_2_provider"),
    ("writer", 2, "layer_2_provider", "layer_3_hot_provider"),
)


def connection_outputs(plan: Mapping[str, Any], urls: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Connection id -> the URL that the other cloud posts to, and the name of the secret with its token.

    `plan` is the JSON of one; `urls` holds the Function URLs by short function name.
    """
    outputs = {}
    for function, layer, sending, receiving in _RECEIVERS:
        sender, receiver = plan["providers"][sending], plan["providers"][receiving]
        if receiver == "aws" and sender != "aws" and function in urls:
            between = connection(sender, layer, receiver)
            outputs[between] = {"url": urls[function], "token_secret": TwinNames(plan["twin"]).secret(between)}
    return outputs
