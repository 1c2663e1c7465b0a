"""The drawings of the documentation, as data: lanes, boxes and arrows, and flowcharts that lay themselves out."""

from __future__ import annotations

from orchestrator.reference.diagrams import decisions, flows, operation

_ALL = {**flows.DRAWINGS, **decisions.DRAWINGS, **operation.DRAWINGS}


def pictures() -> dict[str, str]:
    """File name -> SVG."""
    return {f"{name}.svg": drawing(name) + "\n" for name, drawing in _ALL.items()}
