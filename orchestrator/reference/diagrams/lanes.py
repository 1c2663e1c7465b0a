"""A flow through layers, drawn for a wide page from left to right and for a narrow one from top to bottom.

Boxes stand in lanes (one for each layer) and slots (places in a lane). Wide, lanes are columns; narrow, they are rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.reference.diagrams.canvas import NARROW, Box, Canvas, Point

_HEAD = 32.0
_PAD = 12.0


@dataclass(frozen=True)
class Measures:
    """Sizes in pixels. `between` is the room between two slots, `outside` what stands before the first lane."""

    box: tuple[float, float]
    between: float
    outside: tuple[float, float]


_WIDE = Measures((118.0, 54.0), 28.0, (80.0, 26.0))
_NARROW = Measures((94.0, 54.0), 18.0, (94.0, 24.0))


class Lanes:
    """A drawing in the making. `gaps` are the distances between lanes on a wide page: more where a label stands."""

    def __init__(
        self, name: str, title: str, description: str, *, slots: int, gaps: Sequence[float], narrow: bool
    ) -> None:
        self.sheet = Canvas(name, title, description)
        self._narrow, self._slots = narrow, slots
        self._gaps = [44.0] * len(gaps) if narrow else list(gaps)
        self._sizes = _NARROW if narrow else _WIDE
        self._at: dict[Box, int] = {}
        self._lanes = len(gaps) + 1

    def lane(self, number: int, title: str, *, entered_first: bool = False) -> Box:
        """A layer, with room for its slots. Where an arrow enters over the first one, a narrow page's title moves."""
        across, along = self._across, self._along
        start = self._start(number)
        box = Box(0, start, along, across) if self._narrow else Box(start, 0, across, along)
        self.sheet.lane(box, title, shift=self._sizes.box[0] + 8 if self._narrow and entered_first else 0.0)
        return box

    def box(self, lane: int, slot: int, label: str, note: str = "", classes: str = "") -> Box:
        """A box in a slot of a lane."""
        width, height = self._sizes.box
        start, step = self._start(lane), self._sizes.between
        if self._narrow:
            place = Box(_PAD - 2 + slot * (width + step), start + _HEAD, width, height)
        else:
            place = Box(start + _PAD, _HEAD + slot * (height + step), width, height)
        self._at[place] = lane
        return self.sheet.box(place, label, note, classes)

    def outside(self, to: Box, label: str, way: str) -> None:
        """A box before the first lane, and the way from it to one inside."""
        size = self._sizes.outside[0]
        if self._narrow:
            box = self.sheet.box(Box(to.x, 0, size, 34), label)
            self.sheet.arrow([box.at("bottom"), to.at("top")], way, at=(box.x + size / 2 + 6, 48))
        else:
            box = self.sheet.box(Box(0, to.y + 4, size, to.height - 8), label)
            self.sheet.arrow([box.at("right"), to.at("left")])
            self.sheet.text((box.x + size / 2, box.y - 8), way, classes="small", anchor="middle")

    def way(self, one: Box, other: Box, label: str = "", kind: str = "") -> None:
        """An arrow between neighbours: of one lane, or from a lane to the next."""
        within = self._at[one] == self._at[other]
        down = self._narrow != within  # the direction in which it leads on this page
        if down and one.y > other.y:
            points = [one.at("top"), other.at("bottom")]
        elif down:
            points = _bent(one.at("bottom"), other.at("top"), down=True)
        elif one.x > other.x:
            points = [one.at("left"), other.at("right")]
        else:
            points = _bent(one.at("right"), other.at("left"), down=False)
        self.sheet.arrow(points, kind=kind)
        if label:
            self._label(points, label, down=down)

    def failures(self, lanes: Sequence[int], label: str, note: str, *, reach: int | None = None) -> None:
        """A queue below, for what failed in these lanes. On a wide page it reaches as far as a lane that is named."""
        if self._narrow:
            top = self._end + 30
            queue = self.sheet.box(Box(0, top, NARROW, 48), label, note, "changed")
            for lane in lanes:
                y = self._start(lane) + self._across / 2
                self.sheet.arrow([(self._along, y), (NARROW - 8, y), (NARROW - 8, queue.y)], kind="catch")
            return
        first, last = self._start(lanes[0]), self._start(lanes[-1] if reach is None else reach)
        queue = self.sheet.box(Box(first, self._along + 30, last + self._across - first, 48), label, note, "changed")
        for lane in lanes:
            x = self._start(lane) + self._across / 2
            self.sheet.arrow([(x, self._along), (x, queue.y)], kind="catch")

    def svg(self, *, failures: bool = True) -> str:
        """The drawing."""
        below = 80.0 if failures else 2.0
        if self._narrow:
            return self.sheet.svg(NARROW, self._end + below)
        return self.sheet.svg(self._end + 2, self._along + below)

    @property
    def _across(self) -> float:
        """How much a lane takes of the direction in which lanes follow each other."""
        return _HEAD + self._sizes.box[1] + _PAD if self._narrow else self._sizes.box[0] + 2 * _PAD

    @property
    def _along(self) -> float:
        """How long a lane is."""
        step, side = self._sizes.between, self._sizes.box[0 if self._narrow else 1]
        inner = self._slots * side + (self._slots - 1) * step
        return inner + 2 * (_PAD - 2) if self._narrow else inner + _HEAD + _PAD

    def _start(self, lane: int) -> float:
        before = 34 + self._sizes.outside[1] if self._narrow else sum(self._sizes.outside)
        return before + lane * self._across + sum(self._gaps[:lane])

    @property
    def _end(self) -> float:
        return self._start(self._lanes - 1) + self._across

    def _label(self, points: Sequence[Point], label: str, *, down: bool) -> None:
        (x, y), (to_x, to_y) = points[0], points[-1]
        if down:
            right = to_x < NARROW / 2 or not self._narrow
            at = (to_x + (8 if right else -8), (y + to_y) / 2 + (4 if x == to_x else 14))
            self.sheet.text(at, label.replace("\n", ", "), anchor="start" if right else "end")
            return
        lines = label.split("\n")
        middle = (x + to_x) / 2
        self.sheet.text((middle, y - 7 - 14 * (len(lines) - 1)), label, anchor="middle")


def _bent(one: Point, other: Point, *, down: bool) -> list[Point]:
    """Straight, or with two corners half-way."""
    (x, y), (to_x, to_y) = one, other
    if (x == to_x) if down else (y == to_y):
        return [one, other]
    if down:
        return [one, (x, (y + to_y) / 2), (to_x, (y + to_y) / 2), other]
    return [one, ((x + to_x) / 2, y), ((x + to_x) / 2, to_y), other]
