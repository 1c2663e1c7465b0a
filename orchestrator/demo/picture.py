"""Draws clouds as boxes in a row, joined by what crosses from one to the next."""

from __future__ import annotations

_JOINT = "──HTTPS─▶"
_BENEATH = "token"


def draw(*clouds: tuple[str, str, str]) -> str:
    """Four lines of text. Each cloud is its name, what an event passes there, and the layers beneath that."""
    boxes = [_box(*cloud) for cloud in clouds]
    gaps = (" " * len(_JOINT), _JOINT, _BENEATH.center(len(_JOINT)), " " * len(_JOINT))
    rows = (gap.join(box[row] for box in boxes) for row, gap in enumerate(gaps))
    return "\n".join(f"   {row}" for row in rows)


def _box(name: str, way: str, layers: str) -> tuple[str, str, str, str]:
    width = max(len(way), len(layers), len(name) + 2) + 2
    top = f"┌─ {name} ".ljust(width + 1, "─") + "┐"
    return top, f"│{f' {way}':<{width}}│", f"│{f' {layers}':<{width}}│", f"└{'─' * width}┘"
