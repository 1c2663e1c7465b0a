"""A flow through layers, drawn for a wide page from left to right and for a narrow one from top to bottom.

Boxes stand in lanes (one for each layer) and slots (places in a lane). Wide, lanes are columns; narrow, they are rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.reference.diagrams.canvas import NARROW, Box, Canvas, Point

Json = Mapping[str, Any]

_BELOW = 80.0


@dataclass(frozen=True)
class Measures:
    """Sizes in pixels. `lane` and `inset` (where its first box is) are across the lanes and along them.

    `box` is width and height, `slot` the distance from one box of a lane to the next, `gaps` the room between two
    lanes without and with a label. The first lane begins at `start`.
    """

    box: tuple[float, float]
    lane: tuple[float, float]
    inset: tuple[float, float]
    slot: float
    gaps: tuple[float, float]
    start: float
    device: float


_WIDE = Measures(box=(118, 54), lane=(142, 262), inset=(12, 32), slot=82, gaps=(46, 82), start=106, device=80)
_NARROW = Measures(box=(94, 54), lane=(98, 338), inset=(32, 10), slot=112, gaps=(44, 44), start=58, device=94)


def flow(name: str, drawing: Json, *, narrow: bool) -> str:
    """Draw one entry of `flows.toml`."""
    lanes = _Lanes(name, drawing, narrow=narrow)
    for number, lane in enumerate(drawing["lanes"]):
        lanes.lane(number, **lane)
    boxes = {key: lanes.box(**box) for key, box in drawing["boxes"].items()}
    lanes.device(boxes[drawing["entrance"]])
    for one, other, *label in drawing["ways"]:
        lanes.way(boxes[one], boxes[other], *label)
    lanes.failures(**drawing["failures"])
    return lanes.svg()


class _Lanes:
    """A drawing in the making."""

    def __init__(self, name: str, drawing: Json, *, narrow: bool) -> None:
        self.sheet = Canvas(name, drawing["title"], drawing["description"])
        self._narrow = narrow
        self._sizes = _NARROW if narrow else _WIDE
        self._at: dict[Box, int] = {}
        labelled = {drawing["boxes"][one]["lane"] for one, _, *label in drawing["ways"] if label}
        self._gaps = [self._sizes.gaps[lane in labelled] for lane in range(len(drawing["lanes"]) - 1)]

    def lane(self, number: int, title: str, *, narrow_title: str = "", entered_first: bool = False) -> None:
        """A layer, with room for its slots. Where an arrow enters over the first one, a narrow page's title moves."""
        start, (across, along) = self._start(number), self._sizes.lane
        if self._narrow:
            shift = self._sizes.box[0] + 8 if entered_first else 0.0
            self.sheet.lane(Box(0, start, along, across), narrow_title or title, shift=shift)
        else:
            self.sheet.lane(Box(start, 0, across, along), title)

    def box(self, lane: int, slot: int, label: str, note: str = "", classes: str = "") -> Box:
        """A box in a slot of a lane."""
        across = self._start(lane) + self._sizes.inset[0]
        along = self._sizes.inset[1] + slot * self._sizes.slot
        place = Box(*((along, across) if self._narrow else (across, along)), *self._sizes.box)
        self._at[place] = lane
        return self.sheet.box(place, label, note, classes)

    def device(self, to: Box) -> None:
        """A device before the first lane, and the way from it to a box inside."""
        size = self._sizes.device
        if self._narrow:
            box = self.sheet.box(Box(to.x, 0, size, 34), "Device")
            self.sheet.arrow([box.at("bottom"), to.at("top")], "MQTT", at=(box.x + size / 2 + 6, 48))
        else:
            box = self.sheet.box(Box(0, to.y + 4, size, to.height - 8), "Device")
            self.sheet.arrow([box.at("right"), to.at("left")])
            self.sheet.text((box.x + size / 2, box.y - 8), "MQTT", classes="small", anchor="middle")

    def way(self, one: Box, other: Box, label: str = "") -> None:
        """An arrow between neighbours: of one lane, or from a lane to the next. One with a label crosses clouds."""
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
        self.sheet.arrow(points, kind="strong" if label else "")
        if label:
            self._label(points, label, down=down)

    def failures(self, lanes: Sequence[int], note: str, *, reach: int | None = None) -> None:
        """The queue below, for what failed in these lanes. On a wide page it reaches as far as a lane that is named."""
        first, last = self._start(lanes[0]), self._start(lanes[-1] if reach is None else reach)
        if self._narrow:
            place = Box(0, self._end + 30, NARROW, 48)
        else:
            place = Box(first, self._sizes.lane[1] + 30, last + self._sizes.lane[0] - first, 48)
        queue = self.sheet.box(place, "Failure queue", note, "changed")
        for lane in lanes:
            middle = self._start(lane) + self._sizes.lane[0] / 2
            if self._narrow:
                points = [(self._sizes.lane[1], middle), (NARROW - 8, middle), (NARROW - 8, queue.y)]
            else:
                points = [(middle, self._sizes.lane[1]), (middle, queue.y)]
            self.sheet.arrow(points, kind="catch")

    def svg(self) -> str:
        """The drawing."""
        if self._narrow:
            return self.sheet.svg(NARROW, self._end + _BELOW)
        return self.sheet.svg(self._end + 2, self._sizes.lane[1] + _BELOW)

    def _start(self, lane: int) -> float:
        return self._sizes.start + lane * self._sizes.lane[0] + sum(self._gaps[:lane])

    @property
    def _end(self) -> float:
        return self._start(len(self._gaps)) + self._sizes.lane[0]

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
