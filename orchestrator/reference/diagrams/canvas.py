"""A sheet to draw on: lanes, boxes and arrows at given places, in the look that all pictures share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from orchestrator.graphs import style, text

Side = Literal["top", "bottom", "left", "right"]
Point = tuple[float, float]

_TIP = 7.0


@dataclass(frozen=True)
class Box:
    """A box at its place; arrows join boxes."""

    x: float
    y: float
    width: float
    height: float

    def at(self, side: Side, shift: float = 0.0) -> Point:
        """The middle of a side, moved along it."""
        if side in ("top", "bottom"):
            return self.x + self.width / 2 + shift, self.y + (self.height if side == "bottom" else 0)
        return self.x + (self.width if side == "right" else 0), self.y + self.height / 2 + shift


class Canvas:
    """One drawing. Coordinates are pixels from the left upper corner."""

    def __init__(self, name: str, width: float, height: float, title: str, description: str) -> None:
        self._name, self._size = name, (width, height)
        self._title, self._description = title, description
        self._parts: list[str] = []

    def lane(
        self, x: float, y: float, width: float, height: float, title: str, note: str = "", *, shift: float = 0.0
    ) -> None:
        """A region with a title: a layer, a cloud. `shift` moves the title to the right, out of an arrow's way."""
        self._parts.append(f'<rect class="group" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>')
        self._parts.append(f'<text class="title" x="{x + 12 + shift}" y="{y + 20}">{escape(title)}</text>')
        if note:
            self._parts.append(f'<text class="small" x="{x + 12}" y="{y + 36}">{escape(note)}</text>')

    def box(
        self, x: float, y: float, width: float, height: float, label: str, note: str = "", classes: str = ""
    ) -> Box:
        """A box with a label of one or more lines (`\\n`), and smaller text under it."""
        rect = f'x="{x}" y="{y}" width="{width}" height="{height}" rx="6"'
        self._parts.append(f'<rect class="{f"box {classes}".strip()}" {rect}/>')
        lines, notes = label.split("\n"), note.split("\n") if note else []
        step, small = text.FONT_SIZE * text.LINE_HEIGHT, text.SMALL_SIZE * text.LINE_HEIGHT
        at = y + (height - len(lines) * step - len(notes) * small) / 2 + text.FONT_SIZE
        for line in lines:
            self._parts.append(f'<text x="{x + width / 2}" y="{at:.1f}" text-anchor="middle">{escape(line)}</text>')
            at += step
        for line in notes:
            self._parts.append(
                f'<text class="small" x="{x + width / 2}" y="{at - 2:.1f}" text-anchor="middle">{escape(line)}</text>'
            )
            at += small
        return Box(x, y, width, height)

    def arrow(
        self,
        points: Sequence[Point],
        label: str = "",
        *,
        kind: str = "",
        at: Point | None = None,
        anchor: str = "start",
    ) -> None:
        """A line through the points with its tip at the last; the label stands near the middle, or where told.

        `kind` is empty, `strong` (it crosses clouds) or `catch` (something failed).
        """
        (before_x, before_y), (x, y) = points[-2:]
        back_x, back_y = _toward((before_x, before_y), (x, y))
        path = "L".join(f"{px:.1f} {py:.1f}" for px, py in (*points[:-1], (x - back_x * _TIP, y - back_y * _TIP)))
        self._parts.append(f'<path class="way {kind}" d="M{path}"/>'.replace(' "', '"'))
        side_x, side_y = -back_y * 4, back_x * 4
        corners = [(x, y), (x - back_x * 8 + side_x, y - back_y * 8 + side_y)]
        corners.append((x - back_x * 8 - side_x, y - back_y * 8 - side_y))
        tip = f"{kind}-tip" if kind else "tip"
        self._parts.append(f'<path class="{tip}" d="M{"L".join(f"{px:.1f} {py:.1f}" for px, py in corners)}Z"/>')
        if label:
            middle = len(points) // 2
            (one_x, one_y), (two_x, two_y) = points[middle - 1], points[middle]
            label_x, label_y = at or ((one_x + two_x) / 2 + 6, (one_y + two_y) / 2 - 5)
            self.text(label_x, label_y, label, anchor=anchor)

    def text(self, x: float, y: float, words: str, *, classes: str = "label", anchor: str = "start") -> None:
        """Words at a place, in lines (`\\n`)."""
        for number, line in enumerate(words.split("\n")):
            at = y + number * text.SMALL_SIZE * text.LINE_HEIGHT
            self._parts.append(
                f'<text class="{classes}" x="{x:.1f}" y="{at:.1f}" text-anchor="{anchor}">{escape(line)}</text>'
            )

    def svg(self) -> str:
        """The drawing."""
        width, height = self._size
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="gd" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img" '
            f'aria-labelledby="{self._name}-title {self._name}-desc"><title id="{self._name}-title">'
            f'{escape(self._title)}</title><desc id="{self._name}-desc">{escape(self._description)}</desc>'
            f"<style>{style.standalone()}</style>{''.join(self._parts)}</svg>"
        )


def _toward(start: Point, end: Point) -> Point:
    """The direction of a horizontal, vertical or slanted line, of length 1."""
    x, y = end[0] - start[0], end[1] - start[1]
    length = (x * x + y * y) ** 0.5 or 1.0
    return x / length, y / length
