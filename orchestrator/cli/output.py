"""Where words go: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

_PLAIN_WIDTH = 160  # for a pipe or a log: wide enough that no name is cut


def results() -> Console:
    """The console for what was asked for."""
    return _console(stderr=False)


def progress() -> Console:
    """The console for what is going on meanwhile."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    width = None if (sys.stderr if stderr else sys.stdout).isatty() else _PLAIN_WIDTH
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)


def say(text: str, style: str = "") -> None:
    """One line about what is going on."""
    progress().print(Text(text, style), soft_wrap=True)


def tell(text: str, style: str = "") -> None:
    """One line of the result."""
    results().print(Text(text, style), soft_wrap=True)


def table(*headings: str, numbers: Collection[str] = ()) -> Table:
    """An empty table of results; the columns of `numbers` are right-aligned."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        made.add_column(heading, justify="right" if heading in numbers else "left", header_style="dim", overflow="fold")
    return made


def as_json(value: Any) -> None:
    """The result for a script: one JSON document, never coloured or wrapped."""
    click.echo(json.dumps(value, indent=2, default=str))
