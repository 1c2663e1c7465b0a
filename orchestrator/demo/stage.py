"""What the demo says and how it looks: one voice on standard output, readable in a terminal and in a log."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from orchestrator.demo import recording

_PLAIN_WIDTH = 120


class Stage:
    """Where the demo plays."""

    def __init__(self, *, recorded: bool = False) -> None:
        width = recording.COLUMNS if recorded else None if sys.stdout.isatty() else _PLAIN_WIDTH
        self.console = Console(
            highlight=False,
            markup=False,
            emoji=False,
            width=width,
            record=recorded,
            force_terminal=False if recorded else None,  # every step stays where a terminal would show a bar
        )

    def picture(self) -> str:
        """What was shown, as an SVG."""
        return recording.picture(self.console.export_text(styles=True))

    def title(self, text: str, *lines: str) -> None:
        """The beginning, or the end."""
        self.console.print()
        self.console.print(Text(text, "bold"), soft_wrap=True)
        for line in lines:
            self.say(line)

    def scenario(self, name: str, why: str, picture: str) -> None:
        """What is about to be shown, and why one would want it."""
        self.console.print()
        self.console.print(Rule(Text(name, "bold cyan"), align="left", style="cyan"))
        self.say(why)
        self.console.print(Text(picture, "cyan"), soft_wrap=True)

    def act(self, number: int, text: str) -> None:
        """One thing that is being done."""
        self.console.print()
        self.console.print(Text.assemble((f"{number}. ", "bold cyan"), (text, "bold")), soft_wrap=True)

    def say(self, text: str, style: str = "") -> None:
        """A sentence."""
        self.console.print(Text(text, style), soft_wrap=True)

    def fact(self, name: str, value: str, style: str = "") -> None:
        """Something worth knowing by name."""
        self.console.print(Text.assemble((f"   {name:<18}", "dim"), (value, style)), soft_wrap=True)

    def good(self, text: str) -> None:
        """Something turned out as it should."""
        self.console.print(Text.assemble(("   ✓ ", "bold green"), text), soft_wrap=True)

    def items(self, stored: Sequence[Mapping[str, Any]]) -> None:
        """Items of the hot table, keys first."""
        shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for name in ("iotDeviceId", "id", "properties"):
            shown.add_column(name, overflow="fold")
        for item in stored:
            properties = {name: value for name, value in item.items() if name not in {"iotDeviceId", "id", "time"}}
            shown.add_row(item["iotDeviceId"], item["id"], json.dumps(properties, sort_keys=True, default=_number))
        self.table(shown)

    def table(self, shown: Table) -> None:
        """A table, set in like everything else under an act."""
        self.console.print(Padding(shown, (0, 0, 0, 3), expand=False))

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Something that takes a moment: a spinner in a terminal, a line elsewhere."""
        if self.console.is_terminal:
            with self.console.status(Text(text, "dim")):
                yield
        else:
            self.say(text, "dim")
            yield


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
