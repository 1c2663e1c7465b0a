"""What is wrong with a project, said so that its author can put it right: file, field, problem, fix."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_LONGEST_SHOWN = 60
_MOST_COMPARED = 1_000  # a twin can have so many devices that comparing would take longer than a task may
_PLAIN_KEY = re.compile(r"[\w-]{1,200}")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. `field` is a path as in `[2].properties[0].name`, or empty for the file as a whole."""

    file: str
    field: str
    problem: str
    fix: str

    def __str__(self) -> str:
        where = f"{self.file}, {self.field}" if self.field else self.file
        return f"{where}: {self.problem} {self.fix}"


class ProjectFaults(Exception):  # it is not one error: it holds all of them
    """A project cannot be read. `faults` holds everything that is wrong with it, file by file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.file))
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__("\n".join([f"The project has {count}:", *(f"- {fault}" for fault in self.faults)]))


def path(*location: str | int) -> str:
    """A location inside a document as people write it: `("action", 0, "type")` -> `action[0].type`."""
    return "".join(_part(part) for part in location).removeprefix(".")


def _part(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if _PLAIN_KEY.fullmatch(part) else f"[{json.dumps(part)}]"


def suggestion(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, as the start of a fix; empty when nothing is near."""
    originals = {name.lower(): name for name in known}
    if len(originals) > _MOST_COMPARED:
        return ""
    parts = set(word.lower().split("_"))
    fuller = [name for name in originals if len(parts) > 1 and parts < set(name.split("_"))]
    if fuller:  # a word is missing, as in layer_3_provider for layer_3_hot_provider
        return f"Did you mean '{originals[fuller[0]]}'? "
    near = difflib.get_close_matches(word.lower(), originals, n=1, cutoff=0.7)
    return f"Did you mean '{originals[near[0]]}'? " if near else ""


def shown(value: Any) -> str:
    """A value as it stands in the file, cut to a length that a message can bear."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def json_type(value: Any) -> str:
    """What JSON calls the kind of thing that `value` is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "an object"
