"""A sheet to draw on: lanes, boxes and arrows at given places, in the look that all pictures share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from orchestrator.graphs import text
from orchestrator.graphs.frame import frame

Side = Literal["top", "bottom", "left", "right"]
Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]

WIDE, NARROW = 690.0, 358.0
"""What a page has room for beside its navigation, and on a phone."""

_TIP = 7.0
_PADDING = 6.0


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

    def __init__(self, name: str, title: str, description: str) -> None:
        self._name, self._title, self._description = name, title, description
        self._parts: list[str] = []

    def lane(self, box: Box, title: str, note: str = "", classes: str = "", shift: float = 0.0) -> None:
        """A region with a title, and smaller text behind it: a layer, a cloud.

        `shift` moves the title to the right, out of an arrow's way.
        """
        rect = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="8"'
        self._parts.append(f'<rect class="{f"group {classes}".strip()}" {rect}/>')
        self.text((box.x + 12 + shift, box.y + 20), title, classes="title")
        if note:
            self.text((box.x + 18 + text.width(title) * 1.08, box.y + 20), note, classes="small")

    def box(self, box: Box, label: str, note: str = "", classes: str = "") -> Box:
        """A box with a label, and smaller text under it. Both are broken into lines that fit; `\\n` breaks as well."""
        rect = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="6"'
        self._parts.append(f'<rect class="{f"box {classes}".strip()}" {rect}/>')
        room = box.width - 2 * _PADDING
        lines, notes = _fitted(label, room, text.FONT_SIZE), _fitted(note, room, text.SMALL_SIZE)
        step, small = text.FONT_SIZE * text.LINE_HEIGHT, text.SMALL_SIZE * text.LINE_HEIGHT
        middle = box.x + box.width / 2
        at = box.y + (box.height - len(lines) * step - len(notes) * small) / 2 + text.FONT_SIZE * 0.98
        for line in lines:
            self.text((middle, at), line, classes="", anchor="middle")
            at += step
        for line in notes:
            self.text((middle, at - 2), line, classes="small", anchor="middle")
            at += small
        return box

    def arrow(self, points: Sequence[Point], label: str = "", *, kind: str = "", at: Point | None = None) -> None:
        """A line through the points with its tip at the last; the label stands near the middle, or where told.

        `kind` is empty, `strong` (it crosses clouds) or `catch` (something failed).
        """
        (before_x, before_y), (x, y) = points[-2:]
        back_x, back_y = _toward((before_x, before_y), (x, y))
        path = "L".join(f"{px:.1f} {py:.1f}" for px, py in (*points[:-1], (x - back_x * _TIP, y - back_y * _TIP)))
        self._parts.append(f'<path class="{f"way {kind}".strip()}" d="M{path}"/>')
        side_x, side_y = -back_y * 4, back_x * 4
        corners = [(x, y), (x - back_x * 8 + side_x, y - back_y * 8 + side_y)]
        corners.append((x - back_x * 8 - side_x, y - back_y * 8 - side_y))
        tip = f"{kind}-tip" if kind else "tip"
        self._parts.append(f'<path class="{tip}" d="M{"L".join(f"{px:.1f} {py:.1f}" for px, py in corners)}Z"/>')
        if label:
            middle = len(points) // 2
            (one_x, one_y), (two_x, two_y) = points[middle - 1], points[middle]
            self.text(at or ((one_x + two_x) / 2 + 6, (one_y + two_y) / 2 + 4), label)

    def text(self, at: Point, words: str, *, classes: str = "label", anchor: Anchor = "start") -> None:
        """Words at a place, in lines (`\\n`)."""
        named = f' class="{classes}"' if classes else ""
        turned = f' text-anchor="{anchor}"' if anchor != "start" else ""
        for number, line in enumerate(words.split("\n")):
            y = at[1] + number * text.SMALL_SIZE * text.LINE_HEIGHT
            self._parts.append(f'<text{named} x="{at[0]:.1f}" y="{y:.1f}"{turned}>{escape(line)}</text>')

    def svg(self, width: float, height: float) -> str:
        """The drawing, without a style: the page brings it."""
        size = (width + 2, height + 2)
        return frame(self._name, self._title, self._description, size, "".join(self._parts), corner=(-1, -1))


def _fitted(words: str, room: float, size: float) -> list[str]:
    """The words in lines that are as long as the room allows."""
    lines: list[str] = []
    for given in words.split("\n") if words else ():
        line = ""
        for word in given.split():
            if line and text.width(f"{line} {word}", size) > room:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}".strip()
        lines.append(line)
    return lines


def _toward(start: Point, end: Point) -> Point:
    """The direction of a horizontal, vertical or slanted line, of length 1."""
    x, y = end[0] - start[0], end[1] - start[1]
    length = (x * x + y * y) ** 0.5 or 1.0
    return x / length, y / length
