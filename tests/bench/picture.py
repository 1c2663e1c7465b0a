"""Draws a benchmark: bars of calls, lines of walls over the distance to AWS. An SVG of our own, without a library."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tests.bench.claims import Measured

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 460, 300, 60, 40, 50
_COLOURS = {"least": "#6b7280", "first": "#2563eb", "again": "#059669", "engine": "#d97706"}
_STYLE = "text{font:13px system-ui,sans-serif;fill:#374151}.t{font-weight:600;font-size:15px}.g{stroke:#d1d5db}"


def draw(found: Measured) -> str:
    """Both charts, side by side."""
    parts = [_calls(found), f'<g transform="translate({_WIDTH + 30} 0)">{_walls(found)}</g>']
    width = 2 * _WIDTH + 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" role="img" aria-label="'
        f'Calls of each run, and walls of deployments over the distance to AWS"><style>{_STYLE}</style>'
        f'<rect width="{width}" height="{_HEIGHT}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _calls(found: Measured) -> str:
    runs = ("first deployment", "no change", "one device added", "destruction")
    bars = [("least possible", found.least, "least")]
    bars += [(run, found.count(run, 10_000).calls, "first" if run == runs[0] else "again") for run in runs]
    top = max(value for _, value, _ in bars)
    step = (_WIDTH - _LEFT) / len(bars)
    drawn = [_title("Calls, 10,000 devices")]
    for number, (name, value, colour) in enumerate(bars):
        height = value / top * (_HEIGHT - _TOP - _BOTTOM)
        x, y = _LEFT + number * step, _HEIGHT - _BOTTOM - height
        drawn.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{step - 16:.0f}" height="{height:.0f}" fill="{_COLOURS[colour]}"/>'
        )
        drawn.append(f'<text x="{x + step / 2 - 8:.0f}" y="{y - 5:.0f}" text-anchor="middle">{value}</text>')
        for line, word in enumerate(_lines(name)):
            y = _HEIGHT - _BOTTOM + 16 + 15 * line
            drawn.append(f'<text x="{x + step / 2 - 8:.0f}" y="{y}" text-anchor="middle">{escape(word)}</text>')
    return "".join(drawn)


def _walls(found: Measured) -> str:
    series = {
        "least": ("least possible", [walls.median("least") for walls in found.walls]),
        "first": ("first deployment", [walls.median("first") for walls in found.walls]),
        "again": ("no change", [walls.median("again") for walls in found.walls]),
        "engine": ("engine alone", [walls.median("idle_first") for walls in found.walls]),
    }
    delays = [walls.delay for walls in found.walls]
    top = max(max(values) for _, values in series.values())
    drawn = [_title("Seconds, by milliseconds added to each call")]
    for delay in delays:
        x = _x(delay, delays)
        drawn.append(f'<path class="g" d="M{x:.0f} {_TOP}V{_HEIGHT - _BOTTOM}"/>')
        drawn.append(f'<text x="{x:.0f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{delay} ms</text>')
    for name, (title, values) in series.items():
        points = [(_x(delay, delays), _y(value, top)) for delay, value in zip(delays, values, strict=True)]
        path = "L".join(f"{x:.0f} {y:.0f}" for x, y in points)
        drawn.append(f'<path d="M{path}" fill="none" stroke="{_COLOURS[name]}" stroke-width="2.5"/>')
        x, y = points[-1]
        label = f"{title} {values[-1]:.2f}"
        drawn.append(f'<text x="{x - 6:.0f}" y="{y - 6:.0f}" text-anchor="end" fill="{_COLOURS[name]}">{label}</text>')
    return "".join(drawn)


def _x(delay: int, delays: Sequence[int]) -> float:
    return _LEFT + delay / max(delays) * (_WIDTH - _LEFT - 30)


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - value / top * (_HEIGHT - _TOP - _BOTTOM - 20)


def _title(text: str) -> str:
    return f'<text class="t" x="{_LEFT}" y="22">{escape(text)}</text>'


def _lines(name: str) -> list[str]:
    first, _, rest = name.partition(" ")
    return [first, rest]
