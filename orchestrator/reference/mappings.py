"""What each of the 27 provider mappings puts on AWS, from the planner's decision table."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from orchestrator.core.catalogue import FUNCTIONS, needed
from orchestrator.core.names import connection
from orchestrator.core.placement import Placement
from orchestrator.reference import markdown

_CLOUDS = ("aws", "azure", "gcp")
_LAYERS = ("layer_1_provider", "layer_2_provider", "layer_3_hot_provider")
_STORES = ("hot_table", "failure_queue")

_INTRODUCTION = """\
Three layers on three providers make 27 mappings. A dot says that the component runs on AWS; every other one is on
another cloud, or not needed. With `useEventChecking`, the event checker runs wherever the processor does. A log group
and the configuration layer are there whenever anything is. With `batching` on a connection that AWS sends on, an
outbox and its event source stand in front of the connector, or of the persister.

A connection in **bold** is one that AWS receives on: its URL is an output of the deployment.
"""


def page() -> str:
    """The page with the table."""
    shown = [name for name in (*FUNCTIONS, *_STORES) if name != "event_checker"]
    head = ("L1", "L2", "L3 hot", *(name.replace("_", " ") for name in shown), "connections")
    table = f'<div class="compact" markdown>\n\n{markdown.table(head, _rows(shown))}\n\n</div>'
    return markdown.page("Mappings", "orchestrator/core/catalogue.py", _INTRODUCTION, table, wide=True)


def _rows(shown: list[str]) -> Iterator[tuple[str, ...]]:
    for clouds in itertools.product(_CLOUDS, repeat=3):
        here = needed(Placement.of(dict(zip(_LAYERS, clouds, strict=True)), event_checking=False))
        crossed = [
            f"**{markdown.code(connection(one, layer, other))}**"
            if other == "aws"
            else markdown.code(connection(one, layer, other))
            for layer, (one, other) in enumerate(itertools.pairwise(clouds), 1)
            if one != other and "aws" in (one, other)
        ]
        yield (*clouds, *("●" if name in here else "" for name in shown), "<br>".join(crossed))
