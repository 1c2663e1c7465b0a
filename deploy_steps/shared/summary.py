"""Sums up what the steps of an execution answered, wherever in its nested results they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Step = dict[str, Any]

_OF_A_STEP = ("kind", "name", "outcome", "changes", "outputs")


def steps(results: Any) -> list[Step]:
    """Every step's answer, in order: kind, name, outcome; changes and outputs if there are any.

    Devices' processors are told in short (`{"name": …, "outcomes": {kind: outcome}}`), because there can be hundreds.
    """
    return list(_found(results))


def counts(found: Sequence[Step]) -> dict[str, int]:
    """How many steps had each outcome."""
    return dict(Counter(step["outcome"] for step in found))


def urls(found: Sequence[Step], functions: Mapping[str, Any]) -> dict[str, str]:
    """The public URL of each function that has one, by the function's short name."""
    short = {component["name"]: name for name, component in functions.items()}
    return {
        short[step["name"]]: step["outputs"]["url"]
        for step in found
        if step["kind"] == "function-url" and step["outcome"] != "absent" and "url" in step.get("outputs", {})
    }


def retained(found: Sequence[Step]) -> list[str]:
    """What was left because it holds data: `hot-table factory-twin-hot-iot-data`."""
    return [f"{step['kind']} {step['name']}" for step in found if step["outcome"] == "retained"]


def _found(value: Any) -> Iterator[Step]:
    if isinstance(value, Mapping):
        if "kind" in value and "outcome" in value:
            yield {name: value[name] for name in _OF_A_STEP if value.get(name)}
        elif "outcomes" in value:
            outcomes = value["outcomes"].items()
            yield from ({"kind": kind, "name": value["name"], "outcome": said} for kind, said in outcomes)
        else:
            for inner in value.values():
                yield from _found(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _found(inner)
