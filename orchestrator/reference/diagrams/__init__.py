"""The drawings of the documentation, as data: lanes, boxes and arrows, and flowcharts that lay themselves out."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from importlib.resources import files
from typing import Any

from orchestrator.graphs import style
from orchestrator.reference.diagrams import operation
from orchestrator.reference.diagrams.flowchart import flowchart
from orchestrator.reference.diagrams.lanes import flow
from orchestrator.reference.diagrams.overview import overview


def _read(file: str, draw: Callable[..., str]) -> Iterator[tuple[str, Callable[..., str]]]:
    """Name -> drawing, of every entry of a file that stands beside this module."""
    drawings: dict[str, Any] = tomllib.loads((files(__name__) / file).read_text(encoding="utf-8"))
    return ((name, partial(draw, drawing=drawing)) for name, drawing in drawings.items())


_ALL: dict[str, Callable[..., str]] = {
    "overview": overview,
    **dict(_read("flows.toml", flow)),
    **dict(_read("decisions.toml", flowchart)),
    **operation.DRAWINGS,
}
_ALONE = ("overview",)


def figures() -> dict[str, str]:
    """File name -> what a page includes: the drawing for a wide page and for a phone; the style sheet shows one."""
    return {f"{name}.html": _figure(name) for name in _ALL}


def pictures() -> dict[str, str]:
    """File name -> SVG, of the drawings that are shown outside the site."""
    return {f"{name}.svg": style.alone(_ALL[name](name, narrow=False)) + "\n" for name in _ALONE}


def _figure(name: str) -> str:
    shapes = {"wide": _ALL[name](name, narrow=False), "narrow": _ALL[name](f"{name}-narrow", narrow=True)}
    drawn = [picture.replace('class="gd"', f'class="gd {shape}"', 1) for shape, picture in shapes.items()]
    return "\n".join(('<figure class="diagram" markdown="0">', *drawn, "</figure>")) + "\n"
