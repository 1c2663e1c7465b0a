"""The drawings of the documentation, as data: lanes, boxes and arrows, and flowcharts that lay themselves out."""

from __future__ import annotations

from orchestrator.graphs import style
from orchestrator.reference.diagrams import decisions, flows, operation

_ALL = {**flows.DRAWINGS, **decisions.DRAWINGS, **operation.DRAWINGS}
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
