"""Makes a picture of a demo that was played: what stood in the terminal, as an SVG that loads nothing."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from importlib.resources import files

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

COLUMNS = 126
_FIRST_STEPS, _LAST_STEPS = 6, 8
_SHOWN = "Scenario c"
_UNTIL = "6. Destroy"

_PAPER, _INK, _WHITE = (20, 24, 33), (222, 227, 237), (255, 255, 255)
_COLOURS = [(255, 123, 114), (111, 207, 128), (226, 178, 80), (121, 170, 255), (206, 147, 232), (98, 202, 214)]
_THEME = TerminalTheme(_PAPER, _INK, [_PAPER, *_COLOURS, _INK], [(125, 134, 152), *_COLOURS, _WHITE])
_FORMAT = (files("orchestrator.demo") / "terminal.svg").read_text(encoding="utf-8")


def picture(session: str) -> str:
    """The SVG of a whole demo's text with its colours: the beginning, and the scenario that crosses clouds twice."""
    screen = Console(file=io.StringIO(), record=True, width=COLUMNS, force_terminal=True, color_system="truecolor")
    screen.print(Text.assemble(("$ ", "bold green"), "make demo"))
    for line in _chosen(session.splitlines()):
        screen.print(Text.from_ansi(line), soft_wrap=True)
    return screen.export_svg(title="", theme=_THEME, code_format=_FORMAT, unique_id="demo")


def _chosen(lines: Sequence[str]) -> Iterator[str]:
    plain = [Text.from_ansi(line).plain for line in lines]
    begin = next(number for number, line in enumerate(plain) if line.startswith(_SHOWN))
    end = next(number for number, line in enumerate(plain) if number > begin and line.startswith(_UNTIL))
    first = next(number for number, line in enumerate(plain) if line.startswith("Starting"))
    yield from lines[:first]
    yield _left_out("   ⋮")
    yield ""
    steps = [number for number in range(begin, end) if plain[number].startswith("  ") and plain[number].endswith(" s")]
    hidden = set(steps[_FIRST_STEPS:-_LAST_STEPS])
    for is_hidden, numbers in itertools.groupby(range(begin, end), hidden.__contains__):
        if is_hidden:
            yield _left_out(f"  ⋮         {len(list(numbers))} more steps")
        else:
            yield from (lines[number] for number in numbers)


def _left_out(text: str) -> str:
    return f"\x1b[2m{text}\x1b[0m"
